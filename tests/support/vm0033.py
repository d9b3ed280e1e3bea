"""A VM0033 project of one stratum, assembled from what a test is about."""

import datetime as dt
import math
import re

import numpy as np
import pytest

from bluecarbon.methodology.parameters import Parameters
from bluecarbon.methodology.vm0033 import VM0033_V2_1
from bluecarbon.report import Measurement, Monitoring, Period, Series, Stratum

BOOK = VM0033_V2_1
PARAMETERS = Parameters(BOOK.spec.parameters)
FIRST, YEARS = 2020, 3

DECLARATIONS = {
    "is_ifm_or_redd": False,
    "baseline_commercial_forestry": False,
    "lowers_water_table": False,
    "burns_organic_soil": False,
    "nitrogen_fertiliser": False,
    "leakage_conditions_hold": True,
    "sea_level_rise_projected": True,
    "vmd0052.regulatory_surplus": True,
    "vmd0052.on_positive_list": True,
    "no_published_soil_data": True,
    "soil_cap_method": "not_applicable",
    "long_term_cap_method": "not_applicable",
    "buffer_percent": 20,
    "tree_method": "none",
    "soil_method": "none",
    "ch4_method": "none",
    "n2o_method": "none",
}


def series(variable, unit, values, *, first=FIRST, scenario="project", stratum="A", **more):
    return Series(
        variable=variable,
        stratum=stratum,
        scenario=scenario,
        unit=unit,
        first_year=first,
        values=tuple(values),
        **more,
    )


def measured(variable, value, unit, *, stratum="A", **more):
    return Measurement(
        variable=variable,
        stratum=stratum,
        date=dt.date(FIRST, 1, 1),
        value=value,
        unit=unit,
        **more,
    )


def areas(area=10.0, years=YEARS, stratum="A"):
    """The same area in both scenarios, also in the year before."""
    return tuple(
        series(
            "stratum_area",
            "ha",
            (area,) * (years + 1),
            first=FIRST - 1,
            scenario=scenario,
            stratum=stratum,
        )
        for scenario in ("baseline", "project")
    )


def project(*rows, years=YEARS, area=10.0, measurements=(), **choices):
    """One stratum A; keys of ``choices`` use __ for a dot (soil_method__project)."""
    declared = {key.replace("__", "."): value for key, value in choices.items()}
    given = {row.variable + row.scenario for row in rows}
    shared = tuple(a for a in areas(area, years) if a.variable + a.scenario not in given)
    return Monitoring(
        project_id="one",
        period=Period(start=dt.date(FIRST, 1, 1), end=dt.date(FIRST + years, 1, 1)),
        strata=(Stratum(id="A"),),
        series=(*shared, *rows),
        measurements=tuple(measurements),
        declarations={**DECLARATIONS, **declared},
    )


def no_herbs(years=YEARS):
    """Herbs of the baseline, measured as none: what herbs with the project want beside them."""
    return series("herb_stock", "tC/ha", (0.0,) * (years + 1), first=FIRST - 1, scenario="baseline")


def quantified(monitoring):
    return BOOK.quantify(monitoring, PARAMETERS)


def gross(monitoring):
    """Yearly gross results [tCO2e]."""
    return [row.gross_tco2e for row in quantified(monitoring).years]


FUNCTIONS = {
    "IF": lambda condition, yes, no: yes if condition else no,
    "MAX": max,
    "MIN": min,
    "SUM": lambda values: float(np.sum(values)),
    "SUMSQ": lambda values: float(np.sum(values**2)),
    "SUMPRODUCT": lambda *groups: float(np.prod(groups, axis=0).sum()),
    "AVERAGE": np.mean,
    "SQRT": math.sqrt,
    "ABS": np.abs,
    "INT": math.floor,
    "ROUND": round,
}


def spreadsheet(step):
    """The result of a step by its formula, as a spreadsheet would compute it."""
    names = {}
    for item in step.inputs:
        name, _, member = item.name.partition("[")
        names.setdefault(name, []).append(item.value) if member else names.update(
            {name: item.value}
        )
    names = {n: np.array(v) if isinstance(v, list) else v for n, v in names.items()}
    text = re.sub(r"(?<![<>])=", "==", step.formula).replace("^", "**")
    text = text.replace("{", "").replace("}", "")
    with np.errstate(divide="ignore", invalid="ignore"):  # the branch of IF that is not taken
        return eval(text, {"__builtins__": {}}, {**FUNCTIONS, **names})


def formulas_hold(monitoring):
    steps = [s for s in quantified(monitoring).trace if s.formula]
    for step in steps:
        try:
            found = spreadsheet(step)
        except ZeroDivisionError:
            continue
        assert found == pytest.approx(step.result, rel=1e-9, abs=1e-9), step.equation
    return {s.equation for s in steps}
