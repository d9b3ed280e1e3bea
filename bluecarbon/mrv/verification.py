"""Recompute a sealed claim from its inputs and say what differs: the verifier's tool.

Nothing in the report is believed: the seal, each input file, each parameter row, each map, each
measurement and each result is compared with what the inputs give now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bluecarbon import provenance
from bluecarbon.errors import DataError
from bluecarbon.methodology import loader
from bluecarbon.mrv.pipeline import build_report, measure, parameters_of
from bluecarbon.mrv.progress import Progress, silent
from bluecarbon.project import Project, ProjectFile
from bluecarbon.report import MonitoringReport, Quantification, seal_of
from bluecarbon.spec import Finding, Parameter

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
    return (*before, *_software(report, now), *_results(report, now))


def _seal(report: MonitoringReport) -> Iterator[Finding]:
    if report.seal != seal_of(report):
        yield Finding.error(
            "seal-broken",
            "report.json",
            "its content was changed after it was sealed",
            fix="ask for the original; the differences below show what was changed",
        )


def _declared(was: ProjectFile, project: Project) -> Iterator[Finding]:
    now = ProjectFile.model_validate(project.model_dump())
    for place, old, new in differences(was.model_dump(mode="json"), now.model_dump(mode="json")):
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
    elif was != now:
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


def _recomputed_rasters(measured: Any) -> dict[str, str]:
    import tempfile

    from bluecarbon.mrv.outputs import write_rasters

    with tempfile.TemporaryDirectory() as scratch:
        return write_rasters(measured.extent, Path(scratch))


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
    # Whatever the lists above do not speak of must not slip through either.
    yield from _listed("report-differs", _remaining(report), _remaining(now))


def _remaining(report: MonitoringReport) -> dict[str, Any]:
    spoken_of: Any = {
        "software": True,
        "seal": True,
        "inputs": True,
        "declared": True,
        "rasters": True,
        "measurement_parameters": True,
        "monitoring": {"measurements"},
        "quantification": {"outputs", "claim_tco2e", "claim_tco2e_by_year", "trace", "parameters"},
    }
    plain = report.model_dump(mode="json", exclude=spoken_of)
    return {place: was for place, was, _ in differences(plain, {})}


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
