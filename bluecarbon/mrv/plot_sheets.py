"""Forms for the field team: to print (PDF) and to fill in (XLSX), in Chinese and in English.

The columns of the workbook carry headers that the readers of field sheets know
(:mod:`.column_vocabulary`): what comes back from the field is read without typing a header anew.
"""

from __future__ import annotations

import importlib.resources
import json
import tomllib
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd

from bluecarbon import typesetting
from bluecarbon.errors import MissingExtraError
from bluecarbon.mrv.exports import replacing
from bluecarbon.mrv.plot_map import plot_map_svg
from bluecarbon.mrv.plot_placement import RESERVE
from bluecarbon.spec import Finding
from bluecarbon.workbooks import new_workbook, workbook_bytes

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")

# Widths are shares of a printed page.
TREE_COLUMNS = {
    "tree_id": 1.1,
    "species": 2.4,
    "dbh_cm": 1.1,
    "basal_diameter_cm": 1.2,
    "height_m": 1.1,
    "count": 0.8,
    "status": 0.9,
    "decay_class": 1.1,
    "remarks": 2.2,
}
CORE_COLUMNS = {
    "depth_min_cm": 1.4,
    "depth_max_cm": 1.4,
    "sample_id": 2.0,
    "bulk_density_g_cm3": 1.6,
    "organic_matter_percent": 1.6,
    "organic_carbon_percent": 1.6,
    "remarks": 2.2,
}
PLOT_SHEET = ("plot_id", "stratum", "lon", "lat", "area_m2", "sapling_area_m2", "date", "remarks")
TREE_SHEET = ("plot_id", "date", *TREE_COLUMNS)
CORE_SHEET = (
    "core_id",
    "plot_id",
    "date",
    "sampler_length_cm",
    "external_cm",
    "internal_cm",
    *CORE_COLUMNS,
)

ROWS_CHECKED = 5_000
"""Rows of the workbook whose cells refuse what cannot be."""

STATUS = {"zh": ("活", "死"), "en": ("live", "dead")}

Findings = tuple[Finding, ...]


def write_sheets(points: gpd.GeoDataFrame, strata: gpd.GeoDataFrame, folder: Path) -> Findings:
    """Write ``map.svg`` and the forms in both languages; a finding names those that need an extra.

    ``points`` as of :func:`bluecarbon.mrv.plot_placement.place_plots`, ``strata`` with a column
    ``stratum``.
    """
    found: list[Finding] = []
    for language in LANGUAGES:
        makers = {
            f"field_form.{language}.pdf": partial(field_form_pdf, points, strata, language),
            f"field_form.{language}.xlsx": partial(field_form_xlsx, points, language),
        }
        for name, make in makers.items():
            try:
                content = make()
            except MissingExtraError as error:
                found.append(Finding.warning("document-not-made", name, str(error)))
                continue
            with replacing(folder / name) as part:
                part.write_bytes(content)
    with replacing(folder / "map.svg") as part:
        part.write_bytes(plot_map_svg(points, strata, "en"))
    return tuple(found)


def field_form_pdf(points: gpd.GeoDataFrame, strata: gpd.GeoDataFrame, language: Language) -> bytes:
    """A map and list of the plots, a page of trees for each, and one for soil cores (A4).

    Raises
    ------
    MissingExtraError
        The extra ``documents`` is not installed.
    """
    words = _words()[language]
    # On paper words stand for the names that only a program needs.
    headings = words["columns"] | words["printed"]
    data = {
        "language": language,
        "fonts": list(typesetting.SANS),
        "words": words,
        "plots": [
            {
                "plot_id": row.plot_id,
                "stratum": str(row.stratum),
                "use": words[row.use],
                "lat": f"{row.lat:.6f}",
                "lon": f"{row.lon:.6f}",
            }
            for row in points.itertuples()
        ],
        "tree_columns": [{"heading": headings[n], "width": w} for n, w in TREE_COLUMNS.items()],
        "core_columns": [{"heading": headings[n], "width": w} for n, w in CORE_COLUMNS.items()],
    }
    files = {
        "data.json": json.dumps(data, ensure_ascii=False).encode(),
        "map.svg": plot_map_svg(points, strata, language),
    }
    source = (_templates() / "field_form.typ").read_text("utf-8")
    return typesetting.pdf_of(source, title=words["title"], files=files)


def field_form_xlsx(points: gpd.GeoDataFrame, language: Language) -> bytes:
    """A workbook with sheets of plots (places filled in), trees and soil cores.

    Raises
    ------
    MissingExtraError
        The extra ``excel`` is not installed.
    """
    words = _words()[language]
    book = new_workbook("a field form as a workbook")
    plots = _sheet(book, words, "plots", PLOT_SHEET)
    for row in points[points["use"] != RESERVE].itertuples():
        plots.append([row.plot_id, str(row.stratum), row.lon, row.lat])
    trees = _sheet(book, words, "trees", TREE_SHEET)
    cores = _sheet(book, words, "soil_cores", CORE_SHEET)
    last = 1 + int((points["use"] != RESERVE).sum())
    ids = f"='{words['sheets']['plots']}'!$A$2:$A${last}"
    for sheet, names in ((trees, TREE_SHEET), (cores, CORE_SHEET)):
        _listed(sheet, names.index("plot_id"), ids)
    _listed(trees, TREE_SHEET.index("status"), f'"{",".join(STATUS[language])}"')
    for name, low, high in (*_LIMITS, *_WHOLE_LIMITS):
        for sheet, names in ((trees, TREE_SHEET), (cores, CORE_SHEET)):
            if name in names:
                kind = "whole" if (name, low, high) in _WHOLE_LIMITS else "decimal"
                _between(sheet, names.index(name), kind, (low, high))
    return workbook_bytes(book)


_LIMITS = (
    ("dbh_cm", 0.1, 150),
    ("basal_diameter_cm", 0.1, 200),
    ("height_m", 0.05, 40),
    ("sampler_length_cm", 1, 1000),
    ("external_cm", 0, 1000),
    ("internal_cm", 0, 1000),
    ("depth_min_cm", 0, 1000),
    ("depth_max_cm", 0.1, 1000),
    ("bulk_density_g_cm3", 0.01, 2.65),
    ("organic_matter_percent", 0, 100),
    ("organic_carbon_percent", 0, 100),
)
"""What a cell of the form may hold; wider than nature: only slips of the pen are refused."""

_WHOLE_LIMITS = (("count", 1, 10_000), ("decay_class", 1, 3))


def _sheet(book: Any, words: dict[str, Any], name: str, columns: tuple[str, ...]) -> Any:
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    sheet = book.create_sheet(words["sheets"][name])
    sheet.append([words["columns"][column] for column in columns])
    for place, cell in enumerate(sheet[1], start=1):
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor="E8F1EC")
        cell.alignment = Alignment(wrap_text=True, vertical="center")
        width = 24 if columns[place - 1] in {"species", "remarks"} else 14
        sheet.column_dimensions[get_column_letter(place)].width = width
    sheet.freeze_panes = "A2"
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", 9
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = "1:1"
    return sheet


def _listed(sheet: Any, column: int, values: str) -> None:
    from openpyxl.worksheet.datavalidation import DataValidation

    _validated(sheet, column, DataValidation(type="list", formula1=values, allow_blank=True))


def _between(sheet: Any, column: int, kind: str, limits: tuple[float, float]) -> None:
    from openpyxl.worksheet.datavalidation import DataValidation

    low, high = limits
    rule = DataValidation(
        type=kind, operator="between", formula1=str(low), formula2=str(high), allow_blank=True
    )
    rule.error, rule.errorTitle = f"{low:g} ... {high:g}", str(sheet.cell(1, column + 1).value)
    _validated(sheet, column, rule)


def _validated(sheet: Any, column: int, rule: Any) -> None:
    from openpyxl.utils import get_column_letter

    rule.showErrorMessage = True
    letter = get_column_letter(column + 1)
    sheet.add_data_validation(rule)
    rule.add(f"{letter}2:{letter}{ROWS_CHECKED}")


def _templates() -> Any:
    return importlib.resources.files("bluecarbon.mrv") / "templates"


@cache
def _words() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads(
        (_templates() / "field_form_words.toml").read_text("utf-8")
    )
    return found
