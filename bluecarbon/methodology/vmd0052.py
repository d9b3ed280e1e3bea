"""VMD0052, additionality of tidal wetland restoration and conservation: the gate before VM0033.

VM0033 v2.1 chapter 7 sends the project here: an activity method, that is regulatory surplus and a
place on a positive list. The module's own text was not read; the project states the outcome of
both steps, and the statement is what is checked here.
"""

from __future__ import annotations

from collections.abc import Mapping

from bluecarbon.methodology.protocol import Declaration
from bluecarbon.spec import Finding

DOCUMENT = "VMD0052"

DECLARATIONS = (
    Declaration(
        name="vmd0052.regulatory_surplus",
        about="no law, statute or other regulatory framework in force requires the activity",
        least=1,
    ),
    Declaration(
        name="vmd0052.on_positive_list",
        about="the activity stands on the positive list of VMD0052 (tidal wetland restoration or "
        "conservation under its conditions)",
        least=1,
    ),
)


def check(declarations: Mapping[str, float | bool | str]) -> tuple[Finding, ...]:
    """Whether both steps are stated to hold; all findings at once."""
    found = []
    for wanted in DECLARATIONS:
        value = declarations.get(wanted.name)
        if value is None:
            found.append(_finding("declaration-missing", wanted, "is not stated"))
        elif isinstance(value, str) or not value >= 1:
            found.append(_finding("not-additional", wanted, f"is {value!r} and must be true"))
    return tuple(found)


def _finding(code: str, wanted: Declaration, message: str) -> Finding:
    subject = f"declaration {wanted.name}"
    return Finding.error(code, subject, message, fix=f"{DOCUMENT}: {wanted.about}")
