"""Stock maps of a project: [stocks] on its own class maps, strata, plots, cores and areas.

Maps and ``tables/stocks.csv`` stand beside the sealed report and are no part of a claim: a rule
book has its own equations for stocks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from bluecarbon.errors import DataError
from bluecarbon.mrv.dead_wood import pool_parameter
from bluecarbon.mrv.progress import Progress, silent
from bluecarbon.mrv.stock_files import write_table
from bluecarbon.mrv.stock_layers import LayerFile
from bluecarbon.mrv.stock_maps import map_stocks
from bluecarbon.mrv.stock_plan import Counted
from bluecarbon.mrv.stock_request import Request, class_numbers, planned
from bluecarbon.mrv.stock_totals import AreaEstimate
from bluecarbon.project_stocks import Quantity
from bluecarbon.spec import Finding, errors_in

if TYPE_CHECKING:
    from bluecarbon.mrv.extent import Extent
    from bluecarbon.mrv.pipeline import Measured
    from bluecarbon.project import Project

MANGROVE = "mangrove"

FOLDER = "stock_maps"
"""Apart from ``maps``, all of which a report seals."""
Findings = tuple[Finding, ...]


def write_project_stocks(
    project: Project, measured: Measured, folder: Path, progress: Progress = silent
) -> tuple[pd.DataFrame | None, Findings]:
    """Write ``stock_maps/<pool>_<epoch>.tif`` and ``tables/stocks.csv`` of a project's [stocks].

    The class maps are those that the run wrote into ``folder``. ``inventory`` maps every epoch that
    has plots, the other methods the last epoch. Areas are the estimates of the reference sample
    where there is one. Nothing without the section.

    Raises
    ------
    DataError
        A file of the section cannot be used.
    OutputError
        The place cannot be written.
    """
    if project.stocks is None:
        return None, ()
    epochs, place = _epochs(project, measured), folder / FOLDER
    place.mkdir()
    tables, found = [], list(_nothing(epochs))
    for number, epoch in enumerate(epochs):
        progress("mapping stocks", number, len(epochs))
        plan, problems = planned(_request(project, measured, folder, epoch))
        # Settings are the same in every epoch; what plots are there is not.
        found += [_of_epoch(f, epoch) if f.code == "density-missing" else f for f in problems]
        if plan is None or errors_in(problems):
            raise DataError(found)
        areas = area_estimates(measured.extent, epoch)
        made, remarks = map_stocks(plan.plan, place, areas=areas, suffix=f"_{epoch}")
        found += [_of_epoch(item, epoch) for item in remarks]
        if made is None:
            raise DataError(found)
        tables.append(made.table.assign(epoch=epoch))
        progress("mapping stocks", number + 1, len(epochs))
    if not tables:
        return None, tuple(found)
    table = pd.concat(tables, ignore_index=True)
    table.insert(0, "epoch", table.pop("epoch"))
    write_table(table, folder / "tables/stocks.csv")
    return table, tuple(dict.fromkeys(found))


def project_stock_findings(project: Project, measured: Measured) -> Findings:
    """Everything that is wrong with a project's [stocks], before anything is mapped or written.

    What :func:`write_project_stocks` would refuse is an error here; nothing without the section.
    """
    if project.stocks is None:
        return ()
    epochs = _epochs(project, measured)
    found = list(_nothing(epochs))
    for epoch in epochs:
        try:
            request = _request(project, measured, Path(), epoch)
        except DataError as error:
            found += error.findings
            continue
        _, problems = planned(replace(request, class_file=None, grid=measured.extent.grid))
        found += [_of_epoch(f, epoch) if f.code == "density-missing" else f for f in problems]
    return tuple(dict.fromkeys(found))


def _epochs(project: Project, measured: Measured) -> tuple[int, ...]:
    epochs = measured.extent.epochs
    if project.stocks is None or project.stocks.method != "inventory":
        return epochs[-1:]
    if measured.inventory is None:
        return ()
    with_plots = set(measured.inventory.strata["epoch"].astype(int))
    return tuple(epoch for epoch in epochs if epoch in with_plots)


def _nothing(epochs: tuple[int, ...]) -> Iterator[Finding]:
    if not epochs:
        message = "no mapped epoch has plots: no stock map is made"
        fix = "give [inventory] with plots of a mapped year, or another method"
        yield Finding.warning("stocks-no-plots", "[stocks]", message, fix=fix)


def _of_epoch(item: Finding, epoch: int) -> Finding:
    return item.model_copy(update={"subject": f"{item.subject}, {epoch}"})


def _request(project: Project, measured: Measured, folder: Path, epoch: int) -> Request:
    settings = project.stocks
    if settings is None:
        raise ValueError("the project has no [stocks]")
    extent = measured.extent
    numbers, found = class_numbers(settings.classes, extent.legend, "[stocks] classes")
    if errors_in(found):
        raise DataError(found)
    strata = {item.stratum.id: item.geometry for item in extent.strata}
    densities = together = None
    if settings.method == "inventory" and settings.carbon_fraction is not None:
        densities = measured_densities(measured, epoch, settings.carbon_fraction)
        together = plot_covariances(measured, epoch, settings.carbon_fraction)
    return Request(
        settings,
        Counted(numbers, strata),
        LayerFile(folder / f"maps/classes_{epoch}.tif"),
        project.resolve,
        densities,
        together,
    )


def measured_densities(measured: Measured, epoch: int, fraction: Quantity) -> pd.DataFrame:
    """Means of the project's plots (of an epoch) and cores by stratum, as a table of densities.

    Columns as :func:`bluecarbon.mrv.density_tables.read_densities` gives them, tC/ha, for mangrove.
    Standing dead wood, where the plots have it, is carbon by the row ``carbon_fraction_dead_wood``
    of tree_pools.csv, which has no error. A stratum with one plot has no error of its own: NaN.
    """
    rows: list[dict[str, Any]] = []
    if measured.inventory is not None:
        plots = measured.inventory.strata
        carbon = _pools_of_plots(plots, fraction, prefix="mean_")
        for row in plots[plots["epoch"].astype(int) == epoch].to_dict("records"):
            for pool, (name, factor) in carbon.items():
                mean, error = row[f"mean_{name}"], row[f"standard_error_{name}"]
                rows.append(
                    _density(row, pool, "plots")
                    | {
                        "value": mean * factor,
                        "standard_error": error * factor,
                        "dry_t_ha": 0.0 if pool == "dead" else mean,
                    }
                )
    if measured.soil is not None:
        for row in measured.soil.strata.to_dict("records"):
            numbers = {"value": row["mean_tc_ha"], "standard_error": row["standard_error_tc_ha"]}
            rows.append(_density(row, "soil", "cores") | numbers | {"dry_t_ha": 0.0})
    columns = ["class", "stratum", "pool", "value", "standard_error", "source", "status"]
    columns.append("dry_t_ha")
    return pd.DataFrame(rows, columns=columns).dropna(subset=["value"], ignore_index=True)


def plot_covariances(measured: Measured, epoch: int, fraction: Quantity) -> pd.DataFrame:
    """Covariances [(tC/ha)2] of the means of two pools in a stratum: cov(x, y) / n of its plots.

    A plot rich in shoots is rich in roots: with them the error of a sum of pools is that of the
    mean of the plots' own sums, as :func:`bluecarbon.mrv.tree_carbon.stratum_carbon` has it.
    Columns stratum, pool, other, covariance; nothing for a stratum with fewer than two plots.
    """
    rows: list[dict[str, Any]] = []
    if measured.inventory is not None:
        plots = measured.inventory.plots
        carbon = _pools_of_plots(plots, fraction)
        for stratum, own in plots[plots["epoch"].astype(int) == epoch].groupby("stratum"):
            values = {pool: own[name] * factor for pool, (name, factor) in carbon.items()}
            for pool, other in combinations(values, 2):
                shared = values[pool].cov(values[other]) / len(own)
                rows.append(
                    {"stratum": stratum, "pool": pool, "other": other, "covariance": shared}
                )
    return pd.DataFrame(rows, columns=["stratum", "pool", "other", "covariance"]).dropna()


def _pools_of_plots(
    table: pd.DataFrame, fraction: Quantity, prefix: str = ""
) -> dict[str, tuple[str, float]]:
    """The column [t/ha] of each pool that the plots have, and its carbon in dry matter."""
    dead = float(pool_parameter("carbon_fraction_dead_wood").value or math.nan)
    pools = {
        "agb": ("agb_t_ha", fraction.value),
        "bgb": ("bgb_t_ha", fraction.value),
        "dead": ("dead_wood_t_ha", dead),
    }
    return {pool: found for pool, found in pools.items() if prefix + found[0] in table}


def _density(row: Mapping[Any, Any], pool: str, source: str) -> dict[str, Any]:
    names = {"class": MANGROVE, "stratum": row["stratum"], "pool": pool}
    return names | {"source": source, "status": "verified"}


def area_estimates(extent: Extent, epoch: int) -> dict[tuple[str, str], AreaEstimate]:
    """Mangrove hectares by stratum of an epoch from the reference sample; none without a sample.

    Area and standard error are those of ``tables/area_estimates.csv``: one area has one error.
    """
    rows = extent.estimates[extent.estimates["epoch"] == epoch].to_dict("records")
    found = {}
    for row in rows:
        error = float(row["standard_error_ha"])
        if row["sample_size"] and row["stratum"] and not math.isnan(error):
            found[row["stratum"], MANGROVE] = AreaEstimate(float(row["area_ha"]), error)
    return found
