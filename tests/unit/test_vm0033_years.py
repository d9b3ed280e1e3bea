"""VM0033 over 40 years with three strata planted in different years, recomputed without us."""

import datetime as dt
import math

import pytest
from support.vm0033 import BOOK, DECLARATIONS, quantified, series

from bluecarbon.report import Monitoring, Period, Stratum
from bluecarbon.spec import errors_in

START, YEARS = 2020, 40
PLANTED = {"K20": 2020, "R23": 2023, "S27": 2027}
AREA = {"K20": 120.0, "R23": 75.0, "S27": 40.0}
SALINITY = {"K20": 24.0, "R23": 19.0, "S27": 21.0}
Z, BUFFER, ERROR = 1.6448536269514722, 0.18, 0.25


def carbon(stratum, year):
    """tC/ha of trees at the end of a year: nothing before planting."""
    age = year + 1 - PLANTED[stratum]
    return 0.0 if age <= 0 else 110.0 * (1 - math.exp(-0.08 * age)) ** 1.6


def cover(stratum, year):
    age = year + 1 - PLANTED[stratum]
    return 0.05 if age <= 0 else min(0.05 + 0.07 * age, 0.9)


def annual(stratum, variable, unit, value, *, first=START, scenario="project", **more):
    years = range(first, START + YEARS)
    values = [value(year) for year in years]
    place = {"stratum": stratum, "scenario": scenario}
    return series(variable, unit, values, first=first, **place, **more)


def of_stratum(stratum):
    early = range(START - 1, START + YEARS)
    errors = tuple(ERROR * carbon(stratum, year) for year in early)
    area = {"unit": "ha", "value": lambda _: AREA[stratum], "first": START - 1}
    return (
        annual(stratum, "stratum_area", **area),
        annual(stratum, "stratum_area", scenario="baseline", **area),
        annual(
            stratum,
            "tree_stock_per_hectare",
            "tC/ha",
            lambda year: carbon(stratum, year),
            first=START - 1,
            standard_errors=errors,
            shared_error="allometry",
        ),
        annual(stratum, "vegetation_cover", "1", lambda year: cover(stratum, year)),
        annual(stratum, "allochthonous_share", "percent", lambda _: 30.0),
        annual(stratum, "salinity", "ppt", lambda _: SALINITY[stratum]),
        annual(stratum, "shrub_change", "tCO2e/yr", shrubs(stratum), scenario="baseline"),
        annual(stratum, "fuel_emission", "tCO2e/yr", fuel(stratum)),
    )


def shrubs(stratum):
    """Shrubs of the baseline grow for ten years [tCO2e/yr]."""
    return lambda year: 0.2 * AREA[stratum] if year < START + 10 else 0.0


def fuel(stratum):
    """Boats and machines in the year of planting [tCO2e/yr]."""
    return lambda year: 9.0 * AREA[stratum] if year == PLANTED[stratum] else 0.0


def monitoring(start=START):
    chosen = {
        "tree_method.project": "stock_per_hectare",
        "shrub_method.baseline": "change",
        "soil_method.project": "default",
        "allochthonous_method.project": "share",
        "ch4_method.project": "default_over_18ppt",
        "n2o_method.project": "default_wetland",
        "fuel_method.project": "emission",
        "buffer_percent": 100 * BUFFER,
        "project_start_year": START,
        "baseline_set_year": START + YEARS - 1,
    }
    return Monitoring(
        project_id="forty-years",
        period=Period(start=dt.date(start, 1, 1), end=dt.date(START + YEARS, 1, 1)),
        strata=tuple(Stratum(id=name, planted_year=year) for name, year in PLANTED.items()),
        series=tuple(row for stratum in PLANTED for row in of_stratum(stratum)),
        declarations={**DECLARATIONS, **chosen},
    )


def by_hand():
    """Adjusted net removals, buffer and NER_ERROR of each year, from the printed equations."""
    pools = {s: {"biomass": 0.0, "soil": 0.0, "ch4": 0.0, "n2o": 0.0, "fuel": 0.0} for s in AREA}
    baseline = dict.fromkeys(AREA, 0.0)
    before, before_stock, found = 0.0, 0.0, []
    for year in range(START, START + YEARS):
        for s, area in AREA.items():
            grown = carbon(s, year) - carbon(s, year - 1)
            pools[s]["biomass"] -= 44 / 12 * area * grown
            share = min(max((cover(s, year) - 0.15) / 0.35, 0.0), 1.0)
            pools[s]["soil"] += area * -1.46 * 44 / 12 * share * (1 - 0.30)
            pools[s]["ch4"] += area * 0.011 * 28
            pools[s]["n2o"] += area * 0.000487 * 265
            pools[s]["fuel"] += fuel(s)(year)
            baseline[s] -= shrubs(s)(year)
        project = sum(sum(one.values()) for one in pools.values())
        error = error_percent(pools, sum(baseline.values()), project)
        kept = min(1.0, max(0.0, 1 - (error - 20) / 100))
        adjusted = (sum(baseline.values()) - project) * kept
        stock = sum(baseline.values()) - sum(p["biomass"] + p["soil"] for p in pools.values())
        found.append((adjusted - before, BUFFER * (stock - before_stock), error))
        before, before_stock = adjusted, stock
    return found


def error_percent(pools, baseline, project):
    """Eq 87-91: trees only are uncertain, by one allometry."""
    squares = 0.0
    for s, area in AREA.items():
        whole = sum(abs(value) for value in pools[s].values())
        half = Z * 100 * ERROR * abs(pools[s]["biomass"]) / whole
        squares += (half * area) ** 2
    percent = math.sqrt(squares) / sum(AREA.values())
    return percent * abs(project) / abs(baseline + project)


def test_forty_years_of_three_plantings_are_those_computed_by_hand():
    assert not errors_in(BOOK.check(monitoring()))
    result = quantified(monitoring())
    expected = by_hand()
    assert len(result.years) == YEARS
    assert [r.year for r in result.years] == list(range(START, START + YEARS))
    adjusted = [r.gross_tco2e - r.uncertainty_deduction_tco2e for r in result.years]
    # 1e-9: the same sums in another order, differences of cumulative results
    assert adjusted == pytest.approx([one for one, _, _ in expected], rel=1e-9)
    assert [r.buffer_tco2e for r in result.years] == pytest.approx([b for _, b, _ in expected])
    net = [one - buffer for one, buffer, _ in expected]
    assert [r.net_tco2e for r in result.years] == pytest.approx(net, rel=1e-9)
    assert result.years[-1].cumulative_tco2e == pytest.approx(sum(net), rel=1e-9)
    errors = [result.output("ner_error", str(START + i)) for i in range(YEARS)]
    assert errors == pytest.approx([e for _, _, e in expected], rel=1e-9)


def test_the_case_has_what_it_is_about():
    """Plantings that begin one after the other, years of loss, deductions in some years only."""
    expected = by_hand()
    assert expected[0][0] < 0 < expected[-1][0]
    errors = [error for _, _, error in expected]
    assert min(errors) < 20 < max(errors)
    quantities = {
        s.scope: s.result for s in quantified(monitoring()).trace if s.equation == "Eq 74"
    }
    for stratum, planted in PLANTED.items():
        changes = [quantities[f"{stratum} project {START + i}"] for i in range(YEARS)]
        first = next(i for i, change in enumerate(changes) if change)
        assert START + first == planted


def test_a_second_period_claims_its_own_years_of_the_forty():
    whole, later = quantified(monitoring()), quantified(monitoring(start=2045))
    tail = [row.net_tco2e for row in whole.years if row.year >= 2045]
    assert [row.net_tco2e for row in later.years] == pytest.approx(tail)
