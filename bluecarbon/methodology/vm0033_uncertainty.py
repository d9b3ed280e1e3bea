"""VM0033 v2.1 section 8.5.2: uncertainty of baseline and project, and the deduction for it.

Half-widths come from standard errors: each independent error is moved by one standard error
through the same equations, the effects on a pool are added in quadrature and widened to the
declared confidence (normal). A project may state half-widths of a pool instead
(``uncertainty_biomass`` ...). Pools are biomass, soil CO2, CH4 and N2O.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from bluecarbon.methodology.inputs import Inputs
from bluecarbon.methodology.parameters import Parameters
from bluecarbon.methodology.trace import Group, Number, Term, Trace
from bluecarbon.methodology.vm0033_cell import Cell, equation, pair
from bluecarbon.methodology.vm0033_methods import UNCERTAINTY_OF
from bluecarbon.report import Measurement, Monitoring, Scenario, Series
from bluecarbon.spec import Parameter

Floats = NDArray[np.float64]

UNBOUNDED_PERCENT = 1e6
"""An error without bound: JSON, in which a trace is sealed, knows no infinity."""


def stratum_percent(percent: np.ndarray, amount: np.ndarray) -> Number:
    """Eq 87, 89: sqrt(sum (U E)^2) / sum |E| [percent], pools on the last axis; 0 without E."""
    total = np.abs(amount).sum(axis=-1)
    spread = np.sqrt(((percent * amount) ** 2).sum(axis=-1))
    return np.where(total > 0, spread / np.where(total > 0, total, 1.0), 0.0)


def scenario_percent(percent: np.ndarray, area_ha: np.ndarray) -> Number:
    """Eq 88, 90: sqrt(sum (U_i A_i)^2) / sum A_i [percent], strata on the last axis; 0 without."""
    total = area_ha.sum(axis=-1)
    spread = np.sqrt(((percent * area_ha) ** 2).sum(axis=-1))
    return np.where(total > 0, spread / np.where(total > 0, total, 1.0), 0.0)


def net_percent(
    baseline_percent: Number, baseline: Number, project_percent: Number, project: Number
) -> Number:
    """Eq 91: sqrt((U_BSL GHG_BSL)^2 + (U_WPS GHG_WPS)^2) / |GHG_BSL + GHG_WPS| [percent].

    As printed, the two emissions are added: where they cancel the error is without bound, here
    :data:`UNBOUNDED_PERCENT`.
    """
    spread = np.hypot(np.asarray(baseline_percent) * baseline, project_percent * project)
    total = np.abs(np.asarray(baseline) + project)
    bounded = np.minimum(spread / np.where(total > 0, total, 1.0), UNBOUNDED_PERCENT)
    return np.where(total > 0, bounded, np.where(spread > 0, UNBOUNDED_PERCENT, 0.0))


def kept_share(error_percent: Number, allowable_percent: Number) -> Number:
    """Eq 92: 100 % - NER_ERROR + allowable where the error exceeds it, else 100 % [1].

    Not below 0: an uncertain removal is not a debt.
    """
    error = np.asarray(error_percent)
    kept = np.clip(1 - (error - allowable_percent) / 100, 0.0, 1.0)
    # Written so that an allowance that is not a number is not taken for enough.
    return np.where(error <= allowable_percent, 1.0, kept)


def adjusted(net: Number, share: Number) -> Number:
    """Eq 92: adjusted_NER_t = NER_t x share [tCO2e], cumulative."""
    return np.asarray(net) * share


STRATUM = pair(
    "87|89",
    "uncertainty of the stratum",
    "percent",
    stratum_percent,
    formula=(
        "IF(SUMSQ({amount})>0,SQRT(SUMPRODUCT({percent},{percent},{amount},"
        "{amount}))/SUMPRODUCT(ABS({amount})),0)"
    ),
)
SCENARIO = pair(
    "88|90",
    "uncertainty of the scenario",
    "percent",
    scenario_percent,
    formula=(
        "IF(SUM({area_ha})>0,SQRT(SUMPRODUCT({percent},{percent},{area_ha},"
        "{area_ha}))/SUM({area_ha}),0)"
    ),
)
NET_ERROR = equation(
    "91",
    "NER_ERROR",
    "percent",
    net_percent,
    formula=(
        "IF(ABS({baseline}+{project})>0,MIN(1000000,SQRT(({baseline_percent}*"
        "{baseline})^2+({project_percent}*{project})^2)/ABS({baseline}+"
        "{project})),IF(ABS({baseline_percent}*{baseline})+"
        "ABS({project_percent}*{project})>0,1000000,0))"
    ),
)
SHARE = equation(
    "92 (share)",
    "share of NER that is kept",
    "1",
    kept_share,
    formula=(
        "IF({error_percent}<={allowable_percent},1,MAX(0,"
        "1-({error_percent}-{allowable_percent})/100))"
    ),
)
ADJUSTED = equation("92", "adjusted NER, cumulative", "tCO2e", adjusted, formula="{net}*{share}")


@dataclass(frozen=True)
class CellAmounts:
    """Cumulative emissions of a stratum in a scenario by pool [tCO2e], and its area [ha]."""

    cell: Cell
    pools: Mapping[str, Number]
    area_ha: Number


@dataclass(frozen=True)
class OneErrorAtATime:
    """A sampler: row 0 has all values as they are, row k has error k moved by one standard error.

    Inputs with one ``shared_error`` are one error, as in a Monte Carlo.
    """

    names: tuple[str, ...]
    _places: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._places.update({name: place for place, name in enumerate(self.names, start=1)})

    def measurement(self, row: Measurement) -> Number:
        """The value, moved in its own row, shape (errors + 1,)."""
        if not row.standard_error:
            return row.value
        return row.value + row.standard_error * self._moved(_name_of_measurement(row))

    def series(self, row: Series) -> Number:
        """The values, moved in their own row, shape (errors + 1, years)."""
        values = np.array(row.values)
        if not any(row.standard_errors):
            return values
        moved = self._moved(_name_of_series(row))
        shifted: Floats = values + moved[:, None] * np.array(row.standard_errors)
        return shifted

    def parameter(self, row: Parameter) -> Number:
        """The value, moved in its own row, shape (errors + 1,)."""
        return (row.value or 0.0) + (row.standard_error or 0.0) * self._moved(_name_of(row))

    def _moved(self, name: str) -> Floats:
        unit = np.zeros(len(self.names) + 1)
        unit[self._places[name]] = 1.0
        return unit


def _name_of_measurement(row: Measurement) -> str:
    return row.shared_error or f"{row.variable}|{row.stratum}|{row.sample}|{row.date}"


def _name_of_series(row: Series) -> str:
    return row.shared_error or f"{row.variable}|{row.stratum}|{row.scenario}"


def _name_of(row: Parameter) -> str:
    return f"parameter|{row.name}"


def errors_of(monitoring: Monitoring, parameters: Parameters) -> tuple[str, ...]:
    """The independent errors in the data, by name, in their order."""
    names = [_name_of_series(row) for row in monitoring.series if any(row.standard_errors)]
    names += [_name_of_measurement(row) for row in monitoring.measurements if row.standard_error]
    names += [_name_of(row) for row in parameters if row.standard_error]
    return tuple(dict.fromkeys(names))


def one_error_at_a_time(inputs: Inputs) -> Inputs:
    """The same inputs under :class:`OneErrorAtATime`."""
    sampler = OneErrorAtATime(errors_of(inputs.monitoring, inputs.parameters))
    return Inputs(inputs.monitoring, inputs.parameters, sampler, years=inputs.years)


def confidence_percent(monitoring: Monitoring) -> int:
    """The declared confidence of half-widths: 90 (default) or 95."""
    return int(float(monitoring.declarations.get("confidence_percent", 90)))


Amounts = Callable[[Inputs, Trace], Mapping[Scenario, tuple[CellAmounts, ...]]]


def net_error(inputs: Inputs, trace: Trace, amounts: Amounts) -> tuple[Term, Term]:
    """NER_ERROR of every year [percent] and the share of NER that is kept (Eq 87-92).

    Both are of the central values also under a Monte Carlo: the deduction is a rule applied to
    the reported uncertainty, not another draw of it.
    """
    moved = one_error_at_a_time(inputs)
    found = amounts(moved, Trace(inputs.years, recording=False))
    factor = float(ndtri(0.5 + confidence_percent(inputs.monitoring) / 200))
    percent, total = {}, {}
    for scenario, cells in found.items():
        percent[scenario] = _scenario(inputs, trace, cells, factor)
        total[scenario] = _total(cells, len(inputs.years))
    error = trace.evaluate(
        NET_ERROR,
        "project",
        baseline_percent=percent["baseline"],
        baseline=total["baseline"],
        project_percent=percent["project"],
        project=total["project"],
    )
    level = confidence_percent(inputs.monitoring)
    allowable = inputs.parameters.term(f"allowable_uncertainty_{level}", "percent")
    share = trace.evaluate(SHARE, "project", error_percent=error, allowable_percent=allowable)
    return error, share


def _scenario(inputs: Inputs, trace: Trace, cells: tuple[CellAmounts, ...], factor: float) -> Term:
    if not cells:
        return Term(np.zeros(len(inputs.years)), "percent", "no stratum in this scenario")
    by_stratum = {c.cell.stratum: _stratum(inputs, trace, c, factor) for c in cells}
    areas: Group = {
        c.cell.stratum: Term(_central(c.area_ha, len(inputs.years)), "ha", "area") for c in cells
    }
    scenario = cells[0].cell.scenario
    return trace.evaluate(SCENARIO[scenario], scenario, percent=by_stratum, area_ha=areas)


def _stratum(inputs: Inputs, trace: Trace, amounts: CellAmounts, factor: float) -> Term:
    years = len(inputs.years)
    recorded = Cell(inputs, trace, amounts.cell.scenario, amounts.cell.stratum)
    percents, values = {}, {}
    for pool, value in amounts.pools.items():
        values[pool] = Term(_central(value, years), "tCO2e", f"{pool}, cumulative")
        percents[pool] = _percent(recorded, pool, value, factor)
    return recorded.evaluate(STRATUM, percent=percents, amount=values)


def _percent(cell: Cell, pool: str, value: Number, factor: float) -> Term:
    name = UNCERTAINTY_OF.get(pool, "")
    stated = cell.inputs.monitoring.annual(name, stratum=cell.stratum, scenario=cell.scenario)
    if stated:
        # Stated half-widths are data about data: they are never drawn.
        plain = Inputs(cell.inputs.monitoring, cell.inputs.parameters, years=cell.inputs.years)
        return plain.annual(stated[0], "percent")
    years = len(cell.inputs.years)
    central = _central(value, years)
    if np.ndim(value) < 2:
        return Term(np.zeros(years), "percent", "no standard errors given")
    moved = np.asarray(value)
    half_width = factor * np.sqrt(((moved[1:] - moved[0]) ** 2).sum(axis=0)) * np.ones(years)
    nonzero = np.where(central != 0, np.abs(central), 1.0)
    percent = np.where(central != 0, 100 * half_width / nonzero, 0.0)
    return Term(percent, "percent", "standard errors, one at a time")


def _central(value: Number, years: int) -> Floats:
    array = np.asarray(value, dtype=np.float64)
    return np.broadcast_to(array[0] if array.ndim > 1 else array, (years,))


def _total(cells: tuple[CellAmounts, ...], years: int) -> Term:
    total = np.zeros(years)
    for cell in cells:
        for value in cell.pools.values():
            total = total + _central(value, years)
    return Term(total, "tCO2e", "emissions of the pools, cumulative")
