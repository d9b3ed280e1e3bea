"""A real quality band of Landsat 8, Collection 1, against the decodes that its publisher expects.

mapbox/rio-l8qa, tests/test_qa.py at 077230a: shares of pixels, rounded there to six places.
"""

import numpy as np
import pytest
import rasterio

from bluecarbon.mrv import quality_bits as bits
from bluecarbon.mrv.reasons import CLOUD, REASONS

pytestmark = pytest.mark.real

HALF_A_PLACE = 5.1e-7
"""The expected shares are rounded to six places."""

EXPECTED = {
    "terrain_occlusion": {"no": 1.0},
    "cloud": {"no": 0.999995, "yes": 5e-06},
    "snow_confidence": {"not determined": 0.513239, "low": 0.005215, "high": 0.481546},
    "cloud_confidence": {
        "not determined": 0.513239, "medium": 0.000119, "low": 0.486637, "high": 5e-06,
    },
    "radiometric_saturation": {"no band": 1.0},
    "fill": {"no": 0.486761, "yes": 0.513239},
    "cloud_shadow_confidence": {"not determined": 0.513239, "low": 0.486757, "high": 5e-06},
    "cirrus_confidence": {"not determined": 0.513239, "low": 0.486161, "high": 0.000601},
}  # fmt: skip


@pytest.fixture(scope="module")
def quality(real_data):
    (path,) = (real_data / "landsat8_qa_bands").glob("LC08_*_BQA.TIF")
    with rasterio.open(path) as dataset:
        return dataset.read(1)


def test_collection_1_is_decoded_as_expected(quality):
    found = bits.shares(quality, bits.COLLECTION_1)
    assert {field: set(levels) for field, levels in found.items()} == {
        field: set(levels) for field, levels in EXPECTED.items()
    }
    for field, levels in EXPECTED.items():
        for level, share in levels.items():
            assert found[field][level] == pytest.approx(share, abs=HALF_A_PLACE), (field, level)


def test_every_pixel_has_a_reason_and_none_vanishes(quality):
    reason = bits.reason_table("landsat-c1-bqa")[quality]
    shares = {REASONS[c]: (reason == c).mean() for c in np.unique(reason)}
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["nodata"] == pytest.approx(0.513239, abs=HALF_A_PLACE)
    assert shares["snow"] == pytest.approx(0.481546, abs=0.001)  # Greenland; cirrus comes first
    assert shares["cloud"] < 0.001


@pytest.mark.parametrize("other", ["landsat-c2-qa-pixel", "landsat-pre-collection-bqa"])
def test_another_layout_would_find_none_of_its_clouds(quality, other):
    as_it_is = bits.reason_table("landsat-c1-bqa")[quality]
    as_another = bits.reason_table(other)[quality]
    assert (as_it_is == CLOUD).sum() == 127
    assert (as_another == CLOUD).sum() == 0
