"""What lies beside a sealed report: the tables, maps and strata that documents are made from.

Documents are drawn from the output folder and never from memory, so that ``bluecarbon run`` and
``bluecarbon document`` make the same pages, and a page can be made again years later without the
scenes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import rasterio
import shapely
from affine import Affine
from numpy.typing import NDArray
from PIL import Image
from rasterio.crs import CRS
from rasterio.enums import Resampling

from bluecarbon.errors import ReportError
from bluecarbon.mrv.extent import Extent
from bluecarbon.mrv.outputs import false_colour
from bluecarbon.mrv.rasters import Geometry
from bluecarbon.report import MonitoringReport
from bluecarbon.spec import Finding

PICTURE_PX_MAX = 1600
"""A map on paper is 17 cm wide: more pixels than this would not be seen."""

STRATA_FILE = "maps/strata.geojson"
COMPOSITE_FILE = "maps/composite_{epoch}.png"
STOCK_FOLDER = "stock_maps"

STOCK_FINDINGS = "stock_findings"
"""The table of what was found while stocks were mapped, which is after the report is sealed."""

_CLASSES = re.compile(r"classes_(\d{4})\.tif")
_STOCKS = re.compile(r"total_(\d{4})\.tif")

_TEXT_COLUMN = re.compile(
    r"\w+_id|stratum|sample|species|status|(from_|to_|map_)?class|kind|date|estimator|scene|reason"
    r"|variable|unit|method|label|group|document|equation|about|scope|inputs|sources?|source_zh"
    r"|shared_error|\w*how|severity|code|subject|message|fix"
)
"""Columns that stay text even when every value looks like a number: plot 007 is not plot 7."""


@dataclass(frozen=True)
class DrawnMap:
    """A class map thinned for drawing: codes of shape (rows, columns), and where they lie.

    ``transform`` is that of the thinned pixels, so places are found on them as on the map.
    """

    codes: NDArray[np.uint8]
    transform: Affine
    crs: CRS


@dataclass(frozen=True)
class Evidence:
    """A report and what was written beside it. Areas in hectares, as in the tables' columns."""

    report: MonitoringReport
    folder: Path
    maps: Mapping[int, DrawnMap]
    strata: tuple[tuple[str, Geometry], ...]
    _pictures: dict[str, bytes] = field(default_factory=dict, repr=False, compare=False)

    def picture(self, name: str, draw: Callable[[], bytes]) -> bytes:
        """A picture without words, drawn once for the documents of all languages."""
        if name not in self._pictures:
            self._pictures[name] = draw()
        return self._pictures[name]

    def table(self, name: str) -> pd.DataFrame:
        """A table by its name (``area_estimates``); empty when the run had none.

        Empty cells are NaN in columns of numbers and "" in columns of text.
        """
        path = self.folder / "tables" / f"{name}.csv"
        if not path.is_file():
            return pd.DataFrame()
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        for column in table.columns:
            if not _TEXT_COLUMN.fullmatch(column):
                table[column] = _numbers(table[column])
        return table

    def composite(self, epoch: int) -> NDArray[np.uint8] | None:
        """The false-colour picture of an epoch, (rows, columns, 3); None where it has no scene."""
        path = self.folder / COMPOSITE_FILE.format(epoch=epoch)
        if not path.is_file():
            return None
        with Image.open(path) as picture:
            return np.asarray(picture.convert("RGB"))

    @property
    def stock_findings(self) -> tuple[Finding, ...]:
        """What was found while stocks were mapped; the sealed report does not hold it."""
        rows = self.table(STOCK_FINDINGS).to_dict("records")
        return tuple(Finding(**{str(name): value for name, value in row.items()}) for row in rows)

    @property
    def stock_maps(self) -> dict[int, Path]:
        """The maps of carbon of all pools together [tC/ha], by year; empty without [stocks]."""
        found = {
            int(match[1]): path
            for path in (self.folder / STOCK_FOLDER).glob("*.tif")
            if (match := _STOCKS.fullmatch(path.name))
        }
        return dict(sorted(found.items()))

    @property
    def epochs(self) -> tuple[int, ...]:
        """The years that were mapped."""
        return tuple(self.maps)

    @property
    def claimed_change(self) -> tuple[int, int] | None:
        """The pair of mapped years that bounds the claim, else first and last; None for one map."""
        monitoring = self.report.monitoring
        bounds = (monitoring.stock_start, monitoring.stock_end)
        years = tuple(date.year for date in bounds if date is not None and date.year in self.maps)
        if len(set(years)) == 2:
            return years[0], years[1]
        return (min(self.maps), max(self.maps)) if len(self.maps) > 1 else None


def _numbers(column: pd.Series) -> pd.Series:
    filled = column.replace("", np.nan)
    numbers = pd.to_numeric(filled, errors="coerce")
    # A single word among the numbers makes it a column of words.
    return column if (numbers.isna() & filled.notna()).any() else numbers


def write_pictures(extent: Extent, folder: Path) -> None:
    """Write what documents show beyond maps and tables: strata (GeoJSON), composites (PNG).

    Both follow from inputs that the report seals and are not sealed themselves.
    """
    features = [
        {
            "type": "Feature",
            "properties": {"stratum": item.stratum.id, "name": item.stratum.name},
            "geometry": json.loads(shapely.to_geojson(item.geometry)),
        }
        for item in extent.strata
    ]
    layer = {"type": "FeatureCollection", "features": features}
    (folder / STRATA_FILE).write_text(json.dumps(layer, ensure_ascii=False), encoding="utf-8")
    for epoch in extent.epochs:
        picture = false_colour(extent, epoch)
        if picture is not None:
            step = _step(*picture.shape[:2])
            thinned = (picture[::step, ::step] * 255).round().astype(np.uint8)
            Image.fromarray(thinned).save(folder / COMPOSITE_FILE.format(epoch=epoch))


def write_stock_findings(findings: Sequence[Finding], folder: Path) -> None:
    """Write ``tables/stock_findings.csv``; nothing where nothing was found."""
    if findings:
        table = pd.DataFrame([finding.model_dump(mode="json") for finding in findings])
        path = folder / "tables" / f"{STOCK_FINDINGS}.csv"
        table.to_csv(path, index=False, lineterminator="\n")


def _step(height: int, width: int) -> int:
    return max(1, -(-max(height, width) // PICTURE_PX_MAX))


def read_evidence(report: MonitoringReport, folder: Path) -> Evidence:
    """The maps and strata beside a report; tables are read when they are asked for.

    Raises
    ------
    ReportError
        The folder holds no map that belongs to the report, or one cannot be read.
    """
    maps = {
        int(found[1]): _drawn(path)
        for path in sorted((folder / "maps").glob("*.tif"))
        if (found := _CLASSES.fullmatch(path.name))
    }
    if not maps:
        raise ReportError(f"{folder} holds no class maps: documents are made where the run wrote")
    return Evidence(report, folder, maps, tuple(_strata(folder / STRATA_FILE)))


def _drawn(path: Path) -> DrawnMap:
    try:
        with rasterio.open(path) as source:
            step = _step(source.height, source.width)
            shape = (-(-source.height // step), -(-source.width // step))
            codes = source.read(1, out_shape=shape, resampling=Resampling.nearest)
            return DrawnMap(codes, _thinned(source, shape), source.crs)
    except rasterio.errors.RasterioError as error:
        raise ReportError(f"{path}: cannot be read: {error}") from error


def placed_grid(path: Path, shape: tuple[int, ...]) -> tuple[Affine, CRS]:
    """Transform and coordinate system of a raster that was thinned to ``shape`` rows, columns.

    Raises
    ------
    ReportError
        The file cannot be read.
    """
    try:
        with rasterio.open(path) as source:
            return _thinned(source, shape), source.crs
    except rasterio.errors.RasterioError as error:
        raise ReportError(f"{path}: cannot be read: {error}") from error


def _thinned(source: rasterio.DatasetReader, shape: tuple[int, ...]) -> Affine:
    was = source.transform
    across, down = was.a * source.width / shape[1], was.e * source.height / shape[0]
    return Affine(across, 0.0, was.c, 0.0, down, was.f)


def _strata(path: Path) -> Sequence[tuple[str, Geometry]]:
    if not path.is_file():
        return ()
    layer = json.loads(path.read_text(encoding="utf-8"))
    return [
        (item["properties"]["stratum"], shapely.from_geojson(json.dumps(item["geometry"])))
        for item in layer["features"]
    ]
