"""VM0033 v2.1 Eq 18-21, 69-73, 85, 86, 93 and 94: from the strata to credits and buffer.

Results are cumulative from the project start. Each cumulative equation has its own result of the
year before among its terms, so that a step can be recomputed from what it lists.
"""

from __future__ import annotations

import numpy as np

from bluecarbon import units
from bluecarbon.methodology.trace import Number
from bluecarbon.methodology.vm0033_cell import equation, pair
from bluecarbon.methodology.vm0033_depletion import cap_in_co2e


def soil_emission(
    area_ha: Number,
    counts: Number,
    *,
    co2: Number,
    deduction: Number,
    ch4: Number,
    n2o: Number,
) -> Number:
    """Eq 26, 79: A x (CO2 - Deduction_alloch + CH4 + N2O) [tCO2e/yr]; 0 after depletion (26)."""
    # What is not drawn first: it is one value per year, beside draws of years.
    return area_ha * (np.asarray(co2 - np.asarray(deduction) + (np.asarray(ch4) + n2o)) * counts)


def soil_part(area_ha: Number, counts: Number, *, emission: Number, deduction: Number) -> Number:
    """One gas of Eq 26, 79: A x (emission - deduction) [tCO2e/yr]."""
    return area_ha * (np.asarray(emission - np.asarray(deduction)) * counts)


def biomass_emission(previous: Number, change_tc: np.ndarray) -> Number:
    """Eq 19, 70: - sum over t and i of 44/12 dC, cumulative [tCO2e]; strata on the last axis."""
    emission: Number = previous - units.CO2E_PER_C * change_tc.sum(axis=-1)
    return emission


def summed_emission(previous: Number, emission: np.ndarray) -> Number:
    """Eq 20, 21, 71-73: sum over t and i of GHG_i,t, cumulative [tCO2e]; strata last."""
    total: Number = previous + emission.sum(axis=-1)
    return total


def summed_series(previous: Number, annual: Number) -> Number:
    """FRP and GHG_LK of Eq 85: the sum over t, cumulative [tCO2e]."""
    return previous + np.asarray(annual)


def baseline_emission(biomass: Number, soil: Number, fuel: Number) -> Number:
    """Eq 18: biomass + soil + fuel, cumulative [tCO2e]."""
    return np.asarray(biomass) + soil + fuel


def project_emission(biomass: Number, soil: Number, burning: Number, fuel: Number) -> Number:
    """Eq 69: biomass + soil + burning + fuel, cumulative [tCO2e]."""
    return np.asarray(biomass) + soil + burning + fuel


def net_reductions(baseline: Number, project: Number, premium: Number, leakage: Number) -> Number:
    """Eq 85: GHG_BSL - GHG_WPS + FRP - GHG_LK, cumulative [tCO2e], reductions positive."""
    return np.asarray(baseline) - project + premium - leakage


def over_soil_cap(baseline_soil: Number, project_soil: Number, maximum: Number) -> Number:
    """Section 5.2.4: the part of the cumulative soil claim above its maximum [tCO2e]."""
    return np.maximum(np.asarray(baseline_soil) - project_soil - maximum, 0.0)


def net_without_excess(net: Number, over_cap: Number) -> Number:
    """Eq 85 without what is over the soil cap, cumulative [tCO2e]."""
    return np.asarray(net) - over_cap


def limited_net(net: Number, net_max: Number) -> Number:
    """Eq 86: NER (without what is over the soil cap), at most NER at t = 100 [tCO2e]."""
    limited: Number = np.minimum(np.asarray(net), net_max)
    return limited


def stock_net(
    *,
    baseline_biomass: Number,
    baseline_soil_co2: Number,
    project_biomass: Number,
    project_soil_co2: Number,
    premium: Number,
    leakage: Number,
    over_caps: Number,
) -> Number:
    """Eq 94 (NER_stock): NER without CH4, N2O, burning and fuel, cumulative [tCO2e].

    The text: "discarding non-CO2 emissions from soil and biomass burning and emissions from
    fossil fuel use". FRP and leakage are not among what it discards: they stay. ``over_caps`` is
    what the limits of 5.2.4 and Eq 86 take off NER: NER_stock is a part of NER, and what may not
    be claimed needs no buffer.
    """
    baseline = np.asarray(baseline_biomass) + baseline_soil_co2
    return baseline - project_biomass - project_soil_co2 + premium - leakage - over_caps


def of_the_year(cumulative: Number) -> Number:
    """X_t2 - X_t1 for every year t2 with t1 the year before; t1 = 0 has nothing."""
    change: Number = np.diff(cumulative, axis=-1, prepend=0.0)
    return change


def buffer_credits(stock_net: Number, stock_net_before: Number, buffer_percent: Number) -> Number:
    """Eq 94: (NER_stock,t2 - NER_stock,t1) x Buffer% [tCO2e/yr]."""
    return (np.asarray(stock_net) - stock_net_before) * buffer_percent / 100


def claim_of_the_year(adjusted: Number, adjusted_before: Number) -> Number:
    """Eq 93: adjusted_NER_t2 - adjusted_NER_t1 [tCO2e/yr], the buffer's part still in it."""
    return np.asarray(adjusted) - adjusted_before


def issued_credits(adjusted: Number, adjusted_before: Number, buffer: Number) -> Number:
    """Eq 93: (adjusted_NER_t2 - adjusted_NER_t1) - Buffer_t2 [tCO2e/yr] (printed x: misprint)."""
    return np.asarray(adjusted) - adjusted_before - buffer


SOIL = pair(
    "26|79",
    "emission of soil",
    "tCO2e/yr",
    soil_emission,
    formula="{area_ha}*({co2}-{deduction}+{ch4}+{n2o})*{counts}",
)
SOIL_PARTS = {
    gas: pair(
        f"26 ({gas})|79 ({gas})",
        f"{gas} of soil",
        "tCO2e/yr",
        soil_part,
        formula="{area_ha}*({emission}-{deduction})*{counts}",
    )
    for gas in ("soil_co2", "ch4", "n2o")
}
_SUM = "{previous}+SUM({emission})"
BIOMASS_SUM = pair(
    "19|70",
    "emission of biomass, cumulative",
    "tCO2e",
    biomass_emission,
    formula="{previous}-44/12*SUM({change_tc})",
)
SOIL_SUM = pair("20|71", "emission of soil, cumulative", "tCO2e", summed_emission, formula=_SUM)
SOIL_CO2_SUM = pair(
    "20 (soil_co2)|71 (soil_co2)",
    "CO2 of soil, cumulative",
    "tCO2e",
    summed_emission,
    formula=_SUM,
)
BURNING_SUM = equation(
    "72", "emission of burning, cumulative", "tCO2e", summed_emission, formula=_SUM
)
FUEL_SUM = pair("21|73", "emission of fuel, cumulative", "tCO2e", summed_emission, formula=_SUM)
PREMIUM_SUM = equation(
    "85 (FRP)",
    "fire reduction premium, cumulative",
    "tCO2e",
    summed_series,
    formula="{previous}+{annual}",
)
LEAKAGE_SUM = equation(
    "85 (GHG_LK)", "leakage, cumulative", "tCO2e", summed_series, formula="{previous}+{annual}"
)
BASELINE = equation(
    "18",
    "baseline emissions, cumulative",
    "tCO2e",
    baseline_emission,
    formula="{biomass}+{soil}+{fuel}",
)
PROJECT = equation(
    "69",
    "project emissions, cumulative",
    "tCO2e",
    project_emission,
    formula="{biomass}+{soil}+{burning}+{fuel}",
)
NET = equation(
    "85",
    "net reductions, cumulative",
    "tCO2e",
    net_reductions,
    formula="{baseline}-{project}+{premium}-{leakage}",
)
CAP = equation(
    "3 (CO2)", "maximum soil claim as CO2", "tCO2e", cap_in_co2e, formula="44/12*{maximum_tc}"
)
OVER_CAP = equation(
    "3 (excess)",
    "soil claim over its maximum",
    "tCO2e",
    over_soil_cap,
    formula="MAX(0,{baseline_soil}-{project_soil}-{maximum})",
)
UNLIMITED = equation(
    "85 (limited)",
    "net reductions after the soil cap",
    "tCO2e",
    net_without_excess,
    formula="{net}-{over_cap}",
)
LIMITED = equation(
    "86",
    "net reductions after long-term caps",
    "tCO2e",
    limited_net,
    formula="MIN({net},{net_max})",
)
OVER_CAPS = equation(
    "86 (excess)",
    "net reductions that may not be claimed",
    "tCO2e",
    net_without_excess,
    formula="{net}-{over_cap}",
)
STOCK_NET = equation(
    "94 (NER_stock)",
    "net change of stocks, cumulative",
    "tCO2e",
    stock_net,
    formula=(
        "{baseline_biomass}+{baseline_soil_co2}-{project_biomass}-{project_soil_co2}"
        "+{premium}-{leakage}-{over_caps}"
    ),
)
BUFFER = equation(
    "94",
    "buffer credits of the year",
    "tCO2e",
    buffer_credits,
    formula="({stock_net}-{stock_net_before})*{buffer_percent}/100",
)
ISSUED = equation(
    "93",
    "credits of the year",
    "tCO2e",
    issued_credits,
    formula="{adjusted}-{adjusted_before}-{buffer}",
)
CLAIM = equation(
    "93 (before buffer)",
    "adjusted net reductions of the year",
    "tCO2e",
    claim_of_the_year,
    formula="{adjusted}-{adjusted_before}",
)
"""What a year claims, the buffer's part in it: evaluated last, the claim of a report is this."""
