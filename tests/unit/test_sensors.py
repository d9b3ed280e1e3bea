"""Quality bits, reason codes and digital numbers, against the published bit tables and by hand."""

import numpy as np
import pytest

from bluecarbon.mrv import quality_bits as bits
from bluecarbon.mrv import reasons
from bluecarbon.mrv.kernels import masks
from bluecarbon.mrv.quality_bits import COLLECTION_1, COLLECTION_2, PRE_COLLECTION
from bluecarbon.mrv.reasons import REASONS
from bluecarbon.mrv.sensors import (
    SENSORS,
    decibels,
    radar_findings,
    reflectance_of,
    sentinel2_shift,
)


def named(legend, number, **options):
    return REASONS[bits.reason_table(legend, **options)[number]]


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        # numbers of the USGS guides' tables of common pixel values
        (1, "nodata"),  # fill
        (21824, "valid"),  # clear with lows set
        (21952, "valid"),  # water with lows set
        (22080, "cloud"),  # mid conf cloud is only that; the cloud bit is set in 22280
        (22280, "cloud"),
        (23888, "shadow"),
        (30048, "snow"),
        (54596, "cloud"),  # high conf cirrus
    ],
)
def test_collection_2(number, reason):
    if number == 22080:
        assert bits.decode(np.uint16(number), COLLECTION_2, "cloud_confidence") == 2
        assert bits.decode(np.uint16(number), COLLECTION_2, "cloud") == 0
        return
    assert named("landsat-c2-qa-pixel", number) == reason


def test_water_is_masked_only_when_asked():
    assert named("landsat-c2-qa-pixel", 21952, leave_out_water=True) == "water"
    assert named("landsat-c2-qa-pixel", 21824, leave_out_water=True) == "valid"
    assert named("sentinel-2-scl", 6) == "valid"
    assert named("sentinel-2-scl", 6, leave_out_water=True) == "water"
    assert named("landsat-pre-collection-bqa", 0b11 << 4, leave_out_water=True) == "water"


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (1, "nodata"),
        (2720, "valid"),  # clear
        (2800, "cloud"),  # high confidence cloud
        (2976, "shadow"),
        (3744, "snow"),
        (6816, "cloud"),  # high confidence cirrus
        (2724, "saturated"),
        (2722, "terrain"),
    ],
)
def test_collection_1(number, reason):
    assert named("landsat-c1-bqa", number) == reason


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (1, "nodata"),
        (2, "nodata"),
        (20480, "valid"),
        (53248, "cloud"),
        (0b10 << 14, "cloud"),
        (28672, "cloud"),  # cirrus
        (0b11 << 10, "snow"),
        (0b11 << 6, "shadow"),
        (4, "terrain"),
    ],
)
def test_before_collections(number, reason):
    assert named("landsat-pre-collection-bqa", number) == reason


def test_the_three_layouts_read_the_same_number_differently():
    found = {layout.name: named(layout.name, 2720) for layout in bits.LAYOUTS.values()}
    assert found["landsat-c1-bqa"] == "valid"
    assert len({tuple(bits.reason_table(name)) for name in bits.LAYOUTS}) == 3


def test_fields_do_not_overlap():
    for layout in (COLLECTION_1, COLLECTION_2, PRE_COLLECTION):
        taken = [b for f in layout.fields.values() for b in range(f.lowest, f.lowest + f.count)]
        assert len(taken) == len(set(taken))
        assert max(taken) <= 15
        assert all(len(f.meanings) == 2**f.count for f in layout.fields.values())


def test_shares_add_up_to_one():
    quality = np.random.default_rng(2).integers(0, 65536, (30, 40)).astype(np.uint16)
    for layout in bits.LAYOUTS.values():
        for of_field in bits.shares(quality, layout).values():
            assert sum(of_field.values()) == pytest.approx(1)


def test_a_table_may_be_changed_without_harm():
    bits.reason_table("sentinel-2-scl")[:] = 7
    assert named("sentinel-2-scl", 8) == "cloud"


# ---------------------------------------------------------------- reasons


def test_codes_never_change_their_meaning():
    assert REASONS[:6] == ("valid", "nodata", "saturated", "shadow", "cloud", "snow")
    assert REASONS[reasons.TIDE_TOO_HIGH] == "tide_too_high"
    assert REASONS[reasons.NOT_FINITE] == "not_finite"
    assert set(reasons.ABOUT) == set(REASONS)


def test_no_pixel_vanishes():
    rng = np.random.default_rng(3)
    reason = rng.integers(0, len(REASONS), (20, 30)).astype(np.uint8)
    assert sum(reasons.pixels_by_reason(reason).values()) == reason.size
    area = rng.random((20, 1))
    found = reasons.hectares_by_reason(reason, area)
    assert sum(found.values()) == pytest.approx(area.sum() * 30)
    both = reasons.combined(reason, np.uint8(reasons.OUTSIDE))
    assert (both[reason > 0] == reason[reason > 0]).all()
    assert (both[reason == 0] == reasons.OUTSIDE).all()


@pytest.mark.parametrize("nodata", [0.0, 7.0, float("nan")])
@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_masks_of_loop_and_twin_agree(nodata, dtype):
    rng = np.random.default_rng(4)
    bands = rng.integers(0, 9, (3, 9000)).astype(dtype)
    if dtype == np.float32:
        bands[:, ::50] = np.nan
    elif np.isnan(nodata):
        nodata = 3.0
    table = bits.reason_table("sentinel-2-scl")
    for mask in (rng.integers(0, 12, 9000).astype(np.uint8), np.empty(0, np.uint8)):
        made = masks.reasons(bands, mask, table, nodata=nodata, empty=1)
        twin = masks.reasons_numpy(bands, mask, table, nodata=nodata, empty=1)
        np.testing.assert_array_equal(made, twin)


# ---------------------------------------------------------------- digital numbers


@pytest.mark.parametrize(
    ("baseline", "shift"),
    [("02.14", 0), ("03.01", 0), ("04.00", -1000), ("05.09", -1000), ("N0511", -1000),
     ("0300", 0), ("harmonised", 0)],
)  # fmt: skip
def test_the_offset_begins_with_baseline_four(baseline, shift):
    assert sentinel2_shift(baseline) == shift


def test_a_baseline_that_is_none():
    with pytest.raises(ValueError, match="four"):
        sentinel2_shift("four")


def test_sentinel2_numbers_are_clipped_in_what_is_returned():
    numbers = np.array([[[0, 500, 1000, 1200, 11000]]], dtype=np.uint16)
    made, reason = reflectance_of(numbers, SENSORS["sentinel2-l2a"], shift=sentinel2_shift("04.00"))
    # 500 is dark water below the offset: 0, and neither negative nor 65 036 (a wrapped uint16)
    np.testing.assert_allclose(made[0, 0, 1:], [0, 0, 0.02, 1.0], rtol=1e-6)
    assert np.isnan(made[0, 0, 0])
    assert [REASONS[code] for code in reason[0]] == ["nodata", *["valid"] * 4]


def test_one_band_without_a_number_empties_the_pixel():
    numbers = np.array([[[0, 300]], [[700, 300]]], dtype=np.uint16)
    made, reason = reflectance_of(numbers, SENSORS["sentinel2-l2a"], shift=0.0)
    assert np.isnan(made[:, 0, 0]).all()
    assert reason.tolist() == [[reasons.NODATA, 0]]


def test_landsat_numbers():
    # USGS: valid range 7273-43636 is reflectance 0 to 1
    numbers = np.array([[7273, 43636, 18639, 5000, 0]], dtype=np.uint16)
    made, _ = reflectance_of(numbers, SENSORS["landsat-c2-l2"])
    expected = [7273 * 2.75e-5 - 0.2, 43636 * 2.75e-5 - 0.2, 18639 * 2.75e-5 - 0.2, 0.0]
    np.testing.assert_allclose(made[0, :4], expected, atol=1e-6)
    assert np.isnan(made[0, 4])


def test_radar_power_in_decibels():
    power = np.array([[[1.0, 0.1, 0.0, -0.1, np.nan]], [[0.01, 1.0, 0.3, 1.0, 1.0]]])
    made, reason = decibels(power)
    np.testing.assert_allclose(made[:, 0, :2], [[0, -10], [-20, 0]], atol=1e-5)
    assert np.isnan(made[:, 0, 2:]).all()
    assert [REASONS[c] for c in reason[0]] == [
        "valid", "valid", "nodata", "not_finite", "not_finite",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("power", "codes"),
    [
        ([0.1, 0.02, 0.5], []),
        ([-12.0, -8.0, -20.0], ["radar-decibels"]),
        ([120.0, 300.0, 80.0], ["radar-digital-numbers"]),
        ([0.0, 0.0], ["radar-empty"]),
    ],
)
def test_what_is_no_power_is_named(power, codes):
    assert [f.code for f in radar_findings(np.array(power), "s1.tif")] == codes
