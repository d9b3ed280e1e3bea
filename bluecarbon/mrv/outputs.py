"""The files that a run leaves: maps as GeoTIFF, tables as CSV. Same inputs, same bytes."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from bluecarbon.mrv.change_areas import Kind, Period
from bluecarbon.mrv.change_map import CHANGE_LEGEND, change_codes
from bluecarbon.mrv.change_patches import joined, patches_of
from bluecarbon.mrv.colours import CHANGE_COLOURS, CLASS_COLOURS, colour_table
from bluecarbon.mrv.exports import write_geopackage
from bluecarbon.mrv.extent import Extent
from bluecarbon.mrv.map_tags import write_category_names
from bluecarbon.mrv.model_files import save_model
from bluecarbon.mrv.rasters import Grid, write_class_map
from bluecarbon.mrv.reference_sample import REST
from bluecarbon.mrv.tree_carbon import carbon_fractions, plot_carbon, stratum_carbon
from bluecarbon.provenance import sha256_file

if TYPE_CHECKING:
    import geopandas as gpd

    from bluecarbon.mrv.pipeline import Measured
    from bluecarbon.report import Quantification

SIGNIFICANT_DIGITS = "%.12g"
"""Tables for people and spreadsheets; the report itself holds every bit."""


def write_rasters(extent: Extent, folder: Path) -> dict[str, str]:
    """Write the map of each epoch and of each change; SHA-256 by file name (relative to folder).

    Beside each map stand its class names for QGIS (:mod:`bluecarbon.mrv.map_tags`) and, with the
    maps of change, ``maps/change_polygons.gpkg``. These follow from the maps and have no digest
    here: QGIS writes into both when it opens them, and a report must not break by being looked at.
    """
    (folder / "maps").mkdir(parents=True, exist_ok=True)
    names = []
    for epoch in extent.epochs:
        name, about = f"maps/classes_{epoch}.tif", f"ground cover {epoch}"
        drawn = _Drawn(extent.legend, CLASS_COLOURS, about)
        _write_map(folder / name, extent.maps[epoch], extent.grid, drawn)
        names.append(name)
    for start, end in itertools.pairwise(extent.epochs):
        name, about = f"maps/change_{start}_{end}.tif", f"change of mangrove {start}-{end}"
        codes = change_codes(extent.maps[start], extent.maps[end])
        drawn = _Drawn(CHANGE_LEGEND, CHANGE_COLOURS, about)
        _write_map(folder / name, codes, extent.grid, drawn)
        names.append(name)
    if len(extent.epochs) > 1:
        write_geopackage(_patches(extent), folder / "maps/change_polygons.gpkg")
    if extent.model is not None:
        save_model(folder / "maps/model.npz", extent.model)
        names.append("maps/model.npz")
    return {name: sha256_file(folder / name) for name in names}


@dataclass(frozen=True)
class _Drawn:
    legend: Mapping[int, str]
    colours: Mapping[str, str]
    long_name: str


def _write_map(path: Path, codes: NDArray[np.uint8], grid: Grid, drawn: _Drawn) -> None:
    colours = colour_table(drawn.legend, drawn.colours)
    write_class_map(path, codes, grid, drawn.legend, colours=colours, long_name=drawn.long_name)
    write_category_names(path, drawn.legend)


def _patches(extent: Extent) -> dict[str, gpd.GeoDataFrame]:
    """Layers of loss and gain: every patch of the maps of change, cut by the strata and the rest
    of the boundary.
    """
    strata = {item.stratum.id: item.geometry for item in extent.strata}
    rest = extent.boundary - shapely.union_all(list(strata.values()))
    strata |= {} if rest.is_empty else {REST: rest}
    layers = {}
    for kind in get_args(Kind):
        parts = []
        for start, end in itertools.pairwise(extent.epochs):
            codes = change_codes(extent.maps[start], extent.maps[end])
            # The map of change decides: what was not observed is neither lost nor gained.
            parts.append(
                patches_of(codes, extent.grid, kind=kind, period=Period(start, end), strata=strata)
            )
        layers[kind] = joined(parts)
    return layers


def write_tables(
    measured: Measured,
    quantification: Quantification | None,
    folder: Path,
    *,
    more: Mapping[str, pd.DataFrame] | None = None,
) -> tuple[str, ...]:
    """Write every table of a run as CSV (UTF-8); the names relative to ``folder``.

    ``more`` are further tables by their name, such as those of the claim's uncertainty.
    """
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    tables = _tables(measured, quantification)
    tables |= {f"tables/{name}.csv": table for name, table in (more or {}).items()}
    for name, table in tables.items():
        table.to_csv(
            folder / name, index=False, float_format=SIGNIFICANT_DIGITS, lineterminator="\n"
        )
    return tuple(tables)


def _tables(measured: Measured, quantification: Quantification | None) -> dict[str, pd.DataFrame]:
    extent, inventory, soil = measured.extent, measured.inventory, measured.soil
    tables = {
        "mapped_areas": extent.areas,
        "area_estimates": extent.estimates,
        "transitions": extent.transitions,
        "change_estimates": extent.change_estimates,
        "reference_matrix": extent.reference_matrix,
        "reference_points": extent.reference_points,
        "map_accuracy": extent.accuracy,
        "map_validation": extent.validation,
        "masked_areas": extent.reasons,
        "measurements": pd.DataFrame([m.model_dump() for m in measured.monitoring.measurements]),
    }
    if inventory is not None:
        tables |= {"trees": inventory.trees, "plots": inventory.plots, "biomass": inventory.strata}
        tables |= {"tree_rejected_rows": inventory.rejected, "tree_columns": inventory.columns}
        per_plot = plot_carbon(inventory.plots, carbon_fractions())
        tables |= {"tree_carbon_plots": per_plot, "tree_carbon": stratum_carbon(per_plot)}
    if soil is not None:
        tables |= {"soil_slices": soil.slices, "soil_cores": soil.cores, "soil": soil.strata}
        rejected = soil.rejected if len(soil.rejected) else pd.DataFrame()
        tables |= {"soil_plots": soil.plots, "soil_rejected_rows": rejected}
        tables |= {"soil_rates": soil.rates, "soil_marker_rates": soil.markers}
    if quantification is not None:
        tables["trace"] = trace_table(quantification)
    return {f"tables/{name}.csv": table for name, table in tables.items() if len(table.columns) > 0}


def trace_table(quantification: Quantification) -> pd.DataFrame:
    """The auditor's trace as a table: one row per equation, inputs written out in one cell."""
    return pd.DataFrame(
        [
            {
                "step": number,
                "document": step.document,
                "equation": step.equation,
                "about": step.about,
                "scope": step.scope,
                "inputs": "; ".join(f"{i.name} = {i.value:.12g} {i.unit}" for i in step.inputs),
                "result": step.result,
                "unit": step.unit,
                "sources": "; ".join(f"{i.name}: {i.source}" for i in step.inputs),
            }
            for number, step in enumerate(quantification.trace, start=1)
        ]
    )


def false_colour(extent: Extent, epoch: int) -> np.ndarray | None:
    """A composite as near-infrared, short-wave infrared, red (0 ... 1); None for class maps.

    In this combination mangrove is orange to brick red, dry forest redder and brighter.
    """
    composite = extent.composites.get(epoch)
    if composite is None:
        return None
    layers = [composite.band(name) for name in ("nir", "swir1", "red")]
    stretched = [
        np.clip(layer / top, 0, 1) for layer, top in zip(layers, (0.45, 0.35, 0.2), strict=True)
    ]
    picture: np.ndarray = np.nan_to_num(np.stack(stretched, axis=-1), nan=1.0)
    return picture
