"""The declaration of ``vm0033@2.1``: series, measurements, choices, conditions, parameters."""

from __future__ import annotations

from bluecarbon.methodology import nprt_v4_2, vmd0052
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


def _choice(name: str) -> Declaration:
    default = DEFAULTS.get(name)
    rest = f"; {default!r} when not stated" if default else "; must be stated"
    if name == "erosion_environment":
        rest = "; must be stated where eroded_method is 'default'"
    options = ", ".join(repr(option) for option in OPTIONS[name])
    return Declaration(
        name=f"{name}.<scenario>.<stratum>",
        about=f"text, one of {options}{rest}{_KEYS.format(name)}",
    )


_NUMBERS = (
    (
        "project_start_year",
        (
            "first year of the project (default: of the monitoring period); series "
            "begin there, because results are cumulative from it"
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
    ("buffer_percent", "buffer share in percent where no score sheet is given"),
    (
        "nprt.<question>",
        "score sheet of the Non-Permanence Risk Tool instead of buffer_percent: "
        + ", ".join(nprt_v4_2.ScoreSheet.model_fields)
        + "; fire, pest, weather, geological, other: .significance, .return_years, .mitigation, "
        ".climate_affected; sea_level_rise: .significance, .impact_level, .adaptation",
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
            "least 4, for soil_method 'stock_change' in the baseline"
        ),
    ),
    ("submergence_year.<scenario>.<stratum>", "year in which the stratum submerges (Eq 22)"),
    (
        "aboveground_share.<scenario>.<stratum>",
        (
            "above-ground share of the biomass stock, lost on "
            "submergence; must be stated in the baseline, 1 with the project when not stated"
        ),
    ),
    ("harvest_cycle_years.<scenario>.<stratum>", "years of the harvest cycle (Eq 76, 77)"),
    (
        "harvest_average_tree_tco2e.<scenario>.<stratum>",
        (
            "long-term average of an earlier run over "
            "the cycle, instead of harvest_cycle_years; likewise harvest_average_shrub_tco2e"
        ),
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
    *(Declaration(name=name, about=f"optional: {about}") for name, about in _NUMBERS),
)

_INPUTS = (
    ("peat_depth_start", "m", "Depth_peat,t0 of organic soil above the drainage limit (Eq 1, 8)"),
    ("mineral_soil_depth", "m", "Depth_soil,t0 of mineral soil (Eq 12)"),
    ("volumetric_carbon", "kgC/m3", "VC of the soil at the start (Eq 6, 7, 12, 14, 15)"),
    ("baseline_area_t100", "ha", "area of the stratum in the baseline 100 years on (Eq 3)"),
    ("project_area_t100", "ha", "area of the stratum with the project 100 years on (Eq 3)"),
)

_OUTPUTS = (
    ("ghg_baseline", "tCO2e", "emissions of the baseline up to the year", "Eq 18"),
    ("ghg_project", "tCO2e", "emissions of the project up to the year", "Eq 69"),
    ("ner", "tCO2e", "net reductions up to the year", "Eq 85"),
    ("ner_limited", "tCO2e", "the same after the caps of 100 years", "Eq 86"),
    ("ner_error", "percent", "uncertainty of the net reductions", "Eq 91"),
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
    Source(key="nprt-v4.2", citation=f"Verra, {nprt_v4_2.DOCUMENT}, 3 May 2024 (read in full)"),
    Source(
        key="vmd0052",
        citation="Verra, VMD0052 Demonstration of Additionality of Tidal Wetland Restoration and "
        "Conservation Project Activities (named by VM0033; its text was not read)",
    ),
    Source(key="ar-tool14-v4.2", citation="CDM AR-TOOL14, version 4.2 (read in a transcription)"),
    Source(key="ipcc-ar5-wg1", citation="IPCC 2013, AR5 WG1 chapter 8, Table 8.A.1"),
)

SPEC = MethodologySpec(
    id="vm0033@2.1",
    version="2.1",
    title="VM0033 v2.1: Tidal Wetland and Seagrass Restoration",
    title_zh="VM0033 第2.1版:潮汐湿地和海草床恢复(红树林恢复与保护)",
    inputs=tuple(
        Input(name=name, unit=unit, scope="stratum", about=about, required=False)
        for name, unit, about in _INPUTS
    ),
    series=SERIES,
    outputs=tuple(
        Output(name=name, unit=unit, about=about, equation=f"{DOCUMENT} {number}")
        for name, unit, about, number in _OUTPUTS
    ),
    declarations=_DECLARATIONS,
    parameters=parameter_rows("vm0033_v2_1.csv"),
    sources=_SOURCES,
)
