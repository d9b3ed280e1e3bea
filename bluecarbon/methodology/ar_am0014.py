"""AR-AM0014 v3.0, afforestation and reforestation of degraded mangrove habitats.

Trees by AR-TOOL14 v4.2 (:mod:`bluecarbon.methodology.ar_am0014_trees`: stratified plots, double
sampling, the stock before planting by crown cover; stock difference, or the change of permanent
plots with an updated stock, :mod:`bluecarbon.methodology.ar_tool14_change`), soil by the
methodology's own default (Eq 4). Shrubs and dead wood are optional pools, counted where the
project gives data for them (:mod:`bluecarbon.methodology.ar_am0014_pools`); litter is not a pool
of this methodology. Emissions from burning (AR-TOOL08) and leakage (AR-TOOL15) are computed
elsewhere and declared; a project that burns or displaces agriculture without them is refused.

Left out of AR-TOOL14: "no decrease" and the conditions under which a stock or change is zero
(statements without an equation, sections 5 and 6.4; a cover of 0 stands for them), and the factor
on root-shoot ratios of coppice (Appendix 1).

Sources: AR-AM0014 versions 01 and 02 (read); the body of version 03.0 was seen through monitoring
reports and India's adoption of it (BM FR05.001 v1.0), and is consistent with them. AR-TOOL14 was
read in two transcriptions that agree. Sign: removals positive.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bluecarbon import units
from bluecarbon.errors import MethodologyError
from bluecarbon.methodology import ar_am0014_example as golden
from bluecarbon.methodology import ar_am0014_pools as optional
from bluecarbon.methodology import ar_am0014_remeasured as remeasured
from bluecarbon.methodology import ar_am0014_trees as trees
from bluecarbon.methodology import ar_tool14, ar_tool14_change
from bluecarbon.methodology.ar_am0014_checks import check
from bluecarbon.methodology.ar_am0014_spec import DOCUMENT, SPEC
from bluecarbon.methodology.inputs import Inputs
from bluecarbon.methodology.protocol import MethodologySpec
from bluecarbon.methodology.rule_book import Evaluation, RuleBook, YearTerms
from bluecarbon.methodology.trace import Equation, Number, Term, Trace
from bluecarbon.report import Monitoring, Stratum
from bluecarbon.spec import Finding, Parameter


def soil_removal_tco2e(area_ha: Number, rate_tc_ha_yr: Number, years: Number) -> Number:
    """AR-AM0014 Eq 4: 44/12 x A_PLANT x dSOC x 1 yr, here for a share of a year [tCO2e]."""
    return units.CO2E_PER_C * area_ha * rate_tc_ha_yr * years


SOIL = Equation(
    DOCUMENT,
    "Eq 4",
    "soil organic carbon, default rate",
    "tCO2e",
    soil_removal_tco2e,
    "44/12*{area_ha}*{rate_tc_ha_yr}*{years}",
)
PROJECT_REMOVAL = Equation(
    DOCUMENT,
    "Eq 3",
    "change of carbon in the project's pools",
    "tCO2e",
    lambda trees, soil: trees + soil,
    "{trees}+{soil}",
)
ACTUAL = Equation(
    DOCUMENT,
    "Eq 2",
    "actual net removals",
    "tCO2e",
    lambda pools, emissions: pools - emissions,
    "{pools}-{emissions}",
)
BASELINE_YEARS = Equation(
    DOCUMENT,
    "Eq 1",
    "baseline removals over the share of the year",
    "tCO2e",
    lambda annual, years: annual.sum(axis=-1) * years,
    "SUM({annual})*{years}",
)
NET = Equation(
    DOCUMENT,
    "Eq 6",
    "net anthropogenic removals",
    "tCO2e",
    lambda actual, baseline, leakage: actual - baseline - leakage,
    "{actual}-{baseline}-{leakage}",
)
SOIL_SUM = Equation(
    DOCUMENT,
    "Eq 4 (sum)",
    "soil organic carbon, all strata",
    "tCO2e",
    lambda strata: strata.sum(axis=-1),
    "SUM({strata})",
)
NET_SUM = Equation(
    DOCUMENT,
    "Eq 6 (sum)",
    "net removals of all years",
    "tCO2e",
    lambda net: net.sum(axis=-1),
    "SUM({net})",
)
ANNUAL_SHARE = Equation(
    ar_tool14.DOCUMENT,
    "Eq 11",
    "tree change of a year, linear between the two dates",
    "tCO2e",
    lambda change, years, period_years: change * years / period_years,
    "{change}*{years}/{period_years}",
)


@dataclass(frozen=True)
class TreeChange:
    """The change of tree carbon between the two dates, before and after the discount."""

    full: Term
    discounted: Term


@dataclass(frozen=True)
class YearResult:
    """The terms of one vintage year [tCO2e]."""

    trees: Term
    trees_full: Term
    soil: Term
    baseline: Term
    net: Term
    optional: optional.OptionalYear


class ArAm0014(RuleBook):
    """The rule book ``ar-am0014@3.0``; see the module for its scope."""

    @property
    def spec(self) -> MethodologySpec:
        """The declaration, from :mod:`bluecarbon.methodology.ar_am0014_spec`."""
        return SPEC

    def own_findings(self, monitoring: Monitoring) -> tuple[Finding, ...]:
        """Applicability conditions and missing data; all findings at once."""
        return check(monitoring)

    def years(self, monitoring: Monitoring) -> tuple[int, ...]:
        """The calendar years that the monitoring period touches."""
        return monitoring.period.years

    def evaluate(self, inputs: Inputs) -> Evaluation:
        """Net removals per vintage year [tCO2e], on single values or on draws."""
        return _Run(inputs).evaluation()

    def example(self) -> Monitoring:
        """A complete small input, from :mod:`bluecarbon.methodology.ar_am0014_example`."""
        return golden.example()

    def example_parameters(self) -> tuple[Parameter, ...]:
        """The parameter rows that the example's project gives."""
        return golden.example_parameters()


AR_AM0014_V3_0 = ArAm0014()


class _Run:
    """One evaluation: the inputs and the trace that grows."""

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs
        self.monitoring = inputs.monitoring
        self.shares = shares_of_years(inputs.monitoring)
        self.trace = Trace(recording=not inputs.is_sampled)
        self.done = Evaluation(tuple(self.shares), self.trace)
        self.planted = tuple(s for s in self.monitoring.strata if s.kind == "planted")
        self.remeasured = remeasured.remeasured_strata(self.monitoring)
        self.carbon_fraction = inputs.parameter("carbon_fraction_tree", "tC/t")
        self.ladder = trees.discount_ladder(inputs)

    def evaluation(self) -> Evaluation:
        change = self.tree_change()
        baseline = self.baseline_per_year()
        pools = optional.OptionalPools(self.inputs, self.trace, self.planted)
        results = [
            self.year_result(y, change=change, baseline=baseline, pools=pools) for y in self.shares
        ]
        self.done.terms = _year_terms(results)
        by_year = {str(y): r.net for y, r in zip(self.shares, results, strict=True)}
        total = self.trace.evaluate(NET_SUM, "project", net=by_year)
        self.done.output("net_removals", "project", total, equation=NET_SUM)
        return self.done

    def tree_change(self) -> TreeChange:
        """The discounted change of tree carbon between the two dates, AR-TOOL14 Eq 1, 2, App 2."""
        stocks = trees.TreeStocks(self.inputs, self.done, self.planted)
        start, end = stocks.at_start(), stocks.at_end()
        change = self.trace.evaluate(
            ar_tool14.CHANGE, "project", stock_start=start.stock, stock_end=end.stock
        )
        if np.any(np.asarray(change.value) == 0):
            raise MethodologyError("tree carbon did not change: AR-TOOL14 Eq 2 is undefined")
        uncertainty, how = self.change_uncertainty(start, end, change)
        share = self.trace.evaluate(
            ar_tool14.DISCOUNT_SHARE, "project", uncertainty=uncertainty, **self.ladder
        )
        kept = self.trace.evaluate(
            ar_tool14.DISCOUNTED, "project", change=change, uncertainty=uncertainty, share=share
        )
        with_areas = self.uncertainty_with_areas(change, uncertainty, (start, end))
        for name, term, equation in (
            ("tree_change", change, ar_tool14.CHANGE),
            ("tree_change_uncertainty", uncertainty, how),
            ("tree_change_discounted", kept, ar_tool14.DISCOUNTED),
            (
                "tree_change_uncertainty_with_areas",
                with_areas,
                ar_tool14.UNCERTAINTY_WITH_AREAS,
            ),
        ):
            self.done.output(name, "project", term, equation=equation)
        if not self.inputs.is_sampled:
            steps = {name: term.single for name, term in self.ladder.items()}
            self.done.findings += area_error_findings(uncertainty.single, with_areas.single, steps)
        return TreeChange(change, kept)

    def change_uncertainty(
        self, start: trees.TreeStock, end: trees.TreeStock, change: Term
    ) -> tuple[Term, Equation]:
        """AR-TOOL14 Eq 2, or Eq 3-8 where a stratum's plots were measured at both dates."""
        both = self.remeasured & start.sampled.plots.keys() & end.sampled.plots.keys()
        if both:
            term = remeasured.change_uncertainty(self.trace, start.sampled, end.sampled, both)
            before = (start.stock, start.uncertainty)
            remeasured.update_stock(
                self.done,
                self.monitoring,
                before=before,
                change=change,
                uncertainty=term,
                ladder=self.ladder,
            )
            return term, ar_tool14_change.CHANGE_UNCERTAINTY
        term = self.trace.evaluate(
            ar_tool14.CHANGE_UNCERTAINTY,
            "project",
            stock_start=start.stock,
            stock_end=end.stock,
            uncertainty_start=start.uncertainty,
            uncertainty_end=end.uncertainty,
        )
        return term, ar_tool14.CHANGE_UNCERTAINTY

    def uncertainty_with_areas(
        self, change: Term, uncertainty: Term, stocks: tuple[trees.TreeStock, trees.TreeStock]
    ) -> Term:
        """What the uncertainty would be if the tool did not take areas as known."""
        half_width = Term(
            uncertainty.value * np.abs(np.asarray(change.value)), "tCO2e", "u x abs(change)"
        )
        errors = {name: term for stock in stocks for name, term in stock.area_errors.items()}
        return self.trace.evaluate(
            ar_tool14.UNCERTAINTY_WITH_AREAS,
            "project",
            half_width=half_width,
            area_errors=errors,
            change=change,
        )

    def baseline_per_year(self) -> dict[str, Term]:
        """Baseline tree removals per year and stratum, by crown cover (AR-TOOL14 Eq 10)."""
        found = {}
        for stratum in self.planted:
            if trees.is_bare(trees.only_row(self.inputs, "baseline_crown_cover", stratum)):
                continue
            area = trees.only_row(self.inputs, "stratum_area", stratum)
            found[stratum.id] = self.trace.evaluate(
                ar_tool14.BASELINE_COVER,
                stratum.id,
                carbon_fraction=self.carbon_fraction,
                forest_growth_t_ha_yr=self.inputs.parameter("baseline_forest_growth", "t/ha/yr"),
                root_shoot=self.inputs.parameter("root_shoot_baseline", "1"),
                crown_cover=trees.crown_cover(self.inputs, self.done, stratum),
                area_ha=self.inputs.measured(area, "ha"),
            )
        return found

    def baseline_years(self, year: int, years: Term) -> Term:
        """The share of a year in which the baseline grows: none once it is in a steady state.

        Counted from the start of the project where it is declared, else without end, which can
        only lower the claim.
        """
        start = self.monitoring.declarations.get("project_start_year")
        if start is None:
            return years
        steady = self.trace.use(self.inputs.parameters.term("baseline_growth_years", "yr"))
        if year < float(start) + steady:
            return years
        return Term(0.0, "yr", f"steady state of the baseline, {steady:g} years from {start:g}")

    def soil_area(self, stratum: Stratum) -> Term:
        """The area that earns soil carbon: alive at both dates, as far as it was planted by then.

        The smaller of the two areas, so that neither a loss nor a canopy that closed (and was
        planted all along) earns carbon that is not shown.
        """
        end = trees.area_row(self.inputs, stratum, self.monitoring.stock_end)
        start = trees.area_row(self.inputs, stratum, self.monitoring.stock_start)
        planted_before = (stratum.planted_year or 0) <= start.date.year
        smaller = start if planted_before and start.in_unit("ha") < end.in_unit("ha") else end
        return self.inputs.measured(smaller, "ha")

    def soil(self, year: int, share: Term) -> dict[str, Term]:
        """Soil removals of a year by stratum: from planting to 20 years after it (Eq 4)."""
        rate = self.inputs.parameter("soc_accumulation_tc_ha_yr", "tC/ha/yr")
        years_max = self.trace.use(self.inputs.parameters.term("soc_accumulation_years", "yr"))
        found = {}
        for stratum in self.planted:
            planted = stratum.planted_year
            if planted is None or not planted <= year < planted + years_max:
                continue
            found[stratum.id] = self.trace.evaluate(
                SOIL,
                f"{stratum.id} {year}",
                area_ha=self.soil_area(stratum),
                rate_tc_ha_yr=rate,
                years=share,
            )
        return found

    def year_result(
        self,
        year: int,
        *,
        change: TreeChange,
        baseline: Mapping[str, Term],
        pools: optional.OptionalPools,
    ) -> YearResult:
        """Net removals of one vintage year (AR-AM0014 Eq 2, 3, 6) [tCO2e]."""
        scope, trace = str(year), self.trace
        years = Term(self.shares[year], "yr", f"share of {year} inside the monitoring period")
        monitored = Term(sum(self.shares.values()), "yr", "length of the monitoring period")
        whole = Term(
            max(sum(self.shares.values()), years_between_stocks(self.monitoring)),
            "yr",
            "the longer of the monitoring period and the time between the two stocks",
        )
        spans = {"years": years, "period_years": whole}
        kept = trace.evaluate(ANNUAL_SHARE, scope, change=change.discounted, **spans)
        full = trace.evaluate(ANNUAL_SHARE, f"{scope} undiscounted", change=change.full, **spans)
        soil = trace.evaluate(SOIL_SUM, scope, strata=self.soil(year, years))
        more = pools.year(scope, kept, full, spans=spans, monitored=monitored)
        removal = self.project_removal(scope, kept, soil, others=more.pools)
        actual = trace.evaluate(ACTUAL, scope, pools=removal, emissions=more.burning)
        growing = self.baseline_years(year, years)
        base = trace.evaluate(BASELINE_YEARS, scope, annual=baseline, years=growing)
        net = trace.evaluate(NET, scope, actual=actual, baseline=base, leakage=more.leakage)
        for name, term, equation in (
            ("trees", kept, ANNUAL_SHARE),
            ("soil", soil, SOIL_SUM),
            ("baseline", base, BASELINE_YEARS),
            ("net", net, NET),
        ):
            self.done.output(name, scope, term, equation=equation)
        return YearResult(kept, full, soil, base, net, more)

    def project_removal(
        self, scope: str, trees: Term, soil: Term, *, others: Mapping[str, Term]
    ) -> Term:
        """AR-AM0014 Eq 3 over the pools that the project claims [tCO2e]."""
        if not others:
            return self.trace.evaluate(PROJECT_REMOVAL, scope, trees=trees, soil=soil)
        return self.trace.evaluate(optional.ALL_POOLS, scope, trees=trees, soil=soil, others=others)


def area_error_findings(
    without: float, with_areas: float, ladder: Mapping[str, float]
) -> list[Finding]:
    """A warning when the area errors would move the claim to a harder step of the ladder."""
    shares = [float(ar_tool14.discount_share(u, **ladder)) for u in (without, with_areas)]
    words = (
        f"the uncertainty of the change is {without:.1%}; with the area errors, which the tool "
        f"takes as known, it would be {with_areas:.1%}"
    )
    subject = "AR-TOOL14 Appendix 2"
    if shares[1] > shares[0]:
        more = f"{words}: {shares[1]:.0%} of the half-width would be taken off, not {shares[0]:.0%}"
        return [Finding.warning("area-error-changes-discount", subject, more)]
    return [Finding.info("area-error-not-counted", subject, words)]


def _year_terms(results: list[YearResult]) -> YearTerms:
    """The years side by side; the uncertainty deduction is what the discount took off."""
    full, kept, soil, base = (
        _stacked([getattr(result, name) for result in results])
        for name in ("trees_full", "trees", "soil", "baseline")
    )
    extra = [result.optional for result in results]
    others = {name: _stacked([x.full[name] for x in extra]) for name in extra[0].full}
    claimed = {name: _stacked([x.pools[name] for x in extra]) for name in extra[0].pools}
    burning, leakage = (_stacked([getattr(x, n) for x in extra]) for n in ("burning", "leakage"))
    if np.any(burning):
        others["burning"] = claimed["burning"] = -burning
    project = sum(others.values(), full + soil)
    return YearTerms(
        baseline=base,
        project=project,
        leakage=leakage,
        pools={"trees": full, "soil": soil, **others, "baseline trees": -base},
        gross=project - base - leakage,
        uncertainty_deduction=sum((others[n] - claimed[n] for n in others), full - kept),
        buffer=0.0,
        equations={
            "trees": f"{ar_tool14.DOCUMENT} Eq 1, 11-17",
            "soil": SOIL.label,
            **{name: optional.EQUATIONS[name] for name in others},
            "baseline trees": ar_tool14.BASELINE_COVER.label,
            "baseline": BASELINE_YEARS.label,
            "project": PROJECT_REMOVAL.label,
            "gross": f"{ACTUAL.label}; {NET.label} before the discount",
            "uncertainty_deduction": ar_tool14.DISCOUNTED.label,
            "net": NET.label,
        },
    )


def _stacked(terms: list[Term]) -> np.ndarray:
    """The years of a term on the last axis."""
    return np.stack(np.broadcast_arrays(*(np.asarray(t.value) for t in terms)), axis=-1)


def years_between_stocks(monitoring: Monitoring) -> float:
    """The time between the dates of the two stocks [yr of 365.25 days].

    Where it is longer than the monitoring period, growth outside the period is not credited.
    """
    if monitoring.stock_start is None or monitoring.stock_end is None:
        return 0.0
    return (monitoring.stock_end - monitoring.stock_start).days / 365.25


def shares_of_years(monitoring: Monitoring) -> dict[int, float]:
    """The share of each calendar year that lies inside the monitoring period (end exclusive)."""
    period = monitoring.period
    found = {}
    for year in period.years:
        first, last = dt.date(year, 1, 1), dt.date(year + 1, 1, 1)
        inside = min(period.end, last) - max(period.start, first)
        found[year] = inside.days / (last - first).days
    return found
