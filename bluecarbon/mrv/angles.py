"""Longitudes and latitudes as people write them: 20.508333, 20°30.5'N, 20 30 30, E109°45′12″.

What is marked is read; a bare 203030 is not, because nobody can tell degrees and minutes without
marks from metres of a map grid: it is named together with what it may mean.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

Axis = Literal["lon", "lat"]

LIMIT_DEGREE: dict[Axis, float] = {"lon": 180.0, "lat": 90.0}

_ALIKE = str.maketrans({
    "º": "°", "˚": "°", "度": "°", "′": "'", "’": "'", "‘": "'", "´": "'", "分": "'", "＇": "'",
    "″": '"', "”": '"', "“": '"', "秒": '"', "＂": '"', "\u2212": "-", "，": ",", "\u00a0": " ",
    "\u3000": " ",
})  # fmt: skip
_SIDES = {"N": 1, "北": 1, "S": -1, "南": -1, "E": 1, "东": 1, "W": -1, "西": -1}
_AXES: dict[str, Axis] = {"N": "lat", "北": "lat", "S": "lat", "南": "lat",
                          "E": "lon", "东": "lon", "W": "lon", "西": "lon"}  # fmt: skip
_SIDE = r"(?:([NSEW])|([北南东西])[纬经]?)"
_NUMBER = r"\d{1,3}(?:[.,]\d+)?"
_MARKED = re.compile(
    rf"(?:{_SIDE}\s*:?\s*)?(?P<sign>[+-]?)(?P<degrees>{_NUMBER})\s*(?:°\s*|\s+|(?=[NSEW]|$))"
    r"(?:(?P<minutes>\d{1,2}(?:[.,]\d+)?)\s*(?:'(?!')\s*|\s+|(?=[NSEW]|$))"
    r"(?:(?P<seconds>\d{1,2}(?:[.,]\d+)?)\s*(?:\"|'')?\s*)?)?"
    rf"(?:{_SIDE})?",
    re.IGNORECASE,
)
_PACKED = re.compile(r"(?P<degrees>\d{1,3})(?P<minutes>\d{2})(?P<rest>\d{2}(?:\.\d+)?|\.\d+)")


_PARTS = ("degrees", "minutes", "seconds")


class Angle(NamedTuple):
    """Degrees (None when the text is no angle of this axis), and why not."""

    degrees: float | None
    problem: str = ""


def angle_of(text: str, axis: Axis) -> Angle:
    """The degrees that a text with marks, spaces or a letter of the compass gives.

    Texts that are plain numbers are not for this function.
    """
    found = _MARKED.fullmatch(text.translate(_ALIKE).strip())
    if found is None:
        return Angle(None, "is no angle such as 20.5083, 20°30.5'N or 20 30 30")
    letters = [letter.upper() for letter in found.groups() if letter and letter.upper() in _SIDES]
    problem = _problem(found, letters, axis)
    if problem:
        return Angle(None, problem)
    negative = found["sign"] == "-" or any(_SIDES[letter] < 0 for letter in letters)
    return Angle(-_size(found) if negative else _size(found))


def _size(found: re.Match[str]) -> float:
    degrees, minutes, seconds = (_number(found[name]) for name in _PARTS)
    return degrees + minutes / 60.0 + seconds / 3600.0


def _problem(found: re.Match[str], letters: list[str], axis: Axis) -> str:
    """Why marks of an angle make none; empty when they do."""
    degrees, minutes, seconds = (_number(found[name]) for name in _PARTS)
    other = "longitude" if axis == "lat" else "latitude"
    broken = (found["minutes"] and degrees % 1) or (found["seconds"] and minutes % 1)
    problems = {
        f"is a {other}: are the columns exchanged?": any(_AXES[x] != axis for x in letters),
        "has two signs": len(letters) > 1 or (bool(letters) and bool(found["sign"])),
        "has minutes or seconds of 60 and more": minutes >= 60 or seconds >= 60,
        "has a fraction before its last part": bool(broken),
        f"is beyond {LIMIT_DEGREE[axis]:g} degrees": _size(found) > LIMIT_DEGREE[axis],
    }
    return next((text for text, wrong in problems.items() if wrong), "")


def packed_angle(number: float, axis: Axis) -> tuple[str, float] | None:
    """What a number beyond the globe may mean: degrees, minutes and seconds without marks.

    203030 is 20°30'30", 2030.5 is 20°30.5'. None when it can mean neither.
    """
    found = _PACKED.fullmatch(f"{abs(number):.10g}")
    if found is None or int(found["minutes"]) >= 60 or float(found["rest"]) >= 60:
        return None
    degrees, minutes = int(found["degrees"]), int(found["minutes"])
    if found["rest"].startswith("."):
        rest = float(found["rest"])
        said, size = f"{degrees}°{minutes + rest:g}'", degrees + (minutes + rest) / 60.0
    else:
        seconds = float(found["rest"])
        said = f"{degrees}°{minutes:02d}'{seconds:02g}\""
        size = degrees + minutes / 60.0 + seconds / 3600.0
    return (said, size if number > 0 else -size) if size <= LIMIT_DEGREE[axis] else None


def _number(text: str | None) -> float:
    return float(text.replace(",", ".")) if text else 0.0
