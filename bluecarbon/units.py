"""The one unit registry. Carbon, CO2 equivalent and dry matter are different dimensions.

A tonne of carbon (``tC``), a tonne of CO2 equivalent (``tCO2e``) and a tonne of dry matter
(``t``) weigh the same and mean different things; peers that treat them as one unit have
published stocks that are wrong by 3.67. Here a conversion between them raises, unless the
caller says that the carbon is to be counted as CO2 (``stoichiometric=True``).

Used at the edges only: kernels take plain float arrays with the unit in the name.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from bluecarbon.errors import UnitError

if TYPE_CHECKING:
    import pint

CO2E_PER_C = 44.0 / 12.0
"""tCO2 per tC, the ratio of molar masses as every crediting document prints it. It stands here
and nowhere else."""

HA_PER_MU = 1.0 / 15.0
"""Hectares in one mu (亩), exact by definition."""

_POWER = re.compile(r"\b([kcmd]?m|yr)([1-9])\b")

# Salinity is the only thing that anybody here gives in ppt, which is parts per thousand then.
_DEFINITIONS = (
    "tC = [carbon]",
    "kgC = 0.001 * tC",
    "gC = 0.000001 * tC",
    "MgC = tC",
    "tCO2e = [carbon_dioxide_equivalent] = tCO2 = tCO2eq",
    "kgCO2e = 0.001 * tCO2e",
    "mu = 666.6666666666666 * meter ** 2 = 亩",
    "psu = 0.001",
    "ppt = 0.001",
    "@alias hectare = 公顷",
    "@alias metric_ton = 吨",
    "@alias gram = 克",
    "@alias meter = 米",
    "@alias year = 年",
    "千克 = 1000 * gram = _ = 公斤",
    "厘米 = 0.01 * meter",
    "毫米 = 0.001 * meter",
    "平方米 = meter ** 2",
    "立方米 = meter ** 3",
    "@alias tC = 吨碳",
    "@alias tCO2e = 吨二氧化碳当量",
    "CNY = [currency]",
    "fen = 0.01 * CNY",
)


@cache
def registry() -> pint.UnitRegistry[float]:
    """The pint registry with carbon units, built on first use (building it costs 0.1 s)."""
    import pint

    # "mu" and "t" would otherwise be read as prefixes or other units.
    ureg: pint.UnitRegistry[float] = pint.UnitRegistry(on_redefinition="ignore", cache_folder=None)
    for definition in _DEFINITIONS:
        ureg.define(definition)
    return ureg


@lru_cache(maxsize=512)
def factor(source: str, target: str, *, stoichiometric: bool = False) -> float:
    """The number by which a value in ``source`` is multiplied to be in ``target``.

    With ``stoichiometric=True`` carbon may become CO2 equivalent (44/12) and back.

    Raises
    ------
    UnitError
        Unknown unit, or the two are of different dimensions (tC, tCO2e and t dry matter are).
    """
    import pint

    try:
        quantity = registry().Quantity(1.0, _spelled(source))
        if stoichiometric:
            quantity = _as_co2e_or_carbon(quantity, target)
        return float(quantity.to(_spelled(target)).magnitude)
    except (pint.errors.PintError, ValueError, TypeError, AttributeError) as error:
        hint = _percent_hint(source, target)
        raise UnitError(f"cannot convert {source!r} to {target!r}: {error}{hint}") from error


def convert(value: float, source: str, target: str, *, stoichiometric: bool = False) -> float:
    """``value`` in ``source`` as a number in ``target``; see :func:`factor`."""
    return value * factor(source, target, stoichiometric=stoichiometric)


def dimension(unit: str) -> str:
    """The dimension of a unit in words, as ``[carbon] / [length] ** 2``; UnitError if unknown."""
    import pint

    try:
        return str(registry().Quantity(1.0, _spelled(unit)).dimensionality)
    except (pint.errors.PintError, ValueError, TypeError, AttributeError) as error:
        raise UnitError(f"no unit {unit!r}: {error}") from error


def _percent_hint(source: str, target: str) -> str:
    """A percentage does not say what of what it is, a carbon content does."""
    if source.strip() in {"percent", "%"} and target == "tC/t":
        return "; for 4 % write 0.04 tC/t"
    return ""


def _spelled(unit: str) -> str:
    """The unit in the spelling of pint: m**2 for m2, nothing for 1 or -."""
    text = unit.strip().replace("²", "2").replace("³", "3").replace("%", "percent")
    return "" if text in {"", "-", "1"} else _POWER.sub(r"\1**\2", text)


def _as_co2e_or_carbon(quantity: Any, target: str) -> Any:
    wanted = registry().Quantity(1.0, _spelled(target)).dimensionality
    carbon, co2e = "[carbon]", "[carbon_dioxide_equivalent]"
    power = quantity.dimensionality.get(carbon, 0)
    if power and wanted.get(co2e, 0) == power:
        return quantity * registry().Quantity(CO2E_PER_C, "tCO2e/tC") ** power
    power = quantity.dimensionality.get(co2e, 0)
    if power and wanted.get(carbon, 0) == power:
        return quantity * registry().Quantity(1 / CO2E_PER_C, "tC/tCO2e") ** power
    return quantity
