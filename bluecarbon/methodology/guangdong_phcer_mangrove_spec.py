"""The declaration of ``guangdong-phcer-mangrove@draft``, a proposal: no default anywhere."""

from __future__ import annotations

from bluecarbon.methodology import tables
from bluecarbon.methodology.parameters import parameter_rows
from bluecarbon.methodology.protocol import Declaration, MethodologySpec, SeriesInput
from bluecarbon.spec import Input, Output

DOCUMENT = "Guangdong PHCER mangrove (PROPOSAL)"

SEDIMENT = ("sediment_bulk_density", "sediment_organic_carbon", "accretion_rate")

_INPUTS = (
    Input(
        name="sediment_bulk_density",
        unit="g/cm3",
        scope="stratum",
        about="dry bulk density of the accreted sediment, one value per stratum",
    ),
    Input(
        name="sediment_organic_carbon",
        unit="1",
        scope="stratum",
        about="organic carbon of the accreted sediment over its dry mass (fraction; % converts)",
    ),
    Input(
        name="accretion_rate",
        unit="mm/yr",
        scope="stratum",
        about="vertical accretion of sediment, one value per stratum",
    ),
)

_SERIES = (
    SeriesInput(
        name="mangrove_area",
        unit="ha",
        per="whole stratum",
        about="mangrove at the end of each year, from the year before the first vintage",
    ),
    SeriesInput(
        name="tree_agb",
        unit="t/ha",
        per="per hectare",
        about="above-ground biomass, dry matter, at the end of each year, from the year before "
        "the first vintage",
    ),
)

_DECLARATIONS = (
    Declaration(
        name="site_is_in_guangdong", about="the project lies in Guangdong province", least=1
    ),
    Declaration(
        name="registered_elsewhere",
        about="the same area earns credits under another programme (uniqueness)",
        most=0,
    ),
)


def _output(name: str, about: str) -> Output:
    return Output(name=name, unit="tCO2e", about=about, equation=f"{DOCUMENT} {name}")


_OUTPUTS = (
    _output("plants", "sink of plants, per year"),
    _output("sediment", "sink of sediment, per year"),
    _output("net", "what is left after leakage, deduction and buffer, per year"),
)

SPEC = MethodologySpec(
    id="guangdong-phcer-mangrove@draft",
    version="draft",
    title="PROPOSAL: mangrove under Guangdong carbon inclusion (PHCER), accounted as in HY/T 0349",
    title_zh="提案(非官方):广东省碳普惠红树林,按 HY/T 0349 方式核算",
    inputs=_INPUTS,
    series=_SERIES,
    outputs=_OUTPUTS,
    declarations=_DECLARATIONS,
    parameters=parameter_rows("guangdong_phcer_mangrove_draft.csv"),
    limitations=(
        "a proposal: no mangrove method of the programme was found in force",
        "HY/T 0349-2022 is recalled, not read; every number is the user's",
        (
            "CH4 and N2O, dead wood and litter are left out; leakage and baseline are flat "
            "rates per hectare"
        ),
    ),
    sources=(tables.sources()["hy-t-0349-2022"],),
)
