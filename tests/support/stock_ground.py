"""Small rasters and plans for tests of stock maps: every number can be checked by hand."""

import numpy as np
import rasterio
from affine import Affine
from rasterio.crs import CRS

from bluecarbon.mrv.rasters import Grid
from bluecarbon.mrv.stock_layers import LayerFile
from bluecarbon.mrv.stock_plan import Counted, StockPlan
from bluecarbon.mrv.stock_sources import TableSource

LEFT_M, TOP_M, PIXEL_M = 370_000.0, 2_380_000.0, 10.0


def utm_grid(height, width, pixel_m=PIXEL_M):
    transform = Affine(pixel_m, 0.0, LEFT_M, 0.0, -pixel_m, TOP_M)
    return Grid(CRS.from_epsg(32649), transform, height, width)


def degree_grid(height, width, step=0.001, left=109.7, top=21.6):
    transform = Affine(step, 0.0, left, 0.0, -step, top)
    return Grid(CRS.from_epsg(4326), transform, height, width)


def write(path, values, grid, *, nodata=None):
    values = np.atleast_3d(values.T).T if values.ndim == 2 else values
    with rasterio.open(
        path, "w", driver="GTiff", count=len(values), height=grid.height, width=grid.width,
        dtype=values.dtype, crs=grid.crs, transform=grid.transform, nodata=nodata,
    ) as target:  # fmt: skip
        target.write(values)
    return path


def table_plan(grid, rows, *, counted=None, class_file=None, **more):
    """A plan of densities: pool -> list of (density, standard error), a row for each group."""
    counted = counted or Counted({"mangrove": (1,)})
    sources = {
        pool: TableSource(
            np.array([row[0] for row in found]),
            np.array([row[1] for row in found]),
            np.arange(len(found)),
        )
        for pool, found in rows.items()
    }
    return StockPlan(grid, counted, sources, class_file=class_file, **more)


def class_layer(path):
    return LayerFile(path)
