"""The monitoring report as a document: HTML page, PDF and workbook, Chinese and English.

A document says nothing that the sealed report and the tables beside it do not hold; it only shows
it. The page is self-contained and reaches for no network. Same inputs, same bytes.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import importlib.resources
import json
from collections.abc import Sequence
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from bluecarbon import typesetting
from bluecarbon.mrv.document_blocks import (
    Cover,
    Document,
    Facts,
    Figure,
    LegendEntry,
    Section,
    Text,
)
from bluecarbon.mrv.document_numbers import claim_terms, number
from bluecarbon.mrv.document_sections import all_findings, sections
from bluecarbon.mrv.document_words import Language, Words
from bluecarbon.mrv.evidence import Evidence

NAMES_MAX = 12
"""So many parameters are named on the cover; all of them stand in their section."""


def document_of(
    evidence: Evidence, language: Language, ledger: Sequence[tuple[str, str]] = ()
) -> Document:
    """The report in a language; ``ledger`` is what a registry did with the claim, as labels."""
    words = Words(language)
    parts = sections(evidence, words)
    if ledger:
        rows = tuple((label, value) for label, value in ledger)
        blocks = (Facts(rows), Text(words.say("ledger_note"), "note"))
        parts = (*parts, Section(words.say("section_ledger"), blocks))
    seal = evidence.report.seal
    return Document(language, _cover(evidence, words), parts, words.say("contents"), seal)


def render_html(document: Document) -> str:
    """One self-contained page: charts inside, no script, no address of another place."""
    return _environment().get_template("report.html.j2").render(document=document)


def render_pdf(document: Document) -> bytes:
    """The report on A4: tagged, fonts embedded, page numbers, running heads.

    Raises
    ------
    MissingExtraError
        The extra ``documents`` is not installed.
    """
    figures = {f"figures/{figure.name}.svg": figure.svg for figure in document.figures}
    for figure in document.figures:
        figures |= {f"figures/{entry.name}.svg": entry.svg for entry in figure.legend}
    source = importlib.resources.files("bluecarbon.mrv") / "templates" / "report.typ"
    data = json.dumps(_plain(document), ensure_ascii=False).encode()
    return typesetting.pdf_of(
        source.read_text("utf-8"),
        title=f"{document.cover.title} · {document.cover.kicker}",
        files={"data.json": data, **figures},
    )


def _plain(value: object) -> object:
    """Plain data of blocks; pictures are files of their own."""
    if isinstance(value, Figure | LegendEntry):
        value = dataclasses.replace(value, svg=b"")
    if dataclasses.is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value.decode() if isinstance(value, bytes) else value


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("bluecarbon.mrv"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["data_uri"] = _data_uri
    return environment


def _data_uri(svg: bytes) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg).decode("ascii")


def _cover(evidence: Evidence, words: Words) -> Cover:
    report, claim = evidence.report, evidence.report.quantification
    project = report.project
    title, subtitle = _titles(project.name, project.name_zh, words.language)
    return Cover(
        kicker=words.say("kicker"),
        title=title,
        subtitle=subtitle,
        claim_label=words.say("claim_label" if claim else "claim_of_none"),
        claim=number(claim.claim_tco2e) if claim else "",
        claim_unit=words.say("tco2e") if claim else "",
        claim_note=words.say(_claim_note(evidence)) if claim else "",
        drafts=_drafts(evidence, words),
        draft_word=words.say("draft"),
        seal_label=words.say("cover_seal"),
        facts=_facts(evidence, words),
        foot=words.say("cover_foot"),
    )


def _titles(name: str, name_zh: str, language: Language) -> tuple[str, str]:
    """The name in the language of the document, and under it the other one."""
    if language == "en" or not name_zh:
        return name, name_zh
    return name_zh, name if name != name_zh else ""


def _claim_note(evidence: Evidence) -> str:
    claim = evidence.report.quantification
    names = {term.name for term in claim_terms(claim)} if claim else set()
    return "claim_note_after_risk" if "never_issued" in names else "claim_note_before_buffer"


def _drafts(evidence: Evidence, words: Words) -> tuple[str, ...]:
    """Why the report is a draft, if it is."""
    unread = [row.name for row in evidence.report.unverified_parameters]
    errors = sum(finding.severity == "error" for finding in all_findings(evidence))
    found = []
    if unread:
        more = " …" if len(unread) > NAMES_MAX else ""
        names = ", ".join(unread[:NAMES_MAX]) + more
        found.append(words.say("draft_parameters", count=len(unread), names=names))
    if errors:
        found.append(words.say("draft_errors", count=errors))
    return tuple(found)


def _facts(evidence: Evidence, words: Words) -> tuple[tuple[str, str], ...]:
    report = evidence.report
    period, project = report.monitoring.period, report.project
    last = period.end - dt.timedelta(days=1)
    found = all_findings(evidence)
    counts = {s: sum(f.severity == s for f in found) for s in ("warning", "info")}
    book = report.quantification.methodology_title if report.quantification else ""
    strata = "\n".join(
        words.stratum(stratum.id, report.monitoring.strata) for stratum in report.monitoring.strata
    )
    rows = {
        "project": project.id,
        "proponent": words.both(project.proponent_zh, project.proponent),
        "period": words.say("cover_period_value", start=period.start, end=last),
        "area": f"{number(project.area_ha)} ha",
        "strata": strata,
        "book": book,
        "findings": words.say(
            "cover_findings_value", warnings=counts["warning"], remarks=counts["info"]
        ),
        "seal": report.seal,
    }
    return tuple((words.say(f"cover_{key}"), value) for key, value in rows.items() if value)
