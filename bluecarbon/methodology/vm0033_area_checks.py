"""Whether the strata of ``vm0033@2.1`` sum to one project area in both scenarios (5.2.2)."""

from __future__ import annotations

from collections.abc import Iterator

from bluecarbon import units
from bluecarbon.errors import UnitError
from bluecarbon.methodology import vm0033_methods as methods
from bluecarbon.methodology.vm0033_series_checks import axis_of
from bluecarbon.report import Monitoring, Scenario
from bluecarbon.spec import Finding

AREA_TOLERANCE = 0.001


def area_findings(monitoring: Monitoring) -> Iterator[Finding]:
    """Years in which the two scenarios are about different areas: an error unless declared.

    "Areas of individual strata must sum to the total project area" (5.2.2), and there is one
    project area: land that only one scenario counts would be credited for nothing, or twice.
    """
    different = {}
    for year in axis_of(monitoring):
        baseline, project = (_area(monitoring, scenario, year) for scenario in methods.SCENARIOS)
        if baseline is None or project is None:
            return
        if abs(baseline - project) > AREA_TOLERANCE * max(baseline, project):
            different[year] = baseline, project
    if not different:
        return
    year, (baseline, project) = next(iter(different.items()))
    rest = f" (and in {len(different) - 1} more years)" if len(different) > 1 else ""
    declared = monitoring.declarations.get("scenario_areas_differ")
    make = Finding.warning if declared == 1 else Finding.error
    yield make(
        "areas-differ",
        f"stratum_area {year}",
        f"strata sum to {baseline:g} ha in the baseline and {project:g} ha in the project{rest}",
        fix="strata must sum to the project area in both scenarios (5.2.2); where the difference "
        "is right state scenario_areas_differ = true",
    )


def _area(monitoring: Monitoring, scenario: Scenario, year: int) -> float | None:
    total = 0.0
    for stratum in methods.active(monitoring, scenario):
        rows = monitoring.annual("stratum_area", stratum=stratum.id, scenario=scenario)
        place = year - rows[0].first_year
        try:
            factor = units.factor(rows[0].unit, "ha")
        except UnitError:
            return None
        if not 0 <= place < len(rows[0].values):
            return None
        total += rows[0].values[place] * factor
    return total
