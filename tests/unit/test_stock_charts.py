"""Carbon maps of documents: one scale for all years, and a pattern where there is no number."""

import numpy as np
import pytest
import rasterio
from affine import Affine
from matplotlib.colors import Normalize
from rasterio.crs import CRS

from bluecarbon.mrv import stock_charts
from bluecarbon.mrv.evidence import Evidence

PLACE = Affine(10.0, 0.0, 370_000.0, 0.0, -10.0, 2_380_000.0)


def write_stocks(folder, year, values):
    (folder / "stock_maps").mkdir(exist_ok=True)
    with rasterio.open(
        folder / f"stock_maps/total_{year}.tif",
        "w",
        driver="GTiff",
        width=values.shape[1],
        height=values.shape[0],
        count=1,
        dtype="float32",
        crs=CRS.from_epsg(32649),
        transform=PLACE,
        nodata=np.nan,
    ) as target:
        target.write(values.astype(np.float32), 1)


@pytest.fixture
def evidence(tmp_path):
    low = np.full((20, 40), 50.0)
    low[:, :10] = np.nan
    write_stocks(tmp_path, 2024, 4 * low)
    write_stocks(tmp_path, 2019, low)
    (tmp_path / "stock_maps/total_se_2024.tif").write_bytes(b"another map")
    return Evidence(None, tmp_path, {}, ())


def test_the_maps_of_all_pools_are_found_in_the_order_of_their_years(evidence):
    assert list(evidence.stock_maps) == [2019, 2024]


def test_a_run_without_stocks_has_no_maps(tmp_path):
    assert Evidence(None, tmp_path, {}, ()).stock_maps == {}


def test_a_map_is_drawn_once_and_is_the_same_bytes_for_another_reader(evidence, tmp_path):
    first = stock_charts.stock_map_svg(evidence, 2019)
    assert stock_charts.stock_map_svg(evidence, 2019) is first
    assert stock_charts.stock_map_svg(Evidence(None, tmp_path, {}, ()), 2019) == first
    # the map itself and its scale
    assert first.count(b"<image") == 2


def test_all_years_have_one_scale(evidence, monkeypatch):
    scales = []
    monkeypatch.setattr(stock_charts, "_scale", lambda _, norm: scales.append(norm.vmax))
    for year in evidence.stock_maps:
        stock_charts.stock_map_svg(evidence, year)
    assert scales == [200.0, 200.0]


def test_ground_without_a_number_is_white_with_lines_and_no_colour_of_the_scale():
    values = np.array([[np.nan, 0.0, 100.0]], dtype=np.float32)
    picture = stock_charts._picture(values, Normalize(0.0, 100.0))
    times = picture.shape[0]
    nothing = np.unique(picture[:, :times].reshape(-1, 3), axis=0)
    assert nothing.tolist() == [[0.75, 0.75, 0.75], [1.0, 1.0, 1.0]]
    dark, light = picture[0, times], picture[0, -1]
    assert dark.mean() < light.mean()
    (swatch,) = stock_charts.stock_legend()
    assert swatch.svg.startswith(b"<svg")


def test_a_map_lies_where_its_file_says(evidence):
    path = evidence.stock_maps[2019]
    drawn = stock_charts._drawn(path, np.zeros((10, 20), dtype=np.float32))
    assert drawn.transform == Affine(20.0, 0.0, 370_000.0, 0.0, -20.0, 2_380_000.0)
    assert drawn.crs.to_epsg() == 32649
