"""Rasters for benchmarks and tests, drawn from a seed: a coast of class maps, a Sentinel-2 tile.

The coast is a fractal elevation cut into classes; between dates ponds are cleared out of the
mangrove, some are restored, mudflat accretes and is colonised, and 0.7 % of the pixels of each
date are wrong at random, as a classifier's are. The borders of classes are as ragged as those of
real maps: a class map of 100 million pixels takes 3.6 MB (28 : 1) and its class changes after
every 30th pixel. In a mosaic of the 16 sites of Global Mangrove Watch v3.12 (25 m, 1996 to 2020),
which are 15 to 74 : 1 each, it is 28 : 1 and 29 pixels. Files are drawn in strips, so that a map
of any size costs little memory, and are kept: a second call finds them.

    python tests/bench/raster_data.py build/bench        draws all of them
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine

SEED = 20260701
YEARS = (2010, 2015, 2018, 2020)
TILE = 512
PIXEL_M = 10.0
CRS = "EPSG:32649"
LEFT, TOP = 400_000.0, 2_400_000.0

MANGROVE, WATER, TIDAL_FLAT, POND, UPLAND, OTHER, YOUNG_MANGROVE = range(1, 8)
NODATA = 0
CLASSES = (MANGROVE, WATER, TIDAL_FLAT, POND, UPLAND, OTHER, YOUNG_MANGROVE)
NOISE_SHARE = 0.007

COARSE_PX = 8
"""Relief is drawn on a lattice this coarse and interpolated: finer detail comes from noise."""

DETAIL_PX = 2_048
DETAIL = 0.03
"""How far relief departs from the lattice within a period of so many pixels, and cover five times
as far: the edges of the classes of a map are not smooth."""

POND_SIDE_PX = (12, 70)
MPX_PER_POND = 0.05
BANDS = ("green", "red", "nir", "swir1")
REFLECTANCE_NOISE = 105.0
"""Of the digital numbers; with it a tile compresses as real ones do, 1.5 : 1."""


@dataclass(frozen=True)
class Coast:
    """What does not change: relief and cover on a coarse lattice, and the ponds with their years.

    ``ponds`` has rows (row, column, height, width, year cleared, year restored or 9999).
    """

    side: int
    elevation: np.ndarray
    cover: np.ndarray
    ponds: np.ndarray

    def strip(self, year: int, row: int, rows: int, detail: np.ndarray | None = None) -> np.ndarray:
        """Codes of some rows in one year, (rows, side) uint8; ``detail`` makes borders ragged."""
        height = _fine(self.elevation, row, rows, self.side)
        cover = _fine(self.cover, row, rows, self.side)
        if detail is not None:
            down, across = np.arange(row, row + rows) % DETAIL_PX, np.arange(self.side) % DETAIL_PX
            height += detail[down[:, None], across]
            cover += 5 * detail[down[:, None], across]
        codes = _zones(height, cover, _accreted(self.side, row, rows, year))
        self._dig(codes, year, row)
        _salt(codes, np.random.default_rng([SEED, year, row]))
        # The sensor's edge runs aslant, as a swath does.
        first = (np.arange(row, row + rows) * 0.12).astype(int) // 4
        codes[np.arange(self.side) < first[:, None]] = NODATA
        return codes

    def _dig(self, codes: np.ndarray, year: int, row: int) -> None:
        for top, left, height, width, cleared, restored in self.ponds:
            if cleared > year or top >= row + len(codes) or top + height <= row:
                continue
            part = codes[max(top - row, 0) : top + height - row, left : left + width]
            part[part == MANGROVE] = YOUNG_MANGROVE if restored <= year else POND


def _fractal(rng: np.random.Generator, nodes: int, slope: float) -> np.ndarray:
    """A periodic fractal surface of unit spread: white noise with a power spectrum f^-slope."""
    frequency = np.hypot(np.fft.fftfreq(nodes)[:, None], np.fft.rfftfreq(nodes)[None, :])
    frequency[0, 0] = np.inf
    spectrum = np.fft.rfft2(rng.standard_normal((nodes, nodes))) * frequency ** (-slope / 2)
    surface = np.fft.irfft2(spectrum, s=(nodes, nodes))
    return (surface / surface.std()).astype(np.float32)


def _fine(coarse: np.ndarray, row: int, rows: int, side: int) -> np.ndarray:
    """Some rows of a coarse surface at full detail, bilinear; (rows, side) float32."""
    down, across = np.arange(row, row + rows) / COARSE_PX, np.arange(side) / COARSE_PX
    i, j = down.astype(int), across.astype(int)
    v, u = (down - i).astype(np.float32)[:, None], (across - j).astype(np.float32)
    bands = coarse[i] * (1 - v) + coarse[i + 1] * v
    return bands[:, j] * (1 - u) + bands[:, j + 1] * u


def _zones(height: np.ndarray, cover: np.ndarray, mangrove_from: np.ndarray) -> np.ndarray:
    """Classes from relief: sea, flat, mangrove, and a hinterland of forest, fields and ponds."""
    codes = np.full(height.shape, WATER, np.uint8)
    codes[height > 0.0] = TIDAL_FLAT
    codes[height > mangrove_from] = MANGROVE
    inland = height > 0.45
    codes[inland] = np.where(cover[inland] > 0.3, UPLAND, OTHER)
    codes[inland & (cover < -1.3)] = POND
    return codes


def _accreted(side: int, row: int, rows: int, year: int) -> np.ndarray:
    """Where mangrove begins in each row, (rows, 1): in the middle of the coast it moves seaward."""
    place = np.arange(row, row + rows) / side
    moved = np.where((place > 0.35) & (place < 0.65), 0.005 * (year - YEARS[0]), 0.0)
    return (0.15 - moved).astype(np.float32)[:, None]


def _salt(codes: np.ndarray, rng: np.random.Generator) -> None:
    number = rng.binomial(codes.size, NOISE_SHARE)
    codes.ravel()[rng.integers(0, codes.size, number)] = rng.integers(1, 8, number, dtype=np.uint8)


def coast(side: int) -> Coast:
    """The coast of a map of ``side`` x ``side`` pixels."""
    rng = np.random.default_rng([SEED, side])
    nodes = side // COARSE_PX + 2
    across = np.linspace(-2.0, 2.0, nodes, dtype=np.float32)
    elevation = across + 0.8 * _fractal(rng, nodes, 3.4)
    cover = _fractal(rng, nodes, 3.4)
    return Coast(side, elevation, cover, _ponds(rng, side, elevation))


def _ponds(rng: np.random.Generator, side: int, elevation: np.ndarray) -> np.ndarray:
    inside = (elevation > 0.15) & (elevation < 0.45)
    inside[:, -1] = inside[-1, :] = False
    places = np.argwhere(inside) * COARSE_PX
    number = min(len(places), max(6, int(side * side / 1e6 / MPX_PER_POND)))
    corners = places[rng.choice(len(places), number, replace=False)]
    longest = min(POND_SIDE_PX[1], max(POND_SIDE_PX[0] + 1, side // 8))
    sizes = rng.integers(POND_SIDE_PX[0], longest, (number, 2))
    cleared = rng.choice(np.array([2015, 2018, 2020]), number, p=[0.4, 0.4, 0.2])
    again = (rng.random(number) < 0.3) & (cleared < 2020)
    restored = np.where(again, 2020, 9999)
    return np.column_stack([corners, sizes, cleared, restored])


def class_maps(folder: Path, side: int = 10_000) -> dict[int, Path]:
    """Class maps of four years: uint8, seven classes and nodata 0, EPSG:32649, 10 m, DEFLATE."""
    paths = {year: folder / f"coast_{side}_{year}.tif" for year in YEARS}
    profile = {"dtype": "uint8", "count": 1, "nodata": NODATA, "compress": "deflate"}
    if all(path.exists() for path in paths.values()):
        return paths
    drawn = coast(side)
    detail = DETAIL * _fractal(np.random.default_rng([SEED, 3]), DETAIL_PX, 2.0)
    for year, path in paths.items():

        def strip(row: int, rows: int, year: int = year) -> np.ndarray:
            return drawn.strip(year, row, rows, detail)[None]

        _written(path, side, profile, strip)
    return paths


def strata_map(folder: Path, side: int = 10_000, strata: int = 5) -> Path:
    """Strata 1..n on the grid of the class maps, smooth as drawn ones are, 0 outside of all."""
    path = folder / f"strata_{side}_{strata}.tif"
    if path.exists():
        return path
    surface = _fractal(np.random.default_rng([SEED, side, 7]), side // COARSE_PX + 2, 5.0)
    edges = np.quantile(surface, np.linspace(0.1, 0.9, strata + 1))

    def strip(row: int, rows: int) -> np.ndarray:
        number = np.searchsorted(edges, _fine(surface, row, rows, side)).astype(np.uint8)
        number[number > strata] = 0
        return number[None]

    profile = {"dtype": "uint8", "count": 1, "nodata": 0, "compress": "deflate"}
    _written(path, side, profile, strip)
    return path


def sentinel2_tile(folder: Path, side: int = 10_980, compress: str = "zstd") -> Path:
    """Green, red, near and short-wave infrared as digital numbers (uint16), nodata 0.

    Predictor 2 and ``compress`` "zstd" or "deflate"; bands one after another, as in their files.
    """
    path = folder / f"sentinel2_{side}_{compress}.tif"
    if path.exists():
        return path
    drawn, texture = coast(side), _fractal(np.random.default_rng([SEED, side, 9]), 2048, 2.2)
    level = {"zstd_level": 1} if compress == "zstd" else {"zlevel": 1}
    profile = {"dtype": "uint16", "count": 4, "nodata": 0, "compress": compress, "predictor": 2}

    def strip(row: int, rows: int) -> np.ndarray:
        codes = drawn.strip(YEARS[0], row, rows)
        light = _REFLECTANCE[:, codes]
        rng = np.random.default_rng([SEED, row, 11])
        light += REFLECTANCE_NOISE * rng.standard_normal(light.shape, dtype=np.float32)
        light += 80 * texture[np.arange(row, row + rows)[:, None] % 2048, np.arange(side) % 2048]
        numbers = np.clip(light, 1, 10_000).astype(np.uint16)
        numbers[:, codes == NODATA] = 0
        return numbers

    _written(path, side, profile | level | {"interleave": "band"}, strip)
    return path


_REFLECTANCE = np.array(
    [  # nodata, mangrove, water, tidal flat, pond, upland forest, other, young mangrove
        [0, 620, 700, 1100, 800, 560, 1050, 720],
        [0, 420, 480, 1150, 650, 400, 1150, 560],
        [0, 3000, 260, 1300, 420, 3300, 2300, 2300],
        [0, 1150, 120, 700, 180, 1650, 2400, 1200],
    ],
    np.float32,
)


def _strips(side: int) -> Iterator[tuple[int, int]]:
    for row in range(0, side, TILE):
        yield row, min(TILE, side - row)


def _written(
    path: Path, side: int, profile: dict[str, object], strip: Callable[[int, int], np.ndarray]
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Two benchmarks may draw the same file at the same time.
    unfinished = path.with_name(f"{path.stem}.{os.getpid()}.part.tif")
    place = {"crs": CRS, "transform": Affine(PIXEL_M, 0, LEFT, 0, -PIXEL_M, TOP)}
    tiles = {"tiled": True, "blockxsize": TILE, "blockysize": TILE}
    settings = {"driver": "GTiff", "height": side, "width": side, **place, **tiles, **profile}
    with rasterio.open(unfinished, "w", **settings, num_threads="2", bigtiff="if_safer") as target:
        for row, rows in _strips(side):
            target.write(strip(row, rows), window=rasterio.windows.Window(0, row, side, rows))
    unfinished.rename(path)


if __name__ == "__main__":
    place = Path(sys.argv[1] if len(sys.argv) > 1 else "build/bench")
    for made in (*class_maps(place).values(), strata_map(place), sentinel2_tile(place)):
        print(f"{made}  {made.stat().st_size / 1e6:.2f} MB")
