"""The numbers of a scene on the analysis grid, from a raster or from the assets of a STAC item.

A file on another grid is resampled by the declared rule, and so are the bands of an item that
differ in resolution. Quality bands hold codes: they are always taken from the nearest pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from bluecarbon.mrv.rasters import Grid, opened, read_grid, read_window
from bluecarbon.mrv.regrid import Rule, described, read_resampled
from bluecarbon.project import Imagery
from bluecarbon.spec import Finding
from bluecarbon.stac_files import places_of, read_json, without_name

FINEST_BANDS = ("green", "red", "blue", "nir")
"""An item's grid is that of the first of these that it has: they are the finest of any sensor."""

Findings = tuple[Finding, ...]


@dataclass(frozen=True)
class BandFile:
    """Where a band of a scene lies: file and number (from 1)."""

    name: str
    path: Path
    number: int = 1


def is_item(path: Path) -> bool:
    """Whether a scene is a STAC item rather than a raster."""
    return path.suffix.lower() == ".json"


def band_files(path: Path, imagery: Imagery) -> tuple[tuple[BandFile, ...], Findings]:
    """The file of every declared band, in the order of the declaration."""
    if not is_item(path):
        return tuple(BandFile(n, path, i) for i, n in enumerate(imagery.bands, start=1)), ()
    try:
        item = read_json(path)
    except ValueError as error:
        message, fix = without_name(error, path), "give a STAC item as JSON, or a raster"
        return (), (Finding.error("scene-unreadable", path.name, message, fix=fix),)
    held = places_of(item, imagery.bands)
    missing = [band for band in imagery.bands if band not in held]
    if missing:
        message = (
            f"has no asset for {', '.join(missing)}; it has {', '.join(item.get('assets', {}))}"
        )
        fix = "bands are found by common name: choose another item, or other bands"
        return (), (Finding.error("stac-asset-missing", path.name, message, fix=fix),)
    return tuple(
        BandFile(band, _asset_path(path, item["assets"][place.key]["href"]), place.number)
        for band, place in held.items()
    ), ()


def _asset_path(item: Path, href: str) -> Path:
    return remote_path(href) if "://" in href else item.parent / href


def remote_path(href: str) -> Path:
    """The address of an asset as GDAL's file systems spell it; a path keeps no double slash."""
    scheme, _, rest = href.partition("://")
    if scheme in {"http", "https"}:
        return Path(f"/vsicurl?url={quote(href, safe='')}")
    return Path(f"/vsi{scheme}") / rest


def item_grid(
    path: Path, imagery: Imagery, rule: Rule | None, *, what: str
) -> tuple[Grid | None, Findings]:
    """The grid of a STAC item: that of its finest bands; others need a rule."""
    files, found = band_files(path, imagery)
    grids: dict[str, Grid] = {}
    for file in files:
        grid, wrong = read_grid(file.path, f"{path.name} {file.path.name}", what=what)
        found += wrong
        if grid is not None:
            grids[file.name] = grid
    if not grids or found:
        return None, found
    first = next((name for name in FINEST_BANDS if name in grids), next(iter(grids)))
    grid = grids[first]
    other = {n: g for n, g in grids.items() if not g.shares_lattice_with(grid)}
    spectral = {n: g for n, g in other.items() if n != imagery.mask_band}
    if other and rule is None:
        listed = "; ".join(f"{name} {described(g)}" for name, g in (spectral or other).items())
        message = f"its bands lie on different grids: {first} {described(grid)}; {listed}"
        fix = 'declare how to bring them to one: [alignment] reflectance = "bilinear"'
        return None, (Finding.error("scene-mixed-resolution", path.name, message, fix=fix),)
    if not other:
        return grid, ()
    message = f"{', '.join(other)}: brought to the grid of {first} ({described(grid)}): {rule}"
    return grid, (Finding.info("raster-resampled", path.name, message),)


def read_numbers(
    path: Path, imagery: Imagery, grid: Grid, rule: Rule | None
) -> tuple[NDArray[Any], float | None]:
    """The declared bands on ``grid`` (bands, height, width), and the number that means no data.

    Raises
    ------
    rasterio.errors.RasterioError
        A file is damaged.
    """
    files, _ = band_files(path, imagery)
    if not is_item(path):
        return _from_raster(path, imagery, grid, rule)
    parts = []
    nodata: float | None = None
    for file in files:
        with opened(file.path) as dataset:
            if file.name != imagery.mask_band:
                nodata = dataset.nodatavals[file.number - 1] if nodata is None else nodata
            fill = dataset.nodatavals[file.number - 1] or 0.0
            chosen = "nearest" if file.name == imagery.mask_band else rule
            parts.append(_on_grid(dataset, grid, chosen, fill=fill, bands=[file.number]))
    dtype = np.result_type(*(part.dtype for part in parts))
    return np.concatenate([part.astype(dtype) for part in parts]), nodata


def _from_raster(
    path: Path, imagery: Imagery, grid: Grid, rule: Rule | None
) -> tuple[NDArray[Any], float | None]:
    with opened(path) as dataset:
        nodata = dataset.nodatavals[0]
        fill = 0.0 if nodata is None else nodata
        if grid.shares_lattice_with(_grid_of(dataset)) or rule is None:
            return read_window(dataset, grid, fill), nodata
        numbers = _on_grid(dataset, grid, rule, fill=fill, bands=dataset.indexes)
        if imagery.mask_band in imagery.bands:
            place = imagery.bands.index(imagery.mask_band)
            only = _on_grid(dataset, grid, "nearest", fill=fill, bands=[place + 1])
            numbers[place] = only[0]
        return numbers, nodata


def _on_grid(
    dataset: Any, grid: Grid, rule: Rule | None, *, fill: float, bands: Any
) -> NDArray[Any]:
    if rule is None or grid.shares_lattice_with(_grid_of(dataset)):
        return read_window(dataset, grid, fill, bands=bands)
    return read_resampled(dataset, grid, rule, fill=fill, bands=list(bands))


def _grid_of(dataset: Any) -> Grid:
    return Grid(dataset.crs, dataset.transform, dataset.height, dataset.width)
