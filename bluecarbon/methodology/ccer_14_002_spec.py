"""The declaration of ``ccer-14-002@1``: series, declarations, outputs, rows, sources."""

from __future__ import annotations

from bluecarbon.methodology import tables
from bluecarbon.methodology.parameters import parameter_rows
from bluecarbon.methodology.protocol import Declaration, MethodologySpec, SeriesInput
from bluecarbon.spec import Output

DOCUMENT = "CCER-14-002-V01"

_SERIES = (
    SeriesInput(
        name="mangrove_area",
        unit="ha",
        per="whole stratum",
        about="planted mangrove at the end of each year, from the year before the first vintage",
    ),
    SeriesInput(
        name="tree_agb",
        unit="t/ha",
        per="per hectare",
        about="above-ground biomass, dry matter, at the end of each year, from the year before "
        "the first vintage. Without it a stratum that has planted_year grows by the growth_* rows",
        required=False,
    ),
    SeriesInput(
        name="tree_uncertainty",
        unit="1",
        per="whole project",
        about="half-width of the mean tree biomass at 90 % over the mean, per year; needed when "
        "tree_agb is measured",
        required=False,
    ),
    SeriesInput(
        name="crown_cover",
        unit="1",
        per="share",
        about="crown cover of each year (0 ... 1); a sparse stand loses a share of its gain",
        required=False,
    ),
)

_DECLARATIONS = (
    Declaration(
        name="site_is_suitable",
        about="unvegetated tidal flat or retired fish pond, suitable or made suitable",
        least=1,
    ),
    Declaration(name="planted_by_hand", about="mangrove was planted by hand", least=1),
    Declaration(
        name="title_is_clear",
        about="sea or land title is clear and proved by the county or a higher government, or by "
        "the natural-resources authority",
        least=1,
    ),
    Declaration(
        name="draft",
        about="optional: 1 (true) computes on unverified rows, and every output says DRAFT",
        required=False,
    ),
    Declaration(
        name="ex_ante",
        about="optional: 1 (true) says that tree_agb is projected; then no tree_uncertainty is "
        "needed and no uncertainty discount is taken",
        required=False,
    ),
)


def _output(name: str, about: str) -> Output:
    return Output(name=name, unit="tCO2e", about=about, equation=f"{DOCUMENT} (structure recalled)")


_OUTPUTS = (
    _output("trees", "carbon gained by trees, before the discount, per year"),
    _output("soil", "carbon gained by soil, per year"),
    _output("soil_ch4", "CH4 of the soil, an emission, per year"),
    _output("soil_n2o", "N2O of the soil, an emission, per year"),
    _output(
        "uncertainty_discount",
        "taken off for the uncertainty of trees, per year: a share of the amount of their change, "
        "also where that is a loss, which it makes larger",
    ),
    _output(
        "non_permanence_deduction",
        "K_RISK, taken off a gain for good, per year; of a loss nothing is taken",
    ),
    _output("net", "reduction of a year (CDR_t)"),
)

SPEC = MethodologySpec(
    id="ccer-14-002@1",
    version="1",
    title="CCER-14-002-V01 Mangrove planting (structure recalled; values from the operator)",
    title_zh="CCER-14-002-V01 红树林营造(结构据回忆,参数由使用者录入)",
    inputs=(),
    series=_SERIES,
    outputs=_OUTPUTS,
    declarations=_DECLARATIONS,
    parameters=parameter_rows("ccer_14_002_v1.csv"),
    buffer_is_issued=False,
    limitations=(
        (
            "only the first page of the official text was read: the structure is recalled, and "
            "rows without a value must be keyed in from the document"
        ),
        (
            "the uncertainty discount is taken off a loss of trees too (as in AR-TOOL14), "
            "K_RISK is taken off a gain only"
        ),
        (
            "K_RISK stands in the column buffer and is never issued: the claim is what is left "
            "after it, equal to net"
        ),
        "dead wood, litter and shrubs are no pools here",
    ),
    sources=tuple(tables.sources()[key] for key in ("ccer-14-002-v01", "ccer-measures-2023")),
)
