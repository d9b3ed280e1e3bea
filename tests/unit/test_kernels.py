"""Every compiled loop against its twin, and against counting by hand."""

import os
import subprocess
import sys

import numpy as np
import pytest
import shapely

from bluecarbon.mrv.blocks import Block
from bluecarbon.mrv.kernels import clumps, compiled, coverage, histograms
from bluecarbon.mrv.kernels.histograms import combinations, run_moments, run_moments_numpy


def patchy(shape, seed, classes=4, noise=0.05):
    """Maps in patches with some wrong pixels, as class maps are; columns padded to 8."""
    rng = np.random.default_rng(seed)
    maps, rows, columns = shape
    coarse = rng.integers(0, classes, (maps, rows // 6 + 1, columns // 20 + 1), dtype=np.uint8)
    fine = coarse.repeat(6, axis=1).repeat(20, axis=2)[:, :rows, :columns]
    wrong = rng.random(fine.shape) < noise
    fine[wrong] = rng.integers(0, 256, int(wrong.sum()), dtype=np.uint8)
    return np.pad(fine, ((0, 0), (0, 0), (0, -columns % 8)))


def moments_by_hand(maps, cell):
    part = maps[:, cell.row : cell.row + cell.rows, cell.column : cell.column + cell.columns]
    r, c = np.indices(part.shape[1:]).astype(np.int64)
    terms = [np.ones_like(r), c, c * c, r, r * r, r * c]
    result = {}
    for key in {tuple(pixel) for pixel in part.reshape(len(part), -1).T.tolist()}:
        here = (part == np.array(key)[:, None, None]).all(axis=0)
        result[key] = [int(term[here].sum()) for term in terms]
    return result


CELLS = [Block(0, 0, 40, 93), Block(3, 16, 30, 61), Block(39, 88, 1, 5), Block(0, 0, 40, 7)]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("maps", [1, 2, 4, 7, 9])
def test_moments_are_those_counted_by_hand(maps, cell):
    stack = patchy((maps, 40, 93), seed=maps)
    expected = moments_by_hand(stack, cell)
    for fast in (True, False):
        codes, moments = run_moments(stack, cell, compiled=fast)
        found = {
            tuple(key): sums for key, sums in zip(codes.tolist(), moments.tolist(), strict=True)
        }
        assert found == expected
        assert codes.tolist() == sorted(codes.tolist())


@pytest.mark.parametrize("noise", [0.0, 0.01, 0.3, 1.0])
def test_compiled_and_numpy_moments_are_the_same_numbers(noise):
    stack = patchy((3, 64, 2500), seed=5, noise=noise)
    cell = Block(0, 0, 64, 2499)
    fast, slow = run_moments(stack, cell), run_moments_numpy(stack, cell)
    np.testing.assert_array_equal(fast[0], slow[0])
    np.testing.assert_array_equal(fast[1], slow[1])


def test_more_combinations_than_the_first_table_has_room_for():
    rng = np.random.default_rng(1)
    stack = rng.integers(0, 256, (2, 120, 504), dtype=np.uint8)
    codes, moments = run_moments(stack, Block(0, 0, 120, 504))
    expected = len(np.unique(stack[0].astype(int) * 256 + stack[1]))
    assert len(codes) == expected > 30_000
    assert moments[:, 0].sum() == 120 * 504


def test_what_an_interrupted_count_left_is_in_no_later_one(monkeypatch):
    stack, cell = patchy((2, 30, 160), seed=9), Block(0, 0, 30, 160)
    expected = run_moments(stack, cell)
    real = histograms.address_loop

    def interrupted(name, arguments):
        def loop(*addresses):
            real(name, arguments)(*addresses)
            raise KeyboardInterrupt

        return loop

    monkeypatch.setattr(histograms, "address_loop", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_moments(stack, cell)
    monkeypatch.undo()
    for found, wanted in zip(run_moments(stack, cell), expected, strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_all_ones_is_a_combination_like_any_other():
    stack = np.full((7, 3, 16), 255, np.uint8)
    codes, moments = run_moments(stack, Block(0, 0, 3, 16))
    assert codes.tolist() == [[255] * 7]
    assert moments[0, 0] == 48


def test_combinations_are_found_without_sorting_the_pixels():
    codes = np.array([[2, 1, 2, 1], [9, 0, 9, 255]], np.uint8)
    found, place = combinations(codes)
    assert found.tolist() == [[1, 0], [1, 255], [2, 9]]
    assert place.tolist() == [2, 0, 2, 1]


@pytest.mark.parametrize("adjacency", [4, 8])
@pytest.mark.parametrize("least", [1, 2, 3, 7])
def test_clumps_are_those_of_scipy(adjacency, least):
    labels = np.random.default_rng(least).integers(0, 4, (67, 91)).astype(np.uint8)
    fast = clumps.without_small(labels, least=least, adjacency=adjacency)
    slow = clumps.without_small_numpy(labels, least=least, adjacency=adjacency)
    np.testing.assert_array_equal(fast, slow)
    assert (fast > 0).any()


def test_clumps_of_a_spiral_are_one():
    spiral = np.zeros((9, 16), np.uint8)
    spiral[[0, 8], :] = spiral[:, [0, 15]] = 1
    spiral[2, 2:14] = spiral[2:7, 2] = spiral[6, 2:14] = 1
    spiral[1, 2] = 1
    assert clumps.numbered(spiral, 4)[1] == 1
    size = int(spiral.sum())
    kept = clumps.without_small(spiral, least=size, adjacency=4)
    np.testing.assert_array_equal(kept, spiral)
    assert not clumps.without_small(spiral, least=size + 1, adjacency=4).any()


@pytest.mark.parametrize("adjacency", [4, 8])
@pytest.mark.parametrize("most", [1, 2, 5])
def test_votes_of_borders_are_those_of_numpy(adjacency, most):
    rng = np.random.default_rng(most)
    labels = rng.integers(0, 4, (50, 61)).astype(np.uint8)
    after = rng.integers(1, 4, (50, 61)).astype(np.uint8)
    old = np.zeros(256, np.uint8)
    old[1:4] = [1, 2, 3]
    rule = {"most": most, "adjacency": adjacency, "border_share": 0.4}
    fast = clumps.outvoted(labels, after, old, **rule)
    slow = clumps.outvoted_numpy(labels, after, old, **rule)
    np.testing.assert_array_equal(fast, slow)
    assert (fast > 0).any()


SHAPE = shapely.Polygon(
    [(5.3, 4.2), (60.1, -8.7), (66.2, 40.9), (30, 80), (-7, 33)], [[(20, 20), (31, 12), (25, 30)]]
)


def edges_of(shape):
    turned = shapely.orient_polygons(shape, exterior_cw=True)
    rings = [shapely.get_coordinates(ring) for ring in (turned.exterior, *turned.interiors)]
    return np.concatenate([np.concatenate([xy[:-1], xy[1:]], axis=1) for xy in rings])


@pytest.mark.parametrize("centres", [False, True])
def test_coverage_is_that_of_exactextract(centres):
    maps = np.random.default_rng(2).integers(0, 3, (2, 64, 72)).astype(np.uint8)
    areas = coverage.CellAreas(50, 40, np.random.default_rng(3).random((4, 6)) * 1e-3)
    edges = edges_of(SHAPE)
    fast = coverage.covered(edges, maps, 70, areas, centres=centres)
    window = coverage.Window(0, 64, 0, 67)
    slow = coverage.covered_numpy(edges, maps, window, (70, areas), centres=centres)
    np.testing.assert_array_equal(fast[0], slow[0])
    # exactextract's parts are 32-bit numbers
    np.testing.assert_allclose(fast[1], slow[1], rtol=1e-6)


def test_covered_pixels_have_the_area_of_the_polygon():
    maps = np.zeros((1, 64, 72), np.uint8)
    areas = coverage.CellAreas(64, 72, np.array([[0.01, 0, 0, 0, 0, 0]]))
    _, sums = coverage.covered(edges_of(SHAPE), maps, 70, areas)
    expected = SHAPE.intersection(shapely.box(0, 0, 70, 64)).area
    assert sums[0, 0] == pytest.approx(expected, rel=1e-12)
    assert sums[0, 1] == pytest.approx(0.01 * expected, rel=1e-12)


def test_without_numba_the_twins_are_used():
    program = (
        "import sys, numpy as np\n"
        "sys.modules['numba'] = None\n"
        "from bluecarbon.mrv.kernels import clumps, compiled, histograms\n"
        "from bluecarbon.mrv.blocks import Block\n"
        "codes, moments = histograms.run_moments(np.ones((2, 4, 8), np.uint8), Block(0, 0, 4, 8))\n"
        "assert compiled.loops('histograms') is None\n"
        "assert clumps.without_small(np.ones((2, 2), np.uint8), least=5, adjacency=4).sum() == 0\n"
        "print(codes.tolist(), moments[0, 0])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[[1, 1]] 32"


def test_the_compiler_is_not_loaded_before_there_are_pixels():
    program = (
        "import sys\n"
        "import bluecarbon.mrv.transitions, bluecarbon.mrv.kernels.coverage\n"
        "print(sorted({'numba', 'pandas', 'geopandas', 'exactextract'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]"


def test_machine_code_is_kept_where_it_may_be_written(tmp_path):
    program = (
        "import numpy as np\n"
        "from bluecarbon.mrv.kernels import clumps\n"
        "clumps.without_small(np.ones((2, 2), np.uint8), least=1, adjacency=4)\n"
    )
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)
    assert list(tmp_path.rglob("clumps_loops.*.nbi"))


def test_where_no_cache_can_be_written_loops_are_compiled_anew(monkeypatch):
    import numba

    def njit(**options):
        if "cache" in options:
            raise RuntimeError("cannot cache function: no locator available")
        return lambda function: ("compiled", function)

    monkeypatch.setattr(numba, "njit", njit)
    assert compiled.jit(len) == ("compiled", len)
