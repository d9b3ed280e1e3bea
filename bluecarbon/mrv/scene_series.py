"""What only several scenes together show: an offset that some of them carry, one day twice.

From processing baseline 04.00 on, numbers of Sentinel-2 are 1000 larger (ESA, Sentinel-2 Products
Specification Document, BOA_ADD_OFFSET). Declared as plain reflectance, scenes from before and
after differ by 0.1 in every band, and a map of change shows the processing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from bluecarbon.mrv.rasters import Grid
from bluecarbon.project import Project
from bluecarbon.spec import Finding

DARK_PERCENT = 1.0
"""Water, shadow or a dark canopy: every coast has one pixel in a hundred that is near 0."""

OFFSET = 0.1
"""1000 / 10 000, the step of processing baseline 04.00 in reflectance."""

STEP = (0.6 * OFFSET, 1.4 * OFFSET)
"""Haze and season move the darkest pixels by a few hundredths, and not in all bands alike."""

LEFT_ON = 0.09
"""Nothing darker than this in any band: over vegetation red and green alone are at 0.02 to 0.05."""

CLIPPED_SHARE = 0.01

SAME_GROUND_SHARE = 0.5
"""Tiles of one orbit overlap by a tenth; two files of one tile share nearly all of it."""

Findings = tuple[Finding, ...]


@dataclass(frozen=True)
class DarkLevels:
    """The reflectance below which the darkest percent of a scene's clear pixels lie, by band."""

    name: str
    levels: NDArray[np.float64]


def dark_levels(
    reflectance: NDArray[Any], reason: NDArray[np.uint8], name: str
) -> DarkLevels | None:
    """Of reflectance (bands, ...) where ``reason`` (...) is 0; None where nothing is clear."""
    clear = reflectance[:, reason == 0]
    if clear.shape[1] == 0:
        return None
    return DarkLevels(name, np.percentile(clear, DARK_PERCENT, axis=1).astype(np.float64))


def offset_findings(scenes: Sequence[DarkLevels | None]) -> Findings:
    """Scenes that seem to carry the offset of baseline 04.00, each by its name.

    Either its darkest pixels are about 0.1 brighter than those of the darkest scene in every band,
    or nothing in it is dark in any band.
    """
    known = [scene for scene in scenes if scene is not None]
    if not known:
        return ()
    darkest = min(known, key=lambda scene: float(scene.levels.sum()))
    return tuple(
        finding for scene in known if (finding := _offset_finding(scene, darkest)) is not None
    )


def _offset_finding(scene: DarkLevels, darkest: DarkLevels) -> Finding | None:
    step = scene.levels - darkest.levels
    if STEP[0] <= step.min() and step.max() <= STEP[1]:
        what = (
            f"its darkest pixels are {np.median(step):.2f} brighter in every band than those of "
            f"{darkest.name}"
        )
    elif scene.levels.min() >= LEFT_ON:
        what = f"no band has pixels darker than {scene.levels.min():.2f}, not even water or shadow"
    else:
        return None
    message = f"{what}: the 1000 that Sentinel-2 adds from baseline 04.00 on seem to be in it still"
    fix = (
        'declare sensor = "sentinel2-l2a" with the processing_baseline of each scene, or take '
        "0.1 off before"
    )
    return Finding.warning("scene-offset-step", scene.name, message, fix=fix)


def clipped_findings(clear: NDArray[Any], subject: str) -> Findings:
    """Clear pixels (bands, pixels) that are 0 in every band: an offset was taken off twice."""
    share = float((clear <= 0).all(axis=0).mean()) if clear.shape[1] else 0.0
    if share <= CLIPPED_SHARE:
        return ()
    message = f"{share:.1%} of the clear pixels are 0 or below in every band"
    fix = 'the offset may be off already: check processing_baseline ("harmonised"?), or the offset'
    return (Finding.warning("scene-clipped", subject, message, fix=fix),)


def same_day_findings(project: Project, grids: Mapping[str, Grid]) -> Findings:
    """Scenes of one day and largely the same ground; tiles beside each other are none.

    ``grids`` by declared path. A scene without a grid has been named for that, and is compared by
    its date alone.
    """
    found: list[Finding] = []
    seen: list[Any] = []
    for scene in project.imagery.scene if project.imagery else ():
        name = project.resolve(scene.path).name
        twins = [
            project.resolve(other.path).name
            for other in seen
            if other.date == scene.date
            and project.resolve(other.path) != project.resolve(scene.path)
            and _share_ground(grids.get(other.path), grids.get(scene.path))
        ]
        seen.append(scene)
        if twins:
            message = f"is of the same day and ground as {twins[0]}, {scene.date}"
            fix = "keep one processing of a scene: in a median what is there twice counts twice"
            found.append(Finding.warning("scene-date-twice", name, message, fix=fix))
    return tuple(found)


def _share_ground(first: Grid | None, second: Grid | None) -> bool:
    if first is None or second is None:
        return True
    outlines = [grid.footprint() for grid in (first, second)]
    common = float(shapely.area(shapely.intersection(*outlines)))
    return common > SAME_GROUND_SHARE * min(float(shapely.area(one)) for one in outlines)
