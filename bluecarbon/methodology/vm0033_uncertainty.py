"""VM0033 v2.1 section 8.5.2: uncertainty of baseline and project, and the deduction for it.

Half-widths come from standard errors: each independent error is moved by one standard error
through the same equations, the effects on a pool are added in quadrature and widened to the
declared confidence (normal). A project may state half-widths of a pool instead
(``uncertainty_biomass`` ...). Pools are biomass, soil CO2, CH4 and N2O.

Ours: the years of a stock series err independently, as campaigns do, so that the error of
C_t - C_0 is sqrt(se_t^2 + se_0^2), unless the series names a ``shared_error``; the years of a
rate, share or area err together. A pool without errors counts as exactly known, which 8.5.2 wants
justified: a finding names them. The denominator of Eq 91 is |GHG_BSL + GHG_WPS|, as printed (the
text wants denominators "expressed in absolute values"), not |GHG_BSL| + |GHG_WPS|; years in which
the two differ by a factor of 3 are told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from bluecarbon import units
from bluecarbon.methodology.inputs import Inputs
from bluecarbon.methodology.parameters import Parameters
from bluecarbon.methodology.trace import COMPUTED, Group, Number, Term, Trace
from bluecarbon.methodology.vm0033_cell import Cell, equation, errs_by_year, pair, yearly_errors
from bluecarbon.methodology.vm0033_cores import error_rows, is_core_row
from bluecarbon.methodology.vm0033_methods import UNCERTAINTY_OF
from bluecarbon.methodology.vm0033_results import CellResult, Results, cell_results
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


def pool_percent(effect: np.ndarray, amount: Number, factor: Number) -> Number:
    """U_SS of Eq 87, 89: 100 z sqrt(sum effect^2) / |E| [percent], errors on the last axis."""
    spread = np.sqrt((effect**2).sum(axis=-1))
    size = np.abs(np.asarray(amount))
    return np.where(size > 0, 100 * factor * spread / np.where(size > 0, size, 1.0), 0.0)


def biomass_amount(previous: Number, change_tc: Number) -> Number:
    """E_SS of Eq 87, 89 for biomass: - 44/12 dC, cumulative [tCO2e]."""
    return previous - units.CO2E_PER_C * np.asarray(change_tc)


def source_amount(previous: Number, emission: Number) -> Number:
    """E_SS of Eq 87, 89 for a gas or source, cumulative [tCO2e]."""
    return previous + np.asarray(emission)


BIOMASS_AMOUNT = pair(
    "87 (E, biomass)|89 (E, biomass)",
    "biomass of the stratum, cumulative",
    "tCO2e",
    biomass_amount,
    formula="{previous}-44/12*{change_tc}",
)
AMOUNTS = {
    pool: pair(
        f"87 (E, {pool})|89 (E, {pool})",
        f"{pool} of the stratum, cumulative",
        "tCO2e",
        source_amount,
        formula="{previous}+{emission}",
    )
    for pool in ("soil_co2", "ch4", "n2o", "burning", "fuel")
}
POOL = {
    pool: pair(
        f"87 (U, {pool})|89 (U, {pool})",
        f"uncertainty of {pool} from standard errors",
        "percent",
        pool_percent,
        formula="IF({amount}=0,0,100*{factor}*SQRT(SUMSQ({effect}))/ABS({amount}))",
    )
    for pool in ("biomass", *AMOUNTS)
}
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


def errors_of(monitoring: Monitoring, parameters: Parameters) -> dict[str, str]:
    """The independent errors in the data, by name, in their order, each with what it is of.

    Errors that differ by their date only are of the same thing: a trace shows them as one.
    """
    found: dict[str, str] = {}
    for series in monitoring.series:
        if errs_by_year(series):
            about = f"{series.variable} {series.stratum} {series.scenario}, by year"
            yearly = (row for row in yearly_errors(series) if row.standard_error)
            found |= {_name_of_measurement(row): about for row in yearly}
        elif any(series.standard_errors):
            found[_name_of_series(series)] = _name_of_series(series).replace("|", " ")
    measured = [
        row for row in monitoring.measurements if row.standard_error and not is_core_row(row)
    ]
    for row in (*measured, *error_rows(monitoring)):
        about = row.shared_error or f"{row.variable} {row.stratum} {row.sample}".strip()
        found[_name_of_measurement(row)] = about
    found |= {_name_of(row): f"parameter {row.name}" for row in parameters if row.standard_error}
    return found


def one_error_at_a_time(inputs: Inputs) -> Inputs:
    """The same inputs under :class:`OneErrorAtATime`."""
    sampler = OneErrorAtATime(tuple(errors_of(inputs.monitoring, inputs.parameters)))
    return Inputs(inputs.monitoring, inputs.parameters, sampler, years=inputs.years)


def confidence_percent(monitoring: Monitoring) -> int:
    """The declared confidence of half-widths: 90 (default) or 95."""
    return int(float(monitoring.declarations.get("confidence_percent", 90)))


@dataclass(frozen=True)
class NetError:
    """NER_ERROR of every year [percent], the share of NER that is kept, pools without errors."""

    error: Term
    share: Term
    exactly_known: tuple[str, ...]


def net_error(
    inputs: Inputs, trace: Trace, results: Results, totals: Mapping[Scenario, Term]
) -> NetError:
    """Eq 87-92 for central values: ``results`` and the ``totals`` of Eq 18 and 69.

    Also a Monte Carlo takes them from the central values. Eq 91 is a property of the estimate
    that is reported, not of a draw: a draw is one possible truth, which has no confidence interval
    of its own, and what a registry takes off is fixed once the report is made. So every draw keeps
    the same share, the mean of the draws stays comparable with the claim, and their percentiles
    say where the truth of what is claimed lies *after* that deduction. A share per draw would
    charge for the same uncertainty twice: as a deduction, and as its spread.
    """
    errors = _Errors(inputs, trace)
    percent = {scenario: errors.of_scenario(scenario, cells) for scenario, cells in results.items()}
    error = trace.evaluate(
        NET_ERROR,
        "project",
        baseline_percent=percent["baseline"],
        baseline=totals["baseline"],
        project_percent=percent["project"],
        project=totals["project"],
    )
    level = confidence_percent(inputs.monitoring)
    allowable = inputs.parameters.term(f"allowable_uncertainty_{level}", "percent")
    share = trace.evaluate(SHARE, "project", error_percent=error, allowable_percent=allowable)
    return NetError(error, share, tuple(errors.exactly_known))


class _Errors:
    """The half-widths of one run: the same equations once more, with one error at a time."""

    def __init__(self, inputs: Inputs, trace: Trace) -> None:
        self.inputs = inputs
        self.trace = trace
        self.exactly_known: list[str] = []
        self.about = errors_of(inputs.monitoring, inputs.parameters)
        level = confidence_percent(inputs.monitoring)
        z = float(ndtri(0.5 + level / 200))
        self.factor = Term(z, "1", f"normal distribution, {level} % on both sides")
        quiet = Trace(inputs.years, recording=False)
        self.moved = {
            (cell.cell.scenario, cell.cell.stratum): cell.pools()
            for cells in cell_results(one_error_at_a_time(inputs), quiet).values()
            for cell in cells
        }

    def of_scenario(self, scenario: Scenario, cells: tuple[CellResult, ...]) -> Term:
        """Eq 88, 90."""
        if not cells:
            return Term(np.zeros(len(self.inputs.years)), "percent", "no stratum in this scenario")
        percent: Group = {result.cell.stratum: self.of_stratum(result) for result in cells}
        areas: Group = {result.cell.stratum: result.area for result in cells}
        return self.trace.evaluate(SCENARIO[scenario], scenario, percent=percent, area_ha=areas)

    def of_stratum(self, result: CellResult) -> Term:
        """Eq 87, 89 over the pools that are not zero in every year."""
        percents, amounts = {}, {}
        for pool, amount in self.amounts(result).items():
            amounts[pool] = amount
            percents[pool] = self.of_pool(result.cell, pool, amount)
        if not amounts:
            amounts["biomass"] = result.cell.nothing("tCO2e", "nothing is emitted or removed")
            percents["biomass"] = result.cell.nothing("percent", "nothing is emitted or removed")
        return result.cell.evaluate(STRATUM, percent=percents, amount=amounts)

    def amounts(self, result: CellResult) -> dict[str, Term]:
        """E_SS, cumulative [tCO2e]; the terms of the result are in its trace already."""
        cell, found = result.cell, {}
        scope = f"{cell.stratum} {cell.scenario}"
        if np.any(result.biomass_tc.value):
            what = BIOMASS_AMOUNT[cell.scenario]
            found["biomass"] = self.trace.accumulate(what, scope, change_tc=result.biomass_tc)
        for pool, term in result.sources.items():
            if np.any(term.value):
                what = AMOUNTS[pool][cell.scenario]
                found[pool] = self.trace.accumulate(what, scope, emission=term)
        return found

    def of_pool(self, cell: Cell, pool: str, amount: Term) -> Term:
        """U_SS [percent]: stated, or by the effect of each error; 0 where there is none."""
        name = UNCERTAINTY_OF.get(pool, "")
        stated = self.inputs.monitoring.annual(name, stratum=cell.stratum, scenario=cell.scenario)
        if stated:
            return self.inputs.annual(stated[0], "percent")
        effect = self.effects(self.moved[cell.scenario, cell.stratum][pool])
        if not effect:
            self.exactly_known.append(f"{cell.stratum} {cell.scenario} {pool}")
            return cell.nothing("percent", "no standard errors given")
        what = POOL[pool][cell.scenario]
        return cell.evaluate(what, effect=effect, amount=amount, factor=self.factor)

    def effects(self, moved: Number) -> dict[str, Term]:
        """What one standard error of each error does to the cumulative amount [tCO2e]."""
        if np.ndim(moved) < 2:
            return {}
        total = np.cumsum(moved, axis=-1)
        squares: dict[str, Number] = defaultdict(float)
        for about, row in zip(self.about.values(), total[1:] - total[0], strict=True):
            squares[about] = squares[about] + row**2
        source = f"{COMPUTED}one standard error of"
        return {
            about: Term(np.sqrt(square), "tCO2e", f"{source} {about}")
            for about, square in squares.items()
            if np.any(square)
        }
