"""What an array of class numbers says about itself: its dates, grid, legend and "no data".

xarray decodes a file by masking its fill value, which makes floats with gaps of whole numbers. The
number that a gap stood for is in the encoding, so nothing is lost and it is put back.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bluecarbon.errors import DataError
from bluecarbon.mrv.array_files import ArrayFile, write_layers
from bluecarbon.mrv.arrays import X_NAMES, Y_NAMES, grid_of
from bluecarbon.mrv.datasets import fill_is_class
from bluecarbon.mrv.map_arguments import UNDATED
from bluecarbon.mrv.map_tags import class_tags
from bluecarbon.mrv.rasters import Grid
from bluecarbon.mrv.transitions import DatedMap
from bluecarbon.spec import Finding, errors_in

if TYPE_CHECKING:
    from bluecarbon.mrv.map_sources import ClassMaps

YEARS = ("year", "time")
"""Axes that hold the dates of maps, the first that an array has."""

YEARS_NAMED = 5
"""Findings about longer lists name so many entries."""

LAYER = "layer"

NAME = "maps"
"""How findings name an array that has no name."""

LEGEND_KEYS = ("flag_values", "flag_meanings")
FILL_KEYS = ("_FillValue", "missing_value", "nodata")
NAMED_AFTER_YEAR = re.compile(r"(?:.*\D)?((?:19|20)\d\d)")

Findings = tuple[Finding, ...]


@dataclass(frozen=True)
class ClassLayers:
    """Class maps of one grid in one array.

    Attributes
    ----------
    array : (layer, y, x), north up; read or computed when asked
    years : of the layers; (0,) when the array has no date
    dtype : whole numbers of the file to be written
    nodata : the number that says "no data", None when the array names none
    gap : the number that NaN is written as; None where NaN may not be
    subject : how findings name the array
    """

    array: xr.DataArray
    grid: Grid
    years: tuple[int, ...]
    dtype: np.dtype[Any]
    legend: Mapping[int, str]
    nodata: int | None
    gap: int | None
    subject: str

    def name(self, year: int) -> str:
        """How findings name one layer."""
        return self.subject if year == UNDATED else f"{self.subject} {year}"


def layers_of(
    maps: ClassMaps,
    subject: str = "",
    *,
    gap: int | None = None,
) -> tuple[tuple[ClassLayers, ...], Findings]:
    """The class maps of an array, of the variables of a data set, or of arrays by year.

    Parameters
    ----------
    subject : how findings name the maps; by default the name of the array
    gap : what NaN stands for where the array does not say it

    Findings: see :func:`bluecarbon.mrv.map_sources.map_files`.
    """
    if isinstance(maps, xr.DataArray):
        made, found = one_array(maps, subject, gap=gap)
        return (() if made is None else (made,)), found
    if isinstance(maps, xr.Dataset):
        return _of_dataset(maps, subject)
    return _by_year(maps, subject)


def _of_dataset(maps: xr.Dataset, subject: str) -> tuple[tuple[ClassLayers, ...], Findings]:
    named = {str(name): maps[name] for name in maps.data_vars if _is_raster(maps[name])}
    matches = [NAMED_AFTER_YEAR.fullmatch(name) for name in named]
    years = [int(match[1]) for match in matches if match is not None]
    if len(named) > 1 and len(years) == len(named):
        twice = tuple(_year_findings(sorted(years), subject or NAME))
        by_year = dict(zip(years, named.values(), strict=True))
        return ((), twice) if twice else _by_year(by_year, subject)
    chosen = class_variable(named)
    if chosen is None:
        listed = ", ".join(named) or "none"
        message = f"which variable holds the classes is not clear (it has: {listed})"
        fix = "name it classes, keep only it, or name a variable for each year (map_2015)"
        return (), (Finding.error("class-map-variable", subject or NAME, message, fix=fix),)
    made, found = one_array(named[chosen], subject)
    return (() if made is None else (made,)), found


def _is_raster(array: xr.DataArray) -> bool:
    return bool(set(array.dims) & set(X_NAMES)) and bool(set(array.dims) & set(Y_NAMES))


def class_variable(named: Mapping[str, xr.DataArray]) -> str | None:
    """The variable that holds classes: the only one, "classes", or the only one with flags."""
    if len(named) == 1 or "classes" in named:
        return "classes" if "classes" in named else next(iter(named))
    flagged = [name for name, array in named.items() if "flag_values" in array.attrs]
    return flagged[0] if len(flagged) == 1 else None


def _by_year(
    maps: Mapping[int, xr.DataArray], subject: str
) -> tuple[tuple[ClassLayers, ...], Findings]:
    found: Findings = ()
    made: list[ClassLayers] = []
    for year in sorted(maps):
        layers, problems = one_array(maps[year], f"{subject or NAME} {year}")
        found += problems
        if layers is not None and len(layers.years) > 1:
            message, fix = "holds several dates", "give one array (y, x) for each year"
            found += (Finding.error("class-map-years-several", layers.subject, message, fix=fix),)
        elif layers is not None:
            made.append(replace(layers, years=(year,), subject=subject or NAME))
    return tuple(made), found


def one_array(
    array: xr.DataArray, subject: str, *, gap: int | None = None
) -> tuple[ClassLayers | None, Findings]:
    """The class maps of one array (y, x), (year, y, x) or (time, y, x)."""
    name = subject or str(array.name or NAME)
    stack, years, found = _stacked(array, name)
    try:
        grid: Grid | None = grid_of(array)
    except DataError as error:
        grid = None
        found += tuple(f.model_copy(update={"subject": name}) for f in error.findings)
    dtype = _number_type(array)
    if dtype is None:
        message, fix = f"the array holds {array.dtype}", "give whole numbers, e.g. uint8"
        found += (Finding.error("class-map-not-whole-numbers", name, message, fix=fix),)
    legend, problems = flags_of(array, name)
    found += problems
    if grid is None or dtype is None or stack is None or errors_in(found):
        return None, found
    fill = fill_of(array)
    # A number that the type cannot hold (-9999 in a byte map) marks nothing.
    nodata = fill if fill is not None and _fits(fill, dtype) else None
    found += _fill_findings(nodata, legend, name)
    gap = nodata if nodata is not None else gap
    return ClassLayers(stack, grid, years, dtype, legend, nodata, gap, name), found


def _stacked(
    array: xr.DataArray, subject: str
) -> tuple[xr.DataArray | None, tuple[int, ...], Findings]:
    """The array as (layer, y, x), and the years of its layers."""
    places = [n for n in array.dims if n in Y_NAMES] + [n for n in array.dims if n in X_NAMES]
    # Axes of one entry say nothing: rioxarray opens every raster with a band.
    others = [n for n in array.dims if n not in places and (array.sizes[n] > 1 or n in YEARS)]
    if len(others) > 1 or (others and others[0] not in YEARS):
        listed = ", ".join(f"{name} of {array.sizes[name]}" for name in others)
        message = f"the array has the axes {listed} beside y and x, and no years"
        fix = "call the axis of the dates year: array.rename(band='year').assign_coords(year=...)"
        return None, (), (Finding.error("class-map-year-missing", subject, message, fix=fix),)
    flat = array.squeeze([n for n in array.dims if n not in (*places, *others)], drop=True)
    if not others:
        return flat.transpose(*places).expand_dims(LAYER), (UNDATED,), ()
    axis = others[0]
    if axis not in array.coords:
        message, fix = f"the axis {axis} has no years", f"assign_coords({axis}=[2015, 2020])"
        return None, (), (Finding.error("class-map-year-missing", subject, message, fix=fix),)
    years = _years(array[axis])
    stack = flat.transpose(axis, *places).rename({axis: LAYER}).drop_vars(LAYER)
    return stack, years, tuple(_year_findings(years, subject))


def _years(axis: xr.DataArray) -> tuple[int, ...]:
    """Years as they are written, or those of times (also of other calendars)."""
    if axis.dtype.kind in "MO":
        axis = axis.dt.year
    return tuple(int(year) for year in axis.values)


def _year_findings(years: Sequence[int], subject: str) -> Iterator[Finding]:
    """Years that come twice or not in order, each told once however long the series is."""
    twice = [f"year {year} is there {n} times" for year, n in Counter(years).items() if n > 1]
    if twice:
        message = "; ".join(twice[:YEARS_NAMED]) + ("; ..." if len(twice) > YEARS_NAMED else "")
        fix = "keep one map for each year"
        yield Finding.error("class-map-year-twice", subject, message, fix=fix)
    wrong = next((pair for pair in itertools.pairwise(years) if pair[1] < pair[0]), None)
    if wrong:
        message = f"year {wrong[1]} comes after {wrong[0]}"
        fix = "sort the maps by year, e.g. array.sortby('year')"
        yield Finding.error("class-map-year-order", subject, message, fix=fix)


def _number_type(array: xr.DataArray) -> np.dtype[Any] | None:
    """The whole numbers of a file: the array's, those it was decoded from, else 32 bits."""
    stored = np.dtype(array.encoding.get("dtype", array.dtype))
    kind = array.dtype.kind
    dtype = array.dtype if kind in "iub" else stored
    if dtype.kind == "b":
        return np.dtype(np.uint8)
    if kind not in "iuf":
        return None
    # What numpy makes of numbers is 64 bits wide, which no class number needs.
    return dtype if dtype.kind in "iu" and dtype.itemsize <= 4 else np.dtype(np.int32)


def fill_of(array: xr.DataArray) -> int | None:
    """The whole number that an array says is "no data"; None when it names none."""
    for holder in (array.attrs, array.encoding):
        for key in FILL_KEYS:
            number = np.atleast_1d(holder.get(key, np.nan))[0]
            if np.isfinite(number) and float(number).is_integer():
                return int(number)
    return None


def _fits(number: int, dtype: np.dtype[Any]) -> bool:
    limits = np.iinfo(dtype)
    return bool(limits.min <= number <= limits.max)


def flags_of(array: xr.DataArray, subject: str) -> tuple[dict[int, str], Findings]:
    """The legend of an array from ``flag_values`` and ``flag_meanings`` (CF 1.11, 3.5).

    Both are needed, of one length. Values may be written as text, as GDAL keeps them.
    """
    raw, meanings = (array.attrs.get(key) for key in LEGEND_KEYS)
    if raw is None or meanings is None:
        return {}, ()
    values = re.split(r"[,\s]+", raw.strip()) if isinstance(raw, str) else np.atleast_1d(raw)
    names = str(meanings).split()
    try:
        numbers = [int(str(value).rstrip("bBuU")) for value in values]
    except ValueError:
        numbers = []
    if len(numbers) == len(names) == len(set(numbers)):
        return dict(zip(numbers, names, strict=True)), ()
    message = f"flag_values ({len(values)}) and flag_meanings ({len(names)}) do not fit together"
    fix = "give one meaning without spaces for each value, each value once"
    return {}, (Finding.error("class-map-flags-wrong", subject, message, fix=fix),)


def _fill_findings(fill: int | None, legend: Mapping[int, str], subject: str) -> Findings:
    """Of a file :func:`.datasets.classes_kept` says it, and takes the fill value away."""
    if fill is None or not fill_is_class(legend, fill):
        return ()
    message = f"number {fill} is _FillValue and the class '{legend[fill]}' at once; it is counted"
    fix = "take _FillValue out of the attributes, or give the class a number of its own"
    return (Finding.warning("class-map-fill-is-class", subject, message, fix=fix),)


def saved(layers: Sequence[ClassLayers], folder: Path) -> tuple[DatedMap, ...]:
    """Write every layer as a file of its own, named as findings shall name it.

    Raises
    ------
    DataError
        Values that are no whole numbers, gaps that stand for nothing, or a damaged source.
    OutputError
        The folder cannot be written.
    """
    maps: list[DatedMap] = []
    for number, item in enumerate(layers):
        place = folder / str(number)
        place.mkdir(parents=True)
        made = [DatedMap(year, place / item.name(year)) for year in item.years]
        describe = partial(class_tags, legend=item.legend, long_name=item.subject)
        files = [ArrayFile(one.path, item.nodata, describe) for one in made]
        write_layers(
            item.array, item.grid, files, dtype=item.dtype, numbers=partial(whole_numbers, item)
        )
        maps += made
    return tuple(maps)


def as_stored(array: xr.DataArray) -> xr.DataArray:
    """Class numbers as a file stores them: gaps that xarray made of a fill value put back.

    What holds whole numbers is returned as it is. DataError when the numbers are none.
    """
    if array.dtype.kind in "iub":
        return array
    layers, found = one_array(array, "")
    if layers is None:
        raise DataError(found)
    made = array.copy(data=whole_numbers(layers, array.values))
    return made if layers.nodata is None else made.assign_attrs(_FillValue=layers.nodata)


def whole_numbers(layers: ClassLayers, values: NDArray[Any]) -> NDArray[Any]:
    """The values of a block as the numbers of the file. DataError when they are none."""
    if values.dtype == layers.dtype:
        return values
    filled = values
    if values.dtype.kind == "f":
        gaps = np.isnan(values)
        if gaps.any() and layers.gap is None:
            message = "has gaps (NaN), and nothing says which number they stand for"
            fix = "array.fillna(255).astype('uint8') with attrs['_FillValue'] = 255, say"
            raise DataError([Finding.error("class-map-gaps", layers.subject, message, fix=fix)])
        filled = np.where(gaps, layers.gap or 0, values)
    with np.errstate(invalid="ignore"):
        made = filled.astype(layers.dtype)
    if not np.array_equal(made, filled):
        wrong = filled[made != filled].ravel()[0]
        message = f"holds {wrong:g}, which is no whole number of {layers.dtype.name}"
        fix = "class numbers are whole; put measured values into classes first"
        code = "class-map-not-whole-numbers"
        raise DataError([Finding.error(code, layers.subject, message, fix=fix)])
    return made
