"""Soil cores against published check values.

The numbers for compaction, its correction and the thickness of slices are the check values of the
R package BlueCarbon (units and conventions as it states them); they are exact to the printed
digits, so the tolerance is double precision. Equation 99 of VM0033 v2.1 is worked by hand.
"""

import numpy as np
import pytest

from bluecarbon.methodology.kernels.soil import (
    compaction_percent,
    decompacted_bulk_density_g_cm3,
    decompacted_depth_cm,
    slice_thickness_cm,
    soil_carbon_tc_ha,
)

COMPACTION = np.array([10.0, 20.0, 30.0])


def exactly(values):
    return pytest.approx(np.array(values), rel=1e-14)


def test_compaction():
    got = compaction_percent([10, 15, 20], [5, 10, 15], [2, 5, 10])
    assert got == exactly([37.5, 50.0, 50.0])


def test_depth_in_the_ground():
    top = decompacted_depth_cm([1, 2, 3], COMPACTION)
    bottom = decompacted_depth_cm([4, 5, 6], COMPACTION)
    assert top == exactly([1.1111111111111112, 2.5, 4.285714285714286])
    assert bottom == exactly([4.444444444444445, 6.25, 8.571428571428571])


def test_bulk_density_in_the_ground():
    got = decompacted_bulk_density_g_cm3([1.2, 1.5, 1.8], COMPACTION)
    assert got == exactly([1.08, 1.2, 1.26])


def test_thickness_of_slices_with_gaps():
    assert slice_thickness_cm([1, 3, 6, 9], [2, 4, 7, 10]) == exactly([2.5, 2.5, 3.0, 2.0])


def test_thickness_of_slices_that_touch():
    assert slice_thickness_cm([0, 2], [2, 4]) == exactly([2.0, 2.0])


def test_equation_99_takes_percent_and_gives_tonnes():
    # 2 % carbon is the fraction 0.02: 0.02 x 0.8 g/cm3 x 50 cm = 0.8 g/cm2 = 80 t/ha. Put in as
    # 2 it would be 8000.
    assert soil_carbon_tc_ha(0.8, 2.0, 50.0) == pytest.approx(80.0, rel=1e-14)


def test_the_pitfall_of_correcting_the_depth_alone():
    # Corrected depth with the bulk density as measured, which the package gives unless told
    # otherwise, makes 1 / (1 - compaction) of the carbon.
    h = 30.0
    right = soil_carbon_tc_ha(
        decompacted_bulk_density_g_cm3(0.6, 20.0), 4.0, decompacted_depth_cm(h, 20.0)
    )
    wrong = soil_carbon_tc_ha(0.6, 4.0, decompacted_depth_cm(h, 20.0))
    assert right == pytest.approx(soil_carbon_tc_ha(0.6, 4.0, h), rel=1e-14)
    assert wrong / right == pytest.approx(1.25, rel=1e-14)
