"""Sentinel-1 over the Johor Strait: linear power to decibels, and the strip without data."""

import numpy as np
import pytest

from bluecarbon.mrv.datasets import open_dataset
from bluecarbon.mrv.reasons import NODATA, VALID
from bluecarbon.mrv.sensors import decibels, radar_findings

pytestmark = pytest.mark.real


@pytest.mark.parametrize("date", ["2024-06-01", "2024-08-24"])
def test_a_radar_scene(real_data, date):
    path = real_data / "sentinel1_johor_singapore" / f"s1_grd_vv_vh_{date}.tif"
    opened, found = open_dataset(path)
    assert found == ()
    assert opened.dataset.band.values.tolist() == ["VV_linear", "VH_linear"]
    power = opened.dataset["values"].values
    assert radar_findings(power, path.name) == ()
    made, reason = decibels(power)
    assert set(np.unique(reason)) <= {NODATA, VALID}
    assert ((power == 0).any(axis=0) == (reason == NODATA)).all()
    # C-band over sea and forest: VV about -20 to 0 dB, VH some 6 dB and more below
    vv, vh = np.nanmedian(made, axis=(1, 2))
    assert -25 < vv < 0
    assert vv - vh > 4


def test_decibels_given_for_power_are_named(real_data):
    path = real_data / "sentinel1_johor_singapore" / "s1_grd_vv_vh_2024-06-01.tif"
    made, _ = decibels(open_dataset(path)[0].dataset["values"].values)
    assert [f.code for f in radar_findings(made, path.name)] == ["radar-decibels"]
