"""``bluecarbon run``: one project from its files to report, page, ledger and certificate."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from bluecarbon.cli.exit_codes import REFUSED
from bluecarbon.cli.ledger_summary import page_rows, summary_rows
from bluecarbon.cli.output_folder import replaced_folder, require_apart
from bluecarbon.cli.show import console, print_findings, progress_bars
from bluecarbon.errors import BluecarbonError, DataError
from bluecarbon.mrv.claim_uncertainty import project_uncertainty, uncertainty_tables
from bluecarbon.mrv.document_files import write_documents
from bluecarbon.mrv.evidence import write_pictures, write_stock_findings
from bluecarbon.mrv.outputs import write_rasters, write_tables
from bluecarbon.mrv.pipeline import Measured, build_report, measure, quantify
from bluecarbon.mrv.progress import Progress
from bluecarbon.mrv.project_stock_maps import project_stock_findings, write_project_stocks
from bluecarbon.project import Project
from bluecarbon.project_file import load_project
from bluecarbon.report import MonitoringReport, write_report
from bluecarbon.spec import Finding, errors_in


def check_project(project_path: Path) -> int:
    """Measure without writing; exit code 0, or 2 when a finding forbids going on."""
    try:
        project = load_project(project_path)
        with progress_bars() as progress:
            measured = measure(project, progress)
        claim = quantify(project, measured.monitoring)
        on_stocks = project_stock_findings(project, measured)
    except DataError as error:
        return refused(error)
    if errors_in(on_stocks):
        return refused(DataError(on_stocks))
    print_findings((*measured.findings, *(claim.findings if claim else ()), *on_stocks))
    console.print("[green]nothing forbids measuring and quantifying this project[/]")
    return 0


def run_project(project_path: Path, out: Path) -> int:
    """Run a project; 0 when all is written, 2 when it is refused and nothing was written."""
    started = time.perf_counter()
    try:
        project = load_project(project_path)
        with replaced_folder(out, project_path) as folder, progress_bars() as progress:
            report, measured, ledger, on_stocks = _produce(project, folder, progress)
            # Only now: which files are read is known once catalogue items were found sound.
            require_apart(out, [project.resolve(declared) for declared, _ in project.files()])
    except DataError as error:
        return refused(error)
    except BluecarbonError as error:
        console.print(f"refused: {error}", style="bold red", markup=False)
        console.print("Nothing was written.")
        return REFUSED
    claimed = report.quantification.findings if report.quantification else ()
    print_findings((*report.findings, *claimed, *on_stocks))
    _print_summary(report, measured, ledger)
    _print_paths(out)
    console.print(f"done in {time.perf_counter() - started:.1f} s")
    return 0


def refused(error: DataError) -> int:
    """Print every finding of a refusal; the exit code."""
    print_findings(error.findings)
    console.print("[bold red]refused[/]: correct the errors and run again. Nothing was written.")
    return REFUSED


def _produce(
    project: Project, folder: Path, progress: Progress
) -> tuple[MonitoringReport, Measured, Any, tuple[Finding, ...]]:
    measured = measure(project, progress)
    steps = 4
    progress("writing report", 0, steps)
    report = build_report(project, measured, write_rasters(measured.extent, folder))
    progress("writing report", 1, steps)
    write_report(report, folder / "report.json")
    sure = project_uncertainty(project, measured.monitoring, measured.inventory)
    write_tables(measured, report.quantification, folder, more=uncertainty_tables(sure))
    _, on_stocks = write_project_stocks(project, measured, folder)
    write_stock_findings(on_stocks, folder)
    progress("writing report", 2, steps)
    ledger = _keep_ledger(project, report, folder)
    progress("writing report", 3, steps)
    write_pictures(measured.extent, folder)
    progress("writing report", steps, steps)
    rows = page_rows(ledger) if ledger else ()
    _, not_made = write_documents(report, folder, ledger=rows, progress=progress)
    return report, measured, ledger, (*on_stocks, *not_made)


def _keep_ledger(project: Project, report: MonitoringReport, folder: Path) -> Any:
    if project.registry is None:
        return None
    from bluecarbon.registry.demonstration import run_demonstration

    return run_demonstration(report, project.registry, folder)


def _print_summary(report: MonitoringReport, measured: Measured, ledger: Any) -> None:
    name = f"{report.project.name} {report.project.name_zh}"
    table = Table(title=escape(name), title_justify="left")
    for heading, justify in (("", "left"), ("value", "right"), ("how sure", "left")):
        table.add_column(heading, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for row in _summary_rows(report, measured, ledger):
        table.add_row(*map(escape, row))
    console.print(table)


def _summary_rows(
    report: MonitoringReport, measured: Measured, ledger: Any
) -> list[tuple[str, str, str]]:
    rows: list[tuple[str, str, str]] = []
    estimates = measured.extent.estimates
    for row in estimates[estimates["stratum"] == ""].to_dict("records"):
        sure = f"{row['ci_low_ha']:,.1f} to {row['ci_high_ha']:,.1f} ({row['confidence']:.0%})"
        if not row["sample_size"]:
            sure = "mapped, no reference sample"
        elif math.isnan(row["ci_low_ha"]):
            sure = f"no interval: {row['estimator']}"
        rows.append((f"mangrove {row['epoch']} 红树林面积", f"{row['area_ha']:,.1f} ha", sure))
    for score in measured.extent.validation.itertuples():
        agreement = f"precision {score.precision:.3f}, recall {score.recall:.3f}"
        rows.append(
            (f"map {score.epoch} against labels 分类验证", f"IoU {score.iou:.3f}", agreement)
        )
    claim = report.quantification
    if claim is not None:
        deducted = sum(row.uncertainty_deduction_tco2e for row in claim.years)
        sure = f"after {deducted:,.1f} for uncertainty; {claim.methodology_id}"
        rows.append(("claim 净清除量", f"{claim.claim_tco2e:,.1f} tCO2e", sure))
    if ledger is not None:
        rows += [(label, value, "") for label, value in summary_rows(ledger)]
    return rows


def _print_paths(out: Path) -> None:
    console.print("outputs 输出文件:")
    for path in sorted(out.rglob("*")):
        if path.is_file():
            console.print(f"  {path}", soft_wrap=True, highlight=False, markup=False)
