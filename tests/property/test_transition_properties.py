"""What must hold for transitions of any maps: parts add up, order and blocks do not matter."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bluecarbon.mrv.blocks import Block
from bluecarbon.mrv.kernels import clumps
from bluecarbon.mrv.kernels.histograms import run_moments
from bluecarbon.mrv.minimum_mapping_unit import MappingUnit, without_small_changes
from bluecarbon.mrv.persistence import flip_flops, three_date_filter

ROWS, COLUMNS = 12, 40
codes = st.sampled_from([0, 1, 2, 255])
stacks = arrays(np.uint8, (3, ROWS, COLUMNS), elements=codes)
maps = arrays(np.uint8, (ROWS, COLUMNS), elements=st.sampled_from([0, 1, 2]))
WHOLE = Block(0, 0, ROWS, COLUMNS)


def counted(stack, cell=WHOLE, compiled=True):
    found, moments = run_moments(np.ascontiguousarray(stack), cell, compiled=compiled)
    return {
        tuple(key): tuple(sums) for key, sums in zip(found.tolist(), moments.tolist(), strict=True)
    }


@settings(deadline=None, max_examples=60)
@given(stack=stacks, columns=st.integers(1, COLUMNS))
def test_compiled_and_numpy_count_alike(stack, columns):
    cell = Block(0, 0, ROWS, columns)
    assert counted(stack, cell) == counted(stack, cell, compiled=False)


@settings(deadline=None, max_examples=40)
@given(stack=stacks, order=st.permutations(range(3)))
def test_the_order_of_maps_only_renames_the_combinations(stack, order):
    plain, turned = counted(stack), counted(stack[list(order)])
    assert turned == {tuple(key[place] for place in order): sums for key, sums in plain.items()}


@settings(deadline=None, max_examples=40)
@given(stack=stacks, row=st.integers(1, ROWS - 1), column=st.sampled_from([8, 16, 32]))
def test_parts_of_a_block_add_up(stack, row, column):
    parts = [
        Block(r, c, rows, columns)
        for r, rows in ((0, row), (row, ROWS - row))
        for c, columns in ((0, column), (column, COLUMNS - column))
    ]
    pixels = {}
    for part in parts:
        for key, sums in counted(stack, part).items():
            pixels[key] = pixels.get(key, 0) + sums[0]
    assert pixels == {key: sums[0] for key, sums in counted(stack).items()}


@settings(deadline=None, max_examples=40)
@given(labels=maps, least=st.integers(1, 9), adjacency=st.sampled_from([4, 8]))
def test_clumps_do_not_depend_on_how_the_map_is_turned(labels, least, adjacency):
    rule = {"least": least, "adjacency": adjacency}
    plain = clumps.without_small(labels, **rule)
    turned = clumps.without_small(np.ascontiguousarray(labels.T[::-1]), **rule)
    np.testing.assert_array_equal(turned, plain.T[::-1])
    np.testing.assert_array_equal(clumps.without_small(plain, **rule), plain)


@settings(deadline=None, max_examples=40)
@given(before=maps, after=maps, pixels=st.integers(1, 4))
def test_a_mapping_unit_only_ever_gives_back_the_class_before(before, after, pixels):
    result = without_small_changes(before, after, MappingUnit(pixels=pixels))
    assert ((result == after) | (result == before)).all()
    assert (result != before).sum() <= (after != before).sum()


@settings(deadline=None, max_examples=40)
@given(stack=stacks)
def test_the_filter_changes_only_what_flips(stack):
    filtered = three_date_filter(stack)
    assert ((filtered != stack).any(axis=0) == flip_flops(stack)).all()
    np.testing.assert_array_equal(filtered[[0, -1]], stack[[0, -1]])


def test_moments_of_one_row_are_sums_of_columns():
    stack = np.ones((1, 1, 40), np.uint8)
    (sums,) = counted(stack, Block(0, 0, 1, 40)).values()
    columns = np.arange(40)
    assert sums == (40, columns.sum(), (columns**2).sum(), 0, 0, 0)
    assert sums[1] == pytest.approx(780)
