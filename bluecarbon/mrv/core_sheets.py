"""Sheets of soil cores in the layouts people have (土壤柱状样): CSV, packed CSV, Excel.

:func:`read_core_sheet` maps the columns by name, reads all cells, and leaves out every row that
cannot be used, with the reason for each. It stops only where nothing could be read, or, with
``strict=True``, at any row that would be left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd

from bluecarbon.mrv import soil_row_checks as checks
from bluecarbon.mrv.column_names import ColumnMapping, Correction, map_columns
from bluecarbon.mrv.column_vocabulary import CORE_NAMES, SOIL_NAMES
from bluecarbon.mrv.core_positions import position_findings
from bluecarbon.mrv.field_tables import Lines, defect, read_lines, row_defects
from bluecarbon.mrv.field_workbooks import read_workbook_lines
from bluecarbon.mrv.mapped_cells import CellDefect, MappedCells, mapped_cells
from bluecarbon.mrv.position_checks import converted_findings, sound_positions
from bluecarbon.mrv.rejects import Rejects, as_records
from bluecarbon.mrv.sheet_workbooks import workbook_sheets
from bluecarbon.mrv.soil_mixing import matter_suspicions
from bluecarbon.spec import Finding, errors_in

WORKBOOK_ENDINGS = (".xlsx", ".xlsm")

_MEASURED = (
    "depth_min_cm", "depth_max_cm", "bulk_density_g_cm3", "organic_carbon_percent",
    "organic_matter_percent", "carbon_density_g_cm3", "allochthonous_percent",
)  # fmt: skip


@dataclass(frozen=True)
class CoreSheet:
    """A sheet of core slices that was read.

    Attributes
    ----------
    mapping
        Which column was what; print it.
    rows
        The usable slices: ``line``, core_id and every mapped column in its canonical unit, and
        ``is_point`` where only the depth of a sample is known (then both depths are that).
    rejects
        line, core_id, code, reason: one line for each reason of each row that was left out.
    row_count
        How many rows the sheet has, used or not.
    left_out
        The rows that cannot be used, with the columns of ``rows`` as far as they can be read.
    """

    mapping: ColumnMapping
    rows: pd.DataFrame
    rejects: pd.DataFrame
    row_count: int = 0
    left_out: pd.DataFrame = field(default_factory=pd.DataFrame)


def read_core_sheet(
    path: Path,
    *,
    corrections: Mapping[str, Correction] | None = None,
    core_table: Path | None = None,
    workbook_sheet: str = "",
    decimal_comma: bool = False,
    only: Mapping[str, str] | None = None,
    strict: bool = False,
) -> tuple[CoreSheet | None, tuple[Finding, ...]]:
    """Read slices of soil cores.

    Parameters
    ----------
    path
        CSV (UTF-8), CSV packed by gzip, or a workbook (``workbook_sheet``, or the sheet whose
        header has most of what slices need; which one is said).
    corrections
        Canonical name to header, or (header, unit): see
        :func:`bluecarbon.mrv.column_names.map_columns`.
    core_table
        A second sheet with one row for each core (position, site, stratum, compaction), joined
        by core_id.
    decimal_comma
        Read "0,85" as 0.85.
    only
        Canonical text column to the value that rows must have (country to China); the others are
        not looked at.
    strict
        Any row that would be left out is an error and nothing is returned.

    Returns
    -------
    The sheet, or None when it cannot be used; and all findings: rows that are left out as
    warnings (errors when strict) that name their lines, and a last one that counts them.
    """
    chosen, said = _sheet_of_slices(path, workbook_sheet, corrections or {})
    lines, findings = sheet_lines(path, chosen)
    findings = [*said, *findings]
    if lines is None:
        return None, tuple(findings)
    if not strict:
        # Rows of a wrong length were not read: they are errors there and rows left out here.
        findings = [_as_warning(f) if f.code == "row-length-wrong" else f for f in findings]
    sheet, found = _sheet(
        lines,
        path.name,
        corrections=corrections,
        core_table=core_table,
        decimal_comma=decimal_comma,
        only=only or {},
        strict=strict,
    )
    return None if errors_in(findings) else sheet, (*findings, *found)


def read_core_frame(
    frame: pd.DataFrame,
    *,
    corrections: Mapping[str, Correction] | None = None,
    file: str = "frame",
    strict: bool = False,
) -> tuple[CoreSheet | None, tuple[Finding, ...]]:
    """Slices that are already a data frame: mapped, checked and left out like those of a sheet.

    ``line`` is the number of the row in the frame, from 1. See :func:`read_core_sheet`.
    """
    columns = [["" if pd.isna(cell) else str(cell) for cell in frame[name]] for name in frame]
    lines: Lines = [(0, [str(name) for name in frame.columns])]
    lines += [(n, list(cells)) for n, cells in enumerate(zip(*columns, strict=True), start=1)]
    return _sheet(lines, file, corrections=corrections, strict=strict)


def _sheet(
    lines: Lines,
    file: str,
    *,
    corrections: Mapping[str, Correction] | None,
    core_table: Path | None = None,
    decimal_comma: bool = False,
    only: Mapping[str, str] = MappingProxyType({}),
    strict: bool,
) -> tuple[CoreSheet | None, tuple[Finding, ...]]:
    mapping, findings = map_columns(lines[0][1], SOIL_NAMES, file=file, corrections=corrections)
    findings += _columns_missing(mapping)
    if errors_in(findings):
        return None, tuple(findings)
    cells = mapped_cells(lines, mapping, decimal_comma=decimal_comma)
    rows = _completed(cells.rows)
    if core_table is not None:
        rows, found = _joined(rows, core_table)
        findings += found
    findings += [_unknown_column(name, file) for name in only if name not in rows]
    if errors_in(findings):
        return None, tuple(findings)
    rows, cells = _only(rows, cells, only)
    findings += converted_findings(cells.notes, rows["line"], file)
    rows, found = sound_positions(rows, file)
    findings += found
    stated = frozenset(c.name for c in mapping.columns if c.header_unit)
    given = frozenset(c.name for c in mapping.columns if c.header_unit and c.by == "user")
    findings += checks.unit_suspicions(rows, file, stated, given)
    findings += matter_suspicions(rows, file)
    rejects = Rejects(rows, file)
    checks.reject_rows(rejects, cells.defects)
    checks.reject_repeated(rejects)
    findings += rejects.findings(checks.FIXES, "error" if strict else "warning")
    kept = rows[~rejects.mask].reset_index(drop=True)
    findings += _cells_ignored(cells.defects, rejects) + checks.doubts(kept, file)
    findings += position_findings(rows, file)
    if kept.empty:
        findings.append(defect("no-usable-rows", file, "no row can be used", "see above"))
    if errors_in(findings):
        return None, tuple(findings)
    lost = rows[rejects.mask].reset_index(drop=True)
    return CoreSheet(mapping, kept, rejects.table(), len(rows), lost), tuple(findings)


def _sheet_of_slices(
    path: Path, named: str, corrections: Mapping[str, Correction]
) -> tuple[str, list[Finding]]:
    """The sheet of a workbook whose header has most of the columns of slices, the first of equals.

    A sheet of plots or trees has a site, a position and a date too, hence what slices need counts
    before all that is known.
    """
    if named or path.suffix.lower() not in WORKBOOK_ENDINGS:
        return named, []
    sheets, _ = workbook_sheets(path)
    if len(sheets) < 2:
        return "", []

    def score(name: str) -> tuple[int, int]:
        header = sheets[name][0][1]
        has = {c.name for c in map_columns(header, SOIL_NAMES, file="")[0].columns}
        # a header that the user names stands in one sheet only
        theirs = {said if isinstance(said, str) else said[0] for said in corrections.values()}
        theirs &= {cell.strip() for cell in header} - {""}
        needed = {"core_id", "depth_interval_cm", "depth_mid_cm", *_MEASURED}
        return len(has & needed) + len(theirs), len(has)

    best = max(sheets, key=score)
    message = f"the sheet '{best}' is read, of: {', '.join(sheets)}"
    return best, [defect("sheet-chosen", path.name, message, severity="info")]


def sheet_lines(path: Path, workbook_sheet: str) -> tuple[Lines | None, list[Finding]]:
    """The lines of a CSV file or of a sheet of a workbook, as cells of text, the header first."""
    if path.suffix.lower() in WORKBOOK_ENDINGS:
        lines, findings = read_workbook_lines(path, workbook_sheet)
    else:
        lines, findings = read_lines(path, path.name)
    if lines is not None and len(lines) < 2:
        message, fix = "has no rows under a header line", "export the table again"
        return None, [*findings, defect("field-file-empty", path.name, message, fix)]
    if (
        lines is not None
        and len(lines[0][1]) == 1
        and any(mark in lines[0][1][0] for mark in ";\t")
    ):
        message, fix = "has one column only", "separate the columns by commas"
        return None, [*findings, defect("columns-not-separated", path.name, message, fix)]
    return lines, findings


def _as_warning(finding: Finding) -> Finding:
    return finding.model_copy(update={"severity": "warning"})


def _columns_missing(mapping: ColumnMapping) -> list[Finding]:
    """What a sheet of cores cannot do without, in words of what would be accepted."""
    has = {column.name for column in mapping.columns}
    choices = {
        "core_id": ({"core_id"},),
        "depths": ({"depth_min_cm", "depth_max_cm"}, {"depth_interval_cm"}, {"depth_mid_cm"}),
        "carbon": (
            {"organic_carbon_percent", "bulk_density_g_cm3"},
            {"organic_matter_percent", "bulk_density_g_cm3"},
            {"carbon_density_g_cm3"},
        ),
    }
    return [
        defect(
            "column-missing",
            mapping.file,
            f"there is no column for {what}",
            "needed: " + ", or ".join(" with ".join(sorted(each)) for each in accepted),
        )
        for what, accepted in choices.items()
        if not any(each <= has for each in accepted)
    ]


def _completed(rows: pd.DataFrame) -> pd.DataFrame:
    """Every measured column, NaN where the sheet has none; depths from what gives them."""
    done = rows.copy()
    for name in _MEASURED:
        if name not in done:
            done[name] = np.nan
    done["core_id"] = done["core_id"].astype("object")
    done["is_point"] = False
    for side in ("min", "max"):
        if f"stands_{side}_cm" in done:
            name = f"depth_{side}_cm"
            done[name] = done[name].fillna(done[f"stands_{side}_cm"])
    if "depth_mid_cm" in done:
        point = done["depth_min_cm"].isna() & done["depth_max_cm"].isna()
        point &= done["depth_mid_cm"].notna()
        for name in ("depth_min_cm", "depth_max_cm"):
            done[name] = done[name].mask(point, done["depth_mid_cm"])
        done["is_point"] = point
    return done


def _unknown_column(name: str, file: str) -> Finding:
    fix = "name it in the column mapping, or do not ask for it"
    return defect("column-missing", file, f"there is no column for {name}", fix)


def _only(
    rows: pd.DataFrame, cells: MappedCells, only: Mapping[str, str]
) -> tuple[pd.DataFrame, MappedCells]:
    """The rows with the values that are asked for, and the defects of their cells."""
    if not only:
        return rows, cells
    wanted = np.logical_and.reduce([rows[name] == value for name, value in only.items()])
    place = np.cumsum(wanted) - 1

    def moved(found: tuple[CellDefect, ...]) -> tuple[CellDefect, ...]:
        return tuple((int(place[at]), *rest) for at, *rest in found if wanted[at])  # type: ignore[misc] # a tuple of four

    left = rows[wanted].reset_index(drop=True)
    return left, MappedCells(left, moved(cells.defects), moved(cells.notes))


def _joined(rows: pd.DataFrame, core_table: Path) -> tuple[pd.DataFrame, list[Finding]]:
    """The columns of the sheet of cores on every slice of the core."""
    lines, findings = sheet_lines(core_table, "")
    if lines is None:
        return rows, findings
    mapping, found = map_columns(lines[0][1], CORE_NAMES, file=core_table.name)
    findings += found
    if mapping.column("core_id") is None:
        message, fix = "there is no column for core_id", "add it, or name it core_id"
        return rows, [*findings, defect("column-missing", core_table.name, message, fix)]
    cells = mapped_cells(lines, mapping)
    findings += converted_findings(cells.notes, cells.rows["line"], core_table.name)
    cores, found = sound_positions(cells.rows, core_table.name)
    findings += found
    hits = [(int(cores["line"].to_numpy()[place]), said) for place, _, _, said in cells.defects]
    fix = "the cell is read as empty"
    findings += row_defects("cell-ignored", core_table.name, hits, fix, severity="warning")
    again = cores[cores["core_id"].duplicated(keep=False)]
    if len(again):
        hits = [
            (int(r["line"]), f"core '{r['core_id']}' is there twice") for r in as_records(again)
        ]
        findings += row_defects("core-twice", core_table.name, hits, "one row for each core")
        return rows, findings
    unknown = sorted(set(rows["core_id"]) - set(cores["core_id"]))
    if unknown:
        message = f"{len(unknown)} cores are not in {core_table.name}: {', '.join(unknown[:8])}"
        found_here = defect(
            "core-unknown", core_table.name, message, "add them", severity="warning"
        )
        findings.append(found_here)
    new = [name for name in cores if name not in rows or name == "core_id"]
    joined = rows.merge(cores[new], on="core_id", how="left", validate="many_to_one")
    for column in mapping.columns:
        if column.kind != "number" and column.name in new:
            joined[column.name] = joined[column.name].fillna("")
    return joined, findings


def _cells_ignored(defects: tuple[CellDefect, ...], rejects: Rejects) -> list[Finding]:
    """Cells that cannot be read in rows that are used all the same."""
    lines = rejects.rows["line"].to_numpy()
    out = rejects.mask
    hits = [(int(lines[place]), said) for place, _, _, said in defects if not out[place]]
    fix = "the cell is read as empty; the row is used"
    return row_defects("cell-ignored", rejects.file, hits, fix, severity="warning")
