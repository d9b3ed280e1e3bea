"""The three CSV files of InVEST Coastal Blue Carbon: snapshots, biophysical table, transitions.

The formats are those of the InVEST User's Guide ("Coastal Blue Carbon", Data Needs). Columns and
class names match without regard to upper and lower case, as in InVEST. What InVEST passes over in
silence is a finding here.

One thing is added: a numeric column of the biophysical table may have a neighbour
``<column>-standard-error``, which InVEST does not read and a Monte Carlo needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bluecarbon.mrv.field_tables import (
    Column,
    Lines,
    in_words,
    read_lines,
    row_defects,
    typed_table,
)
from bluecarbon.mrv.stock_draws import Uncertainty
from bluecarbon.mrv.stock_model import (
    ACCUMULATION,
    HIGH,
    LITTER,
    LOW,
    MEDIUM,
    NO_CHANGE,
    POOLS,
    Floats,
    StockParameters,
)
from bluecarbon.mrv.transitions import DatedMap
from bluecarbon.spec import Finding, errors_in

Findings = tuple[Finding, ...]

IMPACTS = ("low", "med", "high")
STANDARD_ERROR = "-standard-error"
CODE_NAMES = ("lucode", "code")
KINDS = ["snapshot table", "biophysical table", "transition table"]

ACTIONS = {
    "": NO_CHANGE,
    "ncc": NO_CHANGE,
    "accum": ACCUMULATION,
    "low-impact-disturb": LOW,
    "med-impact-disturb": MEDIUM,
    "high-impact-disturb": HIGH,
}
"""Cells of the transition table, in lower case."""


@dataclass(frozen=True)
class InvestInputs:
    """What the three files say.

    ``blank`` marks empty cells of the transition table; ``transitions`` is its file and ``rows``
    the line of every class in it.
    """

    snapshots: tuple[DatedMap, ...]
    parameters: StockParameters
    uncertainty: Uncertainty
    blank: NDArray[np.bool_]
    transitions: str = "transition table"
    rows: Mapping[str, int] = field(default_factory=dict)

    def row_of(self, name: str) -> str:
        """Where the transitions from a class stand, for findings."""
        line = self.rows.get(name)
        return f"{self.transitions} row {line}" if line else self.transitions


def read_invest_tables(
    snapshots: Path, biophysical: Path, transitions: Path
) -> tuple[InvestInputs | None, Findings]:
    """Read the three files; every defect of all of them at once.

    Findings: those of :func:`bluecarbon.mrv.field_tables.read_field_table`, ``year-unreadable``,
    ``snapshot-year-twice``, ``snapshot-file-missing``, ``class-code-wrong``, ``class-twice``,
    ``number-negative``, ``share-above-one``, ``class-name-unknown``, ``transition-unknown``,
    ``transition-not-edited``, ``transition-missing``, ``half-life-zero`` (warning);
    ``tables-exchanged`` alone, where each file is one of the others.
    """
    if exchanged := _exchanged(snapshots, biophysical, transitions):
        return None, (exchanged,)
    maps, map_findings = _read_snapshots(snapshots)
    table, table_findings = _read_biophysical(biophysical)
    findings = [*map_findings, *table_findings]
    if table is None:
        _, found = read_lines(transitions, transitions.name, until_blank=True)
        return None, (*findings, *found)
    read, action_findings = _read_transitions(transitions, table["lulc-class"].tolist())
    findings += action_findings
    if errors_in(findings) or maps is None:
        return None, tuple(findings)
    parameters = _parameters(table, read.actions)
    findings += _half_life_findings(biophysical.name, parameters)
    uncertainty = Uncertainty(*_tables(table, STANDARD_ERROR))
    made = InvestInputs(maps, parameters, uncertainty, read.blank, transitions.name, read.rows)
    return made, tuple(findings)


def _exchanged(*files: Path) -> Finding | None:
    """The finding for tables that are right and stand in each other's place."""
    kinds = [_kind(_header(file)) for file in files]
    if kinds == KINDS or sorted(kinds) != sorted(KINDS):
        return None
    told = ", ".join(f"{file.name} is the {kind}" for file, kind in zip(files, kinds, strict=True))
    fix = f"give them in this order: {', '.join(KINDS)}"
    message = f"the tables seem exchanged: {told}"
    return Finding.error("tables-exchanged", files[0].name, message, fix=fix)


def _kind(header: Sequence[str]) -> str:
    snapshots, biophysical, transitions = KINDS
    if "snapshot_year" in header:
        return snapshots
    if "lulc-class" not in header:
        return ""
    return biophysical if {*CODE_NAMES, *numeric_columns()} & {*header} else transitions


def _read_snapshots(path: Path) -> tuple[tuple[DatedMap, ...] | None, list[Finding]]:
    columns = (Column("snapshot_year", "number"), Column("raster_path"))
    table, findings = _read(path, columns)
    if table is None:
        return None, findings
    years, names, lines = table["snapshot_year"], table["raster_path"], table["line"]
    wrong = [
        (int(line), f"snapshot_year {year:g} is no calendar year")
        for line, year in zip(lines, years, strict=True)
        if not np.isnan(year) and (year % 1 or not 0 < year < 10_000)
    ]
    findings += row_defects("year-unreadable", path.name, wrong, "write the year, as 2010")
    places = [path.parent / name for name in names]
    missing = [
        (int(line), f"there is no file '{name}' (looked for in the folder of the table)")
        for line, name, place in zip(lines, names, places, strict=True)
        if name and not place.is_file()
    ]
    fix = "write the path as seen from the folder of this table"
    findings += row_defects("snapshot-file-missing", path.name, missing, fix)
    findings += _years_twice(table, path.name)
    if errors_in(findings):
        return None, findings
    rows = zip(years, places, strict=True)
    return tuple(DatedMap(int(year), place) for year, place in rows), findings


def _years_twice(table: pd.DataFrame, file: str) -> list[Finding]:
    """Rows whose year another row has: of two maps of one year one would be lost."""
    twice = []
    for year, rows in table.groupby("snapshot_year"):
        lines = rows["line"].tolist()
        names = " and ".join(f"'{name}'" for name in rows["raster_path"])
        told = f"year {year:g} stands in {in_words(lines)}: {names}"
        twice += [(int(lines[-1]), told)] if len(lines) > 1 else []
    return row_defects("snapshot-year-twice", file, twice, "keep one map a year")


def read_prices(path: Path) -> tuple[dict[int, float], Findings]:
    """The price table of InVEST (columns year and price): year -> price of a tonne."""
    table, findings = _read(path, (Column("year", "number"), Column("price", "number")))
    if table is None:
        return {}, tuple(findings)
    wrong = [(i, f"year {y:g} is no calendar year") for i, y in _rows(table, "year") if y % 1 > 0]
    findings += row_defects("year-unreadable", path.name, wrong, "write the year, as 2010")
    again = table[table["year"].duplicated() & table["year"].notna()]
    twice = [(i, f"year {y:g} stands in an earlier row, too") for i, y in _rows(again, "year")]
    findings += row_defects("price-twice", path.name, twice, "keep one price a year")
    if errors_in(findings):
        return {}, tuple(findings)
    rows = zip(table["year"], table["price"], strict=True)
    return {int(year): float(price) for year, price in rows}, tuple(findings)


def numeric_columns() -> tuple[str, ...]:
    """The numeric columns of the biophysical table, in the order of the guide."""
    return tuple(
        [f"{pool}-initial" for pool in POOLS]
        + [
            f"{pool}-{what}"
            for pool in POOLS[:LITTER]
            for what in ("half-life", *(f"{impact}-impact-disturb" for impact in IMPACTS))
        ]
        + [f"{pool}-yearly-accumulation" for pool in POOLS]
    )


def _read_biophysical(path: Path) -> tuple[pd.DataFrame | None, list[Finding]]:
    numbers = numeric_columns()
    header = _header(path)
    code = next((name for name in CODE_NAMES if name in header), CODE_NAMES[0])
    columns = [
        Column(code, "number"),
        Column("lulc-class"),
        *(Column(n, "number") for n in numbers),
    ]
    columns += [Column(n + STANDARD_ERROR, "number", optional=True) for n in numbers]
    table, findings = _read(path, columns)
    if table is None:
        return None, findings
    table = table.rename(columns={code: CODE_NAMES[0]})
    table["lulc-class"] = table["lulc-class"].str.lower()
    findings += _class_defects(table, path.name)
    findings += _number_defects(table, path.name)
    return (None if errors_in(findings) else table), findings


def _class_defects(table: pd.DataFrame, file: str) -> list[Finding]:
    codes, lines = table["lucode"], table["line"]
    wrong = [
        (int(line), f"lucode {code:g} is not a whole number from 0 on")
        for line, code in zip(lines, codes, strict=True)
        if not np.isnan(code) and (code % 1 or code < 0)
    ]
    found = row_defects("class-code-wrong", file, wrong, "give the number that stands in the maps")
    for column in ("lucode", "lulc-class"):
        again = table[table[column].duplicated() & table[column].notna()]
        hits = [
            (int(line), f"{column} {value:g}" if column == "lucode" else f"{column} '{value}'")
            for line, value in zip(again["line"], again[column], strict=True)
        ]
        told = [(line, f"{text} stands in an earlier row, too") for line, text in hits]
        found += row_defects("class-twice", file, told, "give each class one row")
    return found


def _number_defects(table: pd.DataFrame, file: str) -> list[Finding]:
    found: list[Finding] = []
    for name in numeric_columns():
        for column in (name, name + STANDARD_ERROR):
            if column not in table:
                continue
            low = [(i, f"{column} {v:g} is negative") for i, v in _rows(table, column) if v < 0]
            found += row_defects("number-negative", file, low, "give a number from 0 on")
        if name.endswith("-disturb"):
            high = [(i, f"{name} {v:g} is above 1") for i, v in _rows(table, name) if v > 1]
            fix = "give the share as a fraction: 0.66, not 66"
            found += row_defects("share-above-one", file, high, fix)
    return found


def _rows(table: pd.DataFrame, column: str) -> Iterator[tuple[int, float]]:
    for line, value in zip(table["line"], table[column], strict=True):
        yield int(line), float(value)


@dataclass(frozen=True)
class _Actions:
    """Actions (classes, classes), which cells are blank, and the line of every class."""

    actions: NDArray[np.int8]
    blank: NDArray[np.bool_]
    rows: dict[str, int]


def _read_transitions(path: Path, names: Sequence[str]) -> tuple[_Actions, list[Finding]]:
    actions = np.full((len(names), len(names)), NO_CHANGE, np.int8)
    blank = np.ones(actions.shape, bool)
    # The preprocessor of InVEST writes a legend below the table, after a row without content.
    lines, findings = read_lines(path, path.name, until_blank=True)
    if errors_in(findings):
        return _Actions(actions, blank, {}), findings
    lines = _lower_header(lines or [])
    header = lines[0][1] if lines else []
    targets = [name for name in header if name and name != "lulc-class"]
    columns = [Column("lulc-class"), *(Column(name, optional=True) for name in targets)]
    table, found = typed_table(path.name, lines, columns)
    findings += [*found, *_name_defects(path.name, table, targets, names)]
    if table is None or errors_in(findings):
        return _Actions(actions, blank, {}), findings
    place = {name: index for index, name in enumerate(names)}
    for line, source, *cells in table[["line", "lulc-class", *targets]].itertuples(index=False):
        for target, cell in zip(targets, cells, strict=True):
            at = place[source.lower()], place[target]
            blank[at] = not cell
            where = f"{path.name} row {line}"
            findings += _cell_defect(where, source, target, cell)
            actions[at] = ACTIONS.get(cell.lower(), NO_CHANGE)
    rows = {name: line for line, name in _named_rows(table)}
    return _Actions(actions, blank, rows), findings


def _name_defects(
    file: str, table: pd.DataFrame | None, targets: Sequence[str], names: Sequence[str]
) -> list[Finding]:
    known = ", ".join(names)
    fix = f"use the names of the biophysical table: {known}"
    found = [
        Finding.error("class-name-unknown", f"{file} header", f"there is no class '{n}'", fix=fix)
        for n in targets
        if n not in names
    ]
    sources = [] if table is None else [(int(i), s) for i, s in _named_rows(table)]
    wrong = [(line, f"there is no class '{name}'") for line, name in sources if name not in names]
    found += row_defects("class-name-unknown", file, wrong, fix)
    rows = [name for _, name in sources]
    again = [(line, f"class '{n}' has two rows") for line, n in sources if rows.count(n) > 1]
    found += row_defects("class-twice", file, again[1:], "keep one row a class")
    missing = [n for n in names if table is not None and (n not in targets or n not in rows)]
    if missing:
        message = f"no row or no column for: {', '.join(missing)}; taken as no change of carbon"
        told = "add the row and the column, with NCC where nothing changes"
        found.append(Finding.warning("transition-missing", file, message, fix=told))
    return found


def _named_rows(table: pd.DataFrame) -> Iterator[tuple[int, str]]:
    for line, name in zip(table["line"], table["lulc-class"], strict=True):
        yield int(line), str(name).lower()


def _cell_defect(where: str, source: str, target: str, cell: str) -> list[Finding]:
    if cell.lower() in ACTIONS:
        return []
    message = f"from '{source}' to '{target}': '{cell}' is none of the words that mean something"
    code, fix = "transition-unknown", f"write one of: {', '.join(filter(None, ACTIONS))}"
    if cell.lower() == "disturb":
        code = "transition-not-edited"
        message = f"from '{source}' to '{target}': the preprocessor wrote 'disturb'"
        fix = "say how strongly: low-impact-disturb, med-impact-disturb or high-impact-disturb"
    return [Finding.error(code, where, message, fix=fix)]


def _half_life_findings(file: str, parameters: StockParameters) -> list[Finding]:
    """Half-lives of 0 of disturbed pools: by the guide all is lost at once, in InVEST nothing."""
    found = []
    lost = {int(row) for row in np.argwhere(parameters.transitions >= LOW)[:, 0]}
    for index, pool in np.ndindex(len(parameters.names), LITTER):
        share = parameters.disturbed_share[:, index, pool]
        if index in lost and share.any() and parameters.half_life[index, pool] == 0:
            name, subject = parameters.names[index], f"{file} {POOLS[pool]}-half-life"
            message = f"the half-life of '{name}' is 0: what is disturbed is emitted in one year"
            fix = "InVEST emits nothing then; give the years that you mean"
            found.append(Finding.warning("half-life-zero", subject, message, fix=fix))
    return found


def _parameters(table: pd.DataFrame, actions: NDArray[np.int8]) -> StockParameters:
    codes = tuple(int(code) for code in table["lucode"])
    names = tuple(str(name) for name in table["lulc-class"])
    initial, accumulation, half_life, shares = _tables(table, "")
    return StockParameters(codes, names, initial, accumulation, half_life, shares, actions)


def _tables(table: pd.DataFrame, suffix: str) -> tuple[Floats, Floats, Floats, Floats]:
    """Initial, accumulation, half-life (classes, pools) and shares (3, classes, pools)."""

    def column(name: str) -> Floats:
        if name + suffix not in table:
            return np.zeros(len(table))
        return np.asarray(np.nan_to_num(table[name + suffix].to_numpy(float)))

    none = np.zeros(len(table))
    # Litter has no half-life and is never disturbed: 1 year of nothing.
    litter = none + (0.0 if suffix else 1.0)
    initial = np.column_stack([column(f"{p}-initial") for p in POOLS])
    accumulation = np.column_stack([column(f"{p}-yearly-accumulation") for p in POOLS])
    half_life = np.column_stack([*(column(f"{p}-half-life") for p in POOLS[:LITTER]), litter])
    shares = np.stack(
        [
            np.column_stack([*(column(f"{p}-{i}-impact-disturb") for p in POOLS[:LITTER]), none])
            for i in IMPACTS
        ]
    )
    return initial, accumulation, half_life, shares


def _header(path: Path) -> list[str]:
    """The column names in lower case, or none where the file cannot be read as text."""
    lines, _ = read_lines(path, path.name)
    return [cell.strip().lower() for cell in lines[0][1]] if lines else []


def _lower_header(lines: Lines) -> Lines:
    return [(line, [cell.strip().lower() for cell in cells]) for line, cells in lines[:1]] + lines[
        1:
    ]


def _read(path: Path, columns: Sequence[Column]) -> tuple[pd.DataFrame | None, list[Finding]]:
    """A table whose header may be in capitals, as InVEST reads it."""
    lines, findings = read_lines(path, path.name)
    if lines is None or errors_in(findings):
        return None, findings
    table, found = typed_table(path.name, _lower_header(lines), columns)
    return table, findings + found
