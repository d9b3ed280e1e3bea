"""``[soil]`` of project.toml: the sheet of core slices, how it is read, how it becomes stocks."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from bluecarbon.project_coordinates import Coordinates
from bluecarbon.project_inventory import BadRows
from bluecarbon.spec import Value

GroupColumn = Literal["plot_id", "site_id", "stratum", "study_id"]


class SoilConversion(Value):
    """``[soil.conversion]``: organic carbon of slices whose organic matter alone was measured.

    ``name`` is a conversion of ``tables/soil_matter_carbon.csv`` (each with its source). The
    groups of ``regression_by``, from the narrowest to the widest, come first where their own
    slices with both values make a usable regression. ``low_matter`` says what becomes of slices
    to which a conversion gives more carbon than they hold organic matter.
    """

    name: str = ""
    regression_by: tuple[GroupColumn, ...] = ()
    low_matter: Literal["refuse", "keep"] = "refuse"

    @model_validator(mode="after")
    def _something(self) -> SoilConversion:
        if not self.name and not self.regression_by:
            raise ValueError("give name, or regression_by, or leave the section out")
        return self


class Soil(Value):
    """``[soil]``: slices of soil cores (土壤柱状样), one row each.

    ``cores`` and ``core_table`` (one row for each core) are CSV, packed CSV or a workbook, of
    which ``sheet`` names the sheet of slices. ``columns`` names, for columns that are not found by
    themselves, the header or (header, unit). ``compaction`` corrects depth and bulk density;
    ``depth only`` makes carbon out of nothing and is there to compare. ``bad_rows`` says whether
    rows that cannot be used stop the run, or are left out and counted; ``rejected_slices`` whether
    cores that lack soil by them are left out as well, or filled from the slices around. ``markers``
    is a sheet of marker horizons.
    """

    cores: str
    core_table: str = ""
    sheet: str = ""
    decimal_comma: bool = False
    columns: dict[str, str | tuple[str, str]] = {}
    coordinates: Coordinates = "wgs84"
    reference_depth_cm: float = Field(default=100.0, gt=0, le=500.0)
    compaction: Literal["both", "depth only", "none"] = "both"
    conversion: SoilConversion | None = None
    allochthonous_percent: float = Field(default=0.0, ge=0, le=100)
    gap_max_cm: float = Field(default=30.0, gt=0, le=500.0)
    depth_share_min: float = Field(default=0.5, gt=0, le=1)
    bad_rows: BadRows = "stop"
    rejected_slices: Literal["leave core out", "fill"] = "leave core out"
    reference_years: float = Field(default=100.0, gt=0, le=10_000)
    markers: str = ""

    @property
    def files(self) -> tuple[tuple[str, str], ...]:
        """Every file that the section may name, with its role; empty names are no file."""
        return (
            (self.cores, "soil cores"),
            (self.core_table, "table of soil cores"),
            (self.markers, "marker horizons"),
        )

    @field_validator("columns", mode="before")
    @classmethod
    def _pairs(cls, value: Any) -> Any:
        """A list of header and unit, as TOML writes a pair."""
        if not isinstance(value, dict):
            return value
        return {name: tuple(said) if isinstance(said, list) else said
                for name, said in value.items()}  # fmt: skip
