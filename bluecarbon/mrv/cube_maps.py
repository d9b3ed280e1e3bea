"""Class maps of a NetCDF file or a Zarr store: which dates it holds, and those that are wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bluecarbon.mrv.class_arrays import ClassLayers, layers_of, saved
from bluecarbon.mrv.datasets import open_dataset
from bluecarbon.mrv.map_arguments import UNDATED
from bluecarbon.mrv.transitions import DatedMap
from bluecarbon.spec import Finding, errors_in

Findings = tuple[Finding, ...]


def cube_layers(path: Path) -> tuple[tuple[ClassLayers, ...], Findings]:
    """The class maps of a cube, as ``bluecarbon mrv stack`` and ``convert`` write them.

    Nothing is read but what describes them. None of them with findings that name the file.
    """
    if not path.exists():
        message, fix = "no such file", "check the name and the folder of the file"
        return (), (Finding.error("class-map-unreadable", path.name, message, fix=fix),)
    opened, found = open_dataset(path)
    if opened is None:
        return (), found
    layers, problems = layers_of(opened.dataset, path.name)
    found += problems
    return (() if errors_in(found) else layers), found


def years_of(layers: Sequence[ClassLayers]) -> tuple[int, ...]:
    """The years of all layers in their order; (0,) of a single map without a date."""
    return tuple(year for item in layers for year in item.years)


def save_wanted(
    path: Path, wanted: Sequence[DatedMap], folder: Path
) -> tuple[tuple[DatedMap, ...], Findings]:
    """The wanted maps of one cube as files in a folder, in the order in which they are wanted.

    A map is wanted by its year, by its band (counted from 1), or as the only one that there is.

    Raises
    ------
    DataError, OutputError
        As of :func:`bluecarbon.mrv.class_arrays.saved`.
    """
    layers, found = cube_layers(path)
    if not layers:
        return (), found
    years = years_of(layers)
    chosen = [_year_of(item, years) for item in wanted]
    found += tuple(answer for answer in chosen if isinstance(answer, Finding))
    if errors_in(found):
        return (), found
    parts = [_only(item, {year for year in chosen if isinstance(year, int)}) for item in layers]
    made = {file.year: file for file in saved([part for part in parts if part.years], folder)}
    files = [made[year] for year in chosen if isinstance(year, int)]
    return tuple(
        replace(file, year=item.year, origin=path) for item, file in zip(wanted, files, strict=True)
    ), found


def _year_of(item: DatedMap, years: Sequence[int]) -> int | Finding:
    """The year under which the cube holds a map, or why it does not."""
    if item.band is not None:
        if item.band <= len(years):
            return years[item.band - 1]
        message = f"band {item.band} is asked for, the file has {len(years)} maps"
        return Finding.error("class-map-band-missing", item.subject, message, fix="count from 1")
    if item.year in years:
        return item.year
    if len(years) == 1 and UNDATED in (item.year, years[0]):
        return years[0]
    name, listed = item.path.name, ", ".join(map(str, years))
    message = f"holds maps of {listed}" + (f" and none of {item.year}" if item.year else "")
    fix = f"say which one is meant, as in {years[-1]}={name}"
    return Finding.error("class-map-year-missing", name, message, fix=fix)


def _only(layers: ClassLayers, years: set[int]) -> ClassLayers:
    places = [place for place, year in enumerate(layers.years) if year in years]
    kept = tuple(layers.years[place] for place in places)
    return replace(layers, array=layers.array[places], years=kept)
