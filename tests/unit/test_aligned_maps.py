"""Maps brought to another grid: no data votes, named numbers stay, ground beyond is filled."""

import numpy as np
import pandas as pd
import pytest
from rasterio.windows import Window
from support.change_maps import mrv
from support.class_raster import write_classes

from bluecarbon.mrv.aligned_maps import aligned_map, reaches
from bluecarbon.mrv.rasters import opened, read_grid

LEFT, TOP = 370_000.0, 2_380_000.0
BOTH = ["--legend", "0=other", "--legend", "1=mangrove"]


def grid_of(path):
    return read_grid(path, "map", what="map")[0]


def brought(path, place, rule, fill, *, window=None):
    with opened(path) as source, aligned_map(source, place, rule=rule, fill=fill) as aligned:
        return aligned.read(1, window=window or Window(0, 0, place.width, place.height))


def voters(rng):
    """(64, 64) numbers 0 to 2 of which every 4 x 4 has one that is in most of its pixels."""
    most = rng.integers(0, 3, (16, 16), dtype=np.uint8)
    fine = most.repeat(4, axis=0).repeat(4, axis=1)
    specks = rng.random((64, 64)) < 0.2
    fine[specks] = rng.integers(0, 3, specks.sum())
    cells = fine.reshape(16, 4, 16, 4).swapaxes(1, 2).reshape(16, 16, 16)
    counts = np.stack([(cells == number).sum(axis=2) for number in range(3)])
    sure = np.sort(counts, axis=0)
    return fine, counts.argmax(axis=0), sure[2] > sure[1]


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32"])
def test_no_data_votes_like_any_number(tmp_path, dtype):
    fine, most, sure = voters(np.random.default_rng(1))
    coarse = grid_of(write_classes(tmp_path / "c.tif", np.ones((16, 16), np.uint8), pixel=40.0))
    path = write_classes(tmp_path / "f.tif", fine.astype(dtype), nodata=0)
    made = brought(path, coarse, "mode", 0)
    assert sure.mean() > 0.9
    np.testing.assert_array_equal(made[sure], most[sure])
    assert (most == 0).sum() > 50


@pytest.mark.parametrize("rule", ["mode", "nearest"])
def test_ground_beyond_the_map_is_filled_where_the_centre_is_beyond(tmp_path, rule):
    place = grid_of(
        write_classes(
            tmp_path / "c.tif", np.ones((6, 6), np.uint8), pixel=50.0, left=LEFT - 70, top=TOP + 70
        )
    )
    path = write_classes(tmp_path / "f.tif", np.full((20, 20), 3, np.uint8), nodata=0)
    centres = LEFT - 70 + 50 * (np.arange(6) + 0.5)
    inside = (centres > LEFT) & (centres < LEFT + 200)
    expected = np.where(inside[:, None] & inside, 3, 9)
    np.testing.assert_array_equal(brought(path, place, rule, 9), expected)
    part = brought(path, place, rule, 9, window=Window(2, 1, 3, 4))
    np.testing.assert_array_equal(part, expected[1:5, 2:5])


def test_which_grid_covers_another(tmp_path):
    large = grid_of(write_classes(tmp_path / "l.tif", np.ones((20, 20), np.uint8)))
    small = grid_of(write_classes(tmp_path / "s.tif", np.ones((5, 5), np.uint8), pixel=40.0))
    west, _, _, north = large.footprint().bounds
    corner = {"epsg": 4326, "pixel": 0.001, "left": west - 0.0001, "top": north + 0.0001}
    degrees = grid_of(write_classes(tmp_path / "d.tif", np.ones((9, 9), np.uint8), **corner))
    assert reaches(large, small)
    assert reaches(large, large)
    assert not reaches(small, large.part(slice(0, 20), slice(1, 21)))
    assert reaches(degrees, large)
    assert not reaches(large, degrees)


def test_a_class_that_is_tagged_as_no_data_is_counted_after_alignment(tmp_path):
    fine = np.zeros((64, 64), np.uint8)
    fine[::4, ::4] = 1
    fine[:8, :8] = 1
    coarse = write_classes(tmp_path / "c_2010.tif", np.ones((16, 16), np.uint8), pixel=40.0)
    path = write_classes(tmp_path / "f_2020.tif", fine, nodata=0)
    asked = ["--align", "mode", "--out", tmp_path / "out"]
    done = mrv("change", coarse, path, *BOTH, *asked)
    assert done.exit_code == 0, done.output
    rows = pd.read_csv(tmp_path / "out/tables/sequences.csv").set_index("2020")
    assert rows["pixels"].to_dict() == {0: 252, 1: 4}


def test_ground_beyond_a_map_is_not_counted_as_a_class(tmp_path):
    coarse = write_classes(tmp_path / "c_2010.tif", np.ones((16, 16), np.uint8), pixel=40.0)
    part = write_classes(tmp_path / "f_2020.tif", np.ones((60, 64), np.uint8), nodata=0)
    asked = ["--align", "mode", "--out", tmp_path / "out"]
    done = mrv("change", coarse, part, *BOTH, *asked)
    assert done.exit_code == 2
    assert "ground beyond it would be that" in done.stderr
    assert "class-map-nodata-missing" in done.stderr
