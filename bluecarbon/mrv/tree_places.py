"""Trees with a position of their own that lies outside the plot they are said to stand in."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pyproj import Geod

from bluecarbon.mrv.field_tables import row_defects
from bluecarbon.mrv.sample_places import TOLERANCE_M
from bluecarbon.spec import Finding

_WGS84 = Geod(ellps="WGS84")


def trees_outside_plots(trees: pd.DataFrame, plots: pd.DataFrame, file: str) -> list[Finding]:
    """Trees farther from the point of their plot than its radius and the error of a receiver.

    ``trees`` has plot_id, line, lon and lat [degree], ``plots`` plot_id, lon, lat and area_m2; a
    plot is taken as a circle. The trees are used: the plot that is written down is believed.
    """
    if not {"lon", "lat"} <= set(trees):
        return []
    known = plots.set_index("plot_id")[["lon", "lat", "area_m2"]]
    placed = trees[trees["lon"].notna() & trees["lat"].notna()]
    there = known.reindex(placed["plot_id"])
    both = there["lon"].notna().to_numpy() & there["lat"].notna().to_numpy()
    both &= (placed["lon"].abs() <= 180).to_numpy() & (placed["lat"].abs() <= 90).to_numpy()
    placed, there = placed[both], there[both]
    if placed.empty:
        return []
    tree = placed[["lon", "lat"]].to_numpy(dtype=np.float64)
    plot = there[["lon", "lat"]].to_numpy(dtype=np.float64)
    away_m = np.asarray(_WGS84.inv(tree[:, 0], tree[:, 1], plot[:, 0], plot[:, 1])[2])
    radius_m = np.sqrt(there["area_m2"].to_numpy(dtype=np.float64) / np.pi)
    outside = away_m > radius_m + TOLERANCE_M
    rows = placed[outside]
    hits = [
        (
            int(line),
            f"the tree lies {far:,.0f} m from plot '{plot}', whose radius is {radius:.1f} m",
        )
        for line, plot, far, radius in zip(
            rows["line"], rows["plot_id"], away_m[outside], radius_m[outside], strict=True
        )
    ]
    fix = "see which is wrong, the plot or the position; the tree is used in its plot"
    return row_defects("tree-outside-plot", file, hits, fix, severity="warning")
