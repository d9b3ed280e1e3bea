"""Grids of pixels, reading them cut to a window, and writing them so that bytes repeat.

Only north-up grids are used: a rotated one is refused, because areas and windows are taken by
row and column. Affine arithmetic is written out: it is four numbers, and every reader can check it.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import shapely
from affine import Affine
from numpy.typing import NDArray
from pyproj import Transformer
from rasterio.crs import CRS
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import MemoryFile
from rasterio.windows import Window

from bluecarbon.errors import OutputError
from bluecarbon.mrv.map_tags import class_tags
from bluecarbon.spec import Finding

LATTICE_TOLERANCE_PX = 1e-3
"""Two grids share a lattice when their corners differ by whole pixels to this part of a pixel."""

FOOTPRINT_POINTS_PER_SIDE = 16
"""A scene's edge is bent when it is drawn in degrees: it is followed by this many points."""

EDGE_STEP_DEGREES = 0.001
"""About 100 m: edges of polygons are straight in degrees (RFC 7946), and are followed by points
this far apart wherever another kind of line would be drawn between their ends."""

TILE_PX = 256

NO_SUCH_FILE = "No such file or directory"
"""How GDAL says that a file is not there; of a mosaic it may be one of its parts."""

NO_FORMAT = "not recognized as being in a supported file format"
"""How GDAL says that a file, whole or not, is no raster."""

Bounds = tuple[float, float, float, float]
Geometry = Any
"""A shapely geometry; shapely publishes no types."""


@dataclass(frozen=True)
class Grid:
    """A north-up lattice of pixels: coordinate system, geotransform, rows and columns."""

    crs: CRS
    transform: Affine
    height: int
    width: int

    @property
    def pixel_size(self) -> tuple[float, float]:
        """Width and height of a pixel, both positive, in the units of the coordinate system."""
        return float(self.transform.a), float(-self.transform.e)

    @property
    def bounds(self) -> Bounds:
        """Left, bottom, right, top."""
        left, top = float(self.transform.c), float(self.transform.f)
        across, down = self.pixel_size
        return left, top - self.height * down, left + self.width * across, top

    def offset_of(self, other: Grid) -> tuple[int, int]:
        """Row and column of this grid at which ``other`` (of the same lattice) starts."""
        across, down = self.pixel_size
        row = (self.transform.f - other.transform.f) / down
        column = (other.transform.c - self.transform.c) / across
        return round(row), round(column)

    def slices_of(self, part: Grid) -> tuple[slice, slice]:
        """Rows and columns of this grid that ``part`` (of the same lattice, inside it) takes."""
        row, column = self.offset_of(part)
        return slice(row, row + part.height), slice(column, column + part.width)

    def shares_lattice_with(self, other: Grid) -> bool:
        """Whether pixels of both grids coincide wherever both have some."""
        if self.crs != other.crs:
            return False
        sizes = zip(self.pixel_size, other.pixel_size, strict=True)
        span = max(self.height, self.width, other.height, other.width)
        if any(abs(a - b) * span > LATTICE_TOLERANCE_PX * a for a, b in sizes):
            return False
        across, down = self.pixel_size
        shifts = (
            (other.transform.c - self.transform.c) / across,
            (other.transform.f - self.transform.f) / down,
        )
        return all(abs(shift - round(shift)) <= LATTICE_TOLERANCE_PX for shift in shifts)

    def cut(self, bounds: Bounds) -> Grid:
        """The smallest grid of this lattice that covers ``bounds``, also beyond this grid."""
        across, down = self.pixel_size
        left, top = float(self.transform.c), float(self.transform.f)
        # A bound that lies on a pixel edge must not pull in a row for the last bit of a float.
        slack = LATTICE_TOLERANCE_PX
        first_column = math.floor((bounds[0] - left) / across + slack)
        last_column = math.ceil((bounds[2] - left) / across - slack)
        first_row = math.floor((top - bounds[3]) / down + slack)
        last_row = math.ceil((top - bounds[1]) / down - slack)
        transform = Affine(
            across, 0.0, left + first_column * across, 0.0, -down, top - first_row * down
        )
        return Grid(
            self.crs,
            transform,
            max(1, last_row - first_row),
            max(1, last_column - first_column),
        )

    def part(self, rows: slice, columns: slice) -> Grid:
        """The part of the grid on some of its rows and columns; the twin of :meth:`slices_of`."""
        across, down = self.pixel_size
        left = float(self.transform.c) + columns.start * across
        top = float(self.transform.f) - rows.start * down
        corner = Affine(across, 0.0, left, 0.0, -down, top)
        return Grid(self.crs, corner, rows.stop - rows.start, columns.stop - columns.start)

    def pixels_of(
        self, longitude: NDArray[np.float64], latitude: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Fractional (row, column) of WGS 84 places; the whole part is the pixel's index."""
        forward = Transformer.from_crs("EPSG:4326", self.crs, always_xy=True)
        x, y = forward.transform(longitude, latitude)
        across, down = self.pixel_size
        return (self.transform.f - y) / down, (x - self.transform.c) / across

    def holds(self, row: NDArray[np.float64], column: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which of the fractional (row, column) places lie on the grid."""
        return (row >= 0) & (row < self.height) & (column >= 0) & (column < self.width)

    def footprint(self) -> Geometry:
        """The outline of the grid as a WGS 84 polygon (longitude, latitude)."""
        left, bottom, right, top = self.bounds
        step = max(right - left, top - bottom) / FOOTPRINT_POINTS_PER_SIDE
        outline = shapely.segmentize(shapely.box(left, bottom, right, top), step)
        back = Transformer.from_crs(self.crs, "EPSG:4326", always_xy=True)
        return shapely.transform(outline, back.transform, interleaved=False)


@contextmanager
def opened(path: Path) -> Iterator[rasterio.DatasetReader]:
    """Open a raster; what a file lacks is asked of the result, not of a warning."""
    # Only while it opens: the filter is one for all threads, and blocks are read for long.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        dataset = rasterio.open(path)
    with dataset:
        yield dataset


def read_grid(path: Path, subject: str, *, what: str) -> tuple[Grid | None, tuple[Finding, ...]]:
    """The grid of a raster file, or what is wrong with it.

    ``what`` begins the finding codes: ``scene`` gives ``scene-no-crs``, ``scene-unreadable``,
    ``scene-not-georeferenced``, ``scene-rotated`` and ``scene-complex``.
    """
    try:
        with opened(path) as dataset:
            crs, transform = dataset.crs, dataset.transform
            height, width, dtypes = dataset.height, dataset.width, dataset.dtypes
    except (RasterioError, OSError) as error:
        return None, (unreadable(subject, what, error),)
    found = _georeference_findings(crs, transform, subject, what)
    if not found:
        found = pole_findings(Grid(crs, transform, height, width), subject)
    if any(name.startswith("complex") for name in dtypes):
        message = "the raster holds complex numbers, which are no reflectance and no class"
        fix = "export it with real numbers (radar images: as intensity)"
        found += (Finding.error(f"{what}-complex", subject, message, fix=fix),)
    return (None if found else Grid(crs, transform, height, width)), found


def unreadable(subject: str, what: str, error: Exception) -> Finding:
    """The finding for a raster that GDAL cannot open or read to its end."""
    cause = str(error.__cause__ or error).splitlines()[0]
    message, fix = _why_unreadable(cause, Path((cause.split("'") * 2)[1]))
    return Finding.error(f"{what}-unreadable", subject, message, fix=fix)


def _why_unreadable(cause: str, named: Path) -> tuple[str, str]:
    """What GDAL or zarr says, in words of the person who gave the file, and what to do."""
    if NO_SUCH_FILE in cause:
        fix = "check the name and the folder of the file"
        bands = "; bands count from 1, as in FILE#1" if re.search(r"#0+(?!\d)", cause) else ""
        return f"no such file: {cause}", fix + bands
    if "No group found" in cause or (NO_FORMAT in cause and named.is_dir()):
        return f"is a folder, and neither a raster nor a Zarr store: {cause}", "name the raster"
    if NO_FORMAT in cause and named.is_file() and named.stat().st_size == 0:
        return "the file is empty (0 bytes)", "fetch it again, or write it again"
    message = f"the raster cannot be opened or read to its end: {cause}"
    return message, "the file may be truncated or damaged: fetch it again"


def pole_findings(grid: Grid, subject: str) -> tuple[Finding, ...]:
    """A grid in degrees that reaches beyond a pole: pixels there have no place and no area.

    Half a pixel beyond is the pole itself as the centre of a pixel (as in grids of the weather).
    """
    _, bottom, _, top = grid.bounds
    most = 90.0 + (0.5 + LATTICE_TOLERANCE_PX) * grid.pixel_size[1]
    if not grid.crs.is_geographic or (top <= most and bottom >= -most):
        return ()
    message = f"latitudes reach from {bottom:.6g} to {top:.6g}: beyond 90 degrees is no ground"
    fix = "correct its corner, its pixel size, or its coordinate system: are these degrees?"
    return (Finding.error("raster-beyond-world", subject, message, fix=fix),)


def _georeference_findings(
    crs: CRS | None, transform: Affine, subject: str, what: str
) -> tuple[Finding, ...]:
    found = []
    if crs is None:
        fix = "write the coordinate system into the file, e.g. rio edit-info --crs EPSG:32649"
        message = "the raster has no coordinate system, so nobody knows where it lies"
        found.append(Finding.error(f"{what}-no-crs", subject, message, fix=fix))
    if transform == Affine.identity():
        fix = "export the raster with its geotransform (or world file)"
        message = "the raster has no geotransform: its pixels have no place on the ground"
        found.append(Finding.error(f"{what}-not-georeferenced", subject, message, fix=fix))
    elif transform.b or transform.d or transform.a <= 0 or transform.e >= 0:
        message = "the raster is rotated or not north-up"
        fix = "resample it to a north-up grid, e.g. with gdalwarp"
        found.append(Finding.error(f"{what}-rotated", subject, message, fix=fix))
    return tuple(found)


def read_window(
    dataset: rasterio.DatasetReader, grid: Grid, fill: float, *, bands: Sequence[int] = ()
) -> NDArray[Any]:
    """Bands (all of them unless named) on ``grid``, ``fill`` where the file has no pixel.

    ``grid`` shares the lattice of the dataset and may reach beyond it.

    Returns
    -------
    Array of shape (bands, grid.height, grid.width) in the file's own number type.

    Raises
    ------
    rasterio.errors.RasterioIOError
        The file is damaged.
    """
    own = Grid(dataset.crs, dataset.transform, dataset.height, dataset.width)
    row, column = own.offset_of(grid)
    rows = slice(max(row, 0), min(row + grid.height, own.height))
    columns = slice(max(column, 0), min(column + grid.width, own.width))
    wanted = list(bands or dataset.indexes)
    shape = (len(wanted), grid.height, grid.width)
    # Bands of a virtual raster may differ in type: the first one's could cut the others' numbers.
    dtype = np.result_type(*(dataset.dtypes[band - 1] for band in wanted))
    result = np.full(shape, fill, dtype=dtype)
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return result
    window = Window(columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start)
    into_rows = slice(rows.start - row, rows.stop - row)
    into_columns = slice(columns.start - column, columns.stop - column)
    result[:, into_rows, into_columns] = dataset.read(wanted, window=window)
    return result


def write_class_map(
    path: Path,
    codes: NDArray[np.uint8],
    grid: Grid,
    legend: Mapping[int, str],
    *,
    colours: Mapping[int, tuple[int, int, int, int]] | None = None,
    long_name: str = "class map",
) -> None:
    """Write a class map as a cloud-optimised GeoTIFF, the same bytes for the same input.

    Parameters
    ----------
    codes : (grid.height, grid.width) uint8
    legend : code -> class name, written as tags (:func:`bluecarbon.mrv.map_tags.class_tags`)
    colours : code -> red, green, blue, alpha (0-255), written as the colour table
    long_name : what the map shows, in words

    Raises
    ------
    OutputError
        The place cannot be written.
    """
    # 0 is "outside" in every legend of ours: programs that draw maps leave it out.
    profile = {"dtype": "uint8", "count": 1, "nodata": 0, "overview_resampling": "NEAREST"}

    def describe(target: Any) -> None:
        class_tags(target, legend, long_name)
        if colours:
            target.write_colormap(1, dict(colours))

    _write(path, codes[np.newaxis], grid, profile=profile, describe=describe)


def write_values(
    path: Path,
    values: NDArray[np.float32],
    grid: Grid,
    *,
    bands: tuple[str, ...],
    unit: str,
) -> None:
    """Write float bands (bands, height, width), NaN where there is no value; same bytes again.

    Raises
    ------
    OutputError
        The place cannot be written.
    """
    profile = {"dtype": "float32", "count": len(bands), "nodata": math.nan, "predictor": "YES"}
    tags = {"unit": unit} | {f"band_{i:02d}": name for i, name in enumerate(bands, start=1)}

    def describe(target: Any) -> None:
        target.update_tags(**tags)
        target.descriptions, target.units = bands, (unit,) * len(bands)
        for number, name in enumerate(bands, start=1):
            target.update_tags(number, units=unit, long_name=name)

    _write(path, values.astype(np.float32), grid, profile=profile, describe=describe)


def _write(
    path: Path,
    values: NDArray[Any],
    grid: Grid,
    *,
    profile: dict[str, Any],
    describe: Callable[[Any], None],
) -> None:
    place = {
        "crs": grid.crs,
        "transform": grid.transform,
        "height": grid.height,
        "width": grid.width,
    }
    # One thread: the order in which compressed tiles land in the file must not depend on timing.
    options = {"compress": "DEFLATE", "level": 6, "blocksize": TILE_PX, "num_threads": 1}
    # Built in memory: a full disk or a missing folder must not leave half a file behind.
    with MemoryFile() as memory:
        with memory.open(driver="COG", **place, **options, **profile) as target:
            target.write(values)
            describe(target)
        content = memory.read()
    try:
        path.write_bytes(content)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
