"""Small class maps on disk, and areas of pixels by a way that the code under test does not use."""

import pyproj
import rasterio
import shapely
from affine import Affine
from rasterio.crs import CRS

from bluecarbon.mrv.rasters import Grid

GEOD = pyproj.Geod(ellps="WGS84")
UTM = Grid(CRS.from_epsg(32649), Affine(10, 0, 780_000, 0, -10, 2_380_000), 90, 75)
DEGREES = Grid(CRS.from_epsg(4326), Affine(2e-4, 0, 109.75, 0, -2e-4, 21.55), 90, 75)


def grid(height, width, epsg=32649, left=400_000.0, top=2_400_000.0, pixel=10.0):
    transform = Affine(pixel, 0, left, 0, -pixel, top)
    return Grid(CRS.from_epsg(epsg), transform, height, width)


def write(path, codes, place, *, nodata=None, blocks=16, **profile):
    """Bands of class numbers (rows, columns) or (bands, rows, columns)."""
    bands = codes[None] if codes.ndim == 2 else codes
    settings = {
        "driver": "GTiff", "dtype": bands.dtype, "count": len(bands), "nodata": nodata,
        "height": bands.shape[1], "width": bands.shape[2], "crs": place.crs,
        "transform": place.transform, "tiled": True, "blockxsize": blocks, "blockysize": blocks,
        "compress": "deflate",
    }  # fmt: skip
    with rasterio.open(path, "w", **settings | profile) as target:
        target.write(bands)
    return path


def geodesic_pixel_ha(place, row, column, points=8):
    """One pixel as a geodesic polygon whose edges are followed by points."""
    across, down = place.pixel_size
    left, top = place.transform.c + across * column, place.transform.f - down * row
    ring = shapely.box(left, top - down, left + across, top)
    ring = shapely.segmentize(ring, across / points)
    back = pyproj.Transformer.from_crs(place.crs, 4326, always_xy=True)
    x, y = back.transform(*shapely.get_coordinates(ring).T)
    return abs(GEOD.polygon_area_perimeter(x, y)[0]) / 1e4


def geodesic_rectangle_ha(place, rows, columns, points=200):
    """A rectangle of pixels as one geodesic polygon."""
    across, down = place.pixel_size
    left, right = (place.transform.c + across * c for c in (columns.start, columns.stop))
    top, bottom = (place.transform.f - down * r for r in (rows.start, rows.stop))
    ring = shapely.segmentize(shapely.box(left, bottom, right, top), (right - left) / points)
    back = pyproj.Transformer.from_crs(place.crs, 4326, always_xy=True)
    x, y = back.transform(*shapely.get_coordinates(ring).T)
    return abs(GEOD.polygon_area_perimeter(x, y)[0]) / 1e4


def degrees(place, shape):
    """A polygon in pixels (x right, y down) of a grid, in WGS 84."""
    across, down = place.pixel_size
    back = pyproj.Transformer.from_crs(place.crs, 4326, always_xy=True)
    left, top = place.transform.c, place.transform.f
    placed = shapely.transform(shape, lambda xy: xy * [across, -down] + [left, top])
    return shapely.transform(placed, back.transform, interleaved=False)
