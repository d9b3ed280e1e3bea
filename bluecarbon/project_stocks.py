"""``[stocks]`` of project.toml: maps of carbon density and the stocks that are their sum.

The commands of ``bluecarbon mrv`` build the same value from their options.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from bluecarbon.spec import Real, Status, Value

Pool = Literal["agb", "bgb", "dead", "soil"]
Method = Literal["table", "height", "model", "inventory"]
HeightKind = Literal["hba", "hmax", "hchm"]
GivenHeight = Literal["hba", "hmax", "hchm", "srtm"]
Outside = Literal["missing", "limit", "extrapolate"]
ModelKind = Literal["linear", "log", "power", "forest"]
BackTransformation = Literal["baskerville", "duan"]
Matching = Literal["cover", "centre"]
Design = Literal["probability", "other"]
LayerRule = Literal["nearest", "bilinear", "average"]

ROOT_SHOOT_MAX = 10.0
"""More is no ratio of roots to shoots, but a percentage or its inverse."""

Positive = Annotated[Real, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[Real, Field(ge=0, allow_inf_nan=False)]


class Quantity(Value):
    """A number that somebody read or measured: value, standard error, source, status."""

    value: Annotated[Real, Field(allow_inf_nan=False)]
    standard_error: NotNegative = 0.0
    source: str = ""
    status: Status = "unverified"


class LayerSection(Value):
    """A raster behind a stock map: value = number x ``scale``. ``resampling`` brings it to the
    grid of the map; without it another grid is refused.
    """

    path: str
    band: int = Field(default=1, ge=1)
    scale: Annotated[Real, Field(allow_inf_nan=False)] = 1.0
    resampling: LayerRule | None = None


class NamedLayer(LayerSection):
    """``[[stocks.covariate]]``: a layer that a model of plots learns from."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")


class HeightSection(LayerSection):
    """``[stocks.height]``: canopy height, which kind it is, and the relation to biomass.

    ``relation_error`` is the relative standard error of the relation here, where it was calibrated;
    without it the published error of single plots is taken as the same everywhere.
    """

    kind: GivenHeight
    relation: str
    relation_table: str = ""
    relation_error: NotNegative | None = None


class ModelSection(Value):
    """``[stocks.model]``: a model of plots. Cross-validation is by blocks of ground, nothing else.

    ``plots`` is a table plot_id, lon, lat, area_m2, agb_t_ha (and stratum); ``design`` says whether
    the plots are a probability sample. ``position_error_m`` is that of their coordinates.
    """

    plots: str
    kind: ModelKind = "power"
    back_transformation: BackTransformation = "baskerville"
    trees: int = Field(default=200, gt=0, le=2000)
    seed: int = Field(default=0, ge=0, lt=2**32)
    matching: Matching = "cover"
    position_error_m: NotNegative | None = None
    design: Design = "other"
    residual_length_m: NotNegative = 0.0
    cross_validation: str = "blocks"

    @field_validator("cross_validation")
    @classmethod
    def _of_ground(cls, value: str) -> str:
        if value != "blocks":
            raise ValueError(
                f"cross-validation by {value} is refused: plots drawn at random lie beside plots "
                "that were learnt from and flatter the model; only blocks of ground are left out"
            )
        return value


class SoilMapSection(LayerSection):
    """``[stocks.soil_map]``: soil carbon in tC/ha, or densities [kg C/m3] at depths.

    With ``depths_cm`` the bands from ``band`` on are densities at these depths; they are integrated
    by trapezoids down to ``to_cm``. ``relative_error`` is that of the whole map.
    """

    relative_error: NotNegative = 0.0
    depths_cm: tuple[NotNegative, ...] = ()
    to_cm: Positive = 100.0


class Stocks(Value):
    """``[stocks]``: one way to above-ground carbon, and the other pools beside it.

    ``inventory`` takes the means of the project's own plots and cores by stratum; ``table`` a table
    of densities; ``height`` a canopy height; ``model`` a model of plots. ``root_shoot`` is
    below-ground over above-ground dry matter.
    """

    method: Method
    classes: tuple[str, ...] = ("mangrove",)
    table: str = ""
    carbon_fraction: Quantity | None = None
    root_shoot: Quantity | None = None
    root_carbon_fraction: Quantity | None = None
    height: HeightSection | None = None
    model: ModelSection | None = None
    covariate: tuple[NamedLayer, ...] = ()
    soil_map: SoilMapSection | None = None
    outside: Outside = "missing"
    error_maps: bool = True

    @model_validator(mode="after")
    def _complete(self) -> Stocks:
        if self.method == "table" and not self.table:
            raise ValueError("method table needs table")
        if self.method == "height" and self.height is None:
            raise ValueError("method height needs [stocks.height]")
        if self.method == "model" and (self.model is None or not self.covariate):
            raise ValueError("method model needs [stocks.model] and [[stocks.covariate]]")
        if self.method != "table" and self.carbon_fraction is None:
            raise ValueError(f"give carbon_fraction: method {self.method} gives dry matter")
        fractions = (self.carbon_fraction, self.root_carbon_fraction)
        if any(item is not None and not 0 < item.value <= 1 for item in fractions):
            raise ValueError("a carbon fraction lies between 0 and 1 tC/t")
        if self.root_shoot is not None and not 0 <= self.root_shoot.value <= ROOT_SHOOT_MAX:
            raise ValueError(f"root_shoot lies between 0 and {ROOT_SHOOT_MAX:g}")
        names = [item.name for item in self.covariate]
        if len(set(names)) != len(names):
            raise ValueError("a covariate is named twice")
        return self

    def described(self) -> dict[str, Any]:
        """The settings as plain values, files by their names alone: where they lie says nothing."""
        return _without_places(self.model_dump(mode="json"))

    @property
    def files(self) -> tuple[tuple[str, str], ...]:
        """Every file that the section names, with its role."""
        found = [(self.table, "density table")]
        if self.height is not None:
            found.append((self.height.path, "canopy height"))
            found.append((self.height.relation_table, "height relations"))
        if self.model is not None:
            found.append((self.model.plots, "biomass of plots"))
        found += [(item.path, "covariate") for item in self.covariate]
        if self.soil_map is not None:
            found.append((self.soil_map.path, "soil map"))
        return tuple((path, role) for path, role in found if path)


_FILES = ("path", "table", "relation_table", "plots")


def _without_places(table: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            made[name] = _without_places(value)
        elif isinstance(value, list):
            made[name] = [_without_places(v) if isinstance(v, dict) else v for v in value]
        else:
            made[name] = PurePath(value).name if name in _FILES and value else value
    return made
