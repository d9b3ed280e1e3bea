"""VM0033 v2.1 sections 5.1 and 5.2.4: how long baseline soil emits, and what may be claimed.

Rates are losses per hectare and year, loss positive. The document prints 10 x Rate_Closs x VC in
Eq 16-17 although Rate_Closs is in tC/ha/yr there: with that unit the sum of the rates is the loss,
and this is what stands here; a loss of mineral soil in m/yr is given as ``peat_loss_rate``.

Ours: whole years count, year n while n <= t_PDT or t_SDT (Eq 26 says for later years that all of
GHG_soil is 0, CH4 and N2O with it); and in Eq 14-17 a stratum loses no more than it has at the
start, which the text says of Eq 8-11 only ("a possible negative outcome must be substituted by
zero").
"""

from __future__ import annotations

import numpy as np

from bluecarbon import units
from bluecarbon.methodology import vm0033_cores as cores
from bluecarbon.methodology.inputs import Inputs
from bluecarbon.methodology.trace import Group, Number, Term, Trace
from bluecarbon.methodology.vm0033_cell import HORIZON_YEARS, Cell, Pair, equation, pair
from bluecarbon.methodology.vm0033_methods import SCENARIOS, active
from bluecarbon.report import Scenario

FOR_EVER_YEARS = 1e6
"""Longer than any project: JSON, in which a trace is sealed, knows no infinity."""


def depletion_years(amount: Number, rate: Number) -> Number:
    """Eq 1: t_PDT = Depth_peat / Rate_peatloss; Eq 2: t_SDT = C_t0 / Rate_Closs [yr].

    Soil that loses nothing lasts for ever, here :data:`FOR_EVER_YEARS`.
    """
    rate = np.asarray(rate)
    years = np.where(rate > 0, amount / np.where(rate > 0, rate, 1.0), FOR_EVER_YEARS)
    return np.minimum(years, FOR_EVER_YEARS)


def counts_until(elapsed: Number, depletion: Number) -> Number:
    """Eq 26: 1 while t <= t_PDT or t_SDT, then 0."""
    return np.where(elapsed <= np.asarray(depletion), 1.0, 0.0)


def stock_of_depth(depth_m: Number, density_kgc_m3: Number) -> Number:
    """Eq 6, 7, 12: C = depth x VC x 10 [tC/ha]."""
    return np.asarray(depth_m) * density_kgc_m3 * 10


def what_is_left(start: Number, lost: Number) -> Number:
    """Eq 8-11: start - sum of the rates to t=100; a negative outcome is zero."""
    return np.maximum(np.asarray(start) - lost, 0.0)


def loss_of_depth(lost_m: Number, density_kgc_m3: Number) -> Number:
    """Eq 14, 15: 10 x sum of (Rate_peatloss x VC) [tC/ha]."""
    return 10 * np.asarray(lost_m) * density_kgc_m3


def loss_of_carbon(lost_tc_ha: Number) -> Number:
    """Eq 16, 17: the sum of Rate_Closs, which is in tC/ha/yr already (see the module) [tC/ha]."""
    return lost_tc_ha


def sum_of_rates(rate: np.ndarray) -> Number:
    """Sum of the rate over the years to t=100, years on the last axis [m] or [tC/ha]."""
    total: Number = rate.sum(axis=-1)
    return total


def not_more_than_there_is(lost: Number, start: Number) -> Number:
    """Eq 14-17 (ours, see the module): what is lost is at most what was there at the start."""
    bound: Number = np.minimum(np.asarray(lost), start)
    return bound


def in_the_stratum(per_hectare: Number, area_ha: Number) -> Number:
    """A part of the sums of Eq 3, 13: tC/ha x ha [tC]."""
    return np.asarray(per_hectare) * area_ha


def difference_of_stocks(project: np.ndarray, baseline: np.ndarray) -> Number:
    """Eq 3: sum of C_WPS A_WPS - sum of C_BSL A_BSL at t=100 [tC]."""
    difference: Number = project.sum(axis=-1) - baseline.sum(axis=-1)
    return difference


def difference_of_losses(baseline: np.ndarray, project: np.ndarray) -> Number:
    """Eq 13: sum of C_loss,BSL A_BSL - sum of C_loss,WPS A_WPS [tC]."""
    difference: Number = baseline.sum(axis=-1) - project.sum(axis=-1)
    return difference


def significant_maximum(
    difference: Number, larger: np.ndarray, smaller: np.ndarray, ratio: Number
) -> Number:
    """Eq 4: the difference counts where larger >= 1.05 x smaller, else nothing [tC]."""
    enough = larger.sum(axis=-1) >= ratio * smaller.sum(axis=-1)
    return np.where(enough, np.maximum(difference, 0.0), 0.0)


def cap_in_co2e(maximum_tc: Number) -> Number:
    """The maximum of Eq 3 or 13 as CO2: 44/12 x C [tCO2e]."""
    return units.CO2E_PER_C * np.asarray(maximum_tc)


PEAT_YEARS = equation(
    "1",
    "peat depletion time",
    "yr",
    depletion_years,
    formula="IF({rate}>0,MIN(1000000,{amount}/{rate}),1000000)",
)
SOIL_YEARS = equation(
    "2",
    "soil carbon depletion time",
    "yr",
    depletion_years,
    formula="IF({rate}>0,MIN(1000000,{amount}/{rate}),1000000)",
)
COUNTS = equation(
    "26 (until)",
    "whether baseline soil still emits",
    "1",
    counts_until,
    formula="IF({elapsed}<={depletion},1,0)",
)
START_STOCK = equation(
    "12",
    "soil carbon at the start",
    "tC/ha",
    stock_of_depth,
    formula="{depth_m}*{density_kgc_m3}*10",
)
DEPTH_LEFT = pair(
    "8|9", "depth of organic soil at t=100", "m", what_is_left, formula="MAX(0,{start}-{lost})"
)
PEAT_STOCK = pair(
    "7|6",
    "carbon of organic soil at t=100",
    "tC/ha",
    stock_of_depth,
    formula="{depth_m}*{density_kgc_m3}*10",
)
STOCK_LEFT = pair(
    "10|11",
    "carbon of mineral soil at t=100",
    "tC/ha",
    what_is_left,
    formula="MAX(0,{start}-{lost})",
)
PEAT_LOSS = pair(
    "14|15",
    "carbon lost to t=100, organic soil",
    "tC/ha",
    loss_of_depth,
    formula="10*{lost_m}*{density_kgc_m3}",
)
SOIL_LOSS = pair(
    "16|17", "carbon lost to t=100, mineral soil", "tC/ha", loss_of_carbon, formula="{lost_tc_ha}"
)
LOST_DEPTH = pair(
    "8 (sum), 14 (sum)|9 (sum), 15 (sum)",
    "depth of organic soil lost to t=100",
    "m",
    sum_of_rates,
    formula="SUM({rate})",
)
LOST_CARBON = pair(
    "10 (sum), 16 (sum)|11 (sum), 17 (sum)",
    "carbon of mineral soil lost to t=100",
    "tC/ha",
    sum_of_rates,
    formula="SUM({rate})",
)
BOUND_DEPTH = pair(
    "14 (at most)|15 (at most)",
    "depth lost, at most the depth at the start",
    "m",
    not_more_than_there_is,
    formula="MIN({lost},{start})",
)
BOUND_CARBON = pair(
    "16 (at most)|17 (at most)",
    "carbon lost, at most the carbon at the start",
    "tC/ha",
    not_more_than_there_is,
    formula="MIN({lost},{start})",
)
STOCK_PART = pair(
    "3 (part)",
    "stock of the stratum at t=100",
    "tC",
    in_the_stratum,
    formula="{per_hectare}*{area_ha}",
)
LOSS_PART = pair(
    "13 (part)",
    "loss of the stratum to t=100",
    "tC",
    in_the_stratum,
    formula="{per_hectare}*{area_ha}",
)
STOCK_DIFFERENCE = equation(
    "3",
    "difference of stocks at t=100",
    "tC",
    difference_of_stocks,
    formula="SUM({project})-SUM({baseline})",
)
LOSS_DIFFERENCE = equation(
    "13",
    "difference of losses to t=100",
    "tC",
    difference_of_losses,
    formula="SUM({baseline})-SUM({project})",
)
MAXIMUM = equation(
    "4",
    "maximum soil claim",
    "tC",
    significant_maximum,
    formula="IF(SUM({larger})>={ratio}*SUM({smaller}),MAX(0,{difference}),0)",
)


def still_emitting(cell: Cell) -> Term:
    """1 in the years in which the soil of the stratum counts, else 0 (Eq 1, 2, 26)."""
    option = cell.choice("depletion_method")
    if cell.scenario == "project" or option == "none":
        return cell.known(np.ones(len(cell.inputs.years)), "1", "no depletion time applies")
    return cell.evaluate(
        COUNTS,
        elapsed=cell.known(cell.elapsed(), "yr", "years since the project start"),
        depletion=_depletion(cell, option),
    )


def _depletion(cell: Cell, option: str) -> Term:
    if option == "zero":
        return cell.known(0.0, "yr", "drained for over 20 years, or significant erosion")
    if option == "eroded":
        return cell.parameter("depletion_years_eroded", "yr")
    if option == "organic":
        return cell.evaluate(
            PEAT_YEARS,
            amount=cell.measured("peat_depth_start", "m"),
            rate=cell.collapsed("peat_loss_rate", "m/yr", years=1),
        )
    return cell.evaluate(
        SOIL_YEARS,
        amount=_start_stock(cell),
        rate=cell.collapsed("soil_carbon_loss_rate", "tC/ha/yr", years=1),
    )


def _start_stock(cell: Cell) -> Term:
    if cell.choice("start_stock_method") == "core_layers":
        return cores.start_stock(cell)
    return cell.evaluate(
        START_STOCK,
        depth_m=cell.measured("mineral_soil_depth", "m"),
        density_kgc_m3=cell.measured("volumetric_carbon", "kgC/m3"),
    )


def is_organic(cell: Cell) -> bool:
    """Whether the stratum has organic soil: then its peat depth is given."""
    return bool(cell.inputs.monitoring.select("peat_depth_start", stratum=cell.stratum))


def maximum_soil_claim(inputs: Inputs, trace: Trace) -> Term | None:
    """The most that may be claimed from soil carbon [tC] (Eq 3-17); None when no cap applies."""
    method = inputs.monitoring.declarations.get("soil_cap_method", "not_applicable")
    if method == "not_applicable":
        return None
    stocks = method == "total_stock"
    sums = {s: _parts(inputs, trace, s, stocks=stocks) for s in SCENARIOS}
    difference = trace.evaluate(
        STOCK_DIFFERENCE if stocks else LOSS_DIFFERENCE,
        "project",
        project=sums["project"],
        baseline=sums["baseline"],
    )
    baseline, project = sums["baseline"], sums["project"]
    return trace.evaluate(
        MAXIMUM,
        "project",
        difference=difference,
        larger=project if stocks else baseline,
        smaller=baseline if stocks else project,
        ratio=inputs.parameter("significance_ratio", "1"),
    )


def _lost(cell: Cell, name: str, what: Pair) -> Term:
    """The sum of a rate over 100 years; all its years stand in the trace."""
    if cell.inputs.is_sampled:
        return cell.collapsed(name, what[cell.scenario].unit, years=HORIZON_YEARS)
    return cell.evaluate(what, rate=cell.by_year(name, years=HORIZON_YEARS))


def _parts(inputs: Inputs, trace: Trace, scenario: Scenario, *, stocks: bool) -> Group:
    cells = [Cell(inputs, trace, scenario, s.id) for s in active(inputs.monitoring, scenario)]
    return {c.stratum: _stock_part(c) if stocks else _loss_part(c) for c in cells}


def _stock_part(cell: Cell) -> Term:
    if is_organic(cell):
        lost = _lost(cell, "peat_loss_rate", LOST_DEPTH)
        left = cell.evaluate(DEPTH_LEFT, start=cell.measured("peat_depth_start", "m"), lost=lost)
        density = cell.measured("volumetric_carbon", "kgC/m3")
        stock = cell.evaluate(PEAT_STOCK, depth_m=left, density_kgc_m3=density)
    else:
        lost = _lost(cell, "soil_carbon_loss_rate", LOST_CARBON)
        stock = cell.evaluate(STOCK_LEFT, start=_start_stock(cell), lost=lost)
    area = cell.measured(f"{cell.scenario}_area_t100", "ha")
    return cell.evaluate(STOCK_PART, per_hectare=stock, area_ha=area)


def _loss_part(cell: Cell) -> Term:
    if is_organic(cell):
        lost = _lost(cell, "peat_loss_rate", LOST_DEPTH)
        depth = cell.measured("peat_depth_start", "m")
        loss = cell.evaluate(
            PEAT_LOSS,
            lost_m=cell.evaluate(BOUND_DEPTH, lost=lost, start=depth),
            density_kgc_m3=cell.measured("volumetric_carbon", "kgC/m3"),
        )
    else:
        lost = _lost(cell, "soil_carbon_loss_rate", LOST_CARBON)
        if np.any(np.asarray(lost.value) > 0):
            lost = cell.evaluate(BOUND_CARBON, lost=lost, start=_start_stock(cell))
        loss = cell.evaluate(SOIL_LOSS, lost_tc_ha=lost)
    area = cell.collapsed("stratum_area", "ha", years=1)
    return cell.evaluate(LOSS_PART, per_hectare=loss, area_ha=area)
