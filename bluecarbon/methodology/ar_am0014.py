"""AR-AM0014 v3.0, afforestation and reforestation of degraded mangrove habitats.

Trees by AR-TOOL14 v4.2 (stratified plots, stock difference; the uncertainty from differences of
plots where they are permanent, :mod:`bluecarbon.methodology.ar_tool14_change`), soil by the
methodology's own default (Eq 4). Shrubs and dead wood are optional pools, counted where the
project gives data for them (:mod:`bluecarbon.methodology.ar_am0014_pools`); litter is not a pool
of this methodology. Emissions from burning (AR-TOOL08) and leakage (AR-TOOL15) are computed
elsewhere and declared; a project that burns or displaces agriculture without them is refused.

Not available, because the equations were not read: double sampling (AR-TOOL14 Eq 18, 19), Eq 20-23
(stock by crown cover, update of a previous stock) and Eq 26, 27.

Sources: AR-AM0014 versions 01 and 02 (read); the body of version 03.0 was seen through monitoring
reports and consistent with them. Sign: removals positive.
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
from bluecarbon.methodology import ar_tool14, ar_tool14_change
from bluecarbon.methodology.ar_am0014_checks import check
from bluecarbon.methodology.ar_am0014_spec import DOCUMENT, SPEC
from bluecarbon.methodology.inputs import Inputs
from bluecarbon.methodology.protocol import MethodologySpec
from bluecarbon.methodology.rule_book import Evaluation, RuleBook, YearTerms
from bluecarbon.methodology.trace import Equation, Number, Term, Trace
from bluecarbon.report import Measurement, Monitoring, Stratum
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
TOTAL_AREA = Equation(
    ar_tool14.DOCUMENT,
    "Eq 14 (A)",
    "area of all strata",
    "ha",
    lambda area_ha: area_ha.sum(axis=-1),
    "SUM({area_ha})",
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
class TreeStock:
    """Carbon in the trees of all planted strata at one date, with the uncertainty of the mean.

    ``area_errors``: 90 % half-width of each stratum's area times its carbon per hectare [tCO2e].
    """

    stock: Term
    uncertainty: Term
    area_errors: Mapping[str, Term]
    sampled: remeasured.SampledStock


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

    def check(self, monitoring: Monitoring) -> tuple[Finding, ...]:
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
        start = self.tree_stock(self.monitoring.stock_start, "at start")
        end = self.tree_stock(self.monitoring.stock_end, "at end")
        stocks = {"stock_start": start.stock, "stock_end": end.stock}
        change = self.trace.evaluate(ar_tool14.CHANGE, "project", **stocks)
        if np.any(np.asarray(change.value) == 0):
            raise MethodologyError("tree carbon did not change: AR-TOOL14 Eq 2 is undefined")
        uncertainty, how = self.change_uncertainty(start, end)
        share = self.trace.evaluate(ar_tool14.DISCOUNT_SHARE, "project", uncertainty=uncertainty)
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
            self.done.findings += area_error_findings(uncertainty.single, with_areas.single)
        return TreeChange(change, kept)

    def change_uncertainty(self, start: TreeStock, end: TreeStock) -> tuple[Term, Equation]:
        """AR-TOOL14 Eq 2, or Eq 3-8 where a stratum's plots were measured at both dates."""
        both = self.remeasured & start.sampled.plots.keys() & end.sampled.plots.keys()
        if both:
            term = remeasured.change_uncertainty(self.trace, start.sampled, end.sampled, both)
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
        self, change: Term, uncertainty: Term, stocks: tuple[TreeStock, TreeStock]
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

    def tree_stock(self, on: dt.date | None, when: str) -> TreeStock:
        """AR-TOOL14 Eq 12-17 over the planted strata that carry mangrove at a date."""
        strata = [s for s in self.planted if self.carries_mangrove(s, on)]
        if not strata:
            none = Term(0.0, "tCO2e", f"no planted stratum carries mangrove {when}")
            nothing = remeasured.SampledStock()
            return TreeStock(none, Term(0.0, "1", none.source), {}, nothing)
        areas = {s.id: self.area(s, on) for s in strata}
        biomass = {s.id: self.stratum_plots(s, on, when) for s in strata}
        means = {
            i: self.trace.evaluate(ar_tool14.MEAN, f"{i} {when}", plot_biomass=plots)
            for i, plots in biomass.items()
        }
        scope = f"project {when}"
        mean = self.trace.evaluate(ar_tool14.WEIGHTED_MEAN, scope, area_ha=areas, mean_t_ha=means)
        area = self.trace.evaluate(TOTAL_AREA, scope, area_ha=areas)
        total = self.trace.evaluate(ar_tool14.BIOMASS, scope, area_ha=area, mean_t_ha=mean)
        stock = self.trace.evaluate(
            ar_tool14.STOCK, scope, biomass_t=total, carbon_fraction=self.carbon_fraction
        )
        self.done.output("tree_stock", str(on), stock, equation=ar_tool14.STOCK)
        errors = {f"{s.id} {when}": self.area_error(s, on, means[s.id]) for s in strata}
        uncertainty = self.uncertainty(when, areas, biomass, mean)
        return TreeStock(stock, uncertainty, errors, remeasured.SampledStock(areas, biomass))

    def area_error(self, stratum: Stratum, on: dt.date | None, mean_t_ha: Term) -> Term:
        """90 % half-width of a stratum's area as carbon [tCO2e]; 0 where the area has no error."""
        error_ha = self.area_row(stratum, on).standard_error_in("ha") or 0.0
        per_ha = ar_tool14.stock_tco2e(mean_t_ha.value, self.carbon_fraction.value)
        value = ar_tool14.half_width_90(error_ha) * per_ha
        return Term(
            value, "tCO2e", f"90 % half-width of the area of {stratum.id} on {on} as carbon"
        )

    def uncertainty(
        self, when: str, areas: dict[str, Term], biomass: dict[str, dict[str, Term]], mean: Term
    ) -> Term:
        """AR-TOOL14 Eq 15 with n - M degrees of freedom."""
        variances = {
            i: self.trace.evaluate(ar_tool14.VARIANCE, f"{i} {when}", plot_biomass=plots)
            for i, plots in biomass.items()
        }
        counts = {
            i: Term(float(len(plots)), "1", f"plots of {i} {when}") for i, plots in biomass.items()
        }
        plots_in_all = float(sum(len(plots) for plots in biomass.values()))
        t_value = self.trace.evaluate(
            ar_tool14.STUDENT_T,
            f"project {when}",
            plots=Term(plots_in_all, "1", f"n, plots in all strata {when}"),
            strata=Term(float(len(counts)), "1", f"M, strata with plots {when}"),
        )
        uncertainty = self.trace.evaluate(
            ar_tool14.UNCERTAINTY,
            f"project {when}",
            area_ha=areas,
            variance=variances,
            plots=counts,
            mean_t_ha=mean,
            t_value=t_value,
        )
        self.done.output(
            "tree_stock_uncertainty", when, uncertainty, equation=ar_tool14.UNCERTAINTY
        )
        return uncertainty

    def stratum_plots(self, stratum: Stratum, on: dt.date | None, when: str) -> dict[str, Term]:
        """Tree biomass of each plot, above and below ground (AR-TOOL14 Appendix 1)."""
        found = {}
        for plot, agb in self.plot_samples(stratum, on).items():
            scope = f"plot {plot} {when}"
            ratio = self.trace.evaluate(ar_tool14.ROOT_SHOOT, scope, agb_t_ha=agb)
            found[plot] = self.trace.evaluate(
                ar_tool14.PLOT_BIOMASS, scope, agb_t_ha=agb, root_shoot=ratio
            )
        return found

    def plot_samples(self, stratum: Stratum, on: dt.date | None) -> dict[str, Term]:
        """The plots of a stratum at a date; draws of permanent plots go together over time."""
        rows = self.plot_rows(stratum, on)
        again = on == self.monitoring.stock_end and stratum.id in self.remeasured
        if not (self.inputs.is_sampled and again and len(rows) > 1):
            return self.inputs.sample(rows, "t/ha")
        before = self.plot_rows(stratum, self.monitoring.stock_start)
        return remeasured.paired_sample(self.inputs, before, rows, "t/ha")

    def plot_rows(self, stratum: Stratum, on: dt.date | None) -> tuple[Measurement, ...]:
        """Above-ground biomass per plot as measured."""
        rows = self.monitoring.select("tree_agb", stratum=stratum.id, on=on)
        return tuple(row for row in rows if row.sample)

    def area_row(self, stratum: Stratum, on: dt.date | None) -> Measurement:
        """The one mangrove area of a stratum at a date (``check`` has seen to that)."""
        (row,) = self.monitoring.select("mangrove_area", stratum=stratum.id, on=on)
        return row

    def area(self, stratum: Stratum, on: dt.date | None) -> Term:
        """Mangrove area of a stratum at a date [ha]."""
        return self.inputs.measured(self.area_row(stratum, on), "ha")

    def carries_mangrove(self, stratum: Stratum, on: dt.date | None) -> bool:
        """Whether a stratum has area and any biomass at a date: decided on measured values."""
        plots = self.plot_rows(stratum, on)
        return self.area_row(stratum, on).value > 0 and any(row.value > 0 for row in plots)

    def baseline_per_year(self) -> dict[str, Term]:
        """Baseline tree removals per year and stratum, by crown cover (AR-TOOL14 Eq 10)."""
        found = {}
        for stratum in self.planted:
            (cover,) = self.monitoring.select("baseline_crown_cover", stratum=stratum.id)
            (area,) = self.monitoring.select("stratum_area", stratum=stratum.id)
            if cover.value <= 0 and not cover.standard_error:
                continue  # known to be bare: no growth is called for, nor a parameter for it
            found[stratum.id] = self.trace.evaluate(
                ar_tool14.BASELINE_COVER,
                stratum.id,
                carbon_fraction=self.carbon_fraction,
                forest_growth_t_ha_yr=self.inputs.parameter("baseline_forest_growth", "t/ha/yr"),
                root_shoot=self.inputs.parameter("root_shoot_baseline", "1"),
                crown_cover=self.crown_cover(stratum, cover),
                area_ha=self.inputs.measured(area, "ha"),
            )
        return found

    def crown_cover(self, stratum: Stratum, cover: Measurement) -> Term:
        """Cover before planting with its uncertainty added (AR-TOOL14 Appendix 2, baseline).

        A sample that saw no crown does not show that there was none: then the whole half-width
        counts.
        """
        measured = self.inputs.measured(cover, "1")
        error = cover.standard_error_in("1") or 0.0
        half_width = self.trace.evaluate(
            ar_tool14.HALF_WIDTH,
            f"{stratum.id} crown cover",
            standard_error=Term(error, "1", f"standard error of {measured.source}"),
        )
        return self.trace.evaluate(
            ar_tool14.BASELINE_DISCOUNTED,
            f"{stratum.id} crown cover",
            value=measured,
            half_width=half_width,
        )

    def soil_area(self, stratum: Stratum) -> Term:
        """The area that earns soil carbon: alive at both dates, as far as it was planted by then.

        The smaller of the two areas, so that neither a loss nor a canopy that closed (and was
        planted all along) earns carbon that is not shown.
        """
        end = self.area_row(stratum, self.monitoring.stock_end)
        start = self.area_row(stratum, self.monitoring.stock_start)
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
        trees = trace.evaluate(ANNUAL_SHARE, scope, change=change.discounted, **spans)
        full = trace.evaluate(ANNUAL_SHARE, f"{scope} undiscounted", change=change.full, **spans)
        soil = trace.evaluate(SOIL_SUM, scope, strata=self.soil(year, years))
        more = pools.year(scope, trees, full, spans=spans, monitored=monitored)
        removal = self.project_removal(scope, trees, soil, others=more.pools)
        actual = trace.evaluate(ACTUAL, scope, pools=removal, emissions=more.burning)
        base = trace.evaluate(BASELINE_YEARS, scope, annual=baseline, years=years)
        net = trace.evaluate(NET, scope, actual=actual, baseline=base, leakage=more.leakage)
        for name, term, equation in (
            ("trees", trees, ANNUAL_SHARE),
            ("soil", soil, SOIL_SUM),
            ("baseline", base, BASELINE_YEARS),
            ("net", net, NET),
        ):
            self.done.output(name, scope, term, equation=equation)
        return YearResult(trees, full, soil, base, net, more)

    def project_removal(
        self, scope: str, trees: Term, soil: Term, *, others: Mapping[str, Term]
    ) -> Term:
        """AR-AM0014 Eq 3 over the pools that the project claims [tCO2e]."""
        if not others:
            return self.trace.evaluate(PROJECT_REMOVAL, scope, trees=trees, soil=soil)
        return self.trace.evaluate(optional.ALL_POOLS, scope, trees=trees, soil=soil, others=others)


def area_error_findings(without: float, with_areas: float) -> list[Finding]:
    """A warning when the area errors would move the claim to a harder step of the ladder."""
    shares = [float(ar_tool14.discount_share(u)) for u in (without, with_areas)]
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
