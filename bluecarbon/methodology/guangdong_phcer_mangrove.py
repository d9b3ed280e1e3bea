"""PROPOSAL: mangrove under the Guangdong carbon inclusion programme (广东省碳普惠, PHCER).

No mangrove method of the programme was found in force. This is a candidate for study, built in
the manner of HY/T 0349-2022 as recalled (plant sink plus sediment sink, the latter bulk density x
organic carbon x accretion x area) with a baseline, leakage, a deduction for sediment carbon that
came from elsewhere, one for uncertainty, and a buffer. Every number is the user's: no row has a
default, and a run is a draft whatever the status of its rows.

Sign: removals positive.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bluecarbon import units
from bluecarbon.errors import MethodologyError
from bluecarbon.methodology.annual_series import (
    annual_outputs,
    area_flux_tco2e,
    at_ends,
    biomass_change_tco2e,
    share_of_gain,
)
from bluecarbon.methodology.guangdong_phcer_mangrove_checks import axis, check, stratum_values
from bluecarbon.methodology.guangdong_phcer_mangrove_example import example, example_parameters
from bluecarbon.methodology.guangdong_phcer_mangrove_spec import DOCUMENT, SPEC
from bluecarbon.methodology.inputs import Inputs
from bluecarbon.methodology.parameter_files import listed, unusable
from bluecarbon.methodology.parameters import Parameters
from bluecarbon.methodology.protocol import MethodologySpec
from bluecarbon.methodology.rule_book import Evaluation, RuleBook, YearTerms
from bluecarbon.methodology.trace import Equation, Number, Term, Trace
from bluecarbon.report import Monitoring, Quantification
from bluecarbon.spec import Finding, Parameter


def sediment_tco2e(
    area_ha: Number,
    bulk_density_g_cm3: Number,
    organic_carbon: Number,
    *,
    accretion_mm_yr: Number,
    allochthonous_share: Number,
) -> Number:
    r"""Sink of the sediment of a stratum in a year [tCO2e].

    :math:`\frac{44}{12} A \rho\, OC\, a \times 10 \times (1 - s)` with area [ha], dry bulk density
    [g/cm3, which is t/m3], organic carbon over dry mass, accretion [mm/yr] and the share s of
    that carbon which the mangrove did not fix. 1 mm on 1 ha is 10 m3.
    """
    m3_per_mm_ha = 10.0
    mass = np.asarray(bulk_density_g_cm3) * accretion_mm_yr * m3_per_mm_ha
    carbon = mass * organic_carbon * (1 - np.asarray(allochthonous_share))
    sink: Number = units.CO2E_PER_C * area_ha * carbon
    return sink


PLANTS = Equation(
    DOCUMENT,
    "plants",
    "sink of plants of a stratum",
    "tCO2e",
    biomass_change_tco2e,
    "44/12*{carbon_fraction}*(1+{root_shoot})"
    "*({area_ha}*{agb_t_ha}-{area_before_ha}*{agb_before_t_ha})",
)
SEDIMENT = Equation(
    DOCUMENT,
    "sediment",
    "sink of sediment of a stratum",
    "tCO2e",
    sediment_tco2e,
    "44/12*{area_ha}*{bulk_density_g_cm3}*{accretion_mm_yr}*10*{organic_carbon}"
    "*(1-{allochthonous_share})",
)
FLUX = Equation(
    DOCUMENT,
    "rate per hectare",
    "baseline or leakage of a stratum",
    "tCO2e",
    area_flux_tco2e,
    "{area_ha}*{rate_tco2e_ha_yr}",
)
SUM = Equation(
    DOCUMENT, "sum", "all strata", "tCO2e", lambda strata: strata.sum(axis=-1), "SUM({strata})"
)
PROJECT = Equation(
    DOCUMENT,
    "project",
    "sink of plants and sediment",
    "tCO2e",
    lambda plants, sediment: plants + sediment,
    "{plants}+{sediment}",
)
GROSS = Equation(
    DOCUMENT,
    "gross",
    "sink less baseline and leakage",
    "tCO2e",
    lambda project, baseline, leakage: project - np.asarray(baseline) - leakage,
    "{project}-{baseline}-{leakage}",
)
SHARE = Equation(
    DOCUMENT,
    "deduction",
    "share of a gain that is taken off; of a loss nothing",
    "tCO2e",
    share_of_gain,
    "MAX({amount},0)*{share}",
)
REST = Equation(
    DOCUMENT,
    "rest",
    "what a deduction leaves",
    "tCO2e",
    lambda amount, taken: amount - np.asarray(taken),
    "{amount}-{taken}",
)

BY_TERM = {
    "plants": PLANTS.label,
    "sediment": SEDIMENT.label,
    "baseline": FLUX.label,
    "leakage": FLUX.label,
    "project": PROJECT.label,
    "gross": GROSS.label,
    "uncertainty_deduction": SHARE.label,
    "buffer": SHARE.label,
    "net": REST.label,
}
"""Which equations give each pool and term, for comparisons."""


class GuangdongPhcerMangrove(RuleBook):
    """The proposal ``guangdong-phcer-mangrove@draft``; see the module for its scope."""

    @property
    def spec(self) -> MethodologySpec:
        """The declaration, from :mod:`bluecarbon.methodology.guangdong_phcer_mangrove_spec`."""
        return SPEC

    def own_findings(self, monitoring: Monitoring) -> tuple[Finding, ...]:
        """Conditions and missing data; all findings at once."""
        return check(monitoring)

    def axis(self, monitoring: Monitoring) -> tuple[int, ...]:
        """The vintage years and the year before them."""
        return axis(monitoring)

    def evaluate(self, inputs: Inputs) -> Evaluation:
        """The sink per year [tCO2e]. MethodologyError names every row without a value."""
        names = [row.name for row in SPEC.parameters]
        refused = unusable(inputs.parameters, names, draft=True)
        if refused:
            raise MethodologyError(f"{SPEC.id} cannot compute: {listed(refused)}")
        return _Run(inputs).evaluation()

    def quantify(self, monitoring: Monitoring, parameters: Parameters) -> Quantification:
        """The claim of a proposal: always a draft. MethodologyError as :meth:`evaluate`."""
        done = super().quantify(monitoring, parameters)
        return done.model_copy(update={"draft": True})

    def example(self) -> Monitoring:
        """A small complete input."""
        return example()

    def example_parameters(self) -> tuple[Parameter, ...]:
        """Invented values for all rows."""
        return example_parameters()


GUANGDONG_PHCER_MANGROVE_DRAFT = GuangdongPhcerMangrove()


class _Run:
    """One evaluation: the inputs and the trace that grows."""

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs
        self.monitoring = inputs.monitoring
        self.trace = Trace(inputs.years[1:], recording=not inputs.is_sampled)
        self.done = Evaluation(inputs.years[1:], self.trace)

    def evaluation(self) -> Evaluation:
        plants, sediment = self.plants(), self.sediment()
        project = self.trace.evaluate(PROJECT, "project", plants=plants, sediment=sediment)
        baseline, leakage = self.flux("baseline_removal_rate"), self.flux("leakage_rate")
        gross = self.trace.evaluate(
            GROSS, "project", project=project, baseline=baseline, leakage=leakage
        )
        deduction, claim = self.taken_off(gross, "uncertainty_deduction_share")
        buffer, net = self.taken_off(claim, "buffer_share")
        annual_outputs(self.done, "plants", plants, PLANTS)
        annual_outputs(self.done, "sediment", sediment, SEDIMENT)
        annual_outputs(self.done, "net", net, REST)
        self.done.terms = YearTerms(
            baseline=baseline.value,
            project=project.value,
            leakage=leakage.value,
            pools={
                "plants": plants.value,
                "sediment": sediment.value,
                "baseline": -np.asarray(baseline.value),
            },
            gross=gross.value,
            uncertainty_deduction=deduction.value,
            buffer=buffer.value,
            equations=BY_TERM,
        )
        return self.done

    def taken_off(self, amount: Term, share: str) -> tuple[Term, Term]:
        """What a share takes off an amount, and the rest."""
        parameter = self.inputs.parameter(share, "1")
        taken = self.trace.evaluate(SHARE, share, amount=amount, share=parameter)
        return taken, self.trace.evaluate(REST, f"after {share}", amount=amount, taken=taken)

    def ends(self, name: str, unit: str, stratum: str) -> tuple[Term, Term]:
        """A stock series at the end of each year and of the year before it."""
        (row,) = self.monitoring.annual(name, stratum=stratum)
        return at_ends(self.inputs, row, unit)

    def total(self, strata: Mapping[str, Term], scope: str) -> Term:
        return self.trace.evaluate(SUM, scope, strata=strata)

    def plants(self) -> Term:
        """Change of carbon in plants, all strata."""
        found = {}
        for stratum in self.monitoring.strata:
            area, area_before = self.ends("mangrove_area", "ha", stratum.id)
            agb, agb_before = self.ends("tree_agb", "t/ha", stratum.id)
            found[stratum.id] = self.trace.evaluate(
                PLANTS,
                stratum.id,
                area_ha=area,
                area_before_ha=area_before,
                agb_t_ha=agb,
                agb_before_t_ha=agb_before,
                root_shoot=self.inputs.parameter("root_shoot_ratio", "1"),
                carbon_fraction=self.inputs.parameter("carbon_fraction", "tC/t"),
            )
        return self.total(found, "plants")

    def sediment(self) -> Term:
        """Carbon buried in sediment, all strata."""
        found = {}
        for stratum in self.monitoring.strata:
            area, _ = self.ends("mangrove_area", "ha", stratum.id)
            found[stratum.id] = self.trace.evaluate(
                SEDIMENT,
                stratum.id,
                area_ha=area,
                bulk_density_g_cm3=self.measured("sediment_bulk_density", "g/cm3", stratum.id),
                organic_carbon=self.measured("sediment_organic_carbon", "1", stratum.id),
                accretion_mm_yr=self.measured("accretion_rate", "mm/yr", stratum.id),
                allochthonous_share=self.inputs.parameter("allochthonous_share", "1"),
            )
        return self.total(found, "sediment")

    def measured(self, name: str, unit: str, stratum: str) -> Term:
        """The one value of a stratum (``check`` has seen to that)."""
        (row,) = stratum_values(self.monitoring, name, stratum)
        return self.inputs.measured(row, unit)

    def flux(self, name: str) -> Term:
        """A rate per hectare over all strata (baseline, leakage)."""
        rate = self.inputs.parameter(name, "tCO2e/ha/yr")
        found = {}
        for stratum in self.monitoring.strata:
            area, _ = self.ends("mangrove_area", "ha", stratum.id)
            found[stratum.id] = self.trace.evaluate(
                FLUX, f"{name} {stratum.id}", area_ha=area, rate_tco2e_ha_yr=rate
            )
        return self.total(found, name)
