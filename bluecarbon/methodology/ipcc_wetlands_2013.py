"""IPCC 2013 Wetlands Supplement, chapter 4 (coastal wetlands), Tier 1 for mangrove.

An inventory method and no crediting rule: change of biomass by growth and clearing, dead organic
matter, excavated soil, rewetted or revegetated soil, drained soil, CH4 of rewetted soil and N2O
of aquaculture, each as activity data times a default factor, for the project and the baseline.
There is no leakage, uncertainty deduction or buffer. Restored stands gain no litter or dead wood
(conservative). Its factors are parameter rows with the confidence intervals of the tables, which
a Monte Carlo samples; most were recalled, not read, so that a run on them is a draft.

Sign: outside removals positive; the factor of rewetting is negative as printed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from bluecarbon.methodology import ipcc_wetlands_2013_equations as equations
from bluecarbon.methodology.annual_series import annual_outputs, single, text_declaration
from bluecarbon.methodology.inputs import Inputs
from bluecarbon.methodology.ipcc_wetlands_2013_checks import check
from bluecarbon.methodology.ipcc_wetlands_2013_example import example
from bluecarbon.methodology.ipcc_wetlands_2013_spec import SPEC
from bluecarbon.methodology.protocol import MethodologySpec
from bluecarbon.methodology.rule_book import Evaluation, RuleBook, YearTerms
from bluecarbon.methodology.trace import Equation, Term, Trace
from bluecarbon.report import Monitoring, Scenario
from bluecarbon.spec import Finding, Parameter


class IpccWetlands2013(RuleBook):
    """The rule book ``ipcc-wetlands@2013``; see the module for its scope."""

    @property
    def spec(self) -> MethodologySpec:
        """The declaration, from :mod:`bluecarbon.methodology.ipcc_wetlands_2013_spec`."""
        return SPEC

    def own_findings(self, monitoring: Monitoring) -> tuple[Finding, ...]:
        """Missing and defective data; all findings at once."""
        return check(monitoring)

    def axis(self, monitoring: Monitoring) -> tuple[int, ...]:
        """The same years: all series run over them."""
        return self.years(monitoring)

    def evaluate(self, inputs: Inputs) -> Evaluation:
        """Net removals per year [tCO2e], on single values or on draws."""
        return _Run(inputs).evaluation()

    def example(self) -> Monitoring:
        """A small complete input."""
        return example()

    def example_parameters(self) -> tuple[Parameter, ...]:
        """Nothing: every row has a value."""
        return ()


IPCC_WETLANDS_2013 = IpccWetlands2013()

Terms = Mapping[str, Term]


@dataclass(frozen=True)
class _Activity:
    """One kind of activity data, the pool it moves, and the terms of its equation."""

    series: str
    unit: str
    pool: str
    is_removal: bool
    equation: Equation
    terms: Callable[[_Run, str, Term, Scenario], Terms]


class _Run:
    """One evaluation: the inputs and the trace that grows."""

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs
        self.trace = Trace(inputs.years, recording=not inputs.is_sampled)
        self.done = Evaluation(inputs.years, self.trace)

    def evaluation(self) -> Evaluation:
        project, baseline = self.pools("project"), self.pools("baseline")
        totals = {
            name: self.trace.evaluate(equations.SCENARIO, name, pools=pools)
            for name, pools in (("project", project), ("baseline", baseline))
        }
        net = self.trace.evaluate(equations.NET, "project", **totals)
        for name, term in totals.items():
            annual_outputs(self.done, f"net_removals_{name}", term, equations.SCENARIO)
        annual_outputs(self.done, "net", net, equations.NET)
        self.done.terms = YearTerms(
            baseline=totals["baseline"].value,
            project=totals["project"].value,
            leakage=0.0,
            pools={p: project[p].value - np.asarray(baseline[p].value) for p in POOLS},
            gross=np.asarray(net.value) + np.zeros(len(self.inputs.years)),
            uncertainty_deduction=0.0,
            buffer=0.0,
            equations=equations.BY_TERM,
        )
        self.warn_of_overgrowth()
        return self.done

    def pools(self, scenario: Scenario) -> dict[str, Term]:
        """Net removals of each pool and gas in a scenario, all strata."""
        removals: dict[str, dict[str, Term]] = {pool: {} for pool in POOLS}
        emissions: dict[str, dict[str, Term]] = {pool: {} for pool in POOLS}
        for activity in ACTIVITIES:
            side = removals if activity.is_removal else emissions
            for stratum, term in self.flows(activity, scenario).items():
                side[activity.pool][f"{activity.series} {stratum}"] = term
        return {
            pool: self.trace.evaluate(
                equations.POOL,
                f"{pool} {scenario}",
                removals=removals[pool],
                emissions=emissions[pool],
            )
            for pool in POOLS
        }

    def flows(self, activity: _Activity, scenario: Scenario) -> dict[str, Term]:
        """One activity in every stratum that has it."""
        found = {}
        for stratum in self.inputs.monitoring.strata:
            row = single(self.inputs.monitoring, activity.series, stratum.id, scenario)
            if row is None:
                continue
            amount = self.inputs.annual(row, activity.unit)
            terms = activity.terms(self, stratum.id, amount, scenario)
            scope = f"{stratum.id} {scenario}"
            found[stratum.id] = self.trace.evaluate(activity.equation, scope, **terms)
        return found

    def of_zone(self, name: str, unit: str, stratum: str) -> Term:
        """A parameter of the climate zone of a stratum."""
        zone = text_declaration(self.inputs.monitoring, "climate_zone", stratum)
        return self.inputs.parameter(f"{name}_{zone}", unit)

    def annual(self, name: str, unit: str, stratum: str, scenario: Scenario) -> Term:
        """A series that ``check`` has found to be there."""
        (row,) = self.inputs.monitoring.annual(name, stratum=stratum, scenario=scenario)
        return self.inputs.annual(row, unit)

    def warn_of_overgrowth(self) -> None:
        """A finding where growth at the Tier 1 rate passes the mature stock of the zone."""
        for row in self.inputs.monitoring.series:
            if self.inputs.is_sampled or row.variable != "growing_area":
                continue
            area = np.asarray(self.inputs.annual(row, "ha").value)
            rate = self.of_zone("agb_growth", "t/ha/yr", row.stratum).single
            mature = self.of_zone("agb", "t/ha", row.stratum).single
            if area.sum() * rate > area.max() * mature:
                message = (
                    f"grows by {area.sum() * rate / area.max():.0f} t/ha in the period, more than "
                    f"the mature stock of its zone ({mature:g} t/ha)"
                )
                fix = "let growing_area end when the stand is mature"
                subject = f"stratum {row.stratum} {row.scenario}"
                self.done.findings.append(
                    Finding.warning("growth-exceeds-stock", subject, message, fix=fix)
                )


def _biomass(run: _Run, stratum: str, area: Term, *, row: str, unit: str) -> Terms:
    return {
        "area_ha": area,
        "biomass_t_ha": run.of_zone(row, unit, stratum),
        "root_shoot": run.of_zone("root_shoot", "1", stratum),
        "carbon_fraction": run.inputs.parameter("carbon_fraction", "tC/t"),
    }


def _growth(run: _Run, stratum: str, area: Term, _scenario: Scenario) -> Terms:
    return _biomass(run, stratum, area, row="agb_growth", unit="t/ha/yr")


def _clearing(run: _Run, stratum: str, area: Term, _scenario: Scenario) -> Terms:
    return _biomass(run, stratum, area, row="agb", unit="t/ha")


def _dead_organic_matter(run: _Run, _stratum: str, area: Term, _scenario: Scenario) -> Terms:
    return {
        "area_ha": area,
        "litter_tc_ha": run.inputs.parameter("litter_carbon", "tC/ha"),
        "dead_wood_tc_ha": run.inputs.parameter("dead_wood_carbon", "tC/ha"),
    }


def _extraction(run: _Run, stratum: str, area: Term, _scenario: Scenario) -> Terms:
    soil = text_declaration(run.inputs.monitoring, "soil_type", stratum)
    stock = run.inputs.parameter(f"soil_carbon_{soil}", "tC/ha")
    return {"area_ha": area, "soil_carbon_tc_ha": stock}


def _rewetting(run: _Run, stratum: str, area: Term, scenario: Scenario) -> Terms:
    return {
        "area_ha": area,
        "revegetated_share": run.annual("revegetated_share", "1", stratum, scenario),
        "factor_tc_ha_yr": run.inputs.parameter("ef_rewetting", "tC/ha/yr"),
    }


def _drainage(run: _Run, _stratum: str, area: Term, _scenario: Scenario) -> Terms:
    return {
        "area_ha": area,
        "factor_tc_ha_yr": run.inputs.parameter("ef_drainage", "tC/ha/yr"),
    }


def _methane(run: _Run, stratum: str, area: Term, scenario: Scenario) -> Terms:
    factor = run.trace.evaluate(
        equations.METHANE_FACTOR,
        f"{stratum} {scenario}",
        salinity_g_kg=run.annual("salinity", "g/kg", stratum, scenario),
        factor_low_kg_ha_yr=run.inputs.parameter("ef_ch4_low_salinity", "kg/ha/yr"),
        factor_high_kg_ha_yr=run.inputs.parameter("ef_ch4_high_salinity", "kg/ha/yr"),
    )
    gwp = run.inputs.parameter("gwp_ch4", "tCO2e/t")
    return {"area_ha": area, "factor_kg_ha_yr": factor, "gwp": gwp}


def _aquaculture(run: _Run, _stratum: str, fish: Term, _scenario: Scenario) -> Terms:
    return {
        "fish_kg": fish,
        "factor_kg_kg": run.inputs.parameter("ef_n2o_fish", "kg/kg"),
        "gwp": run.inputs.parameter("gwp_n2o", "tCO2e/t"),
    }


POOLS = ("biomass", "dead organic matter", "soil", "CH4", "N2O")

ACTIVITIES = (
    _Activity("growing_area", "ha", "biomass", True, equations.GROWTH, _growth),
    _Activity("cleared_area", "ha", "biomass", False, equations.CLEARING, _clearing),
    _Activity(
        "cleared_area",
        "ha",
        "dead organic matter",
        False,
        equations.DEAD_ORGANIC_MATTER,
        _dead_organic_matter,
    ),
    _Activity("extracted_area", "ha", "soil", False, equations.EXTRACTION, _extraction),
    # Not a removal here, although it is one: the factor itself is negative.
    _Activity("rewetted_area", "ha", "soil", False, equations.REWETTING, _rewetting),
    _Activity("drained_area", "ha", "soil", False, equations.DRAINAGE, _drainage),
    _Activity("rewetted_area", "ha", "CH4", False, equations.METHANE, _methane),
    _Activity("fish_production", "kg", "N2O", False, equations.AQUACULTURE, _aquaculture),
)
