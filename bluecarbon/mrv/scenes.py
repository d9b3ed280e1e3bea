"""Scenes: open, judge, mask and composite surface-reflectance images.

A pixel that may not be used keeps the reason (cloud, shadow, nodata ...), so that the hectares that
each reason costs can be reported; nothing is masked in silence.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.errors import RasterioError

from bluecarbon.mrv import quality_bits
from bluecarbon.mrv.composites import Statistic, composite_of
from bluecarbon.mrv.rasters import Grid, opened, read_grid, unreadable
from bluecarbon.mrv.reasons import NODATA
from bluecarbon.mrv.regrid import Rule
from bluecarbon.mrv.scene_files import is_item, item_grid, read_numbers
from bluecarbon.mrv.scene_series import clipped_findings
from bluecarbon.mrv.sensors import SENSORS, sentinel2_shift
from bluecarbon.project import Imagery, Scene
from bluecarbon.spec import Finding, errors_in

REQUIRED_BANDS = ("green", "red", "nir", "swir1")
KNOWN_BANDS = (
    "coastal", "blue", "green", "red", "rededge1", "rededge2", "rededge3", "nir", "nir08",
    "swir1", "swir2",
)  # fmt: skip

RADAR_BANDS = frozenset({"vv", "vh", "hh", "hv"})
"""Polarisations of a radar scene, in small letters."""

BRIGHT_REFLECTANCE = 1.5
"""A 99th percentile above this is not reflectance: land and sea stay below 1, ice near it."""

DARK_REFLECTANCE = 0.02
"""When the brightest band's 99th percentile is below this, a scale factor was applied twice."""

NEGATIVE_SHARE = 0.01

FILL_BIT = 1
"""Of every generation of Landsat flags: fill says nothing of the layout."""

IMPOSSIBLE_MOST = 0.001
"""A mask with more numbers than this that its layout never has is of another layout."""

NEGATIVE_MOST = 0.5
"""When more of the clear pixels are far below 0, an offset was taken off twice."""

NEGATIVE_NOISE = 0.01
"""Dark water comes out this far below 0: twice the accuracy 0.005 that Level-2A has there."""


@dataclass(frozen=True)
class SceneData:
    """One scene on the analysis window: reflectance (bands, height, width), NaN where not used."""

    name: str
    date: dt.date
    epoch: int
    reflectance: NDArray[np.float32]
    reason: NDArray[np.uint8]


@dataclass(frozen=True)
class Composite:
    """The median (or another statistic) of an epoch's valid observations; NaN where there is none.

    ``observations`` counts the scenes behind a pixel; ``reason`` says why there is none (the
    reason of the latest scene).
    """

    epoch: int
    last_date: dt.date
    bands: tuple[str, ...]
    reflectance: NDArray[np.float32]
    observations: NDArray[np.uint16]
    reason: NDArray[np.uint8]

    def band(self, name: str) -> NDArray[np.float32]:
        """Reflectance (height, width) of a band. ValueError when the imagery has no such band."""
        band: NDArray[np.float32] = self.reflectance[self.bands.index(name)]
        return band

    def part(self, rows: slice, columns: slice) -> Composite:
        """The same composite on a part of its grid."""
        return dataclasses.replace(
            self,
            reflectance=self.reflectance[:, rows, columns],
            observations=self.observations[rows, columns],
            reason=self.reason[rows, columns],
        )


def spectral_bands(imagery: Imagery) -> tuple[str, ...]:
    """The declared bands without the mask band, in file order."""
    return tuple(band for band in imagery.bands if band != imagery.mask_band)


def check_bands(imagery: Imagery) -> tuple[Finding, ...]:
    """Findings about the declared band names: unknown, twice, or a needed one missing."""
    subject, found = "[imagery] bands", []
    bands = spectral_bands(imagery)
    if {band.lower() for band in bands} & RADAR_BANDS:
        return (radar_finding(subject),)
    for name in bands:
        if name not in KNOWN_BANDS:
            near = difflib.get_close_matches(name, KNOWN_BANDS, n=1)
            hint = f"did you mean '{near[0]}'? " if near else ""
            message, fix = f"band '{name}' is not known", f"{hint}known: {', '.join(KNOWN_BANDS)}"
            found.append(Finding.error("band-unknown", subject, message, fix=fix))
    for name in sorted({band for band in imagery.bands if imagery.bands.count(band) > 1}):
        message, fix = f"band '{name}' is named twice", "name each band of the file once, in order"
        found.append(Finding.error("band-duplicate", subject, message, fix=fix))
    if imagery.mask_band and imagery.mask_band not in imagery.bands:
        message = f"mask_band '{imagery.mask_band}' is not among the bands"
        fix = "name it in bands, at its place in the file"
        found.append(Finding.error("band-mask-missing", subject, message, fix=fix))
    return (*found, *_required(bands, subject))


def radar_finding(subject: str) -> Finding:
    """The finding for a radar scene among optical ones: a median of both would mean nothing."""
    message = "is radar backscatter, which is no reflectance: no index or composite is made of it"
    fix = (
        "give it to the classifier beside the images: --covariate vv=radar-power:FILE#1, or "
        'a covariate of kind "radar-power" in project.toml'
    )
    return Finding.error("scene-radar", subject, message, fix=fix)


def _required(bands: Sequence[str], subject: str) -> tuple[Finding, ...]:
    missing = [name for name in REQUIRED_BANDS if name not in bands]
    if not missing:
        return ()
    if set(bands) <= {"red", "green", "blue"}:
        return (_rgb_only(subject),)
    message = f"{', '.join(missing)} missing: mangrove cannot be told apart without"
    fix = f"needed at least: {', '.join(REQUIRED_BANDS)}"
    return (Finding.error("scene-band-missing", subject, message, fix=fix),)


def _rgb_only(subject: str) -> Finding:
    message = (
        "is a red-green-blue picture; nir and swir1 are missing, and mangrove cannot be told from "
        "other forest or wet ground by colour alone"
    )
    fix = f"use surface-reflectance scenes with at least: {', '.join(REQUIRED_BANDS)}"
    return Finding.error("scene-rgb-only", subject, message, fix=fix)


def scene_grid(
    path: Path, imagery: Imagery, subject: str, rule: Rule | None = None
) -> tuple[Grid | None, tuple[Finding, ...]]:
    """The grid of a scene, judged by its header: georeference, number and type of bands.

    ``rule`` is how the bands of a STAC item are brought to one grid where they differ.
    """
    if is_item(path):
        return item_grid(path, imagery, rule, what="scene")
    grid, found = read_grid(path, subject, what="scene")
    if any(f.code == "scene-unreadable" for f in found):
        return grid, found
    with opened(path) as dataset:
        count, dtypes = dataset.count, dataset.dtypes
    if count == 3 and len(imagery.bands) != 3:
        found += (_rgb_only(subject),)
    elif count != len(imagery.bands):
        message = f"the file has {count} bands, [imagery] declares {len(imagery.bands)}"
        fix = f"declared: {', '.join(imagery.bands)}"
        found += (Finding.error("scene-band-count", subject, message, fix=fix),)
    return grid, (*found, *eight_bit_findings(dtypes[0], subject))


def eight_bit_findings(dtype: str, subject: str) -> tuple[Finding, ...]:
    """The finding for a file of 8-bit whole numbers: no scale turns a picture into reflectance."""
    if dtype not in {"uint8", "int8"}:
        return ()
    message = "8-bit whole numbers are digital numbers, not surface reflectance"
    fix = "use the surface-reflectance product (Level-2A, Collection 2 Level-2)"
    return (Finding.error("scene-digital-numbers", subject, message, fix=fix),)


def scene_baseline_finding(scene: Scene, imagery: Imagery, subject: str) -> Finding | None:
    """The finding for a Sentinel-2 scene that does not say by which baseline it was processed."""
    sensor = SENSORS.get(imagery.sensor)
    if sensor is None or not sensor.needs_baseline or scene.processing_baseline:
        return None
    message = (
        "its processing baseline is not given: from 04.00 on all numbers are 1000 larger, and "
        "scenes of any date have been processed again"
    )
    fix = (
        'give processing_baseline = "05.09" (as in the product\'s name, N0509), or "harmonised" '
        "where the provider has taken the offset off"
    )
    return Finding.error("scene-baseline-missing", subject, message, fix=fix)


def read_scene(
    path: Path,
    scene: Scene,
    imagery: Imagery,
    grid: Grid,
    *,
    rule: Rule | None = None,
    judged: bool = True,
) -> tuple[SceneData | None, tuple[Finding, ...]]:
    """A scene on ``grid``, masked, as reflectance; and what is wrong.

    ``grid`` is of the scene's own lattice, unless ``rule`` says how to bring it there. reflectance
    = number x scale + offset, as [imagery] declares or as its sensor has them; a sensor's
    reflectance is clipped at 0. A part of a scene is not to be ``judged`` by its values: a block
    of open sea is dark by right.
    """
    if finding := scene_baseline_finding(scene, imagery, path.name):
        return None, (finding,)
    try:
        numbers, nodata = read_numbers(path, imagery, grid, rule)
    except (RasterioError, OSError) as error:
        return None, (unreadable(path.name, "scene", error),)
    sensor = SENSORS.get(imagery.sensor)
    empty = _empty(numbers, imagery, sensor.nodata if sensor and nodata is None else nodata)
    if imagery.mask_band:
        mask, legend = numbers[imagery.bands.index(imagery.mask_band)], mask_legend(imagery)
        named = {"band": imagery.mask_band, "legend": legend}
        finding = _mask_finding(mask, empty, path.name, **named)
        if finding := finding or _layout_finding(mask[~empty], path.name, **named):
            return None, (finding,)
        table = quality_bits.reason_table(legend, leave_out_water=imagery.leave_out_water)
        said = table[np.where(empty, 0, mask).astype(np.int64)]
        reason = np.where(empty, NODATA, said).astype(np.uint8)
    else:
        reason = empty.astype(np.uint8)
    reflectance = _reflectance(numbers, imagery, scene)
    reflectance[:, reason > 0] = np.nan
    bands = spectral_bands(imagery)
    found = tuple(value_findings(reflectance, reason, bands, path.name)) if judged else ()
    data = SceneData(path.name, scene.date, scene.map_epoch, reflectance, reason)
    return (None if errors_in(found) else data), found


def mask_legend(imagery: Imagery) -> str:
    """What the numbers of the mask band mean: as declared, or as the sensor has it."""
    sensor = SENSORS.get(imagery.sensor)
    return imagery.mask_legend or (sensor.mask_legend if sensor else quality_bits.SCL)


def _reflectance(numbers: NDArray[Any], imagery: Imagery, scene: Scene) -> NDArray[np.float32]:
    spectral = [i for i, band in enumerate(imagery.bands) if band != imagery.mask_band]
    sensor = SENSORS.get(imagery.sensor)
    # A scale of the wrong size may leave the numbers of float32; what is infinite is then named.
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        values = numbers[spectral].astype(np.float32)
        if sensor is None:
            scale, offset = np.float32(imagery.scale or 1.0), np.float32(imagery.offset)
            return np.asarray(values * scale + offset)
        shift = (
            sentinel2_shift(scene.processing_baseline) if sensor.needs_baseline else sensor.shift
        )
        light = np.maximum(values + np.float32(shift), np.float32(0))
        return np.asarray(light * np.float32(sensor.scale))


def _empty(numbers: NDArray[Any], imagery: Imagery, nodata: float | None) -> NDArray[np.bool_]:
    """Pixels for which the file has no number."""
    spectral = [i for i, band in enumerate(imagery.bands) if band != imagery.mask_band]
    values = numbers[spectral]
    # Without a nodata tag a pixel that is 0 in all bands is the black frame of a scene.
    empty = (values == nodata).any(axis=0) if nodata is not None else (values == 0).all(axis=0)
    if np.issubdtype(values.dtype, np.floating):
        empty |= ~np.isfinite(values).all(axis=0)
    return np.asarray(empty, dtype=np.bool_)


def _mask_finding(
    mask: NDArray[Any], empty: NDArray[np.bool_], subject: str, *, band: str, legend: str
) -> Finding | None:
    """The finding for pixels whose mask is no code of the legend (a float band may hold codes)."""
    last = len(quality_bits.reason_table(legend)) - 1
    with np.errstate(invalid="ignore"):
        whole = (mask >= 0) & (mask <= last) & (np.floor(mask) == mask)
    wrong = ~whole & ~empty
    if not wrong.any():
        return None
    values = ", ".join(f"{value:g}" for value in np.unique(mask[wrong])[:5].tolist())
    kind = "the scene classification" if legend == quality_bits.SCL else f"the legend {legend}"
    message = (
        f"mask band {band} holds {values} in {int(wrong.sum())} pixels; {kind} "
        f"has the whole numbers 0 to {last}"
    )
    fix = "check the order of the bands, and that the mask was not resampled by interpolation"
    return Finding.error("scene-mask-value", subject, message, fix=fix)


def _layout_finding(mask: NDArray[Any], subject: str, *, band: str, legend: str) -> Finding | None:
    """The finding for Landsat flags of another generation: they read as plausible nonsense."""
    if legend not in quality_bits.LAYOUTS or not mask.size:
        return None
    numbers = mask.astype(np.uint16)
    numbers = numbers[numbers & FILL_BIT == 0]
    if not numbers.size:
        return None
    wrong = quality_bits.impossible(legend)[numbers]
    if wrong.mean() <= IMPOSSIBLE_MOST:
        return None
    values = ", ".join(map(str, np.unique(numbers[wrong])[:5].tolist()))
    others = quality_bits.layouts_of(numbers, IMPOSSIBLE_MOST)
    message = (
        f"{wrong.mean():.0%} of mask band {band} are numbers that {legend} never has ({values}); "
        f"they are {'as in ' + ' or '.join(others) if others else 'of no known layout'}"
    )
    fix = "name the generation of the file: mask_legend in a project, --mask-legend of a command"
    return Finding.error("scene-mask-layout", subject, message, fix=fix)


def value_findings(
    reflectance: NDArray[np.float32], reason: NDArray[np.uint8], bands: Sequence[str], subject: str
) -> Iterator[Finding]:
    """What the values of a whole scene (bands, ...) say of it, or of a sample of its pixels.

    ``reason`` (...) is 0 for pixels that are used.
    """
    clear = reflectance[:, reason == 0]
    if clear.shape[1] == 0:
        message = "no pixel inside the project's window is clear: the scene adds nothing"
        fix = "choose another date, or leave the scene out"
        yield Finding.warning("scene-all-cloud", subject, message, fix=fix)
        return
    fix = "reflectance = number x scale + offset: check [imagery] scale and offset"
    if not np.isfinite(clear).all():
        message = "reflectance is infinite or not a number in clear pixels"
        yield Finding.error("scene-not-finite", subject, message, fix=fix)
        return
    top = np.percentile(clear, 99, axis=1)
    if top.max() > BRIGHT_REFLECTANCE:
        brightest = bands[int(top.argmax())]
        message = (
            f"band {brightest}: 1 % of the pixels are above {top.max():.3g}; reflectance lies "
            "between 0 and about 1, so these are digital numbers or the scale is wrong"
        )
        yield Finding.error("scene-digital-numbers", subject, message, fix=fix)
    elif top.max() < DARK_REFLECTANCE:
        message = f"99 % of the pixels of every band are below {top.max():.2g}: implausibly dark"
        yield Finding.error("scene-too-dark", subject, message, fix=fix)
    negative = float((clear < 0).any(axis=0).mean())
    far = float((clear < -NEGATIVE_NOISE).any(axis=0).mean())
    if far > NEGATIVE_MOST:
        message = f"{far:.1%} of the clear pixels have a reflectance below {-NEGATIVE_NOISE:g}"
        yield Finding.error("scene-negative", subject, message, fix=fix)
    elif negative > NEGATIVE_SHARE:
        message = f"{negative:.1%} of the clear pixels have a negative reflectance"
        yield Finding.warning("scene-negative", subject, message, fix=fix)
    yield from clipped_findings(clear, subject)


def composite(
    scenes: Sequence[SceneData],
    bands: tuple[str, ...],
    *,
    statistic: Statistic = "median",
    percent: float = 50.0,
) -> Composite:
    """The composite of the scenes of one epoch (shapes as in :class:`SceneData`).

    The median of an even number is the mean of the middle two; the order of scenes is of no
    consequence. For other statistics see :mod:`bluecarbon.mrv.composites`.
    """
    in_order = sorted(scenes, key=lambda scene: (scene.date, scene.name))
    if statistic != "median":
        return _composite_by(in_order, bands, statistic, percent)
    stack = np.sort(np.stack([scene.reflectance for scene in in_order]), axis=0)
    valid = np.stack([scene.reason == 0 for scene in in_order])
    count = valid.sum(axis=0)
    # NaN sorts to the end, so the valid values of a pixel are its first ``count``.
    lower, upper = np.maximum(count - 1, 0) // 2, count // 2
    upper = np.minimum(upper, len(in_order) - 1)
    low = np.take_along_axis(stack, lower[None, None], axis=0)[0]
    high = np.take_along_axis(stack, upper[None, None], axis=0)[0]
    return Composite(
        epoch=in_order[-1].epoch,
        last_date=in_order[-1].date,
        bands=bands,
        reflectance=np.where(count > 0, (low + high) / 2, np.nan).astype(np.float32),
        observations=count.astype(np.uint16),
        reason=np.where(count > 0, 0, in_order[-1].reason).astype(np.uint8),
    )


def _composite_by(
    scenes: Sequence[SceneData], bands: tuple[str, ...], statistic: Statistic, percent: float
) -> Composite:
    made = composite_of(
        np.stack([scene.reflectance for scene in scenes]),
        np.stack([scene.reason for scene in scenes]),
        statistic,
        percent=percent,
    )
    return Composite(
        epoch=scenes[-1].epoch,
        last_date=scenes[-1].date,
        bands=bands,
        reflectance=made.reflectance,
        observations=made.observations,
        reason=made.reason,
    )
