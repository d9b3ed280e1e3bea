"""Places of change as polygons, from a map of change: what a claim or a reversal is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rasterio.errors import RasterioError

from bluecarbon.mrv.change_areas import Kind, Period, change_polygons, patch_table
from bluecarbon.mrv.change_map import CHANGE_LEGEND
from bluecarbon.mrv.patch_bands import patches_by_bands
from bluecarbon.mrv.rasters import Geometry, Grid, opened, unreadable
from bluecarbon.spec import Finding

POLYGON_PIXELS_MAX = 250_000_000
"""Up to this patches are drawn with the whole map in memory, 8 bytes for each pixel."""

CHANGE_CODE = {name: code for code, name in CHANGE_LEGEND.items()}


def patches_of(
    codes: NDArray[np.uint8],
    grid: Grid,
    *,
    kind: Kind,
    period: Period,
    strata: Mapping[str, Geometry] | None = None,
) -> gpd.GeoDataFrame:
    """The patches of loss or gain of a map of change (rows, columns), see ``CHANGE_LEGEND``.

    What one of the two dates did not observe is neither. Columns and order as of
    :func:`bluecarbon.mrv.change_areas.change_polygons`.
    """
    here = (codes == CHANGE_CODE[kind]).view(np.uint8)
    nowhere = np.broadcast_to(np.uint8(0), here.shape)
    before, after = (here, nowhere) if kind == "loss" else (nowhere, here)
    return change_polygons(before, after, grid, code=1, period=period, kind=kind, strata=strata)


def patches_of_file(
    change_map: Path, kind: Kind, period: Period, *, strata: Mapping[str, Geometry] | None = None
) -> tuple[gpd.GeoDataFrame | None, tuple[Finding, ...]]:
    """The same of a map of change on disk; None with a finding when it cannot be read.

    A map above :data:`POLYGON_PIXELS_MAX` is drawn band by band: the same patches, from north to
    south by their upper edges.
    """
    try:
        with opened(change_map) as dataset:
            pixels = dataset.height * dataset.width
            grid = Grid(dataset.crs, dataset.transform, dataset.height, dataset.width)
            codes = dataset.read(1) if pixels <= POLYGON_PIXELS_MAX else None
        if codes is None:
            patches = patches_by_bands(change_map, CHANGE_CODE[kind])
            return patch_table(patches, period=period, kind=kind, strata=strata), ()
    except (RasterioError, OSError) as error:
        return None, (unreadable(change_map.name, "change-map", error),)
    return patches_of(codes, grid, kind=kind, period=period, strata=strata), ()


def joined(parts: Sequence[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """Patches of several periods as one table; of none, the empty table with its columns."""
    filled = [part for part in parts if len(part)]
    result: Any = pd.concat(filled, ignore_index=True) if filled else parts[0]
    return result
