"""Two rule books side by side: terms by name, missing ones as missing, the equation behind each."""

import pytest

from bluecarbon.methodology import loader
from bluecarbon.methodology.comparison import compare
from bluecarbon.methodology.parameters import Parameters


def quantified(name):
    book = loader.get(name)
    rows = Parameters(book.spec.parameters).replaced(book.example_parameters())
    return book.quantify(book.example(), rows)


@pytest.fixture(scope="module")
def comparison():
    return compare([quantified("ar-am0014@3.0"), quantified("ipcc-wetlands@2013")])


def term(comparison, name):
    return next(item for item in comparison.terms if item.term == name)


def test_totals_are_sums_of_years(comparison):
    net = term(comparison, "net")
    for name in comparison.methodologies:
        by_year = [y.net_tco2e[name] for y in comparison.years if y.net_tco2e[name] is not None]
        assert net.values_tco2e[name] == pytest.approx(sum(by_year))


def test_a_pool_that_one_book_does_not_know_is_missing_and_not_zero(comparison):
    methane = term(comparison, "CH4")
    assert methane.values_tco2e["ar-am0014@3.0"] is None
    assert methane.values_tco2e["ipcc-wetlands@2013"] < 0
    assert methane.spread_tco2e == pytest.approx(-methane.values_tco2e["ipcc-wetlands@2013"])


def test_one_pool_under_two_names_stands_in_one_row(comparison):
    biomass = term(comparison, "biomass")
    assert all(value is not None for value in biomass.values_tco2e.values())
    assert not any(item.term == "trees" for item in comparison.terms)


def test_the_equation_stands_beside_the_value(comparison):
    assert "11-17" in term(comparison, "biomass").equations["ar-am0014@3.0"]


def test_years_of_either_are_listed_in_order(comparison):
    years = [item.year for item in comparison.years]
    assert years == sorted(set(years))
    assert any(item.net_tco2e["ipcc-wetlands@2013"] is None for item in comparison.years)


@pytest.mark.parametrize("book", loader.BUILT_IN, ids=lambda book: book.spec.id)
def test_every_pool_of_every_book_names_its_equations(book):
    example = book.example()
    drafted = {**example.declarations, "draft": True}
    rows = Parameters(book.spec.parameters).replaced(book.example_parameters())
    done = book.quantify(example.model_copy(update={"declarations": drafted}), rows)
    wanted = {*done.years[0].pools_tco2e, "baseline", "project", "gross", "net"}
    assert wanted <= set(done.equations)
