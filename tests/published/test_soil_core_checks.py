"""Soil cores against published check values.

The numbers for compaction, its correction and the thickness of slices are the check values of the
R package BlueCarbon (units and conventions as it states them); they are exact to the printed
digits, so the tolerance is double precision. Equation 99 of VM0033 v2.1 is worked by hand.
"""

import numpy as np
import pandas as pd
import pytest

from bluecarbon.methodology.kernels.soil import (
    compaction_percent,
    decompacted_bulk_density_g_cm3,
    decompacted_depth_cm,
    slice_thickness_cm,
    soil_carbon_tc_ha,
)
from bluecarbon.methodology.kernels.soil_matter import carbon_of_matter
from bluecarbon.mrv.soil_profiles import ProfileOptions, evaluate_profiles

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


def test_a_whole_core_with_and_without_the_default_of_the_package():
    """Compat: estimate_oc_stock of the R package BlueCarbon takes ``dbd`` as measured.

    Its ``decompact`` gives mind_corrected, maxd_corrected and dbd_corrected; ``estimate_oc_stock``
    uses the corrected depths where it is told to, and the uncorrected ``dbd`` unless told
    otherwise. Worked by hand for a core of 80 cm that stood for 100 cm (20 % compaction):
    mass 1.0 x 2 % x 40 cm + 0.5 x 4 % x 40 cm = 1.6 g/cm2 = 160 tC/ha. The package's default
    gives 160 / 0.8 = 200 tC/ha. Exact arithmetic, so the tolerance is double precision.
    """
    rows = pd.DataFrame(
        {
            "core_id": "A",
            "depth_min_cm": [0.0, 40.0],
            "depth_max_cm": [40.0, 80.0],
            "bulk_density_g_cm3": [1.0, 0.5],
            "organic_carbon_percent": [2.0, 4.0],
            "compaction_percent": 20.0,
        }
    )
    stocks = {}
    for correction in ("both", "depth only"):
        result, _ = evaluate_profiles(rows, ProfileOptions(correction=correction))
        assert result.slices["depth_max_cm"].tolist() == exactly([50.0, 100.0])
        stocks[correction] = result.cores["soil_tc_ha"].item()
    assert stocks["both"] == pytest.approx(160.0, rel=1e-14)
    assert stocks["depth only"] == pytest.approx(200.0, rel=1e-14)


def test_check_values_of_compaction_through_a_whole_sheet():
    # the same numbers as above, by evaluate_profiles: three cores, of 10, 20 and 30 %
    rows = pd.DataFrame(
        {
            "core_id": ["A", "B", "C"],
            "depth_min_cm": [1.0, 2.0, 3.0],
            "depth_max_cm": [4.0, 5.0, 6.0],
            "bulk_density_g_cm3": [1.2, 1.5, 1.8],
            "organic_carbon_percent": 1.0,
            "compaction_percent": COMPACTION,
        }
    )
    result, _ = evaluate_profiles(rows, ProfileOptions(reference_depth_cm=4.0))
    assert result.slices["depth_max_cm"].tolist() == exactly(
        [4.444444444444445, 6.25, 8.571428571428571]
    )
    assert result.slices["bulk_density_g_cm3"].tolist() == exactly([1.08, 1.2, 1.26])


# The coefficients as the code of the R package BlueCarbon (estimate_oc) prints them, at points
# worked by hand; and VM0033 v2.1 equations 95 (with 0.40, see its inverse), 96 and 97.
CONVERTED = [
    ("two-piece-mangrove", 10.0, 3.5),
    ("two-piece-mangrove", 30.0, 13.6),
    ("maxwell2023-marsh", 10.0, 4.1683),
    ("fourqurean2012-seagrass", 10.0, 3.79),
    ("fourqurean2012-seagrass", 30.0, 12.57),
    ("vm0033-marsh", 10.0, 4.25),
    ("vm0033-mangrove", 10.0, 7.0357),
    ("vm0033-seagrass", 10.0, 3.79),
]


@pytest.mark.parametrize(("name", "matter", "carbon"), CONVERTED)
def test_carbon_of_organic_matter(name, matter, carbon):
    got = carbon_of_matter(matter, name).carbon_percent
    assert float(got) == pytest.approx(carbon, rel=1e-12)


def test_the_two_mangrove_equations_differ_by_half_of_the_carbon():
    # 10 % organic matter: 3.5 % carbon by the one, 7.04 % by the other; a stock doubles
    low = float(carbon_of_matter(10.0, "two-piece-mangrove").carbon_percent)
    high = float(carbon_of_matter(10.0, "vm0033-mangrove").carbon_percent)
    assert high / low == pytest.approx(2.01, abs=0.005)
