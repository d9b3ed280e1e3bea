"""Soil cores (土壤柱状样) from files to results: read, judged, corrected, integrated, averaged.

:func:`measure_cores` is the one way from a sheet to stocks, whoever asks: a project
(:func:`measure_soil`), the command ``bluecarbon mrv cores``, or a notebook. Its parts can be
called by themselves: :mod:`bluecarbon.mrv.core_sheets` (sheets to slices),
:mod:`bluecarbon.mrv.core_ground` (slices against strata and dates),
:mod:`bluecarbon.mrv.soil_profiles` (slices to stocks) and
:mod:`bluecarbon.mrv.soil_accumulation` (dated layers to rates).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from bluecarbon.errors import MethodologyError
from bluecarbon.methodology.kernels.soil_matter import conversion
from bluecarbon.mrv import soil_remarks as remarks
from bluecarbon.mrv.column_names import ColumnMapping, Correction
from bluecarbon.mrv.converted_positions import converted_positions
from bluecarbon.mrv.core_ground import FIXES, Ground, judge
from bluecarbon.mrv.core_sheets import CoreSheet, read_core_sheet
from bluecarbon.mrv.marker_horizons import read_markers
from bluecarbon.mrv.rasters import Geometry
from bluecarbon.mrv.rejects import Rejects
from bluecarbon.mrv.soil_accumulation import core_rates
from bluecarbon.mrv.soil_profile_checks import FIXES as PROFILE_FIXES
from bluecarbon.mrv.soil_profile_checks import nothing_left
from bluecarbon.mrv.soil_profiles import (
    ProfileOptions,
    ProfileResult,
    evaluated,
    screened_slices,
)
from bluecarbon.project import Project
from bluecarbon.project_coordinates import Coordinates
from bluecarbon.project_soil import Soil
from bluecarbon.spec import Finding, errors_in

REJECTED_COLUMNS = ["file", "line", "core_id", "code", "reason"]

Findings = tuple[Finding, ...]


@dataclass(frozen=True)
class CoreSource:
    """A sheet of slices and how it is read (see :func:`read_core_sheet`).

    ``coordinates`` is the system of its positions; others than WGS 84 are converted, and said.
    ``only`` are the values that rows must have to be looked at.
    """

    path: Path
    core_table: Path | None = None
    workbook_sheet: str = ""
    decimal_comma: bool = False
    corrections: Mapping[str, Correction] = field(default_factory=dict)
    coordinates: Coordinates = "wgs84"
    only: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SoilResult:
    """What soil cores measured (tC is carbon).

    ``slices``, ``cores``, ``plots`` and ``strata`` as of
    :class:`bluecarbon.mrv.soil_profiles.ProfileResult`; ``rates`` as of
    :func:`bluecarbon.mrv.soil_accumulation.core_rates` (empty where no layer is dated);
    ``markers``: accretion over marker horizons (empty without a sheet of them); ``rejected``:
    file, line, core_id, code and reason of every row that was not used; ``mapping``: which column
    was what.
    """

    mapping: ColumnMapping
    slices: pd.DataFrame
    cores: pd.DataFrame
    plots: pd.DataFrame
    strata: pd.DataFrame
    rates: pd.DataFrame
    rejected: pd.DataFrame
    markers: pd.DataFrame = field(default_factory=pd.DataFrame)


@dataclass(frozen=True)
class Reading:
    """What came of a sheet: ``result`` is None when nothing can be counted, or may be.

    ``mapping`` and ``rejected`` are there as far as the sheet could be read.
    """

    result: SoilResult | None
    findings: Findings
    mapping: ColumnMapping | None = None
    rejected: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=REJECTED_COLUMNS))


def measure_soil(
    project: Project,
    stratum_ids: Sequence[str],
    polygons: Mapping[str, Geometry] | None = None,
) -> tuple[SoilResult | None, Findings]:
    """Read, check and evaluate the soil cores of a project.

    ``polygons`` are those of the strata, as far as they are known.

    Returns
    -------
    The result, None when the project has no cores or a finding is an error; and every finding.
    """
    section = project.soil
    if section is None:
        return None, ()
    ground = Ground(
        strata=tuple(stratum_ids),
        polygons=polygons or {},
        period_end=project.period.end,
        coordinates=section.coordinates,
    )
    strict = section.bad_rows == "stop"
    reading = measure_cores(
        source_of(project, section),
        options_of(section),
        ground=ground,
        reference_years=section.reference_years,
        strict=strict,
    )
    markers, found = pd.DataFrame(), ()  # type: tuple[pd.DataFrame, Findings]
    if section.markers:
        markers, found = read_markers(project.resolve(section.markers), strict=strict)
    findings = (*reading.findings, *found)
    if reading.result is None or errors_in(findings):
        return None, findings
    result = reading.result
    return SoilResult(**(vars(result) | {"markers": markers})), findings


def source_of(project: Project, section: Soil) -> CoreSource:
    """Where the project says that its cores are."""
    return CoreSource(
        path=project.resolve(section.cores),
        core_table=project.resolve(section.core_table) if section.core_table else None,
        workbook_sheet=section.sheet,
        decimal_comma=section.decimal_comma,
        corrections=section.columns,
        coordinates=section.coordinates,
    )


def options_of(section: Soil) -> ProfileOptions:
    """How the project says that slices become stocks."""
    chosen = section.conversion
    return ProfileOptions(
        reference_depth_cm=section.reference_depth_cm,
        correction=section.compaction,
        conversion=chosen.name if chosen else "",
        regression_by=chosen.regression_by if chosen else (),
        low_matter=chosen.low_matter if chosen else "refuse",
        allochthonous_percent=section.allochthonous_percent,
        gap_max_cm=section.gap_max_cm,
        depth_share_min=section.depth_share_min,
        rejected_slices=section.rejected_slices,
    )


def measure_cores(
    source: CoreSource,
    options: ProfileOptions,
    *,
    ground: Ground | None = None,
    reference_years: float = 100.0,
    strict: bool = False,
) -> Reading:
    """Slices of a sheet to stocks of cores, plots and strata.

    Rows and cores that cannot be used are left out as warnings that name them, and counted; with
    ``strict`` they are errors and there is no result. All findings of all steps come at once;
    of a core with a row that cannot be read, strict reading says no more than that.

    Raises
    ------
    MissingExtraError
        The sheet is a workbook and openpyxl is not installed.
    """
    file = source.path.name
    wrong = _options_findings(options)
    sheet, found = read_core_sheet(
        source.path,
        corrections=source.corrections,
        core_table=source.core_table,
        workbook_sheet=source.workbook_sheet,
        decimal_comma=source.decimal_comma,
        only=source.only,
    )
    findings = [*wrong, *found]
    if sheet is None or wrong:
        return Reading(None, tuple(findings), sheet.mapping if sheet else None)
    rows, said = converted_positions(sheet.rows, file, source.coordinates)
    judged, more = judge(rows, file, ground or Ground())
    findings += [*said, *more, *judged.findings(FIXES, "warning")]
    left = judged.rows[~judged.mask]
    if strict:
        # what a missing row makes of its core is no news to whoever must correct the row
        spoilt = {*sheet.rejects["core_id"], *judged.table()["core_id"]}
        left = left[~left["core_id"].isin(spoilt)]
    findings += _columns_of_groups(left, options, file)
    if errors_in(findings):
        return Reading(None, tuple(findings), sheet.mapping, _rejected(sheet, [judged], file))
    lost = [part for part in (sheet.left_out, judged.rows[judged.mask]) if len(part)]
    screened = screened_slices(left, options, file=file, left_out=pd.concat(lost) if lost else None)
    findings += [*screened.findings, *screened.rejects.findings(PROFILE_FIXES, "warning")]
    rejected = _rejected(sheet, [judged, screened.rejects], file)
    if not screened.can_be_evaluated and not (strict and len(rejected)):
        findings.append(nothing_left(file))
    findings = remarks.counted(findings, rejected, sheet, file, strict=strict)
    if errors_in(findings):
        return Reading(None, tuple(findings), sheet.mapping, rejected)
    profile, said = evaluated(screened, options, file=file)
    result, late = _result(sheet, profile, rejected, reference_years, file=file)
    late = (*said, *late, *remarks.of_cores(result.cores, result.strata, file))
    return Reading(result, (*findings, *late), sheet.mapping, rejected)


def _options_findings(options: ProfileOptions) -> list[Finding]:
    if not options.conversion:
        return []
    try:
        conversion(options.conversion)
    except MethodologyError as error:
        fix = "name one of them, or measure the carbon"
        return [Finding.error("conversion-unknown", "conversion", str(error), fix=fix)]
    return []


def _columns_of_groups(rows: pd.DataFrame, options: ProfileOptions, file: str) -> list[Finding]:
    fix = "name its column, or leave it out of regression_by"
    return [
        Finding.error("column-missing", file, f"there is no column for {name}", fix=fix)
        for name in options.regression_by
        if name not in rows
    ]


def _rejected(sheet: CoreSheet, steps: Sequence[Rejects], file: str) -> pd.DataFrame:
    parts = [sheet.rejects, *(step.table() for step in steps)]
    table = pd.concat([part for part in parts if len(part)] or [sheet.rejects])
    table = table.sort_values(["line"], kind="stable", ignore_index=True)
    return table.assign(file=file)[REJECTED_COLUMNS]


def _result(
    sheet: CoreSheet,
    profile: ProfileResult,
    rejected: pd.DataFrame,
    reference_years: float,
    *,
    file: str,
) -> tuple[SoilResult, Findings]:
    rates, found = pd.DataFrame(), ()  # type: tuple[pd.DataFrame, Findings]
    slices = profile.slices
    if "age_years" in slices and slices["age_years"].notna().any():
        rates, found = core_rates(slices, reference_years=reference_years, file=file)
    result = SoilResult(
        mapping=sheet.mapping,
        slices=slices.drop(columns="date_written", errors="ignore"),
        cores=profile.cores,
        plots=profile.plots,
        strata=profile.strata,
        rates=rates,
        rejected=rejected,
    )
    return result, found
