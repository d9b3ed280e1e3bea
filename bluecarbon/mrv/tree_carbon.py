"""Carbon of trees by pool, of each plot and of each stratum with its standard error: tidy tables.

Plots are the sampling units: the standard error of a stratum is that of the mean of its plots,
and that of the sum of pools is taken from the sums of the plots, because pools of one plot go
together.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from bluecarbon.mrv.dead_wood import pool_parameter
from bluecarbon.mrv.inventory import pools_of

SUM = "all"
"""The pools that a plot has, together."""

PLOT_COLUMNS = ["plot_id", "stratum", "epoch", "pool", "biomass_t_ha", "carbon_tc_ha"]


def carbon_fractions() -> Mapping[str, float]:
    """Carbon in dry matter [tC/t] by pool: the rows of tree_pools.csv."""
    return {
        pool: float(pool_parameter(f"carbon_fraction_{pool}").value or np.nan)
        for pool in ("agb", "bgb", "dead_wood")
    }


def plot_carbon(plots: pd.DataFrame, fractions: Mapping[str, float]) -> pd.DataFrame:
    """Biomass [t/ha] and carbon [tC/ha] of each plot and pool, and of all pools together.

    ``plots`` is what :func:`bluecarbon.mrv.inventory.plot_biomass` returns. Trees that are known
    as a whole only have no pools: the parts and the sum of their plot are NaN.
    """
    pools = [pool for pool in pools_of(plots) if pool != "total"]
    keys = plots[["plot_id", "stratum", "epoch"]]
    parts = [
        keys.assign(
            pool=pool,
            biomass_t_ha=plots[f"{pool}_t_ha"],
            carbon_tc_ha=plots[f"{pool}_t_ha"] * fractions[pool],
        )
        for pool in pools
    ]
    whole = keys.assign(
        pool=SUM,
        biomass_t_ha=sum(part["biomass_t_ha"] for part in parts),
        carbon_tc_ha=sum(part["carbon_tc_ha"] for part in parts),
    )
    order = {pool: number for number, pool in enumerate([*pools, SUM])}
    table = pd.concat([*parts, whole]).assign(order=lambda rows: rows["pool"].map(order))
    table = table.sort_values(["stratum", "epoch", "plot_id", "order"], ignore_index=True)
    return table[PLOT_COLUMNS]


def stratum_carbon(per_plot: pd.DataFrame) -> pd.DataFrame:
    """Mean and standard error of each stratum, epoch and pool.

    ``per_plot`` is what :func:`plot_carbon` returns. Columns stratum, epoch, pool, n_plots,
    ``mean_...`` and ``standard_error_...`` of biomass_t_ha and carbon_tc_ha; the error is
    s / sqrt(n) of simple random sampling, NaN with one plot, and both are NaN when a plot is not
    known.
    """
    grouped = per_plot.groupby(["stratum", "epoch", "pool"], sort=False)
    table = grouped.agg(
        n_plots=("plot_id", "size"),
        **{
            f"{name}_{unit}": (unit, how)
            for unit in ("biomass_t_ha", "carbon_tc_ha")
            for name, how in (("mean", "mean"), ("standard_error", "sem"))
        },
    )
    complete = grouped["biomass_t_ha"].count() == table["n_plots"]
    return table.where(complete, np.nan).assign(n_plots=table["n_plots"]).reset_index()
