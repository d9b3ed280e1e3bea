"""VM0033 v2.1, tidal wetland and seagrass restoration: mangrove restoration and conservation.

Annual series per stratum for the baseline and for the project become cumulative emissions
(Eq 18-84), the net result (85), its long-term cap (86), the uncertainty deduction (87-92) and
what may be issued beside the buffer (93, 94). Yearly rows are differences of cumulative results.

Where what stands: ``vm0033_methods`` (the choices and the series), ``vm0033_biomass`` (22-25,
74-78), ``vm0033_soil`` (27-38, 48-49, 56-57, 80), ``vm0033_field`` (39-47, 95-99),
``vm0033_gases`` (59-68, 81-84), ``vm0033_depletion`` (1-17), ``vm0033_uncertainty`` (87-92).

Read in a parsed text of the methodology of 4 September 2023. Its misprints: Eq 20 is labelled
GHG_BSL-biomass; Eq 71-73 repeat Eq 70 with 44/12 dC, where the legend and Eq 79-84 give emissions,
which are summed here; Eq 93 has x for the minus that VM0007 Eq 16 has; Eq 95 has 0.04 for 0.40;
Eq 16-17 multiply a rate in tC/ha by VC. 1.6 % (Eq 35) is the carbon content of the soil.

Not available: Eq 5 does not exist; Eq 50 and 58 are proxies (``flux`` options); Eq 98 (seagrass
with over 20 % organic matter) and Eq 100 on (bulk density, wood products of Appendix 1) were not
legible; VMD0046 (fire reduction premium) and AR-TOOL05 (fuel) come in as results.

Sign inside: emission positive, removal negative, as in the document; removals are positive in
what the rule book gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bluecarbon import units
from bluecarbon.methodology import nprt_v4_2
from bluecarbon.methodology.inputs import Inputs
from bluecarbon.methodology.protocol import MethodologySpec
from bluecarbon.methodology.rule_book import Evaluation, RuleBook, YearTerms
from bluecarbon.methodology.trace import Equation, Group, Number, Term, Trace
from bluecarbon.methodology.vm0033_biomass import biomass_change
from bluecarbon.methodology.vm0033_cell import HORIZON_YEARS, Cell, equation, pair
from bluecarbon.methodology.vm0033_checks import axis_of, check
from bluecarbon.methodology.vm0033_depletion import (
    cap_in_co2e,
    maximum_soil_claim,
    still_emitting,
)
from bluecarbon.methodology.vm0033_example import example, example_parameters
from bluecarbon.methodology.vm0033_gases import burning, ch4, fuel, n2o
from bluecarbon.methodology.vm0033_methods import SCENARIOS, active
from bluecarbon.methodology.vm0033_soil import co2_and_deduction
from bluecarbon.methodology.vm0033_spec import SPEC
from bluecarbon.methodology.vm0033_uncertainty import ADJUSTED, NET_ERROR, CellAmounts, net_error
from bluecarbon.report import Monitoring, Scenario
from bluecarbon.spec import Finding, Parameter


def soil_emission(
    area_ha: Number,
    counts: Number,
    *,
    co2: Number,
    deduction: Number,
    ch4: Number,
    n2o: Number,
) -> Number:
    """Eq 26, 79: A x (CO2 - Deduction_alloch + CH4 + N2O) [tCO2e/yr]; 0 after depletion (26)."""
    return area_ha * (np.asarray(co2 - np.asarray(deduction) + ch4 + n2o) * counts)


def soil_part(area_ha: Number, counts: Number, *, emission: Number, deduction: Number) -> Number:
    """One gas of Eq 26, 79: A x (emission - deduction) [tCO2e/yr]."""
    return area_ha * (np.asarray(emission - np.asarray(deduction)) * counts)


def biomass_emission(change_tc: np.ndarray) -> Number:
    """Eq 19, 70: - sum over t and i of 44/12 dC, cumulative [tCO2e]; strata on the last axis."""
    return -units.CO2E_PER_C * np.cumsum(change_tc.sum(axis=-1), axis=-1)


def summed_emission(emission: np.ndarray) -> Number:
    """Eq 20, 21, 71-73: sum over t and i of GHG_i,t, cumulative [tCO2e]; strata last."""
    total: Number = np.cumsum(emission.sum(axis=-1), axis=-1)
    return total


def baseline_emission(biomass: Number, soil: Number, fuel: Number) -> Number:
    """Eq 18: biomass + soil + fuel, cumulative [tCO2e]."""
    return np.asarray(biomass) + soil + fuel


def project_emission(biomass: Number, soil: Number, burning: Number, fuel: Number) -> Number:
    """Eq 69: biomass + soil + burning + fuel, cumulative [tCO2e]."""
    return np.asarray(biomass) + soil + burning + fuel


def net_reductions(baseline: Number, project: Number, premium: Number, leakage: Number) -> Number:
    """Eq 85: GHG_BSL - GHG_WPS + FRP - GHG_LK, cumulative [tCO2e], reductions positive."""
    return np.asarray(baseline) - project + premium - leakage


def over_soil_cap(baseline_soil: Number, project_soil: Number, maximum: Number) -> Number:
    """Section 5.2.4: the part of the cumulative soil claim above its maximum [tCO2e]."""
    return np.maximum(np.asarray(baseline_soil) - project_soil - maximum, 0.0)


def limited_net(net: Number, over_cap: Number, net_max: Number) -> Number:
    """Eq 86: NER without what is over the soil cap, at most NER at t = 100 [tCO2e]."""
    limited: Number = np.minimum(np.asarray(net) - over_cap, net_max)
    return limited


def net_without_excess(net: Number, over_cap: Number) -> Number:
    """Eq 85 without what is over the soil cap, cumulative [tCO2e]."""
    return np.asarray(net) - over_cap


def stock_net(
    *,
    baseline_biomass: Number,
    baseline_soil_co2: Number,
    project_biomass: Number,
    project_soil_co2: Number,
    over_cap: Number,
) -> Number:
    """Eq 94 (NER_stock): Eq 85 without CH4, N2O, burning and fuel, cumulative [tCO2e]."""
    baseline = np.asarray(baseline_biomass) + baseline_soil_co2
    return baseline - project_biomass - project_soil_co2 - over_cap


def of_the_year(cumulative: Number) -> Number:
    """X_t2 - X_t1 for every year t2 with t1 the year before; t1 = 0 has nothing."""
    change: Number = np.diff(cumulative, axis=-1, prepend=0.0)
    return change


def buffer_credits(stock_net_cumulative: Number, buffer_percent: Number) -> Number:
    """Eq 94: (NER_stock,t2 - NER_stock,t1) x Buffer% [tCO2e/yr]."""
    return of_the_year(stock_net_cumulative) * np.asarray(buffer_percent) / 100


def issued_credits(adjusted_cumulative: Number, buffer: Number) -> Number:
    """Eq 93: (adjusted_NER_t2 - adjusted_NER_t1) - Buffer_t2 [tCO2e/yr] (printed x: misprint)."""
    return of_the_year(adjusted_cumulative) - np.asarray(buffer)


SOIL = pair(
    "26|79",
    "emission of soil",
    "tCO2e/yr",
    soil_emission,
    formula="{area_ha}*({co2}-{deduction}+{ch4}+{n2o})*{counts}",
)
SOIL_PARTS = {
    gas: pair(
        f"26 ({gas})|79 ({gas})",
        f"{gas} of soil",
        "tCO2e/yr",
        soil_part,
        formula="{area_ha}*({emission}-{deduction})*{counts}",
    )
    for gas in ("soil_co2", "ch4", "n2o")
}
BIOMASS_SUM = pair("19|70", "emission of biomass, cumulative", "tCO2e", biomass_emission)
SOIL_SUM = pair("20|71", "emission of soil, cumulative", "tCO2e", summed_emission)
SOIL_CO2_SUM = pair(
    "20 (soil_co2)|71 (soil_co2)", "CO2 of soil, cumulative", "tCO2e", summed_emission
)
BURNING_SUM = equation("72", "emission of burning, cumulative", "tCO2e", summed_emission)
FUEL_SUM = pair("21|73", "emission of fuel, cumulative", "tCO2e", summed_emission)
BASELINE = equation(
    "18",
    "baseline emissions, cumulative",
    "tCO2e",
    baseline_emission,
    formula="{biomass}+{soil}+{fuel}",
)
PROJECT = equation(
    "69",
    "project emissions, cumulative",
    "tCO2e",
    project_emission,
    formula="{biomass}+{soil}+{burning}+{fuel}",
)
NET = equation(
    "85",
    "net reductions, cumulative",
    "tCO2e",
    net_reductions,
    formula="{baseline}-{project}+{premium}-{leakage}",
)
CAP = equation(
    "3 (CO2)", "maximum soil claim as CO2", "tCO2e", cap_in_co2e, formula="44/12*{maximum_tc}"
)
OVER_CAP = equation(
    "3 (excess)",
    "soil claim over its maximum",
    "tCO2e",
    over_soil_cap,
    formula="MAX(0,{baseline_soil}-{project_soil}-{maximum})",
)
UNLIMITED = equation(
    "85 (limited)",
    "net reductions after the soil cap",
    "tCO2e",
    net_without_excess,
    formula="{net}-{over_cap}",
)
LIMITED = equation(
    "86",
    "net reductions after long-term caps",
    "tCO2e",
    limited_net,
    formula="MIN({net}-{over_cap},{net_max})",
)
STOCK_NET = equation(
    "94 (NER_stock)",
    "net change of stocks, cumulative",
    "tCO2e",
    stock_net,
    formula=(
        "{baseline_biomass}+{baseline_soil_co2}-{project_biomass}-{project_soil_co2}-{over_cap}"
    ),
)
BUFFER = equation("94", "buffer credits of the year", "tCO2e", buffer_credits)
ISSUED = equation("93", "credits of the year", "tCO2e", issued_credits)


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

    def pools(self) -> dict[str, Number]:
        """Emissions of the year by pool and gas [tCO2e]."""
        gases = {name: term.value for name, term in self.soil_gases.items()}
        return {
            "biomass": -units.CO2E_PER_C * np.asarray(self.biomass_tc.value),
            **gases,
            "burning": self.burning.value,
            "fuel": self.fuel.value,
        }


Results = Mapping[Scenario, tuple[CellResult, ...]]


class Vm0033(RuleBook):
    """The rule book ``vm0033@2.1``; see the module for its scope."""

    @property
    def spec(self) -> MethodologySpec:
        """The declaration, from :mod:`bluecarbon.methodology.vm0033_spec`."""
        return SPEC

    def check(self, monitoring: Monitoring) -> tuple[Finding, ...]:
        """Applicability conditions, choices and missing data; all findings at once."""
        return check(monitoring)

    def axis(self, monitoring: Monitoring) -> tuple[int, ...]:
        """The years from the project start to the end of the monitoring period."""
        return axis_of(monitoring)

    def evaluate(self, inputs: Inputs) -> Evaluation:
        """Credits per vintage year [tCO2e], on single values or on draws."""
        return _Run(inputs).evaluation()

    def example(self) -> Monitoring:
        """A small, complete monitoring file."""
        return example()

    def example_parameters(self) -> tuple[Parameter, ...]:
        """The parameters that a project gives besides the shipped ones."""
        return example_parameters()


VM0033_V2_1 = Vm0033()


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
    if any(_counts(gas) for gas in gases.values()):
        rates = {"co2": co2, "deduction": deduction, "ch4": gases["ch4"], "n2o": gases["n2o"]}
        soil = cell.evaluate(SOIL, area_ha=area, counts=counts, **rates)
    parts = {}
    for name, gas in gases.items():
        parts[name] = cell.nothing("tCO2e/yr", f"no {name} of soil is counted")
        if _counts(gas):
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


def _counts(term: Term) -> bool:
    """Whether a term is more than zero in every year: zero need not be multiplied by draws."""
    return np.ndim(term.value) > 1 or bool(np.any(term.value))


def _amounts(inputs: Inputs, trace: Trace) -> Mapping[Scenario, tuple[CellAmounts, ...]]:
    return {
        scenario: tuple(
            CellAmounts(
                r.cell,
                {name: np.cumsum(value, axis=-1) for name, value in r.pools().items()},
                r.area.value,
            )
            for r in results
        )
        for scenario, results in cell_results(inputs, trace).items()
    }


BY_TERM = {
    name: f"{NET.document} {numbers}"
    for name, numbers in {
        "biomass": "Eq 19, 22-25; 70, 74-78",
        "soil_co2": "Eq 20, 26-58; 71, 79",
        "ch4": "Eq 26, 59-61; 79",
        "n2o": "Eq 26, 62-68; 79",
        "burning": "Eq 72, 81-83",
        "fuel": "Eq 21; 73, 84",
        "fire_reduction_premium": "Eq 85 (FRP)",
        "long_term_caps": "Eq 3-17, 86",
        "baseline": "Eq 18",
        "project": "Eq 69",
        "leakage": "Eq 85 (GHG_LK)",
        "gross": "Eq 85-86",
        "uncertainty_deduction": "Eq 87-92",
        "buffer": "Eq 94",
        "net": "Eq 93",
    }.items()
}
"""Which equations give each pool and term, for comparisons."""


@dataclass(frozen=True)
class _Cumulative:
    """Cumulative emissions of a scenario [tCO2e]."""

    biomass: Term
    soil: Term
    soil_co2: Term
    total: Term


class _Run:
    """One evaluation: the inputs and the trace that grows."""

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs
        self.trace = Trace(inputs.years, recording=not inputs.is_sampled)
        self.done = Evaluation(inputs.monitoring.period.years, self.trace)
        self.first = inputs.years.index(self.done.years[0])

    def evaluation(self) -> Evaluation:
        results = cell_results(self.inputs, self.trace)
        sums = {s: self.cumulative(s, results[s]) for s in SCENARIOS}
        premium = self.project_series("fire_reduction_premium")
        leakage = self.project_series("leakage_emission")
        net = self.trace.evaluate(
            NET,
            "project",
            baseline=sums["baseline"].total,
            project=sums["project"].total,
            premium=self.cumulated(premium),
            leakage=self.cumulated(leakage),
        )
        over_cap = self.over_cap(sums)
        limited = self.limited(net, over_cap)
        error, share = net_error(self.inputs, self.trace, _amounts)
        kept = self.trace.evaluate(ADJUSTED, "project", net=limited, share=share)
        buffer = self.buffer(sums, over_cap)
        issued = self.trace.evaluate(ISSUED, "project", adjusted_cumulative=kept, buffer=buffer)
        self.outputs({"ner": (net, NET), "ner_limited": (limited, LIMITED)})
        self.outputs({"ner_error": (error, NET_ERROR), "ner_adjusted": (kept, ADJUSTED)})
        self.outputs({"buffer": (buffer, BUFFER), "credits": (issued, ISSUED)})
        self.outputs({"ghg_baseline": (sums["baseline"].total, BASELINE)})
        self.outputs({"ghg_project": (sums["project"].total, PROJECT)})
        self.remarks(error, net, limited)
        deduction = of_the_year(net_without_excess(limited.value, kept.value))
        balance = self.balance(sums, limited, leakage)
        self.done.terms = YearTerms(
            baseline=balance["baseline"],
            project=balance["project"],
            leakage=balance["leakage"],
            gross=balance["gross"],
            pools=self.pools(results, premium, net, limited),
            uncertainty_deduction=self.cut(deduction),
            buffer=self.cut(buffer.value),
            equations=BY_TERM,
        )
        return self.done

    def cumulative(self, scenario: Scenario, results: tuple[CellResult, ...]) -> _Cumulative:
        """Eq 18-21 or 69-73."""
        groups: dict[str, Group] = {
            "biomass": {r.cell.stratum: r.biomass_tc for r in results},
            "soil": {r.cell.stratum: r.soil for r in results},
            "soil_co2": {r.cell.stratum: r.soil_gases["soil_co2"] for r in results},
            "burning": {r.cell.stratum: r.burning for r in results},
            "fuel": {r.cell.stratum: r.fuel for r in results},
        }
        ev = self.trace.evaluate
        biomass = ev(BIOMASS_SUM[scenario], scenario, change_tc=groups["biomass"])
        soil = ev(SOIL_SUM[scenario], scenario, emission=groups["soil"])
        co2 = ev(SOIL_CO2_SUM[scenario], scenario, emission=groups["soil_co2"])
        burnt_fuel = ev(FUEL_SUM[scenario], scenario, emission=groups["fuel"])
        parts = {"biomass": biomass, "soil": soil, "fuel": burnt_fuel}
        if scenario == "baseline":
            return _Cumulative(biomass, soil, co2, ev(BASELINE, scenario, **parts))
        burnt = ev(BURNING_SUM, scenario, emission=groups["burning"])
        return _Cumulative(biomass, soil, co2, ev(PROJECT, scenario, burning=burnt, **parts))

    def project_series(self, name: str) -> Term:
        """An annual series of the whole project [tCO2e/yr], nothing when it is not given."""
        rows = self.inputs.monitoring.annual(name)
        if rows:
            return self.inputs.annual(rows[0], "tCO2e/yr")
        return Term(np.zeros(len(self.inputs.years)), "tCO2e/yr", f"no {name} given")

    def cumulated(self, annual: Term) -> Term:
        total = np.cumsum(annual.value, axis=-1)
        return Term(total, "tCO2e", f"{annual.source}, summed up to the year")

    def over_cap(self, sums: Mapping[Scenario, _Cumulative]) -> Term:
        maximum = maximum_soil_claim(self.inputs, self.trace)
        if maximum is None:
            return Term(np.zeros(len(self.inputs.years)), "tCO2e", "soil_cap_method not_applicable")
        return self.trace.evaluate(
            OVER_CAP,
            "project",
            baseline_soil=sums["baseline"].soil_co2,
            project_soil=sums["project"].soil_co2,
            maximum=self.trace.evaluate(CAP, "project", maximum_tc=maximum),
        )

    def limited(self, net: Term, over_cap: Term) -> Term:
        """Eq 86: the cap that is declared, or that this run reaches at t = 100."""
        declared = self.inputs.monitoring.declarations
        method = declared.get("long_term_cap_method", "not_applicable")
        if method == "declared":
            most = Term(float(declared["net_max_tco2e"]), "tCO2e", "declared net_max_tco2e")
        elif method == "computed":
            at_end = slice(HORIZON_YEARS - 1, HORIZON_YEARS)
            value = (np.asarray(net.value) - np.asarray(over_cap.value))[..., at_end]
            limit = value if value.ndim > 1 else float(value[0])
            most = Term(limit, "tCO2e", "NER at t = 100 of this run")
        else:
            return self.trace.evaluate(UNLIMITED, "project", net=net, over_cap=over_cap)
        return self.trace.evaluate(LIMITED, "project", net=net, over_cap=over_cap, net_max=most)

    def buffer(self, sums: Mapping[Scenario, _Cumulative], over_cap: Term) -> Term:
        stock = self.trace.evaluate(
            STOCK_NET,
            "project",
            baseline_biomass=sums["baseline"].biomass,
            baseline_soil_co2=sums["baseline"].soil_co2,
            project_biomass=sums["project"].biomass,
            project_soil_co2=sums["project"].soil_co2,
            over_cap=over_cap,
        )
        percent, source = nprt_v4_2.buffer_percent(self.inputs.monitoring.declarations)
        return self.trace.evaluate(
            BUFFER,
            "project",
            stock_net_cumulative=stock,
            buffer_percent=Term(percent, "percent", source),
        )

    def outputs(self, found: Mapping[str, tuple[Term, Equation]]) -> None:
        """Keep every year of a result (nothing under a Monte Carlo)."""
        for name, (term, what) in found.items():
            if self.inputs.is_sampled:
                return
            values = np.broadcast_to(np.asarray(term.value), (len(self.inputs.years),))
            for year, value in zip(self.inputs.years, values, strict=True):
                one = Term(float(value), term.unit, term.source)
                self.done.output(name, str(year), one, equation=what)

    def remarks(self, error: Term, net: Term, limited: Term) -> None:
        """What a careful reader must know of the result."""
        if self.inputs.is_sampled:
            return
        last = float(np.broadcast_to(np.asarray(error.value), (len(self.inputs.years),))[-1])
        if last > 100:
            self.done.findings.append(
                Finding.warning(
                    "uncertainty-exceeds-result",
                    "Eq 91",
                    f"NER_ERROR is {last:.0f} % in the last year",
                    fix="Eq 91 adds the emissions of baseline and project: they nearly cancel, "
                    "or the data are too uncertain",
                )
            )
        if np.any(np.asarray(limited.value) < np.asarray(net.value)):
            self.done.findings.append(
                Finding.warning(
                    "long-term-cap-binds",
                    "Eq 3-17, 86",
                    "the claim is limited by what is left 100 years after the start",
                )
            )

    def balance(
        self, sums: Mapping[Scenario, _Cumulative], limited: Term, leakage: Term
    ) -> dict[str, Number]:
        """Each scenario, leakage and the gross result of the years, removals positive."""
        gross = np.asarray(of_the_year(limited.value))
        # 0.0 - x and not -x: a baseline without emissions is 0, not -0.
        baseline = 0.0 - np.asarray(of_the_year(sums["baseline"].total.value))
        found = {
            "baseline": baseline,
            "project": gross + baseline + leakage.value,
            "leakage": leakage.value,
            "gross": gross,
        }
        return {name: self.cut(value) for name, value in found.items()}

    def pools(self, results: Results, premium: Term, net: Term, limited: Term) -> dict[str, Number]:
        """Project minus baseline by pool and gas, with what the caps take [tCO2e]."""
        taken = net_without_excess(limited.value, net.value)
        found = {
            **_pools(results),
            "fire_reduction_premium": premium.value,
            "long_term_caps": of_the_year(taken),
        }
        return {name: self.cut(value) for name, value in found.items()}

    def cut(self, annual: Number) -> Number:
        """The years of the monitoring period."""
        return np.asarray(annual)[..., self.first :]


def _pools(results: Results) -> dict[str, Number]:
    """Baseline minus project emissions of the year by pool [tCO2e]."""
    total: dict[str, Number] = {}
    for scenario in SCENARIOS:
        sign = 1.0 if scenario == "baseline" else -1.0
        for result in results[scenario]:
            for name, value in result.pools().items():
                total[name] = total.get(name, 0.0) + sign * np.asarray(value)
    return total
