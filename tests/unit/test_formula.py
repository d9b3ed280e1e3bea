"""Formulas that go into a spreadsheet: their grammar, and what it keeps out."""

import pytest

from bluecarbon.methodology import formula
from bluecarbon.methodology.trace import Equation, Term, Trace


def test_names_in_order_of_appearance():
    assert formula.names("44/12*{cf}*({a}+{cf})^2") == ("cf", "a")
    assert formula.names("") == ()


def test_names_become_cells_and_a_group_without_members_counts_as_nothing():
    cells = {"area_ha": "G5:G8", "rate": "parameters!$B$2"}
    text = formula.in_cells("SUM({area_ha}) * {rate} + SUM({none})", cells)
    assert text == "SUM(G5:G8)*parameters!$B$2+SUM(0)"


@pytest.mark.parametrize(
    "text",
    [
        'WEBSERVICE("http://example.org")',
        "HYPERLINK({a})",
        "cmd|' /C calc'!A0",
        "{a}+B7",
        "[book.xls]Sheet!A1",
        "'file:///etc/passwd'#A1",
        "{a b}",
        "{}",
        "{a}&{b}",
        "SUM {a})",
        "(({a})",
        "SUM({a}",
        "=1+1;2",
    ],
)
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match="formula"):
        formula.names(text)


def test_an_equation_with_a_bad_formula_cannot_be_declared():
    with pytest.raises(ValueError, match="SHELL"):
        Equation("Doc", "Eq 1", "x", "1", lambda a: a, "SHELL({a})")


def test_a_formula_over_a_term_that_is_not_given_is_a_mistake():
    equation = Equation("Doc", "Eq 1", "x", "1", lambda a: a, "{a}*{b}")
    with pytest.raises(ValueError, match=r"\['b'\]"):
        Trace().evaluate(equation, "project", a=Term(1.0, "1", "here"))
