"""VM0033 v2.1, tidal wetland and seagrass restoration: mangrove restoration and conservation.

Annual series per stratum for the baseline and for the project become cumulative emissions
(Eq 18-84), the net result (85), its long-term cap (86), the uncertainty deduction (87-92) and
what may be issued beside the buffer (93, 94). Yearly rows are differences of cumulative results.

Where what stands: ``vm0033_methods`` (the choices and the series), ``vm0033_biomass`` (22-25,
74-78), ``vm0033_soil`` (27-38, 48-58, 80), ``vm0033_field`` (39-47, 95-99) and ``vm0033_cores``
(cores in layers as the stock of 36 and of 2, 10, 11), ``vm0033_gases`` (59-68, 81-84),
``vm0033_depletion`` (1-17), ``vm0033_uncertainty`` (87-92), ``vm0033_net`` (18-21, 26, 69-73, 79,
85, 86, 93, 94).

Read in a parsed text of the methodology of 4 September 2023. Its misprints: Eq 20 is labelled
GHG_BSL-biomass; Eq 71-73 repeat Eq 70 with 44/12 dC, where the legend and Eq 79-84 give emissions,
which are summed here; Eq 93 has x for the minus that VM0007 Eq 16 has; Eq 95 has 0.04 for 0.40;
Eq 16-17 multiply a rate in tC/ha by VC. 1.6 % (Eq 35) is the carbon content of the soil.

Not available: Eq 5 does not exist; Eq 30, 50 and 58 are proxies (``flux`` options: the value as
given); Eq 98 (seagrass with over 20 % organic matter) was not legible and stands on unverified
rows; Eq 100 on (bulk density, wood products of Appendix 1) was not legible; VMD0046 (fire
reduction premium) and AR-TOOL05 (fuel) come in as results.

Readings that are ours, where the text is silent or can be read in two ways (``docs``: "VM0033:
readings that are ours"): stocks err independently from year to year, and Eq 91 divides by
|GHG_BSL + GHG_WPS| (``vm0033_uncertainty``); Eq 94 is taken literally in years of loss, where its
buffer credits are negative (a finding names the years: a registry hands none back), and what the
caps of 5.2.4 and Eq 86 take off NER is taken off NER_stock; a stratum loses no more soil carbon
than it has (Eq 14-17); after its submergence_year a stratum gets no default removals (5.2.3);
depletion counts whole years.

Sign inside: emission positive, removal negative, as in the document; removals are positive in
what the rule book gives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from bluecarbon.methodology.inputs import Inputs
from bluecarbon.methodology.monte_carlo import ChunkInputs, Interval
from bluecarbon.methodology.nprt_trace import buffer_share
from bluecarbon.methodology.protocol import MethodologySpec
from bluecarbon.methodology.rule_book import Evaluation, RuleBook, YearTerms
from bluecarbon.methodology.trace import Equation, Group, Number, Term, Trace, year_before
from bluecarbon.methodology.vm0033_cell import HORIZON_YEARS
from bluecarbon.methodology.vm0033_checks import axis_of, check
from bluecarbon.methodology.vm0033_depletion import maximum_soil_claim
from bluecarbon.methodology.vm0033_example import example, example_parameters
from bluecarbon.methodology.vm0033_methods import SCENARIOS
from bluecarbon.methodology.vm0033_net import (
    BASELINE,
    BIOMASS_SUM,
    BUFFER,
    BURNING_SUM,
    CAP,
    CLAIM,
    FUEL_SUM,
    ISSUED,
    LEAKAGE_SUM,
    LIMITED,
    NET,
    OVER_CAP,
    OVER_CAPS,
    PREMIUM_SUM,
    PROJECT,
    SOIL_CO2_SUM,
    SOIL_SUM,
    STOCK_NET,
    UNLIMITED,
    net_without_excess,
    of_the_year,
)
from bluecarbon.methodology.vm0033_remarks import remarks
from bluecarbon.methodology.vm0033_results import CellResult, Results, by_pool, cell_results
from bluecarbon.methodology.vm0033_spec import SPEC
from bluecarbon.methodology.vm0033_uncertainty import (
    ADJUSTED,
    NET_ERROR,
    NetError,
    confidence_percent,
    net_error,
)
from bluecarbon.report import Monitoring, Quantification, Scenario
from bluecarbon.spec import Finding, Parameter


class Vm0033(RuleBook):
    """The rule book ``vm0033@2.1``; see the module for its scope."""

    @property
    def spec(self) -> MethodologySpec:
        """The declaration, from :mod:`bluecarbon.methodology.vm0033_spec`."""
        return SPEC

    def own_findings(self, monitoring: Monitoring) -> tuple[Finding, ...]:
        """Applicability conditions, choices and missing data; all findings at once."""
        return check(monitoring)

    def axis(self, monitoring: Monitoring) -> tuple[int, ...]:
        """The years from the project start to the end of the monitoring period."""
        return axis_of(monitoring)

    def evaluate(self, inputs: Inputs) -> Evaluation:
        """Credits per vintage year [tCO2e], on single values or on draws."""
        return _Run(inputs).evaluation()

    def analytic_interval(self, monitoring: Monitoring, done: Quantification) -> Interval | None:
        """NER after the caps with NER_ERROR of Eq 91, against the draws of ``gross``.

        None in a later period: Eq 91 is of the time since the project start.
        """
        years = axis_of(monitoring)
        if years != monitoring.period.years:
            return None
        last = str(years[-1])
        value = done.output("ner_limited", last)
        half_width = abs(value) * done.output("ner_error", last) / 100
        level = confidence_percent(monitoring)
        return Interval("gross", value, half_width, level, NET_ERROR.label)

    def example(self) -> Monitoring:
        """A small, complete monitoring file."""
        return example()

    def example_parameters(self) -> tuple[Parameter, ...]:
        """The parameters that a project gives besides the shipped ones."""
        return example_parameters()


VM0033_V2_1 = Vm0033()


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


@dataclass(frozen=True)
class _Beside:
    """FRP and leakage of the whole project: of each year [tCO2e/yr], and up to it [tCO2e]."""

    annual: Term
    total: Term


class _Run:
    """One evaluation: the inputs and the trace that grows."""

    def __init__(self, inputs: Inputs, *, recording: bool = True) -> None:
        self.inputs = inputs
        self.trace = Trace(inputs.years, recording=recording and not inputs.is_sampled)
        self.done = Evaluation(inputs.monitoring.period.years, self.trace)
        self.first = inputs.years.index(self.done.years[0])

    def evaluation(self) -> Evaluation:
        results = cell_results(self.inputs, self.trace)
        sums = {s: self.cumulative(s, results[s]) for s in SCENARIOS}
        premium = self.beside("fire_reduction_premium", PREMIUM_SUM)
        leakage = self.beside("leakage_emission", LEAKAGE_SUM)
        net = self.trace.evaluate(
            NET,
            "project",
            baseline=sums["baseline"].total,
            project=sums["project"].total,
            premium=premium.total,
            leakage=leakage.total,
        )
        limited = self.limited(net, self.over_cap(sums))
        error = self.net_error(results, sums)
        kept = self.trace.evaluate(ADJUSTED, "project", net=limited, share=error.share)
        over_caps = self.trace.evaluate(OVER_CAPS, "project", net=net, over_cap=limited)
        stock = self.stock(sums, premium.total, leakage.total, over_caps)
        buffer = self.buffer(stock)
        terms = {"adjusted": kept, "adjusted_before": year_before(kept)}
        issued = self.trace.evaluate(ISSUED, "project", **terms, buffer=buffer)
        self.trace.evaluate(CLAIM, "project", **terms)
        self.outputs({"ner": (net, NET), "ner_limited": (limited, LIMITED)})
        self.outputs({"ner_error": (error.error, NET_ERROR), "ner_adjusted": (kept, ADJUSTED)})
        self.outputs({"buffer": (buffer, BUFFER), "credits": (issued, ISSUED)})
        self.outputs({s: (sums[k].total, w) for k, (s, w) in TOTALS.items()})
        if not self.inputs.is_sampled:
            totals = {scenario: total.total for scenario, total in sums.items()}
            year = {"net": net, "limited": limited, "buffer": buffer}
            self.done.findings += remarks(self.inputs, self.trace, error, totals=totals, **year)
        deduction = of_the_year(net_without_excess(limited.value, kept.value))
        balance = self.balance(sums, limited, leakage.annual)
        self.done.terms = YearTerms(
            baseline=balance["baseline"],
            project=balance["project"],
            leakage=balance["leakage"],
            gross=balance["gross"],
            pools=self.pools(results, premium.annual, over_caps),
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
        add = self.trace.accumulate
        biomass = add(BIOMASS_SUM[scenario], scenario, change_tc=groups["biomass"])
        soil = add(SOIL_SUM[scenario], scenario, emission=groups["soil"])
        co2 = add(SOIL_CO2_SUM[scenario], scenario, emission=groups["soil_co2"])
        burnt_fuel = add(FUEL_SUM[scenario], scenario, emission=groups["fuel"])
        parts = {"biomass": biomass, "soil": soil, "fuel": burnt_fuel}
        if scenario == "baseline":
            total = self.trace.evaluate(BASELINE, scenario, **parts)
            return _Cumulative(biomass, soil, co2, total)
        burnt = add(BURNING_SUM, scenario, emission=groups["burning"])
        total = self.trace.evaluate(PROJECT, scenario, burning=burnt, **parts)
        return _Cumulative(biomass, soil, co2, total)

    def beside(self, name: str, what: Equation) -> _Beside:
        """An annual series of the whole project, nothing when it is not given."""
        rows = self.inputs.monitoring.annual(name)
        if rows:
            annual = self.inputs.annual(rows[0], "tCO2e/yr")
            return _Beside(annual, self.trace.accumulate(what, "project", annual=annual))
        nothing = np.zeros(len(self.inputs.years))
        source = f"no {name} given"
        return _Beside(Term(nothing, "tCO2e/yr", source), Term(nothing, "tCO2e", source))

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
        eligible = self.trace.evaluate(UNLIMITED, "project", net=net, over_cap=over_cap)
        if method == "declared":
            most = Term(float(declared["net_max_tco2e"]), "tCO2e", "declared net_max_tco2e")
        elif method == "computed":
            value = np.asarray(eligible.value)[..., HORIZON_YEARS - 1 : HORIZON_YEARS]
            limit = value if value.ndim > 1 else float(value[0])
            year = self.inputs.years[HORIZON_YEARS - 1]
            most = Term(limit, "tCO2e", f"{eligible.source} {year}")
        else:
            return eligible
        return self.trace.evaluate(LIMITED, "project", net=eligible, net_max=most)

    def net_error(self, results: Results, sums: Mapping[Scenario, _Cumulative]) -> NetError:
        """Eq 87-92, of the central values also under a Monte Carlo."""
        if self.inputs.is_sampled:
            plain = _Run(_central(self.inputs), recording=False)
            return _once(self.inputs, "net_error", plain.own_error)
        totals = {scenario: total.total for scenario, total in sums.items()}
        return net_error(self.inputs, self.trace, results, totals)

    def own_error(self) -> NetError:
        """Eq 87-92 without the rest of the run."""
        results = cell_results(self.inputs, self.trace)
        return self.net_error(results, {s: self.cumulative(s, results[s]) for s in SCENARIOS})

    def stock(
        self,
        sums: Mapping[Scenario, _Cumulative],
        premium: Term,
        leakage: Term,
        over_caps: Term,
    ) -> Term:
        """NER_stock of Eq 94."""
        return self.trace.evaluate(
            STOCK_NET,
            "project",
            baseline_biomass=sums["baseline"].biomass,
            baseline_soil_co2=sums["baseline"].soil_co2,
            project_biomass=sums["project"].biomass,
            project_soil_co2=sums["project"].soil_co2,
            premium=premium,
            leakage=leakage,
            over_caps=over_caps,
        )

    def buffer(self, stock: Term) -> Term:
        """Eq 94, with the buffer share of the Non-Permanence Risk Tool."""
        declared = self.inputs.monitoring.declarations
        percent = _once(self.inputs, "buffer", lambda: buffer_share(declared, self.trace))
        return self.trace.evaluate(
            BUFFER,
            "project",
            stock_net=stock,
            stock_net_before=year_before(stock),
            buffer_percent=percent,
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

    def pools(self, results: Results, premium: Term, over_caps: Term) -> dict[str, Number]:
        """Project minus baseline by pool and gas, with what the caps take [tCO2e]."""
        if self.inputs.is_sampled:
            return {}
        found = {
            **by_pool(results),
            "fire_reduction_premium": premium.value,
            "long_term_caps": of_the_year(0.0 - np.asarray(over_caps.value)),
        }
        return {name: self.cut(value) for name, value in found.items()}

    def cut(self, annual: Number) -> Number:
        """The years of the monitoring period."""
        return np.asarray(annual)[..., self.first :]


TOTALS: Mapping[Scenario, tuple[str, Equation]] = {
    "baseline": ("ghg_baseline", BASELINE),
    "project": ("ghg_project", PROJECT),
}


T = TypeVar("T")


def _once(inputs: Inputs, name: str, make: Callable[[], T]) -> T:
    """What no draw changes: made once in a Monte Carlo, not once for each chunk of draws."""
    if not isinstance(inputs, ChunkInputs):
        return make()
    if name not in inputs.kept:
        inputs.kept[name] = make()
    found: T = inputs.kept[name]
    return found


def _central(inputs: Inputs) -> Inputs:
    return Inputs(inputs.monitoring, inputs.parameters, years=inputs.years)
