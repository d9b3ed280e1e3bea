"""A reference sample on class maps in memory: xarray and geopandas in, tidy tables out.

The same as :mod:`bluecarbon.mrv.reference_table` does for files: ``stehman2014(sample.points,
sample.strata)`` gives accuracy and area.
"""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from bluecarbon.mrv.area import pixel_area_ha
from bluecarbon.mrv.arrays import grid_of, legend_of, values_north_up
from bluecarbon.mrv.class_arrays import as_stored
from bluecarbon.mrv.independence import provenance_findings
from bluecarbon.mrv.reference_table import Looked, Sample, joined, names_of, pixels_at
from bluecarbon.mrv.strata_on_map import (
    beyond_map,
    centres_on,
    classes_among,
    is_finer,
    sizes_of,
)
from bluecarbon.spec import Finding, errors_in

Findings = tuple[Finding, ...]


def class_sizes_of(classes: xr.DataArray) -> pd.DataFrame:
    """Pixels and geodesic hectares of every class of a map (y, x): stratum, pixels, area_ha.

    Names come from the CF flags of the array, else the numbers are the names. Pixels of its
    ``_FillValue`` are no data, unless a flag names the number; 0 is a class.

    Raises
    ------
    DataError
        The array has no coordinate system or no even axes.
    """
    classes = as_stored(classes)
    grid = grid_of(classes)
    codes = values_north_up(classes).astype(np.int64)
    return _sizes(classes, codes, np.ones(codes.shape, dtype=bool), pixel_area_ha(grid))


def _sizes(
    classes: xr.DataArray, codes: NDArray[np.int64], there: NDArray[np.bool_], area_ha: Any
) -> pd.DataFrame:
    """Sizes of the classes by name; ``codes`` are numbers of them, on any grid."""
    counted = sizes_of(codes, there, area_ha)
    numbers = np.array([code for code, _, _ in counted])
    looked = names_of(numbers, np.array(True), legend_of(classes), _nodata(classes))
    rows = [
        (name, pixels, hectares)
        for (_, pixels, hectares), name, is_class in zip(counted, *looked, strict=True)
        if is_class
    ]
    table = pd.DataFrame(rows, columns=["stratum", "pixels", "area_ha"])
    return table.groupby("stratum", as_index=False, sort=False).sum()


def _sizes_where_mapped(strata: xr.DataArray, classes: xr.DataArray) -> pd.DataFrame:
    """Sizes of the strata where the map has a class; see :mod:`.strata_on_map`."""
    own, other = grid_of(strata), grid_of(classes)
    numbers, mapped = (values_north_up(part).astype(np.int64) for part in (strata, classes))
    finer = own if is_finer(own, other) else other
    if finer is own:
        row, column, there = centres_on(own, other)
        mapped = mapped[row, column]
    else:
        row, column, there = centres_on(other, own)
        numbers = numbers[row, column]
    there &= classes_among(mapped, _nodata(classes), legend_of(classes))
    return _sizes(strata, numbers, there, pixel_area_ha(finer))


def sample_of(
    points: pd.DataFrame, classes: xr.DataArray, *, strata: xr.DataArray | None = None
) -> tuple[Sample | None, Findings]:
    """Map class, stratum and label of every point, and the sizes of the strata.

    Parameters
    ----------
    points : a GeoDataFrame of points in any coordinate system, or a table with lon and lat (WGS
        84); with ``label``, and ``provenance`` where it is known. Rows are called by their index.
    classes : the map, whole numbers (y, x) with a coordinate system
    strata : the classes by which the sample was stratified; by default the map itself. They weigh
        by the ground where the map has data

    Raises
    ------
    DataError
        An array has no coordinate system or no even axes, or holds no whole numbers.
    """
    classes, strata = as_stored(classes), None if strata is None else as_stored(strata)
    table = _with_places(points)
    found = provenance_findings(table, subject="points")
    if errors_in(found):
        return None, found
    mapped = _looked_up(table, classes)
    stratum = mapped if strata is None else _looked_up(table, strata)
    joint, more = joined(table, mapped, stratum, legend=legend_of(classes), subject="points")
    found += more
    if joint is None:
        return None, found
    if strata is None:
        return Sample(joint, class_sizes_of(classes)), found
    sizes = _sizes_where_mapped(strata, classes)
    all_ha, mapped_ha = (float(t["area_ha"].sum()) for t in (class_sizes_of(strata), sizes))
    return Sample(joint, sizes), found + beyond_map(all_ha, mapped_ha, subject="strata")


def _with_places(points: pd.DataFrame) -> pd.DataFrame:
    table = pd.DataFrame(points).assign(row=points.index)
    if isinstance(points, gpd.GeoDataFrame):
        places = points.geometry.to_crs("EPSG:4326")
        table = table.drop(columns=points.geometry.name)
        table = table.assign(lon=places.x, lat=places.y)
    return table.assign(label=table["label"].astype(str)).reset_index(drop=True)


def _looked_up(table: pd.DataFrame, classes: xr.DataArray) -> Looked:
    row, column, inside = pixels_at(table, grid_of(classes))
    codes = values_north_up(classes)[row, column]
    return names_of(codes, inside, legend_of(classes), _nodata(classes))


def _nodata(classes: xr.DataArray) -> Any:
    """The number that stands for "no data"; None when the array names none."""
    return classes.attrs.get("_FillValue", classes.encoding.get("_FillValue"))
