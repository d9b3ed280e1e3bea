"""What a reader of the claim must know about the period: losses inside it, and late baselines."""

from __future__ import annotations

from collections.abc import Iterator

from bluecarbon.mrv.extent import Extent
from bluecarbon.project import Project
from bluecarbon.spec import Finding

LOSS_SHARE_MIN = 0.02
LOSS_HA_MIN = 0.5
"""Mapped loss below this area, or this share of the stratum's mangrove, is within map error."""


def period_remarks(project: Project, extent: Extent) -> tuple[Finding, ...]:
    """Findings about planted strata that the tables alone would hide."""
    return (*_losses(project, extent), *_late_baselines(extent))


def _losses(project: Project, extent: Extent) -> Iterator[Finding]:
    start, end = project.period.start_epoch, project.period.end_epoch
    change = extent.change_estimates
    planted = [item.stratum.id for item in extent.strata if item.stratum.kind == "planted"]
    rows = change[
        (change["from_epoch"] == start)
        & (change["to_epoch"] == end)
        & (change["kind"] == "loss")
        & change["stratum"].isin(planted)
    ]
    mapped = extent.estimates[extent.estimates["epoch"] == start].set_index("stratum")["mapped_ha"]
    for row in rows.to_dict("records"):
        before_ha = float(mapped[row["stratum"]])
        lost_ha = row["mapped_ha"]
        if lost_ha > max(LOSS_HA_MIN, LOSS_SHARE_MIN * before_ha):
            yield Finding.warning(
                "loss-inside-period",
                f"stratum {row['stratum']}",
                f"{lost_ha:.1f} ha of {before_ha:.1f} ha mapped mangrove were lost between "
                f"{start} and {end}; the net change and equal annual vintages do not show it",
                fix="report the loss event with its date; see the change map",
            )


def _late_baselines(extent: Extent) -> Iterator[Finding]:
    for item in extent.strata:
        planted = item.stratum.planted_year
        if item.stratum.kind == "planted" and planted in extent.epochs:
            yield Finding.warning(
                "baseline-in-planting-year",
                f"stratum {item.stratum.id}",
                f"was planted in {planted}, and the cover before planting is taken from images of "
                f"{planted} (the last of {extent.epoch_dates[planted]})",
                fix="show that the images precede planting or that seedlings were not yet visible",
            )
