"""20,000 core slices from a sheet to strata: seconds, by hand. Target: under 1 s (2 cores).

Run: python tests/bench/bench_soil_cores.py [number of slices]
"""

from __future__ import annotations

import datetime as dt
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import shapely

from bluecarbon.mrv.core_ground import Ground
from bluecarbon.mrv.core_sheets import read_core_sheet
from bluecarbon.mrv.soil_cores import CoreSource, measure_cores
from bluecarbon.mrv.soil_profiles import ProfileOptions, evaluate_profiles

STRATA = {name: shapely.box(109.70 + i / 10, 21.5, 109.80 + i / 10, 21.6)
          for i, name in enumerate("ABC")}  # fmt: skip
SLICES_OF_A_CORE = 8


def made_up(count: int) -> pd.DataFrame:
    """A Chinese sheet: cores of eight slices, one in ten too short, some compacted, some bad."""
    rng = np.random.default_rng(1)
    core = np.arange(count) // SLICES_OF_A_CORE
    layer = np.arange(count) % SLICES_OF_A_CORE
    thick = np.where(core % 10 == 0, 8, 13)
    matter = rng.uniform(2.0, 40.0, count).round(2)
    carbon = (matter * 4.0).round(1).astype(str)
    carbon[rng.random(count) < 0.3] = ""
    density = rng.uniform(0.3, 1.2, count).round(3).astype(str)
    density[rng.random(count) < 0.005] = "n.d."
    return pd.DataFrame(
        {
            "样地号": [f"P{i // 3}" for i in core],
            "碳层": np.array(["A", "B", "C"])[(core // 3) % 3],
            "柱样号": [f"C{i}" for i in core],
            "经度": (109.705 + (core // 3) % 3 / 10 + core * 1e-5).round(6),
            "纬度": "21°33.5'N",
            "日期": "2024年11月5日",
            "深度上限(cm)": layer * thick,
            "深度下限(cm)": (layer + 1) * thick,
            "容重(g/cm³)": density,
            "有机碳(g/kg)": carbon,
            "有机质(%)": matter,
            "压缩率(%)": (core % 4) * 5.0,
        }
    )


def main() -> None:
    """Print the seconds of the best of three runs of each part."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    options = ProfileOptions(conversion="two-piece-mangrove")
    ground = Ground(tuple(STRATA), STRATA, dt.date(2025, 1, 1))
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cores.csv"
        made_up(count).to_csv(path, index=False)
        for _ in range(3):
            start = time.perf_counter()
            sheet, findings = read_core_sheet(path)
            if sheet is None:
                sys.exit("\n".join(finding.message for finding in findings))
            read = time.perf_counter()
            evaluate_profiles(sheet.rows, options)
            done = time.perf_counter()
            reading = measure_cores(CoreSource(path), options, ground=ground)
            if reading.result is None:
                sys.exit("\n".join(finding.message for finding in reading.findings))
            seconds.append((read - start, done - read, time.perf_counter() - done))
    result = reading.result
    print(result.strata.to_string())
    print(f"{count} slices, {len(result.cores)} cores, {len(result.rejected)} rows left out")
    parts = np.array(seconds).min(axis=0)
    print(f"read {parts[0]:.2f} s, evaluate {parts[1]:.2f} s")
    print(f"file to strata, with places, strata and dates: {parts[2]:.2f} s (target 1 s)")


if __name__ == "__main__":
    main()
