"""From what a user declares ([stocks], or options of the command) to a plan that blocks can follow.

Everything is read and judged before a pixel is computed: all defects stand in one list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bluecarbon.mrv.density_tables import read_densities, shared_errors, table_sources
from bluecarbon.mrv.height_relations import relation_of
from bluecarbon.mrv.model_source import ModelSource
from bluecarbon.mrv.plot_models import ModelSettings, PlotData, PlotModel, model_of_plots
from bluecarbon.mrv.plot_pixels import PlotRules, plots_on_layers, read_plots
from bluecarbon.mrv.rasters import Grid, opened, read_grid
from bluecarbon.mrv.stock_layers import LayerFile, check_layers
from bluecarbon.mrv.stock_plan import Counted, StockPlan
from bluecarbon.mrv.stock_sources import (
    HeightSource,
    RasterSource,
    RatioSource,
    Source,
    profile_weights,
)
from bluecarbon.project_stocks import LayerSection, Pool, Stocks
from bluecarbon.spec import Finding, errors_in

HEIGHT, SOIL = "height", "soil"

Findings = tuple[Finding, ...]


@dataclass(frozen=True)
class Request:
    """What is asked: settings, which pixels count, and where the files are.

    ``densities`` (as :func:`.density_tables.read_densities` gives them) stand for the table of the
    settings: the means of a project's own plots and cores. ``together`` are the covariances of
    means of the same plots, as :func:`.density_tables.shared_errors` takes them.
    ``grid`` stands for a class map that is not written yet: enough to judge everything else.
    """

    settings: Stocks
    counted: Counted
    class_file: LayerFile | None = None
    resolve: Callable[[str], Path] = Path
    densities: pd.DataFrame | None = None
    together: pd.DataFrame | None = None
    grid: Grid | None = None


@dataclass(frozen=True)
class Planned:
    """A plan, and with a model what it was learnt from."""

    plan: StockPlan
    model: PlotModel | None = None
    plots: PlotData | None = None


@dataclass
class _Gathered:
    """Sources and layers as they are found, with every finding."""

    sources: dict[Pool, Source | RatioSource] = field(default_factory=dict)
    layers: dict[str, LayerFile] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def add(self, found: Findings) -> None:
        """Keep findings."""
        self.findings += found


def planned(request: Request) -> tuple[Planned | None, Findings]:
    """The plan of a request, or everything that is wrong with it.

    Findings: those of the files; ``stocks-no-pool``, ``stocks-height-kind``,
    ``stocks-root-shoot-twice``, ``soil-depths-wrong`` (errors), ``stocks-no-error``,
    ``stocks-unverified`` (warnings).

    Raises
    ------
    MissingExtraError
        A random forest is asked for, and scikit-learn is not installed.
    """
    got = _Gathered()
    _tabled(request, got)
    _height(request, got)
    _soil(request, got)
    for item in request.settings.covariate:
        got.layers[item.name] = _layer(request, item)
    grid = _grid(request, got)
    if grid is None:
        return None, tuple(got.findings)
    got.add(check_layers(got.layers, grid, _like(request, got)))
    learnt = None
    if request.settings.method == "model" and not errors_in(got.findings):
        learnt = _learnt(request, got, grid)
    _roots(request, got)
    if not got.sources and not errors_in(got.findings):
        message, fix = "no pool has a source", "give a table, a height or a model"
        got.add((Finding.error("stocks-no-pool", "stocks", message, fix=fix),))
    if errors_in(got.findings):
        return None, tuple(got.findings)
    model, fraction = request.settings.model, request.settings.carbon_fraction
    plan = StockPlan(
        grid=grid,
        counted=request.counted,
        sources=got.sources,
        layers=got.layers,
        class_file=request.class_file,
        between=_between(request),
        fraction_error=fraction.standard_error if fraction else 0.0,
        residual_length_m=model.residual_length_m if model else 0.0,
        error_maps=request.settings.error_maps,
    )
    data, fitted = learnt or (None, None)
    return Planned(plan, fitted, data), tuple(got.findings)


def _like(request: Request, got: _Gathered) -> str:
    """The file whose grid the others must have."""
    first = request.class_file or next(iter(got.layers.values()), None)
    return "class maps" if request.grid is not None or first is None else first.path.name


def _between(request: Request) -> dict[tuple[Pool, Pool], NDArray[np.float64]]:
    if request.densities is None or request.together is None or request.settings.table:
        return {}
    return shared_errors(request.densities, request.together)


def _layer(request: Request, item: LayerSection) -> LayerFile:
    return LayerFile(request.resolve(item.path), item.band, item.scale, item.resampling)


def _grid(request: Request, got: _Gathered) -> Grid | None:
    """The grid of the class map, or of the first layer."""
    if request.grid is not None:
        return request.grid
    item = request.class_file or next(iter(got.layers.values()), None)
    if item is None:
        message, fix = "there is no raster to map onto", "give a class map"
        got.add((Finding.error("stocks-no-raster", "stocks", message, fix=fix),))
        return None
    grid, found = read_grid(item.path, item.subject, what="layer")
    if request.class_file is not None:
        got.add((*found, *_class_findings(request.class_file, grid)))
    return grid


def _class_findings(item: LayerFile, grid: Grid | None) -> Findings:
    if grid is None:
        return ()
    with opened(item.path) as dataset:
        count, kinds = dataset.count, dataset.dtypes
    if item.band > count:
        message, fix = f"the file has {count} bands", "bands count from 1"
        return (Finding.error("class-map-band-missing", item.subject, message, fix=fix),)
    kind = kinds[item.band - 1]
    if not np.issubdtype(np.dtype(kind), np.integer):
        message = f"holds {kind} numbers, which are no classes"
        fix = "give a map of classes with whole numbers; a height goes to --height"
        return (Finding.error("class-map-not-classes", item.subject, message, fix=fix),)
    return ()


def _tabled(request: Request, got: _Gathered) -> None:
    settings = request.settings
    densities, subject = request.densities, "plots and cores"
    if settings.table:
        path = request.resolve(settings.table)
        densities, found = read_densities(path, settings.carbon_fraction)
        got.add(found)
        subject = path.name
    if densities is None:
        return
    sources, found = table_sources(densities, request.counted.groups, subject)
    got.add(found)
    got.sources.update(sources)


def _height(request: Request, got: _Gathered) -> None:
    settings, declared = request.settings, request.settings.height
    if settings.method != "height" or declared is None or settings.carbon_fraction is None:
        return
    own = request.resolve(declared.relation_table) if declared.relation_table else None
    relation, found = relation_of(declared.relation, own)
    got.add(found)
    got.layers[HEIGHT] = _layer(request, declared)
    if relation is None:
        return
    if declared.kind not in (relation.predictor, "srtm"):
        message = f"heights are {declared.kind}, {relation.name} is for {relation.predictor}"
        fix = "take a relation for that kind of height; one does not stand in for another"
        got.add((Finding.error("stocks-height-kind", declared.path, message, fix=fix),))
        return
    if relation.rmse_t_ha is None and declared.relation_error is None:
        message = f"{relation.name} comes without an error: the stock has none from it"
        fix = "state relation_error, e.g. from your own plots"
        got.add((Finding.warning("stocks-no-error", relation.name, message, fix=fix),))
    got.sources["agb"] = HeightSource(
        HEIGHT,
        declared.kind,
        relation,
        settings.carbon_fraction,
        settings.outside,
        declared.relation_error,
    )


def _soil(request: Request, got: _Gathered) -> None:
    declared = request.settings.soil_map
    if declared is None:
        return
    first = _layer(request, declared)
    names = tuple(f"{SOIL} {number}" for number in range(len(declared.depths_cm) or 1))
    for number, name in enumerate(names):
        got.layers[name] = LayerFile(first.path, first.band + number, first.scale, first.rule)
    weights: tuple[float, ...] = (1.0,)
    if declared.depths_cm:
        try:
            weights = profile_weights(declared.depths_cm, declared.to_cm)
        except ValueError as error:
            fix = "give the depths of the bands in cm, from the surface down"
            subject = first.subject
            got.add((Finding.error("soil-depths-wrong", subject, str(error), fix=fix),))
            return
    got.sources["soil"] = RasterSource(names, weights, declared.relative_error)
    if declared.relative_error == 0:
        message = "the soil map comes without an error: the stock has none from it"
        got.add((Finding.warning("stocks-no-error", first.subject, message),))


def _learnt(
    request: Request, got: _Gathered, grid: Grid
) -> tuple[PlotData | None, PlotModel | None] | None:
    settings, declared = request.settings, request.settings.model
    if declared is None or settings.carbon_fraction is None:
        return None
    path = request.resolve(declared.plots)
    table, found = read_plots(path)
    got.add(found)
    if table is None:
        return None
    chosen = ModelSettings(
        declared.kind, declared.back_transformation, declared.trees, declared.seed
    )
    names = [item.name for item in settings.covariate]
    data, found = plots_on_layers(
        table,
        {name: got.layers[name] for name in names},
        grid,
        chosen,
        rules=PlotRules(declared.matching, declared.position_error_m),
        subject=path.name,
    )
    got.add(found)
    if data is None:
        return None
    model = model_of_plots(data, chosen)
    got.add(_judged(model, path.name))
    got.sources["agb"] = ModelSource(model, settings.carbon_fraction, settings.outside)
    return data, model


def _judged(model: PlotModel, subject: str) -> Findings:
    """How the model met ground that it had not seen, beside what it says of itself."""
    inside, outside = model.nominal, model.blocked
    message = (
        f"{model.settings.kind} model of {model.plots} plots: on {model.groups} parts of ground "
        f"left out in turn R2 {outside.r2:.2f}, RMSE {outside.rmse_t_ha:.1f} t/ha, bias "
        f"{outside.bias_t_ha:+.1f} t/ha (on its own plots R2 {inside.r2:.2f}, RMSE "
        f"{inside.rmse_t_ha:.1f} t/ha)"
    )
    found = [Finding.info("stocks-model", subject, message)]
    if not np.isfinite(outside.r2) or outside.r2 <= 0:
        message = f"the model tells no more of unseen ground than its mean (R2 {outside.r2:.2f})"
        fix = "take other layers, or densities by stratum"
        found.append(Finding.warning("stocks-model-no-skill", subject, message, fix=fix))
    return tuple(found)


def _roots(request: Request, got: _Gathered) -> None:
    settings, ratio = request.settings, request.settings.root_shoot
    unverified = {"carbon_fraction": settings.carbon_fraction, "root_shoot": ratio}
    for name, quantity in unverified.items():
        if quantity is not None and (quantity.status != "verified" or not quantity.source):
            message = f"{name} {quantity.value:g} is not said to be read in a source"
            got.add((Finding.warning("stocks-unverified", f"stocks {name}", message),))
    if ratio is None:
        return
    if "bgb" in got.sources:
        message, fix = (
            "below-ground carbon has a density and a root-shoot ratio",
            "give one of them",
        )
        got.add((Finding.error("stocks-root-shoot-twice", "stocks root_shoot", message, fix=fix),))
    if "agb" not in got.sources:
        return
    shoots, roots = settings.carbon_fraction, settings.root_carbon_fraction
    carbon = roots.value / shoots.value if roots and shoots else 1.0
    got.sources["bgb"] = RatioSource(ratio, carbon)


def class_numbers(
    wanted: tuple[str, ...], names: Mapping[int, str], subject: str
) -> tuple[dict[str, tuple[int, ...]], Findings]:
    """The numbers of each class that counts. ``stocks-class-unknown`` for one that is not there."""
    found: dict[str, tuple[int, ...]] = {}
    missing = []
    for name in wanted:
        numbers = tuple(number for number, own in names.items() if own == name)
        if not numbers:
            missing.append(name)
        found[name] = numbers
    if not missing:
        return found, ()
    known = ", ".join(f"{n}={name}" for n, name in sorted(names.items())) or "nothing"
    message = f"no number stands for {', '.join(missing)}; the legend has {known}"
    fix = "name the numbers, as in --legend 1=mangrove"
    return found, (Finding.error("stocks-class-unknown", subject, message, fix=fix),)
