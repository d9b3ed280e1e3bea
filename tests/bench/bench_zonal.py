"""Areas of classes in 1,000 overlapping polygons on 100 Mpx, against exactextract.

Run: python bench_zonal.py. Must: exact at most 1.2 x exactextract; by centre at most 1.2 s. Ours
includes reading the file, bringing the polygons from WGS 84 to the grid, and geodesic hectares;
exactextract is given polygons on the grid and counts fractions of pixels.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import raster_data
import shapely
from exactextract import exact_extract

from bluecarbon.mrv.transitions import DatedMap
from bluecarbon.mrv.zonal import zonal_areas

POLYGONS = 1_000
RATIO_MUST, CENTRE_MUST_S = 1.2, 1.2


def polygons(side):
    """Stars of 20 to 120 corners, together some 60 % of the map."""
    rng = np.random.default_rng(raster_data.SEED)
    extent = side * raster_data.PIXEL_M
    shapes = []
    while len(shapes) < POLYGONS:
        corners = int(rng.integers(20, 120))
        angle = np.sort(rng.random(corners)) * 2 * np.pi
        radius = extent * (0.003 + 0.0225 * rng.random()) * (0.7 + 0.3 * rng.random(corners))
        x, y = extent * (0.03 + 0.94 * rng.random(2))
        points = [raster_data.LEFT + x, raster_data.TOP - y] + radius[:, None] * np.column_stack(
            [np.cos(angle), np.sin(angle)]
        )
        shape = shapely.Polygon(points)
        if shape.is_valid:
            shapes.append(shape)
    return shapes


def best_of(runs, job):
    spent = []
    for _ in range(runs):
        wall, cpu = time.perf_counter(), time.process_time()
        result = job()
        spent.append((time.perf_counter() - wall, time.process_time() - cpu))
    return result, *min(spent)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("build/bench"))
    parser.add_argument("--side", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    path = raster_data.class_maps(options.folder, options.side)[2020]
    shapes = polygons(options.side)
    back = pyproj.Transformer.from_crs(raster_data.CRS, 4326, always_xy=True)
    placed = {
        str(number): shapely.transform(shape, back.transform, interleaved=False)
        for number, shape in enumerate(shapes)
    }
    frame = gpd.GeoDataFrame(geometry=shapes, crs=raster_data.CRS)
    dated = DatedMap(2020, path)
    zonal_areas(dated, dict(list(placed.items())[:1]))
    (exact, _), wall, cpu = best_of(options.runs, lambda: zonal_areas(dated, placed))
    (centre, _), quick, quick_cpu = best_of(
        options.runs, lambda: zonal_areas(dated, placed, mode="centre")
    )
    peer_job = lambda: exact_extract(  # noqa: E731
        str(path), frame, ["unique", "frac", "count"], strategy="raster-sequential", output="pandas"
    )
    peer_table, peer, peer_cpu = best_of(1, peer_job)
    classes = exact[exact["class"] != raster_data.NODATA]
    agreement = classes["pixels"].sum() / peer_table["count"].sum() - 1
    print(f"{'what':36}{'must':>8}{'measured':>10}{'CPU':>8}{'ratio':>9}")
    print(f"{'exactextract, unique and frac':36}{'':>8}{peer:>8.2f} s{peer_cpu:>8.2f}")
    print(f"{'exact':36}{RATIO_MUST:>6} x{wall:>8.2f} s{cpu:>8.2f}{wall / peer:>7.2f} x")
    print(f"{'by pixel centre':36}{CENTRE_MUST_S:>6} s{quick:>8.2f} s{quick_cpu:>8.2f}")
    print(f"pixels {exact['pixels'].sum():.1f} exact, {centre['pixels'].sum():.0f} by centre")
    print(f"agreement with exactextract {agreement:.1e}")
    return int(wall > RATIO_MUST * peer or quick > CENTRE_MUST_S or abs(agreement) > 1e-6)


if __name__ == "__main__":
    sys.exit(main())
