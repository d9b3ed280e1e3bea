"""What STAC items say of their numbers: scale and offset, taken over or held against what is given.

The raster extension of STAC (https://github.com/stac-extensions/raster) writes value = number x
scale + offset for every band of an asset.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bluecarbon.mrv.sensors import HARMONISED, SENSORS, sentinel2_shift
from bluecarbon.project import Imagery, Scene
from bluecarbon.spec import Finding
from bluecarbon.stac_files import HARMONISED_TAG, places_of, read_json

NEAR = 1e-9
"""Scales that differ by less are one: 1/10000 and 0.0001, -7272.73 x 0.0000275 and -0.2."""

Scaling = tuple[float, float]


def item_scaling(
    items: Sequence[Path], bands: Sequence[str]
) -> tuple[Scaling | None, tuple[Finding, ...]]:
    """Scale and offset that all items give to all of the (spectral) bands; None if none does.

    Findings: ``scene-scale-differs`` where items or bands disagree, ``scene-scale-ambiguous`` where
    an item gives an offset and says that it was taken off already.
    """
    said = {(item, band): pair for item in items for band, pair in _said(item, bands).items()}
    stated = {pair for pair in said.values() if pair is not None}
    twice = tuple(_ambiguous(item) for item in items if _taken_off(item, bands))
    if len(stated) == 1 and None not in said.values():
        return stated.pop(), twice
    if not stated:
        return None, twice
    (one, first), *rest = said.items()
    other, second = next((place, pair) for place, pair in rest if pair != first)
    message = (
        f"band {one[1]} is {_words(first)}, band {other[1]} of {other[0].name} is {_words(second)}"
    )
    fix = "name the product (--sensor sentinel2-l2a), or take scenes of one scale at a time"
    finding = Finding.error("scene-scale-differs", one[0].name, message, fix=fix)
    return None, (*twice, finding)


def scale_contradictions(item: Path, scene: Scene, imagery: Imagery) -> tuple[Finding, ...]:
    """``scene-scale-contradicts`` (warning): what is applied is not what the item says."""
    bands = [band for band in imagery.bands if band != imagery.mask_band]
    applied = _applied(scene.processing_baseline, imagery)
    for band, said in _said(item, bands).items():
        if said is None or _same(said, applied):
            continue
        message = (
            f"band {band} is {_words(said)} by the item, and {_words(applied)} as declared; "
            "what is declared was used"
        )
        fix = "declare the scale and the offset of the item, or neither"
        return (Finding.warning("scene-scale-contradicts", item.name, message, fix=fix),)
    return ()


def _said(item: Path, bands: Sequence[str]) -> dict[str, Scaling | None]:
    return {band: place.scaling for band, place in places_of(_content(item), bands).items()}


def _content(item: Path) -> dict[str, object]:
    try:
        return read_json(item)
    except ValueError:
        return {}  # the reader of its bands says why


def _taken_off(item: Path, bands: Sequence[str]) -> bool:
    properties = _content(item).get("properties")
    off = isinstance(properties, dict) and properties.get(HARMONISED_TAG) is True
    return off and any(pair is not None and pair[1] != 0 for pair in _said(item, bands).values())


def _ambiguous(item: Path) -> Finding:
    message = f"gives an offset, and {HARMONISED_TAG} says that it was taken off already"
    fix = "name the product (--sensor sentinel2-l2a), or give --scale and --offset"
    return Finding.error("scene-scale-ambiguous", item.name, message, fix=fix)


def _applied(baseline: str, imagery: Imagery) -> Scaling:
    sensor = SENSORS.get(imagery.sensor)
    if sensor is None:
        return imagery.scale or 1.0, imagery.offset
    shift = sentinel2_shift(baseline or HARMONISED) if sensor.needs_baseline else sensor.shift
    return sensor.scale, shift * sensor.scale


def _same(one: Scaling, other: Scaling) -> bool:
    return all(abs(a - b) < NEAR for a, b in zip(one, other, strict=True))


def _words(pair: Scaling | None) -> str:
    return "without a scale" if pair is None else f"number x {pair[0]:g} {pair[1]:+g}"
