"""A year of scenes for the composite benchmark, drawn from a seed: reflectance, clouds and a mask.

Each file has the bands and, as the last, the scene classification (SCL). Files are kept: a second
call finds them.
"""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from raster_data import CRS, LEFT, PIXEL_M, SEED, TILE, TOP

BAND_NAMES = ("blue", "green", "red", "nir", "swir1", "swir2")
VEGETATION, CLOUD, NO_DATA = 4, 9, 0
CLOUD_PX = 400
"""Clouds are patches about this wide."""


def scenes(folder: Path, side: int = 2_640, count: int = 24) -> dict[dt.date, Path]:
    """Scenes by date, every 15 days of 2020: 6 bands uint16 and SCL, about a third under cloud."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for number in range(count):
        date = dt.date(2020, 1, 3) + dt.timedelta(days=15 * number)
        found[date] = folder / f"scene_{side}_{date}.tif"
        if not found[date].exists():
            _write(found[date], side, number)
    return found


def _write(path: Path, side: int, number: int) -> None:
    rng = np.random.default_rng([SEED, side, number])
    mask = _mask(rng, side)
    place = {"crs": CRS, "transform": Affine(PIXEL_M, 0, LEFT, 0, -PIXEL_M, TOP)}
    tiles = {"tiled": True, "blockxsize": TILE, "blockysize": TILE, "interleave": "band"}
    packed = {"compress": "zstd", "zstd_level": 1, "predictor": 2}
    kind = {"driver": "GTiff", "dtype": "uint16", "count": len(BAND_NAMES) + 1, "nodata": 0}
    settings = {**kind, **place, **tiles, **packed, "height": side, "width": side}
    unfinished = path.with_name(f"{path.stem}.{os.getpid()}.part.tif")
    with rasterio.open(unfinished, "w", **settings, num_threads="2") as target:
        for band in range(len(BAND_NAMES)):
            light = rng.normal(500 + 400 * band, 60, (side, side))
            light[mask == CLOUD] += 5000
            numbers = np.clip(light, 1, 10_000).astype(np.uint16)
            numbers[mask == NO_DATA] = 0
            target.write(numbers, band + 1)
        target.write(mask, len(BAND_NAMES) + 1)
    unfinished.rename(path)


def _mask(rng: np.random.Generator, side: int) -> np.ndarray:
    patches = rng.random((side // CLOUD_PX + 1,) * 2) < 0.33
    mask = np.where(np.kron(patches, np.ones((CLOUD_PX, CLOUD_PX), bool)), CLOUD, VEGETATION)
    mask = mask[:side, :side].astype(np.uint16)
    mask[:, : rng.integers(0, side // 8)] = NO_DATA
    return mask
