"""The monitoring report as one HTML page: self-contained, no network, Chinese beside English.

The page says nothing that the sealed report does not hold; it only shows it.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from bluecarbon.mrv import charts
from bluecarbon.report import MonitoringReport, Quantification

if TYPE_CHECKING:
    from bluecarbon.mrv.pipeline import Measured


def render_html(
    report: MonitoringReport, measured: Measured, ledger: Sequence[tuple[str, str]] = ()
) -> str:
    """The page of a report. ``ledger`` is what a registry did with the claim, as labelled rows."""
    template = _environment().get_template("report.html.j2")
    quantification = report.quantification
    totals = _totals(quantification) if quantification else {}
    return template.render(
        report=report,
        measured=measured,
        quantification=quantification,
        totals=totals,
        pictures=_pictures(report, measured),
        change=_change_table(measured),
        ledger=ledger,
        draft=bool(report.unverified_parameters),
    )


def _totals(quantification: Quantification) -> dict[str, float]:
    """Pools and deductions of the whole period [tCO2e]: they add up to the claim."""
    totals: dict[str, float] = {}
    for row in quantification.years:
        certain = row.gross_tco2e - row.uncertainty_deduction_tco2e
        taken_off = {
            "uncertainty deduction 不确定性扣减": -row.uncertainty_deduction_tco2e,
            "risk of reversal, never issued 非持久性风险扣减": (
                quantification.claim_tco2e_by_year[str(row.year)] - certain
            ),
        }
        for name, value in {**row.pools_tco2e, **taken_off}.items():
            totals[name] = totals.get(name, 0.0) + value
    return {name: value for name, value in totals.items() if value}


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("bluecarbon.mrv"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = _number
    environment.filters["percent"] = lambda v: "-" if pd.isna(v) else f"{100 * v:.1f} %"
    return environment


def _number(value: float | None, digits: int = 1) -> str:
    """A number for reading: thousands separated, a dash where there is none."""
    if value is None or pd.isna(value):
        return "-"
    # Adding 0.0 turns a negative zero into the zero that people expect.
    return f"{round(value, digits) + 0.0:,.{digits}f}"


def _pictures(report: MonitoringReport, measured: Measured) -> dict[str, str]:
    extent = measured.extent
    pictures = {"maps": charts.maps_png(extent), "areas": charts.areas_png(extent)}
    if len(extent.epochs) > 1:
        pictures["change"] = charts.change_png(extent, *_change_epochs(measured))
    if measured.inventory is not None:
        pictures["biomass"] = charts.biomass_png(measured.inventory.strata)
    if report.quantification is not None:
        pictures["claim"] = charts.claim_png(report.quantification)
    return {
        name: "data:image/png;base64," + base64.b64encode(png).decode("ascii")
        for name, png in pictures.items()
    }


def _change_epochs(measured: Measured) -> tuple[int, int]:
    """The two epochs that bound the claim, or first and last."""
    dates = measured.extent.epoch_dates
    bounds = (measured.monitoring.stock_start, measured.monitoring.stock_end)
    found = [epoch for epoch, date in dates.items() if date in bounds]
    return (found[0], found[-1]) if len(found) == 2 else (min(dates), max(dates))


def _change_table(measured: Measured) -> list[dict[str, Any]]:
    """Gain and loss of mapped mangrove per stratum and pair of epochs [ha]."""
    moves = measured.extent.transitions
    rows = []
    for (start, end, stratum), group in moves.groupby(
        ["from_epoch", "to_epoch", "stratum"], sort=True
    ):
        was = group["from_class"] == "mangrove"
        becomes = group["to_class"] == "mangrove"
        rows.append(
            {
                "start": start,
                "end": end,
                "stratum": stratum or "whole boundary",
                "gain": float(group.loc[~was & becomes, "area_ha"].sum()),
                "loss": float(group.loc[was & ~becomes, "area_ha"].sum()),
                "stable": float(group.loc[was & becomes, "area_ha"].sum()),
            }
        )
    return rows
