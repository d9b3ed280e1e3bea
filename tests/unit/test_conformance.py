"""The conformance kit: good rule books pass; a broken one fails the check that it breaks, only."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from support.small_rules import RATE, SPEC, SmallRules, area

from bluecarbon.methodology import conformance, loader
from bluecarbon.methodology.conformance_golden import Golden, golden_as_json, stored
from bluecarbon.methodology.conformance_runs import Case
from bluecarbon.methodology.conformance_units import other_unit
from bluecarbon.methodology.inputs import Inputs
from bluecarbon.methodology.protocol import Declaration, SeriesInput
from bluecarbon.report import Series
from bluecarbon.spec import Finding, Output, Parameter


def with_spec(**changes):
    return type("Broken", (SmallRules,), {"spec": SPEC.model_copy(update=changes)})()


def with_rows(*rows):
    return with_spec(parameters=(RATE, *rows))


def changed_row(**changes):
    return RATE.model_copy(update={"name": "other", **changes})


class NoQuantify:
    spec = SPEC

    def check(self, monitoring):
        return ()


class NoExample(SmallRules):
    example = None


class ExampleRefused(SmallRules):
    def example(self):
        return super().example().model_copy(update={"measurements": (area("A", -1.0),)})


class ExampleRaises(SmallRules):
    def evaluate(self, inputs):
        raise RuntimeError("boom")


class ClaimsInfinity(SmallRules):
    def compute(self, area_ha, rate, years):
        return super().compute(area_ha, rate, years) + np.inf


class OtherName(SmallRules):
    def quantify(self, monitoring, parameters):
        found = super().quantify(monitoring, parameters)
        return found.model_copy(update={"methodology_id": "other@1"})


class OneStratum(SmallRules):
    claims = dict.fromkeys(SmallRules.claims, 44 / 12 * 30.0 * 0.5)

    def example(self):
        whole = super().example()
        return whole.model_copy(
            update={"strata": whole.strata[:1], "measurements": whole.measurements[:1]}
        )


class GivesUndeclared(SmallRules):
    def evaluate(self, inputs):
        done = super().evaluate(inputs)
        done.outputs.append(done.outputs[0].model_copy(update={"name": "extra"}))
        return done


class OtherUnit(SmallRules):
    def evaluate(self, inputs):
        done = super().evaluate(inputs)
        done.outputs = [o.model_copy(update={"unit": "tC"}) for o in done.outputs]
        return done


class RowsDoNotAddUp(SmallRules):
    def quantify(self, monitoring, parameters):
        found = super().quantify(monitoring, parameters)
        rows = [r.model_copy(update={"leakage_tco2e": 1.0}) for r in found.years]
        return found.model_copy(update={"years": tuple(rows)})


class NoRows(SmallRules):
    def quantify(self, monitoring, parameters):
        return super().quantify(monitoring, parameters).model_copy(update={"years": ()})


class NoNumber(SmallRules):
    number = ""


class NoTrace(SmallRules):
    def quantify(self, monitoring, parameters):
        return super().quantify(monitoring, parameters).model_copy(update={"trace": ()})


class FixedTerm(SmallRules):
    formula = f"{SmallRules.formula}+100"
    claims = {year: claim + 100 for year, claim in SmallRules.claims.items()}

    def compute(self, area_ha, rate, years):
        return super().compute(area_ha, rate, years) + 100.0


class ByPlace(SmallRules):
    formula = ""
    claims = dict.fromkeys(SmallRules.claims, 44 / 12 * 0.5 * (30 + 2 * 12.5))

    def compute(self, area_ha, rate, years):
        return super().compute(area_ha * (1 + np.arange(area_ha.shape[-1])), rate, years)


class NanIsZero(SmallRules):
    def own_findings(self, monitoring):
        return ()

    def check(self, monitoring):
        found = super().check(monitoring)
        return tuple(f for f in found if f.code != "measurement-not-finite")

    def compute(self, area_ha, rate, years):
        return super().compute(np.nan_to_num(area_ha), rate, years)


class NanParameterIsZero(SmallRules):
    def quantify(self, monitoring, parameters):
        rows = [r for r in parameters if r.value != r.value]
        zero = [r.model_copy(update={"value": 0.0}) for r in rows]
        return super().quantify(monitoring, parameters.replaced(zero))


class OwnChecksOnly(SmallRules):
    def check(self, monitoring):
        return self.own_findings(monitoring)


class RaisesOnReversedPeriods(SmallRules):
    def check(self, monitoring):
        if not monitoring.period.years:
            raise IndexError("no year")
        return super().check(monitoring)


class ReplacesInSilence(SmallRules):
    def quantify(self, monitoring, parameters):
        done = super().quantify(monitoring, parameters)
        return done.model_copy(update={"findings": ()})


class FormulaOfAnother(SmallRules):
    formula = "12/44*SUM({area_ha})*{rate}*{years}"


class FormulaWithoutSense(SmallRules):
    formula = "44/12*SUM({area_ha})*{rate}*"


class ReadsRawValues(SmallRules):
    """An area in any unit is taken for hectares."""

    def evaluate(self, inputs):
        rows = tuple(m.model_copy(update={"unit": "ha"}) for m in inputs.monitoring.measurements)
        data = inputs.monitoring.model_copy(update={"measurements": rows})
        return super().evaluate(Inputs(data, inputs.parameters, years=inputs.years))


class ChangedSince(SmallRules):
    claims = {**SmallRules.claims, "2021": 78.0}


class NothingStored(SmallRules):
    golden = None


class StoredForAnother(SmallRules):
    def golden(self):
        return super().golden().model_copy(update={"methodology_id": "small@0"})


class StoredBadly(SmallRules):
    def golden(self):
        return {"claim": 1.0}


class TakesOff(SmallRules):
    """A twentieth is taken off, or kept back, by no equation or by one that is not evaluated."""

    column = "uncertainty_deduction"
    by = ""

    def evaluate(self, inputs):
        done = super().evaluate(inputs)
        amount = {self.column: done.terms.gross / 20, "equations": {self.column: self.by}}
        done.terms = replace(done.terms, **amount)
        return done

    @property
    def claims(self):
        share = 0.95 if self.column == "uncertainty_deduction" else 1.0
        return {year: share * claim for year, claim in SmallRules.claims.items()}


class KeepsBack(TakesOff):
    column = "buffer"
    by = "Doc Eq 9"


class WritesIntoInputs(SmallRules):
    def evaluate(self, inputs):
        inputs.monitoring.declarations["seen"] = True
        return super().evaluate(inputs)


class KeepsState(SmallRules):
    def __init__(self):
        self.calls = itertools.count()

    def evaluate(self, inputs):
        done = super().evaluate(inputs)
        done.findings.append(Finding.info("call", "rules", f"call {next(self.calls)}"))
        return done


OUTPUT = SPEC.outputs[0]
OPTIONAL = Declaration(name="remark", about="Optional: a remark")

BROKEN = [
    ("protocol", NoQuantify()),
    ("protocol", with_spec(id="small@2")),
    ("spec-round-trip", with_rows(changed_row(value=float("nan")))),
    ("outputs-declared", with_spec(outputs=(OUTPUT.model_copy(update={"equation": " "}),))),
    ("outputs-declared", with_spec(outputs=(OUTPUT.model_copy(update={"unit": ""}),))),
    ("outputs-declared", with_spec(outputs=(OUTPUT, OUTPUT))),
    ("parameters-sourced", with_rows(changed_row(source=""))),
    ("parameters-sourced", with_rows(changed_row(source="a-rumour"))),
    ("units-known", with_rows(changed_row(unit="bananas"))),
    ("units-known", with_rows(changed_row(unit=""))),
    ("example", NoExample()),
    ("golden-run", ExampleRefused()),
    ("golden-run", ExampleRaises()),
    ("golden-run", ClaimsInfinity()),
    ("golden-run", OtherName()),
    ("example-complete", OneStratum()),
    (
        "outputs-produced",
        with_spec(outputs=(OUTPUT, Output(name="trees", unit="t", about="-", equation="Eq 2"))),
    ),
    ("outputs-produced", GivesUndeclared()),
    ("outputs-produced", OtherUnit()),
    ("rows-add-up", RowsDoNotAddUp()),
    ("rows-add-up", NoRows()),
    ("trace", NoNumber()),
    ("trace", NoTrace()),
    ("status-explicit", with_rows(Parameter(name="other", value=1.0, unit="1", source="doc"))),
    ("trace-recomputes", FormulaOfAnother()),
    ("trace-recomputes", FormulaWithoutSense()),
    ("deductions-traced", TakesOff()),
    ("deductions-traced", KeepsBack()),
    ("golden-stored", ChangedSince()),
    ("golden-stored", NothingStored()),
    ("golden-stored", StoredForAnother()),
    ("golden-stored", StoredBadly()),
    ("units-converted", ReadsRawValues()),
    ("area-doubled", FixedTerm()),
    ("strata-permuted", ByPlace()),
    ("nan-refused", NanIsZero()),
    ("nan-refused", NanParameterIsZero()),
    ("optional-declared", with_spec(declarations=(OPTIONAL,))),
    ("common-defects", OwnChecksOnly()),
    ("common-defects", RaisesOnReversedPeriods()),
    ("replaced-default", ReplacesInSilence()),
    ("purity", WritesIntoInputs()),
    ("purity", KeepsState()),
]


@pytest.mark.parametrize("book", loader.BUILT_IN, ids=lambda book: book.spec.id)
def test_built_in_rule_books_conform(book):
    assert conformance.check(book) == ()


def test_the_small_rule_book_conforms():
    assert conformance.check(SmallRules()) == ()


@pytest.mark.parametrize(
    ("name", "book"), BROKEN, ids=[f"{name}-{i}" for i, (name, _) in enumerate(BROKEN)]
)
def test_a_broken_rule_book_fails_the_check_that_it_breaks_only(name, book):
    found = conformance.check(book)
    assert {f.code for f in found} == {f"conformance-{name}"}
    assert all(f.severity == "error" and f.message and f.subject and f.fix for f in found)


def test_every_check_has_a_rule_book_that_breaks_it():
    assert {name for name, _ in BROKEN} == {item.name for item in conformance.CHECKS}


def test_status_that_slipped_past_the_type_is_found():
    row = changed_row().model_copy(update={"status": "rumoured"})
    codes = {f.code for f in conformance.check(with_rows(row))}
    assert "conformance-parameters-sourced" in codes


def test_a_rule_book_with_fixed_terms_may_say_so():
    book = FixedTerm()
    book.spec = SPEC.model_copy(update={"extensive": False})
    assert conformance.check(book) == ()


def test_doubling_an_area_in_another_unit_counts_as_well():
    class InMu(SmallRules):
        def example(self):
            rows = (area("A", 450.0, "mu", standard_error=15.0), area("B", 12.5))
            return super().example().model_copy(update={"measurements": rows})

    assert conformance.check(InMu()) == ()


class WithSeries(SmallRules):
    """Adds removals that are given as annual series: per project, times a share."""

    spec = SPEC.model_copy(
        update={
            "series": (
                SeriesInput(name="removals", unit="tCO2e", per="whole project", about="-"),
                SeriesInput(name="share", unit="1", per="whole project", about="-"),
            )
        }
    )
    ignores_nan = False
    formula = ""
    claims = {
        year: claim + added
        for (year, claim), added in zip(
            SmallRules.claims.items(), (2.0 * 0.5, 3.0 * 0.25), strict=True
        )
    }

    def example(self):
        series = (
            Series(variable="removals", unit="tCO2e", first_year=2019, values=(1.0, 2.0, 3.0, 4.0)),
            Series(variable="share", unit="1", first_year=2020, values=(0.5, 0.25)),
        )
        return super().example().model_copy(update={"series": series})

    def evaluate(self, inputs):
        (removals,), (share,) = (inputs.monitoring.annual(n) for n in ("removals", "share"))
        self.added = inputs.annual(removals, "tCO2e").value * inputs.annual(share, "1").value
        return super().evaluate(inputs)

    def compute(self, area_ha, rate, years):
        added = np.nan_to_num(self.added) if self.ignores_nan else self.added
        return super().compute(area_ha, rate, years) + added


def test_series_of_a_whole_project_grow_with_the_area_but_shares_do_not():
    assert conformance.check(WithSeries()) == ()


def test_a_nan_in_a_year_of_a_series_must_not_pass():
    book = WithSeries()
    book.ignores_nan = True
    found = conformance.check(book)
    assert [(f.code, f.subject) for f in found] == [
        ("conformance-nan-refused", "removals project"),
        ("conformance-nan-refused", "share project"),
    ]


def test_an_exception_in_a_check_is_its_finding():
    class Stumbles(SmallRules):
        def evaluate(self, inputs):
            if inputs.monitoring.strata[0].id == "B":
                raise KeyError("A comes first")
            return super().evaluate(inputs)

    (finding,) = conformance.check(Stumbles())
    assert finding.code == "conformance-strata-permuted"
    assert "raises KeyError" in finding.message


def test_a_required_input_that_the_example_lacks_is_named():
    inputs = (*SPEC.inputs, SPEC.inputs[0].model_copy(update={"name": "salinity"}))
    (finding,) = conformance.check(with_spec(inputs=inputs))
    assert finding.code == "conformance-example-complete"
    assert "salinity" in finding.message


def test_a_warning_about_a_nan_is_loud_enough():
    class Warns(NanIsZero):
        def own_findings(self, monitoring):
            return tuple(
                Finding.warning("area-ignored", row.stratum, "left out")
                for row in monitoring.measurements
                if row.value != row.value
            )

    assert conformance.check(Warns()) == ()


def test_the_case_of_a_rule_book_is_its_golden_run():
    case = Case.of(SmallRules())
    assert case.golden.claim_tco2e == pytest.approx(2 * 44 / 12 * 42.5 * 0.5)
    assert case.fresh() == case.monitoring
    assert case.fresh() is not case.monitoring


def test_a_deduction_by_an_equation_of_the_trace_passes():
    class Traced(TakesOff):
        by = "Doc Eq 1"

    assert conformance.check(Traced()) == ()


def test_a_buffer_that_is_never_issued_is_left_out_of_the_claim():
    class Kept(KeepsBack):
        by = "Doc Eq 1"
        spec = SPEC.model_copy(update={"buffer_is_issued": False})

        def evaluate(self, inputs):
            done = super().evaluate(inputs)
            done.terms = replace(done.terms, buffer_is_issued=False)
            return done

        @property
        def claims(self):
            return {year: 0.95 * claim for year, claim in SmallRules.claims.items()}

    assert conformance.check(Kept()) == ()
    issued = Kept()
    issued.spec = SPEC
    assert {f.code for f in conformance.check(issued)} == {"conformance-rows-add-up"}


@pytest.mark.parametrize(
    ("unit", "other"),
    [
        ("ha", "mu"),
        ("t/ha", "kg/ha"),
        ("tC/ha/yr", "kgC/ha/yr"),
        ("g/cm3", "kg/cm3"),
        ("percent", "1"),
        ("1/yr", "1/yr"),
        ("mm/yr", "cm/yr"),
    ],
)
def test_other_units_say_the_same_amount(unit, other):
    assert other_unit(unit) == other


@pytest.mark.parametrize("book", loader.BUILT_IN, ids=lambda book: book.spec.id)
def test_the_stored_claim_is_what_the_command_prints(book):
    assert Golden.model_validate_json(golden_as_json(book)).methodology_id == book.spec.id
    now = Golden.model_validate_json(golden_as_json(book)).claim_tco2e
    assert stored(book).claim_tco2e == pytest.approx(now, rel=1e-12)
