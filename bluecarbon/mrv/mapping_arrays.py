"""Classification in a notebook: composites as data sets and labelled points in, class maps out.

The classifier, its features and its cross-validation are those of :mod:`.mapping`, which a run of
a project uses; the same labels and the same seed give the same map.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping as Table
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from bluecarbon.errors import DataError
from bluecarbon.mrv import mapping
from bluecarbon.mrv.area import to_grid
from bluecarbon.mrv.arrays import grid_of, to_dataarray, values_north_up
from bluecarbon.mrv.class_maps import LEGEND, MAPPED_LABELS
from bluecarbon.mrv.classifiers import TreeModel
from bluecarbon.mrv.indices import check_indices
from bluecarbon.mrv.map_arguments import polygons_by_name
from bluecarbon.mrv.mapping import CrossValidation
from bluecarbon.mrv.rasters import Grid
from bluecarbon.mrv.reasons import NODATA, VALID
from bluecarbon.mrv.scene_arrays import OBSERVATIONS, REASON
from bluecarbon.mrv.scenes import Composite
from bluecarbon.project import Mapping
from bluecarbon.spec import Finding, errors_in

if TYPE_CHECKING:
    import geopandas as gpd

Findings = tuple[Finding, ...]


@dataclass(frozen=True)
class Learnt:
    """A classifier, the bands that it was taught on, and how it met labels it had not seen.

    ``validated`` is None when all labels lie in one block of ground.
    """

    model: TreeModel
    bands: tuple[str, ...]
    settings: Mapping
    validated: CrossValidation | None


def learn(
    points: pd.DataFrame | gpd.GeoDataFrame,
    composites: Table[int, xr.Dataset] | xr.Dataset,
    settings: Mapping | None = None,
) -> tuple[Learnt | None, Findings]:
    """Fit a classifier to labelled points, and judge it on blocks of ground left out in turn.

    Parameters
    ----------
    points : label (a class name) and, where there are several composites, epoch; a GeoDataFrame in
        any coordinate system, or lon and lat in WGS 84
    composites : of :func:`bluecarbon.mrv.scene_arrays.composite_of_scenes`, by epoch, on one grid;
        covariates are further variables
    settings : classifier, trees, seed, indices; by default a random forest

    Returns
    -------
    What was learnt, or None. Findings: ``label-unknown``, ``index-...``, ``composite-grid-differs``
    and those of :func:`bluecarbon.mrv.mapping.training_from_points`.

    Raises
    ------
    MissingExtraError
        scikit-learn is not installed.
    DataError
        A composite has no grid.
    """
    used = settings or Mapping()
    by_epoch = {0: composites} if isinstance(composites, xr.Dataset) else dict(composites)
    table, found = _labelled(points, by_epoch)
    bands = bands_of(next(iter(by_epoch.values())))
    found += (*check_indices(used.indices, bands), *_composite_findings(by_epoch, bands))
    if errors_in(found):
        return None, found
    held = {epoch: composite_of(item, bands, epoch)[0] for epoch, item in by_epoch.items()}
    grid = grid_of(next(iter(by_epoch.values())))
    training, problems = mapping.training_from_points(table, held, grid, indices=used.indices)
    found += problems
    if training is None:
        return None, found
    validated = mapping.cross_validate(training, used)
    names = mapping.feature_names(next(iter(held.values())), used.indices)
    model = mapping.fit(training.features, training.codes, used, names=names)
    return Learnt(model, bands, used, validated), found


def class_map_of(
    learnt: Learnt, composite: xr.Dataset, *, inside: xr.DataArray | None = None
) -> xr.DataArray:
    """The class map of a composite (y, x): codes of :data:`.class_maps.LEGEND`, with their flags.

    Parameters
    ----------
    composite : with the bands that were taught
    inside : (y, x) true where a class is wanted; "outside" elsewhere. By default everywhere

    Raises
    ------
    DataError
        No grid, or a band is missing.
    """
    missing = [name for name in learnt.bands if name not in composite]
    if missing:
        message, fix = f"lacks {', '.join(missing)}", "give the bands that the classifier learnt"
        raise DataError([Finding.error("scene-band-missing", "composite", message, fix=fix)])
    held, grid = composite_of(composite, learnt.bands, 0)
    wanted = np.ones(held.observations.shape, np.bool_)
    if inside is not None:
        wanted = values_north_up(inside).astype(np.bool_)
    codes = mapping.classify(learnt.model, held, wanted, indices=learnt.settings.indices)
    about = {"long_name": "class of ground cover"}
    array = to_dataarray(codes, grid, "classes", legend=LEGEND, attributes=about)
    return array.assign_attrs(_FillValue=np.uint8(0))


def polygon_numbers(
    polygons: gpd.GeoDataFrame, like: xr.DataArray | xr.Dataset, *, column: str = ""
) -> xr.DataArray:
    """The number of the polygon in which the centre of a pixel lies (y, x), 0 in none: strata.

    Polygons are numbered from 1 in their order, their names (of ``column``, or of the first of
    stratum, name and id) are the flags; where polygons overlap the later one counts. Areas count
    cut pixels by their part (:func:`bluecarbon.mrv.zonal.zonal_areas`); this is for the choice of
    what is mapped, and for the strata of a sample of pixels.

    Raises
    ------
    DataError
        ``like`` has no grid; no coordinate system, no such column, or a name that comes twice.
    """
    from rasterio.features import rasterize

    grid = grid_of(like)
    shapes, found = polygons_by_name(polygons, "polygons", column=column)
    if errors_in(found):
        raise DataError(found)
    placed = to_grid(np.array(list(shapes.values()), dtype=object), grid)
    values = rasterize(
        zip(placed, range(1, len(placed) + 1), strict=True),
        (grid.height, grid.width),
        transform=grid.transform,
        dtype="int32",
    )
    legend = dict(enumerate(shapes, start=1))
    numbers = to_dataarray(values, grid, "polygon", legend=legend)
    return numbers.assign_attrs(_FillValue=np.int32(0))


def inside_polygons(polygons: gpd.GeoDataFrame, like: xr.DataArray | xr.Dataset) -> xr.DataArray:
    """Where the centre of a pixel lies in one of the polygons, true or false (y, x).

    DataError as of :func:`polygon_numbers`; the polygons need no names.
    """
    return polygon_numbers(polygons[[polygons.geometry.name]], like) > 0


def bands_of(composite: xr.Dataset) -> tuple[str, ...]:
    """The variables of a composite that are features: all but observations and reason."""
    names = (str(name) for name in composite.data_vars)
    return tuple(name for name in names if name not in {OBSERVATIONS, REASON, "spatial_ref"})


def composite_of(
    composite: xr.Dataset, bands: tuple[str, ...], epoch: int
) -> tuple[Composite, Grid]:
    """A data set in memory as the classifier takes it, and its grid. DataError without a grid.

    Without ``observations`` a pixel was seen when none of its bands is NaN.
    """
    layers = [values_north_up(composite[name]).astype(np.float32) for name in bands]
    reflectance = np.stack(layers)
    clear = np.asarray(np.isfinite(reflectance).all(axis=0))
    seen = clear.astype(np.uint16)
    if OBSERVATIONS in composite:
        seen = values_north_up(composite[OBSERVATIONS]).astype(np.uint16)
    reason = np.where(seen > 0, VALID, NODATA).astype(np.uint8)
    if REASON in composite:
        reason = values_north_up(composite[REASON]).astype(np.uint8)
    # The date is of no consequence for a class.
    made = Composite(epoch, dt.date(max(epoch, 1), 1, 1), bands, reflectance, seen, reason)
    return made, grid_of(composite)


def _labelled(
    points: pd.DataFrame | gpd.GeoDataFrame, composites: Table[int, xr.Dataset]
) -> tuple[pd.DataFrame, Findings]:
    """Points with lon, lat, label and epoch, of the epochs that there are."""
    table = pd.DataFrame(points)
    if hasattr(points, "to_crs"):
        places = points.geometry.to_crs(4326)
        table = table.drop(columns=points.geometry.name).assign(lon=places.x, lat=places.y)
    if "epoch" not in table:
        table = table.assign(epoch=next(iter(composites)))
    found: list[Finding] = []
    unknown = sorted(set(table["label"].astype(str)) - set(MAPPED_LABELS))
    if unknown:
        message = f"labels {', '.join(unknown)} are no classes of this engine"
        fix = f"use {', '.join(MAPPED_LABELS)}"
        found.append(Finding.error("label-unknown", "points", message, fix=fix))
    other = ~table["epoch"].isin(list(composites))
    if other.any():
        years = ", ".join(str(year) for year in sorted(table.loc[other, "epoch"].unique()))
        message = f"{int(other.sum())} points are of {years}, for which there is no composite"
        found.append(Finding.warning("points-other-epoch", "points", message))
    return table[~other].reset_index(drop=True), tuple(found)


def _composite_findings(composites: Table[int, xr.Dataset], bands: tuple[str, ...]) -> Findings:
    first = grid_of(next(iter(composites.values())))
    found = []
    for epoch, composite in composites.items():
        if grid_of(composite) != first:
            message, fix = "lies on another grid than the first", "resample it first"
            subject = f"composite {epoch}"
            found.append(Finding.error("composite-grid-differs", subject, message, fix=fix))
        missing = [name for name in bands if name not in composite]
        if missing:
            message, fix = f"lacks {', '.join(missing)}", "give every epoch the same bands"
            subject = f"composite {epoch}"
            found.append(Finding.error("scene-band-missing", subject, message, fix=fix))
    return tuple(found)
