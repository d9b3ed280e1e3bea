"""VM0033 v2.1: all strata of both scenarios, every year, before anything is summed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bluecarbon import units
from bluecarbon.methodology.inputs import Inputs
from bluecarbon.methodology.monte_carlo import ChunkInputs
from bluecarbon.methodology.trace import Number, Term, Trace
from bluecarbon.methodology.vm0033_biomass import biomass_change
from bluecarbon.methodology.vm0033_cell import Cell
from bluecarbon.methodology.vm0033_depletion import still_emitting
from bluecarbon.methodology.vm0033_gases import burning, ch4, fuel, n2o
from bluecarbon.methodology.vm0033_methods import SCENARIOS, active
from bluecarbon.methodology.vm0033_net import SOIL, SOIL_PARTS
from bluecarbon.methodology.vm0033_soil import co2_and_deduction
from bluecarbon.report import Scenario


@dataclass(frozen=True)
class CellResult:
    """A stratum in a scenario, every year: dC of biomass [tC/yr], emissions [tCO2e/yr]."""

    cell: Cell
    area: Term
    biomass_tc: Term
    soil: Term
    soil_gases: Mapping[str, Term]
    burning: Term
    fuel: Term

    @property
    def sources(self) -> Mapping[str, Term]:
        """The emissions of the year by pool and gas [tCO2e/yr], biomass left out."""
        return {**self.soil_gases, "burning": self.burning, "fuel": self.fuel}

    def pools(self) -> dict[str, Number]:
        """Emissions of the year by pool and gas [tCO2e]."""
        biomass = -units.CO2E_PER_C * np.asarray(self.biomass_tc.value)
        return {"biomass": biomass, **{name: term.value for name, term in self.sources.items()}}


Results = Mapping[Scenario, tuple[CellResult, ...]]


def cell_results(inputs: Inputs, trace: Trace) -> Results:
    """All strata of both scenarios, every year."""
    return {
        scenario: tuple(
            _cell_result(Cell(inputs, trace, scenario, stratum.id))
            for stratum in active(inputs.monitoring, scenario)
        )
        for scenario in SCENARIOS
    }


def _cell_result(cell: Cell) -> CellResult:
    area, counts = cell.series("stratum_area"), still_emitting(cell)
    co2, deduction = co2_and_deduction(cell)
    gases = {"soil_co2": co2, "ch4": ch4(cell), "n2o": n2o(cell)}
    none = cell.nothing("tCO2e/ha/yr", "the deduction is of CO2 only")
    soil = cell.nothing("tCO2e/yr", "no emission of soil is counted")
    if any(counted(gas) for gas in gases.values()):
        rates = {"co2": co2, "deduction": deduction, "ch4": gases["ch4"], "n2o": gases["n2o"]}
        soil = cell.evaluate(SOIL, area_ha=area, counts=counts, **rates)
    parts = {}
    for name, gas in gases.items():
        if name != "soil_co2" and isinstance(cell.inputs, ChunkInputs):
            continue  # a Monte Carlo asks for soil in all and, for the buffer, for its CO2
        parts[name] = cell.nothing("tCO2e/yr", f"no {name} of soil is counted")
        if counted(gas):
            taken = deduction if name == "soil_co2" else none
            parts[name] = cell.evaluate(
                SOIL_PARTS[name], area_ha=area, counts=counts, emission=gas, deduction=taken
            )
    return CellResult(
        cell=cell,
        area=area,
        biomass_tc=biomass_change(cell, area),
        soil=soil,
        soil_gases=parts,
        burning=burning(cell, area),
        fuel=fuel(cell),
    )


def counted(term: Term) -> bool:
    """Whether a term is not zero in every year: zero need not be multiplied by draws."""
    return np.ndim(term.value) > 1 or bool(np.any(term.value))


def by_pool(results: Results) -> dict[str, Number]:
    """Baseline minus project emissions of the year by pool [tCO2e]."""
    total: dict[str, Number] = {}
    for scenario in SCENARIOS:
        sign = 1.0 if scenario == "baseline" else -1.0
        for result in results[scenario]:
            for name, value in result.pools().items():
                total[name] = total.get(name, 0.0) + sign * np.asarray(value)
    return total
