"""The rasters of a NetCDF file or a Zarr store with the numbers that it stores, fill values too."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import xarray as xr

from bluecarbon.mrv.arrays import GRID_MAPPING, X_NAMES, Y_NAMES, to_dataarray, values_north_up
from bluecarbon.mrv.datasets import Opened, open_dataset
from bluecarbon.mrv.rasters import Grid, unreadable
from bluecarbon.spec import Finding

FILL = "_FillValue"
PACKED = ("scale_factor", "add_offset")

PLACE = frozenset({"grid_mapping", "GeoTransform", "coordinates"})
"""Attributes that say where an array lies: they are written anew with its grid."""

Findings = tuple[Finding, ...]


def cube_grid(path: Path) -> tuple[Grid | None, Findings]:
    """The grid of a cube, or what is wrong with it; see :func:`.datasets.open_dataset`."""
    opened, found = open_dataset(path)
    return (None if opened is None else opened.grid), found


def cube_bytes(path: Path) -> int:
    """What the rasters of a cube take in memory; 0 when it cannot be opened."""
    opened, _ = open_dataset(path)
    return 0 if opened is None else sum(array.nbytes for array in _rasters(opened).values())


def cube_arrays(path: Path) -> tuple[list[xr.DataArray], Findings]:
    """Every raster of a cube in memory, north up, on the grid as this engine writes it.

    Axes beside y and x keep their names and coordinates; attributes stay, and what xarray masked
    (``_FillValue``) or unpacked (``scale_factor``) is again what the file stores.
    """
    opened, found = open_dataset(path)
    if opened is None:
        return [], found
    try:
        arrays = [_as_stored(array, opened.grid) for array in _rasters(opened).values()]
    except (OSError, RuntimeError, ValueError) as error:
        return [], (*found, unreadable(path.name, "raster", error))
    if arrays:
        return arrays, found
    message, fix = "holds no raster (a variable with x and y)", "give a file that holds one"
    return [], (*found, Finding.error("raster-missing", path.name, message, fix=fix))


def _rasters(opened: Opened) -> Mapping[str, xr.DataArray]:
    named = {str(name): array for name, array in opened.dataset.data_vars.items()}
    return {
        name: array
        for name, array in named.items()
        if set(array.dims) & set(X_NAMES) and set(array.dims) & set(Y_NAMES)
    }


def _as_stored(array: xr.DataArray, grid: Grid) -> xr.DataArray:
    encoding = array.encoding
    values = values_north_up(array)
    fill = encoding.get(FILL)
    scale, offset = (encoding.get(key) for key in PACKED)
    if scale is not None or offset is not None:
        values = (values - (offset or 0)) / (1 if scale is None else scale)
    stored = np.dtype(encoding.get("dtype", values.dtype))
    if stored.kind in "iu" and values.dtype.kind == "f":
        gap = 0 if fill is None else fill
        values = np.where(np.isnan(values), gap, np.rint(values))
    about = {str(k): v for k, v in array.attrs.items() if k not in PLACE}
    about |= {key: encoding[key] for key in (FILL, *PACKED) if encoding.get(key) is not None}
    if "flag_values" in about:  # Zarr keeps them as JSON, without their type
        about["flag_values"] = np.asarray(about["flag_values"], dtype=stored)
    made = to_dataarray(values.astype(stored), grid, str(array.name))
    axes = [name for name in array.dims if name not in {*X_NAMES, *Y_NAMES}]
    made = made.rename(dict(zip(made.dims, axes, strict=False)))
    made = made.assign_coords({name: array[name] for name in axes if name in array.coords})
    return made.assign_attrs(about | {"grid_mapping": GRID_MAPPING})
