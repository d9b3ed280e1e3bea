"""A sheet of marker horizons (feldspar, a dated storm layer): readings to accretion and carbon."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from bluecarbon.mrv.column_names import Correction, map_columns
from bluecarbon.mrv.column_vocabulary import MARKER_NAMES
from bluecarbon.mrv.core_sheets import sheet_lines
from bluecarbon.mrv.field_tables import defect
from bluecarbon.mrv.mapped_cells import mapped_cells
from bluecarbon.mrv.rejects import Rejects
from bluecarbon.mrv.soil_accumulation import marker_rates
from bluecarbon.mrv.soil_row_checks import BULK_DENSITY_MAX_G_CM3
from bluecarbon.spec import Finding, errors_in

FIXES = {
    "marker-plot-missing": "fill in plot_id",
    "marker-depth-wrong": "give the centimetres of soil above the marker, 0 and more",
    "marker-years-wrong": "give the years since the marker was laid, more than 0",
    "bulk-density-wrong": f"give dry g/cm3, above 0 and at most {BULK_DENSITY_MAX_G_CM3}",
    "carbon-percent-wrong": "give percent of dry mass, 0 to 100",
    "marker-times-differ": "give readings of one time, or name the plots apart",
}


def read_markers(
    path: Path, *, corrections: Mapping[str, Correction] | None = None, strict: bool = False
) -> tuple[pd.DataFrame, tuple[Finding, ...]]:
    """Accretion and carbon of each plot (:func:`bluecarbon.mrv.soil_accumulation.marker_rates`).

    Columns: plot_id, depth_cm (soil above the marker), years (since it was laid), and of that soil
    bulk_density_g_cm3 and organic_carbon_percent where known. Rows that cannot be used are left
    out and named, as errors when ``strict``; the table is empty when none is left.
    """
    file, empty = path.name, pd.DataFrame()
    lines, findings = sheet_lines(path, "")
    if lines is None:
        return empty, tuple(findings)
    mapping, found = map_columns(lines[0][1], MARKER_NAMES, file=file, corrections=corrections)
    findings += found
    for name in ("plot_id", "depth_cm", "years"):
        if mapping.column(name) is None:
            message, fix = f"there is no column for {name}", f"add it, or name it {name}"
            findings.append(defect("column-missing", file, message, fix))
    if errors_in(findings):
        return empty, tuple(findings)
    rows = mapped_cells(lines, mapping).rows
    rejects = Rejects(rows, file, key="plot_id")
    _reject(rejects)
    findings += rejects.findings(FIXES, "error" if strict else "warning")
    left = rows[~rejects.mask]
    if left.empty or errors_in(findings):
        return empty, tuple(findings)
    return marker_rates(left), tuple(findings)


def _reject(rejects: Rejects) -> None:
    rows = rejects.rows
    for name in ("bulk_density_g_cm3", "organic_carbon_percent"):
        if name not in rows:
            rows[name] = np.nan
    depth, years = rows["depth_cm"], rows["years"]
    density, carbon = rows["bulk_density_g_cm3"], rows["organic_carbon_percent"]
    rejects.add(rows["plot_id"] == "", "marker-plot-missing", lambda _: "plot_id is empty")
    rejects.add(~(depth >= 0), "marker-depth-wrong", lambda row: f"depth is {row['depth_cm']:g} cm")
    rejects.add(~(years > 0), "marker-years-wrong", lambda row: f"years are {row['years']:g}")
    rejects.add(
        (density <= 0) | (density > BULK_DENSITY_MAX_G_CM3),
        "bulk-density-wrong",
        lambda row: f"bulk density is {row['bulk_density_g_cm3']:g} g/cm3",
    )
    rejects.add(
        (carbon < 0) | (carbon > 100),
        "carbon-percent-wrong",
        lambda row: f"organic carbon is {row['organic_carbon_percent']:g} %",
    )
    times = rows.groupby("plot_id")["years"].nunique()
    several = set(times.index[times > 1])
    said = {name: f"plot {name} has readings after different times" for name in several}
    rejects.add_whole(rows["plot_id"].isin(several), "marker-times-differ", said)
