"""The files that a run leaves: maps as GeoTIFF, tables as CSV. Same inputs, same bytes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bluecarbon.mrv.change_map import CHANGE_LEGEND, change_codes
from bluecarbon.mrv.colours import CHANGE_COLOURS, CLASS_COLOURS, colour_table
from bluecarbon.mrv.extent import Extent
from bluecarbon.mrv.rasters import write_class_map
from bluecarbon.provenance import sha256_file

if TYPE_CHECKING:
    from bluecarbon.mrv.pipeline import Measured
    from bluecarbon.report import Quantification

SIGNIFICANT_DIGITS = "%.12g"
"""Tables for people and spreadsheets; the report itself holds every bit."""


def write_rasters(extent: Extent, folder: Path) -> dict[str, str]:
    """Write the map of each epoch and of each change; SHA-256 by file name (relative to folder)."""
    (folder / "maps").mkdir(parents=True, exist_ok=True)
    names = []
    for epoch in extent.epochs:
        name = f"maps/classes_{epoch}.tif"
        colours = colour_table(extent.legend, CLASS_COLOURS)
        codes = extent.maps[epoch]
        write_class_map(folder / name, codes, extent.grid, extent.legend, colours=colours)
        names.append(name)
    for start, end in zip(extent.epochs, extent.epochs[1:], strict=False):
        name = f"maps/change_{start}_{end}.tif"
        codes = change_codes(extent.maps[start], extent.maps[end])
        colours = colour_table(CHANGE_LEGEND, CHANGE_COLOURS)
        write_class_map(folder / name, codes, extent.grid, CHANGE_LEGEND, colours=colours)
        names.append(name)
    return {name: sha256_file(folder / name) for name in names}


def write_tables(
    measured: Measured, quantification: Quantification | None, folder: Path
) -> tuple[str, ...]:
    """Write every table of a run as CSV (UTF-8); the names relative to ``folder``."""
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    tables = _tables(measured, quantification)
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
        "reference_matrix": extent.reference_matrix,
        "reference_points": extent.reference_points,
        "map_accuracy": extent.accuracy,
        "map_validation": extent.validation,
        "masked_areas": extent.reasons,
        "measurements": pd.DataFrame([m.model_dump() for m in measured.monitoring.measurements]),
    }
    if inventory is not None:
        tables |= {"trees": inventory.trees, "plots": inventory.plots, "biomass": inventory.strata}
    if soil is not None:
        tables |= {"soil_slices": soil.slices, "soil_cores": soil.cores, "soil": soil.strata}
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
