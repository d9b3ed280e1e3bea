"""CCER-14-002-V01 红树林营造, the national methodology for planted mangrove.

Only the first page of its text (number, applicability) could be read. This rule book is its
structure as recalled: CDR_t = (dC_PROJ,t - dC_BSL,t - LK_t) x (1 - K_RISK), with trees above and
below ground and soil as pools, soil CH4 and N2O deducted by default factor, and a discount for
the uncertainty of trees. Rows of its parameter table without a value make it refuse, all named at
once; so do rows that nobody has verified, unless the monitoring declares ``draft``.

K_RISK stands in the buffer column: it is what the rules keep back for the risk of reversal. It is
never issued, so the claim is what is left after it (``buffer_is_issued`` is False). Sign: removals
positive.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bluecarbon.errors import MethodologyError
from bluecarbon.methodology import ccer_14_002_equations as equations
from bluecarbon.methodology.annual_series import annual_outputs, at_ends, single
from bluecarbon.methodology.ccer_14_002_checks import (
    DISCOUNTS,
    GROWTH,
    LIMITS,
    axis,
    check,
    grows_by_curve,
    is_declared,
    rows_needed,
)
from bluecarbon.methodology.ccer_14_002_example import example, example_parameters
from bluecarbon.methodology.ccer_14_002_spec import DOCUMENT, SPEC
from bluecarbon.methodology.inputs import Inputs
from bluecarbon.methodology.kernels.growth import age_at_year_end_yr
from bluecarbon.methodology.ladder import ladder_terms
from bluecarbon.methodology.parameter_files import listed, unusable
from bluecarbon.methodology.parameters import Parameters
from bluecarbon.methodology.protocol import MethodologySpec
from bluecarbon.methodology.rule_book import Evaluation, RuleBook, YearTerms
from bluecarbon.methodology.trace import Equation, Term, Trace
from bluecarbon.report import Monitoring, Quantification, Series, Stratum
from bluecarbon.spec import Finding, Parameter


class Ccer14002(RuleBook):
    """The rule book ``ccer-14-002@1``; see the module for its scope."""

    @property
    def spec(self) -> MethodologySpec:
        """The declaration, from :mod:`bluecarbon.methodology.ccer_14_002_spec`."""
        return SPEC

    def own_findings(self, monitoring: Monitoring) -> tuple[Finding, ...]:
        """Applicability conditions and missing data; all findings at once."""
        return check(monitoring)

    def row_findings(self, monitoring: Monitoring, parameters: Parameters) -> tuple[Finding, ...]:
        """Rows that the data call for: without a value, or unverified and no draft declared."""
        draft = is_declared(monitoring, "draft")
        return unusable(parameters, rows_needed(monitoring), draft=draft)

    def axis(self, monitoring: Monitoring) -> tuple[int, ...]:
        """The vintage years and the year before them."""
        return axis(monitoring)

    def evaluate(self, inputs: Inputs) -> Evaluation:
        """Reductions per year [tCO2e], on single values or on draws.

        MethodologyError names every row that has no value or (unless a draft is declared) was
        not verified, an uncertainty that needs more plots, and a ladder that does not climb.
        """
        refused = self.row_findings(inputs.monitoring, inputs.parameters)
        if refused:
            raise MethodologyError(f"{SPEC.id} cannot compute: {listed(refused)}")
        return _Run(inputs).evaluation()

    def quantify(self, monitoring: Monitoring, parameters: Parameters) -> Quantification:
        """The claim; on unverified rows (a declared draft) every output says DRAFT.

        Raises
        ------
        MethodologyError
            As :meth:`evaluate`, or ``check`` has errors.
        """
        done = super().quantify(monitoring, parameters)
        if not done.draft and not is_declared(monitoring, "draft"):
            return done
        outputs = tuple(
            o.model_copy(update={"equation": f"DRAFT: {o.equation}"}) for o in done.outputs
        )
        remark = Finding.warning(
            "draft",
            SPEC.id,
            "DRAFT: computed on rows that nobody has read in the official document",
            fix="verify them and run without draft before any claim",
        )
        title = f"DRAFT: {done.methodology_title}"
        findings = (*done.findings, remark)
        return done.model_copy(
            update={
                "methodology_title": title,
                "outputs": outputs,
                "findings": findings,
                "draft": True,
            }
        )

    def example(self) -> Monitoring:
        """A small complete input; it declares a draft."""
        return example()

    def example_parameters(self) -> tuple[Parameter, ...]:
        """Invented values for the rows that have none."""
        return example_parameters()


CCER_14_002_V1 = Ccer14002()

Terms = dict[str, Term]


class _Run:
    """One evaluation: the inputs and the trace that grows."""

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs
        self.monitoring = inputs.monitoring
        self.years = inputs.years[1:]
        self.trace = Trace(self.years, recording=not inputs.is_sampled)
        self.done = Evaluation(self.years, self.trace)

    def evaluation(self) -> Evaluation:
        areas = {stratum.id: self.areas(stratum) for stratum in self.monitoring.strata}
        after = {stratum: ends[0] for stratum, ends in areas.items()}
        trees = self.trees(areas)
        soil = self.soil(after)
        methane = self.gas(after, equations.METHANE, "ch4")
        nitrous_oxide = self.gas(after, equations.NITROUS_OXIDE, "n2o")
        project = self.trace.evaluate(
            equations.PROJECT,
            "project",
            trees=trees,
            soil=soil,
            methane=methane,
            nitrous_oxide=nitrous_oxide,
        )
        self.keep("trees", trees, equations.TREES_NET)
        self.keep("soil", soil, equations.SUM)
        self.keep("soil_ch4", methane, equations.SUM)
        self.keep("soil_n2o", nitrous_oxide, equations.SUM)
        pools = {
            "trees": trees.value,
            "soil": soil.value,
            "CH4": -np.asarray(methane.value),
            "N2O": -np.asarray(nitrous_oxide.value),
        }
        self.done.terms = self.terms(after, trees, project, pools=pools)
        self.remark_late_claims()
        return self.done

    def keep(self, name: str, term: Term, equation: Equation) -> None:
        annual_outputs(self.done, name, term, equation)

    def terms(
        self,
        areas: Terms,
        trees: Term,
        project: Term,
        *,
        pools: Mapping[str, float | np.ndarray],
    ) -> YearTerms:
        """Baseline, leakage and the two deductions (CDR) [tCO2e]."""
        baseline = self.flux(areas, equations.BASELINE, "baseline_removal_rate")
        leakage = self.flux(areas, equations.LEAKAGE, "leakage_rate")
        gross = self.trace.evaluate(
            equations.GROSS, "project", project=project, baseline=baseline, leakage=leakage
        )
        discount = self.discount(trees)
        kept = self.trace.evaluate(
            equations.AFTER_DISCOUNT, "project", gross=gross, discount=discount
        )
        share = self.inputs.parameter("non_permanence_share", "1")
        risk = self.trace.evaluate(equations.RISK, "project", amount=kept, share=share)
        net = self.trace.evaluate(equations.NET, "project", amount=kept, risk=risk)
        self.keep("uncertainty_discount", discount, equations.DISCOUNT)
        self.keep("non_permanence_deduction", risk, equations.RISK)
        self.keep("net", net, equations.NET)
        return YearTerms(
            baseline=baseline.value,
            project=project.value,
            leakage=leakage.value,
            pools={**pools, "baseline": -np.asarray(baseline.value)},
            gross=gross.value,
            uncertainty_deduction=discount.value,
            buffer=risk.value,
            equations=equations.BY_TERM,
            buffer_is_issued=SPEC.buffer_is_issued,
        )

    def series(self, name: str, stratum: str) -> Series:
        """A series that ``check`` has found to be there."""
        (row,) = self.monitoring.annual(name, stratum=stratum)
        return row

    def areas(self, stratum: Stratum) -> tuple[Term, Term]:
        """Mangrove area at the end of each year, and of the year before it [ha]."""
        return at_ends(self.inputs, self.series("mangrove_area", stratum.id), "ha")

    def agb(self, stratum: Stratum) -> tuple[Term, Term]:
        """Above-ground biomass at the same two ends [t/ha]: a series, or the growth curve."""
        if not grows_by_curve(self.monitoring, stratum):
            return at_ends(self.inputs, self.series("tree_agb", stratum.id), "t/ha")
        years = np.array(self.years)
        return self.grown(stratum, years, "end"), self.grown(stratum, years - 1, "start")

    def grown(self, stratum: Stratum, years: np.ndarray, when: str) -> Term:
        ages = age_at_year_end_yr(stratum.planted_year or 0, years)
        asymptote, rate, shape = (
            self.inputs.parameter(name, unit)
            for name, unit in zip(GROWTH, ("t/ha", "1/yr", "1"), strict=True)
        )
        age = Term(ages, "yr", f"age of {stratum.id} at the {when} of the year")
        return self.trace.evaluate(
            equations.AGB,
            f"{stratum.id} {when}",
            age_yr=age,
            asymptote_t_ha=asymptote,
            rate_per_yr=rate,
            shape=shape,
        )

    def trees(self, areas: Mapping[str, tuple[Term, Term]]) -> Term:
        """Change of carbon in trees, all strata, less what sparse stands lose."""
        changes: Terms = {}
        sparse: Terms = {}
        for stratum in self.monitoring.strata:
            area, area_before = areas[stratum.id]
            agb, agb_before = self.agb(stratum)
            changes[stratum.id] = self.trace.evaluate(
                equations.TREES,
                stratum.id,
                area_ha=area,
                area_before_ha=area_before,
                agb_t_ha=agb,
                agb_before_t_ha=agb_before,
                root_shoot=self.inputs.parameter("root_shoot_ratio", "1"),
                carbon_fraction=self.inputs.parameter("carbon_fraction_tree", "tC/t"),
            )
            cover = single(self.monitoring, "crown_cover", stratum.id)
            if cover is not None:
                sparse[stratum.id] = self.sparse(stratum, cover, changes[stratum.id])
        return self.trace.evaluate(equations.TREES_NET, "project", strata=changes, sparse=sparse)

    def sparse(self, stratum: Stratum, row: Series, change: Term) -> Term:
        cover, _ = at_ends(self.inputs, row, "1")
        return self.trace.evaluate(
            equations.SPARSE,
            stratum.id,
            change=change,
            crown_cover=cover,
            cover_limit=self.inputs.parameter("sparse_cover_limit", "1"),
            deduction_share=self.inputs.parameter("sparse_stand_deduction", "1"),
        )

    def soil(self, areas: Terms) -> Term:
        """Carbon gained by soil, all strata."""
        rate = self.inputs.parameter("soil_carbon_rate", "tC/ha/yr")
        strata = {
            stratum: self.trace.evaluate(equations.SOIL, stratum, area_ha=area, rate_tc_ha_yr=rate)
            for stratum, area in areas.items()
        }
        return self.trace.evaluate(equations.SUM, "soil", strata=strata)

    def gas(self, areas: Terms, equation: Equation, gas: str) -> Term:
        """Emissions of a gas from the soil of all strata."""
        factor = self.inputs.parameter(f"soil_{gas}_emission", "kg/ha/yr")
        gwp = self.inputs.parameter(f"gwp_{gas}", "tCO2e/t")
        strata = {
            stratum: self.trace.evaluate(
                equation, stratum, area_ha=area, factor_kg_ha_yr=factor, gwp=gwp
            )
            for stratum, area in areas.items()
        }
        return self.trace.evaluate(equations.SUM, gas.upper(), strata=strata)

    def flux(self, areas: Terms, equation: Equation, name: str) -> Term:
        """A rate per hectare over all strata (baseline, leakage)."""
        rate = self.inputs.parameter(name, "tCO2e/ha/yr")
        strata = {
            stratum: self.trace.evaluate(equation, stratum, area_ha=area, rate_tco2e_ha_yr=rate)
            for stratum, area in areas.items()
        }
        return self.trace.evaluate(equations.SUM, name, strata=strata)

    def discount(self, trees: Term) -> Term:
        """The uncertainty discount; 0 where the plan is a projection without uncertainty."""
        uncertainty = self.uncertainty()
        if uncertainty is None:
            share = Term(0.0, "1", "no tree_uncertainty: projection")
        else:
            steps = ladder_terms(
                self.inputs.parameters, DOCUMENT, limits=LIMITS, discounts=DISCOUNTS
            )
            share = self.trace.evaluate(
                equations.DISCOUNT_SHARE,
                "project",
                uncertainty=uncertainty,
                limits={name: steps[name] for name in LIMITS},
                discounts={name: steps[name] for name in DISCOUNTS},
            )
        if np.any(np.isnan(np.asarray(share.value))):
            raise MethodologyError(
                f"{DOCUMENT}: tree_uncertainty is above the last step of the ladder: more plots"
            )
        return self.trace.evaluate(equations.DISCOUNT, "project", trees=trees, share=share)

    def uncertainty(self) -> Term | None:
        """The stated uncertainty of the vintage years: never drawn, it decides a step."""
        row = single(self.monitoring, "tree_uncertainty", "")
        if row is None:
            return None
        stated = Inputs(self.monitoring, self.inputs.parameters, years=self.years)
        return stated.annual(row, "1")

    def remark_late_claims(self) -> None:
        """A finding when the first vintage would be claimed later than the rules allow."""
        years_max = self.trace.use(self.inputs.parameters.term("claim_years_max", "yr"))
        if len(self.years) > years_max and not is_declared(self.monitoring, "ex_ante"):
            message = (
                f"covers {len(self.years)} years; a reduction can be claimed within "
                f"{years_max:g} years"
            )
            self.done.findings.append(
                Finding.warning("claim-too-late", "period", message, fix="claim in shorter periods")
            )
