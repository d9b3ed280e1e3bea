"""Plots put at random into strata: the same for the same seed, apart from each other, reachable.

A plot is drawn evenly over the ground of its stratum, on an equal-area plane. What a mask or the
edge leaves out is not sampled, and said in hectares: a mean of the plots says nothing of it.

With a minimum distance the draw is a simple sequential inhibition (Diggle 2003, Statistical
Analysis of Spatial Point Patterns, 2nd ed., section 5.4): a place too near to an earlier plot is
drawn again. While that is rare the plots may be treated as a simple random sample; how often it
happened is in the findings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pyproj
import shapely
from numpy.typing import NDArray

from bluecarbon.mrv.rasters import Geometry
from bluecarbon.spec import Finding, errors_in

M2_PER_HA = 10_000.0
PLACES = 7
"""Decimals of a degree that are kept: a centimetre."""

TRIES = 2_000
"""Places tried for one plot before its stratum counts as full."""

CROWDED_SHARE = 0.2
"""Share of places drawn again from which the sample is no longer nearly a simple random one."""

MAIN, RESERVE = "main", "reserve"

Findings = tuple[Finding, ...]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Placement:
    """How plots are placed.

    ``apart_m``: least distance between the centres of any two plots; ``edge_m``: least distance of
    a centre from the edge of its stratum (the radius of a plot keeps it inside whole);
    ``within_m``: farthest distance from what is reachable, when lines or areas of access are given;
    ``reserve_share``: plots drawn in addition, to be used in their order when one cannot be set up.
    """

    seed: int
    apart_m: float = 0.0
    edge_m: float = 0.0
    within_m: float = 0.0
    reserve_share: float = 0.0


@dataclass(frozen=True)
class _Ground:
    """What of a stratum can be sampled, on the plane."""

    name: str
    shape: Geometry
    left_out_ha: float


def place_plots(
    strata: gpd.GeoDataFrame,
    plots: Mapping[str, int],
    rules: Placement,
    *,
    access: gpd.GeoDataFrame | None = None,
) -> tuple[gpd.GeoDataFrame | None, Findings]:
    """Draw the places of plots.

    Parameters
    ----------
    strata : polygons in any CRS with a column ``stratum``
    plots : stratum -> plots
    access : polygons that can be entered, or lines (creeks, dykes, paths) from which the field
        team walks ``rules.within_m`` metres at most

    Returns
    -------
    A row for each plot: plot_id, stratum, use (main, reserve), order within the stratum, lon, lat
    (WGS 84), represents_ha (hectares that one main plot stands for) and the point. None with
    findings when a stratum is unknown or holds no room for its plots.
    """
    plane = _plane(strata)
    projected = strata.to_crs(plane)
    found = _unknown(projected, plots)
    if errors_in(found):
        return None, found
    reached = _reached(access, plane, rules)
    rng = np.random.default_rng(rules.seed)
    ways = reached.union_all() if reached is not None else None
    rows: list[dict[str, object]] = []
    taken: list[tuple[float, float]] = []
    # In the order of their names, so that the order in a file moves no plot.
    for name in sorted(plots):
        ground = _ground(name, projected, ways, rules)
        placed, own = _placed(ground, int(plots[name]), rules, taken=taken, rng=rng)
        found += own
        rows += placed
    if errors_in(found):
        return None, found
    return _table(rows, plane), found


def read_access(path: Path) -> tuple[gpd.GeoDataFrame | None, Findings]:
    """Polygons or lines that a team can reach; None with a finding when they cannot be read."""
    try:
        frame = gpd.read_file(path)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, OSError) as error:
        message = f"the layer cannot be read: {str(error).splitlines()[0]}"
        fix = "use GeoJSON, GeoPackage or Shapefile (with its .shx, .dbf and .prj)"
        return None, (Finding.error("access-unreadable", path.name, message, fix=fix),)
    if frame.crs is None or frame.empty:
        message = "the layer is empty" if frame.empty else "the layer has no coordinate system"
        fix = "export the creeks, dykes, paths or areas again, with their CRS"
        return None, (Finding.error("access-unusable", path.name, message, fix=fix),)
    return frame, ()


def _plane(strata: gpd.GeoDataFrame) -> pyproj.CRS:
    """Equal areas around the middle of the strata: within 100 km lengths are off by 1 in 10,000."""
    west, south, east, north = strata.to_crs(4326).total_bounds
    middle = f"+lat_0={(south + north) / 2:.6f} +lon_0={(west + east) / 2:.6f}"
    return pyproj.CRS.from_proj4(f"+proj=laea {middle} +datum=WGS84 +units=m")


def _unknown(strata: gpd.GeoDataFrame, plots: Mapping[str, int]) -> Findings:
    names = set(strata["stratum"].astype(str))
    found = []
    for name, count in plots.items():
        if name not in names:
            fix = f"strata of the layer: {', '.join(sorted(names))}"
            found.append(
                Finding.error("stratum-unknown", f"stratum {name}", "is not in the layer", fix=fix)
            )
        elif count < 1:
            found.append(
                Finding.error(
                    "plots-none", f"stratum {name}", f"{count} plots are asked for", fix="1 or more"
                )
            )
    for name in sorted(names - set(plots)):
        message = "gets no plot: nothing will be known of it"
        found.append(Finding.warning("stratum-without-plots", f"stratum {name}", message))
    return tuple(found)


def _reached(
    access: gpd.GeoDataFrame | None, plane: pyproj.CRS, rules: Placement
) -> gpd.GeoSeries | None:
    if access is None:
        return None
    shapes = access.to_crs(plane).geometry
    return shapes.buffer(rules.within_m) if rules.within_m > 0 else shapes


def _ground(
    name: str, strata: gpd.GeoDataFrame, ways: Geometry | None, rules: Placement
) -> _Ground:
    whole = strata.geometry[strata["stratum"].astype(str) == name].union_all()
    inside = whole.buffer(-rules.edge_m) if rules.edge_m > 0 else whole
    if ways is not None:
        inside = inside.intersection(ways)
    return _Ground(name, inside, (whole.area - inside.area) / M2_PER_HA)


def _placed(
    ground: _Ground,
    plots: int,
    rules: Placement,
    *,
    taken: list[tuple[float, float]],
    rng: np.random.Generator,
) -> tuple[list[dict[str, object]], Findings]:
    """The plots of one stratum; ``taken`` grows by them."""
    reserve = int(np.ceil(plots * rules.reserve_share - 1e-9))
    wanted = plots + reserve
    drawn = _candidates(ground.shape, rng) if ground.shape.area > 0 else iter(())
    places: list[tuple[float, float]] = []
    refused = 0
    for x, y in drawn:
        if _far_enough(x, y, [*taken, *places], rules.apart_m):
            places.append((x, y))
        else:
            refused += 1
        if len(places) == wanted or refused > TRIES * wanted:
            break
    taken += places
    found = _room_findings(ground, wanted, len(places), refused)
    represents = ground.shape.area / M2_PER_HA / plots
    rows: list[dict[str, object]] = [
        {
            "stratum": ground.name,
            "use": MAIN if number <= plots else RESERVE,
            "order": number,
            "represents_ha": represents if number <= plots else float("nan"),
            "x": x,
            "y": y,
        }
        for number, (x, y) in enumerate(places, start=1)
    ]
    return rows, found


def _candidates(shape: Geometry, rng: np.random.Generator) -> Iterator[tuple[float, float]]:
    """Places drawn evenly over a shape, without end: triangles by area, then a point of one."""
    triangles = [
        triangle
        for triangle in shapely.constrained_delaunay_triangles(shape).geoms
        if triangle.area > 0
    ]
    corners = np.array([shapely.get_coordinates(t)[:3] for t in triangles])
    area = np.array([t.area for t in triangles])
    share = np.cumsum(area) / area.sum()
    while True:
        which, first, second = rng.random(3)
        a, b, c = corners[min(int(np.searchsorted(share, which, side="right")), len(area) - 1)]
        # Folding the unit square along its diagonal keeps the draw even over the triangle.
        if first + second > 1:
            first, second = 1 - first, 1 - second
        x, y = a + first * (b - a) + second * (c - a)
        yield float(x), float(y)


def _far_enough(x: float, y: float, places: list[tuple[float, float]], apart_m: float) -> bool:
    if apart_m <= 0 or not places:
        return True
    across, along = np.subtract(np.asarray(places), (x, y)).T
    return bool((np.hypot(across, along) >= apart_m).all())


def _room_findings(ground: _Ground, wanted: int, placed: int, refused: int) -> Findings:
    subject = f"stratum {ground.name}"
    if placed < wanted:
        room = ground.shape.area / M2_PER_HA
        message = f"holds room for {placed} of {wanted} plots ({room:.2f} ha can be sampled)"
        fix = "fewer plots or reserves, a smaller distance or edge, or a wider access"
        return (Finding.error("stratum-too-small", subject, message, fix=fix),)
    found = []
    if ground.left_out_ha > 0:
        message = f"{ground.left_out_ha:.2f} ha lie at its edge or out of reach, and are no part"
        fix = "the plots say nothing of that ground; measure it otherwise or state the difference"
        found.append(Finding.warning("ground-left-out", subject, message, fix=fix))
    if refused > CROWDED_SHARE * (refused + placed):
        message = f"{refused} of {refused + placed} places were drawn again as too near to others"
        fix = "so crowded a sample is more even than a random one; a smaller distance is safer"
        found.append(Finding.warning("plots-crowded", subject, message, fix=fix))
    return tuple(found)


def _table(rows: list[dict[str, object]], plane: pyproj.CRS) -> gpd.GeoDataFrame:
    frame = gpd.GeoDataFrame(
        rows, geometry=gpd.points_from_xy([r["x"] for r in rows], [r["y"] for r in rows]), crs=plane
    ).to_crs(4326)
    longitude, latitude = frame.geometry.x.round(PLACES), frame.geometry.y.round(PLACES)
    digits = max(2, len(str(int(frame["order"].max()))))
    frame["plot_id"] = [
        f"{row.stratum}-{'R' if row.use == RESERVE else ''}{row.order:0{digits}d}"
        for row in frame.itertuples()
    ]
    # What is written in the tables is where the point is: both rounded alike.
    placed = frame.assign(lon=longitude, lat=latitude).set_geometry(
        gpd.points_from_xy(longitude, latitude), crs=4326
    )
    columns = ["plot_id", "stratum", "use", "order", "lon", "lat", "represents_ha", "geometry"]
    return placed[columns]
