"""From scenes and labels to the maps of all epochs, with whatever else [mapping] asks for.

Covariates and the tide are read before anything is composited; the classifier is fitted and
judged; each epoch is mapped, inside the candidate mask where there is one.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bluecarbon.mrv import candidates, mapping, tides
from bluecarbon.mrv.area import Weights
from bluecarbon.mrv.candidates import Ground
from bluecarbon.mrv.class_maps import CODE_OF, LEGEND
from bluecarbon.mrv.classifiers import described
from bluecarbon.mrv.covariates import (
    Layer,
    distance_m,
    large_water,
    mean_tide_m,
    pixel_size_m,
    read_covariate,
    with_layers,
)
from bluecarbon.mrv.indices import compute_index
from bluecarbon.mrv.inputs import Inputs
from bluecarbon.mrv.mapping import CrossValidation, TrainingSet
from bluecarbon.mrv.progress import Progress
from bluecarbon.mrv.rasters import Grid
from bluecarbon.mrv.reasons import TIDE_TOO_HIGH
from bluecarbon.mrv.rules_map import RULES_USED, rule_codes
from bluecarbon.mrv.scenes import Composite, SceneData
from bluecarbon.project import Project
from bluecarbon.spec import Finding, errors_in

Codes = NDArray[np.uint8]
Findings = tuple[Finding, ...]

TIDE_FEATURE = "mean_tide"


@dataclass(frozen=True)
class Layers:
    """What a project knows beside its scenes, on the training grid; empty when it declares none.

    ``covariates`` by name; ``elevation_m`` and ``water_distance_m`` are those of that kind;
    ``tide_m`` is the height of the tide by scene.
    """

    grid: Grid
    covariates: dict[str, Layer] = field(default_factory=dict)
    elevation_m: Layer | None = None
    water_distance_m: Layer | None = None
    tide_m: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Made:
    """Maps by epoch, how the classifier was judged, and the classifier where it is to be kept."""

    maps: dict[int, Codes]
    validated: CrossValidation | None = None
    model: mapping.Classifier | None = None
    findings: Findings = ()


def prepared(project: Project, inputs: Inputs) -> tuple[Inputs, Layers, Findings]:
    """Covariates read, and scenes without what the tide had flooded above the declared limit."""
    layers = Layers(inputs.training_grid)
    found: Findings = ()
    if project.imagery is None:
        return inputs, layers, found
    for declared in project.mapping.covariate:
        layer, remarks = read_covariate(
            project.resolve(declared.path), declared, inputs.training_grid
        )
        found += remarks
        if layer is not None:
            layers.covariates[declared.name] = layer
    layers = dataclasses.replace(
        layers,
        elevation_m=_of_kind(project, layers, "elevation"),
        water_distance_m=_of_kind(project, layers, "water"),
    )
    heights, remarks = _tide_heights(project)
    layers.tide_m.update(heights)
    found += (*remarks, *_missing_ground(project))
    return _without_high_tide(project, inputs, layers), layers, found


def _of_kind(project: Project, layers: Layers, kind: str) -> Layer | None:
    names = [item.name for item in project.mapping.covariate if item.kind == kind]
    return next((layers.covariates[name] for name in names if name in layers.covariates), None)


def _missing_ground(project: Project) -> Findings:
    rules = project.mapping.candidates
    declared = {item.kind for item in project.mapping.covariate}
    if rules is None or rules.elevation_max_m is None or "elevation" in declared:
        return ()
    message = "elevation_max_m is given, but no covariate of kind elevation"
    fix = "name a terrain model as [[mapping.covariate]]"
    finding = Finding.error("candidates-no-elevation", "[mapping.candidates]", message, fix=fix)
    return (finding,)


def _tide_heights(project: Project) -> tuple[dict[str, float], Findings]:
    """The height of the tide [m] in every scene, by the name of its file."""
    declared, imagery = project.mapping.tide, project.imagery
    if declared is None or imagery is None:
        return {}, ()
    timeless = [Path(scene.path).name for scene in imagery.scene if scene.time_utc is None]
    if timeless:
        message = f"no time_utc is given for {', '.join(timeless)}: the tide is not known"
        fix = "give the time of each acquisition, e.g. time_utc = 02:55:31"
        return {}, (Finding.error("tide-time-missing", "[mapping.tide]", message, fix=fix),)
    stations, found = tides.read_stations(project.resolve(declared.stations))
    station, unknown = tides.station_of(stations, declared.station)
    if errors_in(found) or station is None:
        return {}, found or unknown
    times = [
        dt.datetime.combine(scene.date, scene.time_utc or dt.time(), tzinfo=dt.UTC)
        for scene in imagery.scene
    ]
    heights, found = tides.tide_heights_m(station, times)
    if heights is None:
        return {}, found
    by_scene = {
        Path(scene.path).name: float(height)
        for scene, height in zip(imagery.scene, heights, strict=True)
    }
    return by_scene, (*found, *tides.tide_findings(by_scene, declared.height_max_m))


def _without_high_tide(project: Project, inputs: Inputs, layers: Layers) -> Inputs:
    declared = project.mapping.tide
    if declared is None or declared.height_max_m is None or not layers.tide_m:
        return inputs
    limit = declared.height_max_m
    scenes = tuple(
        _without_flooded(scene, layers.tide_m[scene.name], limit, layers.elevation_m)
        for scene in inputs.scenes
    )
    return dataclasses.replace(inputs, scenes=scenes)


def _without_flooded(
    scene: SceneData, height_m: float, limit_m: float, elevation_m: Layer | None
) -> SceneData:
    flooded = tides.flooded(height_m, limit_m, elevation_m, scene.reason.shape)
    masked = flooded & (scene.reason == 0)
    if not masked.any():
        return scene
    reason = np.where(masked, TIDE_TOO_HIGH, scene.reason).astype(np.uint8)
    reflectance = np.where(masked, np.float32(np.nan), scene.reflectance)
    return dataclasses.replace(scene, reason=reason, reflectance=reflectance)


def layered(
    project: Project, inputs: Inputs, layers: Layers, composites: Mapping[int, Composite]
) -> dict[int, Composite]:
    """Composites with the covariates as further bands; the same ones when there are none."""
    declared, result = project.mapping.tide, {}
    for epoch, composite in composites.items():
        own = dict(layers.covariates)
        if declared is not None and declared.as_feature and layers.tide_m:
            scenes = [scene for scene in inputs.scenes if scene.epoch == epoch]
            own[TIDE_FEATURE] = mean_tide_m(scenes, layers.tide_m)
        result[epoch] = with_layers(composite, own)
    return result


def made_maps(
    project: Project,
    inputs: Inputs,
    layers: Layers,
    composites: Mapping[int, Composite],
    *,
    whole: Weights,
    progress: Progress,
) -> Made:
    """The map of every epoch on the project's window, from composites on the training grid."""
    if project.mapping.method == "rules":
        window = _windows(inputs, composites)
        maps = {epoch: rule_codes(item) for epoch, item in window.items()}
        return Made(maps, findings=(RULES_USED,))
    composites = layered(project, inputs, layers, composites)
    training, found = _training(project, inputs, composites)
    if training is None:
        return Made({}, findings=found)
    made = _Work(project, inputs, layers, composites, whole).classified(training, progress)
    judged = validation_finding(made.validated, inputs.grid)
    return dataclasses.replace(made, findings=(*found, judged, *made.findings))


def _windows(inputs: Inputs, composites: Mapping[int, Composite]) -> dict[int, Composite]:
    rows, columns = inputs.training_grid.slices_of(inputs.grid)
    return {epoch: item.part(rows, columns) for epoch, item in composites.items()}


@dataclass(frozen=True)
class _Work:
    """One project's classification: composites on the training grid, and what the mask needs."""

    project: Project
    inputs: Inputs
    layers: Layers
    composites: Mapping[int, Composite]
    whole: Weights

    def classified(self, training: TrainingSet, progress: Progress) -> Made:
        """Judge, fit, and map every epoch."""
        settings = self.project.mapping
        steps, maps = len(self.composites) + 2, {}
        found: list[Finding] = []
        progress("mapping", 0, steps)
        validated = mapping.cross_validate(training, settings)
        progress("mapping", 1, steps)
        names = mapping.feature_names(next(iter(self.composites.values())), settings.indices)
        classifier = mapping.fit(training.features, training.codes, settings, names=names)
        progress("mapping", 2, steps)
        for number, (epoch, item) in enumerate(self.composites.items(), start=3):
            maps[epoch], remarks = self.mapped(epoch, item, classifier, training)
            found += remarks
            progress("mapping", number, steps)
        if settings.keep_model:
            found.append(described(classifier))
        return Made(maps, validated, classifier if settings.keep_model else None, tuple(found))

    def mapped(
        self,
        epoch: int,
        composite: Composite,
        classifier: mapping.Classifier,
        training: TrainingSet,
    ) -> tuple[Codes, Findings]:
        """The map of one epoch on the project's window; with a mask, its remarks too."""
        settings = self.project.mapping
        rows, columns = self.inputs.training_grid.slices_of(self.inputs.grid)
        window = composite.part(rows, columns)

        def draw(inside: NDArray[np.bool_]) -> Codes:
            return mapping.classify(classifier, window, inside, indices=settings.indices)

        if settings.candidates is None:
            return draw(np.ones(window.observations.shape, dtype=bool)), ()
        reasons = candidates.candidate_reasons(self._ground(composite), settings.candidates)
        places, label_codes = self._labels_of(epoch, training)
        found = candidates.hidden_labels(reasons[places], label_codes)
        inside, seen = reasons[rows, columns], window.observations > 0
        codes = draw(inside == 0)
        codes = np.where(seen & (inside > 0), candidates.MAPPED_AS[inside], codes)
        return codes, (*found, *self._audited(epoch, inside, seen, draw))

    def _labels_of(
        self, epoch: int, training: TrainingSet
    ) -> tuple[tuple[NDArray[np.int64], NDArray[np.int64]], Codes]:
        """Where the labels of an epoch lie on the training grid, and their codes."""
        points, labels = self.inputs.training_points, self.inputs.training_labels
        if points is None:
            # A label raster belongs to one epoch; of the others nothing is known.
            last = len(training.codes) if labels is not None and labels.epoch == epoch else 0
            return (training.rows[:last], training.columns[:last]), training.codes[:last]
        own, grid = points[points["epoch"] == epoch], self.inputs.training_grid
        row, column = grid.pixels_of(own["lon"].to_numpy(), own["lat"].to_numpy())
        inside = grid.holds(row, column)
        codes = np.asarray(own["label"].map(CODE_OF), dtype=np.uint8)[inside]
        return (row[inside].astype(np.int64), column[inside].astype(np.int64)), codes

    def _ground(self, composite: Composite) -> Ground:
        bands = dict(zip(composite.bands, composite.reflectance, strict=True))
        rules, distance = self.project.mapping.candidates, self.layers.water_distance_m
        if rules is not None and rules.water_distance_max_m is not None and distance is None:
            water = compute_index("mndwi", bands) > 0
            grid = self.inputs.training_grid
            large = large_water(water, grid, rules.water_area_min_ha)
            # Without any large water nothing is known about the distance to it.
            distance = distance_m(large, grid) if large.any() else None
        return Ground(bands, self.layers.elevation_m, distance)

    def _audited(
        self,
        epoch: int,
        reasons: Codes,
        seen: NDArray[np.bool_],
        draw: Callable[[NDArray[np.bool_]], Codes],
    ) -> Findings:
        """The hectares that the mask leaves out, and how much mangrove it hides by a sample."""
        inside = np.zeros(reasons.shape, dtype=bool)
        inside[self.whole.rows, self.whole.columns] = self.whole.area_ha > 0
        area_ha = candidates.left_out_ha(reasons, self.whole)
        found = [candidates.left_out_finding(epoch, area_ha)]
        places = candidates.audit_places(reasons, seen & inside, self.project.mapping.seed)
        if len(places):
            sampled = np.zeros(reasons.shape, dtype=bool)
            sampled.ravel()[places] = True
            left_out = sum(area for name, area in area_ha.items() if name != "candidate")
            audited = candidates.audit_finding(
                epoch, reasons[sampled], draw(sampled)[sampled], left_out_area_ha=left_out
            )
            found.append(audited)
        return tuple(found)


def _training(
    project: Project, inputs: Inputs, composites: Mapping[int, Composite]
) -> tuple[TrainingSet | None, Findings]:
    indices = project.mapping.indices
    labels, points = inputs.training_labels, inputs.training_points
    if points is not None:
        return mapping.training_from_points(
            points, composites, inputs.training_grid, indices=indices
        )
    if labels is None or project.training is None:  # the reading has said why
        return None, ()
    return mapping.training_from_raster(
        labels.codes,
        composites[labels.epoch],
        labels.area,
        indices=indices,
        sample_size=project.training.sample_size,
        seed=project.mapping.seed,
    )


def validation_finding(validated: CrossValidation | None, grid: Grid) -> Finding:
    """The remark on how the classifier met labels in blocks of ground that it had not seen."""
    subject = "[mapping]"
    if validated is None:
        message = "all labels lie in one block of ground: the classifier could not be judged"
        return Finding.warning("mapping-not-validated", subject, message)
    metres = pixel_size_m(grid)
    down, across = validated.block_pixels[0] * metres[1], validated.block_pixels[1] * metres[0]
    by_class = ", ".join(
        f"{LEGEND[item.code]} {item.users:.0%} / {item.producers:.0%}" for item in validated.classes
    )
    message = (
        f"in {validated.folds} parts of ground left out in turn (whole blocks of {down:.0f} m x "
        f"{across:.0f} m), {validated.overall:.1%} of {validated.labels} labels are met; mangrove: "
        f"precision {validated.mangrove_precision:.1%}, recall {validated.mangrove_recall:.1%}; "
        f"user's and producer's accuracy: {by_class} "
        "(labels are no probability sample: this judges the classifier, not the map)"
    )
    return Finding.info("mapping-cross-validated", subject, message)
