"""What a rule book is: a declaration, a check and a computation, without input or output."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from bluecarbon.methodology.parameters import Parameters
from bluecarbon.report import Monitoring, Quantification
from bluecarbon.spec import Finding, Input, Output, Parameter, Source, Value


class Declaration(Value):
    """A statement by the project that no sensor measures, and the condition on it.

    The condition is ``least <= value <= most``; a yes/no statement is 1 or 0.
    """

    name: str
    about: str
    least: float | None = None
    most: float | None = None


class MethodologySpec(Value):
    """Everything that a rule book declares about itself; checks and pages derive from it."""

    id: str
    version: str
    title: str
    title_zh: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    declarations: tuple[Declaration, ...]
    parameters: tuple[Parameter, ...]
    sources: tuple[Source, ...]


@runtime_checkable
class Methodology(Protocol):
    """A published version of a crediting methodology. Pure: no files, no clock, no randomness."""

    @property
    def spec(self) -> MethodologySpec:
        """Id, version, titles, inputs, outputs, parameters and sources."""

    def check(self, monitoring: Monitoring) -> tuple[Finding, ...]:
        """What is missing or not eligible, all of it."""

    def quantify(self, monitoring: Monitoring, parameters: Parameters) -> Quantification:
        """The claim, with the trace of every equation. MethodologyError when check has errors."""
