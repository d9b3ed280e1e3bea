"""Intertidal NDWI near Port McArthur: a NetCDF series whose coordinate system is only a code."""

import numpy as np
import pytest

from bluecarbon.mrv.datasets import open_dataset

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def series(real_data):
    path = real_data / "intertidal_ndwi_lidar_australia" / "ndwi_timeseries_2019_2021.nc"
    opened, found = open_dataset(path)
    assert found == ()
    return opened


def test_the_series_has_its_place_and_times(series):
    assert series.grid.crs.to_epsg() == 3577
    assert series.grid.pixel_size == (10.0, 10.0)
    assert dict(series.dataset["ndwi"].sizes) == {"time": 317, "y": 52, "x": 42}
    assert series.dataset["time"].to_index().is_monotonic_increasing


def test_wet_frequency_is_as_described(series):
    # README of the data: 0 to 0.8 per pixel
    ndwi = series.dataset["ndwi"].values
    seen = np.isfinite(ndwi)
    wet = np.where(seen, ndwi > 0, 0).sum(axis=0) / seen.sum(axis=0)
    assert 0 <= wet.min() < 0.05
    assert 0.7 < wet.max() < 0.85


def test_the_lidar_does_not_overlap(real_data, series):
    lidar, found = open_dataset(
        real_data / "intertidal_ndwi_lidar_australia" / "lidar_10m_tests.tif"
    )
    assert found == ()
    assert not lidar.grid.footprint().intersects(series.grid.footprint())
