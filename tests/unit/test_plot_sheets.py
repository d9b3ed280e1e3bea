"""Forms for the field team: in both languages, readable again, the same bytes."""

import io

import openpyxl
import pytest
from pypdf import PdfReader
from support.plot_ground import GROUND

from bluecarbon import typesetting, workbooks
from bluecarbon.mrv.column_names import map_columns
from bluecarbon.mrv.column_vocabulary import CORE_NAMES, SOIL_NAMES, TREE_NAMES
from bluecarbon.mrv.plot_placement import Placement, place_plots
from bluecarbon.mrv.plot_sheets import (
    CORE_SHEET,
    PLOT_SHEET,
    TREE_SHEET,
    field_form_pdf,
    field_form_xlsx,
    write_sheets,
)

UNREAD = {"remarks"}


@pytest.fixture(scope="module")
def points():
    placed, _ = place_plots(GROUND, {"K15": 3, "S17": 2}, Placement(seed=5, reserve_share=0.3))
    return placed


def sheets(points, language):
    book = openpyxl.load_workbook(io.BytesIO(field_form_xlsx(points, language)))
    return dict(zip(("plots", "trees", "cores"), book, strict=True))


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    ("sheet", "columns", "names"),
    [
        ("plots", PLOT_SHEET, TREE_NAMES),
        ("trees", TREE_SHEET, TREE_NAMES),
        ("cores", CORE_SHEET, (*SOIL_NAMES, *(n for n in CORE_NAMES if n not in SOIL_NAMES))),
    ],
)
def test_every_header_is_one_that_the_readers_know(points, language, sheet, columns, names):
    header = [cell.value for cell in sheets(points, language)[sheet][1]]
    mapping, found = map_columns(header, names, file="form")
    assert [f for f in found if f.severity == "error"] == []
    read = sorted(mapping.columns, key=lambda column: column.place)
    assert [c.name for c in read] == [c for c in columns if c not in UNREAD]


def test_places_are_filled_in_and_reserves_are_not(points):
    rows = list(sheets(points, "en")["plots"].iter_rows(min_row=2, max_col=4, values_only=True))
    main = points[points["use"] == "main"]
    assert rows == list(
        main[["plot_id", "stratum", "lon", "lat"]].itertuples(index=False, name=None)
    )


def test_cells_refuse_slips_of_the_pen(points):
    trees = sheets(points, "zh")["trees"]
    rules = {str(rule.sqref).split("2:")[0]: rule for rule in trees.data_validations.dataValidation}
    column = {cell.value: cell.column_letter for cell in trees[1]}
    assert rules[column["状态"]].formula1 == '"活,死"'
    assert (rules[column["胸径(cm)"]].formula1, rules[column["胸径(cm)"]].formula2) == (
        "0.1",
        "150",
    )
    assert rules[column["样地号"]].formula1 == "='样地'!$A$2:$A$6"
    assert (rules[column["株数"]].type, rules[column["腐烂等级"]].type) == ("whole", "whole")


@pytest.mark.parametrize(
    ("language", "words"), [("zh", ("样地 K15-01", "胸径(cm)", "不是 GCJ-02", "土壤柱状样")),
                            ("en", ("Plot K15-01", "DBH, cm", "not GCJ-02", "Soil core"))],
)  # fmt: skip
def test_the_printed_form_has_a_page_for_every_plot(points, language, words):
    content = field_form_pdf(points, GROUND, language)
    pages = PdfReader(io.BytesIO(content)).pages
    text = "\n".join(page.extract_text() for page in pages)
    assert len(pages) == 1 + len(points) + 1
    assert all(word in text for word in words)
    assert all(plot_id in text for plot_id in points["plot_id"])
    assert content == field_form_pdf(points, GROUND, language)


def test_workbooks_have_no_clock(points):
    assert field_form_xlsx(points, "zh") == field_form_xlsx(points, "zh")


def test_without_the_extras_the_rest_is_written_and_the_lack_is_said(points, tmp_path, monkeypatch):
    def missing(what, *_):
        raise typesetting.MissingExtraError(what, "documents")

    monkeypatch.setattr(typesetting, "_typst", lambda: missing("a PDF document"))
    monkeypatch.setattr("bluecarbon.mrv.plot_sheets.new_workbook", missing)
    found = write_sheets(points, GROUND, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["map.svg"]
    assert [f.code for f in found] == ["document-not-made"] * 4
    assert "documents" in found[0].message


def test_a_workbook_needs_openpyxl(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)
    with pytest.raises(typesetting.MissingExtraError, match="excel"):
        workbooks.new_workbook("a form")
