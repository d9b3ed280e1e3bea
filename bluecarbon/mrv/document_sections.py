"""What a monitoring report says, section by section, from a sealed report and its tables.

Nothing is computed here that the report or its tables do not hold; each function gives one section
or nothing where a project measured nothing of the kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pandas as pd

from bluecarbon.mrv import report_charts
from bluecarbon.mrv.chart_style import chart_words
from bluecarbon.mrv.document_blocks import Block, Column, Figure, Section, Table, Text, table
from bluecarbon.mrv.document_measurements import areas, maps, stocks
from bluecarbon.mrv.document_methods import methods
from bluecarbon.mrv.document_numbers import (
    DASH,
    TraceLine,
    claim_terms,
    interval,
    merged_outputs,
    number,
    percent,
    rows_of,
    significant,
    trace_summary,
    uncertainty_shares,
    unit,
)
from bluecarbon.mrv.document_words import Words
from bluecarbon.mrv.evidence import Evidence
from bluecarbon.report import Quantification
from bluecarbon.spec import Finding

Blocks = Iterator[Block]
Rows = list[tuple[str, ...]]


def sections(evidence: Evidence, words: Words) -> tuple[Section, ...]:
    """Every section of the report that has something to say."""
    parts: tuple[tuple[str, Callable[[Evidence, Words], Blocks]], ...] = (
        ("summary", _summary),
        ("methods", methods),
        ("maps", maps),
        ("areas", areas),
        ("stocks", stocks),
        ("quantification", _claim),
        ("uncertainty", _uncertainty),
        ("trace", _trace),
        ("parameters", _parameters),
        ("findings", _findings),
        ("inputs", _inputs),
        ("signatures", _signatures),
    )
    found = ((name, tuple(write(evidence, words))) for name, write in parts)
    return tuple(Section(words.say(f"section_{name}"), blocks) for name, blocks in found if blocks)


def all_findings(evidence: Evidence) -> tuple[Finding, ...]:
    """Findings of the measurements, the stock maps and the rule book, the gravest first."""
    report = evidence.report
    claimed = report.quantification.findings if report.quantification else ()
    order = ("error", "warning", "info")
    found = (*report.findings, *evidence.stock_findings, *claimed)
    return tuple(sorted(found, key=lambda f: order.index(f.severity)))


def _summary(evidence: Evidence, words: Words) -> Blocks:
    report, claim = evidence.report, evidence.report.quantification
    if claim is None:
        yield Text(words.say("claims_nothing"))
    else:
        say = words.say("summary_claim", book=claim.methodology_title)
        yield Text(say)
        yield _claim_table(claim, words)
    estimates = evidence.table("area_estimates")
    whole = estimates[estimates["stratum"] == ""] if len(estimates) else estimates
    columns = (
        Column(words.say("year"), "right"),
        Column(words.say("mangrove_area_ha"), "right"),
        Column(words.say("interval_ha"), "right"),
        Column(words.say("how_sure")),
    )
    yield table(
        columns,
        [
            (
                str(row.epoch),
                number(row.area_ha),
                interval(row.ci_low_ha, row.ci_high_ha),
                _sureness(row, words),
            )
            for row in rows_of(whole)
        ],
    )
    counts = {s: sum(f.severity == s for f in all_findings(evidence)) for s in ("warning", "info")}
    yield Text(words.say("summary_findings", warnings=counts["warning"], remarks=counts["info"]))
    yield Text(words.say("summary_verify", inputs=len(report.inputs)), "note")


def _sureness(row: object, words: Words) -> str:
    size = int(getattr(row, "sample_size", 0))
    if not size:
        return words.say("mapped_only")
    if pd.isna(getattr(row, "ci_low_ha", None)):
        return str(getattr(row, "estimator", ""))
    confidence = percent(getattr(row, "confidence", None), 0)
    return words.say("sampled", n=size, confidence=confidence)


def _claim_table(claim: Quantification, words: Words) -> Table:
    terms = claim_terms(claim)
    rows = tuple((words.name("pool", t.name), number(t.value_tco2e)) for t in terms)
    columns = (Column(words.say("term")), Column("tCO2e", "right"))
    return Table(columns, rows, tuple(i for i, t in enumerate(terms) if t.is_total))


def _claim(evidence: Evidence, words: Words) -> Blocks:
    claim = evidence.report.quantification
    if claim is None:
        return
    labels = chart_words(words.language)
    yield Text(words.say("claim_about", book=claim.methodology_title, id=claim.methodology_id))
    steps = [
        report_charts.Step(
            labels.name("pool", term.name),
            term.value_tco2e,
            "total" if term.is_total else "change",
        )
        for term in claim_terms(claim)
    ]
    svg = report_charts.waterfall_svg(steps, labels, "tco2e_of_period")
    spoken = "; ".join(
        f"{words.name('pool', t.name)} {number(t.value_tco2e)}" for t in claim_terms(claim)
    )
    yield Figure(
        "waterfall", svg, words.say("waterfall_alt", terms=spoken), words.say("waterfall_caption")
    )
    if claim.years:
        svg = report_charts.claim_svg(claim, labels)
        yield Figure("claim", svg, words.say("claim_alt"), words.say("claim_caption"))
    yield _years_table(claim, words)
    yield Text(words.say("years_note"), "note")
    yield Text(words.say("results_heading"), "heading")
    columns = (
        Column(words.say("result"), "left", 1),
        Column(words.say("scope"), "left"),
        Column(words.say("value"), "right"),
        Column(words.say("unit")),
        Column(words.say("equation"), "left", 1),
    )
    yield table(
        columns,
        [
            (
                words.name("result", o.name),
                words.name("scope", o.scope),
                number(o.value, 4 if o.unit == "1" else 1),
                unit(o.unit),
                o.equation,
            )
            for o in merged_outputs(claim.outputs)
        ],
    )


def _years_table(claim: Quantification, words: Words) -> Table:
    names = ("project", "baseline", "leakage", "gross", "uncertainty_deduction", "buffer")
    columns = (
        Column(words.say("vintage"), "left", 1),
        *(Column(words.name("pool", name), "right", 1) for name in names),
        Column(words.say("claim"), "right", 1),
    )
    rows: Rows = [
        (
            str(row.year),
            *(number(getattr(row, f"{name}_tco2e")) for name in names),
            number(claim.claim_tco2e_by_year.get(str(row.year))),
        )
        for row in claim.years
    ]
    sums = (sum(getattr(row, f"{name}_tco2e") for row in claim.years) for name in names)
    rows.append((words.say("in_all"), *map(number, sums), number(claim.claim_tco2e)))
    return Table(columns, tuple(rows), (len(rows) - 1,))


def _uncertainty(evidence: Evidence, words: Words) -> Blocks:
    claim = evidence.report.quantification
    if claim is None:
        return
    shares = uncertainty_shares(evidence)
    if shares is None:
        yield Text(words.say("uncertainty_unknown"))
    else:
        labels = chart_words(words.language)
        named = shares.table.assign(
            source=[labels.name("source", name) for name in shares.table["source"]]
        )
        svg = report_charts.uncertainty_svg(named, labels)
        spoken = "; ".join(
            f"{words.name('source', row.source)} {percent(row.share, 0)}"
            for row in rows_of(shares.table)
        )
        caption = words.say(f"uncertainty_caption_{shares.basis}")
        yield Figure("uncertainty", svg, words.say("uncertainty_alt", shares=spoken), caption)
        yield from _simulated(evidence, words)
    rows = [
        (words.name("result", o.name), words.name("scope", o.scope), percent(o.value), o.equation)
        for o in claim.outputs
        if "uncertainty" in o.name and o.unit == "1"
    ]
    if rows:
        headings = (("result", 1.0), ("scope", 0.0), ("value", 0.0), ("equation", 1.0))
        columns = [
            Column(words.say(name), "right" if name == "value" else "left", weight)
            for name, weight in headings
        ]
        yield table(columns, rows)
        yield Text(words.say("uncertainty_note"), "note")


def _simulated(evidence: Evidence, words: Words) -> Blocks:
    """What a Monte Carlo says of the claim, and what better measurements would gain."""
    drawn, sources = evidence.table("claim_distribution"), evidence.table("uncertainty")
    if drawn.empty or "standard_deviation_if_halved_tco2e" not in sources:
        return
    of = dict(zip(drawn["quantity"], drawn["value"], strict=True))
    yield Text(
        words.say(
            "simulated_claim",
            draws=number(of["draws"], 0),
            mean=number(of["mean"]),
            deviation=number(of["standard_deviation"]),
            low=number(of["p05"]),
            high=number(of["p95"]),
        )
    )
    names = ("source_of_error", "deviation_alone", "share", "deviation_if_halved")
    columns = [Column(words.say(names[0])), *(Column(words.say(n), "right") for n in names[1:])]
    yield table(
        columns,
        [
            (
                words.name("source", row.source),
                number(row.standard_deviation_tco2e),
                percent(row.share),
                number(row.standard_deviation_if_halved_tco2e),
            )
            for row in rows_of(sources)
        ],
    )
    yield Text(words.say("simulated_note"), "note")


def _trace(evidence: Evidence, words: Words) -> Blocks:
    claim = evidence.report.quantification
    if claim is None:
        return
    lines = trace_summary(claim.trace)
    yield Text(words.say("trace_about", steps=len(claim.trace), equations=len(lines)))
    columns = (
        Column(words.say("equation"), "left", 1),
        Column(words.say("about"), "left", 1.3),
        Column(words.say("times"), "right"),
        Column(words.say("result"), "right"),
        Column(words.say("unit")),
    )
    yield table(
        columns,
        [
            (
                f"{line.document} {line.equation}",
                words.name("about", line.about),
                str(line.times),
                _range(line),
                unit(line.unit),
            )
            for line in lines
        ],
    )


def _range(line: TraceLine) -> str:
    low, high = significant(line.low), significant(line.high)
    return low if low == high else f"{low} – {high}"


def _parameters(evidence: Evidence, words: Words) -> Blocks:
    report = evidence.report
    rows = (
        *(report.quantification.parameters if report.quantification else ()),
        *report.measurement_parameters,
    )
    if not rows:
        return
    yield Text(words.say("parameters_about"))
    columns = (
        Column(words.say("parameter"), "left", 1),
        Column(words.say("value"), "right"),
        Column(words.say("unit")),
        Column(words.say("source"), "left", 1.2),
        Column(words.say("status")),
    )
    yield table(
        columns,
        [
            (
                words.leading("parameter", row.name),
                significant(row.value),
                unit(row.unit),
                ", ".join(filter(None, (row.source, row.locator))),
                words.name("status", row.status),
            )
            for row in rows
        ],
    )


def _findings(evidence: Evidence, words: Words) -> Blocks:
    findings = all_findings(evidence)
    if not findings:
        yield Text(words.say("findings_none"))
        return
    yield Text(words.say("findings_about"))
    columns = (
        Column(words.say("severity")),
        Column(words.say("where"), "path", 0.7),
        Column(words.say("what"), "left", 2),
        Column(words.say("what_to_do"), "left", 1),
    )
    yield table(
        columns,
        [
            (words.name("severity", f.severity), f.subject, f.message, f.fix or DASH)
            for f in findings
        ],
    )


def _inputs(evidence: Evidence, words: Words) -> Blocks:
    report = evidence.report
    yield Text(words.say("inputs_about"))
    columns = (
        Column(words.say("file"), "path", 1),
        Column(words.say("role"), "left", 0.5),
        Column(words.say("bytes"), "right"),
        Column("SHA-256", "mono"),
    )
    yield table(
        columns,
        [
            (item.path, words.name("role", item.role), number(item.size_bytes, 0), item.sha256)
            for item in report.inputs
        ],
    )
    if report.rasters:
        yield Text(words.say("rasters_heading"), "heading")
        yield table(
            (Column(words.say("file"), "path", 1), Column("SHA-256", "mono")),
            sorted(report.rasters.items()),
        )


def _signatures(evidence: Evidence, words: Words) -> Blocks:
    report = evidence.report
    yield Text(words.say("seal_about"))
    software = f"{report.software.name} {report.software.version}"
    yield table(
        (Column(words.say("what"), "left", 1), Column("SHA-256", "mono")),
        (
            (words.say("seal"), report.seal),
            (words.say("code", software=software), report.software.code_sha256),
        ),
    )
    names = ("role", "name_of_person", "signature", "date")
    widths = (1.0, 1.0, 1.4, 0.8)
    columns = [Column(words.say(n), "left", w) for n, w in zip(names, widths, strict=True)]
    roles = ("prepared_by", "checked_by", "verified_by")
    yield Table(
        tuple(columns), tuple((words.say(role), "", "", "") for role in roles), kind="signatures"
    )
