"""Rasters as xarray: the grid in CF attributes, codes and units in the open, and back again.

A ``DataArray`` that leaves this engine opens in QGIS, xarray and netCDF tools with its place, unit
and legend: CF conventions 1.11, sections 3.1 (units), 3.5 (flag_values, flag_meanings) and 5.6
(grid_mapping; GDAL's ``GeoTransform`` beside ``crs_wkt``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyproj
import xarray as xr
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS

from bluecarbon.errors import DataError
from bluecarbon.mrv.rasters import LATTICE_TOLERANCE_PX, Grid
from bluecarbon.spec import Finding

GRID_MAPPING = "spatial_ref"

X_NAMES, Y_NAMES = ("x", "lon", "longitude"), ("y", "lat", "latitude")


def to_dataarray(
    values: NDArray[Any],
    grid: Grid,
    name: str,
    *,
    unit: str = "1",
    legend: Mapping[int, str] | None = None,
    attributes: Mapping[str, str] | None = None,
) -> xr.DataArray:
    """Values of a grid as a ``DataArray`` with dimensions (y, x) or (band, y, x).

    Parameters
    ----------
    values : (grid.height, grid.width), or with any number of leading dimensions (band, ...)
    unit : unit of the values, as CF wants it said; "1" for shares and codes
    legend : code -> class name; becomes ``flag_values`` and ``flag_meanings``
    attributes : more attributes, e.g. ``long_name`` or ``source``
    """
    *leading, height, width = values.shape
    if (height, width) != (grid.height, grid.width):
        raise ValueError(f"values {values.shape} do not lie on a grid of {grid.height, grid.width}")
    names = [*(f"band_{i}" if i else "band" for i in range(len(leading))), *_axis_names(grid)]
    y, x = _centres(grid)
    array = xr.DataArray(
        values,
        dims=names,
        coords={names[-2]: y, names[-1]: x, GRID_MAPPING: _grid_mapping(grid)},
        name=name,
        attrs={"units": unit, "grid_mapping": GRID_MAPPING, **dict(attributes or {})},
    )
    array[names[-1]].attrs = _axis_attributes(grid, "X")
    array[names[-2]].attrs = _axis_attributes(grid, "Y")
    if legend:
        codes = sorted(legend)
        array.attrs["flag_values"] = np.array(codes, dtype=values.dtype)
        array.attrs["flag_meanings"] = " ".join(legend[code].replace(" ", "_") for code in codes)
    return array


def legend_of(array: xr.DataArray) -> dict[int, str]:
    """Code -> class name as its attributes say; empty when the array carries no flags."""
    codes = np.atleast_1d(array.attrs.get("flag_values", ()))
    names = str(array.attrs.get("flag_meanings", "")).split()
    return {int(code): name for code, name in zip(codes, names, strict=False)}


def grid_of(array: xr.DataArray | xr.Dataset) -> Grid:
    """The grid of an array, from its coordinates and its coordinate system.

    The coordinate system is read from the ``spatial_ref`` coordinate (or the one that the array
    names in ``grid_mapping``; rioxarray and odc-geo write the same).

    Raises
    ------
    DataError
        No coordinate system, no x and y coordinates, uneven steps, or a grid that is not north-up.
    """
    y, x = _axis(array, Y_NAMES), _axis(array, X_NAMES)
    wkt = _crs_text(array)
    subject = str(getattr(array, "name", None) or "array")
    findings = []
    if not wkt:
        message = "the array carries no coordinate system"
        fix = "give it one: array.rio.write_crs(...) or array.odc.assign_crs(...)"
        findings.append(Finding.error("array-crs", subject, message, fix=fix))
    if y is None or x is None or not (_even(x) and _even(-y)):
        message = "x must increase and y decrease in even steps (a north-up grid of two or more)"
        fix = "sort the axes, e.g. array.sortby('y', ascending=False)"
        findings.append(Finding.error("array-axes", subject, message, fix=fix))
    if findings or x is None or y is None:
        raise DataError(findings)
    grid = Grid(CRS.from_user_input(wkt), _transform(y, x), y.size, x.size)
    stated = _stated_transform(array)
    # Places in degrees lose their last bits on the way: what was stated is exact, if it fits.
    exact = Grid(grid.crs, stated, grid.height, grid.width) if stated else grid
    same = exact.shares_lattice_with(grid) and exact.offset_of(grid) == (0, 0)
    return exact if same else grid


def _transform(y: NDArray[np.float64], x: NDArray[np.float64]) -> Affine:
    across = (x[-1] - x[0]) / (x.size - 1)
    down = (y[0] - y[-1]) / (y.size - 1)
    return Affine(across, 0.0, x[0] - across / 2, 0.0, -down, y[0] + down / 2)


def _stated_transform(array: xr.DataArray | xr.Dataset) -> Affine | None:
    """GDAL's ``GeoTransform`` attribute; None when absent or not six numbers."""
    try:
        numbers = [float(part) for part in str(_grid_attributes(array)["GeoTransform"]).split()]
        return Affine.from_gdal(*numbers)
    except (KeyError, ValueError, TypeError):
        return None


def values_north_up(array: xr.DataArray) -> NDArray[Any]:
    """The values with y and x last, in memory; the axes as :func:`grid_of` takes them."""
    names = [n for n in array.dims if n not in {*X_NAMES, *Y_NAMES}]
    axes = [n for n in array.dims if n in Y_NAMES] + [n for n in array.dims if n in X_NAMES]
    return np.asarray(array.transpose(*names, *axes).values)


def _axis_names(grid: Grid) -> tuple[str, str]:
    return ("lat", "lon") if grid.crs.is_geographic else ("y", "x")


def _centres(grid: Grid) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    across, down = grid.pixel_size
    left, _, _, top = grid.bounds
    rows = np.arange(grid.height, dtype=np.float64)
    columns = np.arange(grid.width, dtype=np.float64)
    return top - (rows + 0.5) * down, left + (columns + 0.5) * across


def _grid_mapping(grid: Grid) -> xr.DataArray:
    attributes = pyproj.CRS.from_user_input(grid.crs.to_wkt()).to_cf()
    left, _, _, top = grid.bounds
    across, down = grid.pixel_size
    attributes["GeoTransform"] = f"{left!r} {across!r} 0.0 {top!r} 0.0 {-down!r}"
    return xr.DataArray(np.int32(0), attrs=attributes)


def _axis_attributes(grid: Grid, axis: str) -> dict[str, str]:
    if grid.crs.is_geographic:
        name, unit = ("longitude", "degrees_east") if axis == "X" else ("latitude", "degrees_north")
        return {"standard_name": name, "units": unit, "axis": axis}
    name = f"projection_{axis.lower()}_coordinate"
    return {"standard_name": name, "units": grid.crs.linear_units or "m", "axis": axis}


def _crs_text(array: xr.DataArray | xr.Dataset) -> str:
    attributes = _grid_attributes(array)
    return str(attributes.get("crs_wkt") or attributes.get("spatial_ref") or "")


def _grid_attributes(array: xr.DataArray | xr.Dataset) -> Mapping[str, Any]:
    name = array.attrs.get("grid_mapping") or array.encoding.get("grid_mapping") or GRID_MAPPING
    if name not in array.coords and not (isinstance(array, xr.Dataset) and name in array):
        return {}
    return {str(key): value for key, value in array[name].attrs.items()}


def _axis(array: xr.DataArray | xr.Dataset, names: tuple[str, ...]) -> NDArray[np.float64] | None:
    for name in names:
        if name in array.coords and array[name].ndim == 1:
            return np.asarray(array[name].values, dtype=np.float64)
    return None


def _even(places: NDArray[np.float64]) -> bool:
    """Whether places increase in equal steps, to a small part of a step."""
    if places.size < 2:
        return False
    steps = np.diff(places)
    return bool(
        steps[0] > 0 and np.all(np.abs(steps - steps.mean()) <= LATTICE_TOLERANCE_PX * steps.mean())
    )
