"""Rasters from files as xarray data sets: dated class maps as one stack, values by file.

What comes out is what :func:`bluecarbon.mrv.exports.write_netcdf` and ``write_zarr`` take: place,
unit and legend as CF attributes (:mod:`bluecarbon.mrv.arrays`). A data set is held in memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from rasterio.errors import RasterioError

from bluecarbon.mrv.arrays import to_dataarray
from bluecarbon.mrv.blocks import Block, Runner, Threads, gdal_settings
from bluecarbon.mrv.class_sizes import blocks_of, tagged_names
from bluecarbon.mrv.cube_values import cube_arrays, cube_bytes, cube_grid
from bluecarbon.mrv.map_arguments import MapLegend, crossing_findings
from bluecarbon.mrv.map_sources import is_cube
from bluecarbon.mrv.map_stack import Alignment, MapStack, open_stack
from bluecarbon.mrv.rasters import Grid, opened, read_grid, unreadable
from bluecarbon.mrv.transitions import DatedMap, date_findings, read_block
from bluecarbon.spec import Finding, errors_in

MEMORY_BYTES_MAX = 4_000_000_000
"""Larger data sets are to be written in tiles."""

FILL = "_FillValue"

Findings = tuple[Finding, ...]


def class_dataset(
    maps: Sequence[DatedMap],
    legend: MapLegend,
    *,
    alignment: Alignment = "refuse",
    runner: Runner | None = None,
) -> tuple[xr.Dataset | None, Findings]:
    """Class maps as ``classes`` (year, y, x), the numbers those of the files; None with errors."""
    # Such a file could not be opened again: see bluecarbon.mrv.datasets.
    found: Findings = date_findings(maps) + crossing_findings(maps)
    chosen = runner or Threads()
    stack, problems = open_stack(
        [item.path for item in maps],
        [item.subject for item in maps],
        runner=chosen,
        alignment=alignment,
        bands=[item.band or 1 for item in maps] if any(item.band for item in maps) else [],
    )
    found += problems
    if stack is None or errors_in(found):
        return None, found
    dtype = np.result_type(np.uint8, *map(np.min_scalar_type, stack.values))
    shape = (len(maps), stack.grid.height, stack.grid.width)
    if large := _too_large(shape, dtype, maps[0].subject):
        return None, (*found, large)
    values = np.empty(shape, dtype)
    answers = chosen.results(partial(read_block, stack), stack.blocks)
    for block, answer in zip(stack.blocks, answers, strict=True):
        if isinstance(answer, Finding):
            return None, (*found, answer)
        values[:, *block.slices] = stack.number_of(answer[..., : block.columns])
    return _classes(values, maps, stack, legend), found


def _classes(
    values: NDArray[Any], maps: Sequence[DatedMap], stack: MapStack, legend: MapLegend
) -> xr.Dataset:
    about = {"long_name": "class of ground cover", "source": ", ".join(m.subject for m in maps)}
    array = to_dataarray(values, stack.grid, "classes", legend=legend.names, attributes=about)
    array = array.rename(band="year").assign_coords(year=[item.year for item in maps])
    array["year"].attrs = {"long_name": "year of the map"}
    fills = set(stack.nodata)
    fill = fills.pop() if len(fills) == 1 else None
    if fill is not None and fill in legend.unknown:
        array.attrs[FILL] = values.dtype.type(fill)
    return xr.Dataset({"classes": array})


def value_dataset(
    paths: Sequence[Path], *, unit: str = "", runner: Runner | None = None
) -> tuple[xr.Dataset | None, Findings]:
    """Rasters of one grid as one variable each, named after the file: (y, x) or (band, y, x).

    The unit is that of the file (the band's, or the tag ``unit``) unless given; class names of a
    class map stay. The file's nodata number becomes ``_FillValue``. Of a NetCDF file or Zarr store
    every raster is a variable under its own name, as it is stored.
    """
    grids, found = _same_grid(paths)
    chosen = runner or Threads()
    arrays: dict[str, xr.DataArray] = {}
    for path, grid in zip(paths if not errors_in(found) else (), grids, strict=False):
        read, problems = _read_arrays(path, grid, unit, chosen)
        found += (*problems, *_names_twice([str(array.name) for array in read], arrays, path))
        arrays |= {str(array.name): array for array in read}
    return (None if errors_in(found) else xr.Dataset(arrays)), found


def _read_arrays(
    path: Path, grid: Grid, unit: str, runner: Runner
) -> tuple[list[xr.DataArray], Findings]:
    if not is_cube(path):
        array, found = _read_array(path, grid, unit, runner)
        return ([] if array is None else [array]), found
    if large := _too_large((cube_bytes(path),), np.dtype(np.uint8), path.name):
        return [], (large,)
    # What the grid has to be remarked on was said when it was read.
    arrays, found = cube_arrays(path)
    wrong = tuple(finding for finding in found if finding.severity == "error")
    return [array.assign_attrs(units=unit) if unit else array for array in arrays], wrong


def _names_twice(names: Sequence[str], held: Mapping[str, object], path: Path) -> Findings:
    return tuple(
        Finding.error(
            "raster-name-twice",
            path.name,
            f"another file gives the variable '{name}' too",
            fix="rename one of them",
        )
        for name in names
        if name in held
    )


def _same_grid(paths: Sequence[Path]) -> tuple[list[Grid], Findings]:
    grids: list[Grid] = []
    found: Findings = ()
    for path in paths:
        cube = is_cube(path)
        grid, problems = cube_grid(path) if cube else read_grid(path, path.name, what="raster")
        found += problems
        if grid is None:
            continue
        if grids and grid != grids[0]:
            message = f"is on another grid than {paths[0].name}; variables of one file share theirs"
            fix = "write it into a file of its own, or resample it by a rule that you declare"
            found += (Finding.error("raster-grid-differs", path.name, message, fix=fix),)
        grids.append(grid)
    names = [_name_of(path) for path in paths if not is_cube(path)]
    for path in (p for p in paths if not is_cube(p) and names.count(_name_of(p)) > 1):
        message = f"two files would give the variable '{_name_of(path)}'"
        fix = "rename one of the files"
        found += (Finding.error("raster-name-twice", path.name, message, fix=fix),)
    return grids, found


def _name_of(path: Path) -> str:
    """A name that CF allows: letters, digits and underscores, a letter first (section 2.3)."""
    name = "".join(c if c.isascii() and c.isalnum() else "_" for c in path.stem)
    return name if name[:1].isalpha() else f"v_{name}"


def _read_array(
    path: Path, grid: Grid, unit: str, runner: Runner
) -> tuple[xr.DataArray | None, Findings]:
    try:
        with opened(path) as dataset:
            shape, dtype = (dataset.count, dataset.height, dataset.width), dataset.dtypes[0]
            tags, band_tags = dataset.tags(), dataset.tags(1)
            units = unit or dataset.units[0] or band_tags.get("units") or tags.get("unit") or "1"
            names, nodata = dataset.descriptions, dataset.nodata
        if large := _too_large(shape, np.dtype(dtype), path.name):
            return None, (large,)
        values = np.empty(shape, np.dtype(dtype))
        blocks = blocks_of(path)
        for block, part in zip(
            blocks, runner.results(partial(_block_values, path), blocks), strict=True
        ):
            values[:, *block.slices] = part
    except (RasterioError, OSError) as error:
        return None, (unreadable(path.name, "raster", error),)
    legend = tagged_names(tags) if values.dtype.kind in "iu" else {}
    about = {"long_name": band_tags.get("long_name") or path.stem, "source": path.name}
    one = len(values) == 1
    array = to_dataarray(
        values[0] if one else values,
        grid,
        _name_of(path),
        unit=units,
        legend=legend,
        attributes=about,
    )
    if not one and all(names):
        array = array.assign_coords(band=[str(name) for name in names])
    if nodata is not None:
        array.attrs[FILL] = values.dtype.type(nodata)
    return array, ()


def _block_values(path: Path, block: Block) -> NDArray[Any]:
    with gdal_settings(), opened(path) as dataset:
        return np.asarray(dataset.read(window=block.window))


def _too_large(shape: tuple[int, ...], dtype: np.dtype[Any], subject: str) -> Finding | None:
    size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    if size <= MEMORY_BYTES_MAX:
        return None
    message = f"the data set would hold {size / 1e9:.1f} GB in memory"
    fix = f"cut the rasters into tiles of at most {MEMORY_BYTES_MAX / 1e9:.0f} GB each"
    return Finding.error("dataset-too-large", subject, message, fix=fix)
