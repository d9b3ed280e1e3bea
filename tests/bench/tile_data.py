"""A Sentinel-2 tile to classify: the scene of ``raster_data``, a terrain model, and labels.

Relief and cover are those of the benchmark coast. ``raster_data`` makes 0.7 % of the pixels wrong
at random, as a classifier's map is; a scene has no such pixels, so here they are left out.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import raster_data
import rasterio
from affine import Affine
from rasterio.enums import Resampling
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window

METRES_PER_UNIT = 10.0
"""Relief of the coast is in units in which mangrove stands between 0.15 and 0.45."""

BANDS = ("green", "red", "nir", "swir1")


def tile(folder: Path, side: int = 10_980) -> tuple[Path, Path]:
    """The scene (uint16, four bands) and the terrain model (float32, pixels of 80 m)."""
    raster_data.NOISE_SHARE = 0.0
    scene = raster_data.sentinel2_tile(folder / "clean", side)
    terrain = folder / "clean" / f"elevation_{side}.tif"
    if not terrain.exists():
        relief = raster_data.coast(side).elevation * METRES_PER_UNIT
        cell = raster_data.PIXEL_M * raster_data.COARSE_PX
        place = Affine(cell, 0, raster_data.LEFT - cell / 2, 0, -cell, raster_data.TOP + cell / 2)
        profile = {"dtype": "float32", "count": 1, "crs": raster_data.CRS, "transform": place}
        size = {"height": relief.shape[0], "width": relief.shape[1]}
        with rasterio.open(terrain, "w", driver="GTiff", compress="zstd", **size, **profile) as out:
            out.write(relief.astype(np.float32), 1)
    return scene, terrain


def elevation_of(terrain: Path, scene: Path, window: Window) -> np.ndarray:
    """The terrain model on the pixels of a window of the scene, as the engine reads it."""
    with rasterio.open(scene) as like, rasterio.open(terrain) as source:
        place = {"crs": like.crs, "transform": like.transform, "nodata": np.nan}
        size = {"height": like.height, "width": like.width, "dtype": "float32"}
        with WarpedVRT(source, resampling=Resampling.bilinear, **place, **size) as aligned:
            return aligned.read(1, window=window)


def labels(
    scene: Path, terrain: Path, side: int, count: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Numbers (bands, count), elevation and classes (count,) of pixels drawn from 12 strips."""
    raster_data.NOISE_SHARE = 0.0
    rng = np.random.default_rng(raster_data.SEED)
    drawn, found = raster_data.coast(side), []
    strips = min(12, side // raster_data.TILE)
    with rasterio.open(scene) as source:
        for strip in rng.choice(side // raster_data.TILE, strips, replace=False):
            first = int(strip) * raster_data.TILE
            classes = drawn.strip(raster_data.YEARS[0], first, raster_data.TILE).ravel()
            window = Window(0, first, side, raster_data.TILE)
            place = rng.choice(np.flatnonzero(classes), count // strips, replace=False)
            numbers = source.read(window=window).reshape(len(BANDS), -1)[:, place]
            height = elevation_of(terrain, scene, window).ravel()[place]
            found.append((numbers, height, classes[place]))
    numbers, height, classes = zip(*found, strict=True)
    return np.concatenate(numbers, axis=1), np.concatenate(height), np.concatenate(classes)
