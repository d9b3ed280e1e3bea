"""``bluecarbon verify``: recompute a sealed report and say what differs."""

from __future__ import annotations

from pathlib import Path

from bluecarbon.cli.exit_codes import DIFFERS, REFUSED
from bluecarbon.cli.output_folder import project_of
from bluecarbon.cli.run_command import refused
from bluecarbon.cli.show import console, print_findings, progress_bars
from bluecarbon.errors import DataError, ReportError
from bluecarbon.mrv.verification import form_findings, verify
from bluecarbon.project_file import load_project
from bluecarbon.report import read_report
from bluecarbon.spec import errors_in


def verify_report(report_path: Path, project_path: Path | None) -> int:
    """0 when the claim is reproduced, 1 when anything differs, 2 when it cannot be tried."""
    try:
        report = read_report(report_path)
        project = load_project(project_path or project_of(report_path.parent))
        with progress_bars() as progress:
            findings = (
                *form_findings(report, report_path),
                *verify(report, project, report_path.parent, progress),
            )
    except DataError as error:
        return refused(error)
    except ReportError as error:
        console.print(f"not verifiable: {error}", style="bold red", markup=False)
        return REFUSED
    print_findings(findings)
    if errors_in(findings):
        console.print("[bold red]NOT REPRODUCED 未能复现[/]: the report and its inputs differ.")
        return DIFFERS
    console.print(
        "[bold green]REPRODUCED 已复现[/]: every input, parameter, map and result agrees."
    )
    return 0
