"""Everglades, Johor and Port McArthur: mixed grids, radar, and how often a pixel is wet."""

import numpy as np
import pytest
import rasterio
import xarray as xr
from rasterio.enums import Resampling
from rasterio.warp import reproject
from scipy.ndimage import uniform_filter

from bluecarbon.mrv import mapping
from bluecarbon.mrv.covariates import read_covariate
from bluecarbon.mrv.mapping import TrainingSet
from bluecarbon.mrv.rasters import read_grid
from bluecarbon.project import Covariate, Mapping

pytestmark = pytest.mark.real

TOA_FACTORS = (508, 254, 363, 423)
"""GFC composites: byte = reflectance x factor + 1 for red, NIR, SWIR1, SWIR2; 255 is no data."""

LABELS_PER_CLASS = 2000


class Everglades:
    """Landsat reflectance, GMW labels on its grid, and covariates of two more grids."""

    def __init__(self, folder):
        scene = folder / "landsat_gfc_2014_toa_byte.tif"
        self.folder = folder
        self.grid, _ = read_grid(scene, scene.name, what="scene")
        with rasterio.open(scene) as source:
            numbers = source.read()
        self.seen = ((numbers > 0) & (numbers < 255)).all(axis=0)
        factors = np.array(TOA_FACTORS, np.float32)[:, None, None]
        self.bands = (numbers.astype(np.float32) - 1) / factors
        self.rows, self.columns, self.codes = self._labels()

    def _labels(self):
        labels = np.zeros(self.seen.shape, np.float32)
        with rasterio.open(self.folder / "gmw_v3_1996_2020.tif") as source:
            # GMW has 0 both for "no mangrove" and as its nodata tag: here it is a class
            reproject(
                source.read(2), labels, src_transform=source.transform, src_crs=source.crs,
                dst_transform=self.grid.transform, dst_crs=self.grid.crs,
                resampling=Resampling.mode,
            )  # fmt: skip
        rows, columns = np.nonzero(self.seen)
        codes = np.where(labels[rows, columns] == 1, 1, 6).astype(np.uint8)
        rng = np.random.default_rng(0)
        drawn = [rng.permutation(np.flatnonzero(codes == c))[:LABELS_PER_CLASS] for c in (1, 6)]
        chosen = np.sort(np.concatenate(drawn))
        return rows[chosen], columns[chosen], codes[chosen]

    def covariate(self, name, **declared):
        made = Covariate(name="layer", path=name, **declared)
        layer, found = read_covariate(self.folder / name, made, self.grid)
        assert {f.code for f in found} == {"covariate-gaps"}
        return layer

    def judged(self, *layers, method="random-forest"):
        red, nir, swir1, swir2 = self.bands
        stack = [red, nir, swir1, swir2, (nir - red) / (nir + red), (nir - swir1) / (nir + swir1)]
        features = [layer[self.rows, self.columns] for layer in (*stack, *layers)]
        training = TrainingSet(
            np.stack(features, axis=-1).astype(np.float32), self.codes, self.rows, self.columns
        )
        return mapping.cross_validate(training, Mapping(trees=60, seed=1, method=method))


@pytest.fixture(scope="module")
def everglades(real_data):
    return Everglades(real_data / "everglades_landsat_soc")


def test_everglades_radar_tells_what_reflectance_cannot(everglades):
    # Only pixels in and beside mapped mangrove have values: the hard ones. Half of the labels are
    # mangrove. Measured: 65.8 % of labels met by Landsat alone, 68.3 % with terrain, 74.8 % with
    # PALSAR-2 besides; whole blocks of 164 x 259 pixels (about 4.5 km x 6.5 km) left out in turn.
    plain = everglades.judged()
    elevation = everglades.covariate("dem_srtm.tif", kind="elevation")
    terrain = everglades.judged(elevation)
    radar = [everglades.covariate("palsar2_2017_hh_hv.tif", band=band) for band in (1, 2)]
    best = everglades.judged(elevation, *radar)
    assert plain.block_pixels == (164, 259)
    assert plain.labels == 2 * LABELS_PER_CLASS
    assert 0.62 < plain.overall < terrain.overall < best.overall
    assert best.overall > 0.73
    assert {item.code: item.labels for item in best.classes} == {1: 2000, 6: 2000}
    assert all(item.users > 0.70 and item.producers > 0.67 for item in best.classes)


def test_everglades_boosting_is_as_good_as_a_forest(everglades):
    radar = [everglades.covariate("palsar2_2017_hh_hv.tif", band=band) for band in (1, 2)]
    forest = everglades.judged(*radar)
    boosting = everglades.judged(*radar, method="gradient-boosting")
    # measured 0.739 and 0.751; 4000 labels in blocks leave about 1 % of doubt
    assert boosting.overall == pytest.approx(forest.overall, abs=0.02)


def threshold_by_otsu(values):
    """The value that divides two clouds best (Otsu 1979): largest variance between them."""
    counts, edges = np.histogram(values, 128)
    middle, weight = (edges[1:] + edges[:-1]) / 2, np.cumsum(counts)
    total = np.cumsum(counts * middle)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (total[-1] * weight / weight[-1] - total) ** 2 / (weight * (weight[-1] - weight))
    return edges[1 + int(np.nanargmax(between[:-1]))]


def test_johor_radar_divides_water_from_wood(real_data):
    # No labels come with these scenes. Land is taken from VV of June, and must be met by VH of
    # August: other polarisation, other speckle, other tide.
    layers = {}
    for date, band in (("2024-06-01", 1), ("2024-08-24", 2)):
        path = real_data / f"sentinel1_johor_singapore/s1_grd_vv_vh_{date}.tif"
        grid, _ = read_grid(path, path.name, what="scene")
        declared = Covariate(name="radar", path=path.name, kind="radar-power", band=band)
        decibels, _ = read_covariate(path, declared, grid)
        layers[band] = uniform_filter(np.nan_to_num(decibels, nan=-35.0), 7)
    land = layers[1] > threshold_by_otsu(layers[1])
    wood, water = layers[2][land], layers[2][~land]
    by_vh = layers[2] > threshold_by_otsu(layers[2])
    # measured: 96.3 % agree, with medians of -13.9 and -29.8 dB, and a distance of 1.85
    assert (by_vh == land).mean() > 0.95
    assert np.median(wood) - np.median(water) > 14
    # the distance of Jeffries and Matusita (2 = always apart) for normal clouds
    gap, spread = wood.mean() - water.mean(), (wood.var() + water.var()) / 2
    bhattacharyya = gap**2 / 8 / spread + 0.5 * np.log(spread / np.sqrt(wood.var() * water.var()))
    assert 2 * (1 - np.exp(-bhattacharyya)) > 1.8


def test_port_mcarthur_is_wetter_at_high_stage(real_data):
    # No gauge of the constituents lies near, so the stage of a date is taken from half of the
    # pixels (share of them that is wet), and the other half is judged.
    path = real_data / "intertidal_ndwi_lidar_australia/ndwi_timeseries_2019_2021.nc"
    with xr.open_dataset(path) as stack:
        ndwi = stack["ndwi"].to_numpy()
    wet = np.where(np.isnan(ndwi), np.nan, ndwi > 0)
    first = (np.indices(wet.shape[1:]).sum(axis=0) % 2).astype(bool)
    clear = np.isfinite(wet).mean(axis=(1, 2)) > 0.8
    stage = np.nanmean(wet[clear][:, first], axis=1)
    order, judged = np.argsort(stage), wet[clear][:, ~first]
    third = len(order) // 3
    low, high = (np.nanmean(judged[part], axis=0) for part in (order[:third], order[-third:]))
    assert clear.sum() > 200
    always = np.nanmean(judged, axis=0)
    tidal = (always > 0.05) & (always < 0.95)
    # measured: 889 pixels, wet in 16 % of the clear dates at low stage and 99 % at high
    assert tidal.sum() > 800
    assert (high[tidal] >= low[tidal]).mean() > 0.97
    assert np.nanmean(high[tidal]) > np.nanmean(low[tidal]) + 0.7
