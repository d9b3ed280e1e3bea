"""Positions of a field sheet that are on no globe: exchanged, without marks, or in metres."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bluecarbon.mrv.angles import LIMIT_DEGREE, Axis, packed_angle
from bluecarbon.mrv.field_tables import defect, in_words, row_defects
from bluecarbon.mrv.mapped_cells import CellDefect
from bluecarbon.spec import Finding


def sound_positions(rows: pd.DataFrame, file: str) -> tuple[pd.DataFrame, list[Finding]]:
    """The rows with ``lon`` and ``lat`` NaN where they are no place on the globe.

    Returns
    -------
    The frame, and warnings: ``position-swapped`` (each is in the range of the other only),
    ``position-packed`` (203030: degrees, minutes and seconds without marks, with what it may
    mean), ``position-out-of-range`` and ``position-incomplete`` (one of the two is missing).
    """
    if not {"lon", "lat"} & set(rows):
        return rows, []
    done = rows.copy()
    for name in ("lon", "lat"):
        if name not in done:
            done[name] = np.nan
    lon, lat = done["lon"], done["lat"]
    swapped = (lat.abs() > LIMIT_DEGREE["lat"]) & (lat.abs() <= LIMIT_DEGREE["lon"])
    swapped &= lon.abs() <= LIMIT_DEGREE["lat"]
    findings = _swapped(done[swapped], file)
    bad = swapped.to_numpy(copy=True)
    for axis in ("lon", "lat"):
        beyond = (done[axis].abs() > LIMIT_DEGREE[axis]).to_numpy() & ~swapped.to_numpy()
        findings += _beyond(done[beyond], axis, file)
        bad |= beyond
    half = (lon.isna() ^ lat.isna()).to_numpy() & ~bad
    findings += _incomplete(done[half], file)
    done.loc[bad | half, ["lon", "lat"]] = np.nan
    return done, findings


def converted_findings(notes: Sequence[CellDefect], lines: pd.Series, file: str) -> list[Finding]:
    """One remark for all angles with marks that were read as degrees."""
    if not notes:
        return []
    places = sorted({place for place, _, _, _ in notes})
    subject = f"{file} {in_words(lines.to_numpy()[places].tolist())}"
    message = f"{len(notes)} positions in degrees and minutes are read: {notes[0][3]}"
    fix = "see one of them on a map"
    return [defect("position-converted", subject, message, fix, severity="info")]


def _swapped(rows: pd.DataFrame, file: str) -> list[Finding]:
    if rows.empty:
        return []
    first = rows.iloc[0]
    message = (
        f"latitude and longitude are exchanged: lat {first['lat']:g}, lon {first['lon']:g}; "
        "the position is not used"
    )
    fix = "name the columns the other way round: lon = the header of lat, lat = that of lon"
    subject = f"{file} {in_words(rows['line'].tolist())}"
    return [defect("position-swapped", subject, message, fix, severity="warning")]


def _beyond(rows: pd.DataFrame, axis: Axis, file: str) -> list[Finding]:
    packed: list[tuple[int, str]] = []
    others: list[tuple[int, str]] = []
    limit = LIMIT_DEGREE[axis]
    for line, value in zip(rows["line"], rows[axis], strict=True):
        meant = packed_angle(float(value), axis)
        if meant is None:
            said = f"{axis} {value:g} is not between -{limit:g} and {limit:g} degrees"
            others.append((int(line), said))
        else:
            said = f"{axis} {value:.10g} may be {meant[0]} without marks, which is {meant[1]:.6f}"
            packed.append((int(line), said))
    fix = "write degrees with a decimal point, or with marks as 20°30'30\"; metres are no degrees"
    found = row_defects("position-packed", file, packed, fix, severity="warning")
    fix = "give WGS 84 degrees (not metres of a map grid), longitude in lon, latitude in lat"
    return found + row_defects("position-out-of-range", file, others, fix, severity="warning")


def _incomplete(rows: pd.DataFrame, file: str) -> list[Finding]:
    if rows.empty:
        return []
    subject = f"{file} {in_words(rows['line'].tolist())}"
    message, fix = "one of longitude and latitude is missing", "give both, or neither"
    return [defect("position-incomplete", subject, message, fix, severity="warning")]
