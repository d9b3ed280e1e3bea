"""Why a term differs between rule books: the equations of each trace and the numbers they read.

A rule book names the equations of its terms as text ("Eq 20, 26-58; 71, 79"). In its trace the
steps of that name are found and followed back to what they read: parameter rows and the project's
own data. So a cause says what was evaluated, not what the document could have asked for.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from bluecarbon.methodology.trace_links import origins
from bluecarbon.report import Quantification, TraceInput, TraceStep

_RANGES = re.compile(r"(?:Eq )?(\d[\d,\- ]*)")
_PARAMETER = re.compile(r"parameter (\S+): ")
_SHARES = {"1", "percent"}

Fact = tuple[str, str, str, str]
"""Document, equation, name of what it reads, unit."""


class Causes:
    """What stands behind each term of one rule book.

    ``variables`` are the measurements and series of the monitoring data: a trace names them as
    the first word of a source, among other words that are none.
    """

    def __init__(self, done: Quantification, variables: Collection[str]) -> None:
        self._done = done
        self._variables = frozenset(variables)
        self._origins = origins(done)

    def pool(self, name: str) -> str:
        """The equations of a pool with the parameters and data that they start from."""
        text = self._done.equations.get(name, "")
        named = self._named(text)
        tagged = [i for i in named if f"({name})" in self._done.trace[i].equation]
        facts: dict[Fact, list[float]] = {}
        for step, item in self._read(tagged or named):
            read = self._name(item)
            # What is read by two equations is told once, with the first.
            told = any((fact[2], fact[3]) == (read, item.unit) for fact in facts)
            key = (step.document, step.equation, read, item.unit)
            if read and (key in facts or not told):
                facts.setdefault(key, []).append(item.value)
        # All rule books read the same areas: they explain only what nothing else does.
        telling = {fact: values for fact, values in facts.items() if fact[3] != "ha"}
        return _told(telling or facts) or _idle(text, named)

    def total(self, name: str) -> str:
        """The last equation of a deduction with the shares that decide it."""
        text = self._done.equations.get(name, "")
        named = [self._done.trace[i] for i in self._named(text, last=True)]
        own = [step for step in named if step.scope.startswith(name)]
        facts: dict[Fact, list[float]] = {}
        for step in own or named:
            for item in step.inputs:
                if item.unit in _SHARES and "[" not in item.name:
                    key = (step.document, step.equation, item.name, item.unit)
                    facts.setdefault(key, []).append(item.value)
        return _told(facts) or _idle(text, named)

    def _named(self, text: str, *, last: bool = False) -> list[int]:
        """The steps that a text names; with ``last`` only the last number of each range."""
        parts = list(_parts(text, {step.document for step in self._done.trace}))
        return [
            index
            for index, step in enumerate(self._done.trace)
            if any(step.document == d and _is_named(step, part, last) for d, part in parts)
        ]

    def _read(self, roots: Iterable[int]) -> Iterator[tuple[TraceStep, TraceInput]]:
        """What the steps upstream of ``roots`` read that no step computed."""
        waiting, seen = sorted(roots), set()
        while waiting:
            index = waiting.pop()
            if index in seen:
                continue
            seen.add(index)
            waiting += [o.step for o in self._origins[index] if o.kind == "step"]
        for index in sorted(seen):
            step = self._done.trace[index]
            for item, origin in zip(step.inputs, self._origins[index], strict=True):
                if origin.kind != "step":
                    yield step, item

    def _name(self, item: TraceInput) -> str:
        """A parameter or a variable of the data; empty for anything else."""
        row = _PARAMETER.match(item.source)
        if row:
            return row[1]
        first = item.source.partition(" ")[0]
        return first if first in self._variables else ""


def _parts(text: str, documents: Collection[str]) -> Iterator[tuple[str, str]]:
    """Document and number of each part; a part without a document belongs to the one before."""
    document = ""
    for part in filter(None, text.split("; ")):
        named = [d for d in documents if part.startswith(f"{d} ")]
        document = max(named, key=len, default=document)
        yield document, part.removeprefix(f"{document} ")


def _is_named(step: TraceStep, part: str, last: bool) -> bool:
    if step.equation == part or step.equation.startswith(f"{part} ("):
        return True
    wanted, own = _RANGES.fullmatch(part), _RANGES.match(step.equation)
    if wanted is None or own is None:
        return False
    numbers = _numbers(wanted[1])
    return bool(({max(numbers)} if last else numbers) & _numbers(own[1]))


def _numbers(text: str) -> set[int]:
    found: set[int] = set()
    for first, end in re.findall(r"(\d+)(?:-(\d+))?", text):
        found.update(range(int(first), int(end or first) + 1))
    return found


def _idle(text: str, named: Collection[object]) -> str:
    """The equations alone; they are said to be idle when none of them was evaluated."""
    return f"{text}, not evaluated: no data call for it" if text and not named else text


def _told(facts: dict[Fact, list[float]]) -> str:
    """The facts as words, each document and equation named once."""
    by_equation: dict[tuple[str, str], list[str]] = {}
    for (document, equation, name, unit), values in facts.items():
        words = f"{name} {_span(values)} {unit if unit != '1' else ''}".rstrip()
        by_equation.setdefault((document, equation), []).append(words)
    parts, before = [], ""
    for (document, equation), words_read in by_equation.items():
        shown = equation if document == before else f"{document} {equation}"
        parts.append(f"{shown} with {', '.join(words_read)}")
        before = document
    return "; ".join(parts)


def _span(values: Iterable[float]) -> str:
    known = list(values)
    low, high = f"{min(known):.3g}", f"{max(known):.3g}"
    return low if low == high else f"{low} to {high}"
