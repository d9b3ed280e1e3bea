"""Global Mangrove Watch v3 around Hai Phong: eleven class maps in degrees, areas and change.

The expected hectares are computed here in another way: the ellipsoidal area of each row of pixels
by pyproj.Geod polygons (not the closed form of the library), times counted pixels, with the cut
rows and columns of the box taken by hand.
"""

import itertools
from pathlib import Path

import numpy as np
import pyproj
import pytest
import rasterio

from bluecarbon.mrv.extent import measure_extent
from bluecarbon.project_file import load_project
from bluecarbon.spec import errors_in

pytestmark = pytest.mark.real

EPOCHS = (1996, 2007, 2008, 2009, 2010, 2015, 2016, 2017, 2018, 2019, 2020)
WEST, SOUTH, EAST, NORTH = 106.53, 20.50, 106.71, 20.68
SITE = "gmw_extent_timeseries/gmw_v3_site12_1996_2020.tif"


@pytest.fixture(scope="module")
def measured(real_data):
    extent, findings = measure_extent(
        load_project(Path(__file__).parent / "hai_phong/project.toml")
    )
    assert errors_in(findings) == ()
    return extent


@pytest.fixture(scope="module")
def independent(real_data):
    """(maps, hectares of each pixel inside the box), by rows of geodesic polygons."""
    with rasterio.open(real_data / SITE) as stack:
        maps, transform = stack.read(), stack.transform
        height, width = stack.height, stack.width
    south_edges = transform.f + transform.e * np.arange(1, height + 1)
    north_edges = transform.f + transform.e * np.arange(height)
    west_edges = transform.c + transform.a * np.arange(width)
    across = np.clip(
        np.minimum(west_edges + transform.a, EAST) - np.maximum(west_edges, WEST), 0, None
    )
    low, high = np.maximum(south_edges, SOUTH), np.minimum(north_edges, NORTH)
    geod = pyproj.Geod(ellps="WGS84")
    rows_ha = np.zeros(height)
    for row in np.flatnonzero(high > low):
        # one degree wide, its parallels followed by 4000 points, to keep rounding small
        longitude = np.linspace(106, 107, 4001)
        ring = np.concatenate([longitude, longitude[::-1]])
        latitude = np.concatenate([np.full(4001, low[row]), np.full(4001, high[row])])
        rows_ha[row] = abs(geod.polygon_area_perimeter(ring, latitude)[0]) / 1e4
    return maps, rows_ha[:, None] * across[None, :]


def test_every_year_has_its_own_map(measured, independent):
    maps, _ = independent
    assert measured.epochs == EPOCHS
    for band, epoch in enumerate(EPOCHS):
        inside = measured.maps[epoch] == 1
        counted = np.count_nonzero(maps[band] == 1)
        assert inside.sum() <= counted
        assert inside.sum() > 0.8 * counted


@pytest.mark.parametrize("epoch", EPOCHS)
def test_areas_agree_with_rows_of_geodesic_polygons(measured, independent, epoch):
    maps, pixel_ha = independent
    areas = measured.areas.set_index(["stratum", "epoch", "class"])["area_ha"]
    codes = maps[EPOCHS.index(epoch)]
    for number, name in ((0, "outside"), (1, "mangrove"), (2, "other")):
        # 1e-6: rounding of 4 000-sided polygons, and 32-bit fractions of cut pixels
        assert areas["", epoch, name] == pytest.approx(pixel_ha[codes == number].sum(), rel=1e-6)


def test_change_of_every_period(measured, independent):
    maps, pixel_ha = independent
    change = measured.change_estimates.set_index(["stratum", "from_epoch", "to_epoch", "kind"])
    pairs = [*itertools.pairwise(EPOCHS), (1996, 2020)]
    assert len(change) == 2 * 3 * len(pairs)
    for start, end in pairs:
        before, after = maps[EPOCHS.index(start)], maps[EPOCHS.index(end)]
        gain = pixel_ha[(before == 2) & (after == 1)].sum()
        loss = pixel_ha[(before == 1) & (after == 2)].sum()
        assert change.loc[("", start, end, "gain"), "area_ha"] == pytest.approx(gain, rel=1e-6)
        assert change.loc[("", start, end, "loss"), "area_ha"] == pytest.approx(loss, rel=1e-6)
        assert change.loc[("", start, end, "net"), "area_ha"] == pytest.approx(
            gain - loss, abs=1e-2
        )


def test_pixels_counted_as_squares_would_be_wrong(measured):
    # 0.000222 degrees taken as 24.7 m everywhere: what a pixel count with a nominal size gives
    counted_ha = (measured.maps[2020] == 1).sum() * (0.000222222222222 * 111_320) ** 2 / 1e4
    areas = measured.areas.set_index(["stratum", "epoch", "class"])["area_ha"]
    assert counted_ha / areas["", 2020, "mangrove"] > 1.06


def test_no_interval_is_claimed_without_a_sample(measured):
    assert measured.estimates["standard_error_ha"].isna().all()
    assert measured.accuracy.empty
