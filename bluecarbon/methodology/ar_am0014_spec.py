"""The declaration of ``ar-am0014@3.0``: inputs, outputs, conditions, parameter rows, sources."""

from __future__ import annotations

from bluecarbon.methodology.parameters import parameter_rows
from bluecarbon.methodology.protocol import Declaration, MethodologySpec
from bluecarbon.spec import Input, Output, Source

DOCUMENT = "AR-AM0014 v3.0"

DEAD_WOOD_CLASSES = (
    "tropical_dry",
    "tropical_moist",
    "tropical_wet",
    "tropical_high",
    "temperate",
)
"""Classes of AR-TOOL12: rain below 1000 mm, up to 1600 mm, above; above 2000 m; temperate."""

_INPUTS = (
    Input(
        name="mangrove_area",
        unit="ha",
        scope="stratum",
        about="mangrove inside the stratum at stock_start and stock_end",
    ),
    Input(name="stratum_area", unit="ha", scope="stratum", about="area of the stratum polygon"),
    Input(
        name="baseline_crown_cover",
        unit="1",
        scope="stratum",
        about="share of the stratum under mangrove crowns before planting (0 ... 1)",
    ),
    Input(
        name="tree_agb",
        unit="t/ha",
        scope="plot",
        about="above-ground biomass of live trees, dry matter, per plot and date",
    ),
    Input(
        name="shrub_crown_cover",
        unit="1",
        scope="stratum",
        about="share of the stratum under shrub crowns (0 ... 1) at stock_start and stock_end; "
        "of all planted strata, or shrubs are left out",
        required=False,
    ),
)

_OUTPUTS = (
    Output(
        name="tree_stock",
        unit="tCO2e",
        about="carbon in trees, above and below ground, at a date",
        equation="AR-TOOL14 v4.2 Eq 12",
    ),
    Output(
        name="tree_stock_uncertainty",
        unit="1",
        about="half-width of the mean at 90 % over the mean",
        equation="AR-TOOL14 v4.2 Eq 15",
    ),
    Output(
        name="tree_change",
        unit="tCO2e",
        about="change of tree carbon between the two dates",
        equation="AR-TOOL14 v4.2 Eq 1",
    ),
    Output(
        name="tree_change_uncertainty",
        unit="1",
        about="its half-width at 90 % over its absolute value (Eq 3-8 with re-measured plots)",
        equation="AR-TOOL14 v4.2 Eq 2",
    ),
    Output(
        name="tree_change_uncertainty_with_areas",
        unit="1",
        about="the same with the errors of the areas, for information",
        equation="bluecarbon note 1",
    ),
    Output(
        name="tree_change_discounted",
        unit="tCO2e",
        about="the change that may be claimed after the uncertainty discount",
        equation="AR-TOOL14 v4.2 Appendix 2",
    ),
    Output(
        name="trees", unit="tCO2e", about="tree part of a year", equation="AR-TOOL14 v4.2 Eq 11"
    ),
    Output(
        name="soil", unit="tCO2e", about="soil part of a year", equation=f"{DOCUMENT} Eq 4 (sum)"
    ),
    Output(name="baseline", unit="tCO2e", about="baseline of a year", equation=f"{DOCUMENT} Eq 1"),
    Output(name="net", unit="tCO2e", about="net removals of a year", equation=f"{DOCUMENT} Eq 6"),
    Output(
        name="net_removals",
        unit="tCO2e",
        about="net removals of the monitoring period",
        equation=f"{DOCUMENT} Eq 6 (sum)",
    ),
)

_DECLARATIONS = (
    Declaration(
        name="site_was_degraded", about="the land was degraded mangrove habitat", least=1, most=1
    ),
    Declaration(
        name="mangrove_species_share",
        about="mangrove species among those planted",
        least=0.90,
        most=1.0,
    ),
    Declaration(
        name="soil_disturbance_share",
        about="area with disturbed soil over total area",
        least=0,
        most=0.10,
    ),
    Declaration(
        name="burning_ha",
        about="area burnt for site preparation; above 0 only with burning_emission_tco2e",
        least=0,
    ),
    Declaration(
        name="displaced_agriculture_ha",
        about="agriculture moved elsewhere; above 0 only with leakage_tco2e_yr",
        least=0,
    ),
    Declaration(
        name="burning_emission_tco2e",
        about="optional: emissions from burning in the monitoring period, computed by AR-TOOL08",
        least=0,
        required=False,
    ),
    Declaration(
        name="leakage_tco2e_yr",
        about="optional: leakage by displaced agriculture per year, computed by AR-TOOL15",
        least=0,
        required=False,
    ),
    Declaration(
        name="plots_remeasured",
        about="optional: plots are permanent, the same name at both dates is the same plot",
        least=0,
        most=1,
        required=False,
    ),
    Declaration(
        name="dead_wood_class",
        about="optional: counts dead wood by the AR-TOOL12 default factor of the class: "
        + ", ".join(DEAD_WOOD_CLASSES),
        required=False,
    ),
)

_SOURCES = (
    Source(
        key="ar-am0014-v1-v2",
        citation="CDM AR-AM0014, Afforestation and reforestation of degraded mangrove habitats, "
        "versions 01 and 02 (read); version 03.0 seen through monitoring reports",
    ),
    Source(
        key="ar-tool14-v4.2",
        citation="CDM AR-TOOL14, Estimation of carbon stocks and change in carbon stocks of trees "
        "and shrubs in A/R CDM project activities, version 04.2 (read in a transcription)",
    ),
    Source(
        key="ar-tool12",
        citation="CDM AR-TOOL12, Estimation of carbon stocks and change in carbon stocks in dead "
        "wood and litter in A/R CDM project activities (default factors recalled, not read)",
    ),
)

SPEC = MethodologySpec(
    id="ar-am0014@3.0",
    version="3.0",
    title="AR-AM0014 v3.0: Afforestation and reforestation of degraded mangrove habitats",
    title_zh="AR-AM0014 第3.0版:退化红树林生境的造林和再造林",
    inputs=_INPUTS,
    outputs=_OUTPUTS,
    declarations=_DECLARATIONS,
    parameters=parameter_rows("ar_am0014_v3_0.csv"),
    sources=_SOURCES,
)
