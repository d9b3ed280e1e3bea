"""Monitoring and the sealed report: round trip, seal, and refusals that name the field."""

import datetime as dt
import json

import pytest

from bluecarbon import provenance
from bluecarbon.errors import ReportError, UnitError
from bluecarbon.methodology import loader
from bluecarbon.methodology.parameters import Parameters
from bluecarbon.project import ProjectFile
from bluecarbon.report import (
    Measurement,
    Monitoring,
    MonitoringReport,
    Period,
    ProjectIdentity,
    read_report,
    report_from_json,
    seal_of,
    sealed,
    write_report,
)
from bluecarbon.spec import Parameter

DECLARED = {
    "project": {"id": "TEST-1", "name": "Test"},
    "period": {"start": "2020-01-01", "end": "2025-01-01"},
    "boundary": {"path": "boundary.geojson"},
    "class_maps": {"legend": {"1": "mangrove"}, "map": [{"path": "m.tif", "epoch": 2020}]},
}


@pytest.fixture
def report(monitoring):
    book = loader.get("ar-am0014@3.0")
    growth = Parameter(name="baseline_forest_growth", value=8.0, unit="t/ha/yr", source="test")
    return sealed(
        MonitoringReport(
            project=ProjectIdentity(
                id="TEST-1",
                name="Test",
                name_zh="测试",
                proponent="Nobody",
                boundary_wkt="POLYGON ((0 0, 1 0, 1 1, 0 0))",
                area_ha=1.0,
            ),
            declared=ProjectFile.model_validate(DECLARED),
            software=provenance.software(),
            inputs=(),
            monitoring=monitoring,
            quantification=book.quantify(
                monitoring, Parameters(book.spec.parameters).replaced([growth])
            ),
            findings=(),
        )
    )


def test_round_trip_keeps_every_bit(report, tmp_path):
    write_report(report, tmp_path / "report.json")
    again = read_report(tmp_path / "report.json")
    assert again == report
    assert seal_of(again) == again.seal
    write_report(again, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "report.json").read_bytes()


def test_any_change_breaks_the_seal(report):
    plain = json.loads(provenance.canonical_json(report))
    plain["quantification"]["claim_tco2e"] += 1e-9
    changed = report_from_json(plain)
    assert seal_of(changed) != changed.seal


def test_unsealed_report_is_not_written(report, tmp_path):
    with pytest.raises(ReportError, match="not sealed"):
        write_report(report.model_copy(update={"seal": ""}), tmp_path / "report.json")
    assert not (tmp_path / "report.json").exists()


def test_unverified_parameters_are_seen(report):
    assert [p.name for p in report.unverified_parameters] == ["baseline_forest_growth"]


@pytest.mark.parametrize("text", ["", "[]", "not json", '{"schema_id": "other/1"}'])
def test_other_files_are_refused(text, tmp_path):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(ReportError):
        read_report(tmp_path / "x.json")


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(ReportError, match="cannot be read"):
        read_report(tmp_path / "none.json")


def test_other_schema_is_refused(report):
    plain = json.loads(provenance.canonical_json(report)) | {"schema_id": "other/9"}
    with pytest.raises(ReportError, match="other/9"):
        report_from_json(plain)


def test_measurements_convert_or_refuse(monitoring):
    (row,) = monitoring.select("stratum_area", stratum="K15")
    assert row.in_unit("mu") == pytest.approx(1500.0)
    assert row.standard_error_in("mu") is None
    with pytest.raises(UnitError):
        row.in_unit("tC")


def test_select_narrows(monitoring):
    assert len(monitoring.select("tree_agb")) == 12
    assert len(monitoring.select("tree_agb", stratum="K15")) == 8
    assert len(monitoring.select("tree_agb", sample="K15-0")) == 2
    assert len(monitoring.select("tree_agb", sample="K15-0", on=monitoring.stock_end)) == 1


def test_output_that_is_not_there_is_named(report):
    with pytest.raises(KeyError, match="no output 'wood'"):
        report.quantification.output("wood")


def test_a_copy_with_other_rows_selects_its_own():
    first = monitoring_of_one(1.0)
    assert first.select("mangrove_area")[0].value == 1.0
    other = first.model_copy(update={"measurements": monitoring_of_one(2.0).measurements})
    assert other.select("mangrove_area")[0].value == 2.0
    assert first == monitoring_of_one(1.0)


def monitoring_of_one(value):
    row = Measurement(
        variable="mangrove_area", stratum="A", date=dt.date(2020, 1, 1), value=value, unit="ha"
    )
    period = Period(start=dt.date(2020, 1, 1), end=dt.date(2021, 1, 1))
    return Monitoring(project_id="P", period=period, strata=(), measurements=(row,))
