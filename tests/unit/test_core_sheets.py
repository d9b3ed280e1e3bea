"""Core sheets in the layouts people have: every bad row named, nothing dropped silently."""

import gzip

import numpy as np
import openpyxl
import pandas as pd
import pytest
from support.field_sheets import by_code

from bluecarbon.mrv.core_positions import place_named, places
from bluecarbon.mrv.core_sheets import read_core_frame, read_core_sheet
from bluecarbon.mrv.soil_profiles import evaluate_profiles
from bluecarbon.spec import errors_in

HEADER = "core_id,depth_min_cm,depth_max_cm,bulk_density_g_cm3,organic_carbon_percent"
GOOD = "C1,0,30,0.8,3.0\nC1,30,60,0.9,2.0\nC1,60,100,1.0,1.0"


def read(folder, *rows, header=HEADER, good=GOOD, **options):
    path = folder / "cores.csv"
    path.write_text("\n".join([header, good, *rows]) + "\n", encoding="utf-8")
    return read_core_sheet(path, **options)


def test_a_good_sheet(tmp_path):
    sheet, findings = read(tmp_path)
    assert findings == ()
    assert len(sheet.rows) == 3
    assert sheet.rejects.empty
    assert sheet.rows["line"].tolist() == [2, 3, 4]


BAD_ROWS = [
    ("core-id-missing", ",0,10,0.8,3"),
    ("number-unreadable", "C9,0,10,n.d.,3"),
    ("number-unreadable", "C9,0,ten,0.8,3"),
    ("decimal-comma", 'C9,0,10,"0,85",3'),
    ("depth-missing", "C9,0,,0.8,3"),
    ("depth-reversed", "C9,10,5,0.8,3"),
    ("depth-reversed", "C9,10,10,0.8,3"),
    ("depth-negative", "C9,-5,10,0.8,3"),
    ("depth-implausible", "C9,0,5000,0.8,3"),
    ("bulk-density-missing", "C9,0,10,,3"),
    ("bulk-density-wrong", "C9,0,10,0,3"),
    ("bulk-density-wrong", "C9,0,10,2.66,3"),
    ("carbon-missing", "C9,0,10,0.8,NA"),
    ("carbon-percent-wrong", "C9,0,10,0.8,-0.1"),
    ("carbon-percent-wrong", "C9,0,10,0.8,100.5"),
    ("slice-twice", "C1,30,60,0.9,2.0"),
    ("slices-overlap", "C1,50,70,0.9,2.0"),
]


@pytest.mark.parametrize(("code", "row"), BAD_ROWS)
def test_a_bad_row_is_left_out_and_named(tmp_path, code, row):
    sheet, findings = read(tmp_path, row)
    assert len(sheet.rows) == 3
    assert sheet.rejects[["line", "code"]].to_numpy().tolist() == [[5, code]]
    assert errors_in(findings) == ()
    named = by_code(findings)[code][0]
    assert named.subject == "cores.csv row 5"
    assert named.fix
    said = by_code(findings)["rows-left-out"][0].message
    assert said == f"1 of 4 rows are left out ({code} 1)"


@pytest.mark.parametrize(("code", "row"), BAD_ROWS)
def test_strict_stops_at_the_same_row(tmp_path, code, row):
    sheet, findings = read(tmp_path, row, strict=True)
    assert sheet is None
    assert {f.code for f in errors_in(findings)} == {code, "rows-left-out"}


def test_all_bad_rows_at_once_and_every_reason_of_each(tmp_path):
    rows = [row for _, row in BAD_ROWS] + ["C9,20,10,0,150"]
    sheet, findings = read(tmp_path, *rows)
    assert len(sheet.rows) == 3
    last = sheet.rejects[sheet.rejects["line"] == 5 + len(BAD_ROWS)]
    assert set(last["code"]) == {"depth-reversed", "bulk-density-wrong", "carbon-percent-wrong"}
    assert by_code(findings)["rows-left-out"][0].message.startswith(f"{len(rows)} of ")


def test_slices_that_contradict_each_other_all_go(tmp_path):
    sheet, findings = read(tmp_path, "C1,30,60,0.5,2.0")
    assert sheet.rows["depth_min_cm"].tolist() == [0.0, 60.0]
    assert set(sheet.rejects["line"]) == {3, 5}
    assert len(by_code(findings)["slice-contradiction"]) == 2


def test_a_slice_that_overlaps_goes_and_the_one_below_it_stays(tmp_path):
    sheet, _ = read(tmp_path, "C2,0,20,1,1", "C2,10,30,1,1", "C2,20,40,1,1")
    assert sheet.rejects["line"].tolist() == [6]


def test_decimal_commas_are_read_when_they_are_declared(tmp_path):
    sheet, findings = read(tmp_path, 'C9,0,10,"0,85",3', decimal_comma=True)
    assert findings == ()
    assert sheet.rows["bulk_density_g_cm3"].tolist()[-1] == 0.85


def test_a_cell_that_is_not_needed_costs_no_row(tmp_path):
    header = HEADER + ",organic_matter_percent"
    good = "\n".join(row + ",8" for row in GOOD.splitlines())
    sheet, findings = read(tmp_path, "C1,100,120,1.0,2.0,n.d.", header=header, good=good)
    assert len(sheet.rows) == 4
    assert by_code(findings)["cell-ignored"][0].subject == "cores.csv row 5"


def test_more_carbon_than_organic_matter(tmp_path):
    header = HEADER + ",organic_matter_percent"
    good = "\n".join(row + ",8" for row in GOOD.splitlines())
    sheet, _ = read(tmp_path, "C1,100,120,1.0,9.0,8.0", header=header, good=good)
    assert sheet.rejects["code"].tolist() == ["carbon-above-matter"]


def test_doubtful_rows_are_used_and_named(tmp_path):
    sheet, findings = read(tmp_path, "C1,100,120,2.2,2", "C1,120,130,0.1,57")
    assert len(sheet.rows) == 5
    assert by_code(findings)["bulk-density-high"][0].subject == "cores.csv row 5"
    assert by_code(findings)["carbon-percent-high"][0].subject == "cores.csv row 6"


def test_metres_are_noticed_and_the_unit_settles_them(tmp_path):
    good = "C1,0,0.3,0.8,3.0\nC1,0.3,0.6,0.9,2.0\nC1,0.6,1.0,1.0,1.0"
    header = "core,top,bottom,BD,OC%"
    sheet, findings = read(tmp_path, header=header, good=good)
    assert sheet is None
    assert by_code(errors_in(findings))["depth-in-metres"]
    corrections = {"depth_min_cm": ("top", "m"), "depth_max_cm": ("bottom", "m")}
    sheet, findings = read(tmp_path, header=header, good=good, corrections=corrections)
    assert findings == ()
    assert sheet.rows["depth_max_cm"].tolist() == [30.0, 60.0, 100.0]


def test_fractions_are_noticed_and_the_unit_settles_them(tmp_path):
    good = "C1,0,30,0.8,0.03\nC1,30,60,0.9,0.02\nC1,60,100,0.9,0.01"
    header = "core,top,bottom,BD,OC"
    sheet, findings = read(tmp_path, header=header, good=good)
    assert sheet is None
    assert by_code(errors_in(findings))["carbon-as-fraction"]
    sheet, _ = read(tmp_path, header=header, good=good,
                    corrections={"organic_carbon_percent": ("OC", "fraction")})  # fmt: skip
    assert sheet.rows["organic_carbon_percent"].tolist() == [3.0, 2.0, 1.0]


def test_percent_under_a_header_that_says_fraction(tmp_path):
    header = "core,top,bottom,BD,fraction_carbon"
    sheet, findings = read(tmp_path, header=header)
    assert sheet is None
    assert [f.code for f in errors_in(findings)] == ["percent-as-fraction"]
    assert len(by_code(findings)["carbon-percent-wrong"]) == 2


def test_a_sheet_without_what_is_needed_says_what_would_do(tmp_path):
    sheet, findings = read(tmp_path, header="core,from,x,BD,y")
    assert sheet is None
    missing = by_code(errors_in(findings))["column-missing"]
    assert [f.message for f in missing] == [
        "there is no column for depths", "there is no column for carbon",
    ]  # fmt: skip
    assert "or carbon_density_g_cm3" in missing[1].fix


def test_a_chinese_sheet_with_intervals_and_its_stock(tmp_path):
    header = "样点,柱样号,土层(cm),容重(g/cm³),有机碳(g/kg)"
    good = "山口,A,0-30,0.8,30\n山口,A,30–60,0.9,20\n山口,A,60~100cm,1.0,10"
    sheet, findings = read(tmp_path, "山口,A,deep,1.0,10", header=header, good=good)
    assert sheet.rejects["code"].tolist() == ["interval-unreadable"]
    result, _ = evaluate_profiles(sheet.rows)
    assert result.cores["soil_tc_ha"].tolist() == pytest.approx([72.0 + 54.0 + 40.0])
    assert result.cores["site_id"].tolist() == ["山口"]
    assert {f.code for f in findings} == {"interval-unreadable", "rows-left-out"}


def test_depths_of_samples_alone_make_slices_by_midpoints(tmp_path):
    header = "core,midpoint,BD,OC"
    sheet, _ = read(tmp_path, header=header, good="A,10,1,1\nA,30,1,2\nA,70,1,3\nA,100,1,1")
    assert sheet.rows["is_point"].all()
    result, _ = evaluate_profiles(sheet.rows)
    # borders at 20, 50 and 85 cm; nothing is claimed below the deepest sample
    assert result.slices["thickness_cm"].tolist() == [20.0, 30.0, 35.0, 15.0]
    assert result.cores["soil_tc_ha"].tolist() == pytest.approx([20 + 60 + 105 + 15])


def test_an_excel_workbook(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "notes"
    cores = book.create_sheet("cores")
    for row in [HEADER, *GOOD.splitlines()]:
        cells = row.split(",")
        cores.append(cells[:1] + [float(c) for c in cells[1:]] if cells[0] == "C1" else cells)
    cores.append(["C1", 100, 110, None, 2])
    book.save(tmp_path / "cores.xlsx")
    sheet, findings = read_core_sheet(tmp_path / "cores.xlsx", workbook_sheet="cores")
    assert len(sheet.rows) == 3
    assert by_code(findings)["bulk-density-missing"][0].subject == "cores.xlsx row 5"
    for name, code in (("soil", "sheet-missing"), ("", "field-file-empty")):
        sheet, findings = read_core_sheet(tmp_path / "cores.xlsx", workbook_sheet=name)
        assert sheet is None
        assert [f.code for f in findings] == [code]


@pytest.mark.parametrize("name", ["cores.xlsx", "cores.csv.gz", "cores.csv"])
def test_a_file_that_is_not_what_it_says(tmp_path, name):
    (tmp_path / name).write_bytes(b"\xff\x00 no table")
    sheet, findings = read_core_sheet(tmp_path / name)
    assert sheet is None
    assert findings[0].code in {"field-file-unreadable", "field-file-encoding"}


def test_a_packed_file_that_is_cut_short(tmp_path):
    packed = gzip.compress((HEADER + "\n" + GOOD).encode() * 50)
    (tmp_path / "cores.csv.gz").write_bytes(packed[: len(packed) // 2])
    sheet, findings = read_core_sheet(tmp_path / "cores.csv.gz")
    assert sheet is None
    assert findings[0].code == "field-file-unreadable"


def test_a_sheet_of_cores_is_joined(tmp_path):
    cores = tmp_path / "places.csv"
    cores.write_text("core_id,stratum,latitude,longitude,max_depth\nC1,A,21.5,east,100\n")
    sheet, findings = read(tmp_path, "C2,0,10,1,1", core_table=cores)
    assert sheet.rows["stratum"].tolist() == ["A", "A", "A", ""]
    assert np.isnan(sheet.rows["lat"].iloc[3])
    assert by_code(findings)["cell-ignored"][0].subject == "places.csv row 2"
    assert "1 cores are not in places.csv: C2" in by_code(findings)["core-unknown"][0].message
    cores.write_text("core_id,stratum\nC1,A\nC1,B\n")
    sheet, findings = read(tmp_path, core_table=cores)
    assert sheet is None
    assert len(by_code(errors_in(findings))["core-twice"]) == 2


def test_a_core_far_from_the_place_of_its_name(tmp_path):
    header = HEADER + ",site,lat,lon"
    good = "\n".join(row + ",Shankou 1,22.493,114.029" for row in GOOD.splitlines())
    _, findings = read(tmp_path, "C2,0,10,1,1,Shankou 2,21.52,109.75", header=header, good=good)
    warning = by_code(findings)["position-not-at-place"]
    assert len(warning) == 1
    assert "cores C1 are named after Shankou" in warning[0].message
    assert "0 km from Mai Po" in warning[0].message


def test_places_are_found_by_any_of_their_names():
    assert place_named("HL14 Gaogiao 3").id == place_named("高桥镇").id == "gaoqiao"
    assert place_named("somewhere") is None
    for place in places():
        assert place.distance_km(place.lat, place.lon) == 0.0
        assert 17 < place.lat < 28
        assert 105 < place.lon < 123


def test_a_frame_is_checked_like_a_sheet():
    frame = pd.DataFrame(
        {
            "core": [1, 1, 1, 2, 2],
            "top": [0.0, 30.0, 60.0, 0.0, 30.0],
            "bottom": [30.0, 60.0, 100.0, 30.0, 60.0],
            "BD (kg/m3)": [800.0, 900.0, 1000.0, 0.0, np.nan],
            "OC%": [3.0, 2.0, 1.0, 2.0, 2.0],
        }
    )
    sheet, findings = read_core_frame(frame)
    assert sheet.rejects[["line", "code"]].to_numpy().tolist() == [
        [4, "bulk-density-wrong"],
        [5, "bulk-density-missing"],
    ]
    assert by_code(findings)["bulk-density-wrong"][0].subject == "frame row 4"
    result, _ = evaluate_profiles(sheet.rows)
    assert result.cores["soil_tc_ha"].tolist() == pytest.approx([166.0])
    assert read_core_frame(frame, strict=True)[0] is None


def test_core_numbers_are_names():
    frame = pd.DataFrame(
        {"core_id": [7, 7, 8], "depth_min_cm": [0.0, 50.0, 0.0], "depth_max_cm": [50.0, 100.0, 9.0],
         "bulk_density_g_cm3": 1.0, "organic_carbon_percent": 1.0}
    )  # fmt: skip
    result, findings = evaluate_profiles(frame)
    assert result.cores["core_id"].tolist() == ["7"]
    assert by_code(findings)["core-too-short"][0].subject == "cores row 3"


def test_semicolons_are_said(tmp_path):
    sheet, findings = read(tmp_path, header="core;top;bottom", good="A;0;30")
    assert sheet is None
    assert findings[0].code == "columns-not-separated"
    assert findings[0].fix == "separate the columns by commas"


def test_a_sheet_in_gbk_and_one_without_rows(tmp_path):
    path = tmp_path / "cores.csv"
    path.write_bytes("柱样号,容重\nA,1\n".encode("gbk"))
    assert read_core_sheet(path)[1][0].code == "field-file-encoding"
    path.write_text(HEADER + "\n")
    assert read_core_sheet(path)[1][0].code == "field-file-empty"
    assert read_core_sheet(tmp_path / "none.csv")[1][0].code == "field-file-unreadable"


def test_a_row_of_a_wrong_length_is_left_out_and_named(tmp_path):
    sheet, findings = read(tmp_path, "C1,100,120,1.0")
    assert len(sheet.rows) == 3
    named = by_code(findings)["row-length-wrong"][0]
    assert (named.severity, named.subject) == ("warning", "cores.csv row 5")
    sheet, findings = read(tmp_path, "C1,100,120,1.0", strict=True)
    assert sheet is None
    assert by_code(errors_in(findings))["row-length-wrong"]


def test_the_same_bytes_give_the_same_tables(tmp_path):
    rows = [row for _, row in BAD_ROWS]
    first, again = (read(tmp_path, *rows)[0] for _ in range(2))
    assert first.rows.to_csv() == again.rows.to_csv()
    assert first.rejects.to_csv() == again.rejects.to_csv()
    assert str(first.mapping) == str(again.mapping)


def test_a_position_that_is_none_costs_no_row(tmp_path):
    header = HEADER + ",lat,lon"
    good = "\n".join(row + ",21.5,500" for row in GOOD.splitlines())
    sheet, findings = read(tmp_path, header=header, good=good)
    assert len(sheet.rows) == 3
    assert {f.severity for f in by_code(findings)["position-out-of-range"]} == {"warning"}


def test_depths_that_a_layer_stands_for_fill_in_where_its_own_are_missing(tmp_path):
    header = HEADER + ",representative_depth_min,representative_depth_max"
    good = "\n".join(row + ",0,500" for row in GOOD.splitlines())
    sheet, _ = read(tmp_path, "C2,,,1,1,0,40", header=header, good=good)
    last = sheet.rows.iloc[-1]
    assert (last["depth_min_cm"], last["depth_max_cm"]) == (0.0, 40.0)
    assert sheet.rows["depth_max_cm"].iloc[0] == 30.0
