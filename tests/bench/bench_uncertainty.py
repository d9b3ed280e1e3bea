"""Monte Carlo from the errors of trees, plots and maps to the claim, with every source's share.

``python tests/bench/bench_uncertainty.py``: 500 plots in five strata, measured twice, 10,000 trees
a campaign, 10,000 draws, all sources. Must: 10 s and memory that does not grow with the draws.
"""

from __future__ import annotations

import datetime as dt
import resource
import sys
import time

import numpy as np
import pandas as pd

from bluecarbon.methodology import loader
from bluecarbon.methodology.parameters import Parameters
from bluecarbon.mrv.inventory import evaluate_inventory
from bluecarbon.mrv.monte_carlo import claim_uncertainty
from bluecarbon.mrv.tree_equations import EquationChoice
from bluecarbon.mrv.tree_errors import TreeErrors, plot_errors
from bluecarbon.report import Measurement, Monitoring, Period, Stratum

PLOTS, TREES_PER_PLOT, STRATA, DRAWS, SEED = 500, 20, 5, 10_000, 20261124
START, END = dt.date(2019, 12, 1), dt.date(2024, 12, 1)
MUST_SECONDS, MUST_MB = 10.0, 500.0


def inventory():
    """Two campaigns of the same plots; trees grow, half of them by half."""
    rng = np.random.default_rng(SEED)
    plots = pd.DataFrame(
        {
            "plot_id": [f"P{place:03d}" for place in range(PLOTS)],
            "stratum": [f"S{place % STRATA}" for place in range(PLOTS)],
            "area_m2": 100.0,
        }
    )
    size = PLOTS * TREES_PER_PLOT
    diameter = rng.lognormal(2.2, 0.35, size)
    species = rng.choice(["Kandelia obovata", "Sonneratia apetala", "Rhizophora stylosa"], size)
    first = pd.DataFrame(
        {
            "plot_id": np.repeat(plots["plot_id"], TREES_PER_PLOT),
            "date": START,
            "species": species,
            "dbh_cm": diameter,
        }
    )
    later = first.assign(date=END, dbh_cm=diameter * rng.uniform(1.0, 1.5, size))
    trees = pd.concat([first, later], ignore_index=True)
    return evaluate_inventory(trees, plots, equations=EquationChoice(out_of_range="extrapolate"))


def monitoring(measured):
    """What AR-AM0014 wants: areas with errors and plots of both dates."""
    strata = [f"S{place}" for place in range(STRATA)]
    rows = [
        Measurement(variable=variable, stratum=stratum, date=date, value=100.0 - 5.0 * error,
                    unit="ha", standard_error=error)
        for stratum in strata
        for date in (START, END)
        for variable, error in (("stratum_area", 0.0), ("mangrove_area", 3.0))
    ]  # fmt: skip
    rows += [
        Measurement(
            variable="baseline_crown_cover", stratum=stratum, date=START, value=0.0, unit="1"
        )
        for stratum in strata
    ]
    rows += [
        Measurement(variable=f"tree_{part}", stratum=row.stratum, date=row.date,
                    value=getattr(row, f"{part}_t_ha"), unit="t/ha", sample=row.plot_id)
        for row in measured.plots.itertuples()
        for part in ("agb", "bgb")
    ]  # fmt: skip
    return Monitoring(
        project_id="bench",
        period=Period(start=dt.date(2020, 1, 1), end=dt.date(2025, 1, 1)),
        stock_start=START,
        stock_end=END,
        strata=tuple(Stratum(id=name, kind="planted", planted_year=2012) for name in strata),
        measurements=tuple(rows),
    )


def main() -> int:
    """Print what was measured; 1 when a must is missed."""
    measured = inventory()
    facts = monitoring(measured)
    book = loader.get("ar-am0014@3.0")
    errors = plot_errors(measured.trees, measured.plots, TreeErrors())
    parameters = Parameters(book.spec.parameters)
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows, missed = [], False
    for draws in (DRAWS // 10, DRAWS):
        began, used = time.perf_counter(), time.process_time()
        done = claim_uncertainty(book, facts, parameters, errors, draws=draws, seed=SEED)
        wall, cpu = time.perf_counter() - began, time.process_time() - used
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        rows.append((draws, wall, cpu, peak, peak - base))
        missed |= wall > MUST_SECONDS or peak > MUST_MB
    print(done.table.to_string(index=False))
    print(f"\n{PLOTS} plots x 2 campaigns x {TREES_PER_PLOT} trees; must {MUST_SECONDS:g} s, "
          f"{MUST_MB:g} MB")  # fmt: skip
    print(f"{'draws':>8} {'wall s':>8} {'CPU s':>8} {'peak MB':>8} {'of it':>8}")
    for draws, wall, cpu, peak, more in rows:
        print(f"{draws:8d} {wall:8.2f} {cpu:8.2f} {peak:8.0f} {more:8.0f}")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
