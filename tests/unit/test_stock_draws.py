"""Draws of the biophysical table: the same for a seed, centred, and only where declared."""

import dataclasses

import numpy as np
import pytest
from support.invest_project import BIOPHYSICAL, codes_of, write_project

from bluecarbon.mrv import stock_draws
from bluecarbon.mrv.invest_cbc import run_invest, simulate_invest
from bluecarbon.mrv.invest_tables import read_invest_tables
from bluecarbon.mrv.stock_draws import parameter_draws


@pytest.fixture
def project(tmp_path):
    errors = ("soil-initial-standard-error", "80", "15", "0")
    lines = [f"{a},{b}" for a, b in zip(BIOPHYSICAL.splitlines(), errors, strict=True)]
    inputs, _ = read_invest_tables(*write_project(tmp_path, biophysical="\n".join(lines)))
    run, _ = run_invest(inputs, analysis_year=2030)
    return inputs, run


def test_draws_spread_around_the_totals(project):
    inputs, run = project
    drawn, findings = simulate_invest(inputs, run, draws=4000, seed=3)
    assert findings == ()
    assert drawn.stock.shape == (4000, 21, 3)
    assert drawn.net.shape == (4000, 20, 3)
    # The first soil stock is linear in the two uncertain numbers: mean and spread are known.
    area = run.trajectories.area_ha[0]
    first = run.trajectories.classes[:, 0]
    mangrove, pond = area[first == 1].sum(), area[first == 2].sum()
    spread = np.hypot(80 * mangrove, 15 * pond)
    soil = drawn.stock[:, 0, 1]
    assert soil.mean() == pytest.approx(run.totals.stock[0, 0, 1], abs=4 * spread / 4000**0.5)
    assert soil.std() == pytest.approx(spread, rel=0.06)
    # What is exact stays exact in every draw.
    assert np.ptp(drawn.stock[:, 0, 0]) == 0
    assert drawn.stock[:, -1] - drawn.stock[:, 0] == pytest.approx(drawn.net.sum(axis=1))


def test_a_seed_gives_the_same_draws_whatever_the_chunks(project, monkeypatch):
    inputs, run = project
    one, _ = simulate_invest(inputs, run, draws=50, seed=1)
    other, _ = simulate_invest(inputs, run, draws=50, seed=2)
    monkeypatch.setattr(stock_draws, "CELLS_PER_CHUNK", 100)
    again, _ = simulate_invest(inputs, run, draws=50, seed=1)
    assert (one.stock == again.stock).all()
    assert (one.emission == again.emission).all()
    assert (one.stock[:, 0, 1] != other.stock[:, 0, 1]).all()


def test_draws_without_errors_are_the_table(project):
    inputs, run = project
    exact = dataclasses.replace(
        inputs.uncertainty, initial=np.zeros_like(inputs.uncertainty.initial)
    )
    parameters = next(parameter_draws(inputs.parameters, exact, draws=3, seed=1, trajectories=10))
    assert (parameters.initial == inputs.parameters.initial).all()
    assert parameters.initial.shape == (3, 3, 3)
    nothing, findings = simulate_invest(
        dataclasses.replace(inputs, uncertainty=exact), run, draws=3, seed=1
    )
    assert nothing is None
    assert codes_of(findings) == ["no-uncertainty"]


def test_shares_stay_shares_and_stocks_positive(project):
    inputs, _ = project
    wide = dataclasses.replace(
        inputs.uncertainty,
        initial=inputs.parameters.initial * 1.0,
        disturbed_share=np.full_like(inputs.parameters.disturbed_share, 0.5),
    )
    drawn = next(parameter_draws(inputs.parameters, wide, draws=500, seed=1, trajectories=1))
    assert drawn.disturbed_share.min() == 0
    assert drawn.disturbed_share.max() == 1
    assert (drawn.initial[:, 0, 0] > 0).all()
    assert drawn.initial[:, 0, 0].mean() == pytest.approx(500, rel=0.15)


def test_draws_of_the_program_follow_the_guide_and_say_so(project):
    inputs, _ = project
    run, _ = run_invest(inputs, analysis_year=2030, compat="invest-3.20")
    drawn, findings = simulate_invest(inputs, run, draws=5, seed=1)
    assert codes_of(findings) == ["draws-follow-guide"]
    assert drawn.stock.shape[0] == 5
