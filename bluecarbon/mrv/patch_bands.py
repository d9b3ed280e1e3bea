"""Patches of a map that is too large for memory: drawn band by band, and joined at the seams.

A patch that ends inside its band is finished; one that reaches the band's last row waits for what
the next band has below it. The outlines are those of the whole map at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from pyproj import Transformer
from rasterio import features

from bluecarbon.mrv.blocks import Block, gdal_settings, row_blocks
from bluecarbon.mrv.rasters import Geometry, Grid, opened

BAND_PIXELS = 64_000_000
"""Pixels that are drawn at once; polygonizing takes about 8 bytes for each."""


def patches_by_bands(path: Path, code: int, *, pixels: int = BAND_PIXELS) -> list[Geometry]:
    """The patches (joined by edges) of one code of a map, in WGS 84, from north to south.

    ``pixels`` bounds the size of a band, which is whole tile rows and one of them at least.

    Raises
    ------
    rasterio.errors.RasterioError
        The file is damaged.
    """
    with gdal_settings(), opened(path) as dataset:
        grid = Grid(dataset.crs, dataset.transform, dataset.height, dataset.width)
        rows = max(pixels // dataset.width, 1)
        bands = row_blocks(
            grid.height, grid.width, tile_rows=dataset.block_shapes[0][0], rows_least=rows
        )
        masks = ((band, dataset.read(1, window=band.window) == code) for band in bands)
        drawn = list(joined_patches(masks))
    places = shapely.bounds(drawn).reshape(-1, 4)
    in_order = np.lexsort((places[:, 0], places[:, 1]))
    return _in_degrees([drawn[place] for place in in_order], grid)


def joined_patches(masks: Iterator[tuple[Block, NDArray[np.bool_]]]) -> Iterator[Geometry]:
    """Patches of successive bands in columns and rows of the map, each when it is finished."""
    waiting: list[Geometry] = []
    for band, mask in masks:
        first, last = band.row, band.row + band.rows
        drawn = _drawn(mask, band)
        above = [shape for shape in drawn if shape.bounds[1] == first] if waiting else []
        inner = [shape for shape in drawn if not waiting or shape.bounds[1] != first]
        reached = [*inner, *_united([*waiting, *above])]
        waiting = [shape for shape in reached if shape.bounds[3] == last]
        yield from (shape for shape in reached if shape.bounds[3] != last)
    yield from waiting


def _drawn(mask: NDArray[np.bool_], band: Block) -> list[Geometry]:
    place = Affine.translation(band.column, band.row)
    found = features.shapes(mask.view(np.uint8), mask=mask, transform=place)
    return [shapely.geometry.shape(shape) for shape, _ in found]


def _united(shapes: Sequence[Geometry]) -> list[Geometry]:
    """Shapes that share an edge as one; the vertices that only the seam had are taken out."""
    united = shapely.get_parts(shapely.union_all(list(shapes)))
    return list(shapely.simplify(united, 0.0))


def _in_degrees(shapes: Sequence[Geometry], grid: Grid) -> list[Geometry]:
    across, down = grid.pixel_size
    left, top = float(grid.transform.c), float(grid.transform.f)
    back = Transformer.from_crs(grid.crs, "EPSG:4326", always_xy=True)

    def degrees(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[Geometry, Geometry]:
        longitude, latitude = back.transform(left + across * x, top - down * y)
        return longitude, latitude

    return list(shapely.transform(np.array(shapes, dtype=object), degrees, interleaved=False))
