"""Rows of a sheet that are left out: every one with its line, its code and its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bluecarbon.mrv.field_tables import ROWS_NAMED_MAX, defect, in_words, row_defects
from bluecarbon.spec import Finding, Severity

REJECT_COLUMNS = ("line", "core_id", "code", "reason")


@dataclass
class Rejects:
    """Collects why rows are left out; a row may have several reasons and is left out once.

    ``key`` is the column that says what the row is about: core_id, plot_id. ``whole`` are the
    codes whose reason is one of the whole core or plot: their rows make one finding.
    """

    rows: pd.DataFrame
    file: str
    reasons: list[tuple[int, str, str]] = field(default_factory=list)
    key: str = "core_id"
    whole: set[str] = field(default_factory=set)

    def add(
        self, mask: Iterable[bool], code: str, reason: Callable[[Mapping[str, Any]], str]
    ) -> None:
        """Leave out the rows of ``mask``; ``reason`` says why from the row."""
        places = np.flatnonzero(np.asarray(mask, dtype=bool))
        for place, row in zip(places, as_records(self.rows.iloc[places]), strict=True):
            self.reasons.append((int(place), code, reason(row)))

    def add_whole(self, mask: Iterable[bool], code: str, said: Mapping[str, str]) -> None:
        """Leave out the rows of ``mask``, by the reason of their core or plot."""
        self.add(mask, code, lambda row: said[row[self.key]])
        self.whole.add(code)

    @property
    def mask(self) -> NDArray[np.bool_]:
        """True for every row that is left out."""
        out = np.zeros(len(self.rows), dtype=bool)
        out[[place for place, _, _ in self.reasons]] = True
        return out

    def table(self) -> pd.DataFrame:
        """One line for each reason: line, key, code, reason; in the order of the sheet."""
        lines = self.rows["line"].to_numpy()
        keys = self.rows[self.key].to_numpy()
        found = [
            (int(lines[p]), str(keys[p]), code, reason)
            for p, code, reason in sorted(self.reasons, key=lambda item: item[0])
        ]
        return pd.DataFrame(found, columns=["line", self.key, "code", "reason"])

    def findings(self, fixes: dict[str, str], severity: Severity) -> list[Finding]:
        """The reasons as findings by code, and how many rows are left out in all."""
        found: list[Finding] = []
        table = self.table()
        for code, rows in table.groupby("code", sort=True):
            hits = zip(rows["line"].tolist(), rows["reason"].tolist(), strict=True)
            fix = fixes.get(str(code), "")
            if code in self.whole:
                found += self._by_reason(str(code), rows, fix, severity)
                continue
            found += row_defects(str(code), self.file, hits, fix, severity=severity)
        count = int(self.mask.sum())
        if count:
            by_code = table.groupby("code")["line"].nunique().sort_index()
            said = ", ".join(f"{code} {n}" for code, n in by_code.items())
            message = f"{count} of {len(self.rows)} rows are left out ({said})"
            fix = "see the table of rejects; strict reading stops instead"
            found.append(defect("rows-left-out", self.file, message, fix, severity=severity))
        return found

    def _by_reason(
        self, code: str, rows: pd.DataFrame, fix: str, severity: Severity
    ) -> list[Finding]:
        """One finding for each reason, with all of its rows; those beyond twenty in one."""
        groups = [(str(said), part) for said, part in rows.groupby("reason", sort=False)]
        found = []
        for said, part in groups[:ROWS_NAMED_MAX]:
            subject = f"{self.file} {in_words(part['line'].tolist())}"
            found.append(defect(code, subject, said, fix, severity=severity))
        rest = groups[ROWS_NAMED_MAX:]
        if rest:
            lines = sorted(line for _, part in rest for line in part["line"])
            message = f"the same defect in {len(rest)} more ({self.key})"
            subject = f"{self.file} {in_words(lines)}"
            found.append(defect(code, subject, message, fix, severity=severity))
        return found


def as_records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as dictionaries by column name, to fill texts with."""
    return [{str(name): value for name, value in row.items()} for row in rows.to_dict("records")]
