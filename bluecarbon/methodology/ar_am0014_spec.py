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
        about="mangrove inside the stratum at stock_start and stock_end. Trees take the area of "
        "each date; soil carbon (Eq 4) takes the smaller of the two, so that neither a loss nor a "
        "canopy that closed earns carbon, and the second one where planting followed stock_start",
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
        about="above-ground biomass of live trees, dry matter, per plot and date: of allometric "
        "equations over trees (AR-TOOL14 Eq A1.1-A1.4) or over basal area (Eq A1.7). Plots may be "
        "given as tree_stem_volume or tree_basal_area instead, one way per stratum and date",
    ),
    Input(
        name="tree_stem_volume",
        unit="m**3/ha",
        scope="plot",
        about="instead of tree_agb: stem volume over bark of live trees, all species; becomes "
        "biomass by the rows wood_density and biomass_expansion_factor (Eq A1.5, A1.8)",
        required=False,
    ),
    Input(
        name="tree_basal_area",
        unit="m**2/ha",
        scope="plot",
        about="instead of tree_agb: basal area of live trees by an angle count; becomes biomass "
        "by the row basal_area_biomass_ratio (Eq A1.6-A1.7)",
        required=False,
    ),
    Input(
        name="plot_secondary_variable",
        unit="1",
        scope="plot",
        about="double sampling (Eq 18-19, Appendix 3): any quantity in line with plot biomass "
        "(an image index, height, a count), as a plain number measured alike on ALL plots of the "
        "stratum and date. Plots that have it and no biomass are the rest of the sample; 3 plots "
        "or more need both",
        required=False,
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
        about="carbon in trees, above and below ground, at a date (before planting by crown "
        "cover: Eq 20; with permanent plots also updated by their change: Eq 22)",
        equation="AR-TOOL14 v4.2 Eq 12",
    ),
    Output(
        name="tree_stock_uncertainty",
        unit="1",
        about="half-width of the mean at 90 % over the mean (of an updated stock: Eq 23)",
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
        name="previous_tree_stock_tco2e",
        about="optional, with plots_remeasured: the tree stock at stock_start as an earlier "
        "report has it, before any discount; updated by AR-TOOL14 Eq 22-23",
        least=0,
        required=False,
    ),
    Declaration(
        name="previous_tree_stock_uncertainty",
        about="its uncertainty: half-width at 90 % over the stock, as a fraction",
        least=0,
        required=False,
    ),
    Declaration(
        name="start_stock_by_crown_cover",
        about="optional, at the first verification: the stock at stock_start is that of before "
        "planting, by baseline_crown_cover and the row forest_biomass (AR-TOOL14 Eq 20-21), and "
        "no plots are given for that date",
        least=0,
        most=1,
        required=False,
    ),
    Declaration(
        name="forest_crown_cover_threshold",
        about="optional: crown cover (0 ... 1) from which the host country speaks of a forest; "
        "AR-TOOL14 Eq 9-10 and 20-21 hold where the cover before planting is below 20 % of it",
        least=0,
        most=1,
        required=False,
    ),
    Declaration(
        name="project_start_year",
        about="optional: the baseline's trees grow for baseline_growth_years from it (AR-TOOL14 "
        "Eq 10); without it they grow without end",
        least=1900,
        most=2200,
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
        "versions 01 and 02 (read); version 03.0 seen through monitoring reports and through BM "
        "FR05.001 v1.0, India's adoption of it (a transcription), whose Eq 1-6 are the same",
    ),
    Source(
        key="ar-tool14-v4.2",
        citation="CDM AR-TOOL14, Estimation of carbon stocks and change in carbon stocks of trees "
        "and shrubs in A/R CDM project activities, version 04.2 (all equations read in a "
        "transcription; equal to BM-T-AR-0004 v1.0 of India's carbon market, read likewise)",
    ),
    Source(
        key="ar-tool12",
        citation="CDM AR-TOOL12, Estimation of carbon stocks and change in carbon stocks in dead "
        "wood and litter in A/R CDM project activities (not read; its default factors recalled, "
        "and found equal in a transcription of BM-T-AR-0003 v1.0, India's adoption of it)",
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
    limitations=(
        (
            "AR-TOOL14's 'no decrease' and its conditions for a stock or change of zero "
            "(sections 5 and 6.4) are left out: a cover of 0 stands for them"
        ),
        "the factor on root-shoot ratios of coppice (AR-TOOL14 Appendix 1) is left out",
        (
            "litter is no pool of the methodology; emissions of burning (AR-TOOL08) and leakage "
            "(AR-TOOL15) come in as results"
        ),
        (
            "read in versions 01 and 02; of version 03.0 what monitoring reports and India's "
            "adoption of it show"
        ),
    ),
)
