"""The bits of Landsat's quality bands as others have read the publisher's tables.

Independent of the tables in quality_bits: Collection 2 from the catalogue of Earth Engine
(LANDSAT/LC08/C02/T1_L2, QA_PIXEL); Collection 1 from the same (LANDSAT/LC08/C01, BQA); before
collections from mapbox/rio-l8qa, l8qa/qa_pre.py at a6ca286, which decodes bits high to low.
"""

import numpy as np
import pytest

from bluecarbon.mrv.quality_bits import COLLECTION_1, COLLECTION_2, PRE_COLLECTION, decode

READ = {
    COLLECTION_2.name: {
        "fill": (0, 0), "dilated_cloud": (1, 1), "cirrus": (2, 2), "cloud": (3, 3),
        "cloud_shadow": (4, 4), "snow": (5, 5), "clear": (6, 6), "water": (7, 7),
        "cloud_confidence": (9, 8), "cloud_shadow_confidence": (11, 10),
        "snow_confidence": (13, 12), "cirrus_confidence": (15, 14),
    },
    COLLECTION_1.name: {
        "fill": (0, 0), "terrain_occlusion": (1, 1), "radiometric_saturation": (3, 2),
        "cloud": (4, 4), "cloud_confidence": (6, 5), "cloud_shadow_confidence": (8, 7),
        "snow_confidence": (10, 9), "cirrus_confidence": (12, 11),
    },
    PRE_COLLECTION.name: {
        "fill": (0, 0), "dropped_frame": (1, 1), "terrain_occlusion": (2, 2),
        "water_confidence": (5, 4), "cloud_shadow_confidence": (7, 6),
        "snow_confidence": (11, 10), "cirrus_confidence": (13, 12), "cloud_confidence": (15, 14),
    },
}  # fmt: skip


@pytest.mark.parametrize(
    "layout", [COLLECTION_2, COLLECTION_1, PRE_COLLECTION], ids=lambda i: i.name
)
def test_fields_lie_where_others_read_them(layout):
    numbers = np.arange(65_536, dtype=np.uint16)
    assert set(layout.fields) == set(READ[layout.name])
    for field, (high, low) in READ[layout.name].items():
        width = int((high - low + 1) * "1", 2)
        np.testing.assert_array_equal(decode(numbers, layout, field), (numbers >> low) & width)
