"""A small class raster with what a test needs of it."""

import numpy as np
import rasterio
from affine import Affine


def write_classes(
    path, codes, *, epsg=32649, pixel=10.0, left=370_000.0, top=2_380_000.0, **profile
):
    """Write codes (rows, columns) as a tiled GeoTIFF; returns the path."""
    codes = np.asarray(codes)
    settings = {
        "driver": "GTiff",
        "count": 1,
        "height": codes.shape[0],
        "width": codes.shape[1],
        "dtype": codes.dtype,
        "crs": f"EPSG:{epsg}",
        "transform": Affine(pixel, 0.0, left, 0.0, -pixel, top),
        "tiled": True,
        "blockxsize": 16,
        "blockysize": 16,
    }
    tags = profile.pop("tags", {})
    with rasterio.open(path, "w", **(settings | profile)) as target:
        target.write(codes, 1)
        target.update_tags(**tags)
    return path
