"""Rasters and cubes as xarray: GeoTIFF, COG and VRT, NetCDF and Zarr, read when asked for.

Whatever the format, what comes out has dimensions (band or time, y, x), y from north to south, and
its grid in CF attributes (:mod:`bluecarbon.mrv.arrays`). What is wrong with a file is a finding.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.errors import CRSError
from rasterio.windows import Window
from xarray.backends import BackendArray
from xarray.core import indexing

from bluecarbon.errors import DataError
from bluecarbon.mrv.arrays import GRID_MAPPING, Y_NAMES, grid_of, legend_of, to_dataarray
from bluecarbon.mrv.overviews import overview_findings
from bluecarbon.mrv.rasters import Grid, opened, read_grid, unreadable
from bluecarbon.mrv.regrid import antimeridian_findings
from bluecarbon.spec import Finding, errors_in

NO_CLASS = frozenset({"outside", "unobserved", "nodata", "no_data", "no-data", "fill", "missing"})
"""Meanings of a flag that say nothing about the ground: such a number may be the fill value."""

Findings = tuple[Finding, ...]


@dataclass(frozen=True)
class Opened:
    """A dataset and its grid; values are read when they are used."""

    dataset: xr.Dataset
    grid: Grid


def open_dataset(path: Path, subject: str = "") -> tuple[Opened | None, Findings]:
    """Open a raster or a cube by its suffix: .nc, .nc4, .h5 and .zarr are cubes, else rasters.

    ``subject`` names it in findings; by default its file name. None when a finding is an error.
    """
    subject = subject or path.name
    if path.suffix.lower() in {".nc", ".nc4", ".h5", ".zarr"}:
        return _open_cube(path, subject)
    return _open_raster(path, subject)


class _Lazy(BackendArray):
    """Bands of a raster, read by window when they are indexed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with opened(path) as dataset:
            self.shape = (dataset.count, dataset.height, dataset.width)
            self.dtype = np.result_type(*dataset.dtypes)

    def __getitem__(self, key: Any) -> Any:
        return indexing.explicit_indexing_adapter(
            key, self.shape, indexing.IndexingSupport.BASIC, self._read
        )

    def _read(self, key: tuple[int | slice, ...]) -> NDArray[Any]:
        spans = [_span(part, size) for part, size in zip(key, self.shape, strict=True)]
        (first, last), rows, columns = spans
        window = Window(columns[0], rows[0], columns[1] - columns[0], rows[1] - rows[0])
        with opened(self.path) as dataset:
            values = dataset.read(list(range(first + 1, last + 1)), window=window)
        inner = tuple(
            part - start
            if isinstance(part, int | np.integer)
            else slice(*_steps(part, start, size))
            for part, (start, _), size in zip(key, spans, self.shape, strict=True)
        )
        return np.asarray(values[inner])


def _span(part: int | slice, size: int) -> tuple[int, int]:
    """The first and the last index (exclusive) that a part of an axis touches."""
    if not isinstance(part, slice):
        return int(part), int(part) + 1
    places = range(size)[part]
    return (min(places), max(places) + 1) if len(places) else (0, 0)


def _steps(part: slice, start: int, size: int) -> tuple[int | None, int | None, int]:
    begin, stop, step = part.indices(size)
    if step > 0:
        return begin - start, stop - start, step
    return begin - start, None if stop - start < 0 else stop - start, step


def _open_raster(path: Path, subject: str) -> tuple[Opened | None, Findings]:
    grid, found = read_grid(path, subject, what="raster")
    if grid is None:
        return None, found
    found += raster_remarks(path, grid, subject)
    with opened(path) as dataset:
        names = [name or f"band_{i}" for i, name in enumerate(dataset.descriptions, start=1)]
        nodata, scales, offsets = dataset.nodatavals[0], dataset.scales, dataset.offsets
    # Takes no memory: only the coordinates of this array are wanted.
    frame = to_dataarray(np.broadcast_to(np.uint8(0), (grid.height, grid.width)), grid, path.stem)
    values = xr.Variable(("band", *frame.dims), indexing.LazilyIndexedArray(_Lazy(path)))
    coords = {str(name): coordinate for name, coordinate in frame.coords.items()}
    data = xr.DataArray(values, coords={**coords, "band": names}, name="values")
    data.attrs = {"grid_mapping": GRID_MAPPING, "scales": scales, "offsets": offsets}
    if nodata is not None:
        data.attrs["nodata"] = nodata
    return Opened(data.to_dataset(), grid), found


def raster_remarks(path: Path, grid: Grid, subject: str) -> Findings:
    """What a sound raster may still cost or hide: missing overviews, the antimeridian."""
    bare = [f.model_copy(update={"subject": subject}) for f in overview_findings([path])]
    return (*antimeridian_findings(grid, subject), *bare)


def _open_cube(path: Path, subject: str) -> tuple[Opened | None, Findings]:
    try:
        raw = _opened_cube(path)
        dataset, remarks = classes_kept(raw, subject)
        dataset = xr.decode_cf(dataset)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        return None, (unreadable(subject, "raster", error),)
    dataset = _with_place(dataset)
    try:
        grid = grid_of(dataset)
    except DataError as error:
        return None, tuple(f.model_copy(update={"subject": subject}) for f in error.findings)
    found = (*antimeridian_findings(grid, subject), *time_findings(dataset, subject), *remarks)
    return (None if errors_in(found) else Opened(dataset, grid)), found


def _opened_cube(path: Path) -> xr.Dataset:
    """The variables as they are stored, not decoded: see :func:`classes_kept`."""
    if path.suffix.lower() == ".zarr":
        cube: xr.Dataset = xr.open_zarr(path, chunks=None, consolidated=False, decode_cf=False)
        return cube
    with path.open("rb") as stream:
        classic = stream.read(3) == b"CDF"
    return xr.open_dataset(path, engine="scipy" if classic else "h5netcdf", decode_cf=False)


def fill_is_class(legend: Mapping[int, str], fill: float | None) -> bool:
    """Whether the number for "no data" is a class of the ground in the same file's flags."""
    if fill is None or not float(fill).is_integer():
        return False
    return legend.get(int(fill), "outside").casefold() not in NO_CLASS


def classes_kept(dataset: xr.Dataset, subject: str) -> tuple[xr.Dataset, Findings]:
    """A data set that is not decoded yet, without the fill values that are classes.

    Decoding would turn such a class into gaps, and its hectares would be in no table. A warning
    says which number of which variable stays the class that ``flag_meanings`` calls it.
    """
    found = []
    dataset = dataset.copy()
    for name, array in dataset.data_vars.items():
        fill, legend = array.attrs.get("_FillValue"), legend_of(array)
        if fill is None or not fill_is_class(legend, fill):
            continue
        message = (
            f"variable {name}: number {int(fill)} is _FillValue and the class "
            f"'{legend[int(fill)]}' at once; it is read as the class"
        )
        fix = "take _FillValue out of the file, or give the class a number of its own"
        found.append(Finding.warning("class-map-fill-is-class", subject, message, fix=fix))
        kept = {key: value for key, value in array.attrs.items() if key != "_FillValue"}
        dataset[name] = array.copy()
        dataset[name].attrs = kept
    return dataset, tuple(found)


def _with_place(dataset: xr.Dataset) -> xr.Dataset:
    """North up, and the coordinate system where this engine looks for it."""
    for name in Y_NAMES:
        if (
            name in dataset.coords
            and dataset[name].size > 1
            and dataset[name][0] < dataset[name][-1]
        ):
            dataset = dataset.isel({name: slice(None, None, -1)})
    held = dataset.variables.get(GRID_MAPPING)
    attributes = {} if held is None else dict(held.attrs)
    if attributes.get("crs_wkt") or attributes.get("spatial_ref"):
        return dataset.set_coords(GRID_MAPPING)
    text = next((v for v in map(str, _crs_texts(dataset, attributes)) if _is_crs(v)), "")
    if not text:
        return dataset
    attributes["crs_wkt"] = CRS.from_user_input(text).to_wkt()
    named = xr.DataArray(np.int32(0), attrs=attributes)
    return dataset.drop_vars(GRID_MAPPING, errors="ignore").assign_coords({GRID_MAPPING: named})


def _crs_texts(dataset: xr.Dataset, attributes: dict[str, Any]) -> list[Any]:
    """Where programs that do not follow CF leave a coordinate system."""
    names = ("epsg", "EPSG", "epsg_code", "crs", "proj4")
    return [
        holder[name] for holder in (attributes, dataset.attrs) for name in names if name in holder
    ]


def _is_crs(text: str) -> bool:
    try:
        CRS.from_user_input(f"EPSG:{text}" if re.fullmatch(r"\d{4,6}", text) else text)
    except CRSError:
        return False
    return True


def time_findings(dataset: xr.Dataset, subject: str) -> Findings:
    """Times that are out of order, or there twice: a series is filtered in the order of time."""
    if "time" not in dataset.coords or dataset["time"].ndim != 1 or dataset["time"].size < 2:
        return ()
    steps = np.diff(dataset["time"].values.astype("datetime64[ns]").astype(np.int64))
    found = []
    if (steps < 0).any():
        place = int(np.flatnonzero(steps < 0)[0]) + 1
        message = f"times are out of order from entry {place + 1} on"
        fix = "sort it: dataset.sortby('time')"
        found.append(Finding.error("time-order", subject, message, fix=fix))
    if (steps == 0).any():
        message = f"{int((steps == 0).sum())} times are there twice"
        fix = "merge or drop the copies: in a median what is there twice counts twice"
        found.append(Finding.error("time-twice", subject, message, fix=fix))
    return tuple(found)
