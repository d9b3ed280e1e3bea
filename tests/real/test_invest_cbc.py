"""The rasters of natcap.invest 3.20.2 on real mangrove maps (Hai Phong, GMW v3), years in order.

Tolerance: the program adds up single precision numbers year by year, which leaves a few parts in
10 million; 3e-6 is the limit of the issue, and 16 rasters are compared pixel by pixel.
"""

import json

import numpy as np
import pytest
import rasterio

from bluecarbon.mrv.invest_cbc import Economics, run_invest, side_by_side, write_invest
from bluecarbon.mrv.invest_tables import read_invest_tables

TOLERANCE = 3e-6
RELEASED_TOTAL = 17_652_009
"""Total net sequestration, per-hectare values summed over pixels, of the program out of the box."""


@pytest.fixture(scope="module")
def folder(real_data):
    return real_data / "invest_cbc_reference"


@pytest.fixture(scope="module")
def inputs(folder):
    names = ("snapshots.csv", "biophysical.csv", "transitions.csv")
    found, findings = read_invest_tables(*(folder / "inputs" / name for name in names))
    assert findings == ()
    return found


@pytest.fixture(scope="module")
def written(inputs, tmp_path_factory):
    economics = Economics(price=10.0, inflation_percent=2.0, discount_percent=3.0)
    run, findings = run_invest(
        inputs, analysis_year=2030, compat="invest-3.20", economics=economics
    )
    assert findings == ()
    return write_invest(run, tmp_path_factory.mktemp("invest"))


@pytest.fixture(scope="module")
def expected_totals(folder):
    return json.loads((folder / "expected" / "totals.json").read_text())["outputs"]


def test_all_rasters_of_the_program_are_there(folder, written):
    names = {path.stem for path in (folder / "expected").glob("*.tif")}
    assert len(names) == 16
    assert set(written) - {"totals"} == names


def test_every_pixel_has_the_value_of_the_program(folder, written):
    for path in sorted((folder / "expected").glob("*.tif")):
        with rasterio.open(path) as source, rasterio.open(written[path.stem]) as ours:
            expected, got = source.read(1, masked=True), ours.read(1, masked=True)
        assert (np.ma.getmaskarray(expected) == np.ma.getmaskarray(got)).all(), path.name
        difference = np.ma.abs(got.astype(float) - expected.astype(float))
        allowed = TOLERANCE * np.ma.abs(expected.astype(float))
        assert (difference <= allowed).all(), (path.name, difference.max())


def test_sums_are_those_that_the_program_was_summed_to(written, expected_totals):
    for name, expected in expected_totals.items():
        with rasterio.open(written[name.removesuffix(".tif")]) as source:
            values = source.read(1, masked=True)
        assert values.count() == expected["n"], name
        total = float(values.sum(dtype=np.float64))
        assert total == pytest.approx(expected["sum_per_ha_values"], rel=TOLERANCE), name


def test_the_three_answers_side_by_side(inputs, expected_totals):
    run, _ = run_invest(inputs, analysis_year=2030)
    pixels = run.trajectories.pixels[0]

    def net(one):
        return float(one.table.net.sum(axis=(1, 2)) @ pixels)

    runs = side_by_side(run, inputs)
    whole = expected_totals["total-net-carbon-sequestration.tif"]["sum_per_ha_values"]
    assert net(runs["invest-3.20"]) == pytest.approx(whole, rel=TOLERANCE)
    # Out of the box the program takes the map of 2010 for 1996 and that of 1996 for 2010.
    assert net(runs["invest-3.20 as released"]) == pytest.approx(RELEASED_TOTAL, abs=0.5)
    assert net(runs["guide"]) > 1.04 * whole


def test_stocks_of_the_guide_are_stocks(inputs):
    run, _ = run_invest(inputs, analysis_year=2030)
    first = run.table.at(1996).sum(axis=-1)
    assert set(first.tolist()) == {330.0 + 940.0 + 12.0, 0.0}
    change = run.totals.stock[0, -1] - run.totals.stock[0, 0]
    assert run.totals.net[0].sum(axis=0) == pytest.approx(change)
