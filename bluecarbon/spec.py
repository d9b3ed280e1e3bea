"""The frozen value types with which everything in bluecarbon declares itself.

A :class:`Parameter` is a row, not a literal: it knows its unit, its source and whether somebody
has read that source. A :class:`Finding` is a defect in data as a value: all of them are reported
at once, each with its place and with what to do.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Severity = Literal["error", "warning", "info"]
Status = Literal["verified", "unverified"]


def _no_boolean(value: Any) -> Any:
    # To Python true is 1: a yes/no in the place of a measured value would count as one.
    if isinstance(value, bool):
        raise ValueError(f"is {str(value).lower()}, a yes/no and no number")  # noqa: TRY004 - pydantic
    return value


Real = Annotated[float, BeforeValidator(_no_boolean)]
"""A number that somebody measured or read: no boolean stands for it."""


class Value(BaseModel):
    """Base of all value types: immutable, and an unknown field is an error, not an extra."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")


class Finding(Value):
    """One defect (or remark) about data.

    ``code`` is stable and lower-case with hyphens (``scene-band-missing``); ``subject`` says
    where ("plots.csv row 17", "scene 2019-11-02.tif"); ``message`` what is wrong; ``fix`` what
    to do about it.
    """

    code: str
    severity: Severity
    subject: str
    message: str
    fix: str = ""

    @classmethod
    def error(cls, code: str, subject: str, message: str, *, fix: str = "") -> Finding:
        """A defect that forbids going on."""
        return cls(code=code, severity="error", subject=subject, message=message, fix=fix)

    @classmethod
    def warning(cls, code: str, subject: str, message: str, *, fix: str = "") -> Finding:
        """A defect that a careful reader must know of."""
        return cls(code=code, severity="warning", subject=subject, message=message, fix=fix)

    @classmethod
    def info(cls, code: str, subject: str, message: str, *, fix: str = "") -> Finding:
        """A remark about how the numbers came about."""
        return cls(code=code, severity="info", subject=subject, message=message, fix=fix)


class Source(Value):
    """A document that a number or an equation comes from; ``key`` is its key in references.bib."""

    key: str
    citation: str
    url: str = ""


class Parameter(Value):
    """One number that a rule book uses, with where it was read.

    ``status`` is ``unverified`` when nobody has read the number in its document (or in a
    transcription of it): a run that uses such a row says so, and a registry refuses to issue
    on it unless its policy allows drafts. A row without a ``value`` must be given by the project.
    """

    name: str
    value: Annotated[Real, Field(allow_inf_nan=False)] | None = None
    unit: str
    source: str
    locator: str = ""
    status: Status = "unverified"
    standard_error: Real | None = None
    distribution: Literal["", "normal", "lognormal", "uniform", "triangular"] = ""
    applies_to: str = ""
    note: str = ""


class Input(Value):
    """A measured variable that a rule book reads from a ``Monitoring``."""

    name: str
    unit: str
    scope: Literal["project", "stratum", "plot"]
    about: str
    required: bool = True


class Output(Value):
    """A number that a rule book gives, with the equation that defines it."""

    name: str
    unit: str
    about: str
    equation: str


def errors_in(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings that forbid going on."""
    return tuple(f for f in findings if f.severity == "error")
