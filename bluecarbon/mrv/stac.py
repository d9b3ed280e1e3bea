"""STAC catalogues, on disk or behind an API, to xarray: through pystac, pystac-client and odc-stac.

Bands are asked for by common name. A claim should rest on files: :func:`save_items` pins what an
API answered, and ``[imagery] stac`` of a project reads only catalogues on disk.
"""

from __future__ import annotations

import importlib
import json
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import xarray as xr

from bluecarbon.errors import MissingExtraError
from bluecarbon.mrv.rasters import Bounds, Grid
from bluecarbon.spec import Finding, errors_in
from bluecarbon.stac_files import bands_of, places_of

Item = Any
"""A ``pystac.Item``."""

QUALITY_BANDS = ("scl", "qa_pixel")
"""Bands of codes: taken from the nearest pixel, whatever the rule for reflectance."""

Findings = tuple[Finding, ...]


def find_items(
    source: str | Path,
    *,
    bounds: Bounds | None = None,
    dates: str = "",
    collections: Sequence[str] = (),
) -> tuple[tuple[Item, ...], Findings]:
    """The items of a catalogue on disk, or of an API (``http...``), in the order of time.

    Parameters
    ----------
    bounds : left, bottom, right, top in degrees
    dates : "2020-01-01/2020-12-31", as in STAC searches
    collections : names of collections; all when empty

    Raises
    ------
    MissingExtraError
        pystac or pystac-client is not installed.
    """
    subject = str(source)
    try:
        if subject.startswith(("http://", "https://")):
            client = _module("pystac_client").Client.open(subject)
            search = client.search(
                bbox=bounds, datetime=dates or None, collections=list(collections) or None
            )
            found = list(search.items())
        else:
            found = _on_disk(Path(source), bounds, dates, collections)
    except MissingExtraError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a server or a library says is reported
        message = (
            f"the catalogue cannot be read: {str(error).splitlines()[0] if str(error) else error!r}"
        )
        fix = "check the address or the path, and that it is a STAC catalogue"
        return (), (Finding.error("stac-unreadable", subject, message, fix=fix),)
    items = tuple(sorted(found, key=lambda item: (str(item.datetime), item.id)))
    return items, _about_items(items, subject)


def _about_items(items: Sequence[Item], subject: str) -> Findings:
    if not items:
        message = "has no item in this place and time"
        fix = "widen the place or the dates"
        return (Finding.error("stac-empty", subject, message, fix=fix),)
    seen: dict[Any, str] = {}
    found = []
    for item in items:
        other = seen.setdefault((item.datetime, tuple(item.bbox or ())), item.id)
        if other != item.id:
            message = f"has the time and the place of {other}: one acquisition, processed twice"
            fix = "keep the newer processing"
            found.append(Finding.warning("stac-item-twice", item.id, message, fix=fix))
    return tuple(found)


def _on_disk(
    path: Path, bounds: Bounds | None, dates: str, collections: Sequence[str]
) -> list[Item]:
    content = _module("pystac").read_file(str(path))
    items = (
        [content] if not hasattr(content, "get_items") else list(content.get_items(recursive=True))
    )
    first, _, last = dates.partition("/")
    return [
        item
        for item in items
        if (not collections or item.collection_id in collections)
        and (not dates or first <= item.datetime.date().isoformat() <= (last or first))
        and (bounds is None or item.bbox is None or _meet(bounds, item.bbox))
    ]


def _meet(first: Sequence[float], second: Sequence[float]) -> bool:
    return (
        first[0] <= second[2]
        and second[0] <= first[2]
        and first[1] <= second[3]
        and second[1] <= first[3]
    )


def open_items(
    items: Sequence[Item],
    bands: Sequence[str],
    *,
    onto: Grid | None = None,
    resampling: Mapping[str, str] | None = None,
    chunks: Mapping[str, int] | None = None,
) -> tuple[xr.Dataset | None, Findings]:
    """Items as a lazy ``Dataset`` (time, y, x), one variable per band, named as asked for.

    Parameters
    ----------
    bands : common names; each item must have all of them
    onto : the grid of the result; by default that of the items, who must then agree on one
    resampling : band -> rule, or "*" -> rule. Without it bands of other resolutions are refused

    Raises
    ------
    MissingExtraError
        odc-stac is not installed.
    """
    found = asset_findings(items, bands)
    if resampling is None:
        found += resolution_findings(items, bands)
    if errors_in(found):
        return None, found
    keys = _odc_names(items[0].to_dict(transform_hrefs=False), bands)
    rules = {keys[b]: _rule(b, resampling or {}) for b in bands}
    place: dict[str, Any] = {} if onto is None else {"geobox": _geobox(onto)}
    with warnings.catch_warnings():
        # The loader uses what others have deprecated; a user cannot do anything about it.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        dataset = _module("odc.stac").load(
            items, bands=list(keys.values()), resampling=rules, chunks=dict(chunks or {}), **place
        )
    named = dataset.rename({key: band for band, key in keys.items()})
    return named.assign_attrs(resampling=json.dumps(rules, sort_keys=True)), found


def _odc_names(item: Mapping[str, Any], bands: Sequence[str]) -> dict[str, str]:
    """Band -> what the loader calls it: the key of its asset, or key.number in one of several."""
    places = places_of(item, bands)
    several = {key for key, asset in item["assets"].items()
               if len(asset.get("bands") or asset.get("eo:bands") or ()) > 1}  # fmt: skip
    return {
        band: f"{place.key}.{place.number}" if place.key in several else place.key
        for band, place in places.items()
    }


def _rule(band: str, resampling: Mapping[str, str]) -> str:
    if band in QUALITY_BANDS:
        return "nearest"
    return resampling.get(band) or resampling.get("*") or "nearest"


def asset_findings(items: Sequence[Item], bands: Sequence[str]) -> Findings:
    """Items that lack an asset for one of the bands."""
    found = []
    for item in items:
        held = bands_of(item.to_dict(transform_hrefs=False), bands)
        missing = [band for band in bands if band not in held]
        if missing:
            message = f"has no asset for {', '.join(missing)}; it has {', '.join(item.assets)}"
            fix = "choose another collection, or leave the item out"
            found.append(Finding.error("stac-asset-missing", item.id, message, fix=fix))
    return tuple(found)


def resolution_findings(items: Sequence[Item], bands: Sequence[str]) -> Findings:
    """Items whose bands differ in resolution, as far as they say so."""
    found = []
    for item in items:
        sizes = _sizes(item.to_dict(transform_hrefs=False), bands)
        if len(set(sizes.values())) > 1:
            listed = ", ".join(f"{band} {size:g}" for band, size in sizes.items())
            message = f"has bands of different resolution: {listed}"
            fix = "give a rule for resampling, e.g. {'*': 'bilinear'}"
            found.append(Finding.error("stac-mixed-resolution", item.id, message, fix=fix))
    return tuple(found)


def _sizes(item: Mapping[str, Any], bands: Sequence[str]) -> dict[str, float]:
    sizes = {}
    for band, key in bands_of(item, bands).items():
        asset = item["assets"][key]
        transform = asset.get("proj:transform") or item["properties"].get("proj:transform")
        size = asset.get("gsd") or (abs(transform[0]) if transform else None)
        if size:
            sizes[band] = float(size)
    return sizes


def save_items(items: Sequence[Item], folder: Path) -> tuple[Path, ...]:
    """Write items to disk as JSON with absolute addresses, and a catalogue of them, by time.

    The catalogue (``catalog.json``) can be named in ``[imagery] stac``. Same items, same bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for item in items:
        place = folder / f"{item.id}.json"
        _write_json(place, item.make_asset_hrefs_absolute().to_dict(include_self_link=False))
        written.append(place)
    links = [{"rel": "item", "href": f"./{place.name}", "type": "application/geo+json"}
             for place in written]  # fmt: skip
    catalogue = {"type": "Catalog", "id": folder.name, "stac_version": "1.0.0",
                 "description": "items pinned for a project", "links": links}  # fmt: skip
    _write_json(folder / "catalog.json", catalogue)
    return (folder / "catalog.json", *written)


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def _geobox(grid: Grid) -> Any:
    geobox = _module("odc.geo.geobox").GeoBox
    return geobox((grid.height, grid.width), grid.transform, grid.crs.to_wkt())


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingExtraError("reading STAC catalogues", "rasters") from error
