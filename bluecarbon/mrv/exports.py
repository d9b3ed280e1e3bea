"""Rasters and polygons for other programs: cloud-optimised GeoTIFF, NetCDF, Zarr, GeoPackage.

Same inputs, same bytes: no file here carries a clock. Each is built beside its name and moved to
it when it is whole, so that a full disk leaves nothing half-written.
"""

from __future__ import annotations

import importlib
import json
import math
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyogrio
import rasterio
import rasterio.shutil
import xarray as xr
from rasterio.enums import Resampling

from bluecarbon.errors import MissingExtraError, OutputError
from bluecarbon.mrv.blocks import gdal_settings

NO_CLOCK = "1970-01-01T00:00:00Z"
"""GeoPackage wants a time of change: a fixed one, so that the same polygons are the same bytes."""

CF = {"Conventions": "CF-1.11"}

MAKER = "made_by"
"""The attribute of a data set that says which command made it, and so may replace it."""

TILE_PX = 512


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A place beside ``target`` that becomes it when all went well, and vanishes when not.

    Raises
    ------
    OutputError
        The place cannot be written.
    """
    # The suffix stays: some writers choose their format by it.
    beside = target.with_name(f".part-{target.name}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove(beside)
        yield beside
        _remove(target)
        beside.rename(target)
    except OSError as error:
        raise OutputError(f"{target}: cannot be written: {error.strerror or error}") from error
    finally:
        _remove(beside)


def as_cog(tiled: Path, target: Path, *, resampling: str = "nearest") -> None:
    """Turn a tiled GeoTIFF of any size into a cloud-optimised one with overviews.

    ``tiled`` is a file of the caller's that may be written to. ``resampling`` of the overviews:
    "nearest" or "mode" for codes, "average" for amounts.
    """
    with replacing(target) as part, gdal_settings():
        _overviews_of_bands(tiled, resampling)
        options = {"compress": "ZSTD", "level": 1, "blocksize": TILE_PX, "num_threads": 1}
        rasterio.shutil.copy(
            tiled, part, driver="COG", overview_resampling=resampling.upper(), **options
        )


def _overviews_of_bands(tiled: Path, resampling: str) -> None:
    """Overviews band by band, which the copy takes over.

    The COG driver keeps bands together: it would pack every tile of an overview once for each
    band, again and again where the cache is small (minutes for four bands of a Sentinel-2 tile).
    """
    with rasterio.open(tiled) as source:
        levels = range(1, max(0, math.ceil(math.log2(max(source.shape) / TILE_PX))) + 1)
        bands = source.count
    if bands > 1 and levels:
        with rasterio.open(tiled, "r+") as target:
            target.build_overviews([2**level for level in levels], Resampling[resampling])


def write_netcdf(dataset: xr.Dataset, target: Path) -> None:
    """Write a data set of :func:`bluecarbon.mrv.arrays.to_dataarray` arrays as NetCDF-4."""
    _needed("h5netcdf")
    prepared = _conventions(dataset)
    for name in prepared.data_vars:
        prepared[name].encoding.update(zlib=True, complevel=1, shuffle=True)
    with replacing(target) as part:
        prepared.to_netcdf(part, engine="h5netcdf")


def write_zarr(dataset: xr.Dataset, target: Path) -> None:
    """Write the same as a Zarr store (format 2, which other programs read) in a folder."""
    _needed("zarr")
    with replacing(target) as part:
        _conventions(dataset).to_zarr(part, zarr_format=2, consolidated=True)


def made_by(dataset: xr.Dataset, command: str) -> xr.Dataset:
    """The data set with the command that made it as an attribute."""
    return dataset.assign_attrs({MAKER: command})


def maker_of(target: Path) -> str:
    """Which command made a NetCDF file or Zarr store; empty when it does not say."""
    try:
        if target.is_dir():
            return str(json.loads((target / ".zattrs").read_text(encoding="utf-8"))[MAKER])
        engine = "h5netcdf"
        with xr.open_dataset(target, engine=engine, decode_cf=False) as dataset:
            return str(dataset.attrs[MAKER])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def write_geopackage(layers: dict[str, gpd.GeoDataFrame], target: Path) -> None:
    """Write polygon layers into one GeoPackage; a layer without rows is still there."""
    with replacing(target) as part:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": NO_CLOCK})
        try:
            for name, table in layers.items():
                pyogrio.write_dataframe(
                    table,
                    part,
                    layer=name,
                    driver="GPKG",
                    append=part.exists(),
                    geometry_type="MultiPolygon",
                    promote_to_multi=True,
                )
        finally:
            pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def _conventions(dataset: xr.Dataset) -> xr.Dataset:
    """The data set with its conventions named; grid_mapping is written by its encoding."""
    prepared = dataset.assign_attrs(CF)
    for name in prepared.data_vars:
        mapping = prepared[name].attrs.pop("grid_mapping", None)
        if mapping:
            prepared[name].encoding["grid_mapping"] = mapping
    return prepared


def _needed(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise MissingExtraError(module, "rasters") from error


def _remove(place: Path) -> None:
    if place.is_dir():
        shutil.rmtree(place)
    elif place.exists():
        place.unlink()
