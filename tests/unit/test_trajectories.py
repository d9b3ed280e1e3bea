"""Trajectories of small maps, counted by hand; codes by loop and by numpy."""

import numpy as np
import pytest
import rasterio
from support.class_raster import write_classes
from support.invest_project import codes_of

from bluecarbon.mrv.area import pixel_area_ha
from bluecarbon.mrv.blocks import Threads
from bluecarbon.mrv.kernels import compiled
from bluecarbon.mrv.kernels.trajectory_codes import encode, encode_numpy, look_up, tree_of
from bluecarbon.mrv.stock_rasters import write_codes
from bluecarbon.mrv.trajectories import read_trajectories
from bluecarbon.mrv.transitions import DatedMap

FIRST = [[1, 1, 2, 0], [1, 2, 2, 1]]
SECOND = [[1, 2, 2, 0], [1, 2, 1, 0]]


def maps(folder, *layers, years=(2010, 2020, 2030), **profile):
    made = []
    for year, layer in zip(years, layers, strict=False):
        given = np.asarray(layer)
        codes = given.astype(np.uint8) if given.dtype == np.int64 else given
        path = write_classes(folder / f"map_{year}.tif", codes, **({"nodata": 0} | profile))
        made.append(DatedMap(year, path))
    return made


def test_pixels_and_hectares_of_every_trajectory(tmp_path):
    table, findings = read_trajectories(maps(tmp_path, FIRST, SECOND))
    assert table.years == (2010, 2020)
    assert table.classes.tolist() == [[1, 1], [1, 2], [2, 1], [2, 2]]
    assert table.pixels.tolist() == [[2, 1, 1, 2]]
    pixel_ha = pixel_area_ha(table.grid)
    assert table.area_ha[0, 1] == pytest.approx(pixel_ha[0, 1], rel=1e-9)
    assert table.area_ha.sum() == pytest.approx(pixel_ha[:, :3].sum(), rel=1e-9)
    # The pixel that is a class in one year only is out of both, and said to be.
    assert codes_of(findings) == ["class-missing-in-some-years"]
    assert findings[0].message.startswith("1 pixels (0.0 ha)")


def test_order_of_the_list_does_not_matter_and_is_told(tmp_path):
    given = maps(tmp_path, FIRST, SECOND, [[2, 2, 2, 0], [1, 1, 1, 0]])
    straight, _ = read_trajectories(given)
    turned, findings = read_trajectories([given[2], given[0], given[1]])
    assert turned.years == straight.years == (2010, 2020, 2030)
    assert (turned.classes == straight.classes).all()
    assert (turned.area_ha == straight.area_ha).all()
    assert codes_of(findings)[0] == "class-map-order"


def test_years_come_from_the_table_not_from_a_set(tmp_path):
    # In the order of a Python set 2010, 2015, 2018, 2020 (and 2030) become 2018, 2020, 2010, 2015.
    years = (2010, 2015, 2018, 2020)
    layers = [[[place + 1, 9]] for place in range(4)]
    table, _ = read_trajectories(maps(tmp_path, *layers, years=years))
    assert dict(zip(table.years, table.classes[0].tolist(), strict=True)) == {
        2010: 1,
        2015: 2,
        2018: 3,
        2020: 4,
    }


def test_a_year_that_comes_twice_is_refused(tmp_path):
    given = maps(tmp_path, FIRST, SECOND)
    table, findings = read_trajectories([given[0], DatedMap(2010, given[1].path)])
    assert table is None
    assert codes_of(findings) == ["class-map-year-twice"]


def test_nodata_that_is_a_class_counts_as_that_class(tmp_path):
    classes = {0: "sea", 1: "mangrove", 2: "pond"}
    table, findings = read_trajectories(maps(tmp_path, FIRST, SECOND), classes=classes)
    assert table.pixels.sum() == 8
    assert [0, 0] in table.classes.tolist()
    assert set(codes_of(findings)) == {"class-map-nodata-is-class"}


def test_numbers_that_nobody_named_are_refused(tmp_path):
    table, findings = read_trajectories(maps(tmp_path, FIRST, SECOND), classes={1: "mangrove"})
    assert table is None
    assert codes_of(findings).count("class-map-number-unknown") == 2


def test_maps_without_a_common_pixel(tmp_path):
    table, findings = read_trajectories(maps(tmp_path, [[1, 0]], [[0, 1]]))
    assert table is None
    assert "no-common-pixels" in codes_of(findings)


def test_other_grids_are_refused_unless_a_rule_is_declared(tmp_path):
    given = maps(tmp_path, FIRST)
    fine = np.kron(np.array(SECOND, np.uint8), np.ones((2, 2), np.uint8))
    path = write_classes(tmp_path / "fine.tif", fine, pixel=5.0, nodata=0)
    other = [*given, DatedMap(2020, path)]
    table, findings = read_trajectories(other)
    assert table is None
    assert codes_of(findings) == ["class-map-grid-differs"]
    assert "fine.tif" in findings[0].subject
    aligned, findings = read_trajectories(other, alignment="nearest")
    assert "class-map-aligned" in codes_of(findings)
    assert aligned.pixels.tolist() == [[2, 1, 1, 2]]


def test_a_truncated_file_is_named(tmp_path):
    rng = np.random.default_rng(0)
    noise = rng.integers(1, 7, (64, 64)).astype(np.uint8)
    given = maps(tmp_path, noise, noise, compress="deflate")
    content = given[1].path.read_bytes()
    given[1].path.write_bytes(content[: len(content) // 2])
    table, findings = read_trajectories(given)
    assert table is None
    assert any(f.code == "class-map-unreadable" and "map_2020" in f.subject for f in findings)


def test_class_numbers_of_sixteen_bits(tmp_path):
    first = np.array([[1000, 1000, 40000]], np.uint16)
    second = np.array([[1000, 7, 40000]], np.uint16)
    table, _ = read_trajectories(maps(tmp_path, first, second, nodata=65535))
    assert table.classes.tolist() == [[1000, 7], [1000, 1000], [40000, 40000]]
    write_codes(table, tmp_path / "codes.tif")
    with rasterio.open(tmp_path / "codes.tif") as codes:
        assert codes.read(1).tolist() == [[2, 1, 3]]


def test_strata(tmp_path):
    strata = write_classes(
        tmp_path / "strata.tif", np.array([[1, 1, 1, 1], [2, 2, 2, 2]], np.uint8)
    )
    table, _ = read_trajectories(maps(tmp_path, FIRST, SECOND), strata=strata)
    whole, _ = read_trajectories(maps(tmp_path, FIRST, SECOND))
    assert table.strata == ("1", "2")
    assert table.pixels.tolist() == [[1, 1, 0, 1], [1, 0, 1, 1]]
    assert table.area_ha.sum(axis=0) == pytest.approx(whole.area_ha[0])


def random_maps(number, classes, shape, seed):
    rng = np.random.default_rng(seed)
    coarse = rng.integers(1, classes + 1, (number, shape[0] // 8 + 1, shape[1] // 8 + 1))
    fine = np.kron(coarse, np.ones((1, 8, 8), int))[:, : shape[0], : shape[1]]
    noise = rng.random(fine.shape) < 0.02
    return np.where(noise, rng.integers(0, classes + 1, fine.shape), fine).astype(np.uint8)


@pytest.mark.parametrize(("number", "classes"), [(1, 3), (4, 7), (11, 2), (12, 9)])
def test_loop_and_twin_agree_and_unknown_trajectories_are_outside(number, classes):
    layers = random_maps(number, classes, (37, 53), seed=number)
    flat = layers.reshape(number, -1).T
    known = np.unique(flat[flat.all(axis=1)], axis=0)[::2]
    tree = tree_of(known, np.arange(1, len(known) + 1))
    by_loop, by_numpy = (np.zeros(layers.shape[1:], np.uint16) for _ in range(2))
    encode(layers, tree, by_loop)
    encode_numpy(layers, tree, by_numpy)
    code_of = {tuple(row): code for code, row in enumerate(known.tolist(), start=1)}
    expected = [code_of.get(tuple(row), 0) for row in flat.tolist()]
    assert by_numpy.ravel().tolist() == expected
    assert (by_loop == by_numpy).all()


def test_without_a_compiler_the_twins_are_used(monkeypatch):
    layers = random_maps(3, 4, (20, 20), seed=1)
    known = np.unique(layers.reshape(3, -1).T, axis=0)
    tree = tree_of(known, np.arange(1, len(known) + 1))
    values = np.arange(len(known) + 1, dtype=np.float32)
    fast, slow = (np.zeros((20, 20), np.uint16) for _ in range(2))
    encode(layers, tree, fast)
    looked_up = look_up(fast, values, np.zeros((20, 20), np.float32))
    monkeypatch.setenv(compiled.NO_COMPILER, "1")
    compiled.loops.cache_clear()
    try:
        encode(layers, tree, slow)
        again = look_up(slow, values, np.zeros((20, 20), np.float32))
    finally:
        compiled.loops.cache_clear()
    assert (fast == slow).all()
    assert (looked_up == again).all()
    assert (again == values[slow]).all()


def test_codes_on_disk_fit_the_table_on_any_number_of_threads(tmp_path):
    layers = random_maps(3, 5, (600, 90), seed=3)
    given = maps(tmp_path, *layers)
    table, _ = read_trajectories(given, runner=Threads(3))
    alone, _ = read_trajectories(given, runner=Threads(1))
    assert (table.area_ha == alone.area_ha).all()
    write_codes(table, tmp_path / "a.tif", runner=Threads(3))
    write_codes(alone, tmp_path / "b.tif", runner=Threads(1))
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()
    with rasterio.open(tmp_path / "a.tif") as source:
        codes = source.read(1)
        assert source.nodata == 0
    assert np.bincount(codes.ravel())[1:].tolist() == table.pixels[0].tolist()
    row = codes[300, 40] - 1
    assert table.classes[row].tolist() == layers[:, 300, 40].tolist()
