"""Monte Carlo of VM0033: 100,000 draws x 40 years x 10 strata. Run: python bench_vm0033.py

The target is under 5 s and under 1 GB on 2 cores. The project is made up: allometry and map are
errors that strata share, cover and soil are errors of their own.
"""

import argparse
import datetime as dt
import resource
import time

from bluecarbon.methodology.monte_carlo import simulate
from bluecarbon.methodology.parameters import Parameters
from bluecarbon.methodology.vm0033 import VM0033_V2_1
from bluecarbon.report import Monitoring, Period, Series, Stratum

FIRST_YEAR, YEARS, STRATA = 2015, 40, 10


def make_monitoring():
    strata = [f"S{i:02d}" for i in range(STRATA)]
    example = VM0033_V2_1.example()
    return Monitoring(
        project_id="bench",
        period=Period(start=dt.date(FIRST_YEAR, 1, 1), end=dt.date(FIRST_YEAR + YEARS, 1, 1)),
        strata=tuple(Stratum(id=s, kind="planted", planted_year=FIRST_YEAR) for s in strata),
        series=tuple(row for number, s in enumerate(strata) for row in _series(s, number)),
        declarations=example.declarations,
    )


def _series(stratum, number):
    area = 30.0 + 5 * number
    ages = [max(year - number // 2, 0) for year in range(YEARS + 1)]
    trees = tuple(90.0 * (1 - 0.93**age) ** 2 for age in ages)
    cover = tuple(min(0.06 * age, 0.9) for age in ages[1:])
    early = FIRST_YEAR - 1

    def row(variable, unit, values, *, first=FIRST_YEAR, scenario="project", error=0.0, shared=""):
        return Series(
            variable=variable,
            stratum=stratum,
            scenario=scenario,
            unit=unit,
            first_year=first,
            values=values,
            standard_errors=tuple(error * v for v in values) if error else (),
            shared_error=shared,
        )

    areas = (area,) * (YEARS + 1)
    return (
        row(
            "stratum_area", "ha", areas, first=early, scenario="baseline", error=0.03, shared="map"
        ),
        row("stratum_area", "ha", areas, first=early, error=0.03, shared="map"),
        row("tree_stock_per_hectare", "tC/ha", trees, first=early, error=0.1, shared="allometry"),
        row("vegetation_cover", "1", cover, error=0.05),
        row("allochthonous_share", "percent", (20.0,) * YEARS, error=0.2),
        row("salinity", "g/kg", (24.0,) * YEARS),
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--draws", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    monitoring = make_monitoring()
    parameters = Parameters(VM0033_V2_1.spec.parameters)
    began, worked = time.perf_counter(), time.process_time()
    result = simulate(VM0033_V2_1, monitoring, parameters, draws=options.draws, seed=options.seed)
    seconds, cpu = time.perf_counter() - began, time.process_time() - worked
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    (claim,) = [r for r in result if r.name == "claim"]
    size = f"{options.draws} draws x {YEARS} years x {STRATA} strata"
    print(f"{size}: {seconds:.2f} s ({cpu:.2f} s of processor), {peak_mb:.0f} MB")
    print(f"claim {claim.mean:.0f} +- {claim.standard_deviation:.0f} tCO2e")


if __name__ == "__main__":
    main()
