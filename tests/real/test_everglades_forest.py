"""Forest taken for mangrove in the Everglades: one image of four bands against GMW and tree cover.

Forest is what Global Mangrove Watch does not have as mangrove and has half or more tree cover
(Global Forest Change). A model learns in one half of the scene and is judged in the other.
Measured (learnt west, learnt east): of 26 858 and 33 470 forest pixels 32 and 64 % are taken for
mangrove, of other ground 7 and 9 %; with terrain and PALSAR-2 besides 24 and 64 %, 3 and 12 %.
The image covers mapped mangrove and what is beside it only, and labels of 25 m are least sure
there: this is the hardest ground there is, and no number for a coast.
"""

import numpy as np
import pytest
import rasterio
from rasterio.enums import Resampling
from rasterio.warp import reproject

from bluecarbon.mrv import mapping
from bluecarbon.mrv.covariates import read_covariate
from bluecarbon.mrv.rasters import read_grid
from bluecarbon.project import Covariate, Mapping

pytestmark = pytest.mark.real

TOA_FACTORS = np.array((508, 254, 363, 423), np.float32)[:, None, None]
"""GFC composites: byte = reflectance x factor + 1 for red, NIR, SWIR1, SWIR2; 255 is no data."""

PER_CLASS = 2000
MANGROVE, OTHER = 1, 6


class Scene:
    """Features by name, labels and tree cover of the pixels that the image has."""

    def __init__(self, folder):
        self.folder = folder
        image = folder / "landsat_gfc_2014_toa_byte.tif"
        self.grid, _ = read_grid(image, image.name, what="scene")
        with rasterio.open(image) as source:
            numbers = source.read()
        seen = ((numbers > 0) & (numbers < 255)).all(axis=0)
        self.rows, self.columns = np.nonzero(seen)
        red, nir, swir1, swir2 = (numbers.astype(np.float32) - 1) / TOA_FACTORS
        light = [red, nir, swir1, swir2, (nir - red) / (nir + red), (nir - swir1) / (nir + swir1)]
        self.light = [self.at(layer) for layer in light]
        # GMW has 0 both for "no mangrove" and as its nodata tag: here it is a class
        labels = self.warped("gmw_v3_1996_2020.tif", Resampling.mode, None)
        self.codes = np.where(self.at(labels) == 1, MANGROVE, OTHER).astype(np.uint8)
        self.trees = self.at(self.warped("treecover_2000_2010.tif", Resampling.average, 255))

    def at(self, layer):
        return layer[self.rows, self.columns]

    def warped(self, name, rule, nodata):
        made = np.full((self.grid.height, self.grid.width), np.nan, np.float32)
        with rasterio.open(self.folder / name) as source:
            reproject(
                source.read(2).astype(np.float32), made, src_transform=source.transform,
                src_crs=source.crs, src_nodata=nodata, dst_transform=self.grid.transform,
                dst_crs=self.grid.crs, dst_nodata=None if nodata is None else np.nan,
                resampling=rule,
            )  # fmt: skip
        return made

    def covariate(self, name, **declared):
        made = Covariate(name="layer", path=name, **declared)
        return self.at(read_covariate(self.folder / name, made, self.grid)[0])

    def taken(self, *more):
        """Shares taken for mangrove, of forest and of other ground, in each half of the scene."""
        features = np.nan_to_num(np.stack([*self.light, *more], axis=-1).astype(np.float32))
        west = self.columns < np.median(self.columns)
        forest, bare = self.trees >= 50, self.trees < 30
        shares = []
        for learnt in (west, ~west):
            rng = np.random.default_rng(0)
            drawn = [
                rng.permutation(np.flatnonzero(learnt & (self.codes == code)))[:PER_CLASS]
                for code in (MANGROVE, OTHER)
            ]
            chosen = np.sort(np.concatenate(drawn))
            model = mapping.fit(features[chosen], self.codes[chosen], Mapping(trees=60, seed=1))
            judged = ~learnt & (self.codes == OTHER)
            mangrove = model.predict(features[judged]) == MANGROVE
            shares.append([mangrove[kind[judged]].mean() for kind in (forest, bare)])
        return np.array(shares)


def test_forest_beside_mangrove_is_taken_for_it(real_data):
    scene = Scene(real_data / "everglades_landsat_soc")
    of_forest, of_other = scene.taken().T
    assert (of_forest < 0.66).all()
    assert (of_other < 0.10).all()
    assert (of_forest > 3 * of_other).all()
    elevation = scene.covariate("dem_srtm.tif", kind="elevation")
    radar = [scene.covariate("palsar2_2017_hh_hv.tif", band=band) for band in (1, 2)]
    with_radar = scene.taken(elevation, *radar)[:, 0]
    # less on one side, hardly on the other
    assert (with_radar < of_forest + 0.01).all()
    assert with_radar.mean() < of_forest.mean() - 0.02
