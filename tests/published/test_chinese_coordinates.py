"""GCJ-02 and BD-09 against check values of open implementations.

There is no document of the transformation. The values are those that the tests of eviltransform
and its ports hold (Shanghai, Shenzhen, Beijing; Denver outside), and the examples of the R package
geoChina (Beijing railway station in all three systems, printed with five decimals).
"""

import numpy as np
import pytest

from bluecarbon.mrv.chinese_coordinates import (
    bd09_to_wgs84,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    wgs84_to_bd09,
    wgs84_to_gcj02,
)

# longitude and latitude in WGS 84, then in GCJ-02
CITIES = [
    (121.5272106, 31.1774276, 121.531541859215, 31.17530398364597),
    (113.912316, 22.543847, 113.9171764808363, 22.540796131694766),
    (116.377817, 39.911954, 116.38404722455657, 39.91334545536069),
]


@pytest.mark.parametrize("city", CITIES)
def test_the_formula_to_double_precision(city):
    assert wgs84_to_gcj02(*city[:2]) == pytest.approx(city[2:], rel=1e-14)
    assert gcj02_to_wgs84(*city[2:]) == pytest.approx(city[:2], rel=1e-13)


def test_beijing_railway_station():
    # five decimals are printed: half a digit more for the rounding of both
    assert wgs84_to_gcj02(116.42079, 39.90105) == pytest.approx((116.42703, 39.90245), abs=1.01e-5)


def test_denver_is_not_shifted():
    assert wgs84_to_gcj02(-104.9903, 39.7392) == (-104.9903, 39.7392)
    assert gcj02_to_wgs84(-104.9903, 39.7392) == (-104.9903, 39.7392)
    assert wgs84_to_bd09(-104.9903, 39.7392) == (-104.9903, 39.7392)


def test_baidu_at_beijing_railway_station():
    # five decimals of both; a formula with a wave of pi instead of 3000 pi / 180, as eviltransform
    # has it, is 3 m off here (and 40 m elsewhere)
    assert gcj02_to_bd09(116.42703, 39.90245) == pytest.approx((116.43351, 39.90851), abs=1.01e-5)
    assert bd09_to_wgs84(116.43351, 39.90851) == pytest.approx((116.42079, 39.90105), abs=1.6e-5)


def test_arrays_keep_their_shape():
    lon, lat = np.full((2, 3), 110.0), np.full((2, 3), 21.5)
    assert wgs84_to_gcj02(lon, lat).lon.shape == (2, 3)
