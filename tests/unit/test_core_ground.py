"""Cores against the strata, polygons and period of a project."""

import numpy as np
import pytest
import shapely
from support.field_sheets import CORES, by_code, field_project

from bluecarbon.mrv.chinese_coordinates import wgs84_to_gcj02
from bluecarbon.mrv.field_dates import iso_date
from bluecarbon.mrv.soil_cores import measure_soil
from bluecarbon.spec import errors_in

POLYGONS = {"A": shapely.box(109.74, 21.54, 109.77, 21.56),
            "B": shapely.box(109.80, 21.54, 109.83, 21.56)}  # fmt: skip


def measured(folder, cores=CORES, strata=("A", "B"), polygons=None, **soil):
    project = field_project(folder, cores=cores, soil=soil)
    return measure_soil(project, strata, POLYGONS if polygons is None else polygons)


def test_cores_in_their_strata(tmp_path):
    result, findings = measured(tmp_path)
    assert findings == ()
    assert result.cores["stratum"].tolist() == ["A", "A"]


def test_a_core_outside_is_named_once_with_its_distance(tmp_path):
    text = CORES.replace("C2,A,109.76", "C2,A,109.772")
    result, findings = measured(tmp_path, text)
    assert result is None
    (finding,) = by_code(findings)["sample-outside-stratum"]
    assert (finding.severity, finding.subject) == ("error", "cores.csv rows 5, 6, 7")
    assert finding.message == "C2 lies 207 m outside stratum A"
    result, findings = measured(tmp_path, text, bad_rows="leave out")
    assert result.cores["core_id"].tolist() == ["C1"]
    assert "3 of 6 rows are left out" in by_code(findings)["rows-left-out"][0].message


def test_every_place_of_a_core_is_looked_at_and_a_receiver_may_err(tmp_path):
    moved = CORES.replace("C2,A,109.76,21.55,2024-12-02,30", "C2,A,109.79,21.55,2024-12-02,30")
    _, findings = measured(tmp_path, moved)
    assert "C2 lies 2,072 m outside" in by_code(findings)["sample-outside-stratum"][0].message
    result, _ = measured(tmp_path, CORES.replace("C2,A,109.76", "C2,A,109.7701"))
    assert result is not None


def shifted(text):
    for lon in (109.75, 109.76):
        x, y = wgs84_to_gcj02(lon, 21.55)
        text = text.replace(f"{lon},21.55", f"{float(x):.6f},{float(y):.6f}")
    return text


SMALL = {"A": shapely.union_all([shapely.box(109.7495, 21.5495, 109.7505, 21.5505),
                                 shapely.box(109.7595, 21.5495, 109.7605, 21.5505)])}  # fmt: skip


def test_shifted_cores_are_offered_the_declaration_and_take_it(tmp_path):
    result, findings = measured(tmp_path, shifted(CORES), ("A",), SMALL)
    assert result is None
    offer = by_code(findings)["positions-look-shifted"][0]
    assert "look shifted like GCJ-02, by 5" in offer.message
    assert "0 of 2 positions lie in their strata, un-shifted 2" in offer.message
    result, findings = measured(tmp_path, shifted(CORES), ("A",), SMALL, coordinates="gcj-02")
    assert [f.code for f in findings] == ["coordinates-converted"]
    assert result.cores["lon"].tolist() == pytest.approx([109.75, 109.76], abs=1e-6)
    assert result.cores["lat"].tolist() == pytest.approx([21.55, 21.55], abs=1e-6)


def without_column(text, place):
    rows = [line.split(",") for line in text.splitlines()]
    return "\n".join(",".join(cell for i, cell in enumerate(row) if i != place) for row in rows)


def test_a_sheet_without_strata_takes_those_of_the_polygons(tmp_path):
    text = without_column(CORES.replace("C2,A,109.76", "C2,A,109.81"), 1)
    result, findings = measured(tmp_path, text)
    assert result.cores["stratum"].tolist() == ["A", "B"]
    assert by_code(findings)["stratum-by-position"][0].severity == "info"
    result, findings = measured(tmp_path, text, ("ALL",), {})
    assert result.cores["stratum"].tolist() == ["ALL", "ALL"]
    result, findings = measured(tmp_path, text.replace("109.81", "109.9"))
    assert result is None
    assert len(by_code(errors_in(findings))["stratum-missing"]) == 3


def test_dates_in_the_forms_people_write(tmp_path):
    text = CORES.replace("2024-12-02", "2024年12月2日", 3).replace("2024-12-02", "2024/12/2")
    result, findings = measured(tmp_path, text)
    assert findings == ()
    assert result.cores["date"].tolist() == ["2024-12-02", "2024-12-02"]


@pytest.mark.parametrize("text", ["02/12/2024", "2024-13-02", "2024-02-30", "yesterday", "2024"])
def test_what_may_be_two_days_is_no_date(tmp_path, text):
    assert iso_date(text) is None
    result, findings = measured(tmp_path, CORES.replace("2024-12-02", text, 3))
    assert result is None
    found = by_code(errors_in(findings))["date-unreadable"]
    assert [f.subject for f in found] == ["cores.csv row 2", "cores.csv row 3", "cores.csv row 4"]
    assert text in found[0].message


def test_a_year_stands_for_its_last_day_and_nothing_for_none(tmp_path):
    header, *rows = without_column(CORES, 4).splitlines()
    text = "\n".join([header + ",year", *(row + ",2024" for row in rows)])
    result, findings = measured(tmp_path, text)
    assert result.cores["date"].tolist() == ["2024-12-31", "2024-12-31"]
    assert by_code(findings)["date-by-year"][0].severity == "info"
    result, findings = measured(tmp_path, without_column(CORES, 4))
    assert result is None
    assert len(by_code(errors_in(findings))["date-missing"]) == 6


def test_all_kinds_of_defects_come_at_once(tmp_path):
    bad = (
        "C3,Z,109.75,21.55,2024-12-02,0,100,0.9,2\n"  # stratum
        "C4,A,109.75,21.55,1901-01-01,0,100,0.9,2\n"  # date
        "C5,A,109.79,21.55,2024-12-02,0,100,0.9,2\n"  # place
        "C6,A,109.75,21.55,2024-12-02,0,100,9.9,2\n"  # density
        "C7,A,109.75,21.55,2024-12-02,0,40,0.9,2\n"  # too short
        "C8,A,21.55,109.75,2024-12-02,0,100,0.9,2\n"  # exchanged
        "C9,A,1094500,213300,2024-12-02,0,100,0.9,2\n"  # without marks
    )
    result, findings = measured(tmp_path, CORES + bad)
    assert result is None
    assert {f.code for f in errors_in(findings)} == {
        "stratum-unknown", "date-out-of-range", "sample-outside-stratum", "bulk-density-wrong",
        "core-too-short", "position-swapped", "position-packed", "rows-left-out",
    }  # fmt: skip
    result, findings = measured(tmp_path, CORES + bad, bad_rows="leave out")
    assert errors_in(findings) == ()
    assert result.cores["core_id"].tolist() == ["C1", "C2", "C8", "C9"]
    assert result.cores["lon"].isna().tolist() == [False, False, True, True]
    said = by_code(findings)["rows-left-out"][0].message
    assert said.startswith("5 of 13 rows are left out")


def test_strict_reading_says_of_a_spoilt_core_only_what_spoilt_it(tmp_path):
    # without its second slice C1 would also have a gap and be too poor to extrapolate
    _, findings = measured(tmp_path, CORES.replace("30,60,0.9,2.0", "30,60,x,2.0", 1))
    assert [f.code for f in findings] == ["number-unreadable", "rows-left-out"]


def test_degrees_and_minutes_are_read_and_said(tmp_path):
    text = CORES.replace("109.75,21.55", "109°45'E,21°33'N")
    result, findings = measured(tmp_path, text)
    assert result.cores["lat"].tolist() == pytest.approx([21.55, 21.55])
    notes = by_code(findings)["position-converted"]
    assert "6 positions in degrees and minutes are read" in notes[0].message
    assert np.isclose(result.cores["lon"].iloc[0], 109.75)
