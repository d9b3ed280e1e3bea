"""The auditor's trace for reading: plain text for a terminal, one HTML page for everything else.

Both say the same as the workbook: each equation with its number and document, its inputs with
unit and source, its result, and the parameter rows that were used, in order of evaluation.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined
from rich.cells import cell_len

from bluecarbon.methodology.trace_links import Origin, origins
from bluecarbon.report import Quantification, TraceStep
from bluecarbon.spec import Parameter

_INDENT = "      "


def trace_as_text(quantification: Quantification) -> str:
    """The trace as aligned plain text, a block per equation; ends with a line break.

    Numbers have 12 significant digits; an input that is the result of an earlier step says which.
    """
    blocks = [_head(quantification)]
    for number, (step, found) in enumerate(
        zip(quantification.trace, origins(quantification), strict=True), start=1
    ):
        blocks.append(_step_lines(number, step, found))
    blocks.append(_parameter_lines(quantification.parameters))
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def trace_as_html(quantification: Quantification) -> str:
    """The trace as one self-contained page, headings in Chinese and English.

    An input that is the result of an earlier step is a link to it.
    """
    template = _environment().get_template("trace.html.j2")
    steps = list(zip(quantification.trace, origins(quantification), strict=True))
    return template.render(quantification=quantification, steps=steps)


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("bluecarbon.methodology"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = _number
    return environment


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:z.12g}"


def _head(quantification: Quantification) -> list[str]:
    lines = [
        f"{quantification.methodology_id}  {quantification.methodology_title}",
        f"核算量 claim: {_number(quantification.claim_tco2e)} tCO2e",
    ]
    if quantification.draft:
        lines.append("草稿 DRAFT: rests on parameter rows that nobody has read in their document")
    return [_printable(line) for line in lines]


def _step_lines(number: int, step: TraceStep, found: Sequence[Origin]) -> list[str]:
    title = f"[{number}] {step.document} {step.equation}  |  {step.scope}  |  {step.about}"
    rows = [
        (item.name, "=", _number(item.value), item.unit, _from(origin, item.source))
        for item, origin in zip(step.inputs, found, strict=True)
    ]
    rows.append(("结果 result", "=", _number(step.result), step.unit, step.formula))
    return [_printable(title), *_aligned(rows)]


def _from(origin: Origin, source: str) -> str:
    return f"[{origin.step + 1}] {source}" if origin.kind == "step" else source


def _parameter_lines(rows: Sequence[Parameter]) -> list[str]:
    if not rows:
        return []
    cells = [
        (row.name, _number(row.value), row.unit, f"{row.source} {row.locator}".strip(), row.status)
        for row in rows
    ]
    return ["参数 parameters", *_aligned(cells)]


def _aligned(rows: Iterable[Sequence[str]]) -> list[str]:
    """Rows as columns; a Chinese character takes two places on a terminal."""
    clean = [[_printable(text) for text in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*clean, strict=True)]
    return [
        _INDENT
        + "  ".join(
            text + " " * (width - cell_len(text)) for text, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in clean
    ]


def _printable(text: str) -> str:
    """Text of a user's file must not steer the terminal that it is shown on."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
