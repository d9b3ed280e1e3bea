"""Plots on layers: what the pixels under a plot say, by its circle or by its centre.

A plot is a circle of its area around its position. By ``cover`` each pixel counts by the part of
it that the circle covers; by ``centre`` the one pixel under the position counts. A position is
wrong by metres: the error that the field team states is compared with the pixel, and when nobody
stated one, that is a finding.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray
from rasterio.errors import RasterioError

from bluecarbon.mrv.area import covered_fraction, to_grid
from bluecarbon.mrv.blocks import gdal_settings
from bluecarbon.mrv.covariates import pixel_size_m
from bluecarbon.mrv.field_tables import Column, in_words, read_field_table, row_defects
from bluecarbon.mrv.inventory_checks import plot_defects
from bluecarbon.mrv.plot_models import PLOTS_MIN, PLOTS_PER_COEFFICIENT, ModelSettings, PlotData
from bluecarbon.mrv.rasters import Grid, opened, unreadable
from bluecarbon.mrv.stock_layers import LayerFile, read_layer
from bluecarbon.project_stocks import Matching
from bluecarbon.spec import Finding, errors_in

CIRCLE_POINTS = 64
Findings = tuple[Finding, ...]

PLOT_COLUMNS = (
    Column("plot_id"),
    Column("lon", "number"),
    Column("lat", "number"),
    Column("area_m2", "number"),
    Column("agb_t_ha", "number"),
    Column("stratum", optional=True),
)


@dataclass(frozen=True)
class PlotRules:
    """How plots meet pixels: by cover or centre, and how far positions are off [m], if known."""

    matching: Matching = "cover"
    position_error_m: float | None = None


def read_plots(path: Path) -> tuple[pd.DataFrame | None, Findings]:
    """A table of plots with their above-ground biomass [t/ha, dry]; every defect with its row.

    Columns plot_id, lon, lat, area_m2, agb_t_ha, and stratum where plots were drawn by stratum.
    """
    table, found = read_field_table(path, path.name, PLOT_COLUMNS)
    findings = list(found)
    if table is not None:
        if "stratum" not in table:
            table = table.assign(stratum="")
        findings += plot_defects(table, path.name, tuple(table["stratum"].unique()))
        bad = table[table["agb_t_ha"] < 0]
        hits = [
            (int(line), f"agb_t_ha is {value:g}")
            for line, value in zip(bad["line"], bad["agb_t_ha"], strict=True)
        ]
        findings += row_defects("plot-biomass-wrong", path.name, hits, "give dry matter in t/ha")
    return (None if errors_in(findings) else table), tuple(findings)


def plots_on_layers(
    plots: pd.DataFrame,
    layers: Mapping[str, LayerFile],
    grid: Grid,
    settings: ModelSettings,
    *,
    rules: PlotRules,
    subject: str,
) -> tuple[PlotData | None, Findings]:
    """What the layers say under each plot; None when too few plots are left to learn from.

    Findings: ``plot-outside-layers``, ``plot-biomass-zero`` (a logarithm has none),
    ``plots-too-few`` (error), ``plot-position-error-unknown``, ``plot-position-error-large``
    (warnings).
    """
    found = list(_position_findings(rules, grid, subject))
    try:
        values = _values_at(plots, layers, grid, rules)
    except RasterioError as error:
        return None, (*found, unreadable(subject, "layer", error))
    known = np.asarray(~np.isnan(values).any(axis=1))
    found += _left_out(
        plots.loc[~known], "plot-outside-layers", "a layer has nothing there", subject
    )
    if settings.kind in ("log", "power"):
        zero = known & ~(plots["agb_t_ha"].to_numpy() > 0)
        found += _left_out(plots.loc[zero], "plot-biomass-zero", "no logarithm of 0 t/ha", subject)
        known &= ~zero
    if settings.kind == "power":
        low = known & ~np.asarray((values > 0).all(axis=1))
        found += _left_out(
            plots.loc[low], "plot-covariate-zero", "no logarithm of a layer", subject
        )
        known &= ~low
    kept = plots[known]
    needed = max(PLOTS_MIN, PLOTS_PER_COEFFICIENT * (len(layers) + 1))
    if len(kept) < needed:
        message = f"{len(kept)} plots are left; a model of {len(layers)} layers needs {needed}"
        fix = "measure more plots, or take fewer layers"
        return None, (*found, Finding.error("plots-too-few", subject, message, fix=fix))
    row, column = grid.pixels_of(kept["lon"].to_numpy(), kept["lat"].to_numpy())
    data = PlotData(
        biomass_t_ha=kept["agb_t_ha"].to_numpy(dtype=np.float64),
        covariates=values[known],
        rows=np.floor(row).astype(np.int64),
        columns=np.floor(column).astype(np.int64),
        names=tuple(layers),
        strata=tuple(kept["stratum"]),
        ids=tuple(kept["plot_id"]),
    )
    if len(np.unique(data.blocks)) < 2:
        message = "all plots lie in one block of ground: a model could not be judged"
        fix = "give plots from several places"
        return None, (*found, Finding.error("plots-in-one-block", subject, message, fix=fix))
    return data, tuple(found)


def _position_findings(rules: PlotRules, grid: Grid, subject: str) -> Findings:
    error, side = rules.position_error_m, max(pixel_size_m(grid))
    if error is None:
        message = "nobody says how far plot positions are off"
        fix = "state the error of the receiver in metres; it blurs the relation with the layers"
        return (Finding.warning("plot-position-error-unknown", subject, message, fix=fix),)
    if error > side / 2:
        message = f"positions are off by {error:g} m, pixels are {side:.3g} m wide"
        fix = "average layers over a plot's surroundings first, or survey positions again"
        return (Finding.warning("plot-position-error-large", subject, message, fix=fix),)
    return ()


def _left_out(rows: pd.DataFrame, code: str, why: str, subject: str) -> Findings:
    if rows.empty:
        return ()
    where = f"{subject} {in_words([int(line) for line in rows['line']])}"
    return (Finding.warning(code, where, f"{len(rows)} plots are not used: {why}"),)


def _values_at(
    plots: pd.DataFrame, layers: Mapping[str, LayerFile], grid: Grid, rules: PlotRules
) -> NDArray[np.float64]:
    """The mean of each layer under each plot, (plots, layers); NaN where a pixel has nothing."""
    values = np.full((len(plots), len(layers)), np.nan)
    columns = (plots[name].tolist() for name in ("lon", "lat", "area_m2"))
    places = [_pixels_under(*plot, grid=grid, rules=rules) for plot in zip(*columns, strict=True)]
    with gdal_settings(), ExitStack() as files:
        for column, item in enumerate(layers.values()):
            dataset = files.enter_context(opened(item.path))
            for row, (part, weight) in enumerate(places):
                layer = read_layer(dataset, item, part)
                under = weight > 0
                if under.any():
                    values[row, column] = np.average(layer[under], weights=weight[under])
    return values


def _pixels_under(
    longitude: float, latitude: float, area_m2: float, *, grid: Grid, rules: PlotRules
) -> tuple[Grid, NDArray[np.float64]]:
    """The part of the grid under a plot, and the weight of each of its pixels."""
    if rules.matching == "centre":
        row, column = grid.pixels_of(np.array([longitude]), np.array([latitude]))
        across, down = grid.pixel_size
        x = grid.transform.c + (np.floor(column[0]) + 0.5) * across
        y = grid.transform.f - (np.floor(row[0]) + 0.5) * down
        return grid.cut((x, y, x, y)), np.ones((1, 1))
    circle = plot_circle(longitude, latitude, area_m2)
    part = grid.cut(to_grid(circle, grid).bounds)
    rows, columns, fraction = covered_fraction(circle, part)
    weight = np.zeros((part.height, part.width))
    weight[rows, columns] = fraction
    return part, weight


def plot_circle(longitude: float, latitude: float, area_m2: float) -> shapely.Polygon:
    """A circle of an area around a WGS 84 position, as a polygon of 64 geodesic corners."""
    radius_m = np.sqrt(area_m2 / np.pi)
    azimuth = np.linspace(0, 360, CIRCLE_POINTS, endpoint=False)
    ends = pyproj.Geod(ellps="WGS84").fwd(
        np.full(CIRCLE_POINTS, longitude),
        np.full(CIRCLE_POINTS, latitude),
        azimuth,
        np.full(CIRCLE_POINTS, radius_m),
    )
    return shapely.Polygon(np.column_stack(ends[:2])[::-1])
