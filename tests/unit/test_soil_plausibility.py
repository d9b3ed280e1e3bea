"""Sheets of cores that a cold reader tried: shares in the wrong unit, impossible densities, cells
with units or full-width digits, a field form of several sheets, the error of conversions.
"""

import numpy as np
import openpyxl
import pytest
from support.field_sheets import by_code

from bluecarbon.mrv.core_sheets import read_core_sheet
from bluecarbon.mrv.soil_cores import CoreSource, measure_cores
from bluecarbon.mrv.soil_mixing import solid_density_g_cm3
from bluecarbon.mrv.soil_profiles import ProfileOptions
from bluecarbon.spec import errors_in


def sheet_of(tmp_path, column, *values, corrections=None):
    slices = [(0, 30, 0.8, 3), (30, 60, 0.9, 2), (60, 100, 1.0, 1)]
    lines = [
        ",".join(map(str, ("C", *row, value))) for row, value in zip(slices, values, strict=True)
    ]
    path = tmp_path / "cores.csv"
    path.write_text(f"core,top,bottom,BD,OC (%),{column}\n" + "\n".join(lines) + "\n")
    sheet, findings = read_core_sheet(path, corrections=corrections)
    return sheet, findings


SHARES = [
    ("compaction", "compaction"),
    ("压缩率(%)", "compaction"),
    ("allochthonous", "allochthonous"),
]


@pytest.mark.parametrize(("column", "what"), SHARES)
def test_a_share_given_as_a_fraction_stops(tmp_path, column, what):
    sheet, findings = sheet_of(tmp_path, column, 0.2, 0.2, 0.2)
    assert sheet is None
    assert "at most 0.2" in by_code(errors_in(findings))[f"{what}-as-fraction"][0].message


@pytest.mark.parametrize(("unit", "percent"), [("1", 20.0), ("percent", 0.2)])
def test_the_unit_of_the_user_settles_it(tmp_path, unit, percent):
    corrections = {"compaction_percent": ("compaction", unit)}
    sheet, _ = sheet_of(tmp_path, "compaction", 0.2, 0.2, 0.2, corrections=corrections)
    assert sheet.rows["compaction_percent"].tolist() == pytest.approx([percent] * 3)


@pytest.mark.parametrize("values", [(20, 20, 20), (0, 0, 0), ("", "", "")])
def test_percent_none_and_nothing_are_no_fractions(tmp_path, values):
    sheet, findings = sheet_of(tmp_path, "compaction", *values)
    assert sheet is not None
    assert "compaction-as-fraction" not in by_code(findings)


def dense(tmp_path, density, carbon="", matter=""):
    path = tmp_path / "cores.csv"
    row = f"{density},{carbon},{matter}"
    path.write_text(f"core,top,bottom,BD,OC (%),OM (%)\nA,0,50,0.5,8,\nC,0,50,{row}\n")
    return read_core_sheet(path)


@pytest.mark.parametrize(("carbon", "matter"), [(40, ""), ("", 80), (30, 70)])
def test_a_density_above_that_of_the_solids_is_impossible(tmp_path, carbon, matter):
    sheet, findings = dense(tmp_path, 1.8, carbon, matter)
    assert sheet.rows["core_id"].tolist() == ["A"]
    said = by_code(findings)["density-impossible"][0]
    assert said.message.startswith("bulk density 1.8 g/cm3 with ")
    assert said.subject == "cores.csv row 3"


def test_a_density_that_hardly_is_stays_and_is_said(tmp_path):
    sheet, findings = dense(tmp_path, 1.5, 30)
    assert len(sheet.rows) == 2
    assert "density-with-carbon-high" in by_code(findings)


@pytest.mark.parametrize(("density", "carbon"), [(1.8, 0.3), (1.2, 12), (0.4, 45)])
def test_densities_that_occur_are_no_doubt(tmp_path, density, carbon):
    _, findings = dense(tmp_path, density, carbon)
    assert not {"density-impossible", "density-with-carbon-high"} & set(by_code(findings))


def test_the_solids_by_hand():
    # 29 % carbon is 50 % matter: 1 / (0.5 / 1.5 + 0.5 / 2.65)
    found = solid_density_g_cm3([0.0, np.nan, 29.0, 58.0], [np.nan, 0.0, 40.0, 100.0])
    assert found == pytest.approx([2.65, 2.65, 1 / (0.5 / 1.5 + 0.5 / 2.65), 1.5])


def test_the_error_of_a_conversion_is_not_in_it_and_that_is_said(tmp_path):
    path = tmp_path / "cores.csv"
    path.write_text(
        "core,top,bottom,BD,OC (%),OM (%)\nA,0,50,0.5,8,\nA,50,100,0.5,8,\n"
        "C,0,50,0.8,,20\nC,50,100,0.8,,20\nD,0,50,0.8,,20\nD,50,100,0.8,8,20\n"
    )
    options = ProfileOptions(conversion="vm0033-mangrove")
    reading = measure_cores(CoreSource(path), options)
    said = by_code(reading.findings)["conversion-error-not-included"]
    assert len(said) == 1
    assert said[0].message == (
        "the carbon of 2 of 3 cores is wholly or partly that of a conversion (vm0033-mangrove), "
        "whose error is not known here: it is in no standard error"
    )
    alone = measure_cores(CoreSource(path, only={"core_id": "A"}), options)
    assert "conversion-error-not-included" not in by_code(alone.findings)


CELLS = ["30", "３０", "30 cm", "30cm", "３０ ｃｍ", "30厘米", "３０．０"]


def one_core(tmp_path, cell, header="core,top(cm),bottom(cm),BD,OC (%)"):
    path = tmp_path / "cores.csv"
    path.write_text(f'{header}\nC,0,"{cell}",0.8,3\nC,30,100,0.9,"2 %"\n', encoding="utf-8")
    return read_core_sheet(path)


@pytest.mark.parametrize("cell", CELLS)
def test_full_width_digits_and_the_unit_of_the_column_are_read(tmp_path, cell):
    sheet, findings = one_core(tmp_path, cell)
    assert sheet.rows["depth_max_cm"].tolist() == [30.0, 100.0]
    assert sheet.rows["organic_carbon_percent"].tolist() == [3.0, 2.0]
    assert findings == ()


@pytest.mark.parametrize(
    ("cell", "code"),
    [("300 mm", "number-unreadable"), ("30 g", "number-unreadable"), ("３０，５", "decimal-comma")],
)
def test_another_unit_and_a_wide_comma_are_defects(tmp_path, cell, code):
    sheet, findings = one_core(tmp_path, cell)
    assert len(sheet.rows) == 1
    assert by_code(findings)[code]


def test_a_full_width_interval(tmp_path):
    path = tmp_path / "cores.csv"
    path.write_text(
        "core,土层(cm),BD,OC (%)\nC,０－３０,0.8,3\nC,30-100 cm,0.9,2\n", encoding="utf-8"
    )
    sheet, _ = read_core_sheet(path)
    assert sheet.rows["depth_min_cm"].tolist() == [0.0, 30.0]
    assert sheet.rows["depth_max_cm"].tolist() == [30.0, 100.0]


def workbook(path, names):
    book = openpyxl.Workbook()
    book.remove(book.active)
    sheets = {
        "样地": [("样地号", "碳层", "经度", "纬度", "调查日期"),
               ("P1", "A", 109.7, 21.5, "2024-07-31")],
        "树木": [("样地号", "调查日期", "树号", "胸径(cm)"), ("P1", "2024-07-31", 1, 8.2)],
        "土壤柱样": [("柱样号", "深度上限(cm)", "深度下限(cm)", "容重(g/cm3)", "有机碳(%)"),
                 ("C", 0, 30, 0.8, 3), ("C", 30, 100, 0.9, 2)],
    }  # fmt: skip
    for name in names:
        sheet = book.create_sheet(name)
        for row in sheets[name]:
            sheet.append(row)
    book.save(path)
    return path


@pytest.mark.parametrize("names", [("样地", "树木", "土壤柱样"), ("土壤柱样", "树木", "样地")])
def test_the_sheet_of_slices_of_a_field_form_is_found(tmp_path, names):
    path = workbook(tmp_path / "form.xlsx", names)
    sheet, findings = read_core_sheet(path)
    assert len(sheet.rows) == 2
    said = by_code(findings)["sheet-chosen"][0]
    assert said.message.startswith("the sheet '土壤柱样' is read, of: ")
    assert read_core_sheet(path, workbook_sheet="样地")[0] is None
    assert read_core_sheet(workbook(tmp_path / "one.xlsx", ["土壤柱样"]))[1] == ()
