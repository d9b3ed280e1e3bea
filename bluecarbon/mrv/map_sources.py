"""Class maps in memory, NetCDF and Zarr as the block engines take them: as files, for a while.

Counting, cleaning and drawing work on files block by block, on threads or on a cluster. What a
notebook holds is an array. :func:`map_files` is the one way from one to the other: it writes each
date of an array into a tiled file, block by block, hands over the files, and removes them at the
end, whatever happens. The engines then cannot tell where a map came from, and give the same
numbers. Maps that are files already are handed over as they are.

The files lie in the folder for temporary files (``TMPDIR``) and take what the maps take unpacked;
workers on other machines must see that folder under the same name.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

from bluecarbon.errors import DataError, OutputError
from bluecarbon.mrv.rasters import Geometry
from bluecarbon.mrv.transitions import NO_STRATUM, DatedMap
from bluecarbon.spec import Finding, errors_in

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr

    ClassMaps: TypeAlias = xr.DataArray | xr.Dataset | Mapping[int, xr.DataArray]
    """Maps in memory: (year, y, x), (y, x), a variable for each year (``map_2015``), or by year.

    ``time`` may stand for ``year``. Codes carry ``flag_values`` and ``flag_meanings`` (their
    legend) and ``_FillValue`` (no data) as attributes or in their encoding.
    """

    Strata: TypeAlias = Path | xr.DataArray | gpd.GeoDataFrame | Mapping[str, Geometry] | None
    """Stratum numbers as a raster or an array (0 is none), or polygons."""

FileStrata: TypeAlias = "Path | Mapping[str, Geometry] | None"

CUBES = frozenset({".nc", ".nc4", ".h5", ".zarr"})
"""Suffixes of files that hold arrays with axes of their own, and often several dates."""

TIFF = frozenset({b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"})
"""How a TIFF file begins, classic or big, in either order of bytes."""

PREFIX = "bluecarbon-maps-"

Findings = tuple[Finding, ...]
Result = TypeVar("Result")


@dataclass(frozen=True)
class MapFiles:
    """What :func:`map_files` hands over; without maps when a finding is an error."""

    maps: tuple[DatedMap, ...]
    strata: FileStrata = None
    findings: Findings = ()


def is_cube(path: Path) -> bool:
    """Whether a path names a NetCDF file or a Zarr store, by its suffix.

    A raster that only has the suffix of one is still a raster: GDAL goes by what a file holds.
    """
    if path.suffix.lower() not in CUBES:
        return False
    try:
        with path.open("rb") as stream:
            return stream.read(4) not in TIFF
    except OSError:
        return True


@contextmanager
def map_files(maps: Sequence[DatedMap] | ClassMaps, strata: Strata = None) -> Iterator[MapFiles]:
    """Class maps and strata as files that are there until the block ends.

    Parameters
    ----------
    maps : dated maps (also of NetCDF files and Zarr stores), or arrays: see :data:`ClassMaps`
    strata : see :data:`Strata`; a layer of polygons in any coordinate system is brought to WGS 84

    Findings: those of a grid (``array-crs``, ``array-axes``), ``class-map-year-missing``,
    ``class-map-year-order``, ``class-map-year-twice``, ``class-map-not-whole-numbers``,
    ``class-map-gaps``, ``class-map-flags-wrong``, ``class-map-fill-is-class`` (warning),
    ``class-map-unreadable``, ``polygon-no-crs``.

    Raises
    ------
    OutputError
        The folder for temporary files is full or cannot be written.
    """
    if _are_files(maps) and (strata is None or isinstance(strata, Path | dict)):
        yield MapFiles(tuple(maps), strata)  # type: ignore[arg-type]
        return
    with _temporary_folder() as folder:
        yield _written(maps, strata, folder)


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    try:
        folder = tempfile.mkdtemp(prefix=PREFIX)
    except OSError as error:
        raise OutputError(f"no temporary folder can be made: {error.strerror}") from error
    try:
        yield Path(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def on_files(
    work: Callable[[Sequence[DatedMap], FileStrata], tuple[Result | None, Findings]],
    maps: Sequence[DatedMap] | ClassMaps,
    strata: Strata = None,
) -> tuple[Result | None, Findings]:
    """The answer and the findings of ``work`` on the files of maps and strata.

    ``work`` must be done with the files when it returns. None when the maps cannot be used.
    """
    with map_files(maps, strata) as given:
        if errors_in(given.findings):
            return None, given.findings
        answer, found = work(given.maps, given.strata)
        return answer, (*given.findings, *found)


def _are_files(maps: Sequence[DatedMap] | ClassMaps) -> bool:
    return isinstance(maps, Sequence) and not any(is_cube(item.path) for item in maps)


def _written(maps: Sequence[DatedMap] | ClassMaps, strata: Strata, folder: Path) -> MapFiles:
    """Everything as files in a folder; without maps once something is wrong."""
    from bluecarbon.mrv.class_arrays import layers_of, saved

    try:
        if isinstance(maps, Sequence):
            files, found = _with_cubes_saved(maps, folder)
        else:
            layers, found = layers_of(maps)
            files = () if errors_in(found) else saved(layers, folder / "maps")
        places, problems = strata_files(strata, folder / "strata")
    except DataError as error:
        return MapFiles((), None, error.findings)
    found += problems
    return MapFiles(() if errors_in(found) else files, places, found)


def _with_cubes_saved(
    maps: Sequence[DatedMap], folder: Path
) -> tuple[tuple[DatedMap, ...], Findings]:
    """The maps with those of NetCDF and Zarr written as files, each cube opened once."""
    from bluecarbon.mrv.cube_maps import save_wanted

    found: Findings = ()
    files = {item: item for item in maps}
    for number, path in enumerate(dict.fromkeys(item.path for item in maps if is_cube(item.path))):
        wanted = [item for item in maps if item.path == path]
        made, problems = save_wanted(path, wanted, folder / f"cube_{number}")
        found += problems
        files |= dict(zip(wanted, made, strict=bool(made)))
    return tuple(files[item] for item in maps), found


def strata_files(strata: Strata, folder: Path) -> tuple[FileStrata, Findings]:
    """Strata as the counting takes them: a raster by its path, polygons by name in WGS 84."""
    if strata is None or isinstance(strata, Path):
        return strata, ()
    if _is_frame(strata):
        from bluecarbon.mrv.map_arguments import polygons_by_name

        return polygons_by_name(strata, "strata")
    if isinstance(strata, Mapping):
        return dict(strata), ()
    from bluecarbon.mrv.class_arrays import layers_of, saved

    layers, found = layers_of(cast("xr.DataArray", strata), "strata", gap=NO_STRATUM)
    if not errors_in(found) and sum(len(item.years) for item in layers) != 1:
        message, fix = "strata are one array (y, x) of numbers", "choose one layer of the array"
        found += (Finding.error("strata-layers", "strata", message, fix=fix),)
    return (None if errors_in(found) else saved(layers, folder)[0].path), found


def _is_frame(value: Any) -> bool:
    """Whether it is a layer of polygons, asked without loading geopandas."""
    return hasattr(value, "geometry") and hasattr(value, "to_crs")
