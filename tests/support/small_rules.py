"""A rule book of one equation that conforms; tests break it in one place at a time."""

import datetime as dt

import numpy as np

from bluecarbon import units
from bluecarbon.methodology.conformance_golden import Golden
from bluecarbon.methodology.protocol import MethodologySpec
from bluecarbon.methodology.rule_book import Evaluation, RuleBook, YearTerms
from bluecarbon.methodology.trace import Equation, Term, Trace
from bluecarbon.report import Measurement, Monitoring, Period, Stratum
from bluecarbon.spec import Finding, Input, Output, Parameter, Source

RATE = Parameter(
    name="rate", value=500.0, unit="kgC/ha/yr", source="doc", locator="T1", status="verified"
)

SPEC = MethodologySpec(
    id="small@1",
    version="1",
    title="Small rules",
    title_zh="小方法学",
    inputs=(Input(name="mangrove_area", unit="ha", scope="stratum", about="area"),),
    outputs=(Output(name="soil", unit="tCO2e", about="a year's soil", equation="Doc Eq 1"),),
    declarations=(),
    parameters=(RATE,),
    sources=(Source(key="doc", citation="A document"),),
)


class SmallRules(RuleBook):
    spec = SPEC
    number = "Eq 1"
    formula = "44/12*SUM({area_ha})*{rate}*{years}"
    claims = {"2020": 44 / 12 * 42.5 * 0.5, "2021": 44 / 12 * 42.5 * 0.5}

    def golden(self):
        return Golden(
            methodology_id=self.spec.id,
            claim_tco2e=sum(self.claims.values()),
            claim_tco2e_by_year=self.claims,
        )

    def compute(self, area_ha, rate, years):
        return units.CO2E_PER_C * area_ha.sum(axis=-1) * rate * years

    def own_findings(self, monitoring):
        return tuple(
            Finding.error("area-wrong", row.stratum, "is not an area")
            for row in monitoring.measurements
            if not row.value >= 0
        )

    def years(self, monitoring):
        return monitoring.period.years

    def axis(self, monitoring):
        return monitoring.period.years

    def evaluate(self, inputs):
        trace = Trace(inputs.years, recording=not inputs.is_sampled)
        done = Evaluation(inputs.years, trace)
        rows = {m.stratum: m for m in inputs.monitoring.measurements}
        equation = Equation(
            "Doc",
            self.number,
            "soil",
            "tCO2e",
            self.compute,
            self.formula,
        )
        soil = trace.evaluate(
            equation,
            "project",
            area_ha={s.id: inputs.measured(rows[s.id], "ha") for s in inputs.monitoring.strata},
            rate=inputs.parameter("rate", "tC/ha/yr"),
            years=Term(np.ones(len(inputs.years)), "yr", "whole years"),
        )
        for place, year in enumerate(inputs.years):
            value = Term(float(soil.value[place]), "tCO2e", soil.source)
            done.output("soil", str(year), value, equation=equation)
        done.terms = YearTerms(
            baseline=0.0,
            project=soil.value,
            leakage=0.0,
            pools={"soil": soil.value},
            gross=soil.value,
            uncertainty_deduction=0.0,
            buffer=0.0,
        )
        return done

    def example(self):
        return Monitoring(
            project_id="small",
            period=Period(start=dt.date(2020, 1, 1), end=dt.date(2022, 1, 1)),
            strata=(Stratum(id="A"), Stratum(id="B")),
            measurements=(area("A", 30.0), area("B", 12.5)),
        )

    def example_parameters(self):
        return ()


def area(stratum, value, unit="ha", **more):
    return Measurement(
        variable="mangrove_area",
        stratum=stratum,
        date=dt.date(2021, 6, 1),
        value=value,
        unit=unit,
        **more,
    )
