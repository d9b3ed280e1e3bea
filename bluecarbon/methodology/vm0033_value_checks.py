"""Whether the values of the series of ``vm0033@2.1`` can be what their unit says they are."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from bluecarbon import units
from bluecarbon.errors import UnitError
from bluecarbon.methodology import vm0033_field as field
from bluecarbon.methodology import vm0033_methods as methods
from bluecarbon.methodology.vm0033_cell import salinity_g_kg
from bluecarbon.report import Monitoring, Series
from bluecarbon.spec import Finding

SIGNED = frozenset(
    {
        "tree_change",
        "shrub_change",
        "soil_co2_flux",
        "soil_carbon_loss_rate",
        "peat_loss_rate",
        "subsidence_rate",
        "ch4_flux",
        "n2o_flux",
        "eroded_co2_flux",
        "excavated_co2_flux",
        "fire_reduction_premium",
    }
)
"""Series whose values may be below zero."""

FRACTION_HINT = "; write 0.04 tC/t for 4 %"
FRACTIONS = frozenset({"vegetation_cover", "herb_cover", "shrub_crown_cover"})
SATURATED_G_KG = 360
"""Salt in saturated brine: a larger salinity has another unit than was stated."""

BY_MATTER = frozenset({"organic_matter", "soil_carbon"})
SEAGRASS_LIMITS = {
    "soil_organic_matter": field.SEAGRASS_MATTER_MAX_PERCENT,
    "soil_carbon_content": float(
        field.seagrass_carbon_percent(field.SEAGRASS_MATTER_MAX_PERCENT) / 100
    ),
}
"""Where Eq 97 ends, by the unit of the series."""


def value_findings(row: Series, subject: str) -> Iterator[Finding]:
    """Unit, values and standard errors of one series that the rule book knows."""
    yield from _unit(row, subject)
    yield from _values(row, subject)


def matter_findings(monitoring: Monitoring, row: Series, subject: str) -> Iterator[Finding]:
    """Whether organic matter or carbon of soil lies where the equations of its kind hold."""
    if row.variable == "soil_organic_matter":
        yield from _low_matter(monitoring, row, subject)
    if row.variable in SEAGRASS_LIMITS:
        yield from _much_matter(monitoring, row, subject)


def _unit(row: Series, subject: str) -> Iterator[Finding]:
    if row.variable == "salinity":
        yield from _salinity_unit(row, subject)
        return
    wanted = methods.UNITS[row.variable]
    fix = f"give it in {wanted}" + (FRACTION_HINT if wanted == "tC/t" else "")
    try:
        units.factor(row.unit, wanted)
    except UnitError as error:
        yield Finding.error("unit-wrong", subject, str(error), fix=fix)
        return
    yield from _percent(row, subject)


def _percent(row: Series, subject: str) -> Iterator[Finding]:
    """0.2 percent is 0.002, and more likely 20 % written as a fraction."""
    if methods.UNITS[row.variable] != "percent":
        return
    most = max(row.values, default=0.0) * units.factor(row.unit, "percent")
    if row.unit == "percent" and 0 < most < 1:
        yield Finding.warning(
            "percent-low",
            subject,
            f"is at most {most:g} percent",
            fix=f"is {100 * most:g} percent meant?",
        )


def _salinity_unit(row: Series, subject: str) -> Iterator[Finding]:
    fix = "give it in g/kg; ppt, psu, permille and ‰ are read as g/kg"
    try:
        most = float(np.max(salinity_g_kg(row), initial=0.0))
    except UnitError as error:
        yield Finding.error("unit-wrong", subject, str(error), fix=fix)
        return
    if most > SATURATED_G_KG:
        message = f"is {most:g} g/kg (given in {row.unit!r}): water holds at most {SATURATED_G_KG}"
        yield Finding.error("value-wrong", subject, message, fix=fix)


def _values(row: Series, subject: str) -> Iterator[Finding]:
    for place, value in enumerate(row.values):
        wrong = _wrong_value(row, value)
        if wrong:
            year = row.first_year + place
            yield Finding.error("value-wrong", f"{subject} {year}", wrong, fix="correct it")
    errors = row.standard_errors
    if errors and len(errors) != len(row.values):
        message = f"has {len(errors)} standard errors for {len(row.values)} values"
        yield Finding.error("errors-wrong", subject, message, fix="give one for each value")
    if any(not (math.isfinite(e) and e >= 0) for e in errors):
        message = "a standard error is negative or not a number"
        yield Finding.error("errors-wrong", subject, message, fix="correct it")


def _wrong_value(row: Series, value: float) -> str:
    if not math.isfinite(value):
        return f"is {value}, not a number"
    if value < 0 and row.variable not in SIGNED:
        return f"is {value:g}, below zero"
    try:
        return _too_large(row.variable, value * units.factor(row.unit, methods.UNITS[row.variable]))
    except UnitError:
        return ""


def _too_large(variable: str, plain: float) -> str:
    if variable in FRACTIONS and plain > 1:
        return f"is {plain:g}, a share above 1"
    if variable.endswith("carbon_content") and plain > 1:
        return f"is {plain:g} tC/t: give the fraction, not percent{FRACTION_HINT}"
    share = methods.UNITS[variable] == "percent" and not variable.startswith("uncertainty")
    return f"is {plain:g} percent, more than all" if share and plain > 100 else ""


def _low_matter(monitoring: Monitoring, row: Series, subject: str) -> Iterator[Finding]:
    ecosystem = methods.choice(monitoring, "ecosystem", row.scenario, row.stratum)
    least = field.MANGROVE_MATTER_MIN_PERCENT
    try:
        low = min(row.values, default=least) * units.factor(row.unit, "percent") < least
    except UnitError:
        return
    if ecosystem == "mangrove" and low:
        yield Finding.warning(
            "organic-matter-low",
            subject,
            f"below {least:.1f} % Eq 96 gives more carbon than there is organic matter",
            fix="measure carbon itself (allochthonous_method 'soil_carbon')",
        )


def _much_matter(monitoring: Monitoring, row: Series, subject: str) -> Iterator[Finding]:
    """Eq 45, 46 and 97 hold below 20 % organic matter, and no inverse of Eq 98 is printed."""
    place = (row.scenario, row.stratum)
    by_matter = methods.choice(monitoring, "allochthonous_method", *place) in BY_MATTER
    if not by_matter or methods.choice(monitoring, "ecosystem", *place) != "seagrass":
        return
    unit = methods.UNITS[row.variable]
    try:
        high = max(row.values, default=0.0) * units.factor(row.unit, unit)
    except UnitError:
        return
    if high >= SEAGRASS_LIMITS[row.variable]:
        yield Finding.error(
            "organic-matter-high",
            subject,
            f"reaches {high:g} {unit}: Eq 45 and 97 for seagrass hold below 20 % organic matter",
            fix="no deduction is owed for seagrass (Eq 38), or give allochthonous_share",
        )
