"""A million trees to plots and strata: seconds, by hand. Target: under 3 s (2 cores).

Trees that are already in memory, and the same trees from a sheet with Chinese headers: decoded,
mapped, every cell and row checked, evaluated, and all remarks written.

Run: python tests/bench/bench_inventory.py [number of trees]
"""

from __future__ import annotations

import datetime as dt
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from bluecarbon.mrv.column_vocabulary import TREE_NAMES
from bluecarbon.mrv.field_inventory import InventoryRequest, measure_sheets
from bluecarbon.mrv.inventory import evaluate_inventory
from bluecarbon.mrv.sheet_cells import typed_sheet
from bluecarbon.mrv.sheet_files import read_raw_sheet
from bluecarbon.mrv.tree_equations import EquationChoice
from bluecarbon.project_inventory import InventorySheets

SPECIES = ("Kandelia obovata", "秋茄", "Avicennia marina", "Rhizophora stylosa", "无瓣海桑")
PLOTS = 2000
CHOICE = EquationChoice(
    by_species={
        "Kandelia obovata": ("china-kandelia-obovata-agb", "china-kandelia-obovata-bgb"),
        "Avicennia marina": ("comley2005-avicennia-marina-agb",),
    },
    out_of_range="common",
)


def made_up(count: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Trees of five names in plots of three strata, as a sheet that has been read."""
    rng = np.random.default_rng(1)
    dbh = rng.uniform(2.0, 20.0, count).round(1)
    days = np.array([dt.date(2024, 10, 1) + dt.timedelta(days=day) for day in range(40)])
    trees = pd.DataFrame(
        {
            "plot_id": np.array([f"P{i}" for i in range(PLOTS)])[rng.integers(0, PLOTS, count)],
            "date": days[rng.integers(0, 40, count)],
            "species": np.array(SPECIES)[rng.integers(0, len(SPECIES), count)],
            "dbh_cm": dbh,
            "height_m": (dbh * 0.6).round(1),
            "status": np.where(rng.random(count) < 0.05, "dead", "live"),
        }
    )
    strata = np.array(["A", "B", "C"])[np.arange(PLOTS) % 3]
    plot_ids = [f"P{i}" for i in range(PLOTS)]
    return trees, pd.DataFrame({"plot_id": plot_ids, "stratum": strata, "area_m2": 100.0})


def main() -> None:
    """Print the seconds of the best of three runs, and the stocks."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    trees, plots = made_up(count)
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        result = evaluate_inventory(trees, plots, equations=CHOICE)
        seconds.append(time.perf_counter() - start)
    print(result.strata.to_string())
    print(f"{count} trees, {len(plots)} plots: {min(seconds):.2f} s (target 3 s for a million)")
    with tempfile.TemporaryDirectory() as folder:
        from_sheets(trees, plots, Path(folder))


def from_sheets(trees: pd.DataFrame, plots: pd.DataFrame, folder: Path) -> None:
    """Print the seconds from a sheet: reading alone, and everything; wall and processor."""
    headers = {
        "plot_id": "样地号", "date": "日期", "species": "树种", "dbh_cm": "胸径(cm)",
        "height_m": "树高(m)", "status": "状态",
    }  # fmt: skip
    sheet = trees.rename(columns=headers)
    sheet.insert(1, "树号", np.arange(len(sheet)))
    sheet.to_csv(folder / "trees.csv", index=False)
    plots.to_csv(folder / "plots.csv", index=False)
    asked = InventoryRequest(
        folder / "trees.csv",
        folder / "plots.csv",
        InventorySheets(bad_rows="leave out"),
        CHOICE,
    )
    read, whole = [], []
    for _ in range(3):
        start = time.perf_counter(), time.process_time()
        raw, _ = read_raw_sheet(folder / "trees.csv", TREE_NAMES)
        if raw is None:
            sys.exit("the sheet was not read")
        typed_sheet(raw)
        read.append((time.perf_counter() - start[0], time.process_time() - start[1]))
        start = time.perf_counter(), time.process_time()
        made, _ = measure_sheets(asked)
        whole.append((time.perf_counter() - start[0], time.process_time() - start[1]))
    for name, seconds in (("read and map the cells", read), ("sheet to strata", whole)):
        wall, processor = min(seconds)
        print(f"{name}: {wall:.2f} s, {processor:.2f} s of processor")
    if made.result is None or made.n_left_out:
        sys.exit("rows were left out")


if __name__ == "__main__":
    main()
