"""What ``ar-am0014@3.0`` counts only where the project gives data for it.

Shrubs (AR-TOOL14 Eq 24-27), dead wood by a default factor (AR-TOOL12), emissions from burning
(AR-TOOL08) and leakage (AR-TOOL15). The last two are computed elsewhere and declared. Litter is
not a pool of AR-AM0014: its factors stand in the parameter table, and nothing here reads them.

Shrubs and dead wood of the baseline are taken as not growing. No uncertainty discount is taken on
shrubs (see :mod:`bluecarbon.methodology.ar_tool14_shrubs`); dead wood carries that of the trees
from which it is computed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bluecarbon.methodology import ar_tool14, ar_tool14_shrubs
from bluecarbon.methodology.ar_am0014_spec import DEAD_WOOD_CLASSES, DOCUMENT
from bluecarbon.methodology.inputs import Inputs
from bluecarbon.methodology.trace import Equation, Term, Trace
from bluecarbon.report import Measurement, Monitoring, Stratum

SHRUB_COVER = "shrub_crown_cover"

SHRUB_SHARE = Equation(
    ar_tool14.DOCUMENT,
    "Eq 25",
    "shrub change of a year, linear between the two dates",
    "tCO2e",
    lambda change, years, period_years: change * years / period_years,
    "{change}*{years}/{period_years}",
)
DEAD_WOOD = Equation(
    "AR-TOOL12",
    "default factor",
    "dead wood as a share of the change of tree carbon",
    "tCO2e",
    lambda trees, factor: trees * factor,
    "{trees}*{factor}",
)
ALL_POOLS = Equation(
    DOCUMENT,
    "Eq 3 (all pools)",
    "change of carbon in the project's pools, with the optional ones",
    "tCO2e",
    lambda trees, soil, others: trees + soil + others.sum(axis=-1),
    "{trees}+{soil}+SUM({others})",
)
BURNING = Equation(
    DOCUMENT,
    "Eq 2 (GHG_E)",
    "emissions from burning, spread over the monitoring period",
    "tCO2e",
    lambda emission, years, monitored_years: emission * years / monitored_years,
    "{emission}*{years}/{monitored_years}",
)
LEAKAGE = Equation(
    DOCUMENT,
    "Eq 5",
    "leakage by displaced agriculture over the share of the year",
    "tCO2e",
    lambda annual, years: annual * years,
    "{annual}*{years}",
)

EQUATIONS = {
    "shrubs": f"{ar_tool14.DOCUMENT} Eq 24-27",
    "dead wood": DEAD_WOOD.label,
    "burning": BURNING.label,
}
"""The equations that give the optional terms of a year."""


@dataclass(frozen=True)
class OptionalYear:
    """The optional terms of a year [tCO2e]: pools after and before the discount, and emissions.

    ``pools`` and ``full`` have the pools that the project claims, and no others.
    """

    pools: Mapping[str, Term]
    full: Mapping[str, Term]
    burning: Term
    leakage: Term


class OptionalPools:
    """The optional terms of one evaluation: those for which there are data."""

    def __init__(self, inputs: Inputs, trace: Trace, strata: Sequence[Stratum]) -> None:
        self._trace = trace
        self._shrubs = shrub_change(inputs, trace, strata)
        self._dead_wood = dead_wood_factor(inputs)
        self._burning = declared(inputs.monitoring, "burning_emission_tco2e", "tCO2e")
        self._leakage = declared(inputs.monitoring, "leakage_tco2e_yr", "tCO2e/yr")

    def year(
        self, scope: str, trees: Term, full: Term, *, spans: Mapping[str, Term], monitored: Term
    ) -> OptionalYear:
        """The terms of a year; ``trees`` and ``full`` are its trees after and before discount.

        ``spans`` has ``years`` and ``period_years`` as for trees; ``monitored`` is the length of
        the monitoring period [yr], over which all of the burning is counted.
        """
        pools, before = {}, {}
        if self._shrubs is not None:
            shrubs = self._trace.evaluate(SHRUB_SHARE, scope, change=self._shrubs, **spans)
            pools["shrubs"] = before["shrubs"] = shrubs
        if self._dead_wood is not None:
            factor = self._dead_wood
            pools["dead wood"] = self._trace.evaluate(DEAD_WOOD, scope, trees=trees, factor=factor)
            before["dead wood"] = self._trace.evaluate(
                DEAD_WOOD, f"{scope} undiscounted", trees=full, factor=factor
            )
        burning, leakage = self._emissions(scope, spans["years"], monitored)
        return OptionalYear(pools, before, burning, leakage)

    def _emissions(self, scope: str, years: Term, monitored: Term) -> tuple[Term, Term]:
        none = Term(0.0, "tCO2e", "declared: no burning, no displaced agriculture")
        burning, leakage = none, none
        if self._burning is not None:
            burning = self._trace.evaluate(
                BURNING, scope, emission=self._burning, years=years, monitored_years=monitored
            )
            leakage = Term(0.0, "tCO2e", "declared: no displaced agriculture")
        if self._leakage is not None:
            leakage = self._trace.evaluate(LEAKAGE, scope, annual=self._leakage, years=years)
            if self._burning is None:
                burning = Term(0.0, "tCO2e", "declared: no burning")
        return burning, leakage


def declared(monitoring: Monitoring, name: str, unit: str) -> Term | None:
    """A declared number as a term; None when it is not stated."""
    value = monitoring.declarations.get(name)
    return None if value is None else Term(float(value), unit, f"declared: {name}")


def dead_wood_factor(inputs: Inputs) -> Term | None:
    """The AR-TOOL12 factor of the declared class [1]; None when no class is declared."""
    name = inputs.monitoring.declarations.get("dead_wood_class")
    if name is None:
        return None
    if name not in DEAD_WOOD_CLASSES:
        raise ValueError(f"dead_wood_class {name!r} is unknown (check has said so)")
    return inputs.parameter(f"dead_wood_factor_{name}", "1")


def shrub_change(inputs: Inputs, trace: Trace, strata: Sequence[Stratum]) -> Term | None:
    """Change of carbon in shrubs of the strata between the stock dates [tCO2e].

    None when no shrub cover was measured, or all of it is known to be 0.
    """
    rows = inputs.monitoring.select(SHRUB_COVER)
    if all(row.value == 0 and not row.standard_error for row in rows):
        return None
    start = _shrub_stock(inputs, trace, strata, inputs.monitoring.stock_start)
    end = _shrub_stock(inputs, trace, strata, inputs.monitoring.stock_end)
    return trace.evaluate(ar_tool14_shrubs.CHANGE, "project", stock_start=start, stock_end=end)


def _shrub_stock(
    inputs: Inputs, trace: Trace, strata: Sequence[Stratum], on: dt.date | None
) -> Term:
    areas, biomass = {}, {}
    for stratum in strata:
        areas[stratum.id] = inputs.measured(_row(inputs, "stratum_area", stratum.id), "ha")
        cover = _row(inputs, SHRUB_COVER, stratum.id, on)
        biomass[stratum.id] = trace.evaluate(
            ar_tool14_shrubs.BIOMASS,
            f"{stratum.id} on {on}",
            ratio=inputs.parameter("shrub_biomass_ratio", "1"),
            forest_biomass=inputs.parameter("forest_biomass", "t/ha"),
            crown_cover=inputs.measured(cover, "1"),
        )
    return trace.evaluate(
        ar_tool14_shrubs.STOCK,
        f"project on {on}",
        carbon_fraction=inputs.parameter("carbon_fraction_shrub", "tC/t"),
        root_shoot=inputs.parameter("root_shoot_shrub", "1"),
        area_ha=areas,
        biomass_t_ha=biomass,
    )


def _row(inputs: Inputs, variable: str, stratum: str, on: dt.date | None = None) -> Measurement:
    """The one value of a variable (``check`` has seen to that)."""
    (row,) = inputs.monitoring.select(variable, stratum=stratum, on=on)
    return row
