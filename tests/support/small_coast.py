"""A coast of 40 x 40 pixels, written to a folder, for tests that bend one file of it.

West mangrove, east water, in the north a strip of upland forest, in the south tidal flat. From
2015 to 2020 the mangrove front moves east by four columns.
"""

import json
import math

import numpy as np
import pyproj
import rasterio
import shapely
from affine import Affine
from rasterio.crs import CRS

from bluecarbon.mrv.rasters import Grid
from bluecarbon.project import Project

EPSG = 32649
SIZE, PIXEL_M = 40, 10.0
LEFT_M, TOP_M = 370_000.0, 2_380_000.0
EPOCHS = (2015, 2020)
FRONT = {2015: 16, 2020: 20}
BANDS = ["blue", "green", "red", "nir", "swir1", "swir2", "scl"]
SPECTRA = {
    1: (0.03, 0.05, 0.04, 0.32, 0.13, 0.06),
    2: (0.06, 0.05, 0.03, 0.02, 0.01, 0.01),
    3: (0.10, 0.12, 0.13, 0.15, 0.14, 0.11),
    5: (0.03, 0.05, 0.04, 0.36, 0.24, 0.12),
}
NAMES = {1: "mangrove", 2: "water", 3: "tidal_flat", 5: "upland_forest"}
VEGETATION, CLOUD = 4, 9

_TO_DEGREES = pyproj.Transformer.from_crs(EPSG, 4326, always_xy=True)


def grid(size=SIZE, left=LEFT_M, epsg=EPSG, pixel=PIXEL_M):
    transform = Affine(pixel, 0.0, left, 0.0, -pixel, TOP_M)
    return Grid(CRS.from_epsg(epsg), transform, size, size)


def truth(epoch):
    codes = np.full((SIZE, SIZE), 2, dtype=np.uint8)
    codes[:, : FRONT[epoch]] = 1
    codes[:6] = 5
    codes[-6:] = 3
    return codes


def scene_numbers(epoch, seed):
    """Seven bands of whole numbers, reflectance x 10 000, with a little noise."""
    rng = np.random.default_rng(seed)
    codes = truth(epoch)
    numbers = np.zeros((len(BANDS), SIZE, SIZE), dtype=np.uint16)
    for code, spectrum in SPECTRA.items():
        for band, value in enumerate(spectrum):
            numbers[band][codes == code] = round(value * 10_000)
    numbers[:6] += rng.integers(0, 80, numbers[:6].shape).astype(np.uint16)
    numbers[6] = VEGETATION
    return numbers


def write_raster(path, values, place=None, **profile):
    place = place or grid()
    settings = {
        "driver": "GTiff",
        "count": len(values),
        "height": values.shape[1],
        "width": values.shape[2],
        "dtype": values.dtype,
        "crs": place.crs,
        "transform": place.transform,
        "compress": "deflate",
    }
    with rasterio.open(path, "w", **(settings | profile)) as target:
        target.write(values)


def degrees(columns, rows):
    """Pixel columns and rows (fractional) as longitude and latitude."""
    x = LEFT_M + PIXEL_M * np.asarray(columns, dtype=float)
    y = TOP_M - PIXEL_M * np.asarray(rows, dtype=float)
    return _TO_DEGREES.transform(x, y)


def polygon(*corners):
    """A polygon in degrees from (column, row) corners."""
    return shapely.Polygon([degrees(column, row) for column, row in corners])


def block(first_column, first_row, last_column, last_row):
    return polygon(
        (first_column, first_row), (last_column, first_row),
        (last_column, last_row), (first_column, last_row),
    )  # fmt: skip


def write_layer(path, *features):
    """GeoJSON of (properties, geometry in degrees) pairs."""
    collection = {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "properties": p, "geometry": shapely.geometry.mapping(g)}
            for p, g in features
        ],
    }
    path.write_text(json.dumps(collection), encoding="utf-8")


def write_points(path, columns, rows, *, wrong=lambda code: code):
    """Labelled points of both epochs at the pixels' places; labels are the truth unless bent."""
    lines = ["point_id,lon,lat,epoch,label"]
    for epoch in EPOCHS:
        codes = truth(epoch)
        for column, row in zip(columns, rows, strict=True):
            lon, lat = degrees(column, row)
            code = wrong(int(codes[math.floor(row), math.floor(column)]))
            lines.append(f"P{len(lines)},{lon:.7f},{lat:.7f},{epoch},{NAMES[code]}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def lattice(step, offset):
    """Columns and rows of a regular lattice of pixel centres."""
    ticks = np.arange(offset, SIZE - 1, step) + 0.5
    columns, rows = np.meshgrid(ticks, ticks)
    return columns.ravel().tolist(), rows.ravel().tolist()


def write_coast(folder):
    """All files of a sound project; returns the table of its project file."""
    scenes = [(2015, "2015-10-01"), (2015, "2015-11-01"), (2020, "2020-10-01")]
    for number, (epoch, date) in enumerate(scenes):
        numbers = scene_numbers(epoch, number)
        if number == 0:
            numbers[6, 8:12, 8:12] = CLOUD
        write_raster(folder / f"{date}.tif", numbers)
    write_layer(folder / "boundary.geojson", ({}, block(1, 1, 39, 39)))
    write_layer(
        folder / "strata.geojson",
        ({"stratum": "W", "kind": "established"}, block(1, 1, 20, 39)),
        ({"stratum": "E", "kind": "planted", "planted_year": 2016}, block(20, 1, 39, 39)),
    )
    write_points(folder / "training.csv", *lattice(4, 2))
    write_points(folder / "reference.csv", *lattice(4, 4))
    return {
        "project": {"id": "SMALL", "name": "Small coast"},
        "period": {
            "start": "2015-01-01", "end": "2021-01-01", "start_epoch": 2015, "end_epoch": 2020,
        },
        "boundary": {"path": "boundary.geojson"},
        "strata": {"path": "strata.geojson"},
        "imagery": {
            "bands": BANDS,
            "scale": 0.0001,
            "mask_band": "scl",
            "scene": [{"path": f"{date}.tif", "date": date} for _, date in scenes],
        },
        "training": {"points": "training.csv"},
        "mapping": {"trees": 15, "seed": 7},
        "reference": {"points": "reference.csv", "confidence": 0.9},
    }  # fmt: skip


def project(folder, table):
    return Project.from_table(table, folder)


def codes_of(findings):
    return {finding.code for finding in findings}
