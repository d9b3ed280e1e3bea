"""The extent of mangrove: the facade of the raster half, from a project to areas and change.

Order: all inputs are read and judged, composites made, labels learnt, maps drawn, then areas,
transitions, the reference sample and the validation are taken from the maps.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bluecarbon.mrv import extent_tables as tables
from bluecarbon.mrv import mapping, reference_sample
from bluecarbon.mrv.area import Weights, pixel_area_ha, weights_of
from bluecarbon.mrv.change import epoch_pairs
from bluecarbon.mrv.class_maps import CODE_OUTSIDE, LEGEND
from bluecarbon.mrv.inputs import Inputs, epoch_dates, read_inputs
from bluecarbon.mrv.mapping import CrossValidation, TrainingSet
from bluecarbon.mrv.progress import Progress, silent
from bluecarbon.mrv.rasters import Geometry, Grid
from bluecarbon.mrv.reference_sample import REST, WHOLE, DesignStratum
from bluecarbon.mrv.scenes import Composite, composite, spectral_bands
from bluecarbon.mrv.vectors import StratumPolygon
from bluecarbon.project import Project
from bluecarbon.spec import Finding, errors_in

CHANGE_IS_MAPPED = Finding.info(
    "change-is-mapped",
    "maps",
    "gross gain and loss are counted on the maps and carry no interval: a reference sample "
    "supports them only when the same places are labelled in both epochs",
)

NO_SAMPLE = Finding.info(
    "reference-missing",
    "[reference]",
    "areas are counted on the maps and carry no interval",
    fix="draw a probability sample of points, label them and name the file in [reference]",
)

REST_SHARE_MIN = 1e-4
"""A part of the boundary outside all strata that is smaller than this is drawing, not land."""

Codes = NDArray[np.uint8]
Findings = tuple[Finding, ...]


@dataclass(frozen=True)
class Extent:
    """Maps of a project and what was taken from them. Areas in geodesic hectares.

    Stratum "" is the whole boundary; "(rest)" what no stratum covers. Tables:

    - ``areas``: stratum, epoch, class, area_ha (mapped)
    - ``transitions``: stratum, from_epoch, to_epoch, from_class, to_class, area_ha
    - ``estimates``: stratum, epoch, area_ha, standard_error_ha, ci_low_ha, ci_high_ha, confidence,
      sample_size, estimator, mapped_ha (mangrove)
    - ``change_estimates``: stratum, from_epoch, to_epoch, kind (gain, loss, net), area_ha,
      standard_error_ha, estimator
    - ``reference_matrix``: stratum, epoch, group, area_ha, points, mangrove_points (what the
      estimates are computed from)
    - ``reference_points``: every reference point used, with map class and group
    - ``accuracy``: epoch, overall, users_mangrove, producers_mangrove, standard errors, n
    - ``validation``: epoch, iou, precision, recall, pixels
    - ``reasons``: epoch, scene ("" = composite), reason, area_ha, share
    """

    grid: Grid
    pixel_area_ha: NDArray[np.float64]
    boundary: Geometry
    strata: tuple[StratumPolygon, ...]
    epochs: tuple[int, ...]
    epoch_dates: dict[int, dt.date]
    maps: dict[int, Codes]
    legend: dict[int, str]
    composites: dict[int, Composite]
    cross_validation: CrossValidation | None
    areas: pd.DataFrame
    transitions: pd.DataFrame
    estimates: pd.DataFrame
    change_estimates: pd.DataFrame
    reference_matrix: pd.DataFrame
    reference_points: pd.DataFrame
    accuracy: pd.DataFrame
    validation: pd.DataFrame
    reasons: pd.DataFrame


def measure_extent(
    project: Project, progress: Progress = silent
) -> tuple[Extent | None, tuple[Finding, ...]]:
    """Map mangrove in every epoch of a project and measure it.

    All inputs are judged first. When a finding is an error, nothing is classified and the first
    value is None.

    Raises
    ------
    MissingExtraError
        Scenes are to be classified and scikit-learn is not installed.
    """
    inputs, found = read_inputs(project, progress)
    if inputs is None:
        return None, found
    pixel_ha = pixel_area_ha(inputs.grid)
    whole = weights_of(inputs.boundary, inputs.grid, pixel_ha)
    maps, composites, validated, from_maps = _map_all(project, inputs, whole, progress)
    found += from_maps
    if errors_in(found):
        return None, found
    design = _design(inputs, pixel_ha)
    weights = {WHOLE: whole} | {item.id: item.weights for item in design}
    pairs = _pairs(project, inputs.epochs)
    sampled = _sampled(project, inputs, maps, design)
    extent = Extent(
        grid=inputs.grid,
        pixel_area_ha=pixel_ha,
        boundary=inputs.boundary,
        strata=inputs.strata,
        epochs=inputs.epochs,
        epoch_dates=epoch_dates(project),
        maps=maps,
        legend=dict(LEGEND),
        composites=composites,
        cross_validation=validated,
        areas=tables.areas_table(maps, weights),
        transitions=tables.transitions_table(maps, weights, pairs),
        estimates=sampled.estimates,
        change_estimates=tables.change_table(maps, weights, pairs),
        reference_matrix=sampled.matrix,
        reference_points=sampled.points,
        accuracy=sampled.accuracy,
        validation=tables.validation_table(maps, inputs.validation),
        reasons=_reasons(inputs, composites, whole),
    )
    return extent, (*found, *sampled.findings, *((CHANGE_IS_MAPPED,) if pairs else ()))


def _map_all(
    project: Project, inputs: Inputs, whole: Weights, progress: Progress
) -> tuple[dict[int, Codes], dict[int, Composite], CrossValidation | None, Findings]:
    """The class map of every epoch, cut to the boundary, and the composites on the same window."""
    reaching = _composites(inputs, project)
    rows, columns = inputs.training_grid.slices_of(inputs.grid)
    composites = {epoch: item.part(rows, columns) for epoch, item in reaching.items()}
    maps, validated, found = inputs.maps, None, _unseen(composites, whole)
    if reaching and not found:
        training, found = _training(project, inputs, reaching)
        if training is not None:
            maps, validated = _classified(project, training, composites, progress)
            found += (_cross_validation_finding(validated),)
    maps = {epoch: _within(codes, whole) for epoch, codes in maps.items()}
    return maps, composites, validated, found


def _design(inputs: Inputs, pixel_ha: NDArray[np.float64]) -> tuple[DesignStratum, ...]:
    """The strata with their pixel weights, and the rest of the boundary when there is one."""
    shapes = [(item.stratum.id, item.geometry) for item in inputs.strata]
    rest = inputs.boundary
    for _, geometry in shapes:
        rest = rest - geometry
    design = [DesignStratum(i, g, weights_of(g, inputs.grid, pixel_ha)) for i, g in shapes]
    if not rest.is_empty:
        weights = weights_of(rest, inputs.grid, pixel_ha)
        if weights.total_ha > REST_SHARE_MIN * sum(item.weights.total_ha for item in design):
            design.append(DesignStratum(REST, rest, weights))
    return tuple(design)


def _composites(inputs: Inputs, project: Project) -> dict[int, Composite]:
    if project.imagery is None:
        return {}
    bands = spectral_bands(project.imagery)
    return {
        epoch: composite([s for s in inputs.scenes if s.epoch == epoch], bands)
        for epoch in inputs.epochs
    }


def _unseen(composites: Mapping[int, Composite], whole: Weights) -> Findings:
    found = []
    for epoch, item in composites.items():
        seen = item.observations[whole.rows, whole.columns] > 0
        if not (seen & (whole.area_ha > 0)).any():
            message = "no pixel inside the boundary is clear in any scene of this epoch"
            fix = "add scenes of other dates"
            found.append(Finding.error("epoch-unobserved", f"epoch {epoch}", message, fix=fix))
    return tuple(found)


def _classified(
    project: Project,
    training: TrainingSet,
    composites: Mapping[int, Composite],
    progress: Progress,
) -> tuple[dict[int, Codes], CrossValidation | None]:
    settings, steps, maps = project.mapping, len(composites) + 2, {}
    progress("mapping", 0, steps)
    validated = mapping.cross_validate(training, settings)
    progress("mapping", 1, steps)
    classifier = mapping.fit(training.features, training.codes, settings)
    progress("mapping", 2, steps)
    for number, (epoch, item) in enumerate(composites.items(), start=3):
        everywhere = np.ones(item.observations.shape, dtype=bool)
        maps[epoch] = mapping.classify(classifier, item, everywhere, indices=settings.indices)
        progress("mapping", number, steps)
    return maps, validated


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


def _cross_validation_finding(validated: CrossValidation | None) -> Finding:
    subject = "[mapping]"
    if validated is None:
        message = "all labels lie in one block of ground: the classifier could not be judged"
        return Finding.warning("mapping-not-validated", subject, message)
    message = (
        f"in {validated.folds} parts of ground left out in turn, {validated.overall:.1%} of "
        f"{validated.labels} labels are met; mangrove: precision "
        f"{validated.mangrove_precision:.1%}, recall {validated.mangrove_recall:.1%} "
        "(labels are no probability sample: this judges the classifier, not the map)"
    )
    return Finding.info("mapping-cross-validated", subject, message)


def _within(codes: Codes, whole: Weights) -> Codes:
    """The map with every pixel outside the boundary coded so."""
    result = np.full_like(codes, CODE_OUTSIDE)
    result[whole.rows, whole.columns] = np.where(whole.area_ha > 0, whole.of(codes), CODE_OUTSIDE)
    return result


@dataclass(frozen=True)
class _Sampled:
    estimates: pd.DataFrame
    matrix: pd.DataFrame
    points: pd.DataFrame
    accuracy: pd.DataFrame
    findings: Findings


def _sampled(
    project: Project,
    inputs: Inputs,
    maps: Mapping[int, Codes],
    design: Sequence[DesignStratum],
) -> _Sampled:
    """The tables that come from the reference sample where there is one."""
    points, located = inputs.reference, None
    found: Findings = ()
    if points is not None:
        located, found = reference_sample.locate(points, inputs.grid, design)
    empty = pd.DataFrame(
        {"epoch": [], "stratum": [], "label": [], "pixel_row": [], "pixel_column": []}
    )
    table = empty if located is None else located
    confidence = project.reference.confidence if project.reference else math.nan
    cells = {
        epoch: [
            reference_sample.cell_of(item, table[table["epoch"] == epoch], codes) for item in design
        ]
        for epoch, codes in maps.items()
    }
    rows = [row for e in cells for row in reference_sample.estimate_rows(cells[e], e, confidence)]
    accuracy = [row for e in cells if (row := reference_sample.accuracy_row(cells[e], e))]
    sampled = cells.items() if points is not None else ()
    return _Sampled(
        estimates=pd.DataFrame(rows, columns=reference_sample.ESTIMATE_COLUMNS),
        matrix=pd.DataFrame(
            [row for e, found_ in sampled for row in reference_sample.matrix_rows(found_, e)],
            columns=reference_sample.MATRIX_COLUMNS,
        ),
        points=pd.DataFrame([r for _, c in sampled for r in reference_sample.point_rows(c)]),
        accuracy=pd.DataFrame(accuracy, columns=reference_sample.ACCURACY_COLUMNS),
        findings=found
        + ((NO_SAMPLE,) if points is None else reference_sample.sample_findings(cells)),
    )


def _pairs(project: Project, epochs: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    period = project.period
    bounds = None
    if period.start_epoch is not None and period.end_epoch is not None:
        bounds = (period.start_epoch, period.end_epoch)
    return epoch_pairs(epochs, bounds)


def _reasons(inputs: Inputs, composites: Mapping[int, Composite], whole: Weights) -> pd.DataFrame:
    rows, columns = inputs.training_grid.slices_of(inputs.grid)
    layers = [(epoch, "", item.reason) for epoch, item in composites.items()]
    layers += [(scene.epoch, scene.name, scene.reason[rows, columns]) for scene in inputs.scenes]
    return tables.reasons_table(layers, whole)
