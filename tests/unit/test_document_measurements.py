"""What the tables of a document say where numbers are missing, and which maps are drawn."""

import pandas as pd
import pytest

from bluecarbon.mrv import document_measurements
from bluecarbon.mrv.document_measurements import (
    _changes,
    _shown_changes,
    _stocks_table,
    _unknown_stocks,
)
from bluecarbon.mrv.document_words import Words

ENGLISH = Words("en")


class Given:
    """As much of the evidence as a table needs."""

    def __init__(self, claimed=None, **tables):
        self.claimed_change = claimed
        self.tables = tables
        self.report = type("R", (), {"monitoring": type("M", (), {"strata": ()})})

    def table(self, name):
        return self.tables.get(name, pd.DataFrame())


@pytest.mark.parametrize(
    ("shown", "claimed", "pairs"),
    [
        ((2015, 2019, 2024), (2019, 2024), [(2015, 2019), (2019, 2024)]),
        ((2015, 2019, 2024), (2015, 2024), [(2015, 2019), (2019, 2024), (2015, 2024)]),
        ((2024,), None, []),
    ],
)
def test_the_change_of_every_drawn_interval_is_drawn(shown, claimed, pairs):
    assert _shown_changes(Given(claimed), shown) == pairs


def changes(sampled):
    limits = {"ci_low_ha": 40.0, "ci_high_ha": 60.0} if sampled else {}
    rows = [
        {
            "stratum": "",
            "from_epoch": 2019,
            "to_epoch": 2024,
            "kind": kind,
            "area_ha": area,
            "ci_low_ha": float("nan"),
            "ci_high_ha": float("nan"),
            "sample_size": 100 if sampled else 0,
        }
        | limits
        for kind, area in (("gain", 67.5), ("loss", 11.6), ("net", 55.9))
    ]
    return pd.DataFrame(rows)


ESTIMATES = pd.DataFrame(
    {"stratum": "", "epoch": [2019, 2024], "area_ha": [264.9, 323.9], "sample_size": 390}
)


def test_a_change_counted_on_maps_has_no_empty_column_and_says_why_once():
    given = Given(change_estimates=changes(sampled=False), area_estimates=ESTIMATES)
    _, table, why, net = _changes(given, ENGLISH)
    assert [c.heading for c in table.columns][-1] == "net, ha"
    assert table.rows == (("2019–2024", "whole boundary", "67.5", "11.6", "55.9"),)
    assert "no interval, because" in why.text
    assert "55.9 ha on the maps, 59.0 ha between the estimates" in net.text


def test_a_change_from_a_sample_keeps_its_interval():
    given = Given(change_estimates=changes(sampled=True), area_estimates=ESTIMATES)
    _, table, why = _changes(given, ENGLISH)
    assert table.rows[0][-1] == "40.0 – 60.0"
    assert "labelled in both years" in why.text


def test_without_a_sample_there_is_no_second_net_change():
    mapped = ESTIMATES.assign(sample_size=0)
    given = Given(change_estimates=changes(sampled=False), area_estimates=mapped)
    assert len(list(_changes(given, ENGLISH))) == 3


def stocks(unknown_ha):
    rows = [
        {
            "epoch": 2024,
            "stratum": stratum,
            "class": "",
            "pool": pool,
            "area_ha": 323.9,
            "unknown_ha": unknown_ha,
            "stock_tc": 100.0,
            "standard_error_tc": 5.0,
        }
        for stratum in ("K15", "")
        for pool in ("agb", "soil", "total")
    ]
    return pd.DataFrame(rows)


def test_ground_without_a_stock_is_said_beside_the_sum():
    (said,) = _unknown_stocks(stocks(2.68), ENGLISH)
    assert "2024: 2.7 of 323.9 ha" in said.text
    table = _stocks_table(stocks(2.68), Given(), ENGLISH)
    column = [c.heading for c in table.columns].index("not known, ha")
    assert [row[column] for row in table.rows] == ["2.7", "2.7"]
    assert list(_unknown_stocks(stocks(0.0), ENGLISH)) == []


def test_both_languages_keep_their_own_list():
    (said,) = _unknown_stocks(stocks(2.68), Words("both"))
    zh, en = said.text.split("\n")
    assert "2024 年 323.9 公顷中的 2.7 公顷" in zh
    assert "2.7 of 323.9 ha" not in zh
    assert "公顷" not in en


def test_the_mean_of_a_stock_map_is_that_of_the_table():
    totals = stocks(0.0).assign(mean_tc_ha=174.9)
    assert document_measurements._mean_stock(totals, 2024) == "174.9"
    assert document_measurements._mean_stock(totals, 2019) == "–"
