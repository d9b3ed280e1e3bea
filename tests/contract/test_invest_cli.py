"""``bluecarbon mrv invest-cbc`` as a user runs it: totals, rasters, refusals."""

import numpy as np
import pytest
import rasterio
from support.class_raster import write_classes
from support.demo import bluecarbon
from support.invest_project import BIOPHYSICAL, MAPS, TRANSITIONS, write_project

REFUSED = 2
YEAR = ("--analysis-year", "2030")


def lines(done):
    return [line.split("\t") for line in done.stdout.splitlines() if "\t" in line]


def test_totals_and_rasters(tmp_path):
    tables = write_project(tmp_path / "project")
    out = tmp_path / "out"
    done = bluecarbon(
        "mrv", "invest-cbc", *tables, *YEAR, "--out", out,
        "--set", "price=10", "--set", "discount=3", "--set", "compression=lzw",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    header, *rows = lines(done)
    assert header == [
        "year",
        "biomass",
        "soil",
        "litter",
        "stock",
        "accumulation",
        "emission",
        "net",
    ]
    assert [row[0] for row in rows] == [str(year) for year in range(2010, 2031)]
    parts = [float(cell.replace(",", "")) for cell in rows[0][1:5]]
    assert sum(parts[:3]) == pytest.approx(parts[3], abs=0.2)
    names = sorted(path.name for path in out.iterdir())
    assert "manifest.txt" in names
    assert "totals.csv" in names
    assert len([name for name in names if name.endswith(".tif")]) == 16
    with rasterio.open(out / "net-present-value-at-2030.tif") as source:
        assert source.compression.value == "LZW"
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    again = bluecarbon(
        "mrv", "invest-cbc", *tables, *YEAR, "--out", out,
        "--set", "price=10", "--set", "discount=3", "--set", "compression=lzw",
    )  # fmt: skip
    assert again.returncode == 0
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_an_output_folder_that_holds_the_tables_is_kept(tmp_path):
    tables = write_project(tmp_path / "out")
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    listed = "".join(f"{'0' * 64}  {name}\n" for name in before)
    first = "bluecarbon outputs, format 1, by bluecarbon mrv invest-cbc\n"
    (tmp_path / "out/manifest.txt").write_text(first + listed)
    done = bluecarbon("mrv", "invest-cbc", *tables, *YEAR, "--out", tmp_path / "out")
    assert done.returncode == REFUSED
    assert "holds the input" in done.stderr
    assert before.items() <= {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()}.items()


def test_side_by_side(tmp_path):
    tables = write_project(tmp_path)
    done = bluecarbon("mrv", "invest-cbc", *tables, *YEAR, "--compat", "side-by-side")
    assert done.returncode == 0, done.stdout + done.stderr
    header, *rows = lines(done)
    assert header[1:] == ["guide", "invest-3.20", "invest-3.20 as released"]
    assert "carbon-stock-at-2030" in [row[0] for row in rows]
    assert "As released (3.17.0 to 3.20.2) the program takes for 2010" in done.stdout


def test_draws(tmp_path):
    errors = ("soil-initial-standard-error", "80", "15", "0")
    biophysical = "\n".join(
        f"{a},{b}" for a, b in zip(BIOPHYSICAL.splitlines(), errors, strict=True)
    )
    tables = write_project(tmp_path, biophysical=biophysical)
    command = ("mrv", "invest-cbc", *tables, *YEAR, "--draws", "200", "--seed", "4")
    done, again = bluecarbon(*command), bluecarbon(*command)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == again.stdout
    header, first, *_ = lines(done)
    assert header[-2:] == ["stock 5-95 %", "net so far 5-95 %"]
    low, high = (float(part.replace(",", "")) for part in first[-2].split(" to "))
    assert low < float(first[4].replace(",", "")) < high


def spoil_tables(folder):
    tables = write_project(
        folder,
        biophysical=BIOPHYSICAL.replace("0.66,6,0.1", "66,6,0.1").replace("\n3,other", "\n2,other"),
        transitions=TRANSITIONS.replace("med-impact-disturb", "disturb"),
    )
    tables[0].write_text("snapshot_year,raster_path\n2010,lulc_2010.tif\n2015,gone.tif\n")
    return tables


def test_all_defects_at_once_and_nothing_written(tmp_path):
    tables = spoil_tables(tmp_path / "project")
    done = bluecarbon("mrv", "invest-cbc", *tables, "--out", tmp_path / "out")
    assert done.returncode == 2
    # Of the transition table, too, though its class names cannot all be known.
    for code in ("share-above-one", "class-twice", "snapshot-file-missing"):
        assert f"({code})" in done.stderr
    assert "biophysical.csv row 2" in done.stderr
    assert "Nothing was written." in done.stderr
    assert not (tmp_path / "out").exists()
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--compat", "exact"), "guide, invest-3.20, side-by-side"),
        (("--set", "price=much"), "'much' is not a number"),
        (("--set", "colour=red"), "'colour' is not known"),
        (("--set", "compression=jpeg"), "zstd, lzw, deflate"),
        (("--analysis-year", "2012"), "(analysis-year-early)"),
        (("--draws", "5"), "(no-uncertainty)"),
        (("--set", "prices=gone.csv"), "gone.csv"),
    ],
)
def test_wrong_options_are_refused(tmp_path, arguments, words):
    tables = write_project(tmp_path / "project")
    done = bluecarbon("mrv", "invest-cbc", *tables, *arguments, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert words in done.stderr
    assert not (tmp_path / "out").exists()
    assert "Traceback" not in done.stderr


def test_maps_on_different_grids_need_a_rule(tmp_path):
    tables = write_project(tmp_path)
    moved = np.array(MAPS[2015], np.uint8)
    write_classes(tmp_path / "lulc_2015.tif", moved, left=370_003.0, nodata=0)
    refused = bluecarbon("mrv", "invest-cbc", *tables, *YEAR)
    assert refused.returncode == 2
    assert "(class-map-grid-differs)" in refused.stderr
    aligned = bluecarbon("mrv", "invest-cbc", *tables, *YEAR, "--set", "align=nearest")
    assert aligned.returncode == 0, aligned.stdout + aligned.stderr
    assert "(class-map-aligned)" in aligned.stderr
