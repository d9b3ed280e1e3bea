"""Round trips of GCJ-02 and BD-09, and how large the shifts are."""

import numpy as np
import pyproj
from hypothesis import given
from hypothesis import strategies as st

from bluecarbon.mrv.angles import angle_of, packed_angle
from bluecarbon.mrv.chinese_coordinates import (
    LAT_RANGE,
    LON_RANGE,
    bd09_to_wgs84,
    from_wgs84,
    gcj02_to_wgs84,
    is_in_shifted_rectangle,
    to_wgs84,
    wgs84_to_bd09,
    wgs84_to_gcj02,
)

GEOD = pyproj.Geod(ellps="WGS84")
# at the border of the rectangle a shifted position may lie outside of it
MARGIN = 0.05
LON = st.floats(LON_RANGE[0] + MARGIN, LON_RANGE[1] - MARGIN)
LAT = st.floats(LAT_RANGE[0] + MARGIN, LAT_RANGE[1] - MARGIN)


def apart_m(lon, lat, other):
    return GEOD.inv(lon, lat, other.lon, other.lat)[2]


@given(LON, LAT)
def test_there_and_back(lon, lat):
    assert apart_m(lon, lat, gcj02_to_wgs84(*wgs84_to_gcj02(lon, lat))) < 1e-6
    assert apart_m(lon, lat, bd09_to_wgs84(*wgs84_to_bd09(lon, lat))) < 1e-6
    for system in ("wgs84", "gcj-02", "bd-09"):
        there = from_wgs84(lon, lat, system)
        assert apart_m(lon, lat, to_wgs84(*there, system)) < 0.1


@given(LON, LAT)
def test_how_far_maps_are_shifted(lon, lat):
    assert apart_m(lon, lat, wgs84_to_gcj02(lon, lat)) < 1000
    assert apart_m(lon, lat, wgs84_to_bd09(lon, lat)) < 2000


@given(st.floats(-180, 180), st.floats(-90, 90))
def test_nothing_is_shifted_outside(lon, lat):
    if not is_in_shifted_rectangle(lon, lat):
        assert wgs84_to_gcj02(lon, lat) == (lon, lat)
        assert gcj02_to_wgs84(lon, lat) == (lon, lat)


@given(st.integers(0, 89), st.integers(0, 59), st.integers(0, 5999))
def test_angles_with_marks_and_without(degrees, minutes, hundredths):
    seconds = hundredths / 100.0
    size = degrees + minutes / 60 + seconds / 3600
    for text in (
        f"{degrees}°{minutes}'{seconds:.2f}\"N", f"S {degrees} {minutes} {seconds:.2f}",
        f"北纬{degrees}度{minutes}分{seconds:.2f}秒",
    ):  # fmt: skip
        sign = -1 if text.startswith("S") else 1
        assert np.isclose(angle_of(text, "lat").degrees, sign * size, rtol=0, atol=1e-12)
    whole = round(seconds) % 60
    said, value = packed_angle(degrees * 1e4 + minutes * 100 + whole, "lon") or ("", 0.0)
    if degrees:
        assert said == f"{degrees}°{minutes:02d}'{whole:02d}\""
        assert np.isclose(value, degrees + minutes / 60 + whole / 3600)
