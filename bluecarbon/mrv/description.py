"""What a file is, before anything is done with it: grid, bands, product, legend, and what is wrong.

Values are looked at in a sample of the whole raster, so that a large file is described as quickly
as a small one. A guess is said to be one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.errors import RasterioError

from bluecarbon.mrv.areal_scale import ArealScale
from bluecarbon.mrv.class_sizes import tagged_names
from bluecarbon.mrv.covariates import pixel_size_m
from bluecarbon.mrv.datasets import open_dataset, raster_remarks
from bluecarbon.mrv.rasters import Grid, opened, read_grid, unreadable
from bluecarbon.mrv.regrid import described
from bluecarbon.mrv.scene_arguments import named_bands
from bluecarbon.mrv.scenes import BRIGHT_REFLECTANCE
from bluecarbon.mrv.sensors import radar_findings
from bluecarbon.spec import Finding
from bluecarbon.stac_files import items_of, read_json, without_name

SAMPLE_SIDE = 512
"""Values are judged on so many rows and columns, spread over the raster."""

CLASSES_MOST = 40
"""A band of whole numbers with more values than this in its sample is no class map."""

SHOWN_MOST = 12
"""Up to so many different numbers are shown one by one."""

FEWEST_OPTICAL = 4

CUBES = frozenset({".nc", ".nc4", ".h5", ".zarr"})
PICTURE = ({"red", "green", "blue"}, "a red-green-blue picture: no index of mangrove can be made")

Rows = tuple[tuple[str, str], ...]
Findings = tuple[Finding, ...]


@dataclass(frozen=True)
class Description:
    """What is known of a file, as names and texts in order, and what was found."""

    rows: Rows
    findings: Findings


def describe(path: Path) -> Description:
    """Describe a raster, a NetCDF file or Zarr store, or a STAC item or catalogue.

    Findings: those of :func:`.rasters.read_grid` (as ``raster-...``), ``raster-no-overviews``,
    ``raster-antimeridian``, and of the values ``raster-empty``, ``raster-nodata-untagged``,
    ``raster-nodata-is-class``, ``scene-rgb-only``, ``scene-digital-numbers``,
    ``radar-decibels``, ``radar-digital-numbers``.
    """
    if path.suffix.lower() == ".json":
        return _of_stac(path)
    if path.suffix.lower() in CUBES:
        return _of_cube(path)
    return _of_raster(path)


def _of_raster(path: Path) -> Description:
    try:
        with opened(path) as dataset:
            rows = [("file", path.name), ("format", _format(dataset))]
            sample = _sample(dataset)
            rows += _bands(dataset, sample)
            guess, found = _guessed(dataset, sample, path.name)
    except (RasterioError, OSError) as error:
        return Description((("file", path.name),), (unreadable(path.name, "raster", error),))
    grid, problems = read_grid(path, path.name, what="raster")
    place = list(_place(grid)) if grid is not None else []
    if grid is not None:
        problems += raster_remarks(path, grid, path.name)
    return Description(
        (*rows[:2], *place, *rows[2:], *([("seems to be", guess)] if guess else [])),
        (*problems, *found),
    )


def _format(dataset: Any) -> str:
    rows, columns = dataset.block_shapes[0]
    tiled = columns < dataset.width or rows == columns
    tiles = f"tiles of {rows} x {columns}" if tiled else f"strips of {rows} rows"
    pack = dataset.compression.value if dataset.compression else "not compressed"
    levels = dataset.overviews(1)
    views = f"overviews {', '.join(map(str, levels))}" if levels else "no overviews"
    layout = dataset.tags(ns="IMAGE_STRUCTURE").get("LAYOUT", "")
    kind = "cloud-optimised GeoTIFF" if layout == "COG" else str(dataset.driver)
    return f"{kind}, {tiles}, {pack}, {views}"


def _place(grid: Grid) -> Rows:
    """Where a raster lies, and how large it and its pixels truly are."""
    west, south, east, north = grid.footprint().bounds
    across, down = pixel_size_m(grid)
    middle = np.array([grid.height / 2]), np.array([grid.width / 2])
    pixel_ha = float(ArealScale(grid).pixel_ha(*middle)[0])
    planar = grid.pixel_size[0] * grid.pixel_size[1] / 10_000
    area = f"{pixel_ha:.8g} ha in the middle"
    if not grid.crs.is_geographic:
        area += f" ({pixel_ha / planar - 1:+.4%} against side squared)"
    left, _, _, top = grid.bounds
    return (
        ("grid", f"{grid.height} rows x {grid.width} columns"),
        ("coordinate system", described(grid)),
        ("corner", f"{left:.10g} {top:.10g} (upper left)"),
        ("longitude, latitude", f"{west:.6f} to {east:.6f}, {south:.6f} to {north:.6f}"),
        ("pixel", f"{across:.4g} m x {down:.4g} m on the ground"),
        ("pixel area", area),
    )


def _sample(dataset: Any) -> NDArray[Any]:
    """Every band on some rows and columns, nearest pixels: no value is blended."""
    shape = (
        dataset.count, min(dataset.height, SAMPLE_SIDE), min(dataset.width, SAMPLE_SIDE),
    )  # fmt: skip
    values: NDArray[Any] = dataset.read(out_shape=shape, resampling=Resampling.nearest)
    return values


def _bands(dataset: Any, sample: NDArray[Any]) -> list[tuple[str, str]]:
    rows = [("bands", str(dataset.count))]
    for number, values in enumerate(sample, start=1):
        if number > 20:
            rows.append(("band 21 to", f"{dataset.count}: not shown"))
            break
        place = number - 1
        parts = [dataset.dtypes[place]]
        parts += [dataset.descriptions[place]] if dataset.descriptions[place] else []
        nodata = dataset.nodatavals[place]
        parts.append("no nodata number" if nodata is None else f"nodata {nodata:g}")
        scale, offset = dataset.scales[place], dataset.offsets[place]
        parts += [f"scale {scale:g}, offset {offset:g}"] if (scale, offset) != (1, 0) else []
        parts += [f"unit {dataset.units[place]}"] if dataset.units[place] else []
        parts.append(_values(_known(values, nodata)))
        rows.append((f"band {number}", ", ".join(parts)))
    names = {**tagged_names(dataset.tags())}
    if names:
        listed = ", ".join(f"{number}={name}" for number, name in sorted(names.items()))
        rows.append(("legend", f"{listed} (tags of the file)"))
    return rows


def _known(values: NDArray[Any], nodata: float | None) -> NDArray[Any]:
    known = values.ravel()
    if known.dtype.kind == "f":
        known = known[np.isfinite(known)]
    return known if nodata is None else known[known != nodata]


def _values(known: NDArray[Any]) -> str:
    if not known.size:
        return "no values in the sample"
    distinct = np.unique(known)
    if known.dtype.kind in "iu" and len(distinct) <= SHOWN_MOST:
        return f"numbers {', '.join(map(str, distinct.tolist()))}"
    low, middle, high = np.percentile(known, [2, 50, 98])
    return f"2-50-98 %: {low:.5g} {middle:.5g} {high:.5g}"


def _guessed(dataset: Any, sample: NDArray[Any], subject: str) -> tuple[str, Findings]:
    """The product that a raster seems to be, and what its values say against it."""
    known = [_known(v, n) for v, n in zip(sample, dataset.nodatavals, strict=True)]
    if not any(values.size for values in known):
        message = "has no number but nodata in the sample"
        return "", (Finding.warning("raster-empty", subject, message),)
    names = named_bands(dataset.descriptions)
    text = " ".join(filter(None, dataset.descriptions)).upper()
    if re.search(r"\bV[VH]\b|\bV[VH]_", text):
        return _radar(sample, subject)
    if dataset.count == 1:
        return _single(dataset, sample[0], known[0], subject)
    picture, said = PICTURE
    dtype = np.dtype(dataset.dtypes[0])
    shown = dtype.kind == "u" and (dataset.count == 3 or (dataset.count == 4 and dtype == np.uint8))
    if set(names) == picture or (shown and not names):
        fix = "use surface reflectance with at least green, red, nir and swir1"
        found = Finding.error("scene-rgb-only", subject, f"seems {said}", fix=fix)
        return said, (found,)
    if not names and (dataset.count < FEWEST_OPTICAL or any(dataset.descriptions)):
        return _several(known), ()
    return _optical(dataset, known, names, subject)


def _several(known: list[NDArray[Any]]) -> str:
    """Bands that are none of an image: maps of several dates, or measurements."""
    classes = all(v.dtype.kind in "iu" and len(np.unique(v)) <= SHOWN_MOST for v in known)
    return f"{len(known)} {'class maps' if classes else 'measurements'}, one in each band"


def _radar(sample: NDArray[Any], subject: str) -> tuple[str, Findings]:
    found = radar_findings(sample.astype(np.float64), subject)
    codes = {finding.code for finding in found}
    kind = "decibels" if "radar-decibels" in codes else "linear power"
    kind = "amplitude or digital numbers" if "radar-digital-numbers" in codes else kind
    return f"radar backscatter, {kind}", found


def _single(
    dataset: Any, values: NDArray[Any], known: NDArray[Any], subject: str
) -> tuple[str, Findings]:
    """A band on its own: classes, a quality band, or a measurement."""
    if known.dtype.kind not in "iu":
        unit = dataset.units[0] or "no unit given"
        return f"a measurement ({unit})", ()
    distinct = np.unique(known)
    if len(distinct) > CLASSES_MOST or int(distinct[-1]) > 1000:
        flags = np.dtype(dataset.dtypes[0]) == np.uint16 and len(distinct) <= 400
        return ("flags of a quality band, or a measurement" if flags else "a measurement"), ()
    if len(distinct) > SHOWN_MOST and not tagged_names(dataset.tags()):
        return f"{len(distinct)} classes, or a measurement in whole numbers", ()
    found = tuple(_class_findings(dataset, values, distinct, subject))
    return f"a class map of {len(distinct)} classes", found


def _class_findings(
    dataset: Any, values: NDArray[Any], distinct: NDArray[Any], subject: str
) -> Iterator[Finding]:
    nodata, names = dataset.nodatavals[0], tagged_names(dataset.tags())
    if nodata is None and 0 in distinct:
        message = "has no nodata number, and 0 occurs: a class, or ground that nobody mapped?"
        fix = "name it: --legend 0=other, or --legend 0=outside"
        yield Finding.warning("raster-nodata-untagged", subject, message, fix=fix)
    whole = int(nodata) if nodata is not None and float(nodata).is_integer() else None
    if whole is not None and names.get(whole, "outside") not in {"outside", "unobserved"}:
        share = float((values == whole).mean())
        message = f"number {whole} is no data and '{names[whole]}' at once ({share:.0%} of it)"
        fix = "name it with --legend, or take the nodata tag out"
        yield Finding.warning("raster-nodata-is-class", subject, message, fix=fix)
    if whole is not None and len(distinct) == 1:
        message = f"only {distinct[0]} occurs beside nodata {whole}: it can show no change"
        fix = f"say what {whole} is, as in --legend {whole}=other"
        yield Finding.warning("class-map-one-class", subject, message, fix=fix)


def _optical(
    dataset: Any, known: list[NDArray[Any]], names: tuple[str, ...], subject: str
) -> tuple[str, Findings]:
    bands = f"bands {', '.join(names)}" if names else "bands without names: give --bands"
    spectral = [v for v, n in zip(known, names or [""] * len(known), strict=True) if n not in
                {"scl", "qa_pixel"} and v.size]  # fmt: skip
    top = max(float(np.percentile(values, 99)) for values in spectral) if spectral else 0.0
    dtype = np.dtype(dataset.dtypes[0])
    if dtype.itemsize == 1:
        message = "8-bit whole numbers are digital numbers, not surface reflectance"
        fix = "use the surface-reflectance product (Level-2A, Collection 2 Level-2)"
        finding = Finding.error("scene-digital-numbers", subject, message, fix=fix)
        return f"an image of digital numbers, {bands}", (finding,)
    if dtype.kind == "f":
        if top > BRIGHT_REFLECTANCE:
            return f"an image or a stack of measurements up to {top:.4g}, {bands}", ()
        return f"surface reflectance, {bands}", ()
    if "scl" in names:
        return f"Sentinel-2 Level-2A (its scene classification is there), {bands}", ()
    if "qa_pixel" in names:
        return f"Landsat Collection 2 Level-2 (its QA_PIXEL is there), {bands}", ()
    said = dataset.scales[0] not in {0.0, 1.0}
    hint = "" if said else "; give --scale, or --sensor if it is the publisher's file"
    return f"surface reflectance as whole numbers (99 % below {top:.0f}), {bands}{hint}", ()


def _of_cube(path: Path) -> Description:
    opened_cube, found = open_dataset(path)
    if opened_cube is None:
        return Description((("file", path.name),), found)
    data = opened_cube.dataset
    rows = [("file", path.name), ("format", path.suffix.lower().lstrip("."))]
    rows += _place(opened_cube.grid)
    if "time" in data.coords and data["time"].size:
        times = data["time"].values.ravel()
        rows.append(("times", f"{times.size}: {str(times[0])[:10]} to {str(times[-1])[:10]}"))
    for name, array in data.data_vars.items():
        sizes = " x ".join(f"{dim} {size}" for dim, size in array.sizes.items())
        unit = array.attrs.get("units", "no unit")
        meanings = array.attrs.get("flag_meanings", "")
        legend = f", classes {meanings}" if meanings else ""
        rows.append((f"variable {name}", f"{array.dtype}, {sizes}, {unit}{legend}"))
    return Description(tuple(rows), found)


def _of_stac(path: Path) -> Description:
    rows: list[tuple[str, str]] = [("file", path.name)]
    try:
        items = items_of(path, str(path))
        first = read_json(Path(items[0].path)) if items else {}
    except ValueError as error:
        message = without_name(error, path)
        fix = "give a STAC catalogue, collection or item on disk"
        finding = Finding.error("stac-unreadable", path.name, message, fix=fix)
        return Description(tuple(rows), (finding,))
    if not items:
        fix = "check the links of the catalogue"
        return Description(
            tuple(rows), (Finding.error("stac-empty", path.name, "has no items", fix=fix),)
        )
    rows.append(("format", f"STAC, {len(items)} item{'s' if len(items) > 1 else ''}"))
    rows.append(("dates", f"{items[0].date} to {items[-1].date}"))
    rows.append(("assets", ", ".join(first.get("assets", {}))))
    baselines = sorted({item.processing_baseline for item in items} - {""})
    rows += [("processing baselines", ", ".join(baselines))] if baselines else []
    rows += [("collection", str(first["collection"]))] if first.get("collection") else []
    return Description(tuple(rows), ())
