"""A sample that was stratified by polygons: the stratum of every point, and the sizes.

Sizes are hectares of the map's classes inside each polygon, exact at its edges
(:func:`.zonal.zonal_areas`): where the map has no data a polygon has no size.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from bluecarbon.mrv.class_sizes import says_nothing
from bluecarbon.mrv.map_arguments import NAME_COLUMNS, named_polygons
from bluecarbon.mrv.rasters import Geometry, opened
from bluecarbon.mrv.transitions import DatedMap
from bluecarbon.mrv.vectors import OVERLAP_TOLERANCE_HA, geodesic_area_ha
from bluecarbon.mrv.zonal import zonal_areas
from bluecarbon.spec import Finding, errors_in

Findings = tuple[Finding, ...]


def polygon_strata(
    path: Path, class_map: DatedMap, names: Mapping[int, str]
) -> tuple[tuple[dict[str, Geometry], pd.DataFrame] | None, Findings]:
    """WGS 84 polygons by name, and their sizes on the map: stratum, pixels, area_ha.

    ``names`` is number -> class of the map. Polygons that overlap are an error: their ground would
    be counted twice. None with findings when they cannot be used.
    """
    polygons, found = named_polygons(path, class_map=class_map)
    found += overlaps(polygons, subject=path.name)
    if errors_in(found):
        return None, found
    table, more = zonal_areas(class_map, polygons)
    found += more
    if table is None or errors_in(found):
        return None, found
    with opened(class_map.path) as dataset:
        nodata = dataset.nodata
    seen = [not says_nothing(int(code), nodata, names) for code in table["class"]]
    sizes = table[seen].groupby("polygon", as_index=False, sort=False)[["pixels", "area_ha"]].sum()
    return (polygons, sizes.rename(columns={"polygon": "stratum"})), found


def overlaps(polygons: Mapping[str, Geometry], *, subject: str) -> Findings:
    """An error for every pair of polygons that share more than a rounded edge."""
    names, shapes = list(polygons), list(polygons.values())
    found = []
    for one, other in shapely.STRtree(shapes).query(shapes, predicate="intersects").T:
        if one >= other:
            continue
        shared_ha = geodesic_area_ha(shapes[one] & shapes[other])
        if shared_ha > OVERLAP_TOLERANCE_HA:
            message = f"'{names[one]}' and '{names[other]}' share {shared_ha:,.2f} ha"
            fix = f"cut the polygons so that each place has one ({', '.join(NAME_COLUMNS)})"
            found.append(Finding.error("strata-overlap", subject, message, fix=fix))
    return tuple(found)


def strata_at(
    points: pd.DataFrame, polygons: Mapping[str, Geometry]
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Name of the polygon at every point (lon, lat), and where there is one; shapes (n,)."""
    places = shapely.points(points["lon"].to_numpy(), points["lat"].to_numpy())
    tree = shapely.STRtree(list(polygons.values()))
    point, polygon = tree.query(places, predicate="intersects")
    names = np.full(len(points), "", dtype=object)
    # Of a point on a shared edge the first polygon of the layer has it.
    names[point[::-1]] = np.array(list(polygons), dtype=object)[polygon[::-1]]
    inside = np.zeros(len(points), dtype=bool)
    inside[point] = True
    return names, inside
