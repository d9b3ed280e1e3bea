"""Telling what differs between two values, place by place."""

import pytest

from bluecarbon.mrv.verification import differences


@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, [("a", 1, 2)]),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, [("a.b[1]", 2, 3)]),
        ({"a": [1]}, {"a": [1, 2]}, [("a", [1], [1, 2])]),
        ({"a": 1}, {}, [("a", 1, None)]),
        ({}, {"b": None, "c": 0}, [("c", None, 0)]),
        ({"a": "x"}, {"a": ["x"]}, [("a", "x", ["x"])]),
    ],
)
def test_differences(was, now, expected):
    assert list(differences(was, now)) == expected
