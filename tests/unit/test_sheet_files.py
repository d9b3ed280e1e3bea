"""Any sheet to columns: encodings, separators, titles, units, workbooks, bad lines."""

import datetime as dt
import gzip

import numpy as np
import openpyxl
import pytest
from support.field_sheets import by_code

from bluecarbon.mrv.column_vocabulary import TREE_NAMES
from bluecarbon.mrv.sheet_cells import date_of, typed_sheet
from bluecarbon.mrv.sheet_files import read_raw_sheet
from bluecarbon.spec import errors_in

SHEET = "样地号,树种,胸径(cm),树高\nP1,秋茄,8.5,4\nP2,桐花树,6,3.5\n"


def read(path, **options):
    raw, findings = read_raw_sheet(path, TREE_NAMES, **options)
    return (typed_sheet(raw) if raw and not errors_in(findings) else None), findings


def write(folder, text, encoding="utf-8", name="trees.csv"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return path


def is_sound(sheet):
    assert sheet.rows["plot_id"].tolist() == ["P1", "P2"]
    assert sheet.rows["species"].tolist() == ["秋茄", "桐花树"]
    assert sheet.rows["dbh_cm"].tolist() == [8.5, 6.0]
    assert sheet.rows["line"].tolist() == [2, 3]
    assert sheet.defects == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_encodings(tmp_path, encoding):
    sheet, findings = read(write(tmp_path, SHEET, encoding))
    is_sound(sheet)
    said = [f.code for f in findings]
    assert said == ([] if encoding.startswith("utf-8") else ["field-file-encoding-read"])


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_separators_and_line_ends(tmp_path, mark, ends):
    is_sound(read(write(tmp_path, SHEET.replace(",", mark).replace("\n", ends)))[0])


def test_a_packed_sheet(tmp_path):
    is_sound(read(write(tmp_path, gzip.compress(SHEET.encode()), name="trees.csv.gz"))[0])


def test_commas_that_cannot_separate_are_decimal_commas(tmp_path):
    text = SHEET.replace(",", ";").replace("8.5", "8,5").replace("3.5", "3,5")
    sheet, _ = read(write(tmp_path, text))
    is_sound(sheet)
    assert sheet.commas_read == 2


def test_a_decimal_comma_between_commas_is_a_defect_until_it_is_declared(tmp_path):
    path = write(tmp_path, SHEET.replace("8.5", '"8,5"'))
    sheet, _ = read(path)
    assert [d[:3] for d in sheet.defects] == [(0, "dbh_cm", "decimal-comma")]
    raw, _ = read_raw_sheet(path, TREE_NAMES)
    is_sound(typed_sheet(raw, decimal_comma=True))


def test_titles_above_the_header_and_units_below_it(tmp_path):
    title = "湛江红树林样地调查表,,,\n2024年10月,,,\n\n"
    text = title + "样地号,树种,胸径,树高\n,,mm,m\nP1,秋茄,85,4\nP2,桐花树,60,3.5\n"
    sheet, findings = read(write(tmp_path, text))
    assert sheet.rows["dbh_cm"].tolist() == [8.5, 6.0]
    assert sheet.rows["line"].tolist() == [6, 7]
    assert by_code(findings)["title-rows"][0].message.startswith("the header is taken from line 4")
    assert by_code(findings)["unit-row"]


def test_lines_are_counted_as_an_editor_does_also_where_the_slow_reader_is_needed(tmp_path):
    text = '样地号,备注,胸径\nP1,"two\nlines",8\n\n,,\nP2,x,9\nP3,x,y,9\nP4,9\nP5,x,7,,\n'
    raw, _ = read_raw_sheet(write(tmp_path, text), TREE_NAMES)
    assert raw.line.tolist() == [3, 6, 9]
    assert raw.misfits == ((7, "has 4 cells under 3 columns"), (8, "has 2 cells under 3 columns"))


def test_the_compiled_reader_and_the_slow_one_agree(tmp_path):
    rng = np.random.default_rng(3)
    cells = ["8", " 7.5 ", "1e1", "abc", "", "NA", "N/A", "inf", "nan", "-3", "0x1A", "1_0", "TRUE"]
    rows = [f"P{i % 3},秋茄,{cells[rng.integers(len(cells))]},{i}" for i in range(60)]
    text = "样地号,树种,胸径,树高\n" + "\n".join(rows) + "\n"
    fast, _ = read(write(tmp_path, text))
    slow, _ = read(write(tmp_path, text + '"P9",秋茄,1,1\n', name="slow.csv"))
    short = slow.rows.iloc[:-1]
    assert fast.rows["dbh_cm"].tolist() == pytest.approx(short["dbh_cm"].tolist(), nan_ok=True)
    assert [d[:3] for d in fast.defects] == [d[:3] for d in slow.defects]
    assert fast.rows["line"].tolist() == short["line"].tolist()


def test_a_column_of_infinities_is_no_column_of_numbers(tmp_path):
    sheet, _ = read(write(tmp_path, "样地号,胸径\nP1,inf\nP2,8\n"))
    assert np.isnan(sheet.rows["dbh_cm"][0])
    assert [d[:3] for d in sheet.defects] == [(0, "dbh_cm", "number-unreadable")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "field-file-empty"),
        (b"\n \n", "field-file-empty"),
        ("样地号,胸径\n".encode(), "field-file-empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "field-file-encoding"),
        ('样地号,胸径\nP1,8\nP2,"9\n'.encode(), "field-file-unreadable"),
    ],
)
def test_what_is_no_sheet_is_named(tmp_path, data, code):
    sheet, findings = read(write(tmp_path, data))
    assert sheet is None
    assert [f.code for f in errors_in(findings)] == [code]


def workbook(path, merge=True):
    book = openpyxl.Workbook()
    book.active.title = "说明"
    book.active.append(["样地", "说明"])
    trees = book.create_sheet("每木检尺")
    for row in (["湛江红树林"], ["样地号", "调查日期", "树种", "胸径(cm)"],
                ["P1", dt.date(2024, 10, 3), "秋茄", 8.5], [None, 45568, "秋茄", 7],
                ["P2", "2024年10月4日", "桐花树", 6]):  # fmt: skip
        trees.append(row)
    trees.merge_cells("A1:D1")
    if merge:
        trees.merge_cells("A3:A4")
    book.save(path)
    return path


def test_a_workbook_with_a_title_merged_cells_and_several_sheets(tmp_path):
    sheet, findings = read(workbook(tmp_path / "inventory.xlsx"))
    assert sheet.rows["plot_id"].tolist() == ["P1", "P1", "P2"]
    assert [str(day) for day in sheet.rows["date"]] == ["2024-10-03", "2024-10-03", "2024-10-04"]
    assert sheet.rows["line"].tolist() == [3, 4, 5]
    assert "'每木检尺' is read" in by_code(findings)["sheet-chosen"][0].message


def test_cells_that_are_not_merged_are_not_filled(tmp_path):
    sheet, _ = read(workbook(tmp_path / "inventory.xlsx", merge=False))
    assert sheet.rows["plot_id"].tolist() == ["P1", "", "P2"]


@pytest.mark.parametrize("name", ["每木检尺", "missing"])
def test_the_sheet_of_a_workbook_can_be_named(tmp_path, name):
    path = workbook(tmp_path / "inventory.xlsx")
    sheet, findings = read(path, sheet=name)
    if name == "missing":
        assert sheet is None
        assert [f.code for f in errors_in(findings)] == ["sheet-missing"]
    else:
        assert len(sheet.rows) == 3


def test_a_workbook_that_is_none(tmp_path):
    sheet, findings = read(write(tmp_path, b"no workbook", name="trees.xlsx"))
    assert sheet is None
    assert [f.code for f in findings] == ["field-file-unreadable"]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2024-07-31", (2024, 7, 31)), ("2024/7/3", (2024, 7, 3)), ("2024.7.3", (2024, 7, 3)),
        ("2024年7月3日", (2024, 7, 3)), ("20240703", (2024, 7, 3)), ("45476", (2024, 7, 3)),
        ("45476.0", (2024, 7, 3)), ("2024-07-31 10:20", (2024, 7, 31)),
    ],
)  # fmt: skip
def test_dates_as_people_write_them(text, day):
    assert date_of(text) == (dt.date(*day), "")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("3/4/2024", "may be day/month or month/day"), ("2024-02-30", "is not a date"),
        ("1234", "is not a date"), ("2024", "is not a date"), ("soon", "is not a date"),
    ],
)  # fmt: skip
def test_what_may_be_two_days_or_none_is_none(text, why):
    day, said = date_of(text)
    assert day is None
    assert why in said
