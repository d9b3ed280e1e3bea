"""Stehman 2014, Int. J. Remote Sens. 35:4923-4939, doi:10.1080/01431161.2014.930207: the example.

40 points, 10 in each of 4 strata of 40 000, 30 000, 20 000 and 10 000 pixels; strata are not map
classes. Points and the pages of the printed results (4932 to 4936) as transcribed in the manual of
the R package mapaccuracy 0.1.2 (H. Costa), function stehman2014. The paper prints two or three
digits, hence tolerances of half a unit of the last one.
"""

import pandas as pd
import pytest

from bluecarbon.mrv.stehman2014 import proportions, stehman2014

POINTS = pd.DataFrame(
    {
        "stratum": [stratum for stratum in "ABCD" for _ in range(10)],
        "map": list("AAAAAAABBBABBBBBBBBBBBCCCCCCBBDDDDDDDDDD"),
        "reference": list("AAAAACBABCABBBBBAABBCCCCCDDBBADDDDDDDCCB"),
    }
)
STRATA = pd.DataFrame({"stratum": list("ABCD"), "pixels": [40_000, 30_000, 20_000, 10_000]})
ALL = 100_000


@pytest.fixture(scope="module")
def table():
    return stehman2014(POINTS, STRATA).set_index(["measure", "class"])


@pytest.mark.parametrize(("name", "share", "error"), [("A", 0.35, 0.082), ("C", 0.20, 0.064)])
def test_area_pages_4932_and_4935(table, name, share, error):
    row = table.loc["area", name]
    assert row["value"] / ALL == pytest.approx(share)
    assert row["standard_error"] / ALL == pytest.approx(error, abs=0.0005)
    assert row["unit"] == "pixels"


def test_overall_accuracy_pages_4932_and_4936(table):
    row = table.loc["overall", ""]
    assert row["value"] == pytest.approx(0.63)
    assert row["standard_error"] == pytest.approx(0.085, abs=0.0005)


def test_users_and_producers_accuracy_of_b_pages_4934_and_4936(table):
    users, producers = table.loc["users", "B"], table.loc["producers", "B"]
    assert users["value"] == pytest.approx(0.574, abs=0.0005)
    assert users["standard_error"] == pytest.approx(0.125, abs=0.0005)
    assert producers["value"] == pytest.approx(0.794, abs=0.0005)
    assert producers["standard_error"] == pytest.approx(0.117, abs=0.0005)


def test_cell_of_the_error_matrix_page_4935():
    matrix = proportions(POINTS, STRATA)
    assert matrix.loc["B", "C"] == pytest.approx(0.08)
    assert matrix.to_numpy().sum() == pytest.approx(1.0)
    assert (matrix.index.name, matrix.columns.name) == ("map", "reference")


def test_every_number_names_its_equations(table):
    assert set(table["equation"].str.partition(";")[0]) == {
        "eqs. 12, 3, 25", "eqs. 18, 19, 27, 28", "eqs. 22, 23, 27, 28", "eqs. 14, 3, 25",
    }  # fmt: skip
