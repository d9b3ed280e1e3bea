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
from dataclasses import dataclass

from bluecarbon import units
from bluecarbon.errors import MethodologyError
from bluecarbon.methodology import ar_tool14
from bluecarbon.methodology.ar_am0014_checks import check
from bluecarbon.methodology.ar_am0014_spec import DOCUMENT, SPEC
from bluecarbon.methodology.parameters import Parameters
from bluecarbon.methodology.protocol import MethodologySpec
from bluecarbon.methodology.trace import Equation, Number, Term, Trace
from bluecarbon.report import Monitoring, OutputValue, Quantification, Stratum
from bluecarbon.spec import Finding, errors_in


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


class ArAm0014:
    """The rule book ``ar-am0014@3.0``; see the module for its scope."""

    @property
    def spec(self) -> MethodologySpec:
        """The declaration, from :mod:`bluecarbon.methodology.ar_am0014_spec`."""
        return SPEC

    def check(self, monitoring: Monitoring) -> tuple[Finding, ...]:
        """Applicability conditions and missing data; all findings at once."""
        return check(monitoring)

    def quantify(self, monitoring: Monitoring, parameters: Parameters) -> Quantification:
        """Net removals per vintage year [tCO2e].

        Raises
        ------
        MethodologyError
            ``check`` has errors, or a parameter that the data call for is missing.
        """
        findings = self.check(monitoring)
        if errors_in(findings):
            listed = "; ".join(f"{f.subject}: {f.message}" for f in errors_in(findings))
            raise MethodologyError(f"{SPEC.id} does not apply: {listed}")
        return _Run(monitoring, parameters).result(findings)


AR_AM0014_V3_0 = ArAm0014()


class _Run:
    """One evaluation: the monitoring data, the parameter rows and the trace that grows."""

    def __init__(self, monitoring: Monitoring, parameters: Parameters) -> None:
        self.monitoring = monitoring
        self.parameters = parameters
        self.trace = Trace()
        self.planted = tuple(s for s in monitoring.strata if s.kind == "planted")
        self.outputs: list[OutputValue] = []
        self.carbon_fraction = parameters.term("carbon_fraction_tree", "tC/t")

    def result(self, findings: tuple[Finding, ...]) -> Quantification:
        change = self.tree_change()
        baseline = self.baseline_per_year()
        claims = {
            str(year): self.year_claim(year, share, change, baseline)
            for year, share in shares_of_years(self.monitoring).items()
        }
        total = sum(claims.values())
        self.output("net_removals", "project", Term(total, "tCO2e", "sum of years"), equation=NET)
        return Quantification(
            methodology_id=SPEC.id,
            methodology_title=SPEC.title,
            outputs=tuple(self.outputs),
            claim_tco2e_by_year=claims,
            claim_tco2e=total,
            parameters=self.trace.parameters,
            trace=self.trace.steps,
            findings=findings,
        )

    def output(self, name: str, scope: str, term: Term, *, equation: Equation) -> None:
        self.outputs.append(
            OutputValue(
                name=name,
                scope=scope,
                value=term.single,
                unit=term.unit,
                equation=equation.label,
            )
        )

    def tree_change(self) -> Term:
        """The discounted change of tree carbon between the two dates, AR-TOOL14 Eq 1, 2, App 2."""
        start = self.tree_stock(self.monitoring.stock_start, "at start")
        end = self.tree_stock(self.monitoring.stock_end, "at end")
        stocks = {"stock_start": start.stock, "stock_end": end.stock}
        change = self.trace.evaluate(ar_tool14.CHANGE, "project", **stocks)
        if change.single == 0:
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
            self.output(name, "project", term, equation=equation)
        return kept

    def tree_stock(self, on: dt.date | None, when: str) -> TreeStock:
        """AR-TOOL14 Eq 12-17 over the planted strata that carry mangrove at a date."""
        strata = [s for s in self.planted if self.plots(s, on) and self.area(s, on).single > 0]
        biomass = {s.id: self.stratum_plots(s, on, when) for s in strata}
        if not any(plot.single > 0 for plots in biomass.values() for plot in plots.values()):
            none = Term(0.0, "tCO2e", f"no planted stratum carries mangrove {when}")
            return TreeStock(none, Term(0.0, "1", none.source))
        areas = {s.id: self.area(s, on) for s in strata}
        means = {
            i: self.trace.evaluate(ar_tool14.MEAN, f"{i} {when}", plot_biomass=plots)
            for i, plots in biomass.items()
        }
        mean = self.trace.evaluate(
            ar_tool14.WEIGHTED_MEAN, f"project {when}", area_ha=areas, mean_t_ha=means
        )
        total_area = Term(sum(a.single for a in areas.values()), "ha", "sum of the strata areas")
        total = self.trace.evaluate(
            ar_tool14.BIOMASS, f"project {when}", area_ha=total_area, mean_t_ha=mean
        )
        stock = self.trace.evaluate(
            ar_tool14.STOCK,
            f"project {when}",
            biomass_t=total,
            carbon_fraction=self.carbon_fraction,
        )
        self.output("tree_stock", str(on), stock, equation=ar_tool14.STOCK)
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
        t_value = self.trace.evaluate(
            ar_tool14.STUDENT_T,
            f"project {when}",
            plots=Term(sum(c.single for c in counts.values()), "1", "n, plots in all strata"),
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
        self.output("tree_stock_uncertainty", when, uncertainty, equation=ar_tool14.UNCERTAINTY)
        return uncertainty

    def stratum_plots(self, stratum: Stratum, on: dt.date | None, when: str) -> dict[str, Term]:
        """Tree biomass of each plot, above and below ground (AR-TOOL14 Appendix 1)."""
        found = {}
        for plot, agb in self.plots(stratum, on).items():
            scope = f"plot {plot} {when}"
            ratio = self.trace.evaluate(ar_tool14.ROOT_SHOOT, scope, agb_t_ha=agb)
            found[plot] = self.trace.evaluate(
                ar_tool14.PLOT_BIOMASS, scope, agb_t_ha=agb, root_shoot=ratio
            )
        return found

    def plots(self, stratum: Stratum, on: dt.date | None) -> dict[str, Term]:
        """Above-ground biomass per plot [t/ha] as measured."""
        rows = self.monitoring.select("tree_agb", stratum=stratum.id, on=on)
        return {
            row.sample: Term(row.in_unit("t/ha"), "t/ha", f"plot {row.sample}: {row.method}")
            for row in rows
            if row.sample
        }

    def area(self, stratum: Stratum, on: dt.date | None) -> Term:
        """Mangrove area of a stratum at a date [ha]."""
        (row,) = self.monitoring.select("mangrove_area", stratum=stratum.id, on=on)
        return Term(row.in_unit("ha"), "ha", f"area of {stratum.id} on {row.date}: {row.method}")

    def baseline_per_year(self) -> dict[str, Term]:
        """Baseline tree removals per year and stratum, by crown cover (AR-TOOL14 Eq 10)."""
        found = {}
        for stratum in self.planted:
            (cover,) = self.monitoring.select("baseline_crown_cover", stratum=stratum.id)
            if cover.value <= 0:
                continue
            found[stratum.id] = self.trace.evaluate(
                ar_tool14.BASELINE_COVER,
                stratum.id,
                carbon_fraction=self.carbon_fraction,
                forest_growth_t_ha_yr=self.parameters.term("baseline_forest_growth", "t/ha/yr"),
                root_shoot=self.parameters.term("root_shoot_baseline", "1"),
                crown_cover=Term(cover.in_unit("1"), "1", f"{cover.date}: {cover.method}"),
                area_ha=self.stratum_area(stratum),
            )
        return found

    def stratum_area(self, stratum: Stratum) -> Term:
        (row,) = self.monitoring.select("stratum_area", stratum=stratum.id)
        return Term(row.in_unit("ha"), "ha", f"area of the stratum polygon {stratum.id}")

    def soil(self, year: int, share: Term) -> dict[str, Term]:
        """Soil removals of a year by stratum: from planting to 20 years after it (Eq 4)."""
        rate = self.parameters.term("soc_accumulation_tc_ha_yr", "tC/ha/yr")
        years_max = self.trace.use(self.parameters.term("soc_accumulation_years", "yr"))
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

    def year_claim(self, year: int, share: float, change: Term, baseline: dict[str, Term]) -> float:
        """Net removals of one vintage year (AR-AM0014 Eq 2, 3, 6) [tCO2e]."""
        scope = str(year)
        years = Term(share, "yr", "share of the year inside the monitoring period")
        whole = Term(sum(shares_of_years(self.monitoring).values()), "yr", "monitoring period")
        trees = self.trace.evaluate(
            ANNUAL_SHARE, scope, change=change, years=years, period_years=whole
        )
        by_stratum = self.soil(year, years)
        soil = Term(sum(t.single for t in by_stratum.values()), "tCO2e", f"{SOIL.label}, summed")
        pools = self.trace.evaluate(PROJECT_REMOVAL, scope, trees=trees, soil=soil)
        none = Term(0.0, "tCO2e", "declared: no burning, no displaced agriculture")
        actual = self.trace.evaluate(ACTUAL, scope, pools=pools, emissions=none)
        base = self.trace.evaluate(BASELINE_YEARS, scope, annual=baseline, years=years)
        net = self.trace.evaluate(NET, scope, actual=actual, baseline=base, leakage=none)
        for name, term, equation in (
            ("trees", trees, ANNUAL_SHARE),
            ("soil", soil, SOIL),
            ("baseline", base, BASELINE_YEARS),
            ("net", net, NET),
        ):
            self.output(name, scope, term, equation=equation)
        return net.single


def shares_of_years(monitoring: Monitoring) -> dict[int, float]:
    """The share of each calendar year that lies inside the monitoring period (end exclusive)."""
    period = monitoring.period
    found = {}
    for year in period.years:
        first, last = dt.date(year, 1, 1), dt.date(year + 1, 1, 1)
        inside = min(period.end, last) - max(period.start, first)
        found[year] = inside.days / (last - first).days
    return found
