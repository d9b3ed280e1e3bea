"""Do plots lie where they say they do: inside the polygon of their own stratum?

Cores are judged by :mod:`bluecarbon.mrv.core_ground`, when their sheet is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from bluecarbon.mrv.converted_positions import converted_positions
from bluecarbon.mrv.field_tables import file_name
from bluecarbon.mrv.inventory_of_project import plots_with_places
from bluecarbon.mrv.rasters import Geometry
from bluecarbon.mrv.sample_places import TOLERANCE_M, distance_m
from bluecarbon.mrv.shift_checks import Compared, points_shift
from bluecarbon.mrv.vectors import StratumPolygon
from bluecarbon.project import Project
from bluecarbon.spec import Finding


def check_placement(project: Project, strata: Sequence[StratumPolygon]) -> tuple[Finding, ...]:
    """Plots farther than 15 m outside the stratum they name, with the distance.

    With a remark when they look shifted (:mod:`bluecarbon.mrv.shift_checks`). Nothing about a
    sheet that cannot be read, or about rows without a place on the globe: the sheet's own reader
    (:func:`bluecarbon.mrv.inventory.measure_inventory`) says so.
    """
    if project.inventory is None:
        return ()
    declared = project.inventory.plots
    table = plots_with_places(project)
    if table is None:
        return ()
    polygons = {item.stratum.id: item.geometry for item in strata}
    on_globe = (table["lon"].abs() <= 180.0) & (table["lat"].abs() <= 90.0)
    system = project.inventory.coordinates
    table, said = converted_positions(table[on_globe], file_name(declared), system)
    placed = table[table["stratum"].isin(polygons)]
    placed = placed.drop_duplicates(["plot_id", "stratum", "lon", "lat"])
    own = [polygons[name] for name in placed["stratum"]]
    lon, lat = (np.asarray(placed[name], dtype=np.float64) for name in ("lon", "lat"))
    compared = Compared(file_name(declared), "[inventory]", "[strata]", system)
    # With bad_rows = "leave out" the sheet's own reader has left these plots out, and says so.
    left_out = project.inventory.bad_rows == "leave out"
    return (
        *said,
        *(() if left_out else _misplaced(placed, own, file_name(declared))),
        *points_shift(lon, lat, own, compared),
    )


def _misplaced(placed: pd.DataFrame, polygons: Sequence[Geometry], file: str) -> Iterator[Finding]:
    for row, polygon in zip(placed.to_dict("records"), polygons, strict=True):
        away_m = distance_m(polygon, row["lon"], row["lat"])
        if away_m > TOLERANCE_M:
            yield Finding.error(
                "sample-outside-stratum",
                f"{file} row {row['line']}",
                f"{row['plot_id']} lies {away_m:,.0f} m outside stratum {row['stratum']}",
                fix="check the coordinates (longitude, latitude, WGS 84) or the stratum",
            )
