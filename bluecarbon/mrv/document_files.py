"""Which files a report becomes, and which could not be made because a part is not installed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from bluecarbon.errors import MissingExtraError
from bluecarbon.mrv.document import document_of, render_html, render_pdf
from bluecarbon.mrv.document_blocks import Document
from bluecarbon.mrv.document_words import Language
from bluecarbon.mrv.document_workbook import report_workbook
from bluecarbon.mrv.evidence import Evidence, read_evidence
from bluecarbon.mrv.exports import replacing
from bluecarbon.mrv.progress import Progress, silent
from bluecarbon.report import MonitoringReport
from bluecarbon.spec import Finding

Format = Literal["html", "pdf", "xlsx"]

FORMATS: tuple[Format, ...] = get_args(Format)
BESIDE_EACH_OTHER: Language = "both"
PDF_LANGUAGES: tuple[Language, ...] = ("zh", "en")


@dataclass(frozen=True)
class Wanted:
    """Which documents to make. A PDF has one language: ``both`` makes two of them."""

    language: Language = BESIDE_EACH_OTHER
    formats: tuple[Format, ...] = FORMATS


def write_documents(
    report: MonitoringReport,
    folder: Path,
    *,
    out: Path | None = None,
    wanted: Wanted | None = None,
    ledger: Sequence[tuple[str, str]] = (),
    progress: Progress = silent,
) -> tuple[tuple[str, ...], tuple[Finding, ...]]:
    """Write the documents of a sealed report from what lies in its ``folder``.

    Parameters
    ----------
    out : Path, optional
        Where they go; beside the report when not given.
    ledger : sequence of (label, value)
        What a registry did with the claim: shown on the page, never on paper.

    Returns
    -------
    names, findings
        The files made, and a remark for each that needs an optional part.

    Raises
    ------
    ReportError
        The folder does not hold the maps of the report.
    """
    wanted = wanted or Wanted()
    evidence = read_evidence(report, folder)
    made: list[str] = []
    found: list[Finding] = []
    names = _names(wanted)
    for done, (name, form, language) in enumerate(names):
        progress("writing documents", done, len(names))
        try:
            content = _content(evidence, form, language, ledger)
        except MissingExtraError as error:
            found.append(_not_made(name, error))
            continue
        with replacing((out or folder) / name) as part:
            part.write_bytes(content)
        made.append(name)
    progress("writing documents", len(names), len(names))
    return tuple(made), tuple(found)


def _names(wanted: Wanted) -> list[tuple[str, Format, Language]]:
    """Each file with its format and language, in the order in which they are made."""
    names: list[tuple[str, Format, Language]] = []
    alone = wanted.language != BESIDE_EACH_OTHER
    if "html" in wanted.formats:
        name = f"report.{wanted.language}.html" if alone else "report.html"
        names.append((name, "html", wanted.language))
    if "pdf" in wanted.formats:
        languages = (wanted.language,) if alone else PDF_LANGUAGES
        names += [(f"report.{language}.pdf", "pdf", language) for language in languages]
    if "xlsx" in wanted.formats:
        names.append(("report.xlsx", "xlsx", BESIDE_EACH_OTHER))
    return names


def _content(
    evidence: Evidence, form: Format, language: Language, ledger: Sequence[tuple[str, str]]
) -> bytes:
    if form == "xlsx":
        return report_workbook(evidence)
    if form == "html":
        return render_html(document_of(evidence, language, ledger)).encode()
    _require_typesetting()
    document: Document = document_of(evidence, language)
    return render_pdf(document)


def _require_typesetting() -> None:
    """Before ten charts are drawn for a PDF that cannot be made."""
    from bluecarbon.typesetting import sans_font_file

    sans_font_file()


def _not_made(name: str, error: MissingExtraError) -> Finding:
    fix = f"pip install 'bluecarbon[{error.extra}]', then: bluecarbon document report.json"
    return Finding.info("document-not-made", name, "an optional part is not installed", fix=fix)
