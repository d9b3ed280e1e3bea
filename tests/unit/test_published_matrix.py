"""Tables whose labels are swapped, right, or tell nothing."""

import pytest

from bluecarbon.mrv.published_matrix import label_findings, read_published, rows_of

# rows x, y: 8 2 / 6 14; agreed share of rows .8 .7, of columns 8/14 14/16
ROWS = (0.8, 0.7)
COLUMNS = (8 / 14, 14 / 16)


def write(folder, *, precision=ROWS, recall=COLUMNS, last="User Acc", bottom="Producer"):
    """A table in the layout of RSGISLib; by default rows are the map and the labels are right."""
    path = folder / "published.csv"
    text = [
        "overall accuracy,0.7333",
        '""',
        "class,f1-score,precision,recall,support",
        *(f"{name},0.7,{p},{r},10" for name, p, r in zip("xy", precision, recall, strict=True)),
        '""',
        "Confidence Interval,90%,95%,98%,99%",
        "x,0.1,0.2,0.3,0.4",
        "y,0.1,0.2,0.3,0.4",
        '""',
        "Point Count Confusion Matrix",
        f",x,y,{last}",
        f"x,8,2,{100 * ROWS[0]}",
        f"y,6,14,{100 * ROWS[1]}",
        f"{bottom},{100 * COLUMNS[0]},{100 * COLUMNS[1]}",
        '""',
    ]
    path.write_text("\n".join(text), encoding="utf-8")
    return path


def judged(path, **options):
    published, findings = read_published(path)
    assert findings == ()
    return label_findings(published, subject=path.name, **options)


def test_right_labels_pass(tmp_path):
    path = write(tmp_path)
    assert rows_of(read_published(path)[0]) == "map"
    assert judged(path) == ()


def test_swapped_labels_are_an_error_with_both_numbers(tmp_path):
    path = write(tmp_path, precision=COLUMNS, recall=ROWS)
    first, second = judged(path)
    assert first.code == second.code == "accuracy-labels-swapped"
    assert first.severity == "error"
    assert "'User Acc' holds the share of every row, and rows are the reference" in first.message
    assert "57.1%, not 80.0%" in first.message
    assert "it is user's accuracy, not producer's accuracy" in second.message


def test_labels_exchanged_over_a_map_in_rows_are_caught_as_well(tmp_path):
    path = write(tmp_path, last="Producer's", bottom="User's")
    assert [f.code for f in judged(path)] == ["accuracy-labels-swapped"] * 2


def test_labels_that_name_neither_are_not_judged(tmp_path):
    path = write(tmp_path, precision=COLUMNS, recall=ROWS, last="row %", bottom="column %")
    assert judged(path) == ()


def test_without_precision_the_reader_must_say_what_rows_are(tmp_path):
    path = write(tmp_path, precision=("", ""), recall=("", ""))
    assert rows_of(read_published(path)[0]) is None
    (finding,) = judged(path)
    assert (finding.code, finding.severity) == ("matrix-orientation-unknown", "warning")
    assert judged(path, rows="map") == ()
    assert [f.code for f in judged(path, rows="reference")] == ["accuracy-labels-swapped"] * 2


def test_recall_alone_is_enough(tmp_path):
    path = write(tmp_path, precision=("", ""), recall=ROWS)
    assert rows_of(read_published(path)[0]) == "reference"


@pytest.mark.parametrize(("rows", "users"), [("map", ROWS), ("reference", COLUMNS)])
def test_the_matrix_as_a_value(tmp_path, rows, users):
    published, _ = read_published(write(tmp_path))
    matrix, findings = published.oriented(rows, "published.csv")
    assert findings == ()
    assert tuple(matrix.users) == pytest.approx(users)


def test_a_file_without_a_matrix_is_refused(tmp_path):
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    assert read_published(path)[1][0].code == "matrix-not-found"
    path.write_text("Point Count Confusion Matrix\n,x,y,User Acc\nx,8,many,1\n", encoding="utf-8")
    assert read_published(path)[1][0].code == "matrix-unreadable"
    path.write_bytes(b"\xff\xfe\x00")
    assert read_published(path)[1][0].code == "matrix-unreadable"
    assert read_published(tmp_path / "none.csv")[1][0].code == "matrix-unreadable"
