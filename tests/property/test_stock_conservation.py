"""Stocks and flows add up for any parameters, trajectories and years."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bluecarbon.mrv.stock_model import StockParameters, stock_table, table_totals

CLASSES = 4


@st.composite
def cases(draw):
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    steps = draw(st.lists(st.integers(1, 12), min_size=1, max_size=5))
    years = tuple(int(y) for y in 1980 + np.cumsum([0, *steps[:-1]]))
    last = years[-1] + steps[-1]
    shape = (CLASSES, 3)
    half_life = rng.uniform(0, 20, shape) * (rng.random(shape) > 0.1)
    shares = rng.random((3, *shape)) * (rng.random((3, *shape)) > 0.2)
    actions = rng.integers(0, 5, (CLASSES, CLASSES)).astype(np.int8)
    parameters = StockParameters(
        tuple(range(CLASSES)),
        tuple("abcd"),
        rng.uniform(0, 1000, shape),
        rng.uniform(0, 20, shape),
        half_life,
        shares,
        actions,
    )
    paths = rng.integers(0, CLASSES, (draw(st.integers(1, 30)), len(years)))
    return parameters, paths, years, last


@settings(max_examples=150, deadline=None)
@given(cases())
def test_stocks_and_flows_add_up(case):
    parameters, paths, years, last = case
    table = stock_table(paths, years, parameters, last)
    assert table.net == pytest.approx(table.accumulation - table.emission, abs=1e-9)
    assert np.diff(table.stock, axis=1) == pytest.approx(table.net, abs=1e-9)
    # A pool accumulates or emits, and never emits more than it has.
    assert (np.minimum(table.accumulation, table.emission)[..., :2] == 0).all()
    assert (table.stock >= -1e-9).all()
    assert (table.emission[..., 2] == 0).all()
    area = np.linspace(1, 2, len(paths))
    totals = table_totals(table, area)
    change = totals.stock[:, -1] - totals.stock[:, 0]
    assert totals.net.sum(axis=1) == pytest.approx(change, rel=1e-9, abs=1e-6)
    whole = sum(table.between(table.net, *period) for period in table.periods)
    assert area @ whole == pytest.approx(change[0], rel=1e-9, abs=1e-6)
