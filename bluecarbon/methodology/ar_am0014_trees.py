"""Tree carbon of ``ar-am0014@3.0`` at a date: from plots, or before planting from crown cover.

AR-TOOL14 v4.2 Eq 12-17 with simple plots, Eq 18-19 with double sampling, Eq 20-21 by crown cover.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bluecarbon.methodology import ar_am0014_plots as plots
from bluecarbon.methodology import ar_am0014_remeasured as remeasured
from bluecarbon.methodology import ar_tool14, ar_tool14_cover
from bluecarbon.methodology import ar_tool14_double_sampling as double
from bluecarbon.methodology.inputs import Inputs
from bluecarbon.methodology.ladder import ladder_terms
from bluecarbon.methodology.rule_book import Evaluation
from bluecarbon.methodology.trace import Term
from bluecarbon.report import Measurement, Stratum

BY_CROWN_COVER = "start_stock_by_crown_cover"
"""The declaration by which the first stock is that of before planting, Eq 20-21."""


@dataclass(frozen=True)
class TreeStock:
    """Carbon in the trees of all planted strata at one date, with the uncertainty of the mean.

    ``area_errors``: 90 % half-width of each stratum's area times its carbon per hectare [tCO2e].
    """

    stock: Term
    uncertainty: Term
    area_errors: Mapping[str, Term] = field(default_factory=dict)
    sampled: remeasured.SampledStock = field(default_factory=remeasured.SampledStock)


@dataclass(frozen=True)
class StratumMean:
    """What the plots of a stratum say at a date: biomass by plot, mean and variance [t/ha]."""

    plots: Mapping[str, Term]
    mean: Term
    variance: Term


class TreeStocks:
    """The tree stocks of one evaluation at its two dates."""

    def __init__(self, inputs: Inputs, done: Evaluation, planted: Sequence[Stratum]) -> None:
        self._inputs = inputs
        self._monitoring = inputs.monitoring
        self._done = done
        self._trace = done.trace
        self._planted = planted
        self._remeasured = remeasured.remeasured_strata(inputs.monitoring)
        self._carbon_fraction = inputs.parameter("carbon_fraction_tree", "tC/t")

    def at_start(self) -> TreeStock:
        """The stock from which the change is counted."""
        if self._monitoring.declarations.get(BY_CROWN_COVER, False):
            return self._before_planting()
        return self._by_plots(self._monitoring.stock_start, "at start")

    def at_end(self) -> TreeStock:
        """The stock at the end of the monitoring period."""
        return self._by_plots(self._monitoring.stock_end, "at end")

    def _before_planting(self) -> TreeStock:
        """AR-TOOL14 Eq 20-21 over the planted strata; the tool gives it no uncertainty.

        In place of one the cover is raised by its own error, as for the baseline's growth.
        """
        found = {
            s.id: self._trace.evaluate(
                ar_tool14_cover.STRATUM_STOCK,
                f"{s.id} before planting",
                carbon_fraction=self._carbon_fraction,
                forest_biomass=self._inputs.parameter("forest_biomass", "t/ha"),
                root_shoot=self._inputs.parameter("root_shoot_baseline", "1"),
                crown_cover=crown_cover(self._inputs, self._done, s),
                area_ha=self._inputs.measured(only_row(self._inputs, "stratum_area", s), "ha"),
            )
            for s in self._planted
            if not is_bare(only_row(self._inputs, "baseline_crown_cover", s))
        }
        stock = self._trace.evaluate(ar_tool14_cover.STOCK, "project at start", strata=found)
        on = str(self._monitoring.stock_start)
        self._done.output("tree_stock", on, stock, equation=ar_tool14_cover.STOCK)
        return TreeStock(stock, Term(0.0, "1", "AR-TOOL14 Eq 20 has no sampling uncertainty"))

    def _by_plots(self, on: dt.date | None, when: str) -> TreeStock:
        """AR-TOOL14 Eq 12-19 over the planted strata that carry mangrove at a date."""
        strata = [s for s in self._planted if self._carries_mangrove(s, on)]
        if not strata:
            none = Term(0.0, "tCO2e", f"no planted stratum carries mangrove {when}")
            return TreeStock(none, Term(0.0, "1", none.source))
        areas = {s.id: area(self._inputs, s, on) for s in strata}
        sampled = {s.id: self._stratum_mean(s, on, when) for s in strata}
        means = {i: found.mean for i, found in sampled.items()}
        scope, trace = f"project {when}", self._trace
        mean = trace.evaluate(ar_tool14.WEIGHTED_MEAN, scope, area_ha=areas, mean_t_ha=means)
        in_all = trace.evaluate(ar_tool14.TOTAL_AREA, scope, area_ha=areas)
        total = trace.evaluate(ar_tool14.BIOMASS, scope, area_ha=in_all, mean_t_ha=mean)
        stock = trace.evaluate(
            ar_tool14.STOCK, scope, biomass_t=total, carbon_fraction=self._carbon_fraction
        )
        self._done.output("tree_stock", str(on), stock, equation=ar_tool14.STOCK)
        errors = {f"{s.id} {when}": self._area_error(s, on, means[s.id]) for s in strata}
        uncertainty = self._uncertainty(when, areas, sampled, mean)
        biomass = {i: found.plots for i, found in sampled.items()}
        return TreeStock(stock, uncertainty, errors, remeasured.SampledStock(areas, biomass))

    def _stratum_mean(self, stratum: Stratum, on: dt.date | None, when: str) -> StratumMean:
        """Mean and variance of a stratum: Eq 16-17, or Eq 18-19 where it is double-sampled."""
        scope, biomass = f"{stratum.id} {when}", self._stratum_plots(stratum, on, when)
        if plots.is_double_sampled(self._monitoring, stratum.id, on):
            return self._double_sampled(scope, biomass, stratum, on)
        mean = self._trace.evaluate(ar_tool14.MEAN, scope, plot_biomass=biomass)
        variance = self._trace.evaluate(ar_tool14.VARIANCE, scope, plot_biomass=biomass)
        return StratumMean(biomass, mean, variance)

    def _double_sampled(
        self, scope: str, biomass: Mapping[str, Term], stratum: Stratum, on: dt.date | None
    ) -> StratumMean:
        rows = plots.secondary_rows(self._monitoring, stratum.id, on)
        index = {row.sample: self._inputs.measured(row, "1") for row in rows}
        pair = {"plot_biomass": biomass, "secondary": {name: index[name] for name in biomass}}
        together = self._trace.evaluate(double.CORRELATION, scope, **pair)
        slope = self._trace.evaluate(double.SLOPE, scope, correlation=together, **pair)
        mean = self._trace.evaluate(double.MEAN, scope, slope=slope, secondary_all=index, **pair)
        variance = self._trace.evaluate(
            double.VARIANCE,
            scope,
            plot_biomass=biomass,
            correlation=together,
            secondary_all=index,
        )
        return StratumMean(biomass, mean, variance)

    def _area_error(self, stratum: Stratum, on: dt.date | None, mean_t_ha: Term) -> Term:
        """90 % half-width of a stratum's area as carbon [tCO2e]; 0 where the area has no error."""
        error_ha = area_row(self._inputs, stratum, on).standard_error_in("ha") or 0.0
        per_ha = ar_tool14.stock_tco2e(mean_t_ha.value, self._carbon_fraction.value)
        value = ar_tool14.half_width_90(error_ha) * per_ha
        return Term(
            value, "tCO2e", f"90 % half-width of the area of {stratum.id} on {on} as carbon"
        )

    def _uncertainty(
        self, when: str, areas: Mapping[str, Term], sampled: Mapping[str, StratumMean], mean: Term
    ) -> Term:
        """AR-TOOL14 Eq 15 with n - M degrees of freedom."""
        counts = {
            i: Term(float(len(found.plots)), "1", f"plots of {i} {when}")
            for i, found in sampled.items()
        }
        plots_in_all = float(sum(len(found.plots) for found in sampled.values()))
        t_value = self._trace.evaluate(
            ar_tool14.STUDENT_T,
            f"project {when}",
            plots=Term(plots_in_all, "1", f"n, plots in all strata {when}"),
            strata=Term(float(len(counts)), "1", f"M, strata with plots {when}"),
        )
        uncertainty = self._trace.evaluate(
            ar_tool14.UNCERTAINTY,
            f"project {when}",
            area_ha=areas,
            variance={i: found.variance for i, found in sampled.items()},
            plots=counts,
            mean_t_ha=mean,
            t_value=t_value,
        )
        self._done.output(
            "tree_stock_uncertainty", when, uncertainty, equation=ar_tool14.UNCERTAINTY
        )
        return uncertainty

    def _stratum_plots(self, stratum: Stratum, on: dt.date | None, when: str) -> dict[str, Term]:
        """Tree biomass of each plot, above and below ground (AR-TOOL14 Appendix 1)."""
        found = {}
        kind = plots.KINDS[self._plot_rows(stratum, on)[0].variable]
        for plot, measured in self._plot_samples(stratum, on).items():
            scope = f"plot {plot} {when}"
            agb = self._above_ground(scope, measured, kind)
            ratio = self._trace.evaluate(
                ar_tool14.ROOT_SHOOT,
                scope,
                agb_t_ha=agb,
                intercept=self._inputs.parameter("root_shoot_intercept", "1"),
                slope=self._inputs.parameter("root_shoot_slope", "1"),
            )
            found[plot] = self._trace.evaluate(
                ar_tool14.PLOT_BIOMASS, scope, agb_t_ha=agb, root_shoot=ratio
            )
        return found

    def _above_ground(self, scope: str, measured: Term, kind: plots.Kind) -> Term:
        """Above-ground biomass of a plot [t/ha]: as measured, or by Eq A1.5, A1.7, A1.8."""
        if kind.equation is None:
            return measured
        rows = {
            term: self._inputs.parameter(name, unit)
            for term, (name, unit) in (kind.parameters or {}).items()
        }
        return self._trace.evaluate(kind.equation, scope, **{kind.term: measured}, **rows)

    def _plot_samples(self, stratum: Stratum, on: dt.date | None) -> dict[str, Term]:
        """The plots of a stratum at a date; draws of permanent plots go together over time."""
        rows = self._plot_rows(stratum, on)
        unit = plots.KINDS[rows[0].variable].unit
        if plots.is_double_sampled(self._monitoring, stratum.id, on):
            secondary = plots.secondary_rows(self._monitoring, stratum.id, on)
            return plots.double_sample(self._inputs, rows, secondary)
        again = on == self._monitoring.stock_end and stratum.id in self._remeasured
        if not (self._inputs.is_sampled and again and len(rows) > 1):
            return self._inputs.sample(rows, unit)
        before = self._plot_rows(stratum, self._monitoring.stock_start)
        if before[0].variable != rows[0].variable:
            # Draws of a volume say nothing about those of a biomass: two independent samples.
            return self._inputs.sample(rows, unit)
        return remeasured.paired_sample(self._inputs, before, rows, unit)

    def _plot_rows(self, stratum: Stratum, on: dt.date | None) -> tuple[Measurement, ...]:
        return plots.plot_rows(self._monitoring, stratum.id, on)

    def _carries_mangrove(self, stratum: Stratum, on: dt.date | None) -> bool:
        """Whether a stratum has area and any biomass at a date: decided on measured values."""
        rows = self._plot_rows(stratum, on)
        return area_row(self._inputs, stratum, on).value > 0 and any(r.value > 0 for r in rows)


def area_row(inputs: Inputs, stratum: Stratum, on: dt.date | None) -> Measurement:
    """The one mangrove area of a stratum at a date (``check`` has seen to that)."""
    (row,) = inputs.monitoring.select("mangrove_area", stratum=stratum.id, on=on)
    return row


def area(inputs: Inputs, stratum: Stratum, on: dt.date | None) -> Term:
    """Mangrove area of a stratum at a date [ha]."""
    return inputs.measured(area_row(inputs, stratum, on), "ha")


def only_row(inputs: Inputs, variable: str, stratum: Stratum) -> Measurement:
    """The one value of a variable for a stratum (``check`` has seen to that)."""
    (row,) = inputs.monitoring.select(variable, stratum=stratum.id)
    return row


def discount_ladder(inputs: Inputs) -> dict[str, Term]:
    """The steps of AR-TOOL14 Appendix 2 by the names of their rows; as :func:`ladder_terms`."""
    return ladder_terms(
        inputs.parameters,
        ar_tool14.DOCUMENT,
        limits=ar_tool14.LIMITS,
        discounts=ar_tool14.DISCOUNTS,
    )


def is_bare(cover: Measurement) -> bool:
    """Whether there is known to be no crown: nothing counts then, nor is a parameter needed."""
    return cover.value <= 0 and not cover.standard_error


def crown_cover(inputs: Inputs, done: Evaluation, stratum: Stratum) -> Term:
    """Cover before planting with its uncertainty added (AR-TOOL14 Appendix 2, baseline).

    A sample that saw no crown does not show that there was none: then the whole half-width
    counts.
    """
    cover = only_row(inputs, "baseline_crown_cover", stratum)
    measured = inputs.measured(cover, "1")
    error = cover.standard_error_in("1") or 0.0
    scope = f"{stratum.id} crown cover"
    half_width = done.trace.evaluate(
        ar_tool14.HALF_WIDTH,
        scope,
        standard_error=Term(error, "1", f"standard error of {measured.source}"),
    )
    return done.trace.evaluate(
        ar_tool14.BASELINE_DISCOUNTED,
        scope,
        value=measured,
        half_width=half_width,
        **discount_ladder(inputs),
    )
