"""What ``bluecarbon methodology`` prints: specifications, claims and comparisons."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator

from bluecarbon.methodology.input_files import MethodologyInput
from bluecarbon.methodology.input_schema import input_schema
from bluecarbon.methodology.protocol import Declaration, Methodology, SeriesInput
from bluecarbon.report import Quantification, YearRow
from bluecarbon.spec import Input, Parameter


def example_input(book: Methodology) -> MethodologyInput:
    """The rule book's own example as a complete file, with the parameters a project must give."""
    example = book.example()  # type: ignore[attr-defined]
    rows = book.example_parameters()  # type: ignore[attr-defined]
    return MethodologyInput(**{**example.model_dump(), "parameters": rows})


def spec_as_json(book: Methodology) -> str:
    """The declaration, what each result is, the JSON Schema of the file and a complete example."""
    page = {
        **book.spec.model_dump(mode="json"),
        "results": results_glossary(),
        "input_schema": input_schema(book.spec),
        "example": example_input(book).model_dump(mode="json", exclude_defaults=True),
    }
    return json.dumps(page, ensure_ascii=False, indent=2)


def results_glossary() -> dict[str, str]:
    """What each column of a result is, in one line, as its field says it."""
    columns = {f"years.{name}": field for name, field in YearRow.model_fields.items()}
    named = {**columns, **Quantification.model_fields}
    told = {name: field.description for name, field in named.items()}
    signed = "named results of the document, with its sign (VM0033: ghg_* are emissions, positive)"
    return {"outputs": signed, **{name: text for name, text in told.items() if text}}


def spec_as_text(book: Methodology) -> str:
    """The declaration for a reader at a terminal."""
    spec = book.spec
    parts = [f"{spec.id}\n{spec.title}\n{spec.title_zh}"]
    parts += _section(
        "measurements", ((i.name, i.unit, i.scope, _need(i), i.about) for i in spec.inputs)
    )
    parts += _section(
        "annual series",
        ((s.name, s.unit, s.per, _need(s), f"{s.about} {s.scenarios}") for s in spec.series),
    )
    parts += _section("declarations", ((d.name, _need(d), d.about) for d in spec.declarations))
    parts += _section(
        "parameters",
        (
            (p.name, f"{p.value} {p.unit}", p.status, f"{p.source} {p.locator}")
            for p in spec.parameters
        ),
    )
    parts += _section("outputs", ((o.name, o.unit, o.equation, o.about) for o in spec.outputs))
    parts += _section("results [tCO2e]", results_glossary().items())
    parts += _section("left out, or taken otherwise", ((text,) for text in spec.limitations))
    return "\n".join(parts)


def _need(item: Input | SeriesInput | Declaration) -> str:
    return "required" if item.required else "optional"


def _section(title: str, rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    lines = ["  " + " | ".join(cell for cell in row if cell) for row in rows]
    if lines:
        yield f"\n{title}"
        yield from lines


def parameters_as_json(rows: Iterable[Parameter]) -> str:
    """Parameter rows; a row without a value has null."""
    return json.dumps([row.model_dump(mode="json") for row in rows], ensure_ascii=False, indent=2)


def parameters_as_text(rows: Iterable[Parameter]) -> str:
    """Parameter rows as aligned columns; a row without a value has a dash."""
    cells = [("name", "value", "unit", "status", "source")]
    for row in rows:
        value = "-" if row.value is None else f"{row.value:z.10g}"
        where = f"{row.source} {row.locator}".strip()
        cells.append((row.name, value, row.unit, row.status, where))
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )


def quantification_as_json(done: Quantification) -> str:
    """Yearly rows and totals at full double precision, findings, parameters and the trace."""
    page = done.model_dump(mode="json") | {"totals": done.totals}
    return json.dumps(page, ensure_ascii=False, indent=2)


COLUMNS = (
    ("baseline", "baseline_tco2e"),
    ("project", "project_tco2e"),
    ("leakage", "leakage_tco2e"),
    ("gross", "gross_tco2e"),
    ("uncertainty", "uncertainty_deduction_tco2e"),
    ("buffer", "buffer_tco2e"),
    ("net", "net_tco2e"),
    ("cumulative", "cumulative_tco2e"),
)


def quantification_as_text(done: Quantification) -> str:
    """A table of years [tCO2e] and the findings, marked DRAFT where it is one."""
    head = "year  " + "".join(f"{name:>14}" for name, _ in COLUMNS)
    lines = [f"{done.methodology_id}  {done.methodology_title}  [tCO2e, removals positive]"]
    if done.draft:
        lines.append("DRAFT 草稿: rows that nobody has verified were used")
    lines.append(head)
    for row in done.years:
        cells = (f"{getattr(row, field):>z14,.3f}" for _, field in COLUMNS)
        lines.append(f"{row.year}  " + "".join(cells))
    lines.append(_sums(done))
    lines += [
        f"Monte Carlo {s.name}: mean {s.mean:,.1f}, sd {s.standard_deviation:,.1f}, "
        f"90 % {s.p05:,.1f} to {s.p95:,.1f} {s.unit} ({s.draws} draws, seed {s.seed})"
        for s in done.simulated
        if s.name in {"claim", "gross"}
    ]
    if done.simulated and not any(s.standard_deviation for s in done.simulated):
        lines.append("no input has a standard error: the draws are all the same, not certain")
    lines += [f"{f.severity}: {f.subject}: {f.message} ({f.code})" for f in done.findings]
    return "\n".join(lines)


def _sums(done: Quantification) -> str:
    """The claim with what is kept back for the risk of reversal, and what is left."""
    buffer = math.fsum(row.buffer_tco2e for row in done.years)
    net = math.fsum(row.net_tco2e for row in done.years)
    before = math.isclose(done.claim_tco2e, net + buffer, rel_tol=1e-9)
    what = "before the buffer" if before else "(the buffer's share is never issued)"
    return (
        f"claim of the period {what} {done.claim_tco2e:z,.3f} tCO2e; "
        f"buffer {buffer:z,.3f}; net {net:z,.3f}"
    )
