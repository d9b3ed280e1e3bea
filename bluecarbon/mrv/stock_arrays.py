"""Stocks of class maps in memory: xarray in, xarray out.

The same table as for files (:mod:`bluecarbon.mrv.stock_model`); for maps that fit into memory, in
a notebook or a pipeline.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bluecarbon.errors import DataError
from bluecarbon.mrv.arrays import grid_of, to_dataarray, values_north_up
from bluecarbon.mrv.rasters import Grid
from bluecarbon.mrv.stock_model import (
    Convention,
    Floats,
    StockParameters,
    StockTable,
    stock_table,
)
from bluecarbon.spec import Finding

YEAR = "year"
FLOWS = ("accumulation", "emission", "net")


def stocks_of(
    class_maps: xr.DataArray | xr.Dataset,
    parameters: StockParameters,
    *,
    last_year: int | None = None,
    nodata: int | None = None,
    convention: Convention = "guide",
) -> xr.Dataset:
    """Stocks and flows of class maps as rasters per hectare.

    Parameters
    ----------
    class_maps : whole numbers with a dimension ``year`` beside y and x, or a Dataset with one
        variable a year whose name is the year (or ends in it: ``map_2010``)
    parameters : of every class that occurs
    last_year : the end; the last map's year where it is not given
    nodata : the number that is no class; pixels that have it in any year are NaN everywhere

    Returns
    -------
    ``stock`` (year, y, x) at the beginning of each snapshot year and of the last year;
    ``accumulation``, ``emission`` and ``net`` (period, y, x) summed over the spans between them,
    float32, in the unit of the parameters; ``trajectory`` (y, x), the code of each pixel.

    Raises
    ------
    DataError
        Years that are no years, come twice or leave nothing to compute; a class without
        parameters; no coordinate system.
    """
    stack = _stack_of(class_maps)
    years = tuple(int(year) for year in stack[YEAR].values)
    grid = grid_of(stack)
    values = values_north_up(stack).astype(np.int64)
    inside = np.ones(values.shape[1:], bool) if nodata is None else (values != nodata).all(axis=0)
    classes, row = np.unique(values[:, inside].T, axis=0, return_inverse=True)
    try:
        table = stock_table(
            classes, years, parameters, last_year or years[-1], convention=convention
        )
    except ValueError as error:
        fix = "give parameters for every class, and a last year after the maps"
        finding = Finding.error("stocks-wrong", "class maps", str(error), fix=fix)
        raise DataError([finding]) from error
    codes = np.zeros(inside.shape, np.uint32)
    codes[inside] = row.ravel() + 1
    return _dataset(table, codes, grid, parameters.unit)


def _stack_of(class_maps: xr.DataArray | xr.Dataset) -> xr.DataArray:
    """The maps along ``year``, ascending."""
    if isinstance(class_maps, xr.Dataset):
        named = {_year_of(str(name)): array for name, array in class_maps.data_vars.items()}
        years = sorted(year for year in named if year)
        if not years or len(named) != len(class_maps.data_vars) or 0 in named:
            raise _wrong("every variable must be named after its own year, as map_2010")
        stack = xr.concat([named[year] for year in years], xr.Variable(YEAR, years))
    else:
        if YEAR not in class_maps.dims or YEAR not in class_maps.coords:
            raise _wrong(f"the array has no dimension '{YEAR}' with its years")
        stack = class_maps.sortby(YEAR)
    if len(set(stack[YEAR].values.tolist())) < stack.sizes[YEAR]:
        raise _wrong("a year comes twice")
    if stack.dtype.kind not in "iub":
        raise _wrong(f"class numbers must be whole, not {stack.dtype}")
    return stack


def _year_of(name: str) -> int:
    digits = name[-4:]
    return int(digits) if digits.isascii() and digits.isdigit() else 0


def _wrong(message: str) -> DataError:
    fix = "give a DataArray with a dimension year, or a Dataset with one variable a year"
    return DataError([Finding.error("class-maps-years", "class maps", message, fix=fix)])


def _dataset(table: StockTable, codes: NDArray[np.uint32], grid: Grid, unit: str) -> xr.Dataset:
    moments = sorted({*table.snapshots, table.last_year})
    layers: dict[str, tuple[str, Sequence[int | str], list[Floats]]] = {
        "stock": (YEAR, moments, [table.at(year) for year in moments])
    }
    spans = [f"{start}-{stop}" for start, stop in table.periods]
    for name in FLOWS:
        sums = [table.between(getattr(table, name), *period) for period in table.periods]
        layers[name] = ("period", spans, sums)
    result = {"trajectory": to_dataarray(codes, grid, "trajectory")}
    for name, (axis, labels, values) in layers.items():
        lookup = np.full((len(values), len(values[0]) + 1), np.nan, np.float32)
        lookup[:, 1:] = [value.sum(axis=-1) for value in values]
        array = to_dataarray(lookup[:, codes], grid, name, unit=unit)
        result[name] = array.rename(band=axis).assign_coords({axis: labels})
    return xr.Dataset(result)
