"""The demonstration coast with a terrain model, for maps that use one, and its true confusions."""

import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from scipy.ndimage import binary_dilation, zoom

from bluecarbon.mrv.extent import measure_extent
from bluecarbon.mrv.rasters import Grid
from bluecarbon.project import Project

COAST = Path(__file__).parents[2] / "fixtures/demo_coast"
MANGROVE, WATER, TIDAL_FLAT, POND, UPLAND_FOREST = 1, 2, 3, 4, 5
TERRAIN_PX, TERRAIN_ERROR_M = 3, 1.0
"""A terrain model as coarse and as wrong as the free ones: pixels of 30 m, errors of a metre."""


def write_terrain(path):
    """The coast's own relief, averaged to 30 m, with hills under the forest and errors."""
    sys.path.insert(0, str(COAST))
    try:
        import landscape
    finally:
        sys.path.remove(str(COAST))
    relief = landscape.build_coast().elevation_m
    rows, columns = (size // TERRAIN_PX for size in relief.shape)
    part = relief[: rows * TERRAIN_PX, : columns * TERRAIN_PX]
    coarse = part.reshape(rows, TERRAIN_PX, columns, TERRAIN_PX).mean(axis=(1, 3))
    error = np.random.default_rng(11).normal(0, TERRAIN_ERROR_M, (rows // 4 + 1, columns // 4 + 1))
    coarse = coarse + zoom(error, 4, order=1)[:rows, :columns]
    size = landscape.PIXEL_M * TERRAIN_PX
    place = Affine(size, 0, landscape.LEFT_M, 0, -size, landscape.TOP_M)
    profile = {"count": 1, "dtype": "float32", "crs": f"EPSG:{landscape.EPSG}", "transform": place}
    with rasterio.open(path, "w", driver="GTiff", height=rows, width=columns, **profile) as out:
        out.write(coarse.astype(np.float32), 1)


def measured(**mapping):
    """The coast as its project file declares it, but for some keys of [mapping]."""
    table = tomllib.loads((COAST / "project.toml").read_text(encoding="utf-8"))
    table.pop("registry")
    table["mapping"] |= mapping
    extent, findings = measure_extent(Project.from_table(table, COAST))
    assert extent is not None, findings
    return extent, findings


@dataclass(frozen=True)
class Confusions:
    """Shares of true pixels, of one epoch inside the boundary.

    Attributes
    ----------
    forest_as_mangrove : of the upland forest
    mangrove_as_forest : of the mangrove
    pond_edge : wrong about mangrove, of the pixels on either side of a pond's edge
    fringe : wrong about mangrove, of the two rows on either side of the seaward edge
    """

    forest_as_mangrove: float
    mangrove_as_forest: float
    pond_edge: float
    fringe: float


def confusions(extent, epoch):
    """What the map of an epoch takes for what, against the truth."""
    with rasterio.open(COAST / f"truth_classes_{epoch}.tif") as source:
        whole = Grid(source.crs, source.transform, source.height, source.width)
        rows, columns = whole.slices_of(extent.grid)
        truth = source.read(1)[rows, columns]
    codes = extent.maps[epoch]
    seen = (codes != 0) & (codes != 255)
    mangrove, pond, sea = truth == MANGROVE, truth == POND, np.isin(truth, [WATER, TIDAL_FLAT])
    wrong = (codes == MANGROVE) != mangrove
    edge = (binary_dilation(pond) & ~pond) | (pond & binary_dilation(~pond))
    fringe = (mangrove & binary_dilation(sea, iterations=2)) | (
        sea & binary_dilation(mangrove, iterations=2)
    )

    def share(what, of):
        return float(what[of & seen].mean())

    return Confusions(
        forest_as_mangrove=share(codes == MANGROVE, truth == UPLAND_FOREST),
        mangrove_as_forest=share(codes == UPLAND_FOREST, mangrove),
        pond_edge=share(wrong, edge),
        fringe=share(wrong, fringe),
    )
