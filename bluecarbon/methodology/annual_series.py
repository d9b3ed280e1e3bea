"""What rule books that work on annual series share: the checks of their data, and small steps.

Each series is one value per calendar year. Stocks stand at the end of their year, so a rule book
that takes differences needs the year before its first vintage too.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

import numpy as np

from bluecarbon import units
from bluecarbon.errors import UnitError
from bluecarbon.methodology.amount_checks import describe
from bluecarbon.methodology.inputs import Inputs
from bluecarbon.methodology.protocol import Declaration, MethodologySpec, SeriesInput
from bluecarbon.methodology.rule_book import Evaluation
from bluecarbon.methodology.trace import Equation, Number, Term
from bluecarbon.report import Monitoring, Scenario, Series
from bluecarbon.spec import Finding


def series_findings(
    monitoring: Monitoring, spec: MethodologySpec, years: tuple[int, ...]
) -> Iterator[Finding]:
    """Every defect of the series that ``spec`` reads, over the years that it reads them for."""
    wanted = {item.name: item for item in spec.series}
    for row in monitoring.series:
        if row.variable in wanted:
            yield from _series(row, wanted[row.variable], years, monitoring)
    keys = ((s.variable, s.stratum, s.scenario) for s in monitoring.series if s.variable in wanted)
    for key, count in sorted(Counter(keys).items()):
        if count > 1:
            message = f"stands there {count} times"
            yield Finding.error("series-twice", " ".join(key), message, fix="keep one of them")


def _series(
    row: Series, wanted: SeriesInput, years: tuple[int, ...], monitoring: Monitoring
) -> Iterator[Finding]:
    subject = describe(row)
    yield from _unit(row, wanted)
    if row.scenario not in wanted.scenarios:
        message = f"is read for {', '.join(wanted.scenarios)} only"
        yield Finding.error("series-scenario-wrong", subject, message, fix="leave it out")
    if row.stratum not in _strata(wanted, monitoring):
        message = f"names the stratum {row.stratum!r}, which is not there"
        fix = "leave it empty" if wanted.per == "whole project" else "use the id of a stratum"
        yield Finding.error("series-stratum-unknown", subject, message, fix=fix)
    if years and (row.first_year > years[0] or row.years[-1:] < years[-1:]):
        message = f"covers {row.first_year}-{row.first_year + len(row.values) - 1}"
        fix = f"give a value for every year of {years[0]}-{years[-1]}"
        yield Finding.error("series-too-short", subject, message, fix=fix)
    # Written so that a NaN fails too.
    if not all(0 <= value < math.inf for value in row.values):
        message = "has a value that is negative or not a number"
        yield Finding.error(
            "series-value-wrong", subject, message, fix="correct it; gaps count too"
        )
    errors = row.standard_errors
    if errors and not (len(errors) == len(row.values) and all(0 <= e < math.inf for e in errors)):
        message = "needs one standard error, not negative, for each value"
        yield Finding.error("series-errors-wrong", subject, message, fix="correct standard_errors")


def _strata(wanted: SeriesInput, monitoring: Monitoring) -> set[str]:
    if wanted.per == "whole project":
        return {""}
    return {stratum.id for stratum in monitoring.strata}


def _unit(row: Series, wanted: SeriesInput) -> Iterator[Finding]:
    try:
        scale = units.factor(row.unit, wanted.unit)
    except UnitError as error:
        fix = f"give it in {wanted.unit}, {wanted.per}"
        yield Finding.error("unit-wrong", describe(row), str(error), fix=fix)
        return
    if wanted.per == "share" and any(value * scale > 1 for value in row.values):
        message = "is a share and has a value above 1"
        yield Finding.error("share-above-one", describe(row), message, fix="give 0 ... 1, or %")


def declaration_findings(
    monitoring: Monitoring, wanted: tuple[Declaration, ...]
) -> Iterator[Finding]:
    """Conditions that are not stated, not numbers, or do not hold; those without bounds pass."""
    for item in wanted:
        if item.least is not None or item.most is not None:
            yield from _condition(item, monitoring.declarations.get(item.name))


def _condition(item: Declaration, value: float | bool | str | None) -> Iterator[Finding]:
    subject = f"declaration {item.name}"
    if value is None or isinstance(value, str):
        message = "is not stated" if value is None else f"is the text {value!r}, not a number"
        fix = f"state it under declarations: {item.about}"
        code = "declaration-missing" if value is None else "declaration-not-a-number"
        yield Finding.error(code, subject, message, fix=fix)
        return
    least = -math.inf if item.least is None else item.least
    most = math.inf if item.most is None else item.most
    if not least <= float(value) <= most:
        message = f"is {float(value):g}, outside {least:g} ... {most:g} ({item.about})"
        fix = "the project cannot be credited under this rule book as it stands"
        yield Finding.error("methodology-not-applicable", subject, message, fix=fix)


def text_declaration(monitoring: Monitoring, name: str, stratum: str) -> str:
    """A text declared for one stratum as ``name:STRATUM``, else for all as ``name``; or empty."""
    declared = monitoring.declarations
    return str(declared.get(f"{name}:{stratum}", declared.get(name, "")))


def whole_years_findings(monitoring: Monitoring) -> Iterator[Finding]:
    """A warning when the period starts or ends inside a year: annual values count whole."""
    period = monitoring.period
    if any((day.month, day.day) != (1, 1) for day in (period.start, period.end)):
        yield Finding.warning(
            "period-not-whole-years",
            "period",
            f"{period.start} to {period.end} (end exclusive) does not consist of calendar years; "
            "the annual value of each year that it touches counts whole",
            fix="let the period start and end on 1 January, or give the part of the year",
        )


def single(
    monitoring: Monitoring, variable: str, stratum: str, scenario: Scenario = "project"
) -> Series | None:
    """The series of a variable, or None where there is none."""
    found = monitoring.annual(variable, stratum=stratum, scenario=scenario)
    return found[0] if found else None


def at_ends(inputs: Inputs, row: Series, unit: str) -> tuple[Term, Term]:
    """A stock series at the end of each vintage year and at the end of the year before it.

    The years of ``inputs`` must start one year before the first vintage.
    """
    term = inputs.annual(row, unit)
    values = np.asarray(term.value)
    after = Term(values[..., 1:], unit, term.source)
    return after, Term(values[..., :-1], unit, f"{term.source}, a year before")


def biomass_change_tco2e(
    area_ha: Number,
    area_before_ha: Number,
    agb_t_ha: Number,
    *,
    agb_before_t_ha: Number,
    root_shoot: Number,
    carbon_fraction: Number,
) -> Number:
    r"""Change of carbon in trees over a year [tCO2e], gains positive.

    :math:`\frac{44}{12} CF (1 + R) (A_t b_t - A_{t-1} b_{t-1})` with areas [ha] and above-ground
    biomass [t d.m./ha] at the ends of the years, the stock-difference method of the IPCC 2006
    Guidelines, volume 4, chapter 2.
    """
    change = area_ha * agb_t_ha - area_before_ha * np.asarray(agb_before_t_ha)
    return units.CO2E_PER_C * carbon_fraction * (1 + np.asarray(root_shoot)) * change


def area_flux_tco2e(area_ha: Number, rate_tco2e_ha_yr: Number) -> Number:
    """Area times an annual rate per hectare [tCO2e]; the sign is that of the rate."""
    return area_ha * np.asarray(rate_tco2e_ha_yr)


def gas_emission_tco2e(area_ha: Number, factor_kg_ha_yr: Number, gwp: Number) -> Number:
    """Area x emission factor [kg gas/ha/yr] x GWP [tCO2e/t gas], emissions positive [tCO2e]."""
    kg_per_t = 1000.0
    return area_ha * np.asarray(factor_kg_ha_yr) / kg_per_t * gwp


def share_of_gain(amount: Number, share: Number) -> Number:
    """The share of a gain; of a loss nothing, so that a deduction never makes a loss smaller."""
    taken: Number = np.maximum(amount, 0.0) * np.asarray(share)
    return taken


def annual_outputs(done: Evaluation, name: str, term: Term, equation: Equation) -> None:
    """Keep a result for every year; under a Monte Carlo (draws) nothing is kept."""
    if np.ndim(term.value) > 1:
        return
    values = np.broadcast_to(np.asarray(term.value), (len(done.years),))
    for year, value in zip(done.years, values, strict=True):
        done.output(name, str(year), Term(float(value), term.unit, term.source), equation=equation)
