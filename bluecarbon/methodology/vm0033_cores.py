"""VM0033 v2.1 Eq 95-99: soil cores in layers as the soil stock of Eq 36 and of Eq 2, 10, 11.

A layer is two or three measurements of one stratum and date whose ``sample`` is ``CORE/LAYER``
("C1/0-15 cm")::

    core_carbon_content  tC/t     measured carbon fraction, or instead of it
    core_organic_matter  percent  loss on ignition, made carbon by Eq 95-98 (core_carbon_method)
    core_bulk_density    g/cm3
    core_thickness       cm

A core that was summed already is one measurement ``soil_carbon`` [tC/ha] whose ``sample`` is its
name, as ``bluecarbon run`` gives it. With the prefix ``baseline_`` a measurement belongs to the
baseline; a stratum without such has the project's first coring in both scenarios (at the start
the soil is the same). All cores of a stratum with the same nearest end of a year are one coring:
the mean of its cores is the stock at that end.

Ours, and not read in the document: the nearest end of a year, and a straight line of the project's
own for carbon from organic matter (core_carbon_method ``project_equation``, unverified rows).

The error of a coring is the standard error of the mean of its cores, s / sqrt(n); of a single core
it is what the standard errors of its layers add up to. Corings err independently.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from bluecarbon.methodology import vm0033_field as field
from bluecarbon.methodology.inputs import Inputs
from bluecarbon.methodology.trace import Group, Number, Term, Trace
from bluecarbon.methodology.vm0033_cell import Cell, pair
from bluecarbon.report import Measurement, Monitoring, Scenario

BASELINE = "baseline_"
"""Prefix of what is measured of a core of the baseline."""

CONTENT, MATTER = "core_carbon_content", "core_organic_matter"
DENSITY, THICKNESS = "core_bulk_density", "core_thickness"
WHOLE = "soil_carbon"
UNITS = {CONTENT: "tC/t", MATTER: "percent", DENSITY: "g/cm3", THICKNESS: "cm", WHOLE: "tC/ha"}
"""What is measured of a layer, or of a whole core, and the unit it is read in."""

SECOND_HALF_MONTH = 7

Layer = Mapping[str, Measurement]
Core = Mapping[str, Layer]


@dataclass(frozen=True)
class Coring:
    """The cores of a stratum around the end of ``year``: core -> layer -> variable -> row."""

    year: int
    family: str
    cores: Mapping[str, Core]

    @property
    def rows(self) -> Iterator[Measurement]:
        """All measurements of the coring."""
        for core in self.cores.values():
            for layer in core.values():
                yield from layer.values()


def coring_year(date: dt.date) -> int:
    """The year at whose end a core counts: the nearest end of a year."""
    return date.year if date.month >= SECOND_HALF_MONTH else date.year - 1


def corings(monitoring: Monitoring, scenario: Scenario, stratum: str) -> tuple[Coring, ...]:
    """The corings of a stratum in a scenario, oldest first."""
    if scenario == "baseline":
        own = family_of(monitoring, BASELINE, stratum)
        return own or family_of(monitoring, "", stratum)[:1]
    return family_of(monitoring, "", stratum)


def family_of(monitoring: Monitoring, family: str, stratum: str) -> tuple[Coring, ...]:
    """The corings whose measurements have a prefix, oldest first."""
    found: dict[int, dict[str, dict[str, dict[str, Measurement]]]] = {}
    for row in monitoring.measurements:
        name = row.variable.removeprefix(family)
        if row.stratum != stratum or name not in UNITS or row.variable != family + name:
            continue
        core, _, layer = row.sample.partition("/")
        cores = found.setdefault(coring_year(row.date), {})
        cores.setdefault(core, {}).setdefault(layer, {})[name] = row
    return tuple(Coring(year, family, found[year]) for year in sorted(found))


def is_core_row(row: Measurement) -> bool:
    """Whether a measurement is of a core."""
    return row.variable.removeprefix(BASELINE) in UNITS


def weighted_stock(stock: np.ndarray, weight: np.ndarray) -> Number:
    """The stock of one of the corings: corings on the last axis, weight 1 for it [tC/ha]."""
    chosen: Number = (stock * weight).sum(axis=-1)
    return chosen


NOW = pair(
    "36 (C_t)",
    "soil carbon at the coring that ends the interval",
    "tC/ha",
    weighted_stock,
    formula="SUMPRODUCT({stock},{weight})",
)
BEFORE = pair(
    "36 (C_t-T)",
    "soil carbon at the coring that begins the interval",
    "tC/ha",
    weighted_stock,
    formula="SUMPRODUCT({stock},{weight})",
)


def start_stock(cell: Cell) -> Term:
    """C_t0 of Eq 2, 10 and 11 by the first coring [tC/ha], one value or draws."""
    return _stock(cell, corings(cell.inputs.monitoring, cell.scenario, cell.stratum)[0])


def stocks_of_years(cell: Cell) -> tuple[Term, Term, Term]:
    """C_t and C_(t-T) [tC/ha] and T [yr] of Eq 36 for every year of the run.

    With the project a year lies between two corings. In the baseline the soil above the reference
    plane of the first coring has formed since the plane: C_(t-T) is 0 and T the plane's age.
    """
    found = corings(cell.inputs.monitoring, cell.scenario, cell.stratum)
    if cell.scenario == "baseline":
        age = cell.number("reference_plane_age_years") or math.nan
        plane = cell.known(age, "yr", "declared reference_plane_age_years")
        first: Group = {str(found[0].year): _stock(cell, found[0])}
        every = np.ones((1, len(cell.inputs.years)))
        now = cell.evaluate(NOW, stock=first, weight=_weights(cell, first, every))
        return now, cell.nothing("tC/ha", "reference plane"), plane
    stock: Group = {str(coring.year): _stock(cell, coring) for coring in found}
    years = np.array([coring.year for coring in found])
    later = np.searchsorted(years, np.array(cell.inputs.years))
    place = np.arange(len(found))[:, None]
    ends, begins = (_weights(cell, stock, (place == at) * 1.0) for at in (later, later - 1))
    between = (years[later] - years[later - 1]).astype(np.float64)
    return (
        cell.evaluate(NOW, stock=stock, weight=ends),
        cell.evaluate(BEFORE, stock=stock, weight=begins),
        cell.known(between, "yr", "years between corings"),
    )


def _weights(cell: Cell, stock: Group, weights: np.ndarray) -> Group:
    """1 for the coring that counts in a year, else 0, shape (coring, years)."""
    return {
        year: cell.known(values, "1", f"coring {year} counts")
        for year, values in zip(stock, weights, strict=True)
    }


def _stock(cell: Cell, coring: Coring) -> Term:
    """The mean of the cores of a coring [tC/ha], with the draws of its error."""
    stock: Group = {
        name: _core_stock(cell, coring.year, name, core) for name, core in coring.cores.items()
    }
    scope = f"{cell.stratum} {cell.scenario} {coring.year}"
    mean = cell.trace.evaluate(field.CORE_MEAN, scope, stock_tc_ha=stock)
    if not cell.inputs.is_sampled:
        return mean
    row = error_row(coring).model_copy(update={"standard_error": standard_error(cell, coring)})
    deviation = cell.inputs.measured(row, "tC/ha")
    return Term(mean.value + np.asarray(deviation.value), mean.unit, mean.source)


def _core_stock(cell: Cell, year: int, name: str, core: Core) -> Term:
    """Eq 99 of one core [tC/ha]; its measurements are never drawn, its coring is."""
    plain = Inputs(cell.inputs.monitoring, cell.inputs.parameters, years=cell.inputs.years)
    if "" in core and WHOLE in core[""]:
        return plain.measured(core[""][WHOLE], "tC/ha")
    scope = f"{cell.stratum} {cell.scenario} {name}"
    return cell.trace.evaluate(
        field.CORE_STOCK,
        f"{scope} {year}",
        carbon_fraction={
            key: _carbon(cell, plain, layer, f"{scope}/{key} {year}") for key, layer in core.items()
        },
        bulk_density_g_cm3={k: plain.measured(v[DENSITY], "g/cm3") for k, v in core.items()},
        thickness_cm={k: plain.measured(v[THICKNESS], "cm") for k, v in core.items()},
    )


def _carbon(cell: Cell, plain: Inputs, layer: Layer, scope: str) -> Term:
    """CF of a layer [tC/t]: measured, or by Eq 95-98."""
    method = cell.choice("core_carbon_method")
    if method == "measured":
        return plain.measured(layer[CONTENT], "tC/t")
    matter = plain.measured(layer[MATTER], "percent")
    line = {"project_equation": (field.PROJECT_LINE, "matter_carbon")}
    if method == "seagrass" and matter.single >= field.SEAGRASS_MATTER_MAX_PERCENT:
        line["seagrass"] = (field.SEAGRASS_HIGH, "seagrass_high")
    if method in line:
        what, names = line[method]
        percent = cell.trace.evaluate(
            what,
            scope,
            organic_matter_percent=matter,
            slope=cell.parameter(f"{names}_slope", "1"),
            intercept=cell.parameter(f"{names}_intercept", "percent"),
        )
    else:
        percent = cell.trace.evaluate(field.CARBON[method], scope, organic_matter_percent=matter)
    return cell.trace.evaluate(field.CARBON_FRACTION, scope, percent=percent)


def standard_error(cell: Cell, coring: Coring) -> float:
    """Standard error of the mean of the cores of a coring [tC/ha] (see the module)."""
    plain = Inputs(cell.inputs.monitoring, cell.inputs.parameters, years=cell.inputs.years)
    quiet = Cell(plain, Trace(plain.years, recording=False), cell.scenario, cell.stratum)
    stocks = [_core_stock(quiet, coring.year, k, v).single for k, v in coring.cores.items()]
    if len(stocks) > 1:
        return float(np.std(stocks, ddof=1)) / math.sqrt(len(stocks))
    ((name, core),) = coring.cores.items()
    effects = [
        _core_stock(quiet, coring.year, name, moved).single - stocks[0] for moved in _moved(core)
    ]
    return math.hypot(*effects)


def _moved(core: Core) -> Iterator[Core]:
    """The core with one of its measurements higher by a standard error, one after the other."""
    for key, layer in core.items():
        for name, row in layer.items():
            if row.standard_error:
                higher = row.model_copy(update={"value": row.value + row.standard_error})
                yield {**core, key: {**layer, name: higher}}


def error_row(coring: Coring) -> Measurement:
    """The error of a coring as a measurement of its own, 0 with the error still to be set.

    Where all rows with an error name one ``shared_error`` it is that of the coring.
    """
    rows = tuple(coring.rows)
    shared = {row.shared_error for row in rows if row.standard_error}
    return Measurement(
        variable=f"{coring.family}core_stock",
        stratum=rows[0].stratum,
        date=dt.date(coring.year, 12, 31),
        value=0.0,
        unit="tC/ha",
        sample="(mean)",
        shared_error=shared.pop() if len(shared) == 1 else "",
    )


def error_rows(monitoring: Monitoring) -> tuple[Measurement, ...]:
    """The errors of all corings of a monitoring file."""
    return tuple(
        error_row(coring)
        for stratum in monitoring.strata
        for family in ("", BASELINE)
        for coring in family_of(monitoring, family, stratum.id)
    )
