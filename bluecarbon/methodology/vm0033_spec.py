"""The declaration of ``vm0033@2.1``: series, measurements, choices, conditions, parameters."""

from __future__ import annotations

from bluecarbon.methodology import nprt_answers, vmd0052
from bluecarbon.methodology.parameters import parameter_rows
from bluecarbon.methodology.protocol import Declaration, MethodologySpec
from bluecarbon.methodology.vm0033_cell import DOCUMENT
from bluecarbon.methodology.vm0033_methods import DEFAULTS, OPTIONS, PROJECT_OPTIONS, SERIES
from bluecarbon.spec import Input, Output, Source

CONDITIONS = (
    Declaration(name="is_ifm_or_redd", about="the activity qualifies as IFM or REDD", most=0),
    Declaration(
        name="baseline_commercial_forestry", about="commercial forestry in the baseline", most=0
    ),
    Declaration(
        name="lowers_water_table",
        about="the activity lowers the water table (other than open water to tidal wetland, or "
        "impounded water reconnected)",
        most=0,
    ),
    Declaration(name="burns_organic_soil", about="the activity burns organic soil", most=0),
    Declaration(
        name="nitrogen_fertiliser", about="nitrogen fertiliser or manure in the project", most=0
    ),
    Declaration(
        name="leakage_conditions_hold",
        about="no land use is displaced and hydrological connectivity raises no emissions outside "
        "(sections 4 and 8.4)",
        least=1,
    ),
    Declaration(
        name="sea_level_rise_projected",
        about="areas are projected to t=100 with relative sea level rise (section 5.2.3)",
        least=1,
    ),
    *vmd0052.DECLARATIONS,
)
"""Conditions of the methodology: every project states them all."""

_KEYS = "; key '{0}.<scenario>.<stratum>', '{0}.<scenario>' or '{0}', scenario baseline or project"


_WHAT = {
    "tree_method": "trees: 'stock' and 'change' are results of AR-TOOL14 [tCO2e] (Eq 24, 75)",
    "shrub_method": "shrubs, by AR-TOOL14 (Eq 24, 75)",
    "herb_method": "herbs: 'default' is 3 tC/ha at full cover, first year of the project only "
    "(Eq 25, 78); herbs with the project are to be quantified in the baseline too",
    "soil_method": "in-situ CO2 of soil: 'default' Eq 33; 'stock_change' Eq 36 on a series; "
    "'core_layers' Eq 36 on core measurements (Eq 95-99); 'loss_rate' Eq 37; 'emitted_share' "
    "Eq 28, 29; 'steady_state' Eq 34, 35; 'subsidence' Eq 31, 32; 'flux' Eq 30",
    "core_carbon_method": "carbon of core layers: 'measured' reads core_carbon_content; the "
    "others convert core_organic_matter by Eq 95 (marsh), 96 (mangrove), 97 and from 20 % on 98 "
    "(seagrass; Eq 98 unverified), or by the parameters matter_carbon_slope and "
    "matter_carbon_intercept (project_equation)",
    "allochthonous_method": "deduction of allochthonous carbon (Eq 38-47), obligatory with the "
    "project: 'organic_soil' and 'none' deduct nothing, 'share' states %C_alloch",
    "deposit_method": "organic matter of deposited sediment (Eq 40, 42, 44, 46, 47)",
    "ecosystem": "which conversion of organic matter to carbon Eq 39-46 take",
    "eroded_method": "CO2 of eroded soil: 'default' and 'emitted_share' Eq 48, 49; 'flux' Eq 50",
    "erosion_environment": "share of eroded carbon that is emitted (Eq 51-55)",
    "excavated_method": "CO2 of excavated soil: 'emitted_share' Eq 56, 57; 'flux' Eq 58",
    "depletion_method": "how long baseline soil emits: 'organic' Eq 1, 'mineral' Eq 2, 'eroded' "
    "5 years, 'zero' for over 20 years drained or significant erosion; read in the baseline only; "
    "whole years: year n counts while n <= depletion time, then CO2, CH4 and N2O of soil are 0",
    "start_stock_method": "C_t0 of mineral soil in Eq 2, 10, 11: 'volumetric' Eq 12, or "
    "'core_layers' Eq 99, the first coring",
    "ch4_method": "CH4 of soil: defaults Eq 60 and 61, 'flux' Eq 59",
    "n2o_method": "N2O of soil: defaults Eq 63-68, 'flux' Eq 62",
    "burning_method": "prescribed burning (Eq 81-83), with the project only",
    "fuel_method": "fossil fuel (Eq 21, 84)",
}


def _choice(name: str) -> Declaration:
    default = DEFAULTS.get(name)
    rest = f"; {default!r} when not stated" if default else "; must be stated"
    if name == "erosion_environment":
        rest = "; must be stated where eroded_method is 'default'"
    options = ", ".join(repr(option) for option in OPTIONS[name])
    return Declaration(
        name=f"{name}.<scenario>.<stratum>",
        about=f"{_WHAT[name]}; text, one of {options}{rest}{_KEYS.format(name)}",
        # A default that is empty is a choice that only some methods ask for.
        required=default is None,
    )


_NUMBERS = (
    (
        "project_start_year",
        (
            "first year of the project (default: of the monitoring period); series "
            "begin there, stocks at the end of a year one year before it, because results are "
            "cumulative from it; the run ends with the period, whose end is exclusive"
        ),
    ),
    (
        "baseline_set_year",
        (
            "year in which the baseline was last set (default: project_start_year); "
            "it is reassessed every 10 years"
        ),
    ),
    ("confidence_percent", "90 (default; allowable uncertainty 20 %) or 95 (30 %)"),
    (
        "buffer_percent",
        "buffer share in percent where no score sheet (nprt. declarations) is given",
    ),
    (
        "no_published_soil_data",
        ("true where soil_method 'default' is used: no suitable published data exist"),
    ),
    ("net_max_tco2e", "NER at t=100 of an earlier run, where long_term_cap_method is 'declared'"),
    (
        "near_nitrogen_source.<scenario>.<stratum>",
        ("true where a nitrogen source is near: no N2O default there"),
    ),
    (
        "allochthonous_exempt.project.<stratum>",
        (
            "true where allochthonous carbon would have "
            "returned to the atmosphere, or the method measures autochthonous carbon only"
        ),
    ),
    ("soil_exposed_year.<scenario>.<stratum>", "year of exposure for soil_method 'steady_state'"),
    (
        "soil_cored_years_before_start.<scenario>.<stratum>",
        ("age of baseline cores, at most 2, for soil_method 'stock_change' in the baseline"),
    ),
    (
        "reference_plane_age_years.<scenario>.<stratum>",
        (
            "age of the baseline's reference plane, at "
            "least 4; must be stated in the baseline for soil_method 'stock_change' and "
            "'core_layers'"
        ),
    ),
    (
        "submergence_year.<scenario>.<stratum>",
        (
            "whole year in which the stratum submerges: above-ground biomass is lost (Eq 22), "
            "default soil removals (Eq 33) end with it (5.2.3)"
        ),
    ),
    (
        "scenario_areas_differ",
        (
            "true where the strata of the two scenarios rightly sum to different areas in a year "
            "(5.2.2: strata must sum to the project area)"
        ),
    ),
    (
        "aboveground_share.<scenario>.<stratum>",
        (
            "above-ground share of the biomass stock, lost on "
            "submergence; must be stated in the baseline, 1 with the project when not stated"
        ),
    ),
    (
        "harvest_cycle_years.<scenario>.<stratum>",
        (
            "years n of the harvest cycle (Eq 76, 77): the average is of the first n years from "
            "the project start, also for strata planted later"
        ),
    ),
    (
        "harvest_average_tree_tco2e.<scenario>.<stratum>",
        (
            "long-term average of the tree stock in an earlier run over the cycle, instead of "
            "harvest_cycle_years (Eq 76)"
        ),
    ),
    (
        "harvest_average_shrub_tco2e.<scenario>.<stratum>",
        "likewise of the shrub stock (Eq 77)",
    ),
)

_DECLARATIONS = (
    *CONDITIONS,
    *(_choice(name) for name in OPTIONS),
    *(
        Declaration(
            name=name, about=f"text, one of {', '.join(map(repr, options))}; must be stated"
        )
        for name, options in PROJECT_OPTIONS.items()
    ),
    *(
        Declaration(name=name, about=f"optional: {about}", required=False)
        for name, about in _NUMBERS
    ),
    *nprt_answers.DECLARATIONS,
)

_INPUTS = (
    ("peat_depth_start", "m", "Depth_peat,t0 of organic soil above the drainage limit (Eq 1, 8)"),
    (
        "mineral_soil_depth",
        "m",
        "Depth_soil,t0 of mineral soil (Eq 12); not for start_stock_method 'core_layers'",
    ),
    ("volumetric_carbon", "kgC/m3", "VC of the soil at the start (Eq 6, 7, 12, 14, 15)"),
    ("baseline_area_t100", "ha", "area of the stratum in the baseline 100 years on (Eq 3)"),
    ("project_area_t100", "ha", "area of the stratum with the project 100 years on (Eq 3)"),
)

_CORE = (
    "one layer of one core: sample is 'CORE/LAYER' (as 'C1/0-15 cm'), stratum and date as the core"
)
_CORING = (
    "; cores whose dates lie nearest to the same 31 December are one coring, the mean of its cores "
    "counts; Eq 36 needs a coring at most 2 years before the start and one at the end of the "
    "period; with the prefix baseline_ the core is of the baseline, where the first coring counts"
)
_CORE_INPUTS = (
    ("core_carbon_content", "tC/t", f"carbon fraction (0.05 is 5 %) of {_CORE}"),
    ("core_organic_matter", "percent", f"loss on ignition (Eq 95-98) of {_CORE}"),
    ("core_bulk_density", "g/cm3", f"dry bulk density (Eq 99) of {_CORE}"),
    ("core_thickness", "cm", f"thickness (Eq 99) of {_CORE}"),
    ("soil_carbon", "tC/ha", "carbon of a whole core, instead of its layers: sample is the core"),
)
"""Read where soil_method or start_stock_method is 'core_layers'."""

_OUTPUTS = (
    ("ghg_baseline", "tCO2e", "emissions of the baseline up to the year", "Eq 18"),
    ("ghg_project", "tCO2e", "emissions of the project up to the year", "Eq 69"),
    ("ner", "tCO2e", "net reductions up to the year", "Eq 85"),
    ("ner_limited", "tCO2e", "the same after the caps of 100 years", "Eq 86"),
    (
        "ner_error",
        "percent",
        (
            "uncertainty of the net reductions, analytic (each standard error moved by itself); "
            "also a Monte Carlo takes this one deduction from every draw"
        ),
        "Eq 91",
    ),
    ("ner_adjusted", "tCO2e", "net reductions after uncertainty, up to the year", "Eq 92"),
    ("buffer", "tCO2e", "buffer credits of the year", "Eq 94"),
    ("credits", "tCO2e", "credits of the year beside the buffer", "Eq 93"),
)

_SOURCES = (
    Source(
        key="vm0033-v2.1",
        citation="Verra, VM0033 Methodology for Tidal Wetland and Seagrass Restoration, version "
        "2.1, 4 September 2023 (read in a parsed text)",
    ),
    Source(key="nprt-v4.2", citation=f"Verra, {nprt_answers.DOCUMENT}, 3 May 2024 (read in full)"),
    Source(
        key="vmd0052",
        citation="Verra, VMD0052 Demonstration of Additionality of Tidal Wetland Restoration and "
        "Conservation Project Activities (named by VM0033; its text was not read)",
    ),
    Source(key="ar-tool14-v4.2", citation="CDM AR-TOOL14, version 4.2 (read in a transcription)"),
    Source(key="ipcc-ar5-wg1", citation="IPCC 2013, AR5 WG1 chapter 8, Table 8.A.1"),
)

LEFT_OUT = (
    "wood products (Appendix 1) and Eq 100 onward are left out: they were not legible",
    "Eq 98 (seagrass with over 20 % organic matter) stands on unverified rows",
    (
        "VMD0046 (fire reduction premium) and AR-TOOL05 (fuel) come in as results; leakage is "
        "declared to be none (section 8.4), or given"
    ),
    "Eq 30, 50 and 58 (proxies) take the value as it is given",
)
"""What of the document is not here."""

READINGS = (
    (
        "Eq 91 divides by |GHG_BSL + GHG_WPS| as printed, not by |GHG_BSL| + |GHG_WPS|; years in "
        "which the two differ by a factor of 3 are told"
    ),
    (
        "stocks of different years err independently (campaigns) unless a shared_error is named; "
        "the years of a rate, share or area err together"
    ),
    (
        "Eq 94 is literal: its buffer credits are negative in a year of loss, so that the years "
        "add up; a registry hands none back"
    ),
    (
        "what the caps (5.2.4, Eq 86) take off NER is taken off NER_stock of Eq 94 too; fire "
        "reduction premium and leakage stay in NER_stock, which discards non-CO2 of soil and "
        "burning and fuel only"
    ),
    "a stratum loses no more soil carbon in 100 years than it has (Eq 14-17)",
    "depletion counts whole years, and with CO2 the CH4 and N2O of the soil end (Eq 26)",
    "after its submergence_year a stratum has no default soil removals (5.2.3)",
    "the herb default counts in the first year of the project only (8.1.3)",
    "0.011 in the baseline and 0.0056 t CH4 with the project are refused within a stratum",
)
"""What stands in the text in two ways or not at all, and how it is taken here."""

SPEC = MethodologySpec(
    id="vm0033@2.1",
    version="2.1",
    title="VM0033 v2.1: Tidal Wetland and Seagrass Restoration",
    title_zh="VM0033 第2.1版:潮汐湿地和海草床恢复(红树林恢复与保护)",
    inputs=(
        *(
            Input(name=name, unit=unit, scope="stratum", about=about, required=False)
            for name, unit, about in _INPUTS
        ),
        *(
            Input(name=name, unit=unit, scope="plot", about=f"{about}{_CORING}", required=False)
            for name, unit, about in _CORE_INPUTS
        ),
    ),
    series=SERIES,
    outputs=tuple(
        Output(name=name, unit=unit, about=about, equation=f"{DOCUMENT} {number}")
        for name, unit, about, number in _OUTPUTS
    ),
    declarations=_DECLARATIONS,
    parameters=parameter_rows("vm0033_v2_1.csv"),
    sources=_SOURCES,
    limitations=(*LEFT_OUT, *READINGS),
)
