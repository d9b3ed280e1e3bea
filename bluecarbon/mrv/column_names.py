"""The columns of a field sheet by name: which header is what, in which unit, said and correctable.

:func:`map_columns` looks every header up in the declared table of
:mod:`bluecarbon.mrv.column_vocabulary` and returns a :class:`ColumnMapping`, a value to print, to
correct and to hand back. It guesses nothing: a header that may mean two things, two headers that
mean one thing and a unit that does not fit are findings that say how to settle them.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Literal

from bluecarbon import units
from bluecarbon.errors import UnitError
from bluecarbon.mrv.column_vocabulary import UNIT_SPELLINGS, FieldName, Kind
from bluecarbon.mrv.field_tables import defect
from bluecarbon.spec import Finding, Value

Correction = str | tuple[str, str]
"""The header that a canonical name is read from, with its unit where the header has none or a
wrong one: ``"Density"``, ``("Density", "kg/m3")``; an empty text reads the name from no column."""

MatchedBy = Literal["user", "same name", "known header"]

_BRACKETS = re.compile(
    r"^(?P<name>.*?)[\s_/]*[(\[{【](?P<unit>[^()\[\]{}【】]*(?:\([^()]*\))?[^()\[\]{}【】]*)[)\]}】]\s*$"
)
_BEHIND_MARK = re.compile(r"^(?P<name>.*?)\s*[,/:;]\s*(?P<unit>[^,]+)$")
_SPACE = re.compile(r"[\s_\-.·・]+")
_TOKENS = re.compile(r"[\s_]+")


class MappedColumn(Value):
    """One canonical column and the header it is read from.

    ``header_unit`` is the unit that the header states or implies, empty when it says none (then
    the unit of the name is taken); values are multiplied by ``factor`` to be in ``unit``.
    """

    name: str
    kind: Kind
    header: str
    place: int
    header_unit: str = ""
    unit: str = ""
    factor: float = 1.0
    by: MatchedBy = "known header"


class ColumnMapping(Value):
    """Which column of a sheet is what. Print it, correct it with :meth:`corrections`."""

    file: str
    columns: tuple[MappedColumn, ...]
    unread: tuple[str, ...] = ()

    def column(self, name: str) -> MappedColumn | None:
        """The column of a canonical name, None when the sheet has none."""
        return next((column for column in self.columns if column.name == name), None)

    def corrections(self) -> dict[str, Correction]:
        """The mapping as what a user passes as ``corrections``: edit it and read again."""
        return {
            column.name: (column.header, column.header_unit)
            if column.header_unit
            else column.header
            for column in self.columns
        }

    def __str__(self) -> str:
        width = max((len(column.name) for column in self.columns), default=0)
        lines = [f"columns of {self.file}:"]
        for column in self.columns:
            unit = column.header_unit or (f"{column.unit}, not stated" if column.unit else "")
            scale = f" x {column.factor:g}" if column.factor != 1.0 else ""
            said = f" [{unit}]{scale}" if unit else ""
            lines.append(f"  {column.name:<{width}}  <- {column.header!r}{said} ({column.by})")
        if self.unread:
            lines.append(f"  not read: {', '.join(self.unread)}")
        return "\n".join(lines)


def plain(header: str) -> str:
    """A header for comparison: NFKC, no case, no spaces, underscores, hyphens and points."""
    return _SPACE.sub("", unicodedata.normalize("NFKC", header)).casefold()


def unit_of(text: str) -> str | None:
    """The unit that a text spells ("g/cm³", "g cm-3", "克/千克"), None when it is none."""
    normal = unicodedata.normalize("NFKC", text).replace("\u2212", "-").replace("^", "")
    tight = re.sub(r"[\s_·・.()*]+", "", normal)
    # Mg is a tonne and mg a milligram: the case counts where both may be meant
    return UNIT_SPELLINGS.get(tight) or UNIT_SPELLINGS.get(tight.casefold())


def split_header(header: str) -> tuple[str, str, str]:
    """Name, unit and what stands where a unit ought to, of a header.

    "BD (g/cm3)" is ("BD", "g/cm3", ""), "depth_top_cm" is ("depth_top", "cm", ""), "BD (dry)" is
    ("BD", "", "dry"), "core" is ("core", "", "").
    """
    text = unicodedata.normalize("NFKC", header).strip()
    for pattern in (_BRACKETS, _BEHIND_MARK):
        found = pattern.match(text)
        if found and found["name"].strip():
            unit = unit_of(found["unit"])
            if unit or pattern is _BRACKETS:
                return found["name"].strip(), unit or "", "" if unit else found["unit"].strip()
    return _split_tail(text)


def _split_tail(text: str) -> tuple[str, str, str]:
    """A unit as the last words of a header: depth_top_cm, oc_g_kg, bulk density g cm-3, OC%."""
    tokens = _TOKENS.split(text)
    for count in (2, 1):
        if len(tokens) > count:
            tail = tokens[-count:]
            unit = unit_of("/".join(tail)) or unit_of("".join(tail))
            if unit:
                return " ".join(tokens[:-count]), unit, ""
    if text.endswith("%") and len(text) > 1:
        return text[:-1], "percent", ""
    return text, "", ""


def map_columns(
    header: Sequence[str],
    names: Sequence[FieldName],
    *,
    file: str,
    corrections: Mapping[str, Correction] | None = None,
) -> tuple[ColumnMapping, list[Finding]]:
    """Map the header line of a sheet to canonical names.

    Parameters
    ----------
    header
        The cells of the header line.
    names
        What may stand in such a sheet (``SOIL_NAMES``, ``TREE_NAMES``).
    file
        How findings call the sheet.
    corrections
        Canonical name to header, or to (header, unit); these come before everything else.

    Returns
    -------
    The mapping, as far as it is certain, and the findings: ``column-ambiguous``,
    ``column-twice``, ``column-unit-unknown``, ``column-unit-wrong``, ``correction-wrong``
    (errors), ``columns-unread`` (a remark).
    """
    known = {name.name: name for name in names}
    texts = [text.strip() for text in header]
    findings = _repeated(texts, file)
    given, found = _corrected(texts, known, corrections or {}, file)
    findings += found
    taken = {column.place for column in given if column.header}
    claims = _claims(texts, [n for n in names if n.name not in (corrections or {})], taken)
    chosen, found = _settled(texts, claims, file)
    findings += found
    columns = list(given)
    for name, (place, by) in chosen.items():
        column, found = _column(known[name], texts[place], place, by=by, file=file)
        findings += found
        columns += [column] if column else []
    order = {name.name: index for index, name in enumerate(names)}
    columns.sort(key=lambda column: order[column.name])
    read = {column.place for column in columns}
    unread = tuple(t for place, t in enumerate(texts) if place not in read and t)
    if unread:
        message = f"columns that are not read: {', '.join(unread)}"
        fix = "name them in the column mapping if they are needed"
        findings.append(defect("columns-unread", f"{file} header", message, fix, severity="info"))
    return ColumnMapping(file=file, columns=tuple(columns), unread=unread), findings


def _repeated(texts: Sequence[str], file: str) -> list[Finding]:
    twice = sorted({text for text in texts if text and texts.count(text) > 1})
    return [
        defect("column-twice", file, f"column '{text}' is there twice", "keep one of them")
        for text in twice
    ]


def _corrected(
    texts: Sequence[str],
    known: Mapping[str, FieldName],
    corrections: Mapping[str, Correction],
    file: str,
) -> tuple[list[MappedColumn], list[Finding]]:
    """The columns that the user names."""
    columns: list[MappedColumn] = []
    findings: list[Finding] = []
    for name, said in corrections.items():
        text, unit = (said, "") if isinstance(said, str) else said
        if name not in known:
            findings.append(_wrong_correction(f"there is no name '{name}'", name, known, file))
        elif text and text not in texts:
            findings.append(_wrong_correction(f"there is no column '{text}'", text, texts, file))
        elif text:
            place = texts.index(text)
            column, found = _column(known[name], text, place, by="user", file=file, unit=unit)
            findings += found
            columns += [column] if column else []
    return columns, findings


def _wrong_correction(message: str, text: str, known: Iterable[str], file: str) -> Finding:
    near = difflib.get_close_matches(text, list(known), n=1, cutoff=0.5)
    fix = f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(known)}"
    return defect("correction-wrong", f"{file} column mapping", message, fix)


def _claims(
    texts: Sequence[str], names: Sequence[FieldName], taken: set[int]
) -> dict[int, list[tuple[str, MatchedBy]]]:
    """For each column the names that its header may mean; the name itself beats other headers."""
    claims: dict[int, list[tuple[str, MatchedBy]]] = {}
    for place, text in enumerate(texts):
        if place in taken or not text:
            continue
        whole, name = plain(text), plain(split_header(text)[0])
        same = [n.name for n in names if plain(n.name) == whole]
        if same:
            claims[place] = [(same[0], "same name")]
            continue
        accepted = [
            n.name
            for n in names
            if not ({whole, name} if n.unit else {whole}).isdisjoint(_accepted(n))
            and _unit_fits(text, n)
        ]
        if accepted:
            claims[place] = [(each, "known header") for each in accepted]
    return claims


@cache
def _accepted(name: FieldName) -> frozenset[str]:
    own = {plain(name.name), plain(_split_tail(name.name)[0])}
    return frozenset(own | {plain(_implied(text)[0]) for text in name.headers})


def _implied(text: str) -> tuple[str, str]:
    """Header and implied unit of an entry of the vocabulary."""
    name, mark, unit = text.partition(" [")
    return name, unit.rstrip("]") if mark else ""


def _unit_fits(text: str, name: FieldName) -> bool:
    """A unit of another dimension tells two meanings of a header apart; none fits everything."""
    unit = split_header(text)[1]
    return not unit or not name.unit or _factor(unit, name.unit) is not None or not name.headers


def _settled(
    texts: Sequence[str], claims: Mapping[int, list[tuple[str, MatchedBy]]], file: str
) -> tuple[dict[str, tuple[int, MatchedBy]], list[Finding]]:
    """One column for each name, and the findings about what cannot be settled."""
    chosen: dict[str, tuple[int, MatchedBy]] = {}
    findings: list[Finding] = []
    wanted: dict[str, list[int]] = {}
    for place, names in claims.items():
        if len(names) == 1:
            wanted.setdefault(names[0][0], []).append(place)
    for name, places in wanted.items():
        best = [p for p in places if claims[p][0][1] == "same name"] or places
        if len(best) > 1:
            found = ", ".join(f"'{texts[p]}'" for p in best)
            fix = f"say which in the column mapping, as {name} = '{texts[best[0]]}'"
            message = f"{found} may each be {name}"
            findings.append(defect("column-ambiguous", f"{file} header", message, fix))
        else:
            chosen[name] = (best[0], claims[best[0]][0][1])
    for place, names in claims.items():
        free = [each for each in names if each[0] not in wanted]
        if len(names) > 1 and len(free) == 1:
            chosen.setdefault(free[0][0], (place, free[0][1]))
        elif len(names) > 1 and free:
            findings.append(_ambiguous(texts[place], [each[0] for each in free], file))
    return chosen, findings


def _ambiguous(text: str, names: Sequence[str], file: str) -> Finding:
    message = f"'{text}' may be {' or '.join(names)}"
    fix = f"say which in the column mapping, as {names[0]} = '{text}'"
    return defect("column-ambiguous", f"{file} header", message, fix)


def _column(
    name: FieldName, text: str, place: int, *, by: MatchedBy, file: str, unit: str = ""
) -> tuple[MappedColumn | None, list[Finding]]:
    """The column, with the factor from the unit of its header to that of the name."""
    if not name.unit:
        column = MappedColumn(name=name.name, kind=name.kind, header=text, place=place, by=by)
        return column, []
    stated, strange = _unit_in(text, name)
    stated = (unit_of(unit) or unit) if unit else stated
    subject = f"{file} header"
    if strange and not unit:
        message = f"'{strange}' behind '{text}' is not a unit that is known"
        fix = f"give the unit in the column mapping, as {name.name} = ('{text}', '{name.unit}')"
        severity: Literal["error", "info"] = "error" if _looks_like_unit(strange) else "info"
        finding = defect("column-unit-unknown", subject, message, fix, severity=severity)
        if severity == "error":
            return None, [finding]
        found = [finding]
    else:
        found = []
    factor = _factor(stated, name.unit) if stated else 1.0
    if factor is None:
        message = f"'{text}' is in {stated}, which is no unit of {name.name} ({name.unit})"
        fix = "correct the header, or give its unit in the column mapping"
        return None, [*found, defect("column-unit-wrong", subject, message, fix)]
    return MappedColumn(
        name=name.name, kind=name.kind, header=text, place=place,
        header_unit=stated, unit=name.unit, factor=factor, by=by,
    ), found  # fmt: skip


def _unit_in(text: str, name: FieldName) -> tuple[str, str]:
    """The unit that a header states, else the one that it implies; and what is no unit."""
    if plain(text) == plain(name.name):
        return name.unit, ""
    bare, stated, strange = split_header(text)
    if stated:
        return stated, ""
    implied = dict(_implied(entry) for entry in name.headers)
    known = {plain(entry): unit for entry, unit in implied.items()}
    return known.get(plain(text), known.get(plain(bare), "")), strange


def _looks_like_unit(text: str) -> bool:
    return any(mark in text for mark in "/^³²") or bool(re.search(r"\d", text))


def _factor(source: str, target: str) -> float | None:
    try:
        # twelve digits: kg/m3 is 0.001 g/cm3, not 0.0010000000000000002
        return float(f"{units.factor(source, target):.12g}")
    except UnitError:
        return None
