"""``bluecarbon document``: the documents of a sealed report again, without measuring again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from bluecarbon.cli.exit_codes import DIFFERS, REFUSED
from bluecarbon.cli.output_folder import MANIFEST
from bluecarbon.cli.show import console, print_findings, progress_bars
from bluecarbon.errors import OutputError, ReportError
from bluecarbon.mrv.document_files import FORMATS, Wanted, write_documents
from bluecarbon.mrv.document_words import Language
from bluecarbon.provenance import sha256_file
from bluecarbon.report import MonitoringReport, read_report, seal_of
from bluecarbon.spec import Finding


def wanted_documents(language: Language, formats: Sequence[str]) -> Wanted:
    """Which documents were asked for; OutputError for a format that is none."""
    chosen = tuple(form for form in FORMATS if form in formats)
    strange = sorted(set(formats) - set(FORMATS))
    if strange:
        raise OutputError(f"--format {strange[0]}: give {', '.join(FORMATS)}")
    return Wanted(language, chosen or FORMATS)


def write_report_documents(report_path: Path, out: Path, wanted: Wanted) -> int:
    """0 when all was written, 1 when the folder is not what the run wrote, 2 when refused."""
    report = read_report(report_path)
    folder = report_path.parent
    if report.seal != seal_of(report):
        raise ReportError(f"{report_path}: its content was changed after it was sealed")
    if out.resolve() == folder.resolve():
        raise ReportError(f"{out} is the folder of the run, which its manifest seals; give another")
    changed = (*_changed_maps(report, folder), *_changed_tables(folder))
    if changed:
        print_findings(changed)
        console.print("[bold red]refused[/]: these are not the files of the run.")
        return DIFFERS
    with progress_bars() as progress:
        made, missing = write_documents(report, folder, out=out, wanted=wanted, progress=progress)
    print_findings(missing)
    for name in made:
        console.print(f"  {out / name}", soft_wrap=True, highlight=False, markup=False)
    return REFUSED if missing else 0


def _changed_maps(report: MonitoringReport, folder: Path) -> Iterator[Finding]:
    for name, sha256 in report.rasters.items():
        path = folder / name
        if not path.is_file():
            yield Finding.error("raster-missing", name, "the map is not beside the report")
        elif sha256_file(path) != sha256:
            yield Finding.error("raster-changed", name, "is not the map that the report sealed")


def _changed_tables(folder: Path) -> Iterator[Finding]:
    """Tables that are not what ``manifest.txt`` names; silent where there is no manifest."""
    manifest = folder / MANIFEST
    lines = manifest.read_text(encoding="utf-8").splitlines() if manifest.is_file() else []
    for line in lines:
        sha256, _, name = line.partition("  ")
        if not name.startswith(("tables/", "maps/strata", "maps/composite", "stock_maps/")):
            continue
        path = folder / name
        if not path.is_file():
            yield Finding.error("table-missing", name, "is not beside the report")
        elif sha256_file(path) != sha256:
            yield Finding.error("table-changed", name, f"is not the file that {MANIFEST} names")
