"""Quantiles and geometric medians of stacks: against numpy, and the compiled loop against its twin.

Exact: sorting and interpolating between two numbers leaves no room for tolerance.
"""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bluecarbon.mrv.kernels import order_statistics
from bluecarbon.mrv.kernels.order_statistics import (
    geometric_median,
    geometric_median_numpy,
    network,
    quantile,
    quantile_numpy,
)


@pytest.mark.parametrize("count", range(1, 13))
def test_the_network_sorts_every_arrangement_of_zeros_and_ones(count):
    # the zero-one principle (Knuth 5.3.4): a network that sorts these sorts everything
    lanes = np.array(list(itertools.product((0, 1), repeat=count))).T
    for low, high in network(count):
        lanes[low], lanes[high] = (
            np.minimum(lanes[low], lanes[high]),
            np.maximum(lanes[low], lanes[high]),
        )
    assert (np.diff(lanes, axis=0) >= 0).all()


@pytest.mark.parametrize("count", [24, 37])
def test_the_network_sorts_many_random_numbers(count):
    lanes = np.random.default_rng(count).integers(0, 9, (count, 2000))
    expected = np.sort(lanes, axis=0)
    for low, high in network(count):
        pair = np.sort(lanes[[low, high]], axis=0)
        lanes[low], lanes[high] = pair
    assert np.array_equal(lanes, expected)


def stack_of(seed, scenes=9, bands=3, pixels=2500, dtype=np.uint16):
    rng = np.random.default_rng(seed)
    stack = rng.integers(0, 65536, (scenes, bands, pixels)).astype(np.uint16)
    if dtype == np.float32:
        stack = rng.normal(0.2, 0.3, stack.shape).astype(np.float32)
    return stack, rng.random((scenes, pixels)) > 0.4


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.77, 1.0])
def test_loop_twin_and_numpy_agree(dtype, share):
    stack, valid = stack_of(3, dtype=dtype)
    made = quantile(stack, valid, share)
    np.testing.assert_array_equal(made, quantile_numpy(stack, valid, share))
    seen = valid.any(axis=0)
    shown = np.where(valid[:, None], stack.astype(np.float64), np.nan)[:, :, seen]
    expected = np.nanquantile(shown, share, axis=0)
    np.testing.assert_allclose(made[:, seen], expected, rtol=1e-6)
    assert np.isnan(made[:, ~seen]).all()


def test_the_largest_number_is_a_value_too():
    stack = np.full((3, 1, 1), 65535, np.uint16)
    assert quantile(stack, np.ones((3, 1), bool), 0.5)[0, 0] == 65535


def test_not_a_number_where_nothing_was_seen_does_not_spread():
    stack, valid = stack_of(4, dtype=np.float32)
    holed = np.where(valid[:, None], stack, np.float32(np.nan))
    np.testing.assert_array_equal(quantile(holed, valid, 0.5), quantile(stack, valid, 0.5))


def test_a_share_beyond_the_ends_is_refused():
    with pytest.raises(ValueError, match=r"1\.5"):
        quantile(*stack_of(1), 1.5)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 30), st.integers(1, 40))
def test_loop_and_twin_agree_for_any_number_of_scenes_and_pixels(seed, scenes, pixels):
    stack, valid = stack_of(seed, scenes, 2, pixels)
    np.testing.assert_array_equal(quantile(stack, valid, 0.5), quantile_numpy(stack, valid, 0.5))


def distances(spectra, centre):
    return np.sqrt(((spectra - centre) ** 2).sum(axis=1)).sum()


def test_the_geometric_median_has_the_least_summed_distance():
    stack, valid = stack_of(8, pixels=40, dtype=np.float32)
    made = geometric_median(stack, valid, tolerance=1e-9, rounds=5000)
    rng = np.random.default_rng(1)
    for pixel in np.flatnonzero(valid.any(axis=0)):
        spectra = stack[valid[:, pixel], :, pixel].astype(np.float64)
        own = distances(spectra, made[:, pixel])
        for _ in range(20):
            near = made[:, pixel] + rng.normal(0, 0.01, 3)
            assert own <= distances(spectra, near) + 1e-6


def test_the_geometric_median_of_equal_and_of_collinear_spectra():
    same = np.full((4, 2, 1), 0.3, np.float32)
    seen = np.ones((4, 1), bool)
    np.testing.assert_allclose(geometric_median(same, seen, tolerance=1e-9)[:, 0], 0.3, rtol=1e-6)
    # on a line with a middle point it is that point, like the median
    line = np.array([0.1, 0.2, 0.9], np.float32)[:, None, None].repeat(2, axis=1)
    made = geometric_median(line, seen[:3], tolerance=1e-9, rounds=10_000)
    np.testing.assert_allclose(made[:, 0], 0.2, atol=1e-4)


def test_loop_and_twin_of_the_geometric_median_agree():
    stack, valid = stack_of(5, pixels=300, dtype=np.float32)
    loop = geometric_median(stack, valid, tolerance=1e-6)
    twin = geometric_median_numpy(stack, valid, tolerance=1e-6)
    # sums of a few doubles in another order
    np.testing.assert_allclose(loop, twin, atol=2e-7)


def test_without_a_compiler_the_twins_are_used(monkeypatch):
    monkeypatch.setattr(order_statistics, "loops", lambda _: None)
    stack, valid = stack_of(6)
    np.testing.assert_array_equal(quantile(stack, valid, 0.25), quantile_numpy(stack, valid, 0.25))
    small = stack[:, :, :20].astype(np.float32)
    made = geometric_median(small, valid[:, :20], tolerance=1.0)
    assert np.isfinite(made[:, valid[:, :20].any(axis=0)]).all()
