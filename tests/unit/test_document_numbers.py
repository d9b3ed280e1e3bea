"""Numbers as they are read, and the few that are put together for reading."""

import math

import pandas as pd
import pytest

from bluecarbon.mrv.document_numbers import (
    claim_terms,
    interval,
    merged_outputs,
    number,
    percent,
    significant,
    trace_summary,
    uncertainty_shares,
    unit,
)
from bluecarbon.report import OutputValue, Quantification, TraceStep, YearRow


def year(number_, *, pools, baseline=0.0, leakage=0.0, taken=0.0, buffer=0.0):
    project = math.fsum(pools.values()) + baseline
    gross = project - baseline - leakage
    return YearRow(
        year=number_,
        baseline_tco2e=baseline,
        project_tco2e=project,
        leakage_tco2e=leakage,
        pools_tco2e=pools,
        gross_tco2e=gross,
        uncertainty_deduction_tco2e=taken,
        buffer_tco2e=buffer,
        net_tco2e=gross - taken - buffer,
        cumulative_tco2e=0.0,
    )


def claimed(*rows, claims=None, outputs=()):
    claims = claims or {
        str(row.year): row.gross_tco2e - row.uncertainty_deduction_tco2e for row in rows
    }
    return Quantification(
        methodology_id="hand@1",
        methodology_title="By hand",
        outputs=outputs,
        claim_tco2e_by_year=claims,
        claim_tco2e=math.fsum(claims.values()),
        parameters=(),
        trace=(),
        years=rows,
    )


class Folder:
    """Evidence with a claim and, perhaps, a table of uncertainty."""

    def __init__(self, claim, uncertainty=None):
        self.report = type("Report", (), {"quantification": claim})
        self.tables = {"uncertainty": uncertainty}

    def table(self, name):
        found = self.tables.get(name)
        return pd.DataFrame() if found is None else found


@pytest.mark.parametrize(
    ("value", "text"),
    [(17309.1167, "17,309.1"), (-0.04, "0.0"), (-444.7, "−444.7"), (math.nan, "–"), (None, "–")],
)
def test_a_number(value, text):
    assert number(value) == text


def test_shares_intervals_and_units():
    assert percent(0.0917) == "9.2 %"
    assert percent(math.nan) == "–"
    assert interval(1.25, 1000.0) == "1.2 – 1,000.0"
    assert interval(math.nan, 2.0) == "–"
    assert [unit(u) for u in ("1", "t**2/ha**2", "g/cm3", "tCO2e/yr", "m^2")] == [
        "–",
        "t²/ha²",
        "g/cm³",
        "tCO2e/yr",
        "m²",
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.251, "0.251"),
        (-1.085, "−1.085"),
        (17309.11716, "17,309.1"),
        (2400000.0, "2,400,000"),
        (3.2e-9, "3.2e-09"),
        (math.inf, "–"),
    ],
)
def test_six_significant_digits(value, text):
    assert significant(value) == text


def test_terms_add_up_to_the_claim_and_to_what_may_be_sold():
    claim = claimed(
        year(2020, pools={"trees": 100.0, "soil": -10.0}, baseline=5.0, taken=9.0, buffer=8.0),
        year(2021, pools={"trees": 50.0}, leakage=4.0, buffer=2.0),
    )
    terms = claim_terms(claim)
    assert [t.name for t in terms] == [
        "trees", "soil", "leakage", "gross", "uncertainty_deduction", "claim", "buffer", "net",
    ]  # fmt: skip
    level = 0.0
    for term in terms:
        if term.is_total:
            assert level == pytest.approx(term.value_tco2e)
        else:
            level += term.value_tco2e
    assert level == pytest.approx(150 - 10 - 4 - 9 - 10)


def test_a_cap_of_the_rule_book_is_shown_and_not_hidden():
    row = year(2020, pools={"trees": 100.0}).model_copy(
        update={"gross_tco2e": 80.0, "net_tco2e": 80.0}
    )
    (other,) = [t for t in claim_terms(claimed(row)) if t.name == "other_terms"]
    assert other.value_tco2e == -20.0


def test_a_risk_that_is_never_issued_stands_before_the_claim():
    claim = claimed(year(2020, pools={"trees": 100.0}, buffer=10.0), claims={"2020": 90.0})
    names = [t.name for t in claim_terms(claim)]
    assert names == ["trees", "gross", "uncertainty_deduction", "never_issued", "claim"]


def outputs_of_ar_tool14(start=400.0, end=2000.0, u_start=0.1, u_end=0.06, with_areas=0.09):
    values = {
        ("tree_stock", "2019-12-20"): start,
        ("tree_stock_uncertainty", "at start"): u_start,
        ("tree_stock", "2024-11-28"): end,
        ("tree_stock_uncertainty", "at end"): u_end,
        ("tree_change", "project"): end - start,
        ("tree_change_uncertainty_with_areas", "project"): with_areas,
    }
    return tuple(
        OutputValue(name=n, scope=s, value=v, unit="1", equation="Eq")
        for (n, s), v in values.items()
    )


def test_uncertainty_of_a_stock_change_is_split_by_eq_2_of_ar_tool14():
    """Half-widths 40 and 120 of stocks 400 and 2000; 144 with areas: 1600, 14400 and 4736."""
    shares = uncertainty_shares(Folder(claimed(outputs=outputs_of_ar_tool14())))
    assert shares.basis == "ar_tool14"
    whole = (0.09 * 1600) ** 2
    assert dict(zip(shares.table["source"], shares.table["share"], strict=True)) == {
        "plots_at_end": pytest.approx(14400 / whole),
        "mapped_areas": pytest.approx((whole - 16000) / whole),
        "plots_at_start": pytest.approx(1600 / whole),
    }


def test_a_monte_carlo_comes_before_the_equations():
    written = pd.DataFrame({"source": ["core", "allometry"], "share": [0.3, 0.7], "more": [1, 2]})
    shares = uncertainty_shares(Folder(claimed(outputs=outputs_of_ar_tool14()), written))
    assert shares.basis == "monte_carlo"
    assert list(shares.table["source"]) == ["allometry", "core"]


def test_nobody_invents_sources_of_uncertainty():
    assert uncertainty_shares(Folder(claimed())) is None
    assert uncertainty_shares(Folder(None)) is None
    no_error = outputs_of_ar_tool14(u_start=0.0, u_end=0.0, with_areas=0.0)
    assert uncertainty_shares(Folder(claimed(outputs=no_error))) is None


def test_the_trace_in_short():
    def step(equation, result):
        return TraceStep(
            equation=equation, document="D", about="a", scope="", inputs=(), result=result, unit="t"
        )

    lines = trace_summary([step("Eq 2", 3.0), step("Eq 1", 5.0), step("Eq 2", 1.0)])
    assert [(x.equation, x.times, x.low, x.high) for x in lines] == [
        ("Eq 2", 2, 1.0, 3.0),
        ("Eq 1", 1, 5.0, 5.0),
    ]


def test_equal_years_become_one_row():
    def output(scope, value, name="trees"):
        return OutputValue(name=name, scope=scope, value=value, unit="tCO2e", equation="Eq")

    years = [output("2020", 3.0), output("2021", 3.0), output("2022", 4.0), output("2023", 3.0)]
    found = merged_outputs([*years, output("project", 3.0)])
    assert [(o.scope, o.value) for o in found] == [
        ("2020–2021", 3.0),
        ("2022", 4.0),
        ("2023", 3.0),
        ("project", 3.0),
    ]
