"""The ways in which VM0033 v2.1 lets a term be estimated, and the annual series that each reads.

One table drives the declaration, the checks and the computation. A project chooses per term, per
scenario and per stratum by declarations, the more special key before the more general one::

    "soil_method.project.K15": "default"     this stratum with the project
    "soil_method.project": "default"         every stratum with the project
    "soil_method": "none"                    everything else

A stratum takes part in a scenario when it has a ``stratum_area`` series in that scenario.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bluecarbon.methodology.protocol import SeriesInput
from bluecarbon.report import Monitoring, Scenario, Series, Stratum

SCENARIOS: tuple[Scenario, ...] = ("baseline", "project")

ERODED = ("eroded_carbon_content", "eroded_bulk_density", "eroded_depth")
EXCAVATED = ("excavated_carbon_content", "excavated_bulk_density", "excavated_depth")
SOIL = ("soil_carbon_content", "soil_bulk_density", "soil_exposed_depth")

OPTIONS: Mapping[str, Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "tree_method": {
            "none": (),
            "stock_per_hectare": ("tree_stock_per_hectare",),
            "biomass_per_hectare": ("tree_biomass_per_hectare",),
            "stock": ("tree_stock",),
            "change": ("tree_change",),
        },
        "shrub_method": {
            "none": (),
            "stock": ("shrub_stock",),
            "change": ("shrub_change",),
            "crown_cover": ("shrub_crown_cover",),
        },
        "herb_method": {"none": (), "stock": ("herb_stock",), "default": ("herb_cover",)},
        "soil_method": {
            "none": (),
            "default": ("vegetation_cover",),
            "stock_change": ("soil_carbon_stock",),
            "core_layers": (),
            "loss_rate": ("soil_carbon_loss_rate",),
            "emitted_share": (*SOIL, "soil_emitted_share"),
            "steady_state": SOIL,
            "subsidence": ("subsidence_rate", "soil_carbon_density"),
            "flux": ("soil_co2_flux",),
        },
        "core_carbon_method": {
            "measured": (),
            "mangrove": (),
            "marsh": (),
            "seagrass": (),
            "project_equation": (),
        },
        "allochthonous_method": {
            "none": (),
            "organic_soil": (),
            "share": ("allochthonous_share",),
            "autochthonous_carbon": ("soil_carbon_content", "autochthonous_carbon_content"),
            "organic_matter": ("soil_organic_matter",),
            "soil_carbon": ("soil_carbon_content",),
        },
        "deposit_method": {
            "default": (),
            "organic_matter": ("deposited_organic_matter",),
            "carbon": ("deposited_carbon",),
            "surface_area": ("sediment_surface_area",),
        },
        "ecosystem": {"mangrove": (), "marsh": (), "seagrass": ()},
        "eroded_method": {
            "none": (),
            "default": ERODED,
            "emitted_share": (*ERODED, "eroded_emitted_share"),
            "flux": ("eroded_co2_flux",),
        },
        "erosion_environment": {
            "normal_marine": (),
            "oxygen_depletion": (),
            "small_mountainous_rivers": (),
            "extreme_accumulation": (),
            "not_connected": (),
            "not_connected_conservative": (),
            "very_low_accumulation": (),
        },
        "excavated_method": {
            "none": (),
            "emitted_share": (*EXCAVATED, "excavated_emitted_share"),
            "flux": ("excavated_co2_flux",),
        },
        "depletion_method": {
            "none": (),
            "organic": ("peat_loss_rate",),
            "mineral": ("soil_carbon_loss_rate",),
            "eroded": (),
            "zero": (),
        },
        "start_stock_method": {"volumetric": (), "core_layers": ()},
        "ch4_method": {
            "none": (),
            "default_over_18ppt": ("salinity",),
            "default_from_20ppt": ("salinity",),
            "flux": ("ch4_flux",),
        },
        "n2o_method": {
            "none": (),
            "default_wetland": ("salinity",),
            "default_open_water": ("salinity",),
            "flux": ("n2o_flux",),
        },
        "burning_method": {"none": (), "prescribed": ("burnt_biomass",)},
        "fuel_method": {"none": (), "emission": ("fuel_emission",)},
    }
)
"""Choices by stratum and scenario: option -> the series that it reads."""

DEFAULTS: Mapping[str, str] = MappingProxyType(
    {
        "shrub_method": "none",
        "herb_method": "none",
        "core_carbon_method": "measured",
        "allochthonous_method": "none",
        "deposit_method": "default",
        "ecosystem": "mangrove",
        "eroded_method": "none",
        "erosion_environment": "",
        "excavated_method": "none",
        "depletion_method": "none",
        "start_stock_method": "volumetric",
        "burning_method": "none",
        "fuel_method": "none",
    }
)
"""What holds when nothing is said. A method that is not here must be chosen: leaving out trees,
soil, CH4 or N2O is a statement that a reader wants to see."""

PROJECT_OPTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "soil_cap_method": ("not_applicable", "total_stock", "stock_loss"),
        "long_term_cap_method": ("not_applicable", "declared", "computed"),
    }
)
"""Choices for the whole project."""

YEAR_BEFORE = frozenset(
    {
        "tree_stock_per_hectare",
        "tree_biomass_per_hectare",
        "tree_stock",
        "shrub_stock",
        "shrub_crown_cover",
        "herb_stock",
        "soil_carbon_stock",
    }
)
"""Stocks at the end of each year: their series begin one year before the first year."""

AREA_BEFORE = frozenset(
    {"tree_stock_per_hectare", "tree_biomass_per_hectare", "shrub_crown_cover", "herb_stock"}
)
"""Stocks per hectare that are multiplied by the area of their own year, also before the start."""

UNCERTAINTY_OF = MappingProxyType(
    {
        "biomass": "uncertainty_biomass",
        "soil_co2": "uncertainty_soil_co2",
        "ch4": "uncertainty_ch4",
        "n2o": "uncertainty_n2o",
    }
)
"""Optional series that state the half-width of a pool instead of standard errors."""

_HECTARE, _STRATUM, _SHARE, _PROPERTY = "per hectare", "whole stratum", "share", "property"

_ROWS = (
    ("stratum_area", "ha", _STRATUM, "A_i,t; a stratum with this series is part of the scenario"),
    ("tree_stock_per_hectare", "tC/ha", _HECTARE, "carbon in trees, above and below ground"),
    ("tree_biomass_per_hectare", "t/ha", _HECTARE, "tree dry matter, above and below ground"),
    ("tree_stock", "tCO2e", _STRATUM, "C_TREE,i,t of AR-TOOL14 (that tool gives tCO2e)"),
    ("tree_change", "tCO2e/yr", _STRATUM, "dC_TREE,i,t of AR-TOOL14, gain positive"),
    ("shrub_stock", "tCO2e", _STRATUM, "C_SHRUB,i,t of AR-TOOL14"),
    ("shrub_change", "tCO2e/yr", _STRATUM, "dC_SHRUB,i,t of AR-TOOL14, gain positive"),
    ("shrub_crown_cover", "1", _SHARE, "crown cover of shrubs, 0 ... 1"),
    ("herb_stock", "tC/ha", _HECTARE, "carbon in herbaceous vegetation"),
    (
        "herb_cover",
        "1",
        _SHARE,
        "cover of herbs, 0 ... 1; only the first year of the project counts",
    ),
    ("vegetation_cover", "1", _SHARE, "crown or vegetation cover, 0 ... 1"),
    ("soil_carbon_stock", "tC/ha", _HECTARE, "soil carbon above the reference plane (Eq 36, 99)"),
    ("soil_carbon_loss_rate", "tC/ha/yr", _HECTARE, "Rate_Closs of mineral soil, loss positive"),
    ("soil_carbon_content", "tC/t", _PROPERTY, "carbon fraction of dry soil (0.05 is 5 %)"),
    ("soil_bulk_density", "kg/m3", _PROPERTY, "dry bulk density of the exposed soil"),
    ("soil_exposed_depth", "m", _PROPERTY, "depth of the exposed soil (exposed in that year)"),
    ("soil_emitted_share", "percent", _SHARE, "C%_emitted of the exposed carbon in the year"),
    ("subsidence_rate", "m/yr", _PROPERTY, "loss of organic soil by subsidence"),
    ("soil_carbon_density", "kgC/m3", _PROPERTY, "VC, volumetric carbon content"),
    (
        "soil_co2_flux",
        "tCO2e/ha/yr",
        _HECTARE,
        "in-situ CO2 by a proxy, model or published value; emission positive, removal negative",
    ),
    ("allochthonous_share", "percent", _SHARE, "%C_alloch of new soil carbon"),
    ("autochthonous_carbon_content", "tC/t", _PROPERTY, "autochthonous carbon fraction of soil"),
    ("soil_organic_matter", "percent", _PROPERTY, "%OM_soil by loss on ignition"),
    ("deposited_organic_matter", "percent", _PROPERTY, "%OM of deposited sediment"),
    ("deposited_carbon", "percent", _PROPERTY, "%C of deposited sediment"),
    ("sediment_surface_area", "m2/g", _PROPERTY, "SA, surface area of the sediment (Eq 47)"),
    ("eroded_carbon_content", "tC/t", _PROPERTY, "carbon fraction of the eroded soil"),
    ("eroded_bulk_density", "kg/m3", _PROPERTY, "dry bulk density of the eroded soil"),
    ("eroded_depth", "m", _PROPERTY, "depth eroded in the year"),
    ("eroded_emitted_share", "percent", _SHARE, "C%_emitted of the eroded carbon"),
    (
        "eroded_co2_flux",
        "tCO2e/ha/yr",
        _HECTARE,
        "CO2 of eroded soil by proxy or publication; emission positive, removal negative",
    ),
    ("excavated_carbon_content", "tC/t", _PROPERTY, "carbon fraction of the excavated soil"),
    ("excavated_bulk_density", "kg/m3", _PROPERTY, "dry bulk density of the excavated soil"),
    ("excavated_depth", "m", _PROPERTY, "depth piled up in the year"),
    ("excavated_emitted_share", "percent", _SHARE, "C%_emitted of the excavated carbon"),
    (
        "excavated_co2_flux",
        "tCO2e/ha/yr",
        _HECTARE,
        "CO2 of excavated soil by proxy or publication; emission positive, removal negative",
    ),
    ("peat_loss_rate", "m/yr", _PROPERTY, "Rate_peatloss of organic soil, loss positive"),
    (
        "salinity",
        "g/kg",
        _PROPERTY,
        "salinity average or low point; ppt and psu are g/kg",
    ),
    (
        "ch4_flux",
        "t/ha/yr",
        _HECTARE,
        "tonnes of CH4 by proxy, measurement or publication; emission positive, removal negative",
    ),
    (
        "n2o_flux",
        "t/ha/yr",
        _HECTARE,
        "tonnes of N2O by proxy, measurement or publication; emission positive, removal negative",
    ),
    ("burnt_biomass", "kg/ha", _HECTARE, "shrub and herb dry matter burnt, mean of the stratum"),
    ("fuel_emission", "tCO2e/yr", _STRATUM, "ET_FC of AR-TOOL05"),
    ("uncertainty_biomass", "percent", _PROPERTY, "stated half-width, replaces standard errors"),
    ("uncertainty_soil_co2", "percent", _PROPERTY, "stated half-width, replaces standard errors"),
    ("uncertainty_ch4", "percent", _PROPERTY, "stated half-width, replaces standard errors"),
    ("uncertainty_n2o", "percent", _PROPERTY, "stated half-width, replaces standard errors"),
)

_PROJECT_ROWS = (
    (
        "fire_reduction_premium",
        "tCO2e/yr",
        "FRP by VMD0046; needed for no project; reduction positive",
    ),
    (
        "leakage_emission",
        "tCO2e/yr",
        "GHG_LK; 0 under the applicability conditions (8.4); emission positive, removal negative",
    ),
)


_CAPPED = frozenset({"peat_loss_rate", "soil_carbon_loss_rate"})

_ONE_VALUE = {
    _HECTARE: "one value per hectare, which is multiplied by stratum_area",
    _STRATUM: "one value for the whole stratum, not per hectare",
    _SHARE: "one value for the stratum, a share: no area in it",
    _PROPERTY: "one value for the stratum, a property: no area in it",
    "whole project": "one value for the whole project: leave stratum empty, scenario 'project'",
}

_LAST = (
    "last value: the last year of the period, whose end is exclusive (end 2030-01-01: last value "
    "2029); more years do no harm"
)


def _first(name: str) -> str:
    """From which year on a series is read, in words."""
    if name in YEAR_BEFORE:
        return (
            "stock at the end of each year: begins one year early, first value is the year before "
            "project_start_year (what stood when the project began)"
        )
    start = "begins in project_start_year (default: first year of the period)"
    if name == "stratum_area":
        before = ", ".join(sorted(AREA_BEFORE))
        return f"{start}, but one year early in a scenario and stratum that reads one of {before}"
    if name in _CAPPED:
        return f"{start}; 100 values where soil_cap_method is total_stock or stock_loss (Eq 3-17)"
    return start


def _about(name: str, per: str, about: str) -> str:
    """What a series is, its extent in space and time, and which choices read it."""
    readers = [f"{c}={o}" for c, d in OPTIONS.items() for o, names in d.items() if name in names]
    when = (f"read by {', '.join(readers)}",) if readers else ()
    return "; ".join((about, _ONE_VALUE[per], _first(name), _LAST, _errors(name), *when))


def _errors(name: str) -> str:
    """What the standard errors of a series are taken for."""
    if name in YEAR_BEFORE:
        return (
            "standard_errors of different years are independent (campaigns), those of C_t and C_0 "
            "add in quadrature, unless the series names a shared_error"
        )
    return "standard_errors of all years are one error: they move together"


SERIES: tuple[SeriesInput, ...] = (
    *(
        SeriesInput.model_validate(
            {
                "name": name,
                "unit": unit,
                "per": per,
                "scenarios": SCENARIOS,
                "about": _about(name, per, about),
                "required": name == "stratum_area",
            }
        )
        for name, unit, per, about in _ROWS
    ),
    *(
        SeriesInput(
            name=name,
            unit=unit,
            per="whole project",
            about=_about(name, "whole project", about),
            required=False,
        )
        for name, unit, about in _PROJECT_ROWS
    ),
)
"""All annual series that the rule book knows."""

UNITS: Mapping[str, str] = MappingProxyType({row.name: row.unit for row in SERIES})

PROJECT_SERIES = tuple(name for name, _, _ in _PROJECT_ROWS)


def choice(monitoring: Monitoring, name: str, scenario: Scenario, stratum: str) -> str:
    """The option chosen for a term (see the module); empty when it must be chosen and is not."""
    for key in (f"{name}.{scenario}.{stratum}", f"{name}.{scenario}", name):
        if key in monitoring.declarations:
            return str(monitoring.declarations[key])
    return DEFAULTS.get(name, "")


def number(monitoring: Monitoring, name: str, scenario: Scenario, stratum: str) -> float | None:
    """A declared number by stratum and scenario, with the fall-backs of :func:`choice`."""
    for key in (f"{name}.{scenario}.{stratum}", f"{name}.{scenario}", name):
        value = monitoring.declarations.get(key)
        if value is not None and not isinstance(value, str):
            return float(value)
    return None


def active(monitoring: Monitoring, scenario: Scenario) -> tuple[Stratum, ...]:
    """The strata that take part in a scenario: those with an area in it."""
    return tuple(
        s
        for s in monitoring.strata
        if monitoring.annual("stratum_area", stratum=s.id, scenario=scenario)
    )


def needed(monitoring: Monitoring, scenario: Scenario, stratum: str) -> tuple[str, ...]:
    """The series that the chosen options read, without repeats."""
    names = ["stratum_area"]
    for term, options in OPTIONS.items():
        if term == "deposit_method" and not _deposit_counts(monitoring, scenario, stratum):
            continue
        if term == "depletion_method" and scenario == "project":
            continue
        names += options.get(choice(monitoring, term, scenario, stratum), ())
    return tuple(dict.fromkeys(names))


def _deposit_counts(monitoring: Monitoring, scenario: Scenario, stratum: str) -> bool:
    method = choice(monitoring, "allochthonous_method", scenario, stratum)
    return method in {"organic_matter", "soil_carbon"}


def only(rows: tuple[Series, ...]) -> Series:
    """The one series (``check`` has seen that there is exactly one)."""
    (row,) = rows
    return row
