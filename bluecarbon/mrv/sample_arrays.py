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

from bluecarbon.mrv.area import pixel_area_ha
from bluecarbon.mrv.arrays import grid_of, legend_of, values_north_up
from bluecarbon.mrv.class_arrays import as_stored
from bluecarbon.mrv.independence import provenance_findings
from bluecarbon.mrv.reference_table import Looked, Sample, joined, names_of, pixels_at
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
    codes, area_ha = values_north_up(classes), pixel_area_ha(grid_of(classes))
    looked = names_of(np.unique(codes), np.array(True), legend_of(classes), _nodata(classes))
    rows = [
        (name, int(own.sum()), float(area_ha[own].sum()))
        for code, name, is_class in zip(np.unique(codes), *looked, strict=True)
        if is_class
        for own in [codes == code]
    ]
    table = pd.DataFrame(rows, columns=["stratum", "pixels", "area_ha"])
    return table.groupby("stratum", as_index=False, sort=False).sum()


def sample_of(
    points: pd.DataFrame, classes: xr.DataArray, *, strata: xr.DataArray | None = None
) -> tuple[Sample | None, Findings]:
    """Map class, stratum and label of every point, and the sizes of the strata.

    Parameters
    ----------
    points : a GeoDataFrame of points in any coordinate system, or a table with lon and lat (WGS
        84); with ``label``, and ``provenance`` where it is known. Rows are called by their index.
    classes : the map, whole numbers (y, x) with a coordinate system
    strata : the classes by which the sample was stratified; by default the map itself

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
    return Sample(joint, class_sizes_of(classes if strata is None else strata)), found


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
