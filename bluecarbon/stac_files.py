"""STAC items on disk, read as the JSON that they are: which scenes a catalogue has, which files.

Reading a project must not need a library that is an optional part, and what goes into a report
must be on disk: a server may answer otherwise tomorrow. Items of an API are saved first, see
:func:`bluecarbon.mrv.stac.save_items`. STAC 1.0 and 1.1 (https://github.com/radiantearth/stac-spec).
"""

from __future__ import annotations

import datetime as dt
import json
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEPTH_MOST = 20
"""Catalogues in catalogues deeper than this link back to themselves."""

COMMON_NAMES: Mapping[str, str] = {
    "B01": "coastal", "B02": "blue", "B03": "green", "B04": "red", "B05": "rededge1",
    "B06": "rededge2", "B07": "rededge3", "B08": "nir", "B8A": "nir08", "B11": "swir1",
    "B12": "swir2", "SCL": "scl", "SR_B1": "coastal", "SR_B2": "blue", "SR_B3": "green",
    "SR_B4": "red", "SR_B5": "nir", "SR_B6": "swir1", "SR_B7": "swir2", "QA_PIXEL": "qa_pixel",
    "swir16": "swir1", "swir22": "swir2", "rededge071": "rededge1", "rededge075": "rededge2",
    "rededge078": "rededge3",
}  # fmt: skip
"""Names that assets go by (Sentinel-2 bands, Landsat 8-9 Level-2 bands, STAC common names) -> ours.
"""

SCALING = ("scale", "offset")

HARMONISED_TAG = "earthsearch:boa_offset_applied"


@dataclass(frozen=True)
class ItemFile:
    """A STAC item on disk: where it lies (relative to the project), when it was taken."""

    path: str
    date: dt.date
    processing_baseline: str = ""


def items_of(catalogue: Path, declared: str) -> tuple[ItemFile, ...]:
    """The items of a catalogue, a collection or an item on disk, by date and path.

    ``declared`` is the catalogue's path as the project spells it.

    Raises
    ------
    ValueError
        A file is not STAC JSON or lies outside of any depth that a catalogue has; says which.
    """
    found = list(_walk(catalogue, declared, 0))
    return tuple(sorted(found, key=lambda item: (item.date, item.path)))


def _walk(file: Path, declared: str, depth: int) -> Iterator[ItemFile]:
    if depth > DEPTH_MOST:
        raise ValueError(f"{declared}: catalogues are linked in a circle")
    content = read_json(file)
    if content.get("type") == "Feature":
        date = _date(content, declared)
        yield ItemFile(declared, date, baseline_of(content.get("properties", {})))
        return
    if content.get("type") not in {"Catalog", "Collection"}:
        raise ValueError(f"{declared}: is no STAC catalogue, collection or item")
    for link in content.get("links", ()):
        if link.get("rel") in {"child", "item"}:
            href = str(link.get("href", ""))
            if "://" in href:
                raise ValueError(f"{declared}: links to {href}: save its items to disk first")
            yield from _walk(file.parent / href, _joined(declared, href), depth + 1)


def read_json(file: Path) -> dict[str, Any]:
    """A JSON object from a file. ValueError when it is none or cannot be read."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{file.name}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ValueError(f"{file.name}: is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{file.name}: is not a JSON object")  # noqa: TRY004 - the data are wrong
    return content


def _date(item: Mapping[str, Any], declared: str) -> dt.date:
    properties = item.get("properties", {})
    text = properties.get("datetime") or properties.get("start_datetime") or ""
    try:
        return dt.date.fromisoformat(str(text)[:10])
    except ValueError as error:
        raise ValueError(f"{declared}: has no date") from error


def baseline_of(properties: Mapping[str, Any]) -> str:
    """The processing baseline of a Sentinel-2 item, "harmonised" where its offset is off; or ""."""
    if properties.get(HARMONISED_TAG) is True:
        return "harmonised"
    return str(properties.get("s2:processing_baseline", ""))


@dataclass(frozen=True)
class BandPlace:
    """Which asset of an item holds a band, at which number (from 1), and what its numbers mean.

    ``scaling`` is (scale, offset) of physical value = number x scale + offset, None where the item
    does not say (STAC raster extension: ``raster:bands`` of version 1, ``raster:scale`` of 2).
    """

    key: str
    number: int = 1
    scaling: tuple[float, float] | None = None


PICTURES = frozenset({"visual", "overview", "thumbnail"})
"""Roles and keys of assets that show a scene and do not measure it."""


def bands_of(item: Mapping[str, Any], bands: Sequence[str]) -> dict[str, str]:
    """Band -> key of the asset that holds it, for those of ``bands`` that the item has.

    Looked for by common name (``eo:bands`` of STAC 1.0, ``bands`` of 1.1), then by key.
    """
    return {band: place.key for band, place in places_of(item, bands).items()}


def places_of(item: Mapping[str, Any], bands: Sequence[str]) -> dict[str, BandPlace]:
    """Band -> its place, as :func:`bands_of`; an asset of one band goes before one of several."""
    by_name: dict[str, BandPlace] = {}
    assets: dict[str, Any] = item.get("assets", {})
    several = {key: asset for key, asset in assets.items() if len(_listed(asset)) > 1}
    for key, asset in assets.items():
        names = (key,) if key in several else (*_names((_listed(asset) or [{}])[0]), key)
        for name in names:
            place = BandPlace(key, 1, _scaling(asset, 0))
            by_name.setdefault(COMMON_NAMES.get(name, name), place)
    for key, asset in several.items():
        if PICTURES & {key, *asset.get("roles", ())}:
            continue
        for index, band in enumerate(_listed(asset)):
            for name in _names(band):
                place = BandPlace(key, index + 1, _scaling(asset, index))
                by_name.setdefault(COMMON_NAMES.get(name, name), place)
    return {band: by_name[band] for band in bands if band in by_name}


def _listed(asset: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list(asset.get("bands") or asset.get("eo:bands") or ())


def _names(band: Mapping[str, Any]) -> list[str]:
    names = [band.get("eo:common_name") or band.get("common_name"), band.get("name")]
    return [str(name) for name in names if name]


def _scaling(asset: Mapping[str, Any], index: int) -> tuple[float, float] | None:
    """Scale and offset of a band of an asset; what a band does not say its asset may."""
    old, new = list(asset.get("raster:bands", ())), _listed(asset)
    said = {name: asset[f"raster:{name}"] for name in SCALING if f"raster:{name}" in asset}
    if index < len(new):
        said |= {n: new[index][f"raster:{n}"] for n in SCALING if f"raster:{n}" in new[index]}
    if index < len(old):
        said |= {name: old[index][name] for name in SCALING if old[index].get(name) is not None}
    if not said:
        return None
    return float(said.get("scale", 1.0)), float(said.get("offset", 0.0))


def without_name(error: ValueError, file: Path | str) -> str:
    """What :func:`items_of` or :func:`read_json` says, for a finding that names the file itself."""
    text = str(error)
    for name in (f"{file}: ", f"{Path(file).name}: "):
        text = text.removeprefix(name)
    return text


def asset_files(item: Path, declared: str, bands: Sequence[str]) -> tuple[str, ...]:
    """The files on disk that hold the bands of an item, as paths like ``declared``.

    Empty when the item cannot be read: its reader says why.
    """
    try:
        content = read_json(item)
    except ValueError:
        return ()
    keys = bands_of(content, bands).values()
    hrefs = [str(content["assets"][key].get("href", "")) for key in keys]
    return tuple(dict.fromkeys(_joined(declared, href) for href in hrefs if "://" not in href))


def _joined(declared: str, href: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(declared), href))
