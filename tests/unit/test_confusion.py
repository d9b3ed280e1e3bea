"""The error matrix: its conventions by hand, and every way in which it can be wrong."""

import math

import numpy as np
import pandas as pd
import pytest

from bluecarbon.mrv.confusion import error_matrix, matrix_from_table, orientation_findings

# map mangrove 4 (3 right), map water 6 (5 right)
MAP = ["mangrove"] * 4 + ["water"] * 6
REFERENCE = ["mangrove"] * 3 + ["water"] + ["mangrove"] + ["water"] * 5


@pytest.fixture
def matrix():
    return error_matrix(MAP, REFERENCE)


def table(values, names=("a", "b")):
    return pd.DataFrame(values, index=list(names), columns=list(names))


def test_rows_are_the_map_and_columns_the_reference(matrix):
    assert matrix.counts.index.name == "map"
    assert matrix.counts.columns.name == "reference"
    np.testing.assert_array_equal(matrix.counts, [[3, 1], [1, 5]])
    assert matrix.map_totals["mangrove"] == 4
    assert matrix.reference_totals["water"] == 6


def test_accuracies_by_hand():
    matrix = error_matrix(["a"] * 4 + ["b"] * 6, ["a", "a", "a", "b", "a", "a", "b", "b", "b", "b"])
    assert matrix.overall == 0.7
    assert matrix.users["a"] == 3 / 4
    assert matrix.users["b"] == 4 / 6
    assert matrix.producers["a"] == 3 / 5
    assert matrix.producers["b"] == 4 / 5


def test_the_tidy_table_says_what_each_share_is_of(matrix):
    shares = matrix.shares().set_index(["measure", "class"])
    assert shares.loc["overall", ""]["points"] == 10
    assert shares.loc["users", "water"]["given"] == "map class"
    assert shares.loc["users", "water"]["points"] == 6
    assert shares.loc["producers", "mangrove"]["given"] == "reference class"
    assert shares.loc["producers", "mangrove"]["value"] == 0.75


def test_class_0_is_a_class():
    matrix = error_matrix([0, 0, 1, 1], [0, 1, 1, 0])
    assert matrix.classes == (0, 1)
    assert matrix.points == 4
    assert matrix.overall == 0.5


def test_a_class_that_never_occurs_has_no_accuracy():
    matrix = error_matrix(["a", "b"], ["a", "a"], classes=["a", "b", "c"])
    assert math.isnan(matrix.users["c"])
    assert math.isnan(matrix.producers["b"])
    assert matrix.users["b"] == 0.0
    assert math.isnan(error_matrix([], [], classes=["a"]).overall)


def test_no_point_is_left_out_in_silence():
    with pytest.raises(ValueError, match="1 points have no class"):
        error_matrix(["a", None], ["a", "b"])
    with pytest.raises(ValueError, match="not among"):
        error_matrix(["a", "c"], ["a", "a"], classes=["a", "b"])
    with pytest.raises(ValueError, match="2 map classes, 1"):
        error_matrix(["a", "b"], ["a"])


def test_transposed_exchanges_users_and_producers(matrix):
    other = error_matrix(["a"] * 3 + ["b"], ["a", "b", "b", "b"])
    pd.testing.assert_series_equal(other.transposed.users, other.producers, check_names=False)
    assert other.transposed.counts.index.name == "map"
    assert other.transposed.transposed.counts.equals(other.counts)


@pytest.mark.parametrize("rows", ["map", "reference"])
def test_a_table_is_read_as_its_rows_are_said_to_be(rows):
    found, findings = matrix_from_table(table([[5, 2], [0, 7]]), rows=rows, subject="t.csv")
    assert findings == ()
    assert found.counts.loc["a", "b"] == (2 if rows == "map" else 0)
    assert found.users["a"] == (5 / 7 if rows == "map" else 1.0)


def test_columns_in_another_order_than_rows_are_put_in_order():
    mixed = pd.DataFrame([[2, 5], [7, 0]], index=["a", "b"], columns=["b", "a"])
    found, _ = matrix_from_table(mixed, rows="map", subject="t.csv")
    np.testing.assert_array_equal(found.counts, [[5, 2], [0, 7]])


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (pd.DataFrame([[1, 2]], index=["a"], columns=["a", "b"]), "matrix-not-square"),
        (pd.DataFrame([[1, 2], [3, 4]], index=["a", "a"], columns=["a", "b"]), "matrix-not-square"),
        (table([[0.5, 0.1], [0.2, 0.2]]), "matrix-not-counts"),
        (table([[5, -1], [2, 2]]), "matrix-not-counts"),
        (table([["5", "x"], [2, 2]]), "matrix-not-counts"),
    ],
)
def test_a_table_that_is_no_matrix_of_counts_is_refused(wrong, code):
    found, (finding,) = matrix_from_table(wrong, rows="map", subject="t.csv")
    assert found is None
    assert (finding.code, finding.subject) == (code, "t.csv")


def test_known_totals_tell_the_orientation():
    matrix = error_matrix(["a"] * 3 + ["b"], ["a", "b", "b", "b"])
    totals = {"a": 3, "b": 1}
    assert orientation_findings(matrix, map_totals=totals, subject="m") == ()
    (finding,) = orientation_findings(matrix.transposed, map_totals=totals, subject="m")
    assert finding.code == "matrix-transposed"
    assert finding.severity == "error"
    (finding,) = orientation_findings(matrix, map_totals={"a": 9, "b": 9}, subject="m")
    assert finding.code == "matrix-totals-differ"


def test_a_table_with_a_row_for_each_point_is_refused_in_a_line():
    many = pd.DataFrame(1, index=[f"point {i}" for i in range(5_000)], columns=["a", "b"])
    _, (finding,) = matrix_from_table(many, rows="map", subject="t.csv")
    assert len(finding.message) < 200
    assert "'point 7', ... (5000 in all)" in finding.message
