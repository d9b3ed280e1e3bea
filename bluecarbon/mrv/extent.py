"""The extent of mangrove: the facade of the raster half, from a project to areas and change.

Order: all inputs are read and judged, composites made, labels learnt, maps drawn, then areas,
transitions, the reference sample and the validation are taken from the maps.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bluecarbon.mrv import change_sample, reference_sample
from bluecarbon.mrv import extent_tables as tables
from bluecarbon.mrv.area import Weights, pixel_area_ha, weights_of
from bluecarbon.mrv.change import epoch_pairs
from bluecarbon.mrv.change_map import change_codes
from bluecarbon.mrv.change_sample import Panel, panel_of
from bluecarbon.mrv.class_maps import CODE_OUTSIDE, LEGEND
from bluecarbon.mrv.classifiers import TreeModel
from bluecarbon.mrv.inputs import Inputs, epoch_dates, read_inputs
from bluecarbon.mrv.map_making import Layers, Made, made_maps, prepared
from bluecarbon.mrv.mapping import CrossValidation
from bluecarbon.mrv.progress import Progress, silent
from bluecarbon.mrv.rasters import Geometry, Grid
from bluecarbon.mrv.reference_sample import REST, WHOLE, DesignStratum
from bluecarbon.mrv.scenes import Composite, composite, spectral_bands
from bluecarbon.mrv.vectors import StratumPolygon
from bluecarbon.project import Project
from bluecarbon.spec import Finding, errors_in

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
      standard_error_ha, ci_low_ha, ci_high_ha, confidence, sample_size, estimator, mapped_ha
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
    model: TreeModel | None
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
    inputs, layers, from_layers = prepared(project, inputs)
    pixel_ha = pixel_area_ha(inputs.grid)
    whole = weights_of(inputs.boundary, inputs.grid, pixel_ha)
    found += from_layers
    if errors_in(found):
        return None, found
    made, composites = _map_all(project, inputs, layers, whole=whole, progress=progress)
    maps, found = made.maps, (*found, *made.findings)
    if errors_in(found):
        return None, found
    design = _design(inputs, pixel_ha)
    weights = {WHOLE: whole} | {item.id: item.weights for item in design}
    pairs = _pairs(project, inputs.epochs)
    sampled = _sampled(project, inputs, maps, design)
    panels = _panels(inputs, maps, design, located=sampled.located, pairs=pairs)
    names = [item.id for item in design]
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
        cross_validation=made.validated,
        model=made.model,
        areas=tables.areas_table(maps, weights),
        transitions=tables.transitions_table(maps, weights, pairs),
        estimates=sampled.estimates,
        change_estimates=change_sample.change_estimates(
            tables.change_table(maps, weights, pairs), panels, names, sampled.confidence
        ),
        reference_matrix=sampled.matrix,
        reference_points=sampled.points,
        accuracy=sampled.accuracy,
        validation=tables.validation_table(maps, inputs.validation),
        reasons=_reasons(inputs, composites, whole),
    )
    on_change = change_sample.panel_findings(pairs, panels, names)
    return extent, (*found, *sampled.findings, *on_change)


def _map_all(
    project: Project, inputs: Inputs, layers: Layers, *, whole: Weights, progress: Progress
) -> tuple[Made, dict[int, Composite]]:
    """The class map of every epoch, cut to the boundary, and the composites on the same window."""
    reaching = _composites(inputs, project)
    rows, columns = inputs.training_grid.slices_of(inputs.grid)
    composites = {epoch: item.part(rows, columns) for epoch, item in reaching.items()}
    made = Made(inputs.maps, findings=_unseen(composites, whole))
    if reaching and not made.findings:
        made = made_maps(project, inputs, layers, reaching, whole=whole, progress=progress)
    maps = {epoch: _within(codes, whole) for epoch, codes in made.maps.items()}
    return replace(made, maps=maps), composites


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
        epoch: composite(
            [s for s in inputs.scenes if s.epoch == epoch],
            bands,
            statistic=project.imagery.composite,
            percent=project.imagery.percentile,
        )
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
    located: pd.DataFrame
    confidence: float
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
    judged = [reference_sample.accuracy_row(cells[e], e, confidence) for e in cells]
    accuracy = [row for row in judged if row is not None]
    sampled = cells.items() if points is not None else ()
    return _Sampled(
        estimates=pd.DataFrame(rows, columns=reference_sample.ESTIMATE_COLUMNS),
        matrix=pd.DataFrame(
            [row for e, found_ in sampled for row in reference_sample.matrix_rows(found_, e)],
            columns=reference_sample.MATRIX_COLUMNS,
        ),
        points=pd.DataFrame([r for _, c in sampled for r in reference_sample.point_rows(c)]),
        accuracy=pd.DataFrame(accuracy, columns=reference_sample.ACCURACY_COLUMNS),
        located=table,
        confidence=confidence,
        findings=found
        + ((NO_SAMPLE,) if points is None else reference_sample.sample_findings(cells)),
    )


def _panels(
    inputs: Inputs,
    maps: Mapping[int, Codes],
    design: Sequence[DesignStratum],
    *,
    located: pd.DataFrame,
    pairs: Sequence[tuple[int, int]],
) -> dict[tuple[int, int], dict[str, Panel]]:
    """The strata of each pair of epochs whose sample is repeated at the same points."""
    of_epoch = {epoch: located[located["epoch"] == epoch] for epoch in maps}
    found: dict[tuple[int, int], dict[str, Panel]] = {}
    for start, end in pairs:
        points = of_epoch[start], of_epoch[end]
        if any(part.empty for part in points):
            continue
        changed = change_codes(maps[start], maps[end])
        panels = {
            item.id: panel_of(item, *points, changed=changed, grid=inputs.grid) for item in design
        }
        found[start, end] = {name: panel for name, panel in panels.items() if panel is not None}
    return found


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
