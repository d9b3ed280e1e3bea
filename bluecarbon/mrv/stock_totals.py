"""Stock totals with their errors: from sums by group to a table for people and machines.

The variance of a total has three parts that are shown apart: densities (parameters that all pixels
share, and what pixels have of their own), and the area of the class. Area and density are taken as
independent; for a product of two such numbers var(A d) = A2 var(d) + d2 var(A), first order (IPCC
2006 Guidelines, volume 1, chapter 3, equation 3.1 for relative errors).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bluecarbon.mrv.stock_blocks import StockSums
from bluecarbon.mrv.stock_plan import ALL_STRATA, StockPlan
from bluecarbon.mrv.stock_terms import Floats
from bluecarbon.units import CO2E_PER_C

ALL_CLASSES = ""

COLUMNS = (
    "stratum",
    "class",
    "pool",
    "area_ha",
    "area_standard_error_ha",
    "unknown_ha",
    "mean_tc_ha",
    "stock_tc",
    "standard_error_density_tc",
    "standard_error_area_tc",
    "standard_error_tc",
    "stock_tco2e",
    "standard_error_tco2e",
)


@dataclass(frozen=True)
class AreaEstimate:
    """Hectares of a class in a stratum from a reference sample, with their standard error."""

    area_ha: float
    standard_error_ha: float


def stock_table(
    plan: StockPlan,
    sums: StockSums,
    areas: Mapping[tuple[str, str], AreaEstimate] | None = None,
) -> pd.DataFrame:
    """One row for each stratum, class and pool that occurs, and the sums over strata and classes.

    Parameters
    ----------
    areas : estimated areas by (stratum, class). Where one is given, the stock is the mean density
        of the map on that area, and its error counts; the others are mapped areas without error.

    Returns
    -------
    Columns :data:`COLUMNS`. ``unknown_ha`` is counted ground without a density: it is in no stock.
    Sums of groups take shared errors as shared: their standard errors are not added in quadrature.
    """
    groups = plan.counted.groups
    present = [place for place in range(len(groups)) if sums.area_ha[place] > 0]
    measured = _Measured.of(plan, sums, areas or {})
    rows = []
    for place in present:
        rows += measured.rows([place], *groups[place])
    strata = list(dict.fromkeys(groups[place][0] for place in present))
    classes = list(dict.fromkeys(groups[place][1] for place in present))
    if len(classes) > 1:
        for stratum in strata:
            chosen = [p for p in present if groups[p][0] == stratum]
            rows += measured.rows(chosen, stratum, ALL_CLASSES)
    if len(strata) > 1:
        rows += measured.rows(present, ALL_STRATA, ALL_CLASSES)
    return pd.DataFrame(rows, columns=list(COLUMNS))


@dataclass(frozen=True)
class _Measured:
    """Sums on estimated areas: everything of a group is scaled to its area."""

    plan: StockPlan
    sums: StockSums
    area_ha: Floats
    area_error_ha: Floats
    scale: Floats

    @classmethod
    def of(
        cls, plan: StockPlan, sums: StockSums, areas: Mapping[tuple[str, str], AreaEstimate]
    ) -> _Measured:
        estimates = [areas.get(group) for group in plan.counted.groups]
        mapped = sums.area_ha
        area = np.array(
            [e.area_ha if e else float(m) for e, m in zip(estimates, mapped, strict=True)]
        )
        error = np.array([e.standard_error_ha if e else 0.0 for e in estimates])
        scale = np.divide(area, mapped, out=np.ones_like(area), where=mapped > 0)
        return cls(plan, sums, area, error, scale)

    def rows(self, places: Sequence[int], stratum: str, kind: str) -> list[dict[str, Any]]:
        """One row for each pool of the sum of some groups."""
        return [
            self._row(list(places), number, {"stratum": stratum, "class": kind, "pool": pool})
            for number, pool in enumerate(self.plan.fields)
        ]

    def _row(self, places: list[int], number: int, names: dict[str, str]) -> dict[str, Any]:
        sums, scale = self.sums, self.scale[places]
        stock = float((sums.stock_tc[number, places] * scale).sum())
        known = float((sums.known_ha[number, places] * scale).sum())
        slope = (sums.slopes[number, places] * scale[:, None]).sum(axis=0)
        own = float((sums.variance[number, places] * scale**2).sum())
        density = math.sqrt(max(float(slope @ self.plan.covariance @ slope), 0.0) + own)
        # How much a hectare more or less of a group changes the stock: what is unknown has none.
        mapped = sums.area_ha[places]
        per_ha = np.divide(
            sums.stock_tc[number, places], mapped, out=np.zeros(len(places)), where=mapped > 0
        )
        by_area = math.sqrt(float(((per_ha * self.area_error_ha[places]) ** 2).sum()))
        error = math.hypot(density, by_area)
        area = float(self.area_ha[places].sum())
        return names | {
            "area_ha": area,
            "area_standard_error_ha": math.sqrt(float((self.area_error_ha[places] ** 2).sum())),
            "unknown_ha": max(area - known, 0.0),
            "mean_tc_ha": stock / known if known > 0 else math.nan,
            "stock_tc": stock,
            "standard_error_density_tc": density,
            "standard_error_area_tc": by_area,
            "standard_error_tc": error,
            "stock_tco2e": stock * CO2E_PER_C,
            "standard_error_tco2e": error * CO2E_PER_C,
        }
