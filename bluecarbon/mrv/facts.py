"""What was measured as one tidy ``Monitoring`` table: the end of MRV, the start of a rule book.

Dates: an epoch has one date (its latest acquisition); an inventory or core of the same year
carries that date, so that areas and stocks of an epoch meet, and keeps its own in ``method``.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping
from typing import Any

from bluecarbon.mrv.accuracy import normal_quantile
from bluecarbon.mrv.extent import Extent
from bluecarbon.mrv.inventory import InventoryResult
from bluecarbon.mrv.soil_cores import SoilResult
from bluecarbon.mrv.vectors import geodesic_area_ha
from bluecarbon.project import Project
from bluecarbon.report import Measurement, Monitoring, Period


def monitoring_of(
    project: Project,
    extent: Extent,
    inventory: InventoryResult | None,
    soil: SoilResult | None,
) -> Monitoring:
    """All facts of a project as a ``Monitoring``; nothing is computed here but the crown cover."""
    period = project.period
    rows = [
        *_areas(extent),
        *_crown_cover(extent),
        *(_trees(extent, inventory) if inventory else ()),
        *(_soil(extent, soil) if soil else ()),
    ]
    return Monitoring(
        project_id=project.project.id,
        period=Period(start=period.start, end=period.end),
        stock_start=extent.epoch_dates.get(period.start_epoch or 0),
        stock_end=extent.epoch_dates.get(period.end_epoch or 0),
        strata=tuple(item.stratum for item in extent.strata),
        measurements=tuple(rows),
        declarations=project.methodology.declarations if project.methodology else {},
    )


def _areas(extent: Extent) -> Iterator[Measurement]:
    first = extent.epoch_dates[extent.epochs[0]]
    for item in extent.strata:
        yield Measurement(
            variable="stratum_area",
            stratum=item.stratum.id,
            date=first,
            value=geodesic_area_ha(item.geometry),
            unit="ha",
            standard_error=0.0,
            method="geodesic area of the polygon on the WGS 84 ellipsoid",
        )
    for row in extent.estimates.to_dict("records"):
        yield Measurement(
            variable="mangrove_area",
            stratum=row["stratum"],
            date=extent.epoch_dates[row["epoch"]],
            value=float(row["area_ha"]),
            unit="ha",
            standard_error=_interval_error(row),
            sample_size=int(row["sample_size"]) or None,
            method=f"reference sample, {row['estimator']}; standard error from the interval"
            if row["sample_size"]
            else "map, no reference sample",
        )
    for row in extent.areas[extent.areas["class"] == "mangrove"].to_dict("records"):
        yield Measurement(
            variable="mapped_mangrove_area",
            stratum=row["stratum"],
            date=extent.epoch_dates[row["epoch"]],
            value=float(row["area_ha"]),
            unit="ha",
            method="map, geodesic pixel areas, cut pixels by covered fraction",
        )


def _crown_cover(extent: Extent) -> Iterator[Measurement]:
    """Mangrove cover of planted strata in the last epoch that is not later than planting."""
    areas = {(row["stratum"], row["epoch"]): row for row in extent.estimates.to_dict("records")}
    for item in extent.strata:
        stratum = item.stratum
        before = [e for e in extent.epochs if e <= (stratum.planted_year or 0)]
        if stratum.kind != "planted" or not before:
            continue
        row = areas[stratum.id, before[-1]]
        polygon = geodesic_area_ha(item.geometry)
        error = _interval_error(row)
        yield Measurement(
            variable="baseline_crown_cover",
            stratum=stratum.id,
            date=extent.epoch_dates[before[-1]],
            value=float(row["area_ha"]) / polygon,
            unit="1",
            standard_error=None if error is None else error / polygon,
            sample_size=int(row["sample_size"]) or None,
            method=f"mangrove area over stratum area, epoch {before[-1]}; {row['estimator']}",
        )


def _trees(extent: Extent, inventory: InventoryResult) -> Iterator[Measurement]:
    columns = {"tree_agb": "agb_t_ha", "tree_bgb": "bgb_t_ha", "tree_biomass": "total_t_ha"}
    apart = inventory.plots["agb_t_ha"].notna() & inventory.plots["bgb_t_ha"].notna()
    for variable, column in columns.items():
        # a total beside its parts would count twice
        some = inventory.plots[apart if variable != "tree_biomass" else ~apart]
        for row in some.to_dict("records"):
            yield Measurement(
                variable=variable,
                stratum=row["stratum"],
                date=_epoch_date(extent, row["date"]),
                value=float(row[column]),
                unit="t/ha",
                sample=row["plot_id"],
                method=f"inventory {row['date']}, {row['n_live']} live trees",
            )


def _soil(extent: Extent, soil: SoilResult) -> Iterator[Measurement]:
    for row in soil.cores.to_dict("records"):
        yield Measurement(
            variable="soil_carbon",
            stratum=row["stratum"],
            date=_epoch_date(extent, row["date"]),
            value=float(row["soil_tc_ha"]),
            unit="tC/ha",
            standard_error=_or_none(row["standard_error"]),
            sample=row["core_id"],
            method=f"core of {row['date']}, {row['how']}",
        )


def _epoch_date(extent: Extent, measured: dt.date | str) -> dt.date:
    date = dt.date.fromisoformat(str(measured)[:10])
    return extent.epoch_dates.get(date.year, date)


def _interval_error(row: Mapping[Any, Any]) -> float | None:
    """Half the interval over its quantile: a standard error that is not 0 where nothing disagreed.

    Whoever takes the number for more than it says (a rule book, a bank) must not find a certainty
    that a sample of sixty points cannot give.
    """
    half = (row["ci_high_ha"] - row["ci_low_ha"]) / 2
    return None if math.isnan(half) else half / normal_quantile(row["confidence"])


def _or_none(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else float(value)
