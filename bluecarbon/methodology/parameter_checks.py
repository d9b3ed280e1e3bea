"""What a project's own parameter rows do to a rule book: replaced defaults, and defects."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from bluecarbon import units
from bluecarbon.errors import UnitError
from bluecarbon.methodology.amount_checks import as_share, is_share
from bluecarbon.methodology.protocol import MethodologySpec
from bluecarbon.methodology.vocabulary import did_you_mean, installed_vocabulary
from bluecarbon.spec import Finding, Parameter

REPLACED = "parameter-replaced"
"""The code of the finding that a project has a value of its own for a shipped one."""


def given_findings(
    given: Iterable[Parameter], known: Iterable[Parameter], subject: str
) -> tuple[Finding, ...]:
    """Defects of rows that a project gives: an unknown name, a unit that does not fit, no value.

    An override that is not used is an override the user believes in: none is ignored in silence.
    """
    rows = {row.name: row for row in known}
    found = []
    for row in given:
        place = f"{subject} {row.name}"
        if row.name not in rows:
            fix = did_you_mean(row.name, rows) or f"known: {', '.join(sorted(rows))}"
            message = "is not a parameter of this rule book"
            found.append(Finding.error("parameter-unknown", place, message, fix=fix))
        else:
            found += _misfits(row, rows[row.name], place)
    return tuple(found)


def _misfits(row: Parameter, known: Parameter, place: str) -> list[Finding]:
    found = []
    if row.value is not None and not math.isfinite(row.value):
        return [Finding.error("parameter-not-a-number", place, f"is {row.value}", fix="correct it")]
    try:
        units.factor(row.unit, known.unit)
    except UnitError as error:
        fix = f"give it in {known.unit}"
        found.append(Finding.error("parameter-unit-wrong", place, str(error), fix=fix))
    if row.value is None:
        found.append(Finding.error("parameter-without-value", place, "has no value"))
    elif (row.value < 0) != ((known.value or 0.0) < 0) and row.value != 0:
        message = f"{row.value:g} has the opposite sign of what the equation takes"
        found.append(Finding.error("parameter-sign-wrong", place, message))
    elif is_share(row.name) and (as_share(row.value, row.unit) or 0.0) > 1:
        message = f"is {row.value:g} {row.unit}, a share above 1"
        fix = "give 0 ... 1, or the unit percent"
        found.append(Finding.error("parameter-share-above-one", place, message, fix=fix))
    return found


def parameter_findings(spec: MethodologySpec, rows: Iterable[Parameter]) -> tuple[Finding, ...]:
    """What there is to say of the rows with which a rule book is run.

    Errors: a name that no installed rule book knows, a unit, sign or amount that cannot be.
    Warnings: each default with a value that is replaced, or declared verified. One remark names
    the rows that are for other rule books. A row as the rule book ships it passes.
    """
    shipped = {row.name: row for row in spec.parameters}
    given = [row for row in rows if row != shipped.get(row.name)]
    own = [row for row in given if row.name in shipped]
    return (
        *given_findings(own, spec.parameters, "parameter"),
        *(f for row in own for f in _replaced(row, shipped[row.name])),
        *_others(spec, [row.name for row in given if row.name not in shipped]),
    )


def _others(spec: MethodologySpec, names: list[str]) -> Iterator[Finding]:
    known = installed_vocabulary(spec).parameters
    for name in sorted(set(names) - known):
        fix = did_you_mean(name, known) or f"known: {', '.join(r.name for r in spec.parameters)}"
        message = "is a parameter of no installed rule book"
        yield Finding.error("parameter-unknown", f"parameter {name}", message, fix=fix)
    elsewhere = sorted(set(names) & known)
    if elsewhere:
        message = f"is for other rule books and not read: parameters {', '.join(elsewhere)}"
        yield Finding.info("parameters-not-read", spec.id, message)


def _replaced(row: Parameter, shipped: Parameter) -> Iterator[Finding]:
    if row.value is None or shipped.value is None:
        return
    same = _is_same_value(row, shipped)
    if same and row.status == shipped.status:
        return
    was = f"{shipped.value:g} {shipped.unit} ({shipped.source}, {shipped.status})"
    now = f"{row.value:g} {row.unit} (source {row.source!r}, declared {row.status})"
    verb = "declares" if same else "replaces"
    yield Finding.warning(
        REPLACED,
        f"parameter {row.name}",
        f"the project {verb} {was} -> {now}",
        fix="a verifier must see the source of the project's own value",
    )


def _is_same_value(row: Parameter, shipped: Parameter) -> bool:
    try:
        scale = units.factor(row.unit, shipped.unit)
    except UnitError:
        return False
    return row.value is not None and row.value * scale == shipped.value
