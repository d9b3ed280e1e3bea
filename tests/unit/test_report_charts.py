"""Charts of a report: drawn from plain tables, the same bytes each time, whatever is missing."""

import re

import numpy as np
import pandas as pd
import pytest
from support.monitoring import make_monitoring

from bluecarbon import typesetting
from bluecarbon.methodology import ar_am0014
from bluecarbon.methodology.conformance_runs import Case
from bluecarbon.mrv import chart_style, report_charts
from bluecarbon.mrv.document_words import Words

ZH, EN = Words("zh"), Words("en")
BOOK = ar_am0014.AR_AM0014_V3_0
CLAIM = BOOK.quantify(make_monitoring(), Case.of(BOOK).parameters)


def estimates(strata=("", "K15", "E0"), years=(2019, 2024), low=5.0):
    rows = [
        (stratum, year, 50.0 + 10 * place, 50.0 + 10 * place - low, 50.0 + 10 * place + low)
        for place, stratum in enumerate(strata)
        for year in years
    ]
    return pd.DataFrame(rows, columns=["stratum", "epoch", "area_ha", "ci_low_ha", "ci_high_ha"])


def trees():
    rows = [
        ("K15", 2024, "agb", 26.0, 1.6),
        ("K15", 2024, "bgb", 11.4, np.nan),
        ("K15", 2024, "all", 37.4, 2.3),
        ("S17", 2024, "agb", np.nan, np.nan),
    ]
    columns = ["stratum", "epoch", "pool", "mean_carbon_tc_ha", "standard_error_carbon_tc_ha"]
    return pd.DataFrame(rows, columns=columns)


def soil():
    return pd.DataFrame({"stratum": ["K15"], "mean_tc_ha": [112.0], "standard_error_tc_ha": [4.0]})


SHARES = pd.DataFrame({"source": ["plots", "areas"], "share": [0.7, 0.3]})
STEPS = [
    report_charts.Step("trees", 16050.1, "change"),
    report_charts.Step("baseline", -444.7, "change"),
    report_charts.Step("claim", 15605.4, "total"),
]
CHARTS = {
    "areas": lambda words: report_charts.areas_svg(estimates(), {"K15": "K15", "E0": "E0"}, words),
    "pools": lambda words: report_charts.pools_svg(trees(), soil(), words, 100),
    "claim": lambda words: report_charts.claim_svg(CLAIM, words),
    "waterfall": lambda words: report_charts.waterfall_svg(STEPS, words, "tco2e_of_period"),
    "uncertainty": lambda words: report_charts.uncertainty_svg(SHARES, words),
}


@pytest.mark.parametrize("name", list(CHARTS))
def test_a_chart_is_the_same_bytes_without_a_clock(name):
    first = CHARTS[name](EN)
    assert first == CHARTS[name](EN)
    assert b"<dc:date>" not in first


@pytest.mark.parametrize("name", list(CHARTS))
def test_a_chart_speaks_both_languages(name):
    """A letter that no font has would be a warning, and warnings are errors here."""
    assert CHARTS[name](ZH) != CHARTS[name](EN)


@pytest.mark.parametrize("name", list(CHARTS))
def test_letters_are_outlines_so_that_a_chart_needs_no_font(name):
    drawn = CHARTS[name](ZH)
    assert not re.search(rb"<text\b", drawn)
    assert b"bluecarbonNotoSansSC" in drawn.replace(b" ", b"") or b"NotoSansSC" in drawn


@pytest.mark.parametrize(
    "table",
    [
        estimates(years=(2024,)),
        estimates(low=np.nan),
        estimates(strata=("",)),
        estimates(strata=("K15",)),
        estimates(strata=("", *(f"S{i}" for i in range(12))), years=(2000, 2010, 2024)),
    ],
    ids=["one year", "no interval", "no strata", "no whole", "many strata"],
)
def test_areas_of_every_shape_are_drawn(table):
    names = {name: name for name in table["stratum"].unique()}
    assert report_charts.areas_svg(table, names, EN).endswith(b"</svg>\n")


@pytest.mark.parametrize(
    ("of_trees", "of_soil"), [(trees(), pd.DataFrame()), (pd.DataFrame(), soil())]
)
def test_pools_need_not_all_be_measured(of_trees, of_soil):
    assert report_charts.pools_svg(of_trees, of_soil, EN, 50).endswith(b"</svg>\n")


def test_years_whose_labels_would_touch_are_left_out_but_the_last():
    assert report_charts.spread_out([2015, 2019, 2024]) == [2015, 2019, 2024]
    assert report_charts.spread_out(list(range(1980, 2025)))[-1] == 2024
    assert len(report_charts.spread_out(list(range(1980, 2025)))) < 12
    assert report_charts.spread_out([2024]) == [2024]


def test_a_series_differs_in_more_than_colour():
    looks = [chart_style.series(i) for i in range(7)]
    for part in ("colour", "marker", "line_style"):
        assert len({str(getattr(look, part)) for look in looks}) == 7


def test_without_a_chinese_font_charts_are_in_english(monkeypatch):
    monkeypatch.setattr(typesetting, "available", lambda: False)
    assert chart_style.chart_words("zh").language == "en"
    words = chart_style.chart_words("both")
    assert report_charts.uncertainty_svg(SHARES, words).endswith(b"</svg>\n")
    monkeypatch.undo()
    assert chart_style.chart_words("zh").language == "zh"


def test_titles_of_two_languages_stay_inside_the_picture(monkeypatch):
    figures = []

    def kept(figure):
        figure.draw_without_rendering()
        inside = figure.bbox
        for axes in figure.axes:
            box = axes._left_title.get_window_extent()
            figures.append(inside.x0 <= box.x0 and box.x1 <= inside.x1 and box.y1 <= inside.y1)
        return b""

    monkeypatch.setattr(report_charts, "svg", kept)
    report_charts.pools_svg(trees(), soil(), Words("both"), 100)
    table = estimates()
    report_charts.areas_svg(table, {n: n for n in table["stratum"].unique()}, Words("both"))
    assert figures == [True] * 4


def test_a_title_of_one_language_is_one_line():
    assert chart_style.stacked(Words("en"), "by_stratum") == "by stratum"
    assert chart_style.stacked(Words("both"), "by_stratum") == "按碳层\nby stratum"
