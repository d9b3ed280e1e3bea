"""Every raster, polygon and point file of a project, read and judged before anything is computed.

All defects of all files are gathered: a user who fixes one must not meet the next only after
another run. What depends on a broken file is left out, never guessed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from bluecarbon.mrv.area import covered_fraction, to_grid
from bluecarbon.mrv.class_maps import legend_codes, read_codes
from bluecarbon.mrv.indices import check_indices
from bluecarbon.mrv.input_checks import (
    coverage_findings,
    date_findings,
    declared_scenes,
    footprint_of,
    places_inside,
    repeated_places,
    same_scenes,
    settings_findings,
    shared_places,
)
from bluecarbon.mrv.overviews import overview_findings
from bluecarbon.mrv.points import read_points
from bluecarbon.mrv.progress import Progress
from bluecarbon.mrv.rasters import Geometry, Grid, read_grid
from bluecarbon.mrv.regrid import Rule, alignment_finding, antimeridian_findings
from bluecarbon.mrv.scene_series import dark_levels, offset_findings, same_day_findings
from bluecarbon.mrv.scenes import (
    SceneData,
    check_bands,
    read_scene,
    scene_grid,
    spectral_bands,
)
from bluecarbon.mrv.vectors import (
    StratumPolygon,
    read_boundary,
    read_strata,
    whole_boundary,
)
from bluecarbon.project import Project
from bluecarbon.spec import Finding, errors_in

WINDOW_PIXELS_MAX = 60_000_000
"""Whole-window arrays are held in memory; above this a laptop would swap."""

Codes = NDArray[np.uint8]
Mask = NDArray[np.bool_]
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Labels:
    """A label raster on the window: codes, and the pixels in which it is to be used."""

    epoch: int
    codes: Codes
    area: Mask


@dataclass(frozen=True)
class Inputs:
    """What a project's files hold; either ``scenes`` or ``maps`` is filled.

    ``grid`` is the window around the boundary, on which maps and validation labels lie. Scenes and
    training labels lie on ``training_grid``, which reaches to training data outside the boundary.
    """

    grid: Grid
    training_grid: Grid
    boundary: Geometry
    strata: tuple[StratumPolygon, ...]
    epochs: tuple[int, ...]
    scenes: tuple[SceneData, ...]
    maps: dict[int, Codes]
    training_points: pd.DataFrame | None
    training_labels: Labels | None
    validation: tuple[Labels, ...]
    reference: pd.DataFrame | None


def epoch_dates(project: Project) -> dict[int, dt.date]:
    """Epoch -> date: of the latest scene, of the class map, or the last day of its year."""
    if project.imagery is not None:
        scenes = sorted(project.imagery.scene, key=lambda scene: (scene.map_epoch, scene.date))
        return {scene.map_epoch: scene.date for scene in scenes}
    maps = project.class_maps.map if project.class_maps else ()
    dates = {item.epoch: item.date or dt.date(item.epoch, 12, 31) for item in maps}
    return dict(sorted(dates.items()))


def read_inputs(project: Project, progress: Progress) -> tuple[Inputs | None, tuple[Finding, ...]]:
    """Everything that the maps of a project need; None when a finding is an error."""
    reading = _Reading(project, progress)
    inputs = reading.all()
    found = tuple(reading.findings)
    return (None if errors_in(found) else inputs), found


class _Reading:
    """One reading of a project's files: each step keeps its findings and goes on as far as it can.

    A class, because every step needs the project, the window and the list of findings.
    """

    def __init__(self, project: Project, progress: Progress) -> None:
        self.project = project
        self.progress = progress
        self.findings: list[Finding] = []
        self.epochs = tuple(epoch_dates(project))
        self.boundary: Geometry | None = None
        self.window: Grid | None = None
        self.training_window: Grid | None = None

    def keep(self, answer: tuple[_Value, tuple[Finding, ...]]) -> _Value:
        """The value of a reader's answer; its findings are kept."""
        value, found = answer
        self.add(found)
        return value

    def add(self, found: Sequence[Finding]) -> None:
        """Keep findings, each once: several maps may be bands of one broken file."""
        self.findings += [f for f in dict.fromkeys(found) if f not in self.findings]

    def all(self) -> Inputs | None:
        """Read everything; None when there is no window to put it on."""
        self.add(self._declarations())
        grids = self._grids()
        footprint = footprint_of(grids)
        strata = self._polygons(footprint)
        self._same_grid(grids)
        training_points, reference = self._points()
        self._choose_windows(grids, self._reach(training_points, footprint))
        scenes = self._scenes(grids)
        maps = self._maps(grids)
        self._judge_places(training_points, reference, grids)
        self._judge_sample(training_points, reference)
        training, validation = self._labels()
        self._judge_training_area(training, reference)
        if self.window is None or self.boundary is None or strata is None:
            return None
        return Inputs(
            grid=self.window,
            training_grid=self.training_window or self.window,
            boundary=self.boundary,
            strata=strata,
            epochs=self.epochs,
            scenes=scenes,
            maps=maps,
            training_points=training_points,
            training_labels=training,
            validation=validation,
            reference=reference,
        )

    def _declarations(self) -> tuple[Finding, ...]:
        project = self.project
        found = [*settings_findings(project), *declared_scenes(project), *date_findings(project)]
        if project.imagery is not None:
            found += check_bands(project.imagery)
            found += check_indices(project.mapping.indices, spectral_bands(project.imagery))
        named = [
            ("[period] start_epoch", project.period.start_epoch),
            ("[period] end_epoch", project.period.end_epoch),
            ("[training] raster_epoch", project.training and project.training.raster_epoch),
            *(("[[validation]] epoch", item.epoch) for item in project.validation),
        ]
        for subject, epoch in named:
            if epoch is not None and epoch not in self.epochs:
                message = f"no map is made for {epoch}"
                fix = f"mapped epochs: {', '.join(map(str, self.epochs))}"
                found.append(Finding.error("epoch-not-mapped", subject, message, fix=fix))
        declared = [item.epoch for item in project.class_maps.map] if project.class_maps else []
        for epoch in sorted({e for e in declared if declared.count(e) > 1}):
            message, fix = f"two class maps are given for {epoch}", "give one map for each epoch"
            found.append(Finding.error("epoch-duplicate", "[class_maps]", message, fix=fix))
        return tuple(found)

    def _grids(self) -> dict[str, Grid]:
        """The grid of every scene or class map whose header is sound, by declared path."""
        project, grids = self.project, {}
        declared = [s.path for s in project.imagery.scene] if project.imagery else []
        declared += [m.path for m in project.class_maps.map] if project.class_maps else []
        for path in dict.fromkeys(declared):
            file = project.resolve(path)
            if project.imagery:
                rule = project.alignment.reflectance
                grid = self.keep(scene_grid(file, project.imagery, file.name, rule))
            else:
                grid = self.keep(read_grid(file, file.name, what="class-map"))
            beyond = antimeridian_findings(grid, file.name) if grid else ()
            self.add(beyond)
            # Nothing can be drawn in degrees with a grid that has no outline there.
            if grid is not None and not beyond:
                grids[path] = grid
        self.add(same_day_findings(project, grids))
        self.add(overview_findings(project.resolve(path) for path in grids))
        return grids

    def _polygons(self, footprint: Geometry | None) -> tuple[StratumPolygon, ...] | None:
        project = self.project
        file, system = project.resolve(project.boundary.path), project.boundary.coordinates
        self.boundary = self.keep(read_boundary(file, footprint, coordinates=system))
        if project.strata is not None:
            file, system = project.resolve(project.strata.path), project.strata.coordinates
            read = read_strata(file, self.boundary, footprint, coordinates=system)
            return self.keep(read)
        return None if self.boundary is None else whole_boundary(self.boundary)

    def _same_grid(self, grids: dict[str, Grid]) -> None:
        names = {path: self.project.resolve(path).name for path in grids}
        for first, grid in list(grids.items())[:1]:
            for path, other in grids.items():
                pair = names[path], names[first]
                if finding := alignment_finding(other, grid, self._rule(), names=pair):
                    self.add([finding])

    def _rule(self) -> Rule | None:
        """How scenes or class maps of other grids are brought to the first one's, if declared."""
        declared = self.project.alignment
        return declared.reflectance if self.project.imagery else declared.classes

    def _choose_windows(self, grids: dict[str, Grid], reach: Geometry | None) -> None:
        """Judge how much of the boundary each raster covers, and choose the windows."""
        if self.boundary is None or reach is None:
            return
        for path, grid in grids.items():
            self.add(coverage_findings(self.boundary, grid, self.project.resolve(path).name))
        # A boundary far from a raster may have no coordinates in its projection at all.
        near = [g for g in grids.values() if self.boundary.intersects(g.footprint())]
        for grid in near[:1]:
            self.window = self._cut(grid)
            self.training_window = self._cut_to(grid, reach) or self.window

    def _reach(self, training: pd.DataFrame | None, footprint: Geometry | None) -> Geometry | None:
        """The boundary and the training data around it, as far as there are rasters."""
        parts = [] if self.boundary is None else [self.boundary]
        if training is not None:
            places = shapely.multipoints(training[["lon", "lat"]].to_numpy(dtype=float))
            parts.append(places if footprint is None else places & footprint)
        if self.project.training is not None and self.project.training.area:
            area, _ = read_boundary(self.project.resolve(self.project.training.area), None)
            parts += [] if area is None or footprint is None else [area & footprint]
        return shapely.union_all(parts) if parts else None

    def _cut(self, grid: Grid) -> Grid | None:
        window = self._cut_to(grid, self.boundary)
        if window is None:
            message = "the boundary spans too many pixels of the rasters"
            fix = f"split the project: up to {WINDOW_PIXELS_MAX:,} pixels are held in memory"
            self.add([Finding.error("window-too-large", "[boundary]", message, fix=fix)])
        return window

    def _cut_to(self, grid: Grid, geometry: Geometry) -> Grid | None:
        window = grid.cut(to_grid(geometry, grid).bounds)
        return window if window.height * window.width <= WINDOW_PIXELS_MAX else None

    def _scenes(self, grids: dict[str, Grid]) -> tuple[SceneData, ...]:
        imagery = self.project.imagery
        if imagery is None:
            return ()
        scenes: list[SceneData] = []
        done: set[Path] = set()
        for number, scene in enumerate(imagery.scene):
            self.progress("reading scenes", number, len(imagery.scene))
            file, grid = self.project.resolve(scene.path), grids.get(scene.path)
            # A file that is listed twice has been named, and is not one more image; so has a scene
            # whose header is wrong, whose numbers cannot be told apart.
            again = file.resolve() in done
            done.add(file.resolve())
            if again or grid is None or any(_about_bands(f, file.name) for f in self.findings):
                continue
            part = self._part_of(grid, self.training_window)
            rule = self.project.alignment.reflectance
            data = self.keep(read_scene(file, scene, imagery, part, rule=rule))
            if data is not None:
                scenes.append(data)
        self.progress("reading scenes", len(imagery.scene), len(imagery.scene))
        self.add(same_scenes(scenes))
        self.add(offset_findings([dark_levels(s.reflectance, s.reason, s.name) for s in scenes]))
        return tuple(scenes)

    def _part_of(self, grid: Grid, window: Grid | None) -> Grid:
        """The window where it is of this raster's lattice, or a rule brings the raster to it; else
        all of the raster, to judge it.
        """
        if window is None or not (self._rule() or grid.shares_lattice_with(window)):
            return grid
        return window

    def _maps(self, grids: dict[str, Grid]) -> dict[int, Codes]:
        class_maps, maps = self.project.class_maps, {}
        if class_maps is None:
            return {}
        codes = self.keep(legend_codes(class_maps.legend, "[class_maps] legend"))
        for number, item in enumerate(class_maps.map):
            self.progress("reading class maps", number, len(class_maps.map))
            file, grid = self.project.resolve(item.path), grids.get(item.path)
            if grid is None:
                continue
            subject = f"{file.name} band {item.band}"
            part = self._part_of(grid, self.window)
            rule = self.project.alignment.classes
            found = self.keep(
                read_codes(file, part, codes, band=item.band, subject=subject, rule=rule)
            )
            if found is not None:
                maps[item.epoch] = found
        self.progress("reading class maps", len(class_maps.map), len(class_maps.map))
        return dict(sorted(maps.items()))

    def _points(self) -> tuple[pd.DataFrame | None, pd.DataFrame | None]:
        project, training, reference = self.project, None, None
        if project.training is not None and project.training.points:
            file = project.resolve(project.training.points)
            training = self.keep(read_points(file, self.epochs))
        if project.reference is not None:
            file = project.resolve(project.reference.points)
            reference = self.keep(read_points(file, self.epochs))
        return training, reference

    def _judge_places(
        self,
        training: pd.DataFrame | None,
        reference: pd.DataFrame | None,
        grids: dict[str, Grid],
    ) -> None:
        project = self.project
        # Any grid will do: it only says how large a pixel is.
        for grid in list(grids.values())[:1]:
            if training is not None and project.training is not None:
                name = project.resolve(project.training.points).name
                self.add(repeated_places(training, grid, name, is_sample=False))
            if reference is not None and project.reference is not None:
                name = project.resolve(project.reference.points).name
                self.add(repeated_places(reference, grid, name, is_sample=True))

    def _judge_sample(self, training: pd.DataFrame | None, reference: pd.DataFrame | None) -> None:
        declared = self.project.reference
        if training is None or reference is None or declared is None or self.window is None:
            return
        name = self.project.resolve(declared.points).name
        self.add(shared_places(training, reference, self.window, name))

    def _labels(self) -> tuple[Labels | None, tuple[Labels, ...]]:
        training, labels = self.project.training, None
        if training is not None and training.raster and training.raster_epoch in self.epochs:
            codes = self._label_codes(training.raster, training.raster_legend, self.training_window)
            mask = self._area(training.area, self.training_window)
            if codes is not None and mask is not None:
                labels = Labels(training.raster_epoch, codes, mask)
        validation = []
        for item in self.project.validation:
            codes = self._label_codes(item.raster, item.legend, self.window)
            mask = self._area(item.area, self.window)
            if codes is not None and mask is not None:
                validation.append(Labels(item.epoch, codes, mask))
        self._judge_validation(labels, validation)
        return labels, tuple(validation)

    def _judge_validation(self, training: Labels | None, validation: Sequence[Labels]) -> None:
        if training is None or self.window is None or self.training_window is None:
            return
        rows, columns = self.training_window.slices_of(self.window)
        learnt = training.area[rows, columns]
        if any((learnt & item.area).any() for item in validation):
            message = "the map is validated in pixels that it may have been trained on"
            fix = "give [training] and [[validation]] areas that do not overlap"
            self.add(
                [Finding.warning("validation-is-training", "[[validation]]", message, fix=fix)]
            )

    def _judge_training_area(self, training: Labels | None, reference: pd.DataFrame | None) -> None:
        declared = self.project.reference
        if training is None or reference is None or declared is None or not self.training_window:
            return
        count = places_inside(reference, training.epoch, training.area, self.training_window)
        if count:
            name = self.project.resolve(declared.points).name
            message = f"{count} points lie where labels of the same epoch may have been learnt from"
            fix = "give [training] an area of its own, away from the sample"
            self.add([Finding.warning("reference-in-training-area", name, message, fix=fix)])

    def _label_codes(self, path: str, legend: dict[str, str], window: Grid | None) -> Codes | None:
        file = self.project.resolve(path)
        codes = self.keep(legend_codes(legend, f"legend of {file.name}"))
        grid = self.keep(read_grid(file, file.name, what="label-raster"))
        if grid is None or window is None:
            return None
        rule, names = self.project.alignment.classes, (file.name, "the scenes or class maps")
        finding = alignment_finding(grid, window, rule, names=names)
        self.add([finding] if finding else [])
        if finding is not None and rule is None:
            return None
        return self.keep(read_codes(file, window, codes, band=1, subject=file.name, rule=rule))

    def _area(self, path: str, window: Grid | None) -> Mask | None:
        """Pixels with more than half inside an area; of the boundary when none is given."""
        area = self.boundary
        if path:
            area = self.keep(read_boundary(self.project.resolve(path), None))
        if window is None or area is None:
            return None
        rows, columns, fraction = covered_fraction(area, window)
        mask = np.zeros((window.height, window.width), dtype=bool)
        mask[rows, columns] = fraction > 0.5
        return mask


def _about_bands(finding: Finding, file: str) -> bool:
    codes = {"scene-rgb-only", "scene-band-count", "scene-digital-numbers"}
    codes_of_all = {"band-mask-missing", "band-duplicate"}
    return (finding.subject == file and finding.code in codes) or finding.code in codes_of_all
