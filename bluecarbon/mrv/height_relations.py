"""Above-ground biomass from canopy height: published relations, each a row with its source.

A relation belongs to one kind of height. ``hmax`` is the tallest tree of a plot, ``hba`` the mean
height of trees weighted by basal area (Lorey's), ``hchm`` the mean of a canopy height model.
Numbers of the Shuttle Radar Topography Mission over mangrove (``srtm``) become each of them by the
factors that Simard et al. 2019 use (Global Mangrove Watch, gmw_simard_etal_srtm_agb,
06_calc_srtm_mng_hgt). No other kind stands in for another: a lidar maximum in a relation for
Lorey's height would give half as much again.
"""

from __future__ import annotations

import csv
import importlib.resources
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, ValidationError, model_validator

from bluecarbon.project_stocks import GivenHeight, HeightKind, Outside
from bluecarbon.spec import Finding, Real, Status, Value

SRTM_LEAST_M = 0.5
"""Below this the pipeline takes the ground for bare: no height is known."""

SRTM_TO: Mapping[HeightKind, tuple[float, float]] = {
    "hba": (1.0754, 1.0),
    "hmax": (1.697, 1.0),
    "hchm": (2.7191, 0.676),
}
"""Factor and power of SRTM height for each kind; Global Mangrove Watch, as above."""

Floats = NDArray[np.float64]


def _blank_is_unknown(value: object) -> object:
    return None if value == "" else value


_BLANK = BeforeValidator(_blank_is_unknown)


class HeightRelation(Value):
    """A row of ``tables/height_biomass.csv``: dry matter [t/ha] from height [m].

    ``form`` power: a H**b; exponential: exp(a + b H); linear: a + b H. ``rmse_t_ha`` is of single
    plots. Three statuses, because coefficients, error and range are printed in different places:
    ``unverified`` says that nobody has read that number in its document.
    """

    name: str = Field(min_length=1)
    region: str
    predictor: HeightKind
    form: Literal["power", "exponential", "linear"]
    a: Annotated[Real, Field(allow_inf_nan=False)]
    b: Annotated[Real, Field(allow_inf_nan=False)]
    rmse_t_ha: Annotated[Annotated[Real, Field(ge=0, allow_inf_nan=False)] | None, _BLANK] = None
    height_min_m: Annotated[Real, Field(ge=0, allow_inf_nan=False)]
    height_max_m: Annotated[Real, Field(gt=0, allow_inf_nan=False)]
    source: str = Field(min_length=1)
    doi: str = ""
    locator: str = ""
    status: Status = "unverified"
    error_status: Status = "unverified"
    range_status: Status = "unverified"
    note: str = ""

    @model_validator(mode="after")
    def _ordered(self) -> HeightRelation:
        if self.height_min_m >= self.height_max_m:
            raise ValueError("height_min_m must be below height_max_m")
        return self

    def biomass_t_ha(self, height_m: Floats) -> Floats:
        """Dry above-ground biomass [t/ha] of heights [m] of this relation's own kind."""
        if self.form == "power":
            return np.asarray(self.a * height_m**self.b)
        if self.form == "exponential":
            return np.asarray(np.exp(self.a + self.b * height_m))
        return np.asarray(self.a + self.b * height_m)


@cache
def height_relations() -> Mapping[str, HeightRelation]:
    """The shipped relations by name, in the order of the table."""
    table = importlib.resources.files("bluecarbon.mrv") / "tables" / "height_biomass.csv"
    rows = csv.DictReader(table.read_text(encoding="utf-8").splitlines())
    return {item.name: item for item in map(_relation, rows)}


def _relation(row: Mapping[str, str]) -> HeightRelation:
    # JSON mode would be strict about text; CSV cells are text, and pydantic reads their numbers.
    return HeightRelation.model_validate(
        {key: float(cell) if key in _NUMBERS and cell else cell for key, cell in row.items()}
    )


_NUMBERS = ("a", "b", "rmse_t_ha", "height_min_m", "height_max_m")


def relation_of(
    name: str, own: Path | None = None
) -> tuple[HeightRelation | None, tuple[Finding, ...]]:
    """A relation by its name, from the shipped table or from a table of the same columns.

    Findings: ``height-relation-unknown``, ``height-relation-table``, and as warnings
    ``height-relation-unverified`` for whatever nobody has read in its document.
    """
    known: Mapping[str, HeightRelation] = height_relations()
    if own is not None:
        read, problems = _own_table(own)
        if problems:
            return None, problems
        known = {**known, **read}
    if name not in known:
        message = f"there is no height relation '{name}'"
        fix = f"use one of: {', '.join(known)}; or give a table of your own"
        return None, (Finding.error("height-relation-unknown", "relation", message, fix=fix),)
    return known[name], _unread(known[name])


def _own_table(path: Path) -> tuple[dict[str, HeightRelation], tuple[Finding, ...]]:
    found: list[Finding] = []
    relations: dict[str, HeightRelation] = {}
    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    except (OSError, UnicodeDecodeError) as error:
        message = f"cannot be read: {error}"
        return {}, (Finding.error("height-relation-table", path.name, message),)
    for number, row in enumerate(rows, start=2):
        try:
            item = _relation({k: v for k, v in row.items() if k is not None})
        except (ValidationError, ValueError) as error:
            lines = (
                [f"{'.'.join(map(str, e['loc'])) or 'row'}: {e['msg']}" for e in error.errors()]
                if isinstance(error, ValidationError)
                else [str(error)]
            )
            subject, fix = f"{path.name} row {number}", "columns as in height_biomass.csv"
            message = "; ".join(lines)
            found.append(Finding.error("height-relation-table", subject, message, fix=fix))
            continue
        relations[item.name] = item
    return relations, tuple(found)


def _unread(relation: HeightRelation) -> tuple[Finding, ...]:
    parts = {
        "coefficients": relation.status,
        "error": relation.error_status,
        "range of heights": relation.range_status,
    }
    unread = [what for what, status in parts.items() if status == "unverified"]
    if not unread:
        return ()
    message = f"not read in the document: {', '.join(unread)} ({relation.source})"
    fix = "read the document and give a table of your own with the numbers, or say so in the report"
    finding = Finding.warning("height-relation-unverified", relation.name, message, fix=fix)
    return (finding,)


def heights_of_kind(values: Floats, given: GivenHeight, wanted: HeightKind) -> Floats:
    """Heights [m] of the kind that a relation wants; NaN below 0.5 m of SRTM.

    Raises
    ------
    ValueError
        One kind of height was given for another.
    """
    if given == wanted:
        return values
    if given != "srtm":
        raise ValueError(f"heights are {given}, the relation is for {wanted}")
    factor, power = SRTM_TO[wanted]
    tall = values >= SRTM_LEAST_M
    return np.where(tall, factor * np.where(tall, values, 1.0) ** power, np.nan)


def within_range(
    values: Floats, least: float, most: float, rule: Outside
) -> tuple[Floats, NDArray[np.bool_]]:
    """Values by the rule for what lies outside a range, and where that was.

    ``missing`` makes NaN of them, ``limit`` takes the end of the range, ``extrapolate`` leaves
    them. NaN is not outside: it is unknown.
    """
    outside = (values < least) | (values > most)
    if rule == "missing":
        return np.where(outside, np.nan, values), outside
    if rule == "limit":
        return np.clip(values, least, most), outside
    return values, outside
