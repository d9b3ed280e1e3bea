"""Sheets of trees in the layouts people have, as trees in one layout. Nothing is left out here.

:func:`read_tree_sheet` finds the header, maps the columns by name, reads all cells and completes
what follows from others: diameters from girths, species from genus and epithet, dates from years.
What forbids a row to be used is judged by :mod:`bluecarbon.mrv.tree_row_checks`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from bluecarbon.mrv.column_names import ColumnMapping, Correction
from bluecarbon.mrv.column_vocabulary import TREE_NAMES
from bluecarbon.mrv.field_tables import defect, row_defects
from bluecarbon.mrv.inventory_checks import STATUS
from bluecarbon.mrv.mapped_cells import CellDefect
from bluecarbon.mrv.sheet_cells import typed_sheet
from bluecarbon.mrv.sheet_files import Corrections, RawSheet, read_raw_sheet
from bluecarbon.spec import Finding, errors_in

DIAMETERS = ("dbh_cm", "basal_diameter_cm", "d30_cm")
GIRTHS = {"girth_cm": "dbh_cm", "basal_girth_cm": "basal_diameter_cm"}

STATUS_WORDS: Mapping[str, str] = {
    **STATUS,
    **dict.fromkeys(
        ("l", "living", "alive", "yes", "true", "y", "1", "存活", "活立木", "活木", "健康", "正常"),
        "live",
    ),
    **dict.fromkeys(
        (
            "d",
            "no",
            "false",
            "n",
            "0",
            "standing dead",
            "枯死",
            "死亡",
            "枯立木",
            "死树",
            "枯木",
            "枯",
            "站杆",
            "倒木",
        ),
        "dead",
    ),
}
"""How the status of a tree may be written, in any case; an empty cell is a live tree."""

UNKNOWN_SPECIES = (
    "", "na", "n/a", "nan", "unknown", "unk", "unidentified", "indet", "indet.", "?", "-", "sp.",
    "未知", "不详", "未鉴定",
)  # fmt: skip
"""How a sheet says that nobody knows the species."""

UNDATED = dt.date.min
"""The date of trees of which no campaign is known: all are one campaign."""


@dataclass(frozen=True)
class TreeSheet:
    """A sheet of trees that was read.

    Attributes
    ----------
    file
        How findings call it.
    mapping, mapping_table
        Which column is what; the table says it with units, conversions and examples.
    rows
        One for each row of the sheet: ``line``, plot_id, subplot_id, tree_id, ``date`` (None where
        there is none), species (empty where unknown), status (live, dead, or as it is written where
        that is not known), count, and every mapped column in its canonical unit.
    defects
        Cells that cannot be read, by the position of their row.
    misfits
        Lines with a wrong number of cells, which are not among ``rows``.
    """

    file: str
    mapping: ColumnMapping
    mapping_table: pd.DataFrame
    rows: pd.DataFrame
    defects: tuple[CellDefect, ...]
    misfits: tuple[tuple[int, str], ...]


def column_corrections(said: Mapping[str, str], file: str) -> tuple[Corrections, list[Finding]]:
    """``{"胸径": "dbh_cm", "DBH": "dbh_cm:mm", "remark": ""}`` turned round for the reader."""
    found: list[Finding] = []
    turned: dict[str, Correction] = {}
    unread = frozenset(header for header, text in said.items() if not text)
    for header, text in said.items():
        if not text:
            continue
        name, _, unit = text.partition(":")
        if name in turned:
            message = f"two columns are said to be {name}"
            fix = "name one column for each"
            found.append(defect("correction-wrong", f"{file} column mapping", message, fix))
        turned[name] = (header, unit) if unit else header
    return Corrections(turned, unread), found


def read_tree_sheet(
    path: Path,
    *,
    columns: Mapping[str, str] | None = None,
    sheet: str = "",
    decimal_comma: bool = False,
    species_names: Mapping[str, str] | None = None,
) -> tuple[TreeSheet | None, list[Finding]]:
    """Read a sheet of trees.

    Parameters
    ----------
    path
        CSV or a workbook; see :mod:`bluecarbon.mrv.sheet_files`.
    columns
        What a column is, where its header does not say it: header to canonical name, with a unit
        behind a colon ("dbh_cm:mm").
    sheet
        The sheet of a workbook.
    decimal_comma
        Read "0,85" as 0.85, also where commas separate the cells.
    species_names
        The species that a code or a local name means.

    Returns
    -------
    The sheet, None when there is no table in which trees can be told; and the findings about the
    file and its header.
    """
    corrections, findings = column_corrections(columns or {}, path.name)
    corrections = corrections._replace(telling=frozenset((*DIAMETERS, *GIRTHS)))
    raw, found = read_raw_sheet(path, TREE_NAMES, corrections=corrections, sheet=sheet)
    findings += found
    if raw is None:
        return None, findings
    findings += _columns_missing(raw.mapping, findings)
    if errors_in(findings):
        return None, [*findings, *columns_found(raw.mapping)]
    done, found = tree_sheet_of(
        raw, raw.mapping.file, decimal_comma=decimal_comma, species_names=species_names
    )
    return done, [*findings, *found]


def tree_sheet_of(
    raw: RawSheet,
    file: str,
    *,
    decimal_comma: bool = False,
    species_names: Mapping[str, str] | None = None,
) -> tuple[TreeSheet, list[Finding]]:
    """The sheet of trees whose columns are mapped; see :func:`read_tree_sheet`."""
    typed = typed_sheet(raw, decimal_comma=decimal_comma)
    findings = []
    if typed.commas_read:
        message = f"{typed.commas_read} numbers have a decimal comma, read as a point"
        findings.append(defect("decimal-comma-read", file, message, severity="info"))
    rows, found = completed(typed.rows, file, species_names or {})
    table = typed.mapping_table()
    for girth, diameter in GIRTHS.items():
        mine = table["ours"] == girth
        table.loc[mine, "conversion"] += f" / pi = {diameter}"
    table["conversion"] = table["conversion"].str.strip()
    done = TreeSheet(file, raw.mapping, table, rows, typed.defects, raw.misfits)
    return done, [*findings, *found]


def columns_found(mapping: ColumnMapping) -> list[Finding]:
    """What is certain of a header that is not certain as a whole."""
    said = "; ".join(f"{column.name} <- '{column.header}'" for column in mapping.columns)
    message = f"columns that are known: {said or 'none'}"
    return [defect("columns-mapped", mapping.file, message, severity="info")]


def _columns_missing(mapping: ColumnMapping, said: Sequence[Finding]) -> list[Finding]:
    has = {column.name for column in mapping.columns}
    # a header that is asked about is not missing
    asked = " ".join(finding.message for finding in said if finding.code == "column-ambiguous")
    needed = {"plot_id": {"plot_id"}, "a diameter or girth": {*DIAMETERS, *GIRTHS}}
    ambiguous = "name it with [inventory.columns], or --columns 'your header=dbh_cm'"
    return [
        defect("column-missing", mapping.file, f"there is no column for {what}", ambiguous)
        for what, names in needed.items()
        if not names & has and not any(name in asked for name in names)
    ]


def completed(
    rows: pd.DataFrame, file: str, species_names: Mapping[str, str]
) -> tuple[pd.DataFrame, list[Finding]]:
    """Typed rows with every column that a tree has, filled from others where it follows."""
    done = rows.copy(deep=False)
    for name in ("subplot_id", "tree_id", "species", "status"):
        if name not in done:
            done[name] = pd.Series("", index=done.index, dtype="object")
    if "stem_id" in done:
        joined = done["tree_id"] + "/" + done["stem_id"]
        done["tree_id"] = done["tree_id"].where(done["stem_id"] == "", joined)
    for girth, diameter in GIRTHS.items():
        if girth in done:
            size = done[girth] / np.pi
            done[diameter] = done[diameter].fillna(size) if diameter in done else size
    if "dbh_cm" not in done:
        done["dbh_cm"] = np.nan
    done["species"] = _species(done, species_names)
    done["count"] = done["count"].fillna(1.0) if "count" in done else 1.0
    done["status"] = _status(done)
    done["date"], found = _dates(done, file)
    return done, found


def _species(rows: pd.DataFrame, species_names: Mapping[str, str]) -> pd.Series:
    """One name for each species; a genus of its own column stands before the epithet."""
    names = rows["species"]
    if "genus" in rows:
        names = rows["genus"] + " " + names.where(~names.str.casefold().isin(UNKNOWN_SPECIES), "")
    codes, distinct = pd.factorize(names)
    said = {key.casefold(): value for key, value in species_names.items()}
    known = [_one_species(str(name), said) for name in distinct]
    return pd.Series(np.array([*known, ""], dtype=object)[codes], index=rows.index, dtype="object")


def _one_species(name: str, said: Mapping[str, str]) -> str:
    plain = " ".join(name.split())
    plain = said.get(plain.casefold(), plain)
    if plain.casefold() in UNKNOWN_SPECIES:
        return ""
    genus, _, rest = plain.partition(" ")
    # a workbook may hold "Rhizophora" and "Rhizophora apiculata" in two columns
    return rest if rest.casefold().startswith(f"{genus.casefold()} ") else plain


def _status(rows: pd.DataFrame) -> pd.Series:
    codes, distinct = pd.factorize(rows["status"])
    words = [STATUS_WORDS.get(str(name).casefold(), str(name)) for name in distinct]
    status = np.array([*(word or "live" for word in words), "live"], dtype=object)[codes]
    if "decay_class" in rows:
        silent = np.array([*(not word for word in words), True])[codes]
        status[silent & np.asarray(rows["decay_class"] > 0)] = "dead"
    # few words in many rows: they are asked for their status again and again
    return pd.Series(status, index=rows.index, dtype="category")


def _dates(rows: pd.DataFrame, file: str) -> tuple[pd.Series, list[Finding]]:
    """The date of each tree: its own, else its year (with month and day as far as given)."""
    dates = rows.get("date", pd.Series(index=rows.index, dtype="object"))
    if "year" not in rows:
        return dates.where(dates.notna(), None), []
    parts = pd.DataFrame(
        {name: rows.get(name, pd.Series(np.nan, index=rows.index)) for name in _DATE_PARTS}
    )
    codes, distinct = pd.factorize(pd.MultiIndex.from_frame(parts))
    days = np.array([*(_day(*key) for key in distinct), None], dtype=object)[:-1]
    made = pd.Series(days[codes], index=rows.index, dtype="object")
    filled = dates.isna() & made.notna()
    rough = filled & (parts["month"].isna() | parts["day"].isna())
    found = []
    if rough.any():
        message = f"{int(rough.sum())} rows give a year without a day: its middle is taken"
        found.append(defect("date-from-year", file, message, severity="info"))
    wrong = rows[dates.isna() & made.isna() & parts["year"].notna()]
    hits = [(int(n), f"year {y:g} is no date") for n, y in zip(wrong["line"], wrong["year"],
                                                               strict=True)]  # fmt: skip
    found += row_defects("year-wrong", file, hits, "write the year as 2024", severity="warning")
    return dates.where(dates.notna(), made), found


_DATE_PARTS = ("year", "month", "day")


def _day(year: float, month: float, day: float) -> dt.date | None:
    if np.isnan(year):
        return None
    rough = (7, 1) if np.isnan(month) else (int(month), 15 if np.isnan(day) else int(day))
    try:
        return dt.date(int(year), *rough)
    except (ValueError, OverflowError):
        return None
