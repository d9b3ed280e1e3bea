"""What ``bluecarbon methodology`` prints: specifications, claims and comparisons."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from bluecarbon.methodology.input_files import MethodologyInput, input_schema
from bluecarbon.methodology.protocol import Methodology
from bluecarbon.report import Quantification
from bluecarbon.spec import Parameter


def example_input(book: Methodology) -> MethodologyInput:
    """The rule book's own example as a complete file, with the parameters a project must give."""
    example = book.example()  # type: ignore[attr-defined]
    rows = book.example_parameters()  # type: ignore[attr-defined]
    return MethodologyInput(**{**example.model_dump(), "parameters": rows})


def spec_as_json(book: Methodology) -> str:
    """The declaration, the JSON Schema of the input file and a complete example."""
    page = {
        **book.spec.model_dump(mode="json"),
        "input_schema": input_schema(),
        "example": example_input(book).model_dump(mode="json", exclude_defaults=True),
    }
    return json.dumps(page, ensure_ascii=False, indent=2)


def spec_as_text(book: Methodology) -> str:
    """The declaration for a reader at a terminal."""
    spec = book.spec
    parts = [f"{spec.id}\n{spec.title}\n{spec.title_zh}"]
    parts += _section("measurements", ((i.name, i.unit, i.scope, i.about) for i in spec.inputs))
    parts += _section(
        "annual series", ((s.name, s.unit, s.per, f"{s.about} {s.scenarios}") for s in spec.series)
    )
    parts += _section("declarations", ((d.name, "", "", d.about) for d in spec.declarations))
    parts += _section(
        "parameters",
        (
            (p.name, f"{p.value} {p.unit}", p.status, f"{p.source} {p.locator}")
            for p in spec.parameters
        ),
    )
    parts += _section("outputs", ((o.name, o.unit, o.equation, o.about) for o in spec.outputs))
    return "\n".join(parts)


def _section(title: str, rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    lines = ["  " + " | ".join(cell for cell in row if cell) for row in rows]
    if lines:
        yield f"\n{title}"
        yield from lines


def parameters_as_json(rows: Iterable[Parameter]) -> str:
    """Parameter rows; a row without a value has null."""
    return json.dumps([row.model_dump(mode="json") for row in rows], ensure_ascii=False, indent=2)


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
        cells = (f"{getattr(row, field):>14,.3f}" for _, field in COLUMNS)
        lines.append(f"{row.year}  " + "".join(cells))
    buffer = sum(row.buffer_tco2e for row in done.years)
    lines.append(
        f"claim of the period before the buffer {done.claim_tco2e:,.3f} tCO2e; buffer "
        f"{buffer:,.3f}; net {done.claim_tco2e - buffer:,.3f}"
    )
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
