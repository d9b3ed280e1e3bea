"""Areas of classes in many polygons, exact at their edges, in one pass over the maps.

Polygons may overlap: each is counted by itself. A cut pixel counts by the part of it that lies
inside, and what it counts are hectares on the ellipsoid; or pixels count whole by their centre.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np
import shapely
from numpy.typing import NDArray

from bluecarbon.mrv.area import to_grid
from bluecarbon.mrv.areal_scale import ArealScale, cell_polynomials, cells_of
from bluecarbon.mrv.blocks import Block, Runner, Threads
from bluecarbon.mrv.kernels.coverage import CellAreas, covered
from bluecarbon.mrv.kernels.histograms import combinations
from bluecarbon.mrv.map_stack import MapStack, open_stack
from bluecarbon.mrv.rasters import LATTICE_TOLERANCE_PX, Geometry, Grid
from bluecarbon.mrv.regrid import antimeridian_findings
from bluecarbon.mrv.transitions import CodeTable, DatedMap, blocks_of, read_block
from bluecarbon.spec import Finding, errors_in

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    import xarray as xr

    from bluecarbon.mrv.map_sources import FileStrata

Mode = Literal["exact", "centre"]
Findings = tuple[Finding, ...]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Edges:
    """Edges of a polygon in pixels of a grid, (n, 4) x, y, x, y; and its rows and columns."""

    lines: Floats
    bounds: tuple[float, float, float, float]


def zonal_areas(
    class_map: DatedMap | xr.DataArray,
    polygons: Mapping[str, Geometry] | gpd.GeoDataFrame,
    *,
    mode: Mode = "exact",
    runner: Runner | None = None,
) -> tuple[pd.DataFrame | None, Findings]:
    """Hectares of every class of a map in each of many WGS 84 polygons.

    The map is a file or an array (y, x), see :mod:`.map_sources`; polygons by name, or a layer of
    them in any coordinate system.

    Returns
    -------
    Columns polygon, class (the file's number), pixels (parts of cut ones, or whole by centre) and
    area_ha (geodesic), in the order of the polygons; or None and what is wrong. A polygon that
    reaches beyond the map is a warning, one that misses it too (it has no row).
    """
    from bluecarbon.mrv.map_sources import on_files

    work = partial(_zonal_of_file, mode=mode, runner=runner)
    return on_files(work, [class_map] if isinstance(class_map, DatedMap) else class_map, polygons)


def _zonal_of_file(
    maps: Sequence[DatedMap], strata: FileStrata, *, mode: Mode, runner: Runner | None
) -> tuple[pd.DataFrame | None, Findings]:
    """:func:`zonal_areas` of a map that is a file."""
    import pandas as pd

    class_map, polygons = maps[0], strata
    if len(maps) > 1 or not isinstance(polygons, Mapping):
        message, fix = "zonal areas are of one map and of polygons", "choose one date of the map"
        return None, (Finding.error("class-maps-several", class_map.subject, message, fix=fix),)
    bands = [class_map.band] if class_map.band else []
    chosen = runner or Threads()
    stack, found = open_stack([class_map.path], [class_map.subject], runner=chosen, bands=bands)
    if stack is None:
        return None, found
    table, more = polygon_table(stack, polygons, mode=mode, runner=chosen)
    found += more
    if table is None or table.stratum is None or errors_in(found):
        return None, found
    names = list(polygons)
    columns = {
        "polygon": [names[place] for place in table.stratum],
        "class": stack.number_of(table.codes[:, 0]),
        "pixels": table.pixels,
        "area_ha": table.area_ha,
    }
    return pd.DataFrame(columns), found


def polygon_table(
    stack: MapStack,
    polygons: Mapping[str, Geometry],
    *,
    mode: Mode = "exact",
    runner: Runner,
) -> tuple[CodeTable | None, Findings]:
    """The table of codes of a stack by polygon; see :class:`.transitions.CodeTable`."""
    if beyond := antimeridian_findings(stack.grid, stack.paths[0].name):
        return None, beyond
    edges = polygon_edges(polygons, stack.grid)
    scale = ArealScale(stack.grid)
    work = partial(_block_table, stack, scale, edges, centres=mode == "centre")
    parts = []
    for answer in runner.results(work, blocks_of(stack)):
        if isinstance(answer, Finding):
            return None, (answer,)
        parts += answer
    found = _beyond(edges, list(polygons), stack.grid)
    return _table(parts, len(stack.paths)), found


def _table(parts: list[tuple[int, NDArray[np.uint8], Floats]], maps: int) -> CodeTable:
    number = np.repeat([part[0] for part in parts], [len(part[1]) for part in parts]).astype(int)
    codes = np.concatenate([np.zeros((0, maps), np.uint8), *(part[1] for part in parts)])
    sums = np.concatenate([np.zeros((0, 2)), *(part[2] for part in parts)])
    # places of polygons as two bytes, so that they can be combined as codes are
    high, low = np.divmod(number, 256)
    keys = np.column_stack([high // 256, high % 256, low]).astype(np.uint8)
    found, place = combinations(np.concatenate([keys, codes], axis=1).T)
    pixels, area_ha = (
        np.bincount(place, weights=column, minlength=len(found)).astype(np.float64)
        for column in sums.T
    )
    stratum = (found[:, :3].astype(np.int64) * [256 * 256, 256, 1]).sum(axis=1)
    return CodeTable(stratum, found[:, 3:], pixels, area_ha)


def polygon_edges(polygons: Mapping[str, Geometry], grid: Grid) -> tuple[Edges, ...]:
    """The edges of WGS 84 polygons in pixels of a grid, outer rings counter-clockwise."""
    shapes = np.array(list(polygons.values()), dtype=object)
    placed = shapely.orient_polygons(to_grid(shapes, grid), exterior_cw=False)
    return tuple(_edges(shape, grid) for shape in placed)


def _edges(shape: Geometry, grid: Grid) -> Edges:
    across, down = grid.pixel_size
    rings = [
        ring
        for part in shapely.get_parts(shape)
        if part.geom_type == "Polygon" and not part.is_empty
        for ring in (part.exterior, *part.interiors)
    ]
    lines = [np.zeros((0, 4))]
    for ring in rings:
        x, y = shapely.get_coordinates(ring).T
        xy = np.column_stack([(x - grid.transform.c) / across, (grid.transform.f - y) / down])
        lines.append(np.concatenate([xy[:-1], xy[1:]], axis=1))
    edges = np.concatenate(lines)
    if not len(edges):
        return Edges(edges, (0.0, 0.0, 0.0, 0.0))
    x, y = edges[:, 0], edges[:, 1]
    return Edges(edges, (float(y.min()), float(x.min()), float(y.max()), float(x.max())))


def _block_table(
    stack: MapStack, scale: ArealScale, edges: tuple[Edges, ...], block: Block, *, centres: bool
) -> list[tuple[int, NDArray[np.uint8], Floats]] | Finding:
    """Codes and sums of every polygon that touches a block, by its place."""
    touching = [
        place
        for place, item in enumerate(edges)
        if item.bounds[0] < block.row + block.rows and item.bounds[2] > block.row
    ]
    if not touching:
        return []
    maps = read_block(stack, block)
    if isinstance(maps, Finding):
        return maps
    areas = _cell_areas(scale, block)
    origin = np.array([block.column, block.row] * 2, dtype=np.float64)
    result = []
    for place in touching:
        codes, sums = covered(
            edges[place].lines - origin, maps, block.columns, areas, centres=centres
        )
        if len(codes):
            result.append((place, codes, sums))
    return result


def _cell_areas(scale: ArealScale, block: Block) -> CellAreas:
    cells = [
        Block(block.row + cell.row, block.column + cell.column, cell.rows, cell.columns)
        for cell in cells_of(block, scale.cell_px)
    ]
    return CellAreas(*scale.cell_px, cell_polynomials(scale, cells))


def _beyond(edges: tuple[Edges, ...], names: list[str], grid: Grid) -> Findings:
    found = []
    for name, item in zip(names, edges, strict=True):
        if not len(item.lines):
            message, fix = "the polygon is empty", "draw it, or leave it out"
            found.append(Finding.warning("polygon-empty", name, message, fix=fix))
            continue
        top, left, bottom, right = item.bounds
        over = max(-top, -left, bottom - grid.height, right - grid.width)
        # An edge on that of the map is beyond it by the last bit of a float.
        if over <= LATTICE_TOLERANCE_PX:
            continue
        missed = bottom <= 0 or right <= 0 or top >= grid.height or left >= grid.width
        message = "lies outside the map" if missed else "reaches beyond the map"
        fix = "give a map that covers it; only what lies on the map was counted"
        found.append(Finding.warning("polygon-beyond-map", name, message, fix=fix))
    return tuple(found)
