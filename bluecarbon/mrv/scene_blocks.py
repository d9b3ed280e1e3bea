"""Composites and index rasters of scenes of any size, block by block.

A block is read from all scenes as a run of a project reads them (:func:`.scenes.read_scene`), so
the rules for sensors, masks and other grids are one. Scenes are judged by a sample of all their
blocks: a block of open sea is dark by right.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bluecarbon.errors import DataError
from bluecarbon.mrv import reasons
from bluecarbon.mrv.area import pixel_area_ha
from bluecarbon.mrv.block_files import CodeFile, ValueFile, written
from bluecarbon.mrv.blocks import Block, Runner, tile_blocks
from bluecarbon.mrv.colours import REASON_COLOURS, colour_table
from bluecarbon.mrv.composites import Statistic, composite_of
from bluecarbon.mrv.indices import compute_index
from bluecarbon.mrv.reasons import REASONS, hectares_by_reason
from bluecarbon.mrv.scene_arguments import UNDATED, SceneSet
from bluecarbon.mrv.scene_frames import booked_outside
from bluecarbon.mrv.scenes import SceneData, read_scene, spectral_bands, value_findings
from bluecarbon.spec import Finding, errors_in

STACK_BYTES_MOST = 100_000_000
"""Reflectance of all scenes of a block; two threads and what waits stay below a gigabyte."""

TILE_LEAST = 256
"""Scenes in strips of few rows are read in blocks of as many rows and columns at least."""

JUDGED_PIXELS = 50_000
"""So many pixels of a scene say whether its numbers are reflectance."""

LEGEND = dict(enumerate(REASONS))
"""Code -> reason, as the rasters of reasons say it."""

Findings = tuple[Finding, ...]


@dataclass(frozen=True)
class _Seen:
    """What a block says of one scene: hectares by reason, and a sample of its clear pixels."""

    area_ha: dict[str, float]
    sample: NDArray[np.float32]


@dataclass(frozen=True)
class _Part:
    """A block of a result: its layers for every file, hectares by reason, and its scenes."""

    layers: tuple[NDArray[np.generic], ...]
    area_ha: dict[str, float]
    seen: tuple[_Seen, ...]


def scene_blocks(scenes: SceneSet) -> tuple[Block, ...]:
    """Blocks of whole tiles of the first scene, so that all scenes of a block fit in memory."""
    grid, (rows, columns) = scenes.grid, scenes.tile
    bands = len(spectral_bands(scenes.imagery))
    return tile_blocks(
        grid.height,
        grid.width,
        tile_rows=rows if rows >= TILE_LEAST else TILE_LEAST // rows * rows,
        tile_columns=min(columns, grid.width),
        pixels_most=STACK_BYTES_MOST // (4 * bands * max(2, len(scenes.scenes))),
    )


def write_composite_files(
    scenes: SceneSet,
    folder: Path,
    name: str,
    statistic: Statistic,
    *,
    percent: float,
    runner: Runner,
) -> tuple[pd.DataFrame, Findings]:
    """Write a composite, its number of observations, and the reasons where it has none.

    Files are ``composite_<name>.tif`` (reflectance, NaN where no scene saw the pixel),
    ``observations_<name>.tif`` and ``reason_<name>.tif`` (codes of :data:`.reasons.REASONS`).

    Returns
    -------
    Hectares by reason of every scene and of the composite (:func:`reason_table`), and findings.

    Raises
    ------
    DataError
        A scene is damaged, its numbers are no reflectance, or no scene has a clear pixel.
    """
    bands = spectral_bands(scenes.imagery)
    files = (
        ValueFile(
            folder / f"composite_{name}.tif", bands, "1", f"surface reflectance, {statistic}",
        ),
        ValueFile(
            folder / f"observations_{name}.tif", ("observations",), "1",
            "scenes that saw the pixel", "uint16", 0,
        ),
        _reason_file(folder / f"reason_{name}.tif", "why no scene saw the pixel"),
    )  # fmt: skip
    work = partial(_composited, scenes, statistic, percent)
    return _write(scenes, files, work, f"composite {name}", runner=runner)


def write_index_files(
    scenes: SceneSet, indices: Sequence[str], folder: Path, *, runner: Runner
) -> tuple[pd.DataFrame, Findings]:
    """Write ``indices_<scene>.tif`` (a band for each index) and ``reason_<scene>.tif``.

    Returns
    -------
    Hectares by reason of every scene, and findings.

    Raises
    ------
    DataError
        As of :func:`write_composite_files`.
    """
    tables: list[pd.DataFrame] = []
    found: Findings = ()
    for place, name in enumerate(scene_names(scenes)):
        one = replace(scenes, scenes=scenes.scenes[place : place + 1])
        files = (
            ValueFile(folder / f"indices_{name}.tif", tuple(indices), "1", "spectral indices"),
            _reason_file(folder / f"reason_{name}.tif", "why a pixel has no index"),
        )
        work = partial(_indexed, one, tuple(indices))
        table, remarks = _write(one, files, work, "", runner=runner)
        tables.append(table)
        found += remarks
    return pd.concat(tables, ignore_index=True), found


def scene_names(scenes: SceneSet) -> tuple[str, ...]:
    """The names of the files without ending; numbered where two scenes have one name."""
    stems = [path.stem for path, _ in scenes.scenes]
    return tuple(
        stem if stems.count(stem) == 1 else f"{stem}_{number}"
        for number, stem in enumerate(stems, start=1)
    )


def _reason_file(path: Path, long_name: str) -> CodeFile:
    # Nodata would hide code 0, "valid", which is an answer like the others.
    colours = colour_table(LEGEND, REASON_COLOURS)
    return CodeFile(path, LEGEND, long_name, colours, nodata=None)


def _write(
    scenes: SceneSet,
    files: Sequence[ValueFile | CodeFile],
    work: partial[_Part | Findings],
    name: str,
    *,
    runner: Runner,
) -> tuple[pd.DataFrame, Findings]:
    blocks = scene_blocks(scenes)
    parts: list[tuple[dict[str, float], tuple[_Seen, ...]]] = []
    with written(files, scenes.grid) as targets:
        for block, part in zip(blocks, runner.results(work, blocks), strict=True):
            if not isinstance(part, _Part):
                raise DataError(part)
            for target, layer in zip(targets, part.layers, strict=True):
                layers = layer.reshape(-1, block.rows, block.columns)
                target.write(layers, window=block.window)
            parts.append((part.area_ha, part.seen))
        # Judged before the files take their names.
        found = (
            *_judged(scenes, [seen for _, seen in parts]),
            *_empty([area for area, _ in parts], name),
        )
        if errors_in(found):
            raise DataError(found)
    by_scene = [
        _added([seen[place].area_ha for _, seen in parts]) for place in range(len(scenes.scenes))
    ]
    composite = {name: _added([area for area, _ in parts])} if name else {}
    return reason_table(scenes, by_scene, composite), found


def _empty(parts: Sequence[Mapping[str, float]], name: str) -> Findings:
    """A composite without a single pixel is none; nothing is written in its name."""
    valid = REASONS[reasons.VALID]
    if not name or any(part.get(valid, 0.0) > 0 for part in parts):
        return ()
    message, fix = "no scene has a clear pixel: it would be empty", "add scenes of other dates"
    return (Finding.error("composite-empty", name, message, fix=fix),)


def reason_table(
    scenes: SceneSet,
    by_scene: Sequence[Mapping[str, float]],
    composites: Mapping[str, Mapping[str, float]],
) -> pd.DataFrame:
    """Hectares that each reason removed: columns what, date, reason, area_ha, share.

    Rows of one image add up to its area; "valid" is what is used.
    """
    dated = [
        (path.name, "" if scene.date == UNDATED else scene.date.isoformat(), area)
        for (path, scene), area in zip(scenes.scenes, by_scene, strict=True)
    ]
    dated += [(name, "", area) for name, area in composites.items()]
    rows = [
        (name, date, reason, area_ha[reason], area_ha[reason] / math.fsum(area_ha.values()))
        for name, date, area_ha in dated
        for reason in REASONS
        if reason in area_ha
    ]
    return pd.DataFrame(rows, columns=["image", "date", "reason", "area_ha", "share"])


def _added(parts: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {
        reason: math.fsum(part.get(reason, 0.0) for part in parts)
        for reason in REASONS
        if any(reason in part for part in parts)
    }


def _read(scenes: SceneSet, block: Block) -> tuple[list[SceneData], Findings]:
    grid = scenes.grid.part(*block.slices)
    data: list[SceneData] = []
    found: list[Finding] = []
    for path, scene in scenes.scenes:
        one, wrong = read_scene(path, scene, scenes.imagery, grid, rule=scenes.rule, judged=False)
        found += wrong
        if one is not None:
            frame = scenes.frames.get(path, grid)
            data.append(replace(one, reason=booked_outside(one.reason, grid, frame)))
    return data, tuple(found)


def _composited(
    scenes: SceneSet, statistic: Statistic, percent: float, block: Block
) -> _Part | Findings:
    data, found = _read(scenes, block)
    if errors_in(found):
        return found
    stack = np.stack([scene.reflectance for scene in data])
    reason = np.stack([scene.reason for scene in data])
    made = composite_of(stack, reason, statistic, percent=percent)
    area_ha = pixel_area_ha(scenes.grid.part(*block.slices))
    layers = (made.reflectance, made.observations, made.reason)
    return _Part(layers, hectares_by_reason(made.reason, area_ha), _seen(scenes, data, area_ha))


def _indexed(scenes: SceneSet, indices: tuple[str, ...], block: Block) -> _Part | Findings:
    data, found = _read(scenes, block)
    if errors_in(found):
        return found
    (scene,) = data
    bands = dict(zip(spectral_bands(scenes.imagery), scene.reflectance, strict=True))
    values = np.stack([compute_index(name, bands) for name in indices]).astype(np.float32)
    area_ha = pixel_area_ha(scenes.grid.part(*block.slices))
    return _Part((values, scene.reason), {}, _seen(scenes, data, area_ha))


def _seen(
    scenes: SceneSet, data: Sequence[SceneData], area_ha: NDArray[np.float64]
) -> tuple[_Seen, ...]:
    step = max(1, scenes.grid.height * scenes.grid.width // JUDGED_PIXELS)
    return tuple(
        _Seen(
            hectares_by_reason(scene.reason, area_ha),
            np.ascontiguousarray(scene.reflectance[:, scene.reason == 0][:, ::step]),
        )
        for scene in data
    )


def _judged(scenes: SceneSet, parts: Sequence[tuple[_Seen, ...]]) -> Iterator[Finding]:
    bands = spectral_bands(scenes.imagery)
    for place, (path, _) in enumerate(scenes.scenes):
        sample = np.concatenate([seen[place].sample for seen in parts], axis=1)
        used = np.full(sample.shape[1], reasons.VALID, np.uint8)
        for finding in value_findings(sample, used, bands, path.name):
            if finding.code == "scene-all-cloud":
                message = "no pixel is clear: the scene adds nothing"
                yield finding.model_copy(update={"message": message})
            else:
                fix = finding.fix.replace("[imagery] scale and offset", "--scale and --offset")
                yield finding.model_copy(update={"fix": fix})
