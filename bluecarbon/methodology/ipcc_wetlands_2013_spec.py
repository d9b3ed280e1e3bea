"""The declaration of ``ipcc-wetlands@2013``: series, declarations, outputs, rows, sources."""

from __future__ import annotations

from bluecarbon.methodology import tables
from bluecarbon.methodology.parameters import parameter_rows
from bluecarbon.methodology.protocol import Declaration, MethodologySpec, SeriesInput
from bluecarbon.report import Scenario
from bluecarbon.spec import Input, Output

DOCUMENT = "IPCC 2013 Wetlands Supplement ch. 4"

CLIMATE_ZONES = ("tropical_wet", "tropical_dry", "subtropical")
SOIL_TYPES = ("organic", "mineral", "aggregated")

_BOTH: tuple[Scenario, ...] = ("project", "baseline")

_SERIES = (
    SeriesInput(
        name="growing_area",
        unit="ha",
        per="whole stratum",
        scenarios=_BOTH,
        about="mangrove whose biomass grows in the year at the Tier 1 rate; leave out mangrove "
        "that has reached its mature stock, which Tier 1 takes as constant",
        required=False,
    ),
    SeriesInput(
        name="cleared_area",
        unit="ha",
        per="whole stratum",
        scenarios=_BOTH,
        about="mangrove cleared in the year: its biomass, litter and dead wood are lost at once",
        required=False,
    ),
    SeriesInput(
        name="extracted_area",
        unit="ha",
        per="whole stratum",
        scenarios=_BOTH,
        about="area excavated in the year (ponds, salt pans, harbours): its soil carbon to 1 m is "
        "lost at once; biomass lost with it is counted by cleared_area",
        required=False,
    ),
    SeriesInput(
        name="drained_area",
        unit="ha",
        per="whole stratum",
        scenarios=_BOTH,
        about="area that is under drainage in the year",
        required=False,
    ),
    SeriesInput(
        name="rewetted_area",
        unit="ha",
        per="whole stratum",
        scenarios=_BOTH,
        about="area that was rewetted or restored in this or an earlier year; needs "
        "revegetated_share and salinity",
        required=False,
    ),
    SeriesInput(
        name="revegetated_share",
        unit="1",
        per="share",
        scenarios=_BOTH,
        about="share of rewetted_area on which vegetation is re-established (0 ... 1): the soil "
        "factor counts there only",
        required=False,
    ),
    SeriesInput(
        name="salinity",
        unit="g/kg",
        per="property",
        scenarios=_BOTH,
        about="salinity of rewetted_area [g/kg; ppt and psu are g/kg]: CH4 below 18, none above; "
        "exactly 18 counts as below",
        required=False,
    ),
    SeriesInput(
        name="fish_production",
        unit="kg",
        per="whole stratum",
        scenarios=_BOTH,
        about="fish produced in the year in ponds in use",
        required=False,
    ),
)

_INPUTS = (
    Input(
        name="stratum_area",
        unit="ha",
        scope="stratum",
        about="optional: area of the stratum, against which the areas of its activities are held",
        required=False,
    ),
)

_DECLARATIONS = (
    Declaration(
        name="climate_zone",
        about=f"one of {', '.join(CLIMATE_ZONES)}; for one stratum alone: climate_zone:STRATUM. "
        "Needed where growing_area or cleared_area is given",
        required=False,
        by_stratum=True,
    ),
    Declaration(
        name="soil_type",
        about=f"one of {', '.join(SOIL_TYPES)}; for one stratum alone: soil_type:STRATUM. Needed "
        "where extracted_area is given",
        required=False,
        by_stratum=True,
    ),
)


def _output(name: str, about: str, number: str) -> Output:
    return Output(name=name, unit="tCO2e", about=about, equation=f"{DOCUMENT} {number}")


_OUTPUTS = (
    _output("net_removals_project", "net removals with the project, per year", "sum of terms"),
    _output("net_removals_baseline", "net removals of the baseline, per year", "sum of terms"),
    _output("net", "project less baseline, per year", "difference"),
)


SPEC = MethodologySpec(
    id="ipcc-wetlands@2013",
    version="2013",
    title="IPCC 2013 Wetlands Supplement, chapter 4 (coastal wetlands), Tier 1 for mangrove",
    title_zh="IPCC 2013年湿地增补指南第4章(滨海湿地)红树林 Tier 1",
    inputs=_INPUTS,
    series=_SERIES,
    outputs=_OUTPUTS,
    declarations=_DECLARATIONS,
    parameters=parameter_rows("ipcc_wetlands_2013.csv"),
    limitations=(
        "Tier 1 only: no leakage, no uncertainty deduction, no buffer: an inventory, not a credit",
        "restored stands gain no litter or dead wood (conservative)",
        "seagrass meadows and tidal marshes of the chapter are left out",
    ),
    sources=tuple(tables.sources()[key] for key in ("ipcc2013-ch4", "ipcc-ar5-wg1")),
)
