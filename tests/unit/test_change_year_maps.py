"""First and last change of a class: maps of years, and the hectares of each year."""

import itertools

import numpy as np
import pandas as pd
import pytest
import rasterio
from support.change_maps import digests, mrv
from support.class_raster import write_classes

from bluecarbon.mrv.area import pixel_area_ha
from bluecarbon.mrv.rasters import read_grid

YEARS = (2000, 2010, 2015, 2020)
NAMED = ["--legend", "1=mangrove", "--legend", "2=other"]


def series(folder, rows=40, columns=40, seed=5):
    rng = np.random.default_rng(seed)
    codes = rng.choice([0, 1, 2], (4, rows, columns), p=[0.2, 0.4, 0.4]).astype(np.uint8)
    codes[:, :5, :5] = 1
    codes[1:, 5:8, :5] = 0
    paths = [
        write_classes(folder / f"m_{year}.tif", layer, nodata=0)
        for year, layer in zip(YEARS, codes, strict=True)
    ]
    return paths, codes


def expected(codes):
    """Pixel by pixel, in plain words: (first, last) year that shows a change."""
    made = np.zeros((2, *codes.shape[1:]), int)
    for row, column in np.ndindex(codes.shape[1:]):
        known = [(y, c) for y, c in zip(YEARS, codes[:, row, column], strict=True) if c]
        changed = [b[0] for a, b in itertools.pairwise(known) if a[1] != b[1]]
        dated = (changed[0], changed[-1]) if changed else (0, 0)
        made[:, row, column] = dated if len(known) > 1 else (65_535, 65_535)
    return made


@pytest.fixture
def made(tmp_path):
    paths, codes = series(tmp_path)
    done = mrv("change", *paths, *NAMED, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    return paths, codes, tmp_path / "out"


def test_every_pixel_has_the_year_of_its_first_and_last_change(made):
    _, codes, out = made
    for name, years in zip(("first_change", "last_change"), expected(codes), strict=True):
        with rasterio.open(out / f"maps/{name}.tif") as source:
            np.testing.assert_array_equal(source.read(1), years)
            assert (source.dtypes, source.nodata) == (("uint16",), 65_535)
            assert "change of mangrove" in source.tags(1)["long_name"]


def test_hectares_by_year_are_the_sums_of_the_maps(made):
    paths, codes, out = made
    area_ha = pixel_area_ha(read_grid(paths[0], "m", what="map")[0])
    first, last = expected(codes)
    table = pd.read_csv(out / "tables/change_years.csv").set_index("year")
    assert table.index.tolist() == [2010, 2015, 2020]
    for year, row in table.iterrows():
        once = (first == year) & (last == year)
        for name, mask in (
            ("first_change_ha", first == year), ("last_change_ha", last == year), ("once_ha", once)
        ):  # fmt: skip
            assert row[name] == pytest.approx(area_ha[mask].sum(), rel=1e-9)


def test_two_dates_have_one_period_and_no_years_of_change(tmp_path):
    paths, _ = series(tmp_path)
    done = mrv("change", *paths[:2], *NAMED, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    names = set(digests(tmp_path / "out"))
    assert not names & {"maps/first_change.tif", "tables/change_years.csv"}


def test_maps_of_years_follow_the_rules_and_repeat_their_bytes(made, tmp_path):
    paths, _, out = made
    before = digests(out)
    again = mrv("change", *paths, *NAMED, "--out", tmp_path / "again", "--workers", "2")
    assert again.exit_code == 0, again.output
    name = "maps/last_change.tif"
    assert digests(tmp_path / "again")[name] == before[name]
    cleaned = mrv("change", *paths, *NAMED, "--persistence", "three-date", "--out", out)
    assert cleaned.exit_code == 0, cleaned.output
    assert digests(out)[name] != before[name]
