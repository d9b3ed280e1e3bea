"""What a rule book is: a declaration, a check and a computation, without input or output."""

from __future__ import annotations

from typing import Literal, Protocol, runtime_checkable

from bluecarbon.methodology.parameters import Parameters
from bluecarbon.report import Monitoring, Quantification, Scenario
from bluecarbon.spec import Finding, Input, Output, Parameter, Source, Value


class SeriesInput(Value):
    """An annual series that a rule book reads (``series`` of the monitoring file).

    ``per`` says in words what one value is about: "per hectare" or "whole stratum" - the mistake
    that costs most. ``scenarios`` are those in which it is read.
    """

    name: str
    unit: str
    per: Literal["per hectare", "whole stratum", "whole project", "share", "property"]
    scenarios: tuple[Scenario, ...] = ("project",)
    about: str
    required: bool = True


class Declaration(Value):
    """A statement by the project that no sensor measures, and the condition on it.

    The condition is ``least <= value <= most``; a yes/no statement is 1 or 0. One that is not
    ``required`` may be left unstated (always, or where ``about`` says so); without bounds it may
    also be a text. ``by_stratum``: ``name:STRATUM`` states it for one stratum alone. A name with
    ``<scenario>`` or ``<stratum>`` is a key to fill in, and may be cut short before them.
    """

    name: str
    about: str
    least: float | None = None
    most: float | None = None
    required: bool = True
    by_stratum: bool = False


class MethodologySpec(Value):
    """Everything that a rule book declares about itself; checks and pages derive from it.

    ``extensive``: twice the area (and twice every series that is per stratum or per project)
    gives twice the claim. A rule book with a fixed term or a threshold in tonnes says False.
    ``buffer_is_issued``: the buffer share is issued into a pool and part of the claim; a rule book
    whose share for the risk of reversal is never issued (K_RISK of CCER) says False, and claims
    what is left after it. ``limitations`` are sentences on what of its document it leaves out or
    takes otherwise.
    """

    id: str
    version: str
    title: str
    title_zh: str
    inputs: tuple[Input, ...]
    series: tuple[SeriesInput, ...] = ()
    outputs: tuple[Output, ...]
    declarations: tuple[Declaration, ...]
    parameters: tuple[Parameter, ...]
    sources: tuple[Source, ...]
    extensive: bool = True
    buffer_is_issued: bool = True
    limitations: tuple[str, ...] = ()


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
