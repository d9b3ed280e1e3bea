"""Every exception that bluecarbon raises on purpose, in one tree.

::

    BluecarbonError
    ├── DataError (ValueError)              the user's data cannot be used; carries the findings
    │   └── ProjectError                    ... and the defect is in project.toml itself
    ├── UnitError (ValueError)              a unit is unknown, or two quantities may not be mixed
    ├── MethodologyError (ValueError)       a rule book cannot be used as asked
    │   ├── UnknownMethodologyError (KeyError)
    │   └── DuplicateMethodologyError       two plug-ins claim one id; money depends on it
    ├── ReportError (ValueError)            a file is not a sealed report, or its seal is broken
    ├── OutputError (OSError)               the output place may not be written
    ├── MissingExtraError (ImportError)     an optional part is not installed
    ├── ClusterError (RuntimeError)         no scheduler answers, or its workers keep dying
    └── RegistryError (ValueError)          the ledger refuses; see ``bluecarbon.registry.errors``

Defects in *data* are values (:class:`bluecarbon.spec.Finding`); a ``DataError`` is only the
envelope in which a function that cannot go on hands all of them to its caller at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bluecarbon.spec import Finding


class BluecarbonError(Exception):
    """Root of the tree: catch this to catch everything that bluecarbon means to raise."""


class DataError(BluecarbonError, ValueError):
    """The data cannot be used; ``findings`` lists every defect that was found."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        lines = [f"{f.code}: {f.subject}: {f.message}" for f in self.findings]
        super().__init__("\n".join(lines))

    def __reduce__(self) -> tuple[type[DataError], tuple[tuple[Finding, ...]]]:
        # A worker of a cluster sends its exception home: as findings, not as their text.
        return type(self), (self.findings,)


class ProjectError(DataError):
    """project.toml cannot be read or contradicts itself."""


class UnitError(BluecarbonError, ValueError):
    """A unit is unknown, or a conversion would mix carbon, CO2e and dry matter."""


class MethodologyError(BluecarbonError, ValueError):
    """A rule book cannot be used in the way that was asked for."""


class UnknownMethodologyError(MethodologyError, KeyError):
    """No rule book with this id is installed."""

    def __str__(self) -> str:  # KeyError would print the repr of the message
        return str(self.args[0]) if self.args else "unknown methodology"


class DuplicateMethodologyError(MethodologyError):
    """Two installed rule books claim the same id."""


class ReportError(BluecarbonError, ValueError):
    """The file is not a sealed monitoring report, or its seal does not fit its content."""


class OutputError(BluecarbonError, OSError):
    """The output place cannot, or may not, be written."""


class MissingExtraError(BluecarbonError, ImportError):
    """An optional part of bluecarbon is needed and not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an optional part: pip install 'bluecarbon[{extra}]'")
        self.extra = extra


class ClusterError(BluecarbonError, RuntimeError):
    """A dask cluster does not answer, or could not finish a block."""


class RegistryError(BluecarbonError, ValueError):
    """The ledger refuses an operation; nothing was changed."""
