"""Recompute a sealed claim from its inputs and say what differs: the verifier's tool.

Nothing in the report is believed: the seal, each input file, each parameter row, each map, each
measurement and each result is compared with what the inputs give now.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bluecarbon import provenance
from bluecarbon.errors import DataError
from bluecarbon.methodology import loader
from bluecarbon.mrv.claim_uncertainty import project_uncertainty, uncertainty_tables
from bluecarbon.mrv.outputs import write_rasters, write_tables
from bluecarbon.mrv.pipeline import Measured, build_report, measure, parameters_of
from bluecarbon.mrv.progress import Progress, silent
from bluecarbon.project import Project, ProjectFile
from bluecarbon.provenance import canonical_json
from bluecarbon.report import MonitoringReport, Quantification, seal_of
from bluecarbon.spec import Finding, Parameter

SHOWN_MAX = 120

LISTED_MAX = 20
"""So many differences of one kind are listed; the rest is counted."""


def verify(
    report: MonitoringReport, project: Project, folder: Path, progress: Progress = silent
) -> tuple[Finding, ...]:
    """Everything in which ``report`` differs from what its inputs give now; empty when it holds.

    ``folder`` is where the report and its maps lie. Findings of severity "info" do not contradict
    the claim; a warning says that other code computed the same numbers.
    """
    before = (
        *_seal(report),
        *_declared(report.declared, project),
        *_inputs(report, project),
        *_parameters(report, project),
        *_rasters(report.rasters, folder),
    )
    try:
        measured = measure(project, progress)
        now = build_report(project, measured, _recomputed_rasters(measured))
    except DataError as error:
        return (*before, *error.findings)
    tables = _tables(project, measured, now, folder)
    return (*before, *_software(report, now), *_results(report, now), *tables)


def form_findings(report: MonitoringReport, path: Path) -> tuple[Finding, ...]:
    """A report file that is not the canonical bytes of what was read from it.

    A second "claim_tco2e", a number as text or another layout would show a person, or another
    program, something else than what is verified here.
    """
    if path.read_bytes() == canonical_json(report) + b"\n":
        return ()
    message = "is not canonical JSON (RFC 8785) of its own content: other programs may read it else"
    return (Finding.error("report-not-canonical", path.name, message, fix="ask for the original"),)


def _seal(report: MonitoringReport) -> Iterator[Finding]:
    if report.seal != seal_of(report):
        yield Finding.error(
            "seal-broken",
            "report.json",
            "its content was changed after it was sealed",
            fix="ask for the original; the differences below show what was changed",
        )


def _declared(was: ProjectFile, project: Project) -> Iterator[Finding]:
    now = project.declared.model_dump(mode="json")
    for place, old, new in differences(was.model_dump(mode="json"), now):
        yield Finding.error(
            "project-changed", f"project.toml [{place}]", f"was {old!r} in the report, is {new!r}"
        )


def differences(was: Any, now: Any, place: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The leaves in which two JSON values differ, as (place, was, now)."""
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        for key in dict.fromkeys((*was, *now)):
            yield from differences(was.get(key), now.get(key), f"{place}.{key}".lstrip("."))
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        for index, (old, new) in enumerate(zip(was, now, strict=True)):
            yield from differences(old, new, f"{place}[{index}]")
    elif type(was) is not type(now) or was != now:  # in JSON true is not 1.0
        yield place, was, now


def _inputs(report: MonitoringReport, project: Project) -> Iterator[Finding]:
    for record in report.inputs:
        path = project.resolve(record.path)
        if not path.is_file():
            yield Finding.error("input-missing", record.path, f"{record.role}: no such file now")
            continue
        now = provenance.describe_file(path, record.path, record.role)
        if now.sha256 == record.sha256:
            continue
        rows = provenance.changed_rows(record, now)
        where = f"{', '.join(rows[:LISTED_MAX])}: " if rows else ""
        yield Finding.error(
            "input-changed",
            record.path,
            f"{where}{record.role} differs from the file that the claim was made from "
            f"(SHA-256 {now.sha256[:12]}..., was {record.sha256[:12]}...)",
        )


def _parameters(report: MonitoringReport, project: Project) -> Iterator[Finding]:
    if report.quantification is None or project.methodology is None:
        return
    current = parameters_of(project, loader.get(project.methodology.id))
    for row in report.quantification.parameters:
        if row.name not in current:
            yield Finding.error("parameter-missing", f"parameter {row.name}", "is not known now")
        elif current.row(row.name) != row:
            yield _changed_parameter(row, current.row(row.name))


def _changed_parameter(was: Parameter, now: Parameter) -> Finding:
    fields = differences(was.model_dump(mode="json"), now.model_dump(mode="json"))
    words = "; ".join(f"{place} {old!r} in the report, {new!r} now" for place, old, new in fields)
    return Finding.error("parameter-changed", f"parameter {was.name}", words)


def _rasters(rasters: Mapping[str, str], folder: Path) -> Iterator[Finding]:
    for name, sha256 in rasters.items():
        path = folder / name
        if not path.is_file():
            yield Finding.error("raster-missing", name, "the map is not beside the report")
        elif provenance.sha256_file(path) != sha256:
            yield Finding.error("raster-changed", name, "is not the map that the report sealed")


def _recomputed_rasters(measured: Measured) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as scratch:
        return write_rasters(measured.extent, Path(scratch))


def _tables(
    project: Project, measured: Measured, now: MonitoringReport, folder: Path
) -> Iterator[Finding]:
    """The tables beside the report, against those that the inputs give now."""
    sure = project_uncertainty(project, measured.monitoring, measured.inventory)
    more = uncertainty_tables(sure)
    with tempfile.TemporaryDirectory() as scratch:
        for name in write_tables(measured, now.quantification, Path(scratch), more=more):
            written = folder / name
            if not written.is_file():
                yield Finding.error("table-missing", name, "the table is not beside the report")
            elif written.read_bytes() != (Path(scratch) / name).read_bytes():
                yield Finding.error("table-differs", name, "is not what the inputs give")


def _software(report: MonitoringReport, now: MonitoringReport) -> Iterator[Finding]:
    if report.software != now.software:
        yield Finding.warning(
            "software-differs",
            "software",
            f"made by {report.software.version} (code {report.software.code_sha256[:12]}...), "
            f"recomputed by {now.software.version} (code {now.software.code_sha256[:12]}...)",
        )


def _results(report: MonitoringReport, now: MonitoringReport) -> Iterator[Finding]:
    yield from _listed("raster-not-reproduced", report.rasters, now.rasters)
    yield from _listed("parameter-changed", _field_rows(report), _field_rows(now))
    yield from _listed("measurement-differs", _measured(report), _measured(now))
    yield from _listed("result-differs", _outputs(report), _outputs(now))
    yield from _listed("claim-differs", _claims(report), _claims(now))
    if _trace(report) != _trace(now):
        yield Finding.error("trace-differs", "trace", "equations, inputs or results differ")
    yield from _anything_else(report, now)


def _anything_else(report: MonitoringReport, now: MonitoringReport) -> Iterator[Finding]:
    """Whatever the lists above do not speak of: the recomputed report, byte for byte.

    Only the software may differ (that is told apart) and the seal follows from the rest.
    """
    same_frame = {"software": report.software, "seal": ""}
    expected = now.model_copy(update=same_frame)
    given = report.model_copy(update=same_frame)
    if canonical_json(expected) == canonical_json(given):
        return
    places = differences(given.model_dump(mode="json"), expected.model_dump(mode="json"))
    for place, was, is_ in itertools.islice(places, LISTED_MAX):
        words = f"the report says {_short(was)}, recomputed {_short(is_)}"
        yield Finding.error("report-differs", place, words)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}... ({len(text)} characters)"


def _listed(code: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Finding]:
    found = [(key, was.get(key), now.get(key)) for key in dict.fromkeys((*was, *now))]
    changed = [item for item in found if item[1] != item[2]]
    for key, old, new in changed[:LISTED_MAX]:
        yield Finding.error(code, key, f"the report says {old}, recomputed {new}")
    if len(changed) > LISTED_MAX:
        yield Finding.error(code, "...", f"and {len(changed) - LISTED_MAX} more")


def _field_rows(report: MonitoringReport) -> dict[str, str]:
    return {f"parameter {p.name}": p.model_dump_json() for p in report.measurement_parameters}


def _measured(report: MonitoringReport) -> dict[str, str]:
    return {
        " ".join(filter(None, (m.variable, m.stratum, m.sample, str(m.date)))): (
            f"{m.value!r} {m.unit} (standard error {m.standard_error!r}, n {m.sample_size})"
        )
        for m in report.monitoring.measurements
    }


def _outputs(report: MonitoringReport) -> dict[str, str]:
    if report.quantification is None:
        return {}
    return {f"{o.name} {o.scope}": f"{o.value!r} {o.unit}" for o in report.quantification.outputs}


def _claims(report: MonitoringReport) -> dict[str, float]:
    claim: Quantification | None = report.quantification
    if claim is None:
        return {}
    return {"claim of the period": claim.claim_tco2e} | {
        f"claim of {year}": value for year, value in claim.claim_tco2e_by_year.items()
    }


def _trace(report: MonitoringReport) -> list[dict[str, Any]]:
    claim = report.quantification
    return [step.model_dump(mode="json") for step in claim.trace] if claim else []
