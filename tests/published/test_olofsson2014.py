"""The two published worked examples of sample-based area and accuracy.

Olofsson et al. 2014, Remote Sens. Environ. 148:42-57, doi:10.1016/j.rse.2014.02.015: section 5
(sample counts and mapped pixels of Table 8, 30 m Landsat pixels of 0.09 ha). The paper rounds; the
digits below were recomputed from its estimators (eqs 1-7 and 9-11) with an independent program and
agree with the paper's rounding, so the tolerance is that of floating point.

Stehman 2014, Int. J. Remote Sens. 35:4923-4939, doi:10.1080/01431161.2014.930207: the numerical
example (40 points, 4 strata of 40 000, 30 000, 20 000 and 10 000 pixels), where strata are not map
classes. The paper prints three digits; the seven below are those that the manual of the R package
mapac (D. Pflugmacher, function aa_stratified, no finite-population correction) prints for the same
points, hence the tolerance of half a unit of the seventh digit.
"""

import numpy as np
import pytest

from bluecarbon.mrv.accuracy import (
    normal_quantile,
    olofsson2014,
    stratified_ratio,
    stratified_total,
)

COUNTS = np.array([[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]])
AREA_HA = np.array([200_000, 150_000, 3_200_000, 6_450_000]) * 0.09
Z = 1.959963984540054

R = list("AAAAACBABCABBBBBAABBCCCCCDDBBADDDDDDDCCB")
M = list("AAAAAAABBBABBBBBBBBBBBCCCCCCBBDDDDDDDDDD")
S = [1] * 10 + [2] * 10 + [3] * 10 + [4] * 10
STRATA = {1: 40_000.0, 2: 30_000.0, 3: 20_000.0, 4: 10_000.0}


@pytest.fixture(scope="module")
def estimated():
    return olofsson2014(COUNTS, AREA_HA)


def test_overall_accuracy(estimated):
    assert estimated.overall == pytest.approx(0.9465118881118881, rel=1e-12)
    assert Z * estimated.overall_standard_error == pytest.approx(0.018483278101740754, rel=1e-12)


def test_users_accuracy(estimated):
    expected = [0.88, 0.7333333333333333, 0.9272727272727272, 0.9630769230769232]
    interval = [0.07403962155725735, 0.10075516309113898, 0.039744639418045714, 0.02053312337877119]
    np.testing.assert_allclose(estimated.users, expected, rtol=1e-12)
    np.testing.assert_allclose(Z * estimated.users_standard_error, interval, rtol=1e-12)


def test_producers_accuracy(estimated):
    expected = [0.7486614048308412, 0.8471563981042654, 0.9345089085796926, 0.9616089928314558]
    interval = [0.2133059333666628, 0.254403685905928, 0.034323791947289774, 0.018361198084108677]
    np.testing.assert_allclose(estimated.producers, expected, rtol=1e-12)
    np.testing.assert_allclose(Z * estimated.producers_standard_error, interval, rtol=1e-12)


def test_area_proportions(estimated):
    expected = [0.02350862470862471, 0.012984615384615384, 0.31752214452214456, 0.6459846153846155]
    error = [
        0.0034907224410811637,
        0.0021291530756257677,
        0.008792424205322327,
        0.009229963918506097,
    ]
    np.testing.assert_allclose(estimated.class_proportion, expected, rtol=1e-12)
    np.testing.assert_allclose(estimated.class_proportion_standard_error, error, rtol=1e-12)
    assert estimated.proportions.sum() == pytest.approx(1.0)
    assert estimated.proportions[0, 0] == pytest.approx(0.0176)


def test_areas(estimated):
    expected = [21157.76223776224, 11686.153846153846, 285769.9300699301, 581386.153846154]
    interval = [6157.5212380903395, 3755.7570112192716, 15509.55130130697, 16281.357172988524]
    np.testing.assert_allclose(estimated.area, expected, rtol=1e-12)
    np.testing.assert_allclose(Z * estimated.area_standard_error, interval, rtol=1e-12)


def test_the_paper_rounds_to_the_same_numbers(estimated):
    # abstract and section 5: deforestation 21 158 +- 6158 ha (95 %), overall accuracy 0.95 +- 0.02
    z = normal_quantile(0.95)
    assert round(float(estimated.area[0])) == 21_158
    assert round(z * float(estimated.area_standard_error[0])) == 6_158
    assert round(estimated.overall, 2) == 0.95
    assert round(z * estimated.overall_standard_error, 2) == 0.02


def points():
    """The sample of Table 8 as single points: map class and reference class."""
    cells = [(i, j) for i in range(4) for j in range(4) for _ in range(COUNTS[i, j])]
    return tuple(np.array(cells).T)


@pytest.mark.parametrize("index", range(4))
def test_the_general_estimators_agree_where_strata_are_map_classes(estimated, index):
    mapped, reference = points()
    area = dict(enumerate(AREA_HA))
    agreed = (mapped == index) & (reference == index)
    total = stratified_total(reference == index, mapped, area)
    assert total.value == pytest.approx(estimated.area[index])
    assert total.standard_error == pytest.approx(estimated.area_standard_error[index])
    users = stratified_ratio(agreed, mapped == index, mapped, area=area)
    assert users.value == pytest.approx(estimated.users[index])
    assert users.standard_error == pytest.approx(estimated.users_standard_error[index])
    producers = stratified_ratio(agreed, reference == index, mapped, area=area)
    assert producers.value == pytest.approx(estimated.producers[index])
    assert producers.standard_error == pytest.approx(estimated.producers_standard_error[index])


def sample():
    return np.array(M), np.array(R), np.array(S)


def test_stehman_overall_accuracy():
    mapped, reference, strata = sample()
    overall = stratified_total(mapped == reference, strata, STRATA)
    assert overall.value / 100_000 == pytest.approx(0.63)
    assert overall.standard_error / 100_000 == pytest.approx(0.085, abs=0.0005)


def test_stehman_area_of_class_a():
    _, reference, strata = sample()
    area = stratified_total(reference == "A", strata, STRATA)
    assert area.value == pytest.approx(35_000)
    assert area.standard_error / 100_000 == pytest.approx(0.082, abs=0.0005)


@pytest.mark.parametrize(
    ("name", "users", "users_error", "producers", "producers_error"),
    [
        ("A", 0.7419355, 0.1645627, 0.6571429, 0.1477318),
        ("B", 0.5744681, 0.1248023, 0.7941176, 0.1165671),
    ],
)
def test_stehman_users_and_producers(name, users, users_error, producers, producers_error):
    mapped, reference, strata = sample()
    agreed = (mapped == name) & (reference == name)
    found = stratified_ratio(agreed, mapped == name, strata, area=STRATA)
    assert found.value == pytest.approx(users, abs=5e-8)
    assert found.standard_error == pytest.approx(users_error, abs=5e-8)
    found = stratified_ratio(agreed, reference == name, strata, area=STRATA)
    assert found.value == pytest.approx(producers, abs=5e-8)
    assert found.standard_error == pytest.approx(producers_error, abs=5e-8)
