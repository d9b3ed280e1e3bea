"""AR-AM0014 v3.0, afforestation and reforestation of degraded mangrove habitats.

Trees by AR-TOOL14 v4.2 (stratified plots, stock difference), soil by the methodology's own
default (Eq 4). Shrubs and dead wood are optional pools and are left out (conservative: both can
only add); litter is not a pool of this methodology. A project that burns biomass or displaces
agriculture is refused, because AR-TOOL08 and AR-TOOL15 are not part of this rule book yet.

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
from bluecarbon.methodology import ar_tool14
from bluecarbon.methodology.ar_am0014_checks import check
from bluecarbon.methodology.ar_am0014_spec import DOCUMENT, SPEC
from bluecarbon.methodology.inputs import Inputs
from bluecarbon.methodology.protocol import MethodologySpec
from bluecarbon.methodology.rule_book import Evaluation, RuleBook, YearTerms
from bluecarbon.methodology.trace import Equation, Number, Term, Trace
from bluecarbon.report import Measurement, Monitoring, Stratum
from bluecarbon.spec import Finding


def soil_removal_tco2e(area_ha: Number, rate_tc_ha_yr: Number, years: Number) -> Number:
    """AR-AM0014 Eq 4: 44/12 x A_PLANT x dSOC x 1 yr, here for a share of a year [tCO2e]."""
    return units.CO2E_PER_C * area_ha * rate_tc_ha_yr * years


SOIL = Equation(DOCUMENT, "Eq 4", "soil organic carbon, default rate", "tCO2e", soil_removal_tco2e)
PROJECT_REMOVAL = Equation(
    DOCUMENT,
    "Eq 3",
    "change of carbon in the project's pools",
    "tCO2e",
    lambda trees, soil: trees + soil,
)
ACTUAL = Equation(
    DOCUMENT,
    "Eq 2",
    "actual net removals",
    "tCO2e",
    lambda pools, emissions: pools - emissions,
)
BASELINE_YEARS = Equation(
    DOCUMENT,
    "Eq 1",
    "baseline removals over the share of the year",
    "tCO2e",
    lambda annual, years: annual.sum(axis=-1) * years,
)
NET = Equation(
    DOCUMENT,
    "Eq 6",
    "net anthropogenic removals",
    "tCO2e",
    lambda actual, baseline, leakage: actual - baseline - leakage,
)
SOIL_SUM = Equation(
    DOCUMENT,
    "Eq 4 (sum)",
    "soil organic carbon, all strata",
    "tCO2e",
    lambda strata: strata.sum(axis=-1),
)
TOTAL_AREA = Equation(
    ar_tool14.DOCUMENT,
    "Eq 14 (A)",
    "area of all strata",
    "ha",
    lambda area_ha: area_ha.sum(axis=-1),
)
ANNUAL_SHARE = Equation(
    ar_tool14.DOCUMENT,
    "Eq 11",
    "tree change of a year, linear between the two dates",
    "tCO2e",
    lambda change, years, period_years: change * years / period_years,
)


@dataclass(frozen=True)
class TreeStock:
    """Carbon in the trees of all planted strata at one date, with the uncertainty of the mean."""

    stock: Term
    uncertainty: Term


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
        self.carbon_fraction = inputs.parameter("carbon_fraction_tree", "tC/t")

    def evaluation(self) -> Evaluation:
        change = self.tree_change()
        baseline = self.baseline_per_year()
        results = [self.year_result(y, s, change, baseline) for y, s in self.shares.items()]
        self.done.terms = _year_terms(results)
        total = np.asarray(self.done.terms.claim).sum(axis=-1)
        total = float(total) if np.ndim(total) == 0 else total
        self.done.output("net_removals", "project", Term(total, "tCO2e", "years"), equation=NET)
        return self.done

    def tree_change(self) -> TreeChange:
        """The discounted change of tree carbon between the two dates, AR-TOOL14 Eq 1, 2, App 2."""
        start = self.tree_stock(self.monitoring.stock_start, "at start")
        end = self.tree_stock(self.monitoring.stock_end, "at end")
        stocks = {"stock_start": start.stock, "stock_end": end.stock}
        change = self.trace.evaluate(ar_tool14.CHANGE, "project", **stocks)
        if np.any(np.asarray(change.value) == 0):
            raise MethodologyError("tree carbon did not change: AR-TOOL14 Eq 2 is undefined")
        uncertainty = self.trace.evaluate(
            ar_tool14.CHANGE_UNCERTAINTY,
            "project",
            **stocks,
            uncertainty_start=start.uncertainty,
            uncertainty_end=end.uncertainty,
        )
        share = self.trace.evaluate(ar_tool14.DISCOUNT_SHARE, "project", uncertainty=uncertainty)
        kept = self.trace.evaluate(
            ar_tool14.DISCOUNTED, "project", change=change, uncertainty=uncertainty, share=share
        )
        for name, term, equation in (
            ("tree_change", change, ar_tool14.CHANGE),
            ("tree_change_uncertainty", uncertainty, ar_tool14.CHANGE_UNCERTAINTY),
            ("tree_change_discounted", kept, ar_tool14.DISCOUNTED),
        ):
            self.done.output(name, "project", term, equation=equation)
        return TreeChange(change, kept)

    def tree_stock(self, on: dt.date | None, when: str) -> TreeStock:
        """AR-TOOL14 Eq 12-17 over the planted strata that carry mangrove at a date."""
        strata = [s for s in self.planted if self.carries_mangrove(s, on)]
        if not strata:
            none = Term(0.0, "tCO2e", f"no planted stratum carries mangrove {when}")
            return TreeStock(none, Term(0.0, "1", none.source))
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
        return TreeStock(stock, self.uncertainty(when, areas, biomass, mean))

    def uncertainty(
        self, when: str, areas: dict[str, Term], biomass: dict[str, dict[str, Term]], mean: Term
    ) -> Term:
        """AR-TOOL14 Eq 15 with n - M degrees of freedom."""
        variances = {
            i: self.trace.evaluate(ar_tool14.VARIANCE, f"{i} {when}", plot_biomass=plots)
            for i, plots in biomass.items()
        }
        counts = {i: Term(float(len(plots)), "1", "plots") for i, plots in biomass.items()}
        plots_in_all = float(sum(len(plots) for plots in biomass.values()))
        t_value = self.trace.evaluate(
            ar_tool14.STUDENT_T,
            f"project {when}",
            plots=Term(plots_in_all, "1", "n, plots in all strata"),
            strata=Term(float(len(counts)), "1", "M, strata with plots"),
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
        measured = self.inputs.sample(self.plot_rows(stratum, on), "t/ha")
        for plot, agb in measured.items():
            scope = f"plot {plot} {when}"
            ratio = self.trace.evaluate(ar_tool14.ROOT_SHOOT, scope, agb_t_ha=agb)
            found[plot] = self.trace.evaluate(
                ar_tool14.PLOT_BIOMASS, scope, agb_t_ha=agb, root_shoot=ratio
            )
        return found

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
            if cover.value <= 0:
                continue
            found[stratum.id] = self.trace.evaluate(
                ar_tool14.BASELINE_COVER,
                stratum.id,
                carbon_fraction=self.carbon_fraction,
                forest_growth_t_ha_yr=self.inputs.parameter("baseline_forest_growth", "t/ha/yr"),
                root_shoot=self.inputs.parameter("root_shoot_baseline", "1"),
                crown_cover=self.inputs.measured(cover, "1"),
                area_ha=self.inputs.measured(area, "ha"),
            )
        return found

    def soil(self, year: int, share: Term) -> dict[str, Term]:
        """Soil removals of a year by stratum: from planting to 20 years after it (Eq 4)."""
        rate = self.inputs.parameter("soc_accumulation_tc_ha_yr", "tC/ha/yr")
        years_max = self.trace.use(self.inputs.parameters.term("soc_accumulation_years", "yr"))
        found = {}
        for stratum in self.planted:
            planted = stratum.planted_year
            if planted is None or not planted <= year < planted + years_max:
                continue
            # The area that is still mangrove at the end: planted and lost earns no soil carbon.
            area = self.area(stratum, self.monitoring.stock_end)
            found[stratum.id] = self.trace.evaluate(
                SOIL, f"{stratum.id} {year}", area_ha=area, rate_tc_ha_yr=rate, years=share
            )
        return found

    def year_result(
        self, year: int, share: float, change: TreeChange, baseline: Mapping[str, Term]
    ) -> YearResult:
        """Net removals of one vintage year (AR-AM0014 Eq 2, 3, 6) [tCO2e]."""
        scope, trace = str(year), self.trace
        years = Term(share, "yr", "share of the year inside the monitoring period")
        whole = Term(sum(self.shares.values()), "yr", "monitoring period")
        spans = {"years": years, "period_years": whole}
        trees = trace.evaluate(ANNUAL_SHARE, scope, change=change.discounted, **spans)
        full = trace.evaluate(ANNUAL_SHARE, f"{scope} undiscounted", change=change.full, **spans)
        soil = trace.evaluate(SOIL_SUM, scope, strata=self.soil(year, years))
        pools = trace.evaluate(PROJECT_REMOVAL, scope, trees=trees, soil=soil)
        none = Term(0.0, "tCO2e", "declared: no burning, no displaced agriculture")
        actual = trace.evaluate(ACTUAL, scope, pools=pools, emissions=none)
        base = trace.evaluate(BASELINE_YEARS, scope, annual=baseline, years=years)
        net = trace.evaluate(NET, scope, actual=actual, baseline=base, leakage=none)
        for name, term, equation in (
            ("trees", trees, ANNUAL_SHARE),
            ("soil", soil, SOIL_SUM),
            ("baseline", base, BASELINE_YEARS),
            ("net", net, NET),
        ):
            self.done.output(name, scope, term, equation=equation)
        return YearResult(trees, full, soil, base, net)


def _year_terms(results: list[YearResult]) -> YearTerms:
    """The years side by side; the uncertainty deduction is what the discount took off."""

    def stacked(name: str) -> np.ndarray:
        values = [np.asarray(getattr(result, name).value) for result in results]
        return np.stack(np.broadcast_arrays(*values), axis=-1)

    full, kept, soil, base = map(stacked, ("trees_full", "trees", "soil", "baseline"))
    return YearTerms(
        baseline=base,
        project=full + soil,
        leakage=0.0,
        pools={"trees": full, "soil": soil, "baseline trees": -base},
        gross=full + soil - base,
        uncertainty_deduction=full - kept,
        buffer=0.0,
    )


def shares_of_years(monitoring: Monitoring) -> dict[int, float]:
    """The share of each calendar year that lies inside the monitoring period (end exclusive)."""
    period = monitoring.period
    found = {}
    for year in period.years:
        first, last = dt.date(year, 1, 1), dt.date(year + 1, 1, 1)
        inside = min(period.end, last) - max(period.start, first)
        found[year] = inside.days / (last - first).days
    return found
