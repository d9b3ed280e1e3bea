"""From a product's digital numbers to reflectance or decibels, as its publisher says.

- Sentinel-2 Level-2A: reflectance = (number + BOA_ADD_OFFSET) / 10 000, with BOA_ADD_OFFSET -1000
  from processing baseline 04.00 on and 0 before (ESA, Sentinel-2 Products Specification Document;
  products of older dates reprocessed as Collection-1 carry it too, so the date says nothing);
  0 is no data.
- Landsat Collection 2 Level 2: reflectance = number x 0.0000275 - 0.2 (USGS LSDS-1619, section 5);
  0 is no data.
- Sentinel-1 GRD as linear power: decibels = 10 log10(power); 0 is the strip without data.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bluecarbon.mrv import reasons
from bluecarbon.mrv.quality_bits import COLLECTION_2, SCL
from bluecarbon.spec import Finding

Reflectance = NDArray[np.float32]

SENTINEL2_OFFSET = -1000
SENTINEL2_QUANTIFICATION = 10_000
OFFSET_SINCE = (4, 0)
"""The processing baseline from which numbers are 1000 larger, so that dark water is not cut off."""

HARMONISED = "harmonised"
"""Instead of a baseline: the provider took the offset off, the numbers are as before 04.00."""


@dataclass(frozen=True)
class Sensor:
    """A product: how its numbers become reflectance, and the legend of its quality band.

    ``shift`` is added to a number before it is multiplied by ``scale``; then what is below 0 is 0,
    because noise over dark water must not make an index leave its range.
    """

    name: str
    scale: float
    shift: float
    nodata: float | None
    mask_legend: str
    needs_baseline: bool = False


SENSORS: Mapping[str, Sensor] = {
    sensor.name: sensor
    for sensor in (
        Sensor("sentinel2-l2a", 1 / SENTINEL2_QUANTIFICATION, 0.0, 0.0, SCL, needs_baseline=True),
        Sensor("landsat-c2-l2", 2.75e-5, -0.2 / 2.75e-5, 0.0, COLLECTION_2.name),
    )
}

SENTINEL2_BANDS: Mapping[str, str] = {
    "B01": "coastal", "B02": "blue", "B03": "green", "B04": "red", "B05": "rededge1",
    "B06": "rededge2", "B07": "rededge3", "B08": "nir", "B8A": "nir08", "B11": "swir1",
    "B12": "swir2", "SCL": "scl",
}  # fmt: skip
"""Band of Sentinel-2 -> common name."""

LANDSAT8_BANDS: Mapping[str, str] = {
    "SR_B1": "coastal", "SR_B2": "blue", "SR_B3": "green", "SR_B4": "red", "SR_B5": "nir",
    "SR_B6": "swir1", "SR_B7": "swir2", "QA_PIXEL": "qa_pixel",
}  # fmt: skip
"""Band of Landsat 8 and 9 -> common name."""


def sentinel2_shift(baseline: str) -> float:
    """What is added to a digital number of a processing baseline, -1000 or 0.

    Raises
    ------
    ValueError
        ``baseline`` is neither like ``"05.09"`` nor ``"harmonised"``.
    """
    if baseline == HARMONISED:
        return 0.0
    match = re.fullmatch(r"N?(\d{2})\.?(\d{2})", baseline.strip())
    if match is None:
        raise ValueError(f"{baseline!r} is no processing baseline such as 04.00")
    return float(SENTINEL2_OFFSET) if (int(match[1]), int(match[2])) >= OFFSET_SINCE else 0.0


def reflectance_of(
    numbers: NDArray[Any], sensor: Sensor, *, shift: float | None = None
) -> tuple[Reflectance, NDArray[np.uint8]]:
    """Reflectance, clipped at 0, and why pixels have none.

    Parameters
    ----------
    numbers : (bands, ...) digital numbers
    shift : instead of the sensor's own, for the baseline of a Sentinel-2 scene

    Returns
    -------
    (bands, ...) float32, NaN in all bands of a pixel that has no number in one of them; and its
    reason codes (...).
    """
    empty = np.zeros(numbers.shape[1:], dtype=np.bool_)
    if sensor.nodata is not None:
        empty = (numbers == sensor.nodata).any(axis=0)
    added = sensor.shift if shift is None else shift
    # What is clipped is what is returned: to clip a copy and drop it is the classic slip.
    light = np.maximum(numbers.astype(np.float64) + added, 0.0) * sensor.scale
    light[:, empty] = np.nan
    reason = np.where(empty, reasons.NODATA, reasons.VALID).astype(np.uint8)
    return light.astype(np.float32), reason


def decibels(power: NDArray[Any]) -> tuple[Reflectance, NDArray[np.uint8]]:
    """Radar backscatter (bands, ...) in decibels from linear power, and why pixels have none.

    0 in any band is the strip at the edge of a scene; what is negative or not a number is marked
    as such.
    """
    values = power.astype(np.float64)
    wrong = (~np.isfinite(values) | (values < 0)).any(axis=0)
    empty = (values == 0).any(axis=0)
    reason = np.where(empty, reasons.NODATA, np.where(wrong, reasons.NOT_FINITE, reasons.VALID))
    usable = np.where(reason == reasons.VALID, values, np.nan)
    return (10 * np.log10(usable)).astype(np.float32), reason.astype(np.uint8)


def radar_findings(power: NDArray[Any], subject: str) -> tuple[Finding, ...]:
    """Whether numbers are linear power: decibels are mostly negative, amplitudes large."""
    known = power[np.isfinite(power) & (power != 0)]
    if known.size == 0:
        message = "no pixel has a backscatter value"
        fix = "choose another scene, or leave it out"
        return (Finding.warning("radar-empty", subject, message, fix=fix),)
    negative = float((known < 0).mean())
    fix = "use sigma nought or gamma nought as linear power"
    if negative > 0.01:
        message = f"{negative:.0%} of the numbers are negative: these are decibels already"
        return (Finding.error("radar-decibels", subject, message, fix=fix),)
    if float(np.median(known)) > 10:
        message = f"the median is {float(np.median(known)):.4g}: digital numbers or amplitudes"
        return (Finding.error("radar-digital-numbers", subject, message, fix=fix),)
    return ()
