"""Canonical bytes, digests, and naming the row that was changed."""

import pytest

from bluecarbon import provenance
from bluecarbon.errors import ReportError


def test_canonical_json_is_rfc8785():
    # RFC 8785, section 3.2.2 and 3.2.3: numbers as ECMAScript prints them, keys sorted by UTF-16
    value = {"numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 1e-27], "€": "Euro", "\r": "CR"}
    expected = (
        '{"\\r":"CR","numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"€":"Euro"}'.encode()
    )
    assert provenance.canonical_json(value) == expected


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"x": [float("nan")]}, 2**60])
def test_what_json_cannot_carry_is_refused(value):
    with pytest.raises(ReportError):
        provenance.canonical_json(value)


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "plots.csv"
    path.write_text("plot_id,area_m2\n" + "".join(f"P{i},100\n" for i in range(50)))
    return path


def describe(path):
    return provenance.describe_file(path, "plots.csv", "plots")


def test_changed_row_is_named(table):
    before = describe(table)
    table.write_text(table.read_text().replace("P7,100", "P7,101"))
    assert provenance.changed_rows(before, describe(table)) == ("line 9",)


def test_removed_row_is_placed(table):
    before = describe(table)
    lines = table.read_text().splitlines(keepends=True)
    table.write_text("".join(lines[:20] + lines[21:]))
    assert provenance.changed_rows(before, describe(table)) == ("from line 21 on (-1 lines)",)


def test_long_tables_are_digested_by_chunks(tmp_path):
    path = tmp_path / "trees.csv"
    path.write_text("".join(f"{i}\n" for i in range(12_001)))
    before = describe(path)
    assert len(before.row_digests) <= provenance.ROWS_WITH_OWN_DIGEST_MAX
    path.write_text(path.read_text().replace("\n9000\n", "\n-1\n"))
    assert provenance.changed_rows(before, describe(path)) == ("lines 9001-9003",)


def test_same_file_has_no_changed_rows(table):
    assert provenance.changed_rows(describe(table), describe(table)) == ()


def test_declared_path_not_the_place_is_recorded(table):
    record = describe(table)
    assert record.path == "plots.csv"
    assert str(table.parent) not in record.model_dump_json()


def test_software_digest_is_stable():
    assert provenance.software() == provenance.software()
