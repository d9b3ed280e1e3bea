"""What ``bluecarbon mrv cores`` prints and writes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from bluecarbon.cli.table_output import echo_findings, print_table
from bluecarbon.spec import Finding

if TYPE_CHECKING:
    import pandas as pd

    from bluecarbon.mrv.soil_cores import Reading, SoilResult

COMMAND = "bluecarbon mrv cores"


@dataclass(frozen=True)
class Answer:
    """What came of the sheets; ``result`` is None when nothing may be counted."""

    readings: Sequence[Reading]
    findings: Sequence[Finding]
    rejected: pd.DataFrame
    result: SoilResult | None


def tell(answer: Answer) -> None:
    """What was read as what, and everything that is to be known, on the error stream."""
    for reading in answer.readings:
        if reading.mapping is not None:
            typer.echo(str(reading.mapping), err=True)
    echo_findings(_condensed(answer.findings, answer.rejected))


def _condensed(findings: Sequence[Finding], rejected: pd.DataFrame) -> list[Finding]:
    """The findings for a reader: one for all rows of a sheet that are left out for one reason.

    Every row by itself stands in rejected_rows.csv and in --json.
    """
    from bluecarbon.mrv.field_tables import in_words

    shown: list[Finding] = []
    done: set[tuple[str, str]] = set()
    for finding in findings:
        named = rejected[rejected["code"] == finding.code]
        file = next((f for f in named["file"].unique() if finding.subject.startswith(f)), "")
        if not file:
            shown.append(finding)
        elif (file, finding.code) not in done:
            done.add((file, finding.code))
            rows = named[named["file"] == file]
            reasons = rows["reason"].unique()
            more = f", and {len(reasons) - 1} more such reasons" if len(reasons) > 1 else ""
            subject = f"{file} {in_words(sorted(rows['line'].unique().tolist()))}"
            shown.append(
                finding.model_copy(update={"subject": subject, "message": reasons[0] + more})
            )
    return shown


def show(result: SoilResult, out: Path | None) -> None:
    """The cores, their means and rates on the output."""
    from bluecarbon.mrv.pooled_cores import means_of

    print_table(result.cores, "Cores 土壤柱状样" + (f" -> {out}" if out else ""))
    typer.echo("")
    print_table(means_of(result.cores), "Means 均值 (tC/ha)")
    if len(result.rates):
        typer.echo("")
        print_table(result.rates, "Rates 累积速率")
    if len(result.markers):
        typer.echo("")
        print_table(result.markers, "Marker horizons 标志层")


def tables_of(result: SoilResult) -> dict[str, pd.DataFrame]:
    """The tables by the names of their files."""
    from bluecarbon.mrv.pooled_cores import means_of

    tables = {
        "slices.csv": result.slices,
        "cores.csv": result.cores,
        "means.csv": means_of(result.cores),
        "rejected_rows.csv": result.rejected,
    }
    some = {"rates.csv": result.rates, "markers.csv": result.markers}
    return tables | {name: table for name, table in some.items() if len(table)}


def write(answer: Answer, out: Path, inputs: Sequence[Path], settings: dict[str, object]) -> None:
    """The tables, the mapping and a manifest into a folder, all or nothing.

    Raises
    ------
    OutputError
        The folder holds an input or something that this command did not make.
    """
    result = answer.result
    if result is None:
        return
    from bluecarbon.cli.output_folder import replaced_folder
    from bluecarbon.mrv.manifest import digest_of, write_manifest
    from bluecarbon.mrv.outputs import SIGNIFICANT_DIGITS

    with replaced_folder(out, inputs[0], command=COMMAND, inputs=inputs) as folder:
        for name, table in tables_of(result).items():
            table.to_csv(
                folder / name, index=False, float_format=SIGNIFICANT_DIGITS, lineterminator="\n"
            )
        (folder / "columns.txt").write_text(f"{result.mapping}\n", encoding="utf-8")
        digests = [digest_of(path, "cores") for path in inputs]
        write_manifest(folder, COMMAND, settings=settings, inputs=digests, findings=answer.findings)


def as_json(answer: Answer) -> str:
    """Columns, findings, rejected rows and tables (without the slices)."""
    said: dict[str, object] = {
        "columns": [r.mapping.model_dump() for r in answer.readings if r.mapping],
        "findings": [finding.model_dump() for finding in answer.findings],
    }
    tables = {"rejected_rows.csv": answer.rejected}
    if answer.result is not None:
        tables |= tables_of(answer.result)
        del tables["slices.csv"]
    said |= {name.removesuffix(".csv"): _records(table) for name, table in tables.items()}
    return json.dumps(said, ensure_ascii=False, indent=1)


def _records(table: pd.DataFrame) -> list[Any]:
    """Rows for JSON, which knows no NaN."""
    rows: list[Any] = table.astype(object).where(table.notna(), None).to_dict("records")
    return rows
