"""Rasters written block by block and turned into cloud-optimised GeoTIFFs with their meaning.

For results of several layers that are computed together. Bytes do not depend on who computed the
blocks, because the caller writes them in their order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import rasterio

from bluecarbon.mrv.blocks import gdal_settings
from bluecarbon.mrv.exports import TILE_PX, as_cog
from bluecarbon.mrv.map_tags import class_tags, write_category_names
from bluecarbon.mrv.rasters import Grid

Colour = tuple[int, int, int, int]


@dataclass(frozen=True)
class ValueFile:
    """A raster of amounts: one name for each band, the unit of all of them, and what it shows.

    ``scale`` is what a stored number is multiplied with to give the value.
    """

    path: Path
    bands: tuple[str, ...]
    unit: str
    long_name: str
    dtype: str = "float32"
    nodata: float = float("nan")
    scale: float = 1.0

    @property
    def overviews(self) -> str:
        """How pixels of overviews are made; dates and counts would be blended to what was not."""
        return "average" if self.dtype == "float32" or self.scale != 1.0 else "nearest"


@dataclass(frozen=True)
class CodeFile:
    """A raster of codes with their names and colours."""

    path: Path
    legend: Mapping[int, str]
    long_name: str
    colours: Mapping[int, Colour] = field(default_factory=dict)
    nodata: int | None = 0
    dtype: str = "uint8"
    overviews: str = "mode"

    @property
    def bands(self) -> tuple[str, ...]:
        """The one band."""
        return (self.long_name,)


@contextmanager
def written(
    files: Sequence[ValueFile | CodeFile], grid: Grid
) -> Iterator[tuple[rasterio.DatasetWriter, ...]]:
    """The files open for writing, in tiles; when all went well they become COGs under their names.

    Raises
    ------
    OutputError
        A place cannot be written.
    """
    unfinished = [file.path.with_name(f".tiled-{file.path.name}") for file in files]
    try:
        with gdal_settings(), ExitStack() as opened:
            targets = [
                opened.enter_context(_tiled(path, file, grid))
                for path, file in zip(unfinished, files, strict=True)
            ]
            yield tuple(targets)
        for path, file in zip(unfinished, files, strict=True):
            as_cog(path, file.path, resampling=file.overviews)
            if isinstance(file, CodeFile):
                write_category_names(file.path, file.legend)
    finally:
        for path in unfinished:
            path.unlink(missing_ok=True)


def _tiled(path: Path, file: ValueFile | CodeFile, grid: Grid) -> rasterio.DatasetWriter:
    place: dict[str, Any] = {"crs": grid.crs, "transform": grid.transform}
    place |= {"height": grid.height, "width": grid.width, "count": len(file.bands)}
    tiles = {"tiled": True, "blockxsize": TILE_PX, "blockysize": TILE_PX, "interleave": "band"}
    pack = {"compress": "zstd", "zstd_level": 1, "num_threads": 1, "bigtiff": "if_safer"}
    kind = {"dtype": file.dtype, "nodata": file.nodata}
    target = rasterio.open(path, "w", driver="GTiff", **place, **tiles, **pack, **kind)
    if isinstance(file, CodeFile):
        class_tags(target, file.legend, file.long_name)
        if file.colours:
            target.write_colormap(1, dict(file.colours))
        return target
    target.update_tags(long_name=file.long_name)
    target.descriptions, target.units = file.bands, (file.unit,) * len(file.bands)
    target.scales = (file.scale,) * len(file.bands)
    for number, name in enumerate(file.bands, start=1):
        target.update_tags(number, units=file.unit, long_name=name)
    return target
