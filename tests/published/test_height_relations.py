"""Relations of canopy height and biomass, against the pipeline that publishes them in code.

Simard et al. 2019, Nature Geoscience 12: 40-45 (doi:10.1038/s41561-018-0279-1), as Global Mangrove
Watch computes it: github.com/globalmangrovewatch/gmw_simard_etal_srtm_agb, 07_calc_agb and
06_calc_srtm_mng_hgt (perform_analysis.py). Values below were computed by hand from these lines.
"""

import math

import numpy as np
import pytest

from bluecarbon.mrv.height_relations import (
    height_relations,
    heights_of_kind,
    relation_of,
    within_range,
)

PIPELINE = {
    "simard2019-global-hba": lambda h: 3.254 * h**1.5295,
    "simard2019-east-africa-hba": lambda h: 1.066 * h**2.1295,
    "simard2019-americas-hba": lambda h: 1.418 * h**1.6038,
    "simard2019-middle-east-asia-hba": lambda h: 1.589 * h**2.0067,
    "simard2019-southeast-asia-hchm": lambda h: math.exp(3.9042 + 0.0858 * h),
    "simard2019-global-hmax": lambda h: 2.572 * h**1.5191,
    "simard2019-east-africa-hmax": lambda h: 0.440 * h**2.1578,
    "simard2019-americas-hmax": lambda h: 0.745 * h**1.6228,
    "saenger-snedaker1993": lambda h: 34.9 + 10.8 * h,
}
AT_TEN_METRES_T_HA = {
    "simard2019-global-hba": 110.133,
    "simard2019-east-africa-hba": 143.634,
    "simard2019-americas-hba": 56.948,
    "simard2019-middle-east-asia-hba": 161.370,
    "simard2019-southeast-asia-hchm": 117.003,
    "simard2019-global-hmax": 84.991,
    "simard2019-east-africa-hmax": 63.278,
    "simard2019-americas-hmax": 31.258,
    "saenger-snedaker1993": 142.9,
}


def test_every_shipped_relation_is_checked():
    assert set(height_relations()) == set(PIPELINE) == set(AT_TEN_METRES_T_HA)


@pytest.mark.parametrize("name", PIPELINE)
def test_the_numbers_of_a_relation(name):
    relation = height_relations()[name]
    heights = np.array([2.0, 10.0, 25.0])
    expected = [PIPELINE[name](float(h)) for h in heights]
    np.testing.assert_allclose(relation.biomass_t_ha(heights), expected, rtol=1e-12)
    at_ten = relation.biomass_t_ha(np.array([10.0]))[0]
    # Three decimals are printed above.
    assert at_ten == pytest.approx(AT_TEN_METRES_T_HA[name], abs=6e-4)


@pytest.mark.parametrize(("kind", "height"), [("hba", 10.754), ("hmax", 16.97), ("hchm", 12.8951)])
def test_srtm_of_ten_metres_as_each_kind(kind, height):
    """1.0754 SRTM, 1.697 SRTM and 2.7191 SRTM**0.676."""
    made = heights_of_kind(np.array([10.0, 0.49]), "srtm", kind)
    assert made[0] == pytest.approx(height, abs=1e-4)
    assert np.isnan(made[1])


def test_one_kind_of_height_does_not_stand_in_for_another():
    with pytest.raises(ValueError, match="heights are hmax"):
        heights_of_kind(np.array([10.0]), "hmax", "hba")


def test_every_relation_names_its_source_and_what_nobody_has_read():
    for name, relation in height_relations().items():
        assert relation.source, name
        assert relation.locator, name
        found = relation_of(name)[1]
        unread = [relation.status, relation.error_status, relation.range_status]
        assert bool(found) == ("unverified" in unread), name


def test_a_name_that_there_is_not_and_a_table_of_ones_own(tmp_path):
    relation, found = relation_of("simard2019")
    assert relation is None
    assert "simard2019-global-hba" in found[0].fix
    head = "name,region,predictor,form,a,b,rmse_t_ha,height_min_m,height_max_m,source,status"
    table = tmp_path / "own.csv"
    table.write_text(f"{head}\nmine,here,hmax,power,1,2,,1,20,our plots,verified\n")
    relation, _ = relation_of("mine", table)
    assert relation.biomass_t_ha(np.array([3.0]))[0] == 9.0
    assert relation.rmse_t_ha is None
    table.write_text(f"{head}\nmine,here,hmax,power,x,2,,9,2,our plots,verified\n")
    relation, found = relation_of("mine", table)
    assert relation is None
    assert found[0].subject == "own.csv row 2"
    assert relation_of("mine", tmp_path / "none.csv")[1][0].code == "height-relation-table"


def test_ranges_by_the_declared_rule():
    values = np.array([0.5, 5.0, 50.0, np.nan])
    missing, outside = within_range(values, 1, 20, "missing")
    assert outside.tolist() == [True, False, True, False]
    assert np.isnan(missing[[0, 2, 3]]).all()
    assert within_range(values, 1, 20, "limit")[0][:3].tolist() == [1, 5, 20]
    assert within_range(values, 1, 20, "extrapolate")[0][:3].tolist() == [0.5, 5, 50]
