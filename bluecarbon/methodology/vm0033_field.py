"""VM0033 v2.1 Eq 39-47 and 95-99: carbon and organic matter of soil samples.

All percentages are percent of dry soil (5.0 is 5 %), carbon fractions are 0 ... 1; the functions
say which. Equation 95 is printed with 0.04; its printed inverse (41, 42) solves 0.4 OM +
0.0025 OM^2, after Craft et al. 1991, and that is what stands here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from bluecarbon.methodology.trace import Number
from bluecarbon.methodology.vm0033_cell import equation

MARSH_LINEAR, MARSH_QUADRATIC = 0.40, 0.0025
MANGROVE_SLOPE, MANGROVE_INTERCEPT = 0.415, 2.8857
SEAGRASS_SLOPE, SEAGRASS_INTERCEPT = 0.40, -0.21

SEAGRASS_MATTER_MAX_PERCENT = 20.0
"""Eq 97 holds below this organic matter, Eq 98 from it on."""

MANGROVE_MATTER_MIN_PERCENT = MANGROVE_INTERCEPT / (1 - MANGROVE_SLOPE)
"""Below this Eq 96 gives more carbon than there is organic matter (2.9 % carbon at none)."""


def marsh_carbon_percent(organic_matter_percent: Number) -> Number:
    """Eq 95: %C = 0.40 %OM + 0.0025 %OM^2 (printed 0.04: see the module)."""
    matter = np.asarray(organic_matter_percent)
    return MARSH_LINEAR * matter + MARSH_QUADRATIC * matter**2


def mangrove_carbon_percent(organic_matter_percent: Number) -> Number:
    """Eq 96: %C = 0.415 %OM + 2.8857; positive at %OM = 0, so that low values are doubtful."""
    return MANGROVE_SLOPE * np.asarray(organic_matter_percent) + MANGROVE_INTERCEPT


def seagrass_carbon_percent(organic_matter_percent: Number) -> Number:
    """Eq 97: %C = 0.40 %OM - 0.21, not below 0, for %OM < 20 (the floor is ours).

    Above 20 % stands Eq 98, :func:`line_carbon_percent`.
    """
    carbon = SEAGRASS_SLOPE * np.asarray(organic_matter_percent) + SEAGRASS_INTERCEPT
    return np.maximum(carbon, 0.0)


def line_carbon_percent(organic_matter_percent: Number, slope: Number, intercept: Number) -> Number:
    """Eq 98 and equations of a project: %C = slope x %OM + intercept, not below 0."""
    return np.maximum(slope * np.asarray(organic_matter_percent) + intercept, 0.0)


def marsh_organic_matter_percent(carbon_percent: Number) -> Number:
    """Eq 41, 42: %OM = (-0.4 + sqrt(0.4^2 + 4 x 0.0025 %C)) / (2 x 0.0025)."""
    root = np.sqrt(MARSH_LINEAR**2 + 4 * MARSH_QUADRATIC * np.asarray(carbon_percent))
    return (root - MARSH_LINEAR) / (2 * MARSH_QUADRATIC)


def mangrove_organic_matter_percent(carbon_percent: Number) -> Number:
    """Eq 43, 44: %OM = (%C - 2.8857) / 0.415, not below 0.

    The floor is ours: sediment with less than 2.8857 % carbon would have negative matter.
    """
    matter = (np.asarray(carbon_percent) - MANGROVE_INTERCEPT) / MANGROVE_SLOPE
    return np.maximum(matter, 0.0)


def seagrass_organic_matter_percent(carbon_percent: Number) -> Number:
    """Eq 45, 46: %OM = (%C + 0.21) / 0.4, for %OM < 20."""
    return (np.asarray(carbon_percent) - SEAGRASS_INTERCEPT) / SEAGRASS_SLOPE


def autochthonous_matter_percent(soil_percent: Number, deposited_percent: Number) -> Number:
    """Eq 40: %OM_autoch = (%OM_soil - %OM_depsed) / (1 - %OM_depsed / 100), not below 0."""
    deposited = np.asarray(deposited_percent)
    return np.maximum((soil_percent - deposited) / (1 - deposited / 100), 0.0)


def allochthonous_percent(soil_carbon_percent: Number, autochthonous_percent: Number) -> Number:
    """Eq 39: %C_alloch = 100 (%C_soil - %C_autoch) / %C_soil, between 0 and 100.

    Soil without carbon has none that came from elsewhere: 0.
    """
    soil = np.asarray(soil_carbon_percent)
    share = 100 * (soil - autochthonous_percent) / np.where(soil > 0, soil, 1.0)
    return np.where(soil > 0, np.clip(share, 0.0, 100.0), 0.0)


def deposited_carbon_percent(surface_area_m2_g: Number, slope: Number, intercept: Number) -> Number:
    """Eq 47: %C_depsed = 0.086 SA + 0.05 (SA in m2/g)."""
    return slope * np.asarray(surface_area_m2_g) + intercept


def core_stock_tc_ha(
    carbon_fraction: np.ndarray, bulk_density_g_cm3: np.ndarray, thickness_cm: np.ndarray
) -> Number:
    """Eq 99: C = sum over layers of CF x BD x thickness x 100 [tC/ha], layers on the last axis.

    CF is the carbon **fraction** (percent over 100), BD in g/cm3, thickness in cm.
    ValueError when a fraction is above 1: then percent was given.
    """
    if np.any(np.asarray(carbon_fraction) > 1):
        raise ValueError("carbon_fraction is above 1: give a fraction, not percent")
    stock: Number = (carbon_fraction * bulk_density_g_cm3 * thickness_cm).sum(axis=-1) * 100
    return stock


def fraction_of_percent(percent: Number) -> Number:
    """CF of Eq 99 from the %C of Eq 95-98: percent over 100 [tC/t]."""
    return np.asarray(percent) / 100


def mean_of_cores(stock_tc_ha: np.ndarray) -> Number:
    """The mean of the cores of one coring [tC/ha], cores on the last axis."""
    mean: Number = stock_tc_ha.mean(axis=-1)
    return mean


Conversion = Callable[[Number], Number]

MATTER_OF_CARBON: Mapping[str, Conversion] = MappingProxyType(
    {
        "marsh": marsh_organic_matter_percent,
        "mangrove": mangrove_organic_matter_percent,
        "seagrass": seagrass_organic_matter_percent,
    }
)

_MATTER_FORMULAS = {
    "marsh": "(SQRT(0.4^2+4*0.0025*{carbon_percent})-0.4)/(2*0.0025)",
    "mangrove": "MAX(0,({carbon_percent}-2.8857)/0.415)",
    "seagrass": "({carbon_percent}+0.21)/0.4",
}
CARBON = MappingProxyType(
    {
        "marsh": equation(
            "95",
            "carbon from organic matter",
            "percent",
            marsh_carbon_percent,
            formula="0.4*{organic_matter_percent}+0.0025*{organic_matter_percent}^2",
        ),
        "mangrove": equation(
            "96",
            "carbon from organic matter",
            "percent",
            mangrove_carbon_percent,
            formula="0.415*{organic_matter_percent}+2.8857",
        ),
        "seagrass": equation(
            "97",
            "carbon from organic matter",
            "percent",
            seagrass_carbon_percent,
            formula="MAX(0,0.4*{organic_matter_percent}-0.21)",
        ),
    }
)
_LINE = "MAX(0,{slope}*{organic_matter_percent}+{intercept})"
SEAGRASS_HIGH = equation(
    "98", "carbon from much organic matter", "percent", line_carbon_percent, formula=_LINE
)
PROJECT_LINE = equation(
    "95-98 (own)", "carbon from organic matter", "percent", line_carbon_percent, formula=_LINE
)
SOIL_MATTER = MappingProxyType(
    {
        name: equation(
            number,
            "organic matter of soil",
            "percent",
            MATTER_OF_CARBON[name],
            formula=_MATTER_FORMULAS[name],
        )
        for name, number in (("marsh", "41"), ("mangrove", "43"), ("seagrass", "45"))
    }
)
DEPOSITED_MATTER = MappingProxyType(
    {
        name: equation(
            number,
            "organic matter of sediment",
            "percent",
            MATTER_OF_CARBON[name],
            formula=_MATTER_FORMULAS[name],
        )
        for name, number in (("marsh", "42"), ("mangrove", "44"), ("seagrass", "46"))
    }
)
AUTOCHTHONOUS = equation(
    "40",
    "autochthonous organic matter",
    "percent",
    autochthonous_matter_percent,
    formula=("MAX(0,({soil_percent}-{deposited_percent})/(1-{deposited_percent}/100))"),
)
ALLOCHTHONOUS = equation(
    "39",
    "allochthonous share of carbon",
    "percent",
    allochthonous_percent,
    formula=(
        "IF({soil_carbon_percent}>0,MAX(0,MIN(100,100*"
        "({soil_carbon_percent}-{autochthonous_percent})/{soil_carbon_percent})),"
        "0)"
    ),
)
DEPOSITED_CARBON = equation(
    "47",
    "carbon of sediment",
    "percent",
    deposited_carbon_percent,
    formula="{slope}*{surface_area_m2_g}+{intercept}",
)
CORE_STOCK = equation(
    "99",
    "soil carbon of a core",
    "tC/ha",
    core_stock_tc_ha,
    formula="SUMPRODUCT({carbon_fraction},{bulk_density_g_cm3},{thickness_cm})*100",
)
CARBON_FRACTION = equation(
    "99 (CF)", "carbon fraction of a layer", "tC/t", fraction_of_percent, formula="{percent}/100"
)
CORE_MEAN = equation(
    "99 (mean)",
    "soil carbon of a coring, mean of its cores",
    "tC/ha",
    mean_of_cores,
    formula="AVERAGE({stock_tc_ha})",
)
