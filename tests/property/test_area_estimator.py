"""The area estimator against a known truth: unbiased, and its interval covers what it says.

Four hundred samples of sixty points are drawn from the true map of the demonstration coast; the
map that post-stratifies them is the truth moved by one pixel, as a badly registered one would be.
"""

import numpy as np
import pandas as pd
import pytest
import rasterio
from support.demo import DEMO

from bluecarbon.mrv.accuracy import total_limits
from bluecarbon.mrv.area import Weights
from bluecarbon.mrv.class_maps import CODE_MANGROVE
from bluecarbon.mrv.reference_sample import DesignStratum, cell_of

SAMPLES, POINTS, CONFIDENCE = 400, 60, 0.90
PIXEL_HA = 0.01

# Rows and columns of the truth: a plantation full of mangrove, one with a typhoon gap, and one
# of a hundred hectares in which there is almost none.
WINDOWS = {
    "dense": (2024, slice(100, 160), slice(40, 160)),
    "with gaps": (2024, slice(165, 225), slice(200, 320)),
    "almost none": (2015, slice(20, 120), slice(20, 120)),
}


def estimates(epoch, rows, columns):
    with rasterio.open(DEMO / f"truth_classes_{epoch}.tif") as file:
        truth = file.read(1)[rows, columns]
    codes = np.roll(truth, 1, axis=1)
    height, width = codes.shape
    weights = Weights(slice(0, height), slice(0, width), np.full(codes.shape, PIXEL_HA))
    stratum = DesignStratum("A", None, weights)
    rng = np.random.default_rng(20240722)
    found = []
    for _ in range(SAMPLES):
        row, column = rng.integers(0, height, POINTS), rng.integers(0, width, POINTS)
        mangrove = truth[row, column] == CODE_MANGROVE
        points = pd.DataFrame(
            {
                "stratum": "A",
                "pixel_row": row,
                "pixel_column": column,
                "label": np.where(mangrove, "mangrove", "other"),
            }
        )
        groups = list(cell_of(stratum, points, codes).counted.values())
        found.append((sum(g.area * g.share for g in groups), *total_limits(groups, CONFIDENCE)))
    true_ha = float((truth == CODE_MANGROVE).sum()) * PIXEL_HA
    return np.array(found), true_ha


@pytest.mark.parametrize("window", WINDOWS)
def test_unbiased_and_covering(window):
    found, true_ha = estimates(*WINDOWS[window])
    mean, low, high = found[:, 0], found[:, 1], found[:, 2]
    # Four standard errors of the mean of the samples: a bias this size would be seen.
    assert abs(mean.mean() - true_ha) <= 4 * mean.std() / np.sqrt(SAMPLES) + 1e-9
    covered = ((low <= true_ha) & (true_ha <= high)).mean()
    # Nominal 0.90; 400 samples leave +- 0.03, and a score interval may be wider than it says.
    assert covered >= CONFIDENCE - 0.03
