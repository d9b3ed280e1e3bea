"""``bluecarbon mrv trees`` as a user runs it."""

import json

import openpyxl
import pandas as pd
import pytest
from support.change_maps import digests, mrv
from support.inventory_sheets import PLOTS, write

TREES = """湛江红树林样地调查表,,,,,,
样地号,树号,调查日期,树种,胸围(mm),树高,状态
P1,1,2024年10月3日,秋茄,251.3,3.2,活
P1,2,45568,秋茄,314.2,4,死
P2,1,2024/10/4,桐花树,200,2.5,活
P2,2,2024-10-04,桐花树,abc,2.5,活
"""


@pytest.fixture
def sheets(tmp_path):
    trees = write(tmp_path / "trees.csv", TREES, "gb18030")
    return trees, write(tmp_path / "plots.csv", PLOTS)


def run(sheets, *options):
    return mrv("trees", sheets[0], "--plots", sheets[1], *options)


def test_a_sheet_as_it_comes(sheets, tmp_path):
    result = run(sheets, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "mm x 0.1 / pi = dbh_cm" in result.stderr
    assert "GB18030" in result.stderr
    assert "1 of 4 rows are left out, 3 are used" in result.stderr
    assert "trees.csv row 6: 胸围(mm) 'abc' is not a number" in result.stderr
    assert result.stdout.startswith("stratum,epoch,pool,n_plots,mean_biomass_t_ha")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {
        "trees_evaluated.csv", "plots.csv", "strata.csv", "carbon_plots.csv", "carbon_strata.csv",
        "rejected_rows.csv", "column_mapping.csv", "findings.csv", "manifest.json", "manifest.txt",
    }  # fmt: skip
    rejected = pd.read_csv(tmp_path / "out/rejected_rows.csv")
    assert rejected[["line", "code"]].to_numpy().tolist() == [[6, "number-unreadable"]]
    trees = pd.read_csv(tmp_path / "out/trees_evaluated.csv")
    assert trees["agb_equation"].tolist() == ["komiyama2005-agb"] * 3
    assert trees["wood_density_source"].tolist() == ["gwdd2"] * 3
    assert trees["dead_wood_kg"].gt(0).tolist() == [False, True, False]
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    assert [item["role"] for item in manifest["inputs"]] == ["trees", "plots"]


def test_strict_stops_and_writes_nothing(sheets, tmp_path):
    result = run(sheets, "--strict", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "error: trees.csv row 6" in result.stderr
    assert "胸围(mm)" in result.stderr
    assert not (tmp_path / "out").exists()


def test_the_same_bytes_twice(sheets, tmp_path):
    run(sheets, "--out", tmp_path / "out")
    first = digests(tmp_path / "out")
    run(sheets, "--out", tmp_path / "out")
    assert digests(tmp_path / "out") == first


def test_options_change_what_is_read_and_how(sheets, tmp_path):
    result = run(
        sheets, "--columns", "胸围(mm)=dbh_cm:mm", "--columns", "树高=",
        "--species", "秋茄=Avicennia marina",
        "--equation", "Avicennia marina=comley2005-avicennia-marina-agb",
        "--nest", "name=sapling,below=21,area=10", "--dead-fractions", "swamp-krabi",
        "--out", tmp_path / "out",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    trees = pd.read_csv(tmp_path / "out/trees_evaluated.csv")
    assert trees["dbh_cm"].tolist() == pytest.approx([25.13, 31.42, 20.0])
    assert trees["agb_equation"].tolist()[0] == "comley2005-avicennia-marina-agb"
    assert trees["nest"].tolist() == ["main", "main", "sapling"]
    assert "height_m" not in trees
    assert trees["dead_wood_how"][1].startswith("class 2: 0.8 of a live tree (bukoski2020-krabi)")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--columns", "胸围"], "'胸围' has no '='"),
        (["--columns", "胸围=dbh_cm"], "there is no column '胸围'"),
        (["--nest", "name=a,size=3"], "'size=3' is none of name="),
        (["--nest", "name=a"], "give area_m2 or radius_m"),
        (["--nest", "name=a,area=x"], "valid number"),
        (["--out-of-range", "ignore"], "out-of-range"),
        (["--equation", "秋茄=nothing"], "there is no equation 'nothing'"),
        (["--date", "3/4/2024"], "may be day/month or month/day"),
        (["--sheet", "x"], "is no workbook"),
    ],
)
def test_options_that_are_wrong_are_refused(sheets, options, said):
    result = run(sheets, *options)
    assert result.exit_code == 2
    assert said in result.stderr


def test_files_that_are_not_there(tmp_path):
    result = mrv("trees", tmp_path / "no.csv", "--plots", tmp_path / "none.csv")
    assert result.exit_code == 2
    assert result.stderr.count("there is no file") == 2


def test_an_input_is_never_overwritten(sheets, tmp_path):
    result = run(sheets, "--out", tmp_path)
    assert result.exit_code == 2
    assert sheets[0].exists()


def test_without_a_sheet_of_plots(sheets):
    result = mrv("trees", sheets[0], "--plot-area", "100")
    assert result.exit_code == 0
    assert "plots-from-trees" in result.stderr
    assert "\nALL,2024,all,2," in result.stdout


def swamp(path):
    book = openpyxl.Workbook()
    stem = ["SPECID", "DBH", "DBASE", "STATID", "HGT", "DEADBREAK_HGT"]
    place = ["MDATE", "LATITUDE", "LONGITUDE", "TREE_AREA", "SAP_AREA"]
    tables = {
        "Site": [["ID", "SITECD"], [24, "KRE"]],
        "Plot": [["ID", "SITEID", "PLOT", *place],
                 [1, 24, 1, "2015-05-26", 8.0, 98.9, 153.94, 12.57],
                 [2, 24, 2, "2015-05-27", 8.0, 98.9, 153.94, 12.57]],
        "Subplot": [["ID", "PLOTID"], [11, 1], [12, 1], [21, 2]],
        "Tree": [["ID", "SUBPID", "TREEN", *stem],
                 [1, 11, 1, 16, 8, None, 1, None, None], [2, 12, 1, 99, 9, 12, 4, None, 2],
                 [3, 99, 1, 16, 8, None, 1, None, None]],
        "Sapling": [["ID", "SUBPID", "SAPN", *stem],
                    [1, 21, 1, 16, 3, None, 1, None, None]],
    }  # fmt: skip
    for name, rows in tables.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def test_a_swamp_workbook(tmp_path):
    path = swamp(tmp_path / "swamp.xlsx")
    result = mrv("trees", path, "--species", "16=Rhizophora apiculata", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "species are numbers of a table that is not here: 99" in result.stderr
    plots = pd.read_csv(tmp_path / "out/plots.csv").set_index("plot_id")
    assert plots["area_m2"].to_dict() == {"KRE-1": pytest.approx(307.88), "KRE-2": 153.94}
    rho = 0.87
    expected = [0.251 * rho * 8**2.46 / 307.88 * 10, 0.251 * rho * 3**2.46 / 12.57 * 10]
    assert plots["agb_t_ha"].tolist() == pytest.approx(expected)
    assert plots["dead_wood_t_ha"].gt(0).tolist() == [True, False]
    rejected = pd.read_csv(tmp_path / "out/rejected_rows.csv")
    assert rejected[["line", "code"]].to_numpy().tolist() == [[4, "plot-id-missing"]]
    trees = pd.read_csv(tmp_path / "out/trees_evaluated.csv")
    assert trees["line"].tolist() == [2, 3, 5]


def test_trees_and_plots_of_one_workbook_are_told_apart(tmp_path):
    book = openpyxl.Workbook()
    plots, trees = book.active, book.create_sheet("每木检尺")
    plots.title = "样地"
    for row in (["样地号", "碳层", "样地面积(亩)"], ["P1", "A", 0.15], ["P2", "A", None]):
        plots.append(row)
    for row in (["样地号", "树种", "胸径/cm"], ["P1", "秋茄", 8], ["P1", "秋茄", "x"]):
        trees.append(row)
    path = tmp_path / "book.xlsx"
    book.save(path)
    result = mrv("trees", path, "--plots", path, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "1 of 2 rows are left out, 1 are used" in result.stderr
    assert "book.xlsx [样地] row 3: has no area" in result.stderr
    assert "book.xlsx [每木检尺] row 3: 胸径/cm 'x' is not a number" in result.stderr
    # nobody said which trees are dead: there is no such pool, rather than none of it
    assert "status-not-told" in result.stderr
    assert "dead_wood" not in result.stdout
    area = pd.read_csv(tmp_path / "out/plots.csv")["area_m2"].tolist()
    assert area == pytest.approx([100.0])
