"""The project file as value types: what is measured, from which files, under which rule book.

Every key of project.toml is declared here once; :mod:`bluecarbon.project_file` reads the file and
refuses what is not declared. Paths are relative to the project file and may hold ``${VARIABLES}``
of the environment.
"""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, field_validator, model_validator

from bluecarbon.project_coordinates import Coordinates
from bluecarbon.project_inventory import InventorySheets
from bluecarbon.project_soil import Soil
from bluecarbon.project_stocks import Stocks
from bluecarbon.project_uncertainty import Uncertainty
from bluecarbon.spec import Parameter, Status, Value
from bluecarbon.stac_files import asset_files

YEAR_MIN, YEAR_MAX = 1970, 2150
"""Years outside are typing errors: no scene is older, no crediting period later."""

TCO2E_MAX = 10**12

Year = Annotated[int, Field(ge=YEAR_MIN, le=YEAR_MAX)]

MaskLegend = Literal[
    "sentinel-2-scl", "landsat-c2-qa-pixel", "landsat-c1-bqa", "landsat-pre-collection-bqa"
]

SensorName = Literal["reflectance", "sentinel2-l2a", "landsat-c2-l2"]
"""Product that the scenes are; "reflectance" is any, with scale and offset as declared."""


class Identity(Value):
    """Who claims: ``[project]``."""

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{2,63}$")
    name: str
    name_zh: str = ""
    proponent: str = ""
    proponent_zh: str = ""


class PeriodSection(Value):
    """``[period]``: the monitoring period (end exclusive) and the epochs whose stocks bound it."""

    start: dt.date
    end: dt.date
    start_epoch: Year | None = None
    end_epoch: Year | None = None

    @model_validator(mode="after")
    def _ordered(self) -> PeriodSection:
        if self.start.year < YEAR_MIN or self.end.year > YEAR_MAX:
            raise ValueError(f"the period must lie between {YEAR_MIN} and {YEAR_MAX}")
        if self.start >= self.end:
            raise ValueError("start must be before end (the end is exclusive)")
        if (self.start_epoch is None) != (self.end_epoch is None):
            raise ValueError("give both start_epoch and end_epoch, or neither")
        if (self.start_epoch or 0) >= (self.end_epoch or 1):
            raise ValueError("start_epoch must be before end_epoch")
        return self


class VectorFile(Value):
    """``[boundary]`` or ``[strata]``: a polygon layer that GDAL can read."""

    path: str
    coordinates: Coordinates = "wgs84"


class Scene(Value):
    """One acquisition: ``[[imagery.scene]]``. ``epoch`` is the map it counts towards.

    ``path`` is a raster, or a STAC item (.json) whose assets are the bands. ``processing_baseline``
    (Sentinel-2 Level-2A) is as in the product's name, or ``harmonised`` where the provider has
    taken the offset off.
    """

    path: str
    date: dt.date
    time_utc: dt.time | None = None
    epoch: Year | None = None
    processing_baseline: str = Field(default="", pattern=r"^(|harmonised|N?\d{2}\.?\d{2})$")

    @property
    def map_epoch(self) -> int:
        """The epoch (a year) whose composite the scene enters."""
        return self.epoch if self.epoch is not None else self.date.year


class Imagery(Value):
    """``[imagery]``: surface-reflectance scenes. reflectance = number x scale + offset.

    With a ``sensor`` its publisher's scale and offset are applied and may not be declared. ``stac``
    is a catalogue of STAC items on disk: each of its items is a scene. Water is a class of the
    map; it is masked only when ``leave_out_water`` says so.
    """

    bands: tuple[str, ...]
    sensor: SensorName = "reflectance"
    scale: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    offset: float = Field(default=0.0, allow_inf_nan=False)
    mask_band: str = ""
    mask_legend: MaskLegend | None = None
    leave_out_water: bool = False
    composite: Literal["median", "percentile", "geometric-median"] = "median"
    percentile: float = Field(default=50.0, ge=0, le=100)
    stac: str = ""
    scene: tuple[Scene, ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> Imagery:
        if not self.scene and not self.stac:
            raise ValueError("give at least one [[imagery.scene]], or a stac catalogue")
        if self.sensor == "reflectance" and self.scale is None:
            raise ValueError("give scale, or name the sensor: its scale is known")
        if self.sensor != "reflectance" and (self.scale is not None or self.offset):
            raise ValueError(f"sensor {self.sensor} has its own scale and offset: leave them out")
        return self


class Alignment(Value):
    """``[alignment]``: how rasters of other grids are brought to the grid of the first one.

    Without it they are refused: a resampling that nobody chose is in no report.
    """

    reflectance: Literal["bilinear", "average", "nearest"] | None = None
    classes: Literal["nearest", "mode"] | None = None


class ClassMap(Value):
    """One class map: ``[[class_maps.map]]``; ``band`` counts from 1."""

    path: str
    epoch: Year
    band: int = Field(default=1, ge=1)
    date: dt.date | None = None


class ClassMaps(Value):
    """``[class_maps]``: maps made elsewhere. ``legend`` names every code that occurs."""

    legend: dict[str, str]
    map: tuple[ClassMap, ...] = Field(min_length=1)


class Training(Value):
    """``[training]``: labelled points, or a label raster sampled inside an area."""

    points: str = ""
    raster: str = ""
    raster_epoch: Year | None = None
    raster_legend: dict[str, str] = {}
    area: str = ""
    sample_size: int = Field(default=4000, gt=0, le=1_000_000)

    @model_validator(mode="after")
    def _one_kind(self) -> Training:
        if bool(self.points) == bool(self.raster):
            raise ValueError("give either points or raster, and only one of them")
        if self.raster and (self.raster_epoch is None or not self.raster_legend):
            raise ValueError("a label raster needs raster_epoch and raster_legend")
        return self


class Covariate(Value):
    """One layer beside the spectral ones: ``[[mapping.covariate]]``.

    ``kind`` says what the file holds: metres above the sea (of which also the slope may be asked),
    radar power (used as dB), water (numbers of ``water_min`` and more; the distance to it is
    used), or a number as it is. ``resampling`` brings it to the grid of the scenes.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    path: str
    band: int = Field(default=1, ge=1)
    kind: Literal["elevation", "slope", "radar-power", "water", "number"] = "number"
    water_min: float = Field(default=1.0, allow_inf_nan=False)
    resampling: Literal["nearest", "bilinear", "average", "mode"] = "bilinear"


class Candidates(Value):
    """``[mapping.candidates]``: where mangrove is looked for; what is left out is reported.

    ``elevation_max_m`` needs a covariate of kind elevation, ``water_distance_max_m`` one of kind
    water or finds water of ``water_area_min_ha`` and more in the composite itself.
    """

    elevation_max_m: float | None = Field(default=None, allow_inf_nan=False)
    water_distance_max_m: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    water_area_min_ha: float = Field(default=20.0, gt=0, allow_inf_nan=False)
    ndwi_max: float | None = Field(default=None, ge=-1, le=1)
    ndvi_min: float | None = Field(default=None, ge=-1, le=1)

    @model_validator(mode="after")
    def _some_rule(self) -> Candidates:
        rules = (
            self.elevation_max_m, self.water_distance_max_m, self.ndwi_max, self.ndvi_min,
        )  # fmt: skip
        if all(rule is None for rule in rules):
            raise ValueError("give at least one rule, or leave the section out")
        return self


class Tide(Value):
    """``[mapping.tide]``: the gauge whose tide stands for the scenes' (their ``time_utc``).

    ``height_max_m`` (above mean sea level) leaves out what is flooded at higher tide: pixels below
    the tide where elevation is a covariate, else the whole scene. ``as_feature`` lets the
    classifier see the mean tide of the scenes behind a pixel.
    """

    stations: str
    station: str
    height_max_m: float | None = Field(default=None, allow_inf_nan=False)
    as_feature: bool = False


class Mapping(Value):
    """``[mapping]``: how composites become maps."""

    method: Literal["random-forest", "gradient-boosting", "rules"] = "random-forest"
    trees: int = Field(default=80, gt=0, le=2000)
    seed: int = Field(default=0, ge=0, lt=2**32)
    indices: tuple[str, ...] = ("ndvi", "mndwi", "mvi", "lswi")
    covariate: tuple[Covariate, ...] = ()
    candidates: Candidates | None = None
    tide: Tide | None = None
    keep_model: bool = False

    @model_validator(mode="after")
    def _once_each(self) -> Mapping:
        if len(set(self.indices)) != len(self.indices):
            raise ValueError("an index is named twice")
        names = [item.name for item in self.covariate]
        if len(set(names)) != len(names) or set(names) & set(self.indices):
            raise ValueError("a covariate has the name of another feature")
        return self


class LabelRaster(Value):
    """``[[validation]]``: a label raster that the map of one epoch is compared with."""

    raster: str
    epoch: Year
    legend: dict[str, str]
    area: str = ""


class Reference(Value):
    """``[reference]``: a probability sample of labelled points, never used for training."""

    points: str
    confidence: float = Field(default=0.90, ge=0.5, le=0.999)


class RootShoot(Value):
    """``[inventory.root_shoot]``: how whole-tree biomass is split, root over shoot [kg/kg]."""

    ratio: float = Field(gt=0, le=10, allow_inf_nan=False)
    source: str = Field(min_length=1)
    status: Status = "unverified"


OutOfRange = Literal["refuse", "common", "extrapolate"]


class Inventory(InventorySheets):
    """``[inventory]``: plots and their trees.

    ``equations`` names, for a species or ``common``, rows of allometry_equations.csv in order of
    preference. ``out_of_range`` says what becomes of trees that they were not made for.
    """

    plots: str
    trees: str
    coordinates: Coordinates = "wgs84"
    allometry: Literal["komiyama2005"] = "komiyama2005"
    equations: dict[str, tuple[str, ...]] = {}
    out_of_range: OutOfRange = "refuse"
    root_shoot: dict[str, RootShoot] = {}
    unknown_species: Literal["refuse", "common", "ladder"] = "refuse"

    @field_validator("equations", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {name: (ids,) if isinstance(ids, str) else ids for name, ids in value.items()}


class MethodologySection(Value):
    """``[methodology]``: the rule book and what the project states under it."""

    id: str
    declarations: dict[str, float | bool | str] = {}
    parameter: tuple[Parameter, ...] = ()


class Party(Value):
    """An organisation that takes part in the demonstration ledger."""

    id: str
    name: str
    name_zh: str = ""


class Trade(Value):
    """Whole credits that go to another party, or are used up by one."""

    to: str = ""
    by: str = ""
    tco2e: int = Field(gt=0, le=TCO2E_MAX)
    beneficiary: str = ""
    purpose: str = ""


class RegistrySection(Value):
    """``[registry]``: the demonstration ledger that ``bluecarbon run`` keeps beside the report.

    ``clock`` is the time of its first event and ``signing_seed`` makes its key, so that a
    demonstration is the same bytes every time. A real registry keeps a secret key of its own.
    """

    name: str
    name_zh: str = ""
    clock: str
    signing_seed: str = Field(min_length=1)
    buffer_share: float = Field(ge=0.0, lt=1.0)
    allow_unverified_parameters: bool = False
    operator: Party
    approver: Party
    proponent: Party
    validator: Party
    verifier: Party
    buyer: Party
    transfer: Trade
    retirement: Trade


class ProjectFile(Value):
    """The whole of project.toml."""

    schema_version: Literal[1] = 1
    project: Identity
    period: PeriodSection
    boundary: VectorFile
    strata: VectorFile | None = None
    imagery: Imagery | None = None
    class_maps: ClassMaps | None = None
    training: Training | None = None
    mapping: Mapping = Mapping()
    alignment: Alignment = Alignment()
    validation: tuple[LabelRaster, ...] = ()
    reference: Reference | None = None
    inventory: Inventory | None = None
    soil: Soil | None = None
    stocks: Stocks | None = None
    uncertainty: Uncertainty | None = None
    methodology: MethodologySection | None = None
    registry: RegistrySection | None = None

    @model_validator(mode="after")
    def _one_source_of_maps(self) -> ProjectFile:
        if (self.imagery is None) == (self.class_maps is None):
            raise ValueError("give [imagery] or [class_maps], and only one of them")
        learnt = self.mapping.method != "rules"
        if self.imagery is not None and self.training is None and learnt:
            raise ValueError("[imagery] needs [training]: a map cannot be made without labels")
        if self.registry is not None and self.methodology is None:
            raise ValueError("[registry] needs [methodology]: only a claim can be issued")
        return self


class Project(ProjectFile):
    """A project file together with the folder that its paths start from."""

    _root: Path = PrivateAttr(default=Path())

    @classmethod
    def from_table(cls, table: dict[str, Any], root: Path) -> Project:
        """A project from parsed TOML; pydantic's ValidationError lists what is wrong."""
        project = cls.model_validate(table)
        project._root = root  # noqa: SLF001 - a private attribute of this very class
        return project

    @property
    def declared(self) -> ProjectFile:
        """What the file declares, without the folder: it goes into a report."""
        return ProjectFile.model_validate(self.model_dump())

    @property
    def root(self) -> Path:
        """The folder of the project file."""
        return self._root

    def resolve(self, declared: str) -> Path:
        """The place of a file that the project names; variables of the environment expanded."""
        return self._root / os.path.expandvars(declared)

    def files(self) -> tuple[tuple[str, str], ...]:
        """Every file that the project names, as (declared path, role), in a fixed order."""
        declared = _declared_files(self)
        bands = self.imagery.bands if self.imagery else ()
        items = [path for path, role in declared if role == "scene" and path.endswith(".json")]
        for path in items:
            place = self.resolve(path)
            declared += [(file, "scene") for file in asset_files(place, path, bands)]
        return tuple(dict.fromkeys(declared))


def _declared_files(project: ProjectFile) -> list[tuple[str, str]]:
    found = [(project.boundary.path, "boundary")]
    if project.strata:
        found.append((project.strata.path, "strata"))
    if project.imagery:
        found.append((project.imagery.stac, "catalogue"))
        found += [(scene.path, "scene") for scene in project.imagery.scene]
    if project.class_maps:
        found += [(item.path, "class map") for item in project.class_maps.map]
    if project.training:
        found += [(project.training.points, "training"), (project.training.raster, "training")]
        found.append((project.training.area, "training area"))
    found += [(item.path, "covariate") for item in project.mapping.covariate]
    if project.mapping.tide:
        found.append((project.mapping.tide.stations, "tide stations"))
    for check in project.validation:
        found += [(check.raster, "validation"), (check.area, "validation area")]
    if project.reference:
        found.append((project.reference.points, "reference sample"))
    if project.inventory:
        found += [(project.inventory.plots, "plots"), (project.inventory.trees, "trees")]
    for section in (project.soil, project.stocks):
        found += section.files if section else ()
    return [(path, role) for path, role in found if path]
