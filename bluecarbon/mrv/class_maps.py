"""Class codes, class maps made elsewhere, and label rasters.

Every map inside bluecarbon has the same codes. A file's own numbers are translated by the legend
that the project declares; a number that no legend names is a defect, never a class "other".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.errors import RasterioError

from bluecarbon.mrv.map_stack import CLASSES_MAX, too_many_classes
from bluecarbon.mrv.rasters import Grid, opened, read_window, unreadable
from bluecarbon.mrv.regrid import Rule, resampled, source_window
from bluecarbon.spec import Finding

CODE_OUTSIDE, CODE_MANGROVE, CODE_UNOBSERVED = 0, 1, 255

LEGEND: dict[int, str] = {
    CODE_OUTSIDE: "outside",
    CODE_MANGROVE: "mangrove",
    2: "water",
    3: "tidal_flat",
    4: "pond",
    5: "upland_forest",
    6: "other",
    CODE_UNOBSERVED: "unobserved",
}
"""Code -> class name of every map that bluecarbon makes."""

CODE_OF: dict[str, int] = {name: code for code, name in LEGEND.items()}

MAPPED_LABELS: tuple[str, ...] = tuple(
    name for code, name in LEGEND.items() if code not in {CODE_OUTSIDE, CODE_UNOBSERVED}
)
"""The names that a label may have."""


@dataclass(frozen=True)
class LegendUse:
    """How the numbers of a file become codes, and which number of it means "no data"."""

    codes: Mapping[int, int]
    nodata: float | None

    def translate(self, values: NDArray[Any]) -> tuple[NDArray[np.uint8], tuple[float, ...]]:
        """Codes (unobserved where there is no data), and the numbers that no legend names."""
        found = np.unique(values)
        codes = [self._code(float(value)) for value in found]
        unknown = tuple(float(v) for v, code in zip(found, codes, strict=True) if code is None)
        table = np.array([CODE_UNOBSERVED if code is None else code for code in codes], np.uint8)
        return table[np.searchsorted(found, values)], unknown

    def _code(self, value: float) -> int | None:
        # A declared number wins over the file's nodata tag: 0 is a class in many maps.
        if value in self.codes:
            return self.codes[int(value)]
        if np.isnan(value) or (self.nodata is not None and value == self.nodata):
            return CODE_UNOBSERVED
        return None


def legend_codes(
    legend: Mapping[str, str], subject: str
) -> tuple[dict[int, int], tuple[Finding, ...]]:
    """File number -> code from a declared legend ({"1" = "mangrove", ...})."""
    codes: dict[int, int] = {}
    found = []
    for number, label in legend.items():
        if not re.fullmatch(r"\s*-?[0-9]{1,10}\s*", number):
            message, fix = f"'{number}' is not a whole number", 'write e.g. "1" = "mangrove"'
            found.append(Finding.error("legend-number-wrong", subject, message, fix=fix))
        elif label not in CODE_OF:
            message = f"'{label}' (number {number}) is not a known class"
            fix = f"use one of: {', '.join(CODE_OF)}"
            found.append(Finding.error("label-unknown", subject, message, fix=fix))
        elif int(number) in codes:
            message, fix = f"number {int(number)} is named twice", "name each number once"
            found.append(Finding.error("legend-number-twice", subject, message, fix=fix))
        else:
            codes[int(number)] = CODE_OF[label]
    return codes, tuple(found)


def read_codes(
    path: Path,
    grid: Grid,
    codes: Mapping[int, int],
    *,
    band: int,
    subject: str,
    rule: Rule | None = None,
) -> tuple[NDArray[np.uint8] | None, tuple[Finding, ...]]:
    """One band of a class or label raster on ``grid`` as codes; 255 where the file has nothing.

    The file shares the lattice of ``grid`` (see :func:`bluecarbon.mrv.regrid.lattice_finding`), or
    ``rule`` brings it there: by the codes, because a majority is one of classes and not of numbers.
    """
    try:
        with opened(path) as dataset:
            if band > dataset.count:
                message = f"band {band} is asked for, the file has {dataset.count}"
                fix = "bands count from 1"
                return None, (Finding.error("class-map-band-missing", subject, message, fix=fix),)
            own = Grid(dataset.crs, dataset.transform, dataset.height, dataset.width)
            aligned = rule is None or own.shares_lattice_with(grid)
            part = grid if aligned else source_window(own, grid)
            values, inside = _band(dataset, part, band)
            use = LegendUse(codes, dataset.nodatavals[band - 1])
    except (RasterioError, OSError) as error:
        return None, (unreadable(subject, "class-map", error),)
    result = np.full((part.height, part.width), CODE_UNOBSERVED, dtype=np.uint8)
    result[inside], unknown = use.translate(values[inside])
    if len(unknown) > CLASSES_MAX:
        return None, (too_many_classes(subject, unknown),)
    if unknown:
        numbers = ", ".join(f"{number:.10g}" for number in unknown[:8])
        message = f"numbers {numbers} occur, which the legend does not name"
        fix = "name every number that occurs in the legend"
        return None, (Finding.error("class-map-number-unknown", subject, message, fix=fix),)
    if rule is not None and not aligned:
        result = resampled(result, part, grid, rule, fill=CODE_UNOBSERVED)
    return result, _nodata_remark(use, subject)


def _nodata_remark(use: LegendUse, subject: str) -> tuple[Finding, ...]:
    """The remark when the file's "no data" is a class that can be mapped."""
    code = None if use.nodata is None or np.isnan(use.nodata) else use.codes.get(int(use.nodata))
    if code is None or code in {CODE_OUTSIDE, CODE_UNOBSERVED}:
        return ()
    message = (
        f"number {use.nodata:g} is the file's no data and '{LEGEND[code]}' in the legend: it is "
        "taken for the class, also where the map was never made"
    )
    fix = f'name it "unobserved" in the legend unless every pixel of {use.nodata:g} was looked at'
    return (Finding.warning("class-map-nodata-is-class", subject, message, fix=fix),)


def _band(dataset: Any, grid: Grid, band: int) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """The band on ``grid``, and where the file has pixels at all."""
    own = Grid(dataset.crs, dataset.transform, dataset.height, dataset.width)
    row, column = own.offset_of(grid)
    rows = np.arange(grid.height) + row
    columns = np.arange(grid.width) + column
    inside = ((rows >= 0) & (rows < own.height))[:, None] & ((columns >= 0) & (columns < own.width))
    return read_window(dataset, grid, 0, bands=[band])[0], inside
