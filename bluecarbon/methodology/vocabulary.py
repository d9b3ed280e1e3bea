"""The names that rule books read: this one's, another's, or nobody's.

One monitoring file may serve several rule books, so that a name which another installed rule book
reads is no defect. A name that nobody reads is one: a misspelt statement would be no statement.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from bluecarbon.methodology.protocol import Declaration, MethodologySpec

BASELINE_PREFIX = "baseline_"
"""A measurement has no scenario: one that was taken in the baseline says so in its name."""

MEASURED_BESIDE = frozenset({"mapped_mangrove_area", "tree_bgb", "soil_carbon"})
"""Facts that ``bluecarbon run`` measures for whoever reads them: no rule book has to."""

OUTSIDE_STRATA = "(rest)"
"""The stratum of a fact that ``bluecarbon run`` measured in the project area, in no stratum."""

STATED_FOR_ALL = frozenset({"draft"})
"""What the option ``--draft`` states, to whichever rule book is asked."""

_HEAD = re.compile(r"([^.:]*)(.*)")


@dataclass(frozen=True)
class Vocabulary:
    """The names that some rule books read in a monitoring file."""

    measurements: frozenset[str]
    series: frozenset[str]
    declarations: tuple[Declaration, ...]
    parameters: frozenset[str]

    @classmethod
    def of(cls, *specs: MethodologySpec) -> Vocabulary:
        """What these rule books read, together."""
        return cls(
            measurements=frozenset(item.name for spec in specs for item in spec.inputs),
            series=frozenset(item.name for spec in specs for item in spec.series),
            declarations=tuple(item for spec in specs for item in spec.declarations),
            parameters=frozenset(row.name for spec in specs for row in spec.parameters),
        )

    def reads_measurement(self, name: str) -> bool:
        """Whether a measurement of this name is read, of the project or of the baseline."""
        return bool({name, name.removeprefix(BASELINE_PREFIX)} & self.measurements)

    def reads_declaration(self, key: str) -> bool:
        """Whether a statement is read, also one for a scenario or for a stratum alone."""
        return any(_is_key_of(item, key) for item in self.declarations)

    def stratum_of(self, key: str) -> str | None:
        """The stratum that a statement ``name:STRATUM`` is about; None for any other."""
        head, rest = _parts(key)
        by_stratum = {item.name for item in self.declarations if item.by_stratum}
        return rest[1:] if head in by_stratum and rest.startswith(":") else None


def _is_key_of(item: Declaration, key: str) -> bool:
    head, rest = _parts(key)
    if "<" in item.name:
        # 'soil_method.<scenario>.<stratum>' may be cut short; its rule book judges the rest.
        return head == item.name.split(".")[0] and not rest.startswith(":")
    return key == item.name or (item.by_stratum and head == item.name and rest.startswith(":"))


def _parts(key: str) -> tuple[str, str]:
    found = _HEAD.fullmatch(key)
    return (found[1], found[2]) if found else (key, "")


def installed_vocabulary(*more: MethodologySpec) -> Vocabulary:
    """What all installed rule books read, and ``more`` that need not be installed."""
    # The loader imports the built-in rule books, which check their data by this module.
    from bluecarbon.methodology.loader import installed

    return Vocabulary.of(*more, *(book.spec for book in installed().values()))


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The nearest known name as a hint in words; empty when none is near."""
    near = difflib.get_close_matches(name, sorted(set(known)), n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else ""


def did_you_mean_declaration(key: str, declarations: Iterable[Declaration]) -> str:
    """The same for a statement; what follows its name (scenario, stratum) stays."""
    rest = _parts(key)[1]
    return did_you_mean(key, (_spelled(item, rest) for item in declarations))


def _spelled(item: Declaration, rest: str) -> str:
    has_parts = "<" in item.name or item.by_stratum
    return _parts(item.name)[0] + rest if has_parts else item.name
