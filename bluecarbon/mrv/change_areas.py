"""Gain, loss and stable area of one class by stratum and period, and the places where it was lost.

Everything is read off one table (:mod:`bluecarbon.mrv.transitions`), so that gain minus loss is
the difference of the areas in every period and stratum. What a map cannot show is said: a change
as small as the error of the labels, and pixels that change and change back.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass, fields
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from rasterio import features

from bluecarbon.mrv.rasters import Geometry, Grid
from bluecarbon.mrv.transitions import Transitions
from bluecarbon.spec import Finding

if TYPE_CHECKING:
    import geopandas as gpd

FLIP_FLOP_SHARE = 0.1
"""More than this part of all changed ground changing back is a sign of noise, not of the coast."""

LONGEST_STEP_YEARS = 3
"""Between maps further apart a planting can come and go: three of them do not tell it from noise.
A convention of this project."""

Kind = Literal["loss", "gain"]
"""Loss first: programs open the first layer of a GeoPackage, and claims and reversals ask for it.
"""
Codes = NDArray[np.uint8]
Findings = tuple[Finding, ...]


@dataclass(frozen=True)
class Period:
    """Two dates of maps, the first earlier."""

    start: int
    end: int


@dataclass(frozen=True)
class PeriodChange:
    """Hectares of one class gained, lost, kept, and unknown on one of the dates, in a period."""

    stratum: str
    from_year: int
    to_year: int
    gain_ha: float
    loss_ha: float
    net_ha: float
    stable_ha: float
    unknown_ha: float


def change_areas(
    transitions: Transitions, code: int, *, unknown: frozenset[int] = frozenset()
) -> pd.DataFrame:
    """Gain, loss, net and stable hectares of one class: the fields of :class:`PeriodChange`.

    ``unknown`` codes say nothing about the ground: a pixel that is unknown on one of two dates is
    neither gain nor loss of that period, and its hectares stand in ``unknown_ha`` when the other
    date knows it.

    Returns
    -------
    One row per stratum (and "(all)" over them when there are several) and period of successive
    dates, then the period from the first date to the last when there are more than two.
    """
    columns = [field.name for field in fields(PeriodChange)]
    rows = [astuple(change) for change in period_changes(transitions, code, unknown=unknown)]
    return pd.DataFrame(rows, columns=columns)


def period_changes(
    transitions: Transitions, code: int, *, unknown: frozenset[int] = frozenset()
) -> tuple[PeriodChange, ...]:
    """The rows of :func:`change_areas`."""
    known = ~np.isin(transitions.codes, list(unknown))
    is_ = transitions.codes == code
    return tuple(
        _change(transitions, np.flatnonzero(chosen), is_, known, name=name, period=period)
        for name, chosen in _strata(transitions)
        for period in _periods(transitions.years)
    )


def _strata(transitions: Transitions) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    for place, name in enumerate(transitions.strata):
        yield name, transitions.stratum == place
    if len(transitions.strata) > 1:
        yield "(all)", np.ones(len(transitions.stratum), dtype=np.bool_)


def _periods(years: tuple[int, ...]) -> tuple[Period, ...]:
    steps = [Period(*pair) for pair in itertools.pairwise(years)]
    return (*steps, *([Period(years[0], years[-1])] if len(years) > 2 else []))


def _change(
    transitions: Transitions,
    chosen: NDArray[np.int64],
    is_: NDArray[np.bool_],
    known: NDArray[np.bool_],
    *,
    name: str,
    period: Period,
) -> PeriodChange:
    places = [transitions.years.index(year) for year in (period.start, period.end)]
    before, after = is_[chosen][:, places].T
    seen = known[chosen][:, places]
    area_ha = transitions.area_ha[chosen]
    masks = (~before & after, before & ~after, before & after)
    gain, loss, stable = (float(area_ha[seen.all(axis=1) & mask].sum()) for mask in masks)
    dark = float(area_ha[seen[:, 0] ^ seen[:, 1]].sum())
    return PeriodChange(name, period.start, period.end, gain, loss, gain - loss, stable, dark)


def flip_flop_ha(
    transitions: Transitions, code: int, *, unknown: frozenset[int] = frozenset()
) -> tuple[float, float]:
    """Hectares that change back (class, other, class or the reverse on three successive dates),
    and hectares that change at all.
    """
    known = ~np.isin(transitions.codes, list(unknown))
    is_ = transitions.codes == code
    steps = (is_[:, 1:] != is_[:, :-1]) & known[:, 1:] & known[:, :-1]
    back = steps[:, 1:] & steps[:, :-1]
    return (
        float(transitions.area_ha[back.any(axis=1)].sum()),
        float(transitions.area_ha[steps.any(axis=1)].sum()),
    )


def noise_findings(
    transitions: Transitions,
    code: int,
    *,
    error_share: float,
    unknown: frozenset[int] = frozenset(),
) -> Findings:
    """Changes that the error of the maps alone would show.

    ``error_share`` is the part of the class's area that is wrong in each map (one minus its
    accuracy, or what two maps of one date disagree on). Two maps that are wrong independently of
    one another differ on twice that share where nothing happened: a period whose gain and loss
    together are no more is within label noise. In a longer series, ground that changes back is
    noise too (:func:`flip_flop_ha`).
    """
    found = []
    for row in period_changes(transitions, code, unknown=unknown):
        extent_ha = row.stable_ha + (row.gain_ha + row.loss_ha) / 2
        noise_ha = 2 * error_share * extent_ha
        if extent_ha > 0 and row.gain_ha + row.loss_ha <= noise_ha:
            found.append(_within_noise(row, error_share, noise_ha))
    return (*found, *_flip_flop_findings(transitions, code, unknown))


def _within_noise(row: PeriodChange, error_share: float, noise_ha: float) -> Finding:
    subject = f"{row.stratum or 'maps'} {row.from_year}-{row.to_year}"
    message = (
        f"gain of {row.gain_ha:.1f} ha and loss of {row.loss_ha:.1f} ha are within label noise: "
        f"maps that are wrong on {error_share:.1%} differ on {noise_ha:.1f} ha where nothing "
        "happened"
    )
    fix = "claim no change for this period, or estimate it from reference points of both dates"
    return Finding.warning("change-within-noise", subject, message, fix=fix)


def _flip_flop_findings(transitions: Transitions, code: int, unknown: frozenset[int]) -> Findings:
    back_ha, changed_ha = flip_flop_ha(transitions, code, unknown=unknown)
    if back_ha <= FLIP_FLOP_SHARE * changed_ha:
        return ()
    message = (
        f"{back_ha:.1f} of {changed_ha:.1f} ha that change at all change back by the next map "
        f"({back_ha / changed_ha:.0%}): gross gain and loss are inflated by noise"
    )
    fix = "report net change only; on yearly maps the three-date filter can be applied"
    subject = f"maps {transitions.years[0]}-{transitions.years[-1]}"
    return (Finding.warning("change-flips-back", subject, message, fix=fix),)


def removed_findings(
    raw: Transitions, cleaned: Transitions, code: int, *, unknown: frozenset[int] = frozenset()
) -> Findings:
    """Warnings on what the three-date filter took: gain and loss by stratum and period.

    ``raw`` and ``cleaned`` are counted from the same maps before and after all rules. Maps more
    than :data:`LONGEST_STEP_YEARS` apart are warned about even where nothing was taken.
    """
    pairs = zip(
        period_changes(raw, code, unknown=unknown),
        period_changes(cleaned, code, unknown=unknown),
        strict=True,
    )
    found = tuple(_removed(was, now) for was, now in pairs if _differ(was, now))
    step_years = max((end - start for start, end in itertools.pairwise(raw.years)), default=0)
    if step_years <= LONGEST_STEP_YEARS:
        return found
    message = (
        f"maps are up to {step_years} years apart: the three-date filter takes a planting that was "
        "lost by the next map for noise, and its loss is in no table"
    )
    fix = f"filter maps at most {LONGEST_STEP_YEARS} years apart, or leave --persistence out"
    subject = f"maps {raw.years[0]}-{raw.years[-1]}"
    return (*found, Finding.warning("change-window-long", subject, message, fix=fix))


def _differ(was: PeriodChange, now: PeriodChange) -> bool:
    # Sums of the same hectares in another order differ in the last digits.
    same = np.isclose((was.gain_ha, was.loss_ha), (now.gain_ha, now.loss_ha), rtol=1e-9, atol=1e-9)
    return not same.all()


def _removed(was: PeriodChange, now: PeriodChange) -> Finding:
    subject = f"{was.stratum or 'maps'} {was.from_year}-{was.to_year}"
    message = (
        f"rules took change away: gain {was.gain_ha:,.2f} -> {now.gain_ha:,.2f} ha, loss "
        f"{was.loss_ha:,.2f} -> {now.loss_ha:,.2f} ha"
    )
    fix = "look at these places: a real loss of what was planted shortly before is taken away too"
    return Finding.warning("change-removed", subject, message, fix=fix)


def change_polygons(
    before: Codes,
    after: Codes,
    grid: Grid,
    *,
    code: int,
    period: Period,
    kind: Kind = "loss",
    strata: Mapping[str, Geometry] | None = None,
) -> gpd.GeoDataFrame:
    """The patches (joined by edges) on which a class was lost or gained, for claims and reversals.

    Parameters
    ----------
    before, after : (rows, columns) on ``grid``; apply a mapping unit and masks first
    strata : WGS 84 polygons by name, by which patches are cut; outside them nothing is returned

    Returns
    -------
    Columns kind, from_year, to_year, stratum, area_ha (geodesic) and WGS 84 polygons, in the order
    of the strata and from north to south.
    """
    was, is_ = before == code, after == code
    patches = _patches(was & ~is_ if kind == "loss" else ~was & is_, grid)
    return patch_table(patches, period=period, kind=kind, strata=strata)


def patch_table(
    patches: list[Geometry],
    *,
    period: Period,
    kind: Kind,
    strata: Mapping[str, Geometry] | None = None,
) -> gpd.GeoDataFrame:
    """WGS 84 patches as the table of :func:`change_polygons`."""
    import geopandas as gpd

    from bluecarbon.mrv.vectors import geodesic_area_ha

    rows = [
        (kind, period.start, period.end, name, geodesic_area_ha(patch), patch)
        for name, area in (strata or {"": None}).items()
        for patch in (patches if area is None else _cut(patches, area))
    ]
    columns = ["kind", "from_year", "to_year", "stratum", "area_ha", "geometry"]
    return gpd.GeoDataFrame(pd.DataFrame(rows, columns=columns), geometry="geometry", crs=4326)


def _patches(mask: NDArray[np.bool_], grid: Grid) -> list[Geometry]:
    found = features.shapes(mask.view(np.uint8), mask=mask, transform=grid.transform)
    shapes = np.array([shapely.geometry.shape(shape) for shape, _ in found], dtype=object)
    back = Transformer.from_crs(grid.crs, "EPSG:4326", always_xy=True)
    return list(shapely.transform(shapes, back.transform, interleaved=False))


def _cut(patches: list[Geometry], area: Geometry) -> Iterator[Geometry]:
    shapely.prepare(area)
    for patch in patches:
        if not shapely.intersects(area, patch):
            continue
        parts = shapely.get_parts(patch if area.covers(patch) else area.intersection(patch))
        yield from (part for part in parts if part.geom_type == "Polygon")
