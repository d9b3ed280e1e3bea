"""Polygons of a project: boundary, strata and areas, read through GDAL and checked.

Whatever the file, geometries leave this module in EPSG:4326 (longitude, latitude), two-dimensional.
A broken polygon is never repaired in silence: its area would be a guess.
"""

from __future__ import annotations

import re
import typing
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import shapely

from bluecarbon.mrv.converted_positions import converted_shapes
from bluecarbon.mrv.rasters import EDGE_STEP_DEGREES, NO_SUCH_FILE, Geometry
from bluecarbon.mrv.shift_checks import Compared, area_shift
from bluecarbon.project_coordinates import Coordinates
from bluecarbon.report import Stratum, StratumKind
from bluecarbon.spec import Finding, errors_in

M2_PER_HA = 10_000.0

OVERLAP_TOLERANCE_HA = 0.01
"""One Sentinel-2 pixel: shared edges rounded to 7 decimals of a degree stay far below it."""

SIDES_TOLERANCE_DEGREES = 1e-6
"""Parts that reach from -180 to 180 degrees were one before somebody cut it there."""

WHOLE_BOUNDARY = "ALL"
"""The stratum id of a project that declares no strata."""

TEXT_PROPERTIES = ("stratum", "name", "name_zh", "species")

Findings = tuple[Finding, ...]

_UNREADABLE = (
    pyogrio.errors.DataSourceError,
    pyogrio.errors.DataLayerError,
    pyogrio.errors.FeatureError,
    pyogrio.errors.GeometryError,
    shapely.errors.ShapelyError,
)

_GEOD = pyproj.Geod(ellps="WGS84")


@dataclass(frozen=True)
class StratumPolygon:
    """A stratum (碳层) and its WGS 84 polygon."""

    stratum: Stratum
    geometry: Geometry


def geodesic_area_ha(geometry: Geometry) -> float:
    """Area of a WGS 84 polygon on the ellipsoid, hectares; holes are left out.

    By pyproj.Geod (Karney 2013, doi:10.1007/s00190-012-0578-z). An edge is straight in degrees,
    as it is drawn, not a geodesic: over 20 km that is a difference of hectares.
    """
    followed = shapely.segmentize(geometry, EDGE_STEP_DEGREES)
    return abs(float(_GEOD.geometry_area_perimeter(shapely.orient_polygons(followed))[0])) / (
        M2_PER_HA
    )


def read_boundary(
    path: Path, footprint: Geometry | None, *, coordinates: Coordinates = "wgs84"
) -> tuple[Geometry | None, Findings]:
    """The project boundary: all polygons of the layer united; None when it cannot be used.

    ``footprint`` is the outline of the scenes (WGS 84), by which exchanged axes are recognised;
    ``coordinates`` the system that the numbers of the layer are in, whatever it declares.
    """
    frame, found = read_polygons(path, footprint, coordinates=coordinates)
    if frame is None or errors_in(found):
        return None, found
    return shapely.union_all(frame.geometry.to_numpy()), found


def read_strata(
    path: Path,
    boundary: Geometry | None,
    footprint: Geometry | None,
    *,
    coordinates: Coordinates = "wgs84",
) -> tuple[tuple[StratumPolygon, ...] | None, Findings]:
    """The strata, one feature each, with the property ``stratum`` as id.

    Optional properties: name, name_zh, kind (planted, established, other), species, planted_year.
    """
    frame, found = read_polygons(path, footprint, coordinates=coordinates)
    if frame is None:
        return None, found
    found += _property_findings(frame, path.name)
    if errors_in(found):
        return None, found
    names = [str(value) for value in frame["stratum"]]
    shapes = list(frame.geometry)
    found += overlap_findings(names, shapes, path.name)
    found += _outside(names, shapes, boundary, path.name)
    if boundary is not None:
        compared = Compared(path.name, "[strata]", "[boundary]", coordinates)
        found += area_shift(shapely.union_all(shapes), boundary, compared)
    strata = tuple(
        StratumPolygon(_stratum(row), shape)
        for row, shape in zip(frame.to_dict("records"), shapes, strict=True)
    )
    return (None if errors_in(found) else strata), found


def whole_boundary(boundary: Geometry) -> tuple[StratumPolygon, ...]:
    """The one stratum of a project that declares none."""
    return (StratumPolygon(Stratum(id=WHOLE_BOUNDARY), boundary),)


def stratum_ids(path: Path) -> tuple[str, ...]:
    """The stratum ids of a layer as far as it can be read; empty when it cannot."""
    frame, _ = read_polygons(path, None)
    if frame is None or "stratum" not in frame:
        return ()
    return tuple(str(value) for value in frame["stratum"].dropna())


def read_polygons(
    path: Path, footprint: Geometry | None, *, coordinates: Coordinates = "wgs84"
) -> tuple[gpd.GeoDataFrame | None, Findings]:
    """The features of a layer with their properties, in WGS 84; None when it cannot be read.

    With a frame there may still be errors among the findings: of geometries that are not valid,
    or axes that are exchanged (which ``footprint``, the outline of the rasters, tells). Layers in
    the ``coordinates`` of a Chinese web map are converted, and that is said.
    """
    subject = path.name
    try:
        if len(pyogrio.list_layers(path)) > 1:
            message = "the file has more than one layer, and none is named"
            fix = "keep one layer in the file"
            return None, (Finding.error("polygon-many-layers", subject, message, fix=fix),)
        with warnings.catch_warnings():
            # Ids of mixed type (7 and "K15") are read as text, which is what is wanted.
            warnings.filterwarnings("ignore", "Could not parse column", UserWarning)
            # Of a ring that is not closed GDAL warns and GEOS refuses; NaN is judged below.
            warnings.filterwarnings("ignore", category=RuntimeWarning)
            frame = gpd.read_file(path)
    except (*_UNREADABLE, ValueError, OSError) as error:
        message = f"the layer cannot be read: {str(error).splitlines()[0]}"
        fix = "use GeoJSON, GeoPackage or Shapefile (with its .shx, .dbf and .prj)"
        if NO_SUCH_FILE in message:
            message, fix = "no such file", "check the name and the folder of the file"
        return None, (Finding.error("polygon-unreadable", subject, message, fix=fix),)
    found = _layer_findings(frame, subject)
    if found:
        return None, found
    shapes = shapely.force_2d(frame.geometry.to_numpy())
    if found := _number_findings(shapes, subject):
        return None, found
    frame = frame.set_geometry(gpd.GeoSeries(shapes, crs=frame.crs)).to_crs("EPSG:4326")
    # judged before it is moved, so that places that findings name are those of the file
    found = _shape_findings(frame, subject) + _place_findings(frame, subject, footprint)
    moved, said = converted_shapes(frame.geometry.to_numpy(), subject, coordinates)
    return frame.set_geometry(gpd.GeoSeries(moved, crs="EPSG:4326")), found + said


def _layer_findings(frame: pd.DataFrame, subject: str) -> Findings:
    if not isinstance(frame, gpd.GeoDataFrame) or frame.empty:
        message, fix = "the layer holds no feature", "export the polygons again"
        return (Finding.error("polygon-layer-empty", subject, message, fix=fix),)
    if frame.crs is None:
        message = "the layer has no coordinate system"
        fix = "a Shapefile needs its .prj; set the layer's CRS and export it again"
        return (Finding.error("polygon-no-crs", subject, message, fix=fix),)
    found = []
    for number, shape in enumerate(frame.geometry, start=1):
        kind = "nothing" if shape is None or shape.is_empty else shape.geom_type
        if kind not in {"Polygon", "MultiPolygon"}:
            message = f"feature {number} is {kind}, not a polygon"
            fix = "keep only polygons in this layer"
            found.append(Finding.error("polygon-wrong-geometry", subject, message, fix=fix))
    return tuple(found)


def _number_findings(shapes: typing.Any, subject: str) -> Findings:
    """Features with a coordinate that is not a number: geometry libraries fail on them."""
    fix = "correct the coordinates of the feature; they may be a failed transformation"
    return tuple(
        Finding.error(
            "polygon-not-finite",
            subject,
            f"feature {number} has a coordinate that is infinite or not a number",
            fix=fix,
        )
        for number, shape in enumerate(shapes, start=1)
        if not np.isfinite(shapely.get_coordinates(shape)).all()
    )


def _shape_findings(frame: gpd.GeoDataFrame, subject: str) -> Findings:
    found = []
    for number, shape in enumerate(frame.geometry, start=1):
        if shape.is_valid:
            continue
        reason = shapely.is_valid_reason(shape)
        place = re.search(r"\[(\S+) (\S+)\]", reason)
        crosses = "elf-intersection" in reason
        code = "polygon-self-intersection" if crosses else "polygon-invalid"
        what = "crosses itself" if crosses else f"is not valid ({reason.split('[')[0]})"
        where = (
            f" near longitude {float(place[1]):.6f}, latitude {float(place[2]):.6f}"
            if place
            else ""
        )
        message = f"{_named(frame, number)} {what}{where}"
        fix = "correct the outline there; its area is not defined as drawn"
        found.append(Finding.error(code, subject, message, fix=fix))
    return tuple(found)


def _named(frame: gpd.GeoDataFrame, number: int) -> str:
    names = frame["stratum"].tolist() if "stratum" in frame else [None] * len(frame)
    name = names[number - 1]
    return f"feature {number}" if _missing(name) else f"stratum {name}"


def _place_findings(frame: gpd.GeoDataFrame, subject: str, footprint: Geometry | None) -> Findings:
    left, bottom, right, top = frame.total_bounds
    across = _antimeridian_findings(frame, subject, footprint)
    if errors_in(across):
        return across
    fix = "write longitude first, then latitude (RFC 7946), in degrees"
    if not np.all(np.isfinite(frame.total_bounds)) or max(abs(left), abs(right)) > 180:
        message = (
            f"coordinates reach from ({left:g}, {bottom:g}) to ({right:g}, {top:g}): "
            "these are not degrees of longitude and latitude"
        )
        fix = "give the layer the coordinate system that its numbers are in, e.g. EPSG:32649"
        return (Finding.error("polygon-not-degrees", subject, message, fix=fix),)
    swapped = shapely.box(bottom, left, top, right)
    beyond_pole = max(abs(bottom), abs(top)) > 90
    fits_only_swapped = (
        footprint is not None
        and not shapely.box(left, bottom, right, top).intersects(footprint)
        and swapped.intersects(footprint)
    )
    if not beyond_pole and not fits_only_swapped:
        return across
    why = "beyond the pole" if beyond_pole else "far from the scenes, and exchanged it fits them"
    message = f"latitude and longitude are exchanged: latitudes reach {top:.4f}, {why}"
    return (Finding.error("polygon-latlon-swapped", subject, message, fix=fix),)


def _antimeridian_findings(
    frame: gpd.GeoDataFrame, subject: str, footprint: Geometry | None
) -> Findings:
    """Features on both sides of 180 degrees: drawn beyond it, around the world, or in two parts.

    Of none of them a map could count more than one side, unless the map is of the whole world:
    then polygons are taken as they are drawn, and those around the world are a warning. Parts far
    from each other that leave the antimeridian alone are no defect.
    """
    world = footprint is not None and footprint.bounds[2] - footprint.bounds[0] > 180
    found = []
    for number, shape in enumerate(frame.geometry, start=1):
        left, bottom, right, top = shape.bounds
        on_globe = left >= -360 and right <= 360 and bottom >= -90 and top <= 90
        beyond = left < -180 < right or left < 180 < right
        parts = shapely.bounds(shapely.get_parts(shape))
        around = bool((parts[:, 2] - parts[:, 0] > 180).any())
        both_sides = right - left > 360 - SIDES_TOLERANCE_DEGREES
        if not on_globe or not (beyond or around or both_sides):
            continue
        reach = f"longitudes reach from {left:g} to {right:g}"
        if beyond or not world:
            message = f"{_named(frame, number)} crosses the antimeridian (180 degrees): {reach}"
            fix = "cut it in two features there, and count each with a map of its side"
            found.append(Finding.error("polygon-antimeridian", subject, message, fix=fix))
        elif around:
            message = f"{_named(frame, number)} goes around the world: {reach}"
            fix = "if it is meant to cross the antimeridian, cut it in two there (RFC 7946)"
            found.append(Finding.warning("polygon-around-the-world", subject, message, fix=fix))
    return tuple(found)


def _property_findings(frame: gpd.GeoDataFrame, subject: str) -> Findings:
    if "stratum" not in frame:
        others = ", ".join(c for c in frame.columns if c != "geometry") or "none"
        message = f"features have no property 'stratum' (they have: {others})"
        fix = "give every feature its stratum id in the property 'stratum'"
        return (Finding.error("stratum-id-missing", subject, message, fix=fix),)
    found = list(_text_findings(frame, subject))
    names = frame["stratum"].astype(str).where(frame["stratum"].notna())
    for number in np.flatnonzero(names.isna() | (names.astype(str).str.strip() == "")):
        message, fix = f"feature {number + 1} has no stratum id", "fill the property 'stratum'"
        found.append(Finding.error("stratum-id-missing", subject, message, fix=fix))
    for name in names.dropna()[names.dropna().duplicated()].unique():
        message = f"stratum {name} stands for more than one feature"
        fix = "make one multipolygon of its parts, or give each an id of its own"
        found.append(Finding.error("stratum-id-duplicate", subject, message, fix=fix))
    return (*found, *_kind_findings(frame, subject))


def _text_findings(frame: gpd.GeoDataFrame, subject: str) -> Iterator[Finding]:
    """Properties that are numbers, lists or objects where text is meant; an id may be a number."""
    for name in (column for column in TEXT_PROPERTIES if column in frame):
        for number, value in enumerate(frame[name], start=1):
            is_id = name == "stratum" and _is_number(value)
            if isinstance(value, str) or is_id or _missing(value):
                continue
            message = f"feature {number}: property '{name}' is {value}, not text"
            fix = "write the property as text, or leave it out"
            yield Finding.error("stratum-property-wrong", subject, message, fix=fix)


def _is_number(value: typing.Any) -> bool:
    return bool(pd.api.types.is_number(value) and not pd.api.types.is_bool(value))


def _missing(value: typing.Any) -> bool:
    return bool(pd.api.types.is_scalar(value) and pd.isna(value))


def _kind_findings(frame: gpd.GeoDataFrame, subject: str) -> Findings:
    known = typing.get_args(StratumKind)
    found = []
    for row in frame.drop(columns="geometry").to_dict("records"):
        kind, year = row.get("kind"), row.get("planted_year")
        if not _missing(kind) and str(kind) not in known:
            message = f"stratum {row['stratum']}: kind '{kind}' is not known"
            fix = f"use one of: {', '.join(known)}"
            found.append(Finding.error("stratum-kind-unknown", subject, message, fix=fix))
        if not _missing(year) and not re.fullmatch(r"[0-9]{4}(\.0)?", str(year)):
            message = f"stratum {row['stratum']}: planted_year '{year}' is not a year"
            fix = "write the year with four digits, or leave it empty"
            found.append(Finding.error("stratum-year-wrong", subject, message, fix=fix))
    return tuple(found)


def _stratum(row: dict[str, typing.Any]) -> Stratum:
    given = {key: row[key] for key in Stratum.model_fields if key in row}
    given = {key: value for key, value in given.items() if not _missing(value)}
    if "planted_year" in given:
        given["planted_year"] = int(float(given["planted_year"]))
    return Stratum(**(given | {"id": str(row["stratum"])}))


def overlap_findings(names: Sequence[str], shapes: Sequence[Geometry], subject: str) -> Findings:
    """Valid WGS 84 polygons that share ground: sums over them would count it twice (errors)."""
    found = []
    tree = shapely.STRtree(shapes)
    for first, second in sorted(tree.query(shapes, predicate="intersects").T.tolist()):
        if first >= second:
            continue
        shared_ha = geodesic_area_ha(_polygons_of(shapes[first] & shapes[second]))
        if shared_ha > OVERLAP_TOLERANCE_HA:
            message = f"strata {names[first]} and {names[second]} overlap by {shared_ha:,.2f} ha"
            fix = "cut one of them: the overlap would be counted twice"
            found.append(Finding.error("strata-overlap", subject, message, fix=fix))
    return tuple(found)


def _outside(
    names: list[str], shapes: list[Geometry], boundary: Geometry | None, subject: str
) -> Findings:
    if boundary is None:
        return ()
    found = []
    for name, shape in zip(names, shapes, strict=True):
        outside_ha = geodesic_area_ha(_polygons_of(shape - boundary))
        if outside_ha > OVERLAP_TOLERANCE_HA:
            message = f"stratum {name} reaches {outside_ha:,.2f} ha beyond the boundary"
            fix = "cut it to the boundary, or draw the boundary around it"
            found.append(Finding.error("stratum-outside-boundary", subject, message, fix=fix))
    return tuple(found)


def _polygons_of(geometry: Geometry) -> Geometry:
    """The polygons of what an overlay gave; touching edges give lines and points beside them."""
    parts = shapely.get_parts(geometry)
    return shapely.union_all(parts[shapely.get_dimensions(parts) == 2])
