"""Global Mangrove Watch v3.12 at 16 sites, 11 epochs, and the Everglades change map.

Values: 1 mangrove, 2 not mangrove inside the analysis mask, 0 outside it (not assessed).
"""

import numpy as np
import pytest
import rasterio

from bluecarbon.mrv.change_areas import change_areas, flip_flop_ha, noise_findings
from bluecarbon.mrv.persistence import flip_flops, three_date_filter
from bluecarbon.mrv.transitions import DatedMap, transition_areas

pytestmark = pytest.mark.real

YEARS = (1996, 2007, 2008, 2009, 2010, 2015, 2016, 2017, 2018, 2019, 2020)
MANGROVE, OTHER, NOT_ASSESSED = 1, 2, 0
UNKNOWN = frozenset({NOT_ASSESSED})
LEGEND = {NOT_ASSESSED: "outside", MANGROVE: "mangrove", OTHER: "other"}
EARTH_RADIUS_M = 6_371_007.2


@pytest.fixture(scope="module")
def sites(real_data):
    paths = sorted((real_data / "gmw_extent_timeseries").glob("*.tif"))
    assert len(paths) == 16
    return paths


@pytest.fixture(scope="module")
def measured(sites):
    result = {}
    for path in sites:
        maps = [DatedMap(year, path, band) for band, year in enumerate(YEARS, start=1)]
        table, findings = transition_areas(maps, legend=LEGEND)
        assert findings == (), path
        result[path] = table
    return result


def test_counts_are_those_of_the_bands(measured):
    for path, table in measured.items():
        with rasterio.open(path) as dataset:
            stack = dataset.read()
        assert table.pixels.sum() == stack[0].size
        sequences = np.tensordot(3 ** np.arange(11), stack.astype(np.int64), 1)
        assert len(table.codes) == len(np.unique(sequences))
        for place, layer in enumerate(stack):
            counted = np.bincount(table.codes[:, place], weights=table.pixels, minlength=3)
            assert counted.tolist() == np.bincount(layer.ravel(), minlength=3).tolist()


def test_areas_are_those_of_the_latitude(measured):
    """On a sphere of the same area: within the 0.7 % by which the ellipsoid differs from it."""
    for path, table in measured.items():
        with rasterio.open(path) as dataset:
            left, bottom, right, top = dataset.bounds
        north, south = np.sin(np.radians([top, bottom]))
        sphere_ha = EARTH_RADIUS_M**2 * np.radians(right - left) * (north - south) / 1e4
        assert table.area_ha.sum() == pytest.approx(sphere_ha, rel=0.007)


def test_gain_minus_loss_is_the_difference_of_areas(measured):
    """But for what enters or leaves the analysis mask: a few hectares a year at some sites."""
    for table in measured.values():
        frame = change_areas(table, MANGROVE, unknown=UNKNOWN)
        assert frame["unknown_ha"].max() < 0.001 * table.area_ha.sum()
        for row in frame.itertuples():
            start, end = (table.areas_ha(y)[MANGROVE] for y in (row.from_year, row.to_year))
            assert abs(row.net_ha - (end - start)) <= row.unknown_ha + 1e-6


def test_ground_that_changes_back_is_reported(measured):
    back, changed = np.sum(
        [flip_flop_ha(table, MANGROVE, unknown=UNKNOWN) for table in measured.values()], axis=0
    )
    print(f"\n{back:.0f} of {changed:.0f} ha that change, change back by the next map")
    assert back / changed == pytest.approx(0.128, abs=0.001)
    said = [
        finding.code
        for table in measured.values()
        for finding in noise_findings(table, MANGROVE, error_share=0.126, unknown=UNKNOWN)
    ]
    # 87.4 % accurate maps (Bunting et al. 2022): no single year's change stands out
    assert "change-within-noise" in said


def test_how_much_the_filter_of_three_dates_finds(sites):
    """One changing pixel in eight differs for a single date from two neighbours that agree."""
    flipping = changing = 0
    for path in sites:
        with rasterio.open(path) as dataset:
            stack = dataset.read()
        flipping += int(flip_flops(stack, unknown=UNKNOWN).sum())
        changing += int((stack != stack[0]).any(axis=0).sum())
        filtered = three_date_filter(stack, unknown=UNKNOWN)
        assert ((filtered == 0) == (stack == 0)).all()
    print(f"\n{flipping} of {changing} changing pixels flip for one date")
    assert flipping / changing == pytest.approx(0.128, abs=0.001)


def test_everglades_change_adds_up(real_data):
    folder = real_data / "everglades_landsat_soc"
    extent, change = folder / "gmw_v3_1996_2020.tif", folder / "gmw_v3_change_1996_2020.tif"
    maps = [DatedMap(1996, extent, 1), DatedMap(2020, extent, 2)]
    table, findings = transition_areas(maps, strata=change)
    assert findings == ()
    totals = change_areas(table, MANGROVE).set_index("stratum")
    everywhere = totals.loc["(all)"]
    # strata are the numbers of the published change map: 1 gain, 2 loss
    assert totals.loc["1", "gain_ha"] == everywhere["gain_ha"]
    assert totals.loc["2", "loss_ha"] == everywhere["loss_ha"]
    assert totals.loc["1", ["loss_ha", "stable_ha"]].tolist() == [0, 0]
    assert totals.loc["2", ["gain_ha", "stable_ha"]].tolist() == [0, 0]
    start, end = (table.areas_ha(year)[MANGROVE] for year in (1996, 2020))
    assert end == pytest.approx(start + everywhere["gain_ha"] - everywhere["loss_ha"], rel=1e-12)
