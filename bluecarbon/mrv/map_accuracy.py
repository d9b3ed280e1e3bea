"""Accuracy and area of a map from files: the facade behind ``bluecarbon mrv accuracy``.

Either the map is a raster and the points are looked up on it, or the reference table has the map
class of every point in a column of its own and the sizes of the strata come from a table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from bluecarbon.errors import DataError
from bluecarbon.mrv.accuracy import FROM_INTERVAL
from bluecarbon.mrv.class_sizes import by_class, class_sizes
from bluecarbon.mrv.field_tables import Column, in_words, read_field_table
from bluecarbon.mrv.independence import repeated_findings, training_findings
from bluecarbon.mrv.input_checks import SAME_PLACE_PX
from bluecarbon.mrv.rasters import read_grid
from bluecarbon.mrv.reference_table import (
    ClassMap,
    Sample,
    on_map,
    pixel_side_m,
    read_reference,
)
from bluecarbon.mrv.sample_conditions import (
    date_findings,
    design_findings,
    epoch_findings,
    map_year_findings,
    stratum_findings,
)
from bluecarbon.mrv.stehman2014 import Interval, estimates_by, sampled_part, stehman2014
from bluecarbon.mrv.transitions import DatedMap
from bluecarbon.mrv.unsampled_classes import (
    unsampled_classes,
    unsampled_findings,
    with_unsampled,
)
from bluecarbon.spec import Finding, errors_in

MAP_COLUMN, STRATUM_COLUMN = "map_class", "stratum"

DISTANCE_WITHOUT_MAP_M = 30.0
"""A Landsat pixel: without a map nobody says how large its pixels are."""

NAMED_MOST = 6

LAYERS = frozenset({".geojson", ".json", ".gpkg", ".shp", ".kml", ".fgb"})
"""Files of polygons; other files are taken for rasters."""

Findings = tuple[Finding, ...]


@dataclass(frozen=True)
class Assessment:
    """What is to be judged, and how: files, and the settings of the estimate.

    ``by`` are columns of the reference table (or of the table of strata) by which estimates are
    given apart: site, region ... (dates only where the strata have sizes for each date). ``strata``
    is a raster or a layer of polygons on which the sample was stratified, or without a map a CSV
    file with the columns stratum and area_ha or pixels. With ``epoch`` only the points of that
    epoch are used.
    """

    reference: Path
    class_map: ClassMap | None = None
    strata: Path | None = None
    training: Path | None = None
    by: tuple[str, ...] = ()
    epoch: str = ""
    confidence: float = 0.95
    interval: Interval = "score"


def assess(asked: Assessment) -> tuple[pd.DataFrame | None, Findings]:
    """The table of :func:`bluecarbon.mrv.stehman2014.stehman2014`; None when a defect forbids it.

    Training points among the reference points are refused, and so are dates that would share the
    area of one map. Strata with fewer than two points are left out with the share of the ground
    that is lost, and refused when it is large (:func:`.stehman2014.sampled_part`).
    """
    sizes_given = asked.class_map is None
    also = (*asked.by, *((MAP_COLUMN, STRATUM_COLUMN) if sizes_given else ()))
    table, found = read_reference(asked.reference, also=also, epoch=asked.epoch)
    if table is None:
        return None, found
    found += _repeated(asked, table) + _independent(asked, table) + _designed(asked, table)
    sample, more = _sample(asked, table)
    found += more
    if sample is not None:
        name = asked.reference.name
        found += date_findings(sample.strata, asked.by, subject=name)
        found += stratum_findings(table, sample.points, subject=name)
    if sample is None or errors_in(found):
        return None, found
    parts, left_out = _with_points(asked, sample)
    found += left_out
    if errors_in(left_out):
        return None, found
    try:
        table = _estimated(asked, parts)
    except DataError as error:
        return None, (*found, *error.findings)
    return table, (*found, *certain_findings(table, subject=asked.reference.name))


def _in_polygons(
    table: pd.DataFrame, class_map: ClassMap, path: Path, name: str
) -> tuple[Sample | None, Findings]:
    """The sample where polygons are the strata; the classes of the map are looked up first."""
    from bluecarbon.mrv.strata_polygons import polygon_strata, strata_at

    on_classes, found = on_map(table, class_map, subject=name)
    if on_classes is None or errors_in(found):
        return None, found
    item = DatedMap(0, class_map.path, class_map.band)
    strata, more = polygon_strata(path, item, class_map.legend())
    found += more
    if strata is None:
        return None, found
    polygons, sizes = strata
    names, inside = strata_at(on_classes.points, polygons)
    points = on_classes.points.assign(stratum=names)
    if not inside.all():
        rows = in_words(points.loc[~inside, "row"].tolist())
        message, fix = "in none of the polygons of the strata: left out", "check the layer"
        found += (Finding.warning("reference-off-strata", f"{name} {rows}", message, fix=fix),)
    return Sample(points[inside].reset_index(drop=True), sizes), found


@dataclass(frozen=True)
class _Part:
    """Ground with strata of its own (``key``: values of ``by``; empty: all of it), and its points.

    ``without`` are the classes that have no estimate, with the stratum for want of which.
    """

    key: tuple[Any, ...]
    points: pd.DataFrame
    strata: pd.DataFrame
    without: Mapping[Any, str]


def _estimated(asked: Assessment, parts: Sequence[_Part]) -> pd.DataFrame:
    """The table over all parts; DataError when a part cannot be estimated."""
    settings: dict[str, Any] = {"confidence": asked.confidence, "interval": asked.interval}
    points = pd.concat([part.points for part in parts])
    strata = pd.concat([part.strata for part in parts])
    if not asked.by:
        return with_unsampled(stehman2014(points, strata, **settings), parts[0].without)
    table = estimates_by(points, strata, asked.by, **settings)
    without = {part.key: part.without for part in parts}
    own = [
        with_unsampled(rows, without.get(key, without.get((), {})))
        for key, rows in table.groupby(list(asked.by), sort=False)
    ]
    return pd.concat(own, ignore_index=True)


def certain_findings(table: pd.DataFrame, *, subject: str) -> Findings:
    """Estimates of which no point disagrees: their standard error by equation is 0.

    ``table`` of :func:`.stehman2014.stehman2014`. With score intervals it is taken from them, and
    that is a remark; normal intervals have no width then, and that is a warning.
    """
    certain = table["equation"].str.contains(FROM_INTERVAL) | (table["standard_error"] == 0)
    if not certain.any():
        return ()
    listed = table.loc[certain, ["measure", "class"]].astype(str)
    names = list(dict.fromkeys(" ".join(row).strip() for row in listed.itertuples(index=False)))
    more = f" and {len(names) - NAMED_MOST} more" if len(names) > NAMED_MOST else ""
    said = f"no point disagrees in {', '.join(names[:NAMED_MOST])}{more}"
    if (table.loc[certain, "standard_error"] > 0).all():
        message = f"{said}: the standard error, 0 by its equation, is taken from the score interval"
        return (Finding.info("accuracy-no-disagreement", subject, message),)
    message = f"{said}: standard error 0 and an interval without width are no certainty"
    fix = "use score intervals (--interval score, the default), or draw more points"
    return (Finding.warning("accuracy-no-disagreement", subject, message, fix=fix),)


def _repeated(asked: Assessment, table: pd.DataFrame) -> Findings:
    """Points that are there twice; what is one place depends on the map's pixels."""
    side_m = DISTANCE_WITHOUT_MAP_M
    if asked.class_map is not None:
        grid, _ = read_grid(asked.class_map.path, asked.class_map.path.name, what="class-map")
        if grid is None:
            return ()
        side_m = pixel_side_m(asked.class_map.path)
    return repeated_findings(
        table, distance_m=SAME_PLACE_PX * side_m, by=asked.by, subject=asked.reference.name
    )


def _independent(asked: Assessment, table: pd.DataFrame) -> Findings:
    if asked.training is None:
        return ()
    training, found = read_reference(asked.training)
    # What a training file says of its own provenance is no defect of the sample.
    found = tuple(f for f in found if not f.code.startswith("reference-"))
    if training is None:
        return found
    distance_m = pixel_side_m(asked.class_map.path) if asked.class_map else DISTANCE_WITHOUT_MAP_M
    return found + training_findings(
        table, training, distance_m=distance_m, subject=asked.reference.name
    )


def _designed(asked: Assessment, table: pd.DataFrame) -> Findings:
    """What is taken for granted of the points: their epoch, and how they were drawn."""
    name, by_map = asked.reference.name, asked.class_map is not None
    strata = f"stratum of {asked.strata.name}" if asked.strata else "map class"
    given = asked.strata is not None or not by_map
    found = epoch_findings(table, asked.by, epoch=asked.epoch, subject=name)
    if asked.class_map is not None:
        found += map_year_findings(table, asked.class_map.path.stem, subject=name)
    return found + design_findings(table, strata, given=given, subject=name)


def _sample(asked: Assessment, table: pd.DataFrame) -> tuple[Sample | None, Findings]:
    name = asked.reference.name
    if asked.class_map is not None and asked.strata and asked.strata.suffix.lower() == ".csv":
        message = f"{asked.strata.name} is a table of sizes, which goes without a map"
        fix = "give the strata of a map as a raster or as polygons, or leave --map out"
        return None, (Finding.error("strata-table-beside-map", name, message, fix=fix),)
    if asked.class_map is not None and asked.strata and asked.strata.suffix.lower() in LAYERS:
        return _in_polygons(table, asked.class_map, asked.strata, name)
    if asked.class_map is not None:
        strata = ClassMap(asked.strata) if asked.strata else None
        return on_map(table, asked.class_map, subject=name, strata=strata)
    if asked.strata is None:
        message = "without a map the sizes of the strata must be given"
        fix = "name the map with --map, or a table of strata with --strata"
        return None, (Finding.error("strata-missing", name, message, fix=fix),)
    strata_table, found = read_strata_sizes(asked.strata, by=asked.by)
    if strata_table is None:
        return None, found
    points = table.rename(columns={MAP_COLUMN: "map", "label": "reference"})
    return Sample(points, strata_table), found


def _with_points(asked: Assessment, sample: Sample) -> tuple[list[_Part], Findings]:
    """Points and strata that allow an estimate, part by part where every part has its own."""
    name, by = asked.reference.name, list(asked.by)
    if not by or not set(by) <= set(sample.strata.columns):
        part, found = _sampled((), sample.points, sample.strata, name)
        return [part], found
    parts, found, unsized = [], (), pd.Series(True, index=sample.points.index)
    for key, strata in sample.strata.groupby(by, sort=True):
        own = (sample.points[by] == pd.Series(dict(zip(by, key, strict=True)))).all(axis=1)
        unsized &= ~own
        subject = f"{name} {' '.join(map(str, key))}"
        part, more = _sampled(tuple(key), sample.points[own], strata, subject)
        parts.append(part)
        found += more
    return parts, found + _unsized(sample.points[unsized], by, name)


def _sampled(
    key: tuple[Any, ...], points: pd.DataFrame, strata: pd.DataFrame, subject: str
) -> tuple[_Part, Findings]:
    kept, sizes, found = sampled_part(points, strata, subject=subject)
    left_out = strata.loc[~strata["stratum"].isin(sizes["stratum"]), "stratum"]
    without = unsampled_classes(points, left_out, kept)
    return _Part(key, kept, sizes, without), found + unsampled_findings(without, subject=subject)


def _unsized(points: pd.DataFrame, by: list[str], name: str) -> Findings:
    """Points of parts that the table of strata does not have: they would vanish."""
    found = []
    for key, own in points.groupby(by, sort=True):
        message = f"{len(own)} points are of {' '.join(map(str, key))}, which has no strata"
        fix = f"give the strata of every {', '.join(by)} their sizes"
        found.append(Finding.error("stratum-size-missing", name, message, fix=fix))
    return tuple(found)


def read_strata_sizes(
    path: Path, *, by: Sequence[str] = (), names: Mapping[int, str] | None = None
) -> tuple[pd.DataFrame | None, Findings]:
    """Strata with their sizes: from a CSV file (stratum, area_ha or pixels), or of a raster."""
    if path.suffix.lower() != ".csv":
        sizes, found = class_sizes(path, names=names)
        return (None if sizes is None else by_class(sizes)), found
    columns = [Column("stratum"), *(Column(name, optional=True) for name in by)]
    columns += [Column(name, "number", optional=True) for name in ("area_ha", "pixels")]
    table, defects = read_field_table(path, path.name, columns)
    found = tuple(f for f in defects if f.code != "column-unknown")
    if table is None or errors_in(found):
        return None, found
    if not {"area_ha", "pixels"} & set(table.columns):
        message, fix = "there is no column 'area_ha' or 'pixels'", "give the size of each stratum"
        return None, (*found, Finding.error("column-missing", path.name, message, fix=fix))
    return table.drop(columns="line"), found
