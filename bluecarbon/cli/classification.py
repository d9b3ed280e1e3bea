"""What ``bluecarbon mrv classify`` does: learn or load, map, count, write, all or nothing."""

from __future__ import annotations

from collections.abc import Mapping as Table
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from bluecarbon.errors import DataError
from bluecarbon.mrv import mapping
from bluecarbon.mrv.blocks import Runner
from bluecarbon.mrv.class_maps import LEGEND
from bluecarbon.mrv.classifiers import TreeModel, described
from bluecarbon.mrv.classify_blocks import TileTask, classify_tile, covariate_findings
from bluecarbon.mrv.composite_maps import (
    Image,
    training_of_images,
    validation_table,
    write_probabilities,
)
from bluecarbon.mrv.indices import check_indices
from bluecarbon.mrv.manifest import digest_of, write_manifest
from bluecarbon.mrv.map_making import validation_finding
from bluecarbon.mrv.model_files import load_model, save_model
from bluecarbon.mrv.outputs import SIGNIFICANT_DIGITS
from bluecarbon.mrv.points import read_points
from bluecarbon.mrv.transitions import DatedMap, transition_areas
from bluecarbon.project import Mapping
from bluecarbon.spec import Finding, errors_in

MODEL = "model.npz"
Findings = tuple[Finding, ...]


@dataclass(frozen=True)
class ClassifyRequest:
    """What is asked.

    Attributes
    ----------
    tasks : the images in the order that they were given, and how each is classified
    points : labels; None where ``model`` is a file that is used again
    settings : method, trees, seed and indices
    read : every file that is read, the images first
    recorded : the settings as the manifest has them
    """

    tasks: tuple[tuple[Image, TileTask], ...]
    points: Path | None
    model: Path
    settings: Mapping
    probabilities: bool
    read: tuple[Path, ...]
    recorded: Table[str, object]


def make_classification(
    asked: ClassifyRequest, folder: Path, command: str, *, runner: Runner, found: Findings
) -> tuple[pd.DataFrame, Findings]:
    """Write maps, tables, the model and the manifest into ``folder``.

    Returns the table of cross-validation, or with a kept model that of areas; and all findings.
    DataError when an input forbids it.
    """
    for image, task in asked.tasks:
        found += covariate_findings(task, image.grid)
    if errors_in(found):
        raise DataError(tuple(dict.fromkeys(found)))
    for name in ("maps", "tables"):
        (folder / name).mkdir()
    model, file, table, more = _model(asked, folder)
    found += (*more, described(model).model_copy(update={"subject": file.name}))
    areas, more = _mapped(asked, (model, file), folder, runner=runner)
    # What the covariates say before the training comes again when each image is mapped.
    found = tuple(dict.fromkeys((*found, *more)))
    _write_table(areas, folder / "tables/areas.csv")
    roles = {asked.points: "labels", asked.model: "model"}
    digests = [digest_of(path, roles.get(path, "image")) for path in dict.fromkeys(asked.read)]
    write_manifest(folder, command, settings=asked.recorded, inputs=digests, findings=found)
    return (areas if table is None else table), found


def _model(
    asked: ClassifyRequest, folder: Path
) -> tuple[TreeModel, Path, pd.DataFrame | None, Findings]:
    """The classifier with its file; the table of its cross-validation where it was fitted."""
    if asked.points is None:
        loaded, found = load_model(asked.model)
        if loaded is None:
            raise DataError(found)
        return loaded, asked.model, None, found
    points, found = _points(asked, asked.points)
    indices = asked.settings.indices
    training, problems = training_of_images(points, asked.tasks, indices=indices)
    found += tuple(f.model_copy(update={"subject": asked.points.name}) for f in problems)
    if training is None:
        raise DataError(found)
    image, task = asked.tasks[0]
    validated = mapping.cross_validate(training, asked.settings)
    judged = validation_finding(validated, image.grid)
    table = None if validated is None else validation_table(validated, image.grid)
    if table is not None:
        _write_table(table, folder / "tables/cross_validation.csv")
    names = (*image.bands, *(declared.name for declared, _ in task.covariates), *indices)
    model = mapping.fit(training.features, training.codes, asked.settings, names=names)
    save_model(folder / MODEL, model)
    found += (judged.model_copy(update={"subject": asked.points.name}),)
    return model, folder / MODEL, table, found


def _points(asked: ClassifyRequest, path: Path) -> tuple[pd.DataFrame, Findings]:
    years = [image.year for image, _ in asked.tasks]
    points, found = read_points(path, years)
    wrong = check_indices(asked.settings.indices, asked.tasks[0][0].bands)
    found += tuple(f.model_copy(update={"subject": "--index"}) for f in wrong)
    if points is None or errors_in(found):
        raise DataError(found)
    return points, found


def _mapped(
    asked: ClassifyRequest, model: tuple[TreeModel, Path], folder: Path, *, runner: Runner
) -> tuple[pd.DataFrame, Findings]:
    """Map every image; the hectares of every class."""
    rows: list[tuple[int, int, str, float]] = []
    found: Findings = ()
    for image, given in asked.tasks:
        task, target = replace(given, model=model[1]), folder / f"maps/classes_{image.year}.tif"
        made, problems = classify_tile(task, target, runner=runner)
        found += problems
        if made is None:
            raise DataError(found)
        if asked.probabilities:
            place = folder / f"maps/probability_{image.year}.tif"
            write_probabilities(task, image, model[0], place, runner=runner)
        counted, _ = transition_areas([DatedMap(image.year, target)], legend=LEGEND, runner=runner)
        areas = counted.areas_ha(image.year) if counted is not None else {}
        rows += [(image.year, number, LEGEND[number], area) for number, area in areas.items()]
    return pd.DataFrame(rows, columns=["year", "number", "class", "area_ha"]), found


def _write_table(table: pd.DataFrame, path: Path) -> None:
    table.to_csv(path, index=False, float_format=SIGNIFICANT_DIGITS, lineterminator="\n")
