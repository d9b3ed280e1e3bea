"""Accuracy and area estimators: what must not matter, and intervals that cover the truth.

The truth of the coverage tests is a population of pixels with errors that are known; its strata
are not the map classes. Samples are drawn from it with a fixed seed.
"""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bluecarbon.mrv.accuracy import Counted, total_limits
from bluecarbon.mrv.change_sample import Panel, change_estimates
from bluecarbon.mrv.confusion import error_matrix
from bluecarbon.mrv.sample_design import allocate, allocate_for_targets, expected_standard_error
from bluecarbon.mrv.stehman2014 import proportions, stehman2014

CLASSES = ["mangrove", "water", "other"]
STRATA = pd.DataFrame({"stratum": [1, 2, 3], "area_ha": [10.0, 25.0, 65.0]})


@st.composite
def samples(draw):
    """Two to twelve points in each of three strata, any class on the map and in the reference."""
    rows = [
        (stratum, draw(st.sampled_from(CLASSES)), draw(st.sampled_from(CLASSES)))
        for stratum in STRATA["stratum"]
        for _ in range(draw(st.integers(2, 12)))
    ]
    return pd.DataFrame(rows, columns=["stratum", "map", "reference"])


def values(table):
    return table.set_index(["measure", "class"])[["value", "standard_error", "ci_low", "ci_high"]]


@settings(max_examples=40, deadline=None)
@given(samples(), st.randoms(use_true_random=False))
def test_the_order_of_points_and_strata_does_not_matter(points, random):
    order = list(range(len(points)))
    random.shuffle(order)
    first = values(stehman2014(points, STRATA))
    second = values(stehman2014(points.iloc[order], STRATA.iloc[::-1]))
    np.testing.assert_allclose(first, second, rtol=1e-9, atol=1e-12, equal_nan=True)


@settings(max_examples=40, deadline=None)
@given(samples())
def test_other_names_of_classes_give_the_same_numbers(points):
    renamed = points.replace({"mangrove": "a", "other": "b", "water": "c"})
    first, second = stehman2014(points, STRATA), stehman2014(renamed, STRATA)
    np.testing.assert_allclose(values(first), values(second), equal_nan=True)


@settings(max_examples=40, deadline=None)
@given(samples())
def test_areas_add_up_and_limits_hold_the_estimate(points):
    table = stehman2014(points, STRATA)
    areas = table[table["measure"] == "area"]
    assert areas["value"].sum() == pytest.approx(100.0)
    known = table[table["value"].notna()]
    assert (known["ci_low"] <= known["value"] + 1e-9).all()
    assert (known["value"] <= known["ci_high"] + 1e-9).all()
    assert proportions(points, STRATA).to_numpy().sum() == pytest.approx(1.0)


@settings(max_examples=40, deadline=None)
@given(samples())
def test_exchanging_map_and_reference_exchanges_users_and_producers(points):
    turned = points.rename(columns={"map": "reference", "reference": "map"})
    first, second = (values(stehman2014(table, STRATA)) for table in (points, turned))
    for name in set(points["map"]) | set(points["reference"]):
        np.testing.assert_allclose(
            first.loc["users", name], second.loc["producers", name], equal_nan=True
        )
    matrix, other = (error_matrix(t["map"], t["reference"]) for t in (points, turned))
    assert matrix.transposed.counts.equals(other.counts)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(0.05, 0.95), min_size=3, max_size=3),
    st.lists(st.floats(0.05, 0.95), min_size=3, max_size=3),
    st.floats(0.01, 0.05),
    st.floats(0.01, 0.05),
)
def test_several_targets_are_always_met(first, second, target_a, target_b):
    expected, targets = {"a": first, "b": second}, {"a": target_a, "b": target_b}
    table = allocate_for_targets(STRATA, expected, targets)
    for name, target in targets.items():
        assert expected_standard_error(table, expected[name]) <= target * (1 + 1e-9)
    # one point less in every stratum would miss one of them
    fewer = table.assign(points=table["points"] - 1)
    if (fewer["points"] >= 2).all():
        assert any(
            expected_standard_error(fewer, expected[name]) > targets[name] for name in targets
        )


@settings(max_examples=60, deadline=None)
@given(
    st.integers(6, 500),
    st.lists(st.floats(0.0, 1.0), min_size=3, max_size=3),
    st.sampled_from(["proportional", "equal", "optimal"]),
)
def test_every_allocation_adds_up(points, expected, rule):
    shared = allocate(STRATA, points, rule=rule, expected=expected)["points"]
    assert shared.sum() == points
    assert (shared >= 2).all()


REPEATS, CONFIDENCE = 300, 0.90
SHARES = {
    # P(map, reference) within each stratum, order of CLASSES x CLASSES
    1: [0.70, 0.02, 0.08, 0.02, 0.05, 0.01, 0.05, 0.01, 0.06],
    2: [0.03, 0.01, 0.01, 0.01, 0.80, 0.02, 0.01, 0.03, 0.08],
    3: [0.01, 0.00, 0.02, 0.00, 0.05, 0.02, 0.03, 0.01, 0.86],
}
PER_STRATUM = 60


def draw_population(rng):
    cells = [(m, r) for m in CLASSES for r in CLASSES]
    parts = []
    for stratum, shares in SHARES.items():
        index = rng.choice(len(cells), size=PER_STRATUM, p=np.array(shares) / sum(shares))
        parts += [(stratum, *cells[i]) for i in index]
    return pd.DataFrame(parts, columns=["stratum", "map", "reference"])


def truth():
    """The values that the estimates aim at, from the shares themselves."""
    matrix = sum(
        area * np.reshape(SHARES[stratum], (3, 3)) / sum(SHARES[stratum])
        for stratum, area in zip(STRATA["stratum"], STRATA["area_ha"], strict=True)
    )
    known = {("overall", ""): np.trace(matrix) / matrix.sum()}
    for i, name in enumerate(CLASSES):
        known["users", name] = matrix[i, i] / matrix[i].sum()
        known["producers", name] = matrix[i, i] / matrix[:, i].sum()
        known["area", name] = matrix[:, i].sum()
    return known


@pytest.fixture(scope="module")
def repeated():
    rng = np.random.default_rng(20261123)
    tables = [
        stehman2014(draw_population(rng), STRATA, confidence=CONFIDENCE) for _ in range(REPEATS)
    ]
    return pd.concat(tables, keys=range(REPEATS)).set_index(["measure", "class"], append=True)


@pytest.mark.parametrize("what", list(truth()))
def test_estimates_are_unbiased_and_intervals_cover(repeated, what):
    rows = repeated.xs(what, level=["measure", "class"])
    expected = truth()[what]
    spread = rows["value"].std() / np.sqrt(REPEATS)
    # ratios have a bias of the order 1 / n, below the five standard errors that would be seen
    assert rows["value"].mean() == pytest.approx(expected, abs=5 * spread)
    covered = ((rows["ci_low"] <= expected) & (expected <= rows["ci_high"])).mean()
    # nominal 0.90; 300 samples leave +- 0.035 (two standard errors)
    assert covered >= CONFIDENCE - 0.035


@pytest.mark.parametrize("what", list(truth()))
def test_standard_errors_are_the_spread_of_the_estimates(repeated, what):
    rows = repeated.xs(what, level=["measure", "class"])
    # a standard deviation of 300 repeats is known to 4 %; ratios are linearised
    assert np.sqrt((rows["standard_error"] ** 2).mean()) == pytest.approx(
        rows["value"].std(), rel=0.15
    )


@pytest.mark.parametrize("gain", [0.0, 0.01, 0.05])
def test_intervals_of_gain_loss_and_net_cover(gain):
    """A panel of a stratum: 30 ha mapped as changed, 70 ha as stable, with rare omissions."""
    rng = np.random.default_rng(5)
    rate = {2: (0.6, 0.02), 1: (gain, 0.02)}
    area = {1: 70.0, 2: 30.0}
    true = {
        "gain": sum(area[g] * rate[g][0] for g in area),
        "loss": sum(area[g] * rate[g][1] for g in area),
    }
    true["net"] = true["gain"] - true["loss"]
    mapped = pd.DataFrame(
        [("A", 1, 2, kind, 0.0) for kind in true],
        columns=["stratum", "from_epoch", "to_epoch", "kind", "area_ha"],
    )
    covered = dict.fromkeys(true, 0)
    for _ in range(REPEATS):
        group = np.repeat([1, 2], [42, 18])
        chance = rng.random(len(group))
        gains = chance < np.array([rate[g][0] for g in group])
        losses = chance > 1 - np.array([rate[g][1] for g in group])
        panel = Panel("A", gains.astype(int) - losses.astype(int), group, area, 100.0)
        table = change_estimates(mapped, {(1, 2): {"A": panel}}, ["A"], CONFIDENCE)
        for row in table.to_dict("records"):
            covered[row["kind"]] += row["ci_low_ha"] <= true[row["kind"]] <= row["ci_high_ha"]
    assert min(covered.values()) / REPEATS >= CONFIDENCE - 0.035


def test_many_empty_strata_make_the_score_interval_wide_not_narrow():
    # documented in total_limits: where nothing was found, limits of strata add in quadrature
    many = total_limits([Counted(10.0, 20, 0)] * 10, 0.9)
    one = total_limits([Counted(100.0, 200, 0)], 0.9)
    assert many[1] > one[1]
    assert many[1] < 10 * total_limits([Counted(10.0, 20, 0)], 0.9)[1]
