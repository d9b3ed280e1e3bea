"""Equations and the trace: numbers, groups, draws and parameter rows."""

import numpy as np
import pytest

from bluecarbon.methodology.trace import Equation, Term, Trace
from bluecarbon.spec import Parameter

TOTAL = Equation(
    "Doc", "Eq 1", "sum of a x b", "t", lambda area_ha, per_ha: (area_ha * per_ha).sum(axis=-1)
)
ROW = Parameter(name="p", value=2.0, unit="t/ha", source="s", status="verified")


def term(value, *rows):
    return Term(value, "ha", "measured", rows)


def test_groups_become_one_array_in_order_and_are_spelled_out():
    trace = Trace()
    result = trace.evaluate(
        TOTAL, "project", area_ha={"A": term(1.0), "B": term(10.0)}, per_ha=term(2.0, ROW)
    )
    assert result.single == 22.0
    (step,) = trace.steps
    assert [i.name for i in step.inputs] == ["area_ha[A]", "area_ha[B]", "per_ha"]
    assert (step.equation, step.scope, step.unit, step.result) == ("Eq 1", "project", "t", 22.0)
    assert trace.parameters == (ROW,)


def test_draws_are_computed_by_the_same_function_and_not_recorded():
    trace = Trace(recording=False)
    draws = {"A": term(np.array([1.0, 2.0, 3.0])), "B": term(10.0)}
    result = trace.evaluate(TOTAL, "project", area_ha=draws, per_ha=term(2.0))
    assert result.value.tolist() == [22.0, 24.0, 26.0]
    assert trace.steps == ()


def test_a_years_axis_leaves_a_step_per_year():
    trace = Trace((2020, 2021))
    annual = {"A": term(np.array([1.0, 2.0])), "B": term(10.0)}
    result = trace.evaluate(TOTAL, "project", area_ha=annual, per_ha=term(2.0, ROW))
    assert result.value.tolist() == [22.0, 24.0]
    assert [(s.scope, s.result) for s in trace.steps] == [
        ("project 2020", 22.0),
        ("project 2021", 24.0),
    ]
    assert [i.value for i in trace.steps[1].inputs] == [2.0, 10.0, 2.0]


def test_a_result_that_is_neither_single_nor_annual_is_a_mistake():
    with pytest.raises(ValueError, match="not annual"):
        Trace((2020, 2021)).evaluate(
            TOTAL, "project", area_ha={"A": term(np.zeros(3))}, per_ha=term(2.0)
        )


def test_empty_group_sums_to_zero():
    empty = Equation("Doc", "Eq 2", "sum", "t", lambda parts: parts.sum(axis=-1))
    assert Trace().evaluate(empty, "project", parts={}).single == 0.0


def test_nan_stays_nan():
    result = Trace().evaluate(
        TOTAL, "project", area_ha={"A": term(np.nan), "B": term(1.0)}, per_ha=term(2.0)
    )
    assert np.isnan(result.value)


def test_term_of_many_draws_is_not_single():
    with pytest.raises(TypeError):
        _ = term(np.array([1.0, 2.0])).single
