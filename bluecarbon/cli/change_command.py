"""What ``bluecarbon mrv change`` does: count, clean, draw, write, all or nothing."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pandas as pd

from bluecarbon.errors import DataError
from bluecarbon.mrv.blocks import Runner
from bluecarbon.mrv.change_areas import Kind, Period, change_areas, noise_findings, removed_findings
from bluecarbon.mrv.change_charts import areas_of_years_png, change_png
from bluecarbon.mrv.change_files import (
    ChangeRules,
    write_change_maps,
    write_cleaned_maps,
)
from bluecarbon.mrv.change_patches import joined, patches_of_file
from bluecarbon.mrv.change_year_maps import changes_by_year, write_change_years
from bluecarbon.mrv.exports import write_geopackage
from bluecarbon.mrv.manifest import digest_of, write_manifest
from bluecarbon.mrv.map_arguments import MapLegend, in_file, nothing_covered
from bluecarbon.mrv.map_stack import Alignment, MapStack, open_stack
from bluecarbon.mrv.outputs import SIGNIFICANT_DIGITS
from bluecarbon.mrv.rasters import Geometry
from bluecarbon.mrv.transitions import DatedMap, Transitions, transition_areas
from bluecarbon.spec import Finding, errors_in

if TYPE_CHECKING:
    import geopandas as gpd

CHANGES_BACK = "change-flips-back"

Findings = tuple[Finding, ...]


@dataclass(frozen=True)
class ChangeRequest:
    """What is asked: maps, classes, strata, rules; ``map_error`` is None when nobody knows it."""

    maps: tuple[DatedMap, ...]
    legend: MapLegend
    strata: Path | dict[str, Geometry] | None
    strata_path: Path | None
    rules: ChangeRules
    alignment: Alignment
    map_error: float | None


@dataclass(frozen=True)
class _Counted:
    maps: tuple[DatedMap, ...]
    stack: MapStack
    table: Transitions
    findings: Findings


def make_change(
    asked: ChangeRequest, folder: Path, settings: dict[str, object], runner: Runner
) -> tuple[pd.DataFrame, Findings]:
    """Write tables, maps, polygons and the manifest into ``folder``.

    Returns the table of change and all findings. DataError when an input forbids it.
    """
    counted = _counted(asked, asked.maps, runner)
    found = (*counted.findings, *_one_class(counted.table, asked.rules))
    (folder / "maps").mkdir()
    if asked.rules.clean:
        maps, damaged = write_cleaned_maps(
            asked.maps, counted.stack, asked.rules, folder / "maps", runner=runner
        )
        _required(damaged)
        raw, counted = counted, _counted(replace(asked, alignment="refuse"), maps, runner)
        found += _taken_back(raw.table, counted.table, asked.rules)
    periods, damaged = write_change_maps(
        counted.maps, counted.stack, asked.rules, folder / "maps", runner=runner
    )
    _required(damaged)
    if len(counted.maps) > 2:
        _required(
            write_change_years(
                counted.maps, counted.stack, asked.rules, folder / "maps", runner=runner
            )
        )
    found += _write_polygons(asked, periods, folder)
    table, noise = _change(asked, counted.table)
    found += (*noise, _only_mapped(periods))
    _write_tables(asked, counted.table, table, folder)
    (folder / "change.png").write_bytes(change_png(table))
    (folder / "areas.png").write_bytes(areas_of_years_png(_areas(asked, counted.table)))
    write_manifest(
        folder,
        "bluecarbon mrv change",
        settings=settings,
        inputs=_inputs(asked),
        rules=asked.rules.sentences,
        findings=found,
    )
    return table, found


def _required(found: Sequence[Finding]) -> None:
    if errors_in(found):
        raise DataError(found)


def _counted(asked: ChangeRequest, maps: tuple[DatedMap, ...], runner: Runner) -> _Counted:
    table, found = transition_areas(
        maps,
        strata=asked.strata,
        legend=asked.legend.declared,
        alignment=asked.alignment,
        runner=runner,
    )
    found = in_file(found, asked.strata_path)
    if table is not None and not len(table.pixels) and asked.strata_path is not None:
        found += (nothing_covered(asked.strata_path, len(table.strata), maps[0]),)
    _required(found)
    stack, again = open_stack(
        [item.path for item in maps],
        [item.subject for item in maps],
        runner=runner,
        alignment=asked.alignment,
        bands=[item.band or 1 for item in maps] if any(item.band for item in maps) else [],
    )
    if table is None or stack is None:
        raise DataError((*found, *again))
    return _Counted(maps, stack, table, found)


def _only_mapped(periods: dict[tuple[int, int], Path]) -> Finding:
    """What is counted on maps carries the errors of both; where the estimates come from."""
    first = next(iter(periods.values())).name
    message = "gain and loss are counted on the maps, and carry the errors of both maps"
    fix = (
        f"for area-adjusted figures with intervals: mrv draw-sample maps/{first}, label the points "
        f"on both dates, and mrv accuracy POINTS --map maps/{first}"
    )
    return Finding.info("change-mapped-only", "change.csv", message, fix=fix)


def _one_class(table: Transitions, rules: ChangeRules) -> Findings:
    """A map of one class beside "no data": nothing can be gained or lost on it."""
    known = set(table.codes.ravel().tolist()) - rules.unknown
    if len(known) > 1 or not rules.unknown:
        return ()
    numbers = ", ".join(map(str, sorted(rules.unknown)))
    seen = f"only class {', '.join(map(str, known))} occurs beside numbers that say nothing"
    if not known:
        seen = "no class occurs: every pixel that was counted has a number that says nothing"
    message = f"{seen} ({numbers}): no gain or loss can be seen"
    fix = f"if {numbers} means another class, name it, as in --legend {numbers}=other"
    return (Finding.warning("class-map-one-class", "maps", message, fix=fix),)


def _taken_back(raw: Transitions, cleaned: Transitions, rules: ChangeRules) -> Findings:
    """How much change the rules took back; it is in no table else.

    A remark for a mapping unit; the three-date filter is warned about by stratum and period.
    """
    before, after = (_changed_ha(table, rules) for table in (raw, cleaned))
    message = (
        f"{'; '.join(rules.sentences)}. Ground that changes at all: {before:,.1f} ha before, "
        f"{after:,.1f} ha after"
    )
    remark = Finding.warning if rules.three_dates else Finding.info
    found: Findings = (remark("change-rules-applied", "maps", message),)
    if rules.three_dates:
        found += removed_findings(raw, cleaned, rules.number, unknown=rules.unknown)
    return found


def _changed_ha(table: Transitions, rules: ChangeRules) -> float:
    changes = [
        (start != end) & ~pd.Series(start).isin(rules.unknown) & ~pd.Series(end).isin(rules.unknown)
        for start, end in itertools.pairwise(table.codes.T)
    ]
    changed = pd.concat(changes, axis=1).any(axis=1) if changes else pd.Series(dtype=bool)
    return float(table.area_ha[changed.to_numpy(dtype=bool)].sum()) if changes else 0.0


def _change(asked: ChangeRequest, table: Transitions) -> tuple[pd.DataFrame, Findings]:
    number, unknown = asked.rules.number, asked.rules.unknown
    frame = change_areas(table, number, unknown=unknown)
    frame.insert(0, "class", asked.legend.name(number))
    noise = noise_findings(table, number, error_share=asked.map_error or 0.0, unknown=unknown)
    if asked.map_error is None:
        # Without a known error only what changes back can be told from change.
        noise = tuple(finding for finding in noise if finding.code == CHANGES_BACK)
    return frame, noise


def _write_polygons(
    asked: ChangeRequest, periods: dict[tuple[int, int], Path], folder: Path
) -> Findings:
    """Loss and gain of successive periods as layers of ``maps/change_polygons.gpkg``."""
    strata = asked.strata if isinstance(asked.strata, dict) else None
    years = [item.year for item in asked.maps]
    layers: dict[str, gpd.GeoDataFrame] = {}
    for kind in get_args(Kind):
        parts = []
        for period in itertools.pairwise(years):
            drawn, found = patches_of_file(periods[period], kind, Period(*period), strata=strata)
            if drawn is None:
                return found
            parts.append(drawn)
        layers[kind] = joined(parts)
    write_geopackage(layers, folder / "maps/change_polygons.gpkg")
    return ()


def _write_tables(
    asked: ChangeRequest, table: Transitions, change: pd.DataFrame, folder: Path
) -> None:
    (folder / "tables").mkdir()
    tables = {
        "change": change,
        "sequences": table.to_frame(),
        "areas": _areas(asked, table),
        "transitions": _transitions(asked, table),
    }
    if len(table.years) > 2:
        rules = asked.rules
        tables["change_years"] = changes_by_year(table, rules.number, unknown=rules.unknown)
    for name, rows in tables.items():
        rows.to_csv(
            folder / f"tables/{name}.csv",
            index=False,
            float_format=SIGNIFICANT_DIGITS,
            lineterminator="\n",
        )


def _areas(asked: ChangeRequest, table: Transitions) -> pd.DataFrame:
    rows = [
        (stratum, year, number, asked.legend.name(number), area_ha)
        for stratum in table.strata
        for year in table.years
        for number, area_ha in table.areas_ha(year, stratum).items()
    ]
    return pd.DataFrame(rows, columns=["stratum", "year", "number", "class", "area_ha"])


def _transitions(asked: ChangeRequest, table: Transitions) -> pd.DataFrame:
    name, years = asked.legend.name, table.years
    periods = [*itertools.pairwise(years), *([(years[0], years[-1])] if len(years) > 2 else [])]
    rows = [
        (stratum, start, end, name(before), name(after), area_ha)
        for stratum in table.strata
        for start, end in periods
        for (before, after), area_ha in table.matrix_ha(start, end, stratum).items()
    ]
    columns = ["stratum", "from_year", "to_year", "from_class", "to_class", "area_ha"]
    return pd.DataFrame(rows, columns=columns)


def _inputs(asked: ChangeRequest) -> list[Any]:
    inputs = [
        digest_of(item.file, f"class map of {item.year}", name=item.subject) for item in asked.maps
    ]
    return [*inputs, *([digest_of(asked.strata_path, "strata")] if asked.strata_path else [])]
