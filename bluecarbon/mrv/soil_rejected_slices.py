"""Slices that were sampled and cannot be used, inside the depth that a core is integrated over.

To share such a slice out between its neighbours is not to share a gap of the sampling: the soil
there is known to be another (a sand layer, a slice too poor for a conversion), so that its
neighbours say little of it and the bias has a direction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bluecarbon.methodology.kernels.soil import decompacted_depth_cm
from bluecarbon.mrv.field_tables import defect, in_words
from bluecarbon.mrv.soil_row_checks import DEPTH_CM_MAX
from bluecarbon.spec import Finding

_TOLERANCE_CM = 1e-6


@dataclass(frozen=True)
class Hole:
    """What the rejected slices of one core leave open.

    ``filled_cm`` lies between slices that are used, ``below_cm`` under the deepest of them;
    ``lines`` are the rejected rows.
    """

    core_id: str
    lines: tuple[int, ...]
    filled_cm: float
    below_cm: float

    def said(self) -> str:
        """The core, its rows and how much soil they were."""
        depth = self.filled_cm + self.below_cm
        return f"{self.core_id}: {depth:g} cm of it ({in_words(self.lines)}) cannot be used"


def rejected_holes(
    kept: pd.DataFrame, lost: pd.DataFrame, reference_depth_cm: float
) -> dict[str, Hole]:
    """The cores of ``kept`` slices of which rejected ones covered soil that no other covers.

    Parameters
    ----------
    kept, lost
        Slices that are used and that are not: core_id, line, depth_min_cm, depth_max_cm in the
        ground [cm]. A sample of which only the depth is known stands for the soil between the
        midpoints. A lost row without usable depths may have stood for any soil that is open.
    reference_depth_cm
        Soil below it does not matter.

    Returns
    -------
    Holes by core_id; rows that are there twice or lie within others leave none.
    """
    lost = lost[lost["core_id"].isin(kept["core_id"].unique())]
    by_core = dict(iter(kept.groupby("core_id", sort=True)))
    found = {}
    for core, rows in lost.groupby("core_id", sort=True):
        hole = _hole(str(core), by_core[core], rows, reference_depth_cm)
        if hole is not None:
            found[str(core)] = hole
    return found


def _hole(core: str, kept: pd.DataFrame, lost: pd.DataFrame, depth_cm: float) -> Hole | None:
    placed = _placed(lost)
    extents = _extents(np.concatenate([_depths(kept), _depths(lost[placed])]))
    own, gone = extents[: len(kept)], extents[len(kept) :]
    deepest = float(own[:, 1].max())
    unplaced = lost["line"].to_numpy()[~placed]
    opened = [_open_parts(extent, own, depth_cm) for extent in gone]
    lines = [line for line, parts in zip(lost["line"][placed], opened, strict=True) if parts]
    parts = [part for each in opened for part in each]
    if len(unplaced):
        whole = _open_parts(np.array([0.0, depth_cm]), own, depth_cm)
        lines, parts = ([*lines, *unplaced], whole) if whole else (lines, parts)
    if not lines:
        return None
    parts = _united(parts)
    above = sum(max(0.0, min(b, deepest) - a) for a, b in parts)
    below = sum(max(0.0, b - max(a, deepest)) for a, b in parts)
    return Hole(core, tuple(sorted({int(line) for line in lines})), above, below)


def _depths(rows: pd.DataFrame) -> NDArray[np.float64]:
    return rows[["depth_min_cm", "depth_max_cm"]].to_numpy(dtype=np.float64)


def _placed(rows: pd.DataFrame) -> NDArray[np.bool_]:
    """Rows whose depths can be believed."""
    top, bottom = _depths(rows).T
    return np.asarray((top >= 0) & (bottom >= top) & (bottom <= DEPTH_CM_MAX))


def _extents(depths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Upper and lower border that each slice stands for, samples up to the midpoints."""
    point = depths[:, 0] == depths[:, 1]
    if not point.any():
        return depths
    out = depths.copy()
    for i in np.flatnonzero(point):
        at = depths[i, 0]
        above, below = depths[depths[:, 1] < at, 1], depths[depths[:, 0] > at, 0]
        out[i, 0] = (above.max() + at) / 2.0 if above.size else 0.0
        out[i, 1] = (below.min() + at) / 2.0 if below.size else at
    return out


def _open_parts(
    extent: NDArray[np.float64], own: NDArray[np.float64], depth_cm: float
) -> list[tuple[float, float]]:
    """The parts of an extent above the reference depth that no used slice covers."""
    at, end = float(extent[0]), min(float(extent[1]), depth_cm)
    found = []
    for top, bottom in own[np.argsort(own[:, 0])]:
        if top > at + _TOLERANCE_CM and at < end:
            found.append((at, min(float(top), end)))
        at = max(at, float(bottom))
    if end > at + _TOLERANCE_CM:
        found.append((at, end))
    return [(a, b) for a, b in found if b - a > _TOLERANCE_CM]


def _united(parts: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Parts that overlap as one: two rows of one slice are one hole."""
    done: list[tuple[float, float]] = []
    for top, bottom in sorted(parts):
        if done and top <= done[-1][1]:
            done[-1] = (done[-1][0], max(done[-1][1], bottom))
        else:
            done.append((top, bottom))
    return done


def in_the_ground(lost: pd.DataFrame, kept: pd.DataFrame) -> pd.DataFrame:
    """Rows that a sheet lost, their depths corrected by the compaction of their core [cm]."""
    done = lost[["core_id", "line", "depth_min_cm", "depth_max_cm"]].copy()
    done["core_id"] = done["core_id"].astype(str)
    if "compaction_used_percent" not in kept:
        return done
    by_core = kept.groupby("core_id")["compaction_used_percent"].first()
    share = done["core_id"].map(by_core)
    usable = share.where(share.between(0, 100, inclusive="left"), 0.0)
    for name in ("depth_min_cm", "depth_max_cm"):
        done[name] = decompacted_depth_cm(done[name], usable)
    return done


def with_filled(
    cores: pd.DataFrame, slices: pd.DataFrame, holes: Mapping[str, Hole]
) -> pd.DataFrame:
    """Cores with ``how`` and standard error [tC/ha] where rejected slices are filled.

    Nothing is known of the filled soil but that its row was wrong: it may hold no carbon (sand) or
    twice what is filled in. The error is that of a rectangular distribution over this (GUM, JCGM
    100:2008, 4.3.7): the filled depth times the mean carbon per cm of the core, over sqrt(3),
    added in quadrature to that of an extrapolation. The bounds are ours.
    """
    filled = {core: hole.filled_cm for core, hole in holes.items() if hole.filled_cm > 0}
    if not filled:
        return cores
    done = cores.copy()
    total = slices.groupby("core_id")[["soil_tc_ha", "thickness_cm"]].sum()
    per_cm = done["core_id"].map(total["soil_tc_ha"] / total["thickness_cm"])
    depth = done["core_id"].map(filled)
    touched = depth.notna()
    error = np.hypot(done["standard_error"], depth * per_cm / np.sqrt(3.0))
    done["standard_error"] = error.where(touched, done["standard_error"])
    done["how"] = [
        how if not there else f"{'extrapolated; ' * (how == 'extrapolated')}filled, {cm:g} cm"
        for how, there, cm in zip(done["how"], touched, depth, strict=True)
    ]
    return done


def filled_remarks(holes: Mapping[str, Hole], file: str) -> list[Finding]:
    """Cores whose rejected slices are filled because the user says so."""
    if not holes:
        return []
    shown = "; ".join(hole.said() for hole in list(holes.values())[:8])
    more = f"; and {len(holes) - 8} more" if len(holes) > 8 else ""
    message = f"rejected slices of {len(holes)} cores are filled from the slices around: {shown}"
    fix = "their stock is biased where the rejected soil was another; correct the rows"
    return [defect("slices-filled", file, message + more, fix, severity="warning")]
