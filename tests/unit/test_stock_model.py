"""The table of stocks against a plain recomputation, one trajectory and one pool at a time."""

import math

import numpy as np
import pytest

from bluecarbon.mrv.stock_model import (
    ACCUMULATION,
    HIGH,
    LOW,
    NO_CHANGE,
    POOLS,
    StockParameters,
    stock_table,
    table_totals,
    yearly,
)

BIOMASS, SOIL, LITTER = range(3)
YEARS = (2010, 2015, 2020)

INITIAL = {1: (500.0, 1000.0, 50.0), 2: (0.0, 300.0, 0.0), 3: (60.0, 400.0, 4.0)}
GAIN = {1: (12.0, 6.0, 0.1), 2: (0.0, 0.5, 0.0), 3: (16.0, 5.0, 0.5)}
HALF_LIFE = {1: (5.0, 7.5), 2: (1.0, 2.0), 3: (4.0, 6.0)}
LOST = {1: ((0.3, 0.2), (0.5, 0.4), (1.0, 0.66)), 2: ((0.0, 0.1),) * 3, 3: ((0.2, 0.1),) * 3}
ACTIONS = {
    (1, 1): ACCUMULATION, (1, 2): HIGH, (1, 3): LOW,
    (2, 1): ACCUMULATION, (2, 2): NO_CHANGE, (2, 3): ACCUMULATION,
    (3, 1): ACCUMULATION, (3, 2): HIGH, (3, 3): ACCUMULATION,
}  # fmt: skip


def parameters(half_life=HALF_LIFE):
    codes = (1, 2, 3)
    shares = np.zeros((3, 3, 3))
    for place, code in enumerate(codes):
        for impact in range(3):
            shares[impact, place, :2] = LOST[code][impact]
    return StockParameters(
        codes,
        ("mangrove", "pond", "degraded"),
        np.array([INITIAL[c] for c in codes]),
        np.array([GAIN[c] for c in codes]),
        np.array([(*half_life[c], 1.0) for c in codes]),
        shares,
        np.array([[ACTIONS[a, b] for b in codes] for a in codes], np.int8),
    )


def by_hand(path, pool, last_year, half_life=HALF_LIFE):
    """Stocks and (accumulation, emission) of each year from the guide's own words."""
    stock, stocks, flows = INITIAL[path[0]][pool], [], []
    rate, disturbed = GAIN[path[0]][pool], None
    for year in range(YEARS[0], last_year):
        if year in YEARS[1:]:
            before, now = path[YEARS.index(year) - 1], path[YEARS.index(year)]
            action = ACTIONS[before, now]
            if pool == LITTER:
                rate = GAIN[now][pool]
            elif action == ACCUMULATION:
                rate, disturbed = GAIN[now][pool], None
            elif action >= LOW:
                share = LOST[before][action - LOW][pool]
                rate = 0.0
                if share:
                    disturbed = (year, share * stock, half_life[before][pool])
            else:
                rate = 0.0
        emission = 0.0
        if disturbed:
            since, volume, half = disturbed
            emission = volume * (
                0.5 ** ((year - since) / half) - 0.5 ** ((year - since + 1) / half)
            )
        stocks.append(stock)
        flows.append((rate, emission))
        stock += rate - emission
    return [*stocks, stock], flows


PATHS = [(a, b, c) for a in (1, 2, 3) for b in (1, 2, 3) for c in (1, 2, 3)]


def test_every_trajectory_is_what_the_guide_says():
    table = stock_table(np.array(PATHS), YEARS, parameters(), 2030)
    assert table.years == tuple(range(2010, 2030))
    for row, path in enumerate(PATHS):
        for pool in range(3):
            stocks, flows = by_hand(path, pool, 2030)
            got = np.column_stack([table.accumulation[row, :, pool], table.emission[row, :, pool]])
            assert table.stock[row, :, pool] == pytest.approx(stocks, rel=1e-12), (path, pool)
            assert got == pytest.approx(np.array(flows), rel=1e-9, abs=1e-9), (path, pool)


def test_stock_holds_the_litter_stock():
    guide = stock_table(np.array([[1, 1]]), (2010, 2020), parameters(), 2030)
    invest = stock_table(
        np.array([[1, 1]]), (2010, 2020), parameters(), 2030, convention="invest-3.20"
    )
    assert guide.at(2010).sum() == 500 + 1000 + 50
    # The program puts the yearly litter accumulation where the litter stock belongs.
    assert invest.at(2010).sum() == 500 + 1000 + 0.1


@pytest.mark.parametrize(("pond_half_life", "invest_share"), [(0.0, 0.0), (100.0, None)])
def test_half_life_is_that_of_the_class_that_was_lost(pond_half_life, invest_share):
    half_life = HALF_LIFE | {2: (pond_half_life, pond_half_life)}
    path = np.array([[1, 2, 2]])
    guide = stock_table(path, YEARS, parameters(half_life), 2030)
    invest = stock_table(path, YEARS, parameters(half_life), 2030, convention="invest-3.20")
    soil = (1000 + 5 * 6) * 0.66
    assert guide.emission[0, 5, SOIL] == pytest.approx(soil * (1 - 0.5 ** (1 / 7.5)))
    at_2020 = soil * (0.5 ** (5 / 7.5) - 0.5 ** (6 / 7.5))
    assert guide.emission[0, 10, SOIL] == pytest.approx(at_2020)
    expected = 0.0 if invest_share == 0.0 else soil * (0.5 ** (5 / 100) - 0.5 ** (6 / 100))
    assert invest.emission[0, 10, SOIL] == pytest.approx(expected)


def test_a_restored_pond_accumulates_by_the_guide_and_never_in_the_program():
    path = np.array([[1, 2, 1]])
    guide = stock_table(path, YEARS, parameters(), 2030)
    invest = stock_table(path, YEARS, parameters(), 2030, convention="invest-3.20")
    assert guide.net[0, 10:, SOIL] == pytest.approx(np.full(10, 6.0))
    assert guide.emission[0, 10:].sum() == 0
    assert (invest.net[0, 10:, SOIL] < 0).all()
    assert invest.accumulation[0, 10:, SOIL] == pytest.approx(np.full(10, 6.0))


def test_a_transition_without_change_lets_decay_go_on():
    table = stock_table(np.array([[1, 2, 2]]), YEARS, parameters(), 2040)
    emitted = table.emission[0, :, BIOMASS].sum()
    disturbed = 500 + 5 * 12
    assert emitted == pytest.approx(disturbed * (1 - 0.5 ** (25 / 5)))
    # Everything that was disturbed is emitted in the end, and no more.
    late = stock_table(np.array([[1, 2, 2]]), YEARS, parameters(), 2500)
    assert late.emission[0, :, BIOMASS].sum() == pytest.approx(disturbed)
    assert late.at(2500)[0, BIOMASS] == pytest.approx(0, abs=1e-9)


def test_half_life_zero_is_the_limit_of_short_ones():
    half_life = HALF_LIFE | {1: (0.0, 7.5)}
    table = stock_table(np.array([[1, 2, 2]]), YEARS, parameters(half_life), 2030)
    assert table.emission[0, 5, BIOMASS] == 560
    assert table.emission[0, 6:, BIOMASS].sum() == 0


def test_periods_and_sums():
    table = stock_table(np.array(PATHS), YEARS, parameters(), 2030)
    assert table.periods == ((2010, 2015), (2015, 2020), (2020, 2030))
    parts = sum(table.between(table.net, *period) for period in table.periods)
    assert parts == pytest.approx(table.at(2030) - table.at(2010))
    assert stock_table(np.array(PATHS), YEARS, parameters(), 2020).periods[-1] == (2015, 2020)


def test_totals_are_the_table_times_hectares():
    table = stock_table(np.array(PATHS), YEARS, parameters(), 2030)
    area = np.arange(1.0, len(PATHS) + 1)
    totals = table_totals(table, np.stack([area, area * 2]))
    assert totals.stock.shape == (2, 21, 3)
    expected = math.fsum(a * s for a, s in zip(area, table.stock[:, 7, SOIL], strict=True))
    assert totals.stock[0, 7, SOIL] == pytest.approx(expected)
    assert totals.net[1] == pytest.approx(2 * totals.net[0])


def test_a_draw_axis_gives_what_single_runs_give():
    one, other = parameters(), parameters({c: (h[0] * 2, h[1]) for c, h in HALF_LIFE.items()})
    names = ("initial", "accumulation", "half_life", "disturbed_share")
    both = StockParameters(
        one.codes,
        one.names,
        *(np.stack([getattr(one, name), getattr(other, name)]) for name in names),
        one.transitions,
    )
    drawn = list(yearly(np.array(PATHS), YEARS, both, last_year=2030))
    for draw, single in enumerate((one, other)):
        table = stock_table(np.array(PATHS), YEARS, single, 2030)
        for number, state in enumerate(drawn[:-1]):
            assert (state.stock[draw] == table.stock[:, number]).all()
            assert (state.emission[draw] == table.emission[:, number]).all()


@pytest.mark.parametrize(
    ("years", "last", "path", "words"),
    [
        ((2015, 2010, 2020), 2030, (1, 1, 1), "ascend"),
        (YEARS, 2019, (1, 1, 1), "does not follow"),
        (YEARS, 2030, (1, 9, 1), r"without parameters: \[9\]"),
    ],
)
def test_what_cannot_be_computed_is_said(years, last, path, words):
    with pytest.raises(ValueError, match=words):
        stock_table(np.array([path]), years, parameters(), last)


def test_pools_are_named():
    assert POOLS == ("biomass", "soil", "litter")
