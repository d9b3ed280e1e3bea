"""What a document is made of, whatever it becomes: HTML and PDF show the same blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bluecarbon.mrv.document_words import Language

Align = Literal["left", "right", "mono", "path"]


@dataclass(frozen=True)
class Column:
    """A column of a table; ``weight`` is its share of the free width, 0 takes what it needs."""

    heading: str
    align: Align = "left"
    weight: float = 0.0


@dataclass(frozen=True)
class Table:
    """Rows of texts under columns; ``strong`` are the rows that sum up the others."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    strong: tuple[int, ...] = ()
    kind: str = "table"


@dataclass(frozen=True)
class Facts:
    """Labels with values."""

    rows: tuple[tuple[str, str], ...]
    kind: str = "facts"


@dataclass(frozen=True)
class Text:
    """A paragraph, or a note under a table or chart (smaller)."""

    text: str
    kind: Literal["paragraph", "note", "warning", "heading"] = "paragraph"


@dataclass(frozen=True)
class LegendEntry:
    """A small picture and what it stands for."""

    name: str
    svg: bytes
    label: str


@dataclass(frozen=True)
class Figure:
    """A chart or map as SVG; ``alt`` says in words what it shows, for who cannot see it.

    ``legend`` is set as text under the picture, in the language of the document.
    """

    name: str
    svg: bytes
    alt: str
    caption: str
    legend: tuple[LegendEntry, ...] = ()
    kind: str = "figure"


Block = Table | Facts | Text | Figure


@dataclass(frozen=True)
class Section:
    """A titled part of a document."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Cover:
    """What stands on the first page."""

    kicker: str
    title: str
    subtitle: str
    claim_label: str
    claim: str
    claim_unit: str
    claim_note: str
    drafts: tuple[str, ...]
    draft_word: str
    seal_label: str
    facts: tuple[tuple[str, str], ...]
    foot: str


@dataclass(frozen=True)
class Document:
    """A whole document in one language, or in both."""

    language: Language
    cover: Cover
    sections: tuple[Section, ...]
    contents: str
    seal: str

    @property
    def figures(self) -> tuple[Figure, ...]:
        """Every chart and map, in order."""
        return tuple(b for s in self.sections for b in s.blocks if isinstance(b, Figure))


def table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> Table:
    """A table from plain sequences."""
    return Table(tuple(columns), tuple(tuple(row) for row in rows))
