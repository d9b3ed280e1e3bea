"""The words of documents in Chinese, in English, or in both beside each other.

They stand in ``templates/document_words.toml``, one entry for each phrase, so that a translator
needs no Python. A phrase may hold ``{places}`` that are filled when it is said.
"""

from __future__ import annotations

import importlib.resources
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Literal

from bluecarbon.report import Stratum

Language = Literal["zh", "en", "both"]

_ONE_LINE_MAX = 60
"""Two languages stand on one line up to this many letters; longer texts have a line each."""


@dataclass(frozen=True)
class Pair:
    """A word in two languages, to be filled into a phrase."""

    zh: str
    en: str


def pair_of(kind: str, name: str) -> Pair:
    """A name of the data in both languages; the name itself where nobody has translated it."""
    entry = catalogue().get(f"{kind}_{name}".replace(" ", "_"))
    plain = name.replace("_", " ")
    return Pair(entry["zh"], entry["en"]) if entry else Pair(plain, plain)


def listed(key: str, places: Iterable[dict[str, object]]) -> Pair:
    """A phrase for each of some things, one after the other, to be filled into another phrase."""
    each = list(places)
    zh, en = ([Words(code).say(key, **item) for item in each] for code in ("zh", "en"))
    return Pair("；".join(zh), "; ".join(en))


def _filled(places: dict[str, object], code: str) -> dict[str, object]:
    return {k: getattr(v, code) if isinstance(v, Pair) else v for k, v in places.items()}


@dataclass(frozen=True)
class Words:
    """Phrases in one language, or in both: Chinese first, as on the pages of the registry."""

    language: Language

    def say(self, key: str, **places: object) -> str:
        """The phrase of ``key``; KeyError when nobody has written it.

        A place may be a :class:`Pair`, which says something else in each language.
        """
        entry = catalogue()[key]
        return self.both(*(entry[code].format(**_filled(places, code)) for code in ("zh", "en")))

    def both(self, zh: str, en: str) -> str:
        """A text that exists in the two languages, or in one of them."""
        if self.language == "zh":
            return zh or en
        if self.language == "en" or not zh or zh == en:
            return en or zh
        between = " " if len(zh) + len(en) <= _ONE_LINE_MAX else "\n"
        return f"{zh}{between}{en}"

    def name(self, kind: str, name: str) -> str:
        """A name from the data (a class, a pool, a status) in words; itself where it has none.

        Names that are joined by "; " are said one by one.
        """
        pairs = [pair_of(kind, part) for part in name.split("; ")]
        return self.both("；".join(p.zh for p in pairs), "; ".join(p.en for p in pairs))

    def leading(self, kind: str, name: str) -> str:
        """A name whose beginning has words: "wood density" of "wood density Avicennia marina".

        What follows it, such as a species or a number, stands as it is.
        """
        parts = name.replace("_", " ").split(" ")
        for count in range(len(parts), 0, -1):
            known = " ".join(parts[:count])
            if f"{kind}_{known}".replace(" ", "_") in catalogue():
                pair, rest = pair_of(kind, known), " ".join(parts[count:])
                return self.both(f"{pair.zh} {rest}".strip(), f"{pair.en} {rest}".strip())
        return " ".join(parts)

    def stratum(self, stratum_id: str, strata: tuple[Stratum, ...] = ()) -> str:
        """A stratum by its id with its name; the whole boundary and its rest in words."""
        if stratum_id in _PARTS:
            return self.say(_PARTS[stratum_id])
        found = next((item for item in strata if item.id == stratum_id), None)
        name = self.both(found.name_zh, found.name) if found else ""
        return f"{stratum_id} {name}".strip() if name != stratum_id else stratum_id


_PARTS = {"": "whole_boundary", "(rest)": "rest_of_boundary"}


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """Every phrase: key -> ``zh`` and ``en``."""
    folder = importlib.resources.files("bluecarbon.mrv") / "templates"
    found: dict[str, dict[str, str]] = tomllib.loads(
        (folder / "document_words.toml").read_text("utf-8")
    )
    return found
