"""``bluecarbon mrv label-check`` as a user types it."""

import io

import pandas as pd
import pytest
from support.change_maps import mrv

DIFFERS, REFUSED = 1, 2

# rows are the reference; user's accuracy of a is 8 of 9, producer's 8 of 12
METRICS = 'class,f1-score,precision,recall,support\na,0.76,{a},{b},12\nb,0.73,{c},{d},8\n""\n'
MATRIX = "Point Count Confusion Matrix\n,a,b,{rows}\na,8,4,66.66666667\nb,1,7,87.5\n"
COLUMNS = '{columns},88.88888889,63.63636364,\n""\n'


def table(path, rows="Producer", columns="User Acc", *, metrics=True):
    told = METRICS.format(a=8 / 9, b=8 / 12, c=7 / 11, d=7 / 8) if metrics else ""
    text = told + MATRIX.format(rows=rows) + COLUMNS.format(columns=columns)
    path.write_text(text)
    return path


def shares(done):
    frame = pd.read_csv(io.StringIO(done.stdout), keep_default_na=False)
    return frame.set_index(["measure", "class"])["value"]


def test_right_labels(tmp_path):
    done = mrv("label-check", table(tmp_path / "m.csv"))
    assert done.exit_code == 0, done.output
    assert shares(done)["users", "a"] == pytest.approx(8 / 9)
    assert shares(done)["producers", "a"] == pytest.approx(8 / 12)
    assert shares(done)["overall", ""] == pytest.approx(15 / 20)


def test_swapped_labels_are_said_and_the_right_ones_printed(tmp_path):
    done = mrv("label-check", table(tmp_path / "m.csv", "User Acc", "Producer"))
    assert done.exit_code == DIFFERS
    assert done.stderr.count("(accuracy-labels-swapped)") == 2
    assert shares(done)["users", "a"] == pytest.approx(8 / 9)


def test_a_table_that_does_not_tell(tmp_path):
    path = table(tmp_path / "m.csv", metrics=False)
    assert mrv("label-check", path).exit_code == REFUSED
    done = mrv("label-check", path, "--rows", "map")
    assert done.exit_code == DIFFERS
    assert shares(done)["users", "a"] == pytest.approx(8 / 12)


def test_plain_counts(tmp_path):
    path = tmp_path / "counts.csv"
    path.write_text(",a,b\na,8,4\nb,1,7\n")
    done = mrv("label-check", path)
    assert done.exit_code == REFUSED
    assert "say it: --rows map or --rows reference" in done.stderr
    done = mrv("label-check", path, "--rows", "reference")
    assert done.exit_code == 0
    assert shares(done)["users", "a"] == pytest.approx(8 / 9)
    for words in (["--rows", "columns"], ["--rows", "map"]):
        path.write_text(",a,c\na,8,4\nb,1,7\n")
        assert mrv("label-check", path, *words).exit_code == REFUSED
    assert mrv("label-check", tmp_path / "none.csv").exit_code == REFUSED
