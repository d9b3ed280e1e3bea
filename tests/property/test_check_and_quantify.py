"""``check`` tells an error exactly where ``quantify`` refuses, whatever is wrong with the file."""

import datetime as dt
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bluecarbon.cli.methodology_pages import example_input
from bluecarbon.errors import BluecarbonError
from bluecarbon.methodology import loader
from bluecarbon.methodology.input_files import parameters_for
from bluecarbon.methodology.run_checks import run_findings
from bluecarbon.report import Period
from bluecarbon.spec import Parameter, errors_in

BOOKS = {book.spec.id: book for book in loader.BUILT_IN}
EXAMPLES = {name: example_input(book) for name, book in BOOKS.items()}

AMOUNTS = (math.nan, math.inf, -1.0, 0.0, 0.5, 1.5, 47.0, 1e9, 1e308)
UNITS = ("ha", "1", "percent", "t/ha", "tC/ha", "tCO2e", "yr", "g/cm3", "bananas", "")


def refuses(book, data):
    try:
        book.quantify(data, parameters_for(book, data))
    except BluecarbonError:
        return True
    return False


def agrees(book, data):
    found = run_findings(book, data)
    assert bool(errors_in(found)) == refuses(book, data), found
    return found


def changed(rows, index, **update):
    place = index % len(rows)
    return (*rows[:place], rows[place].model_copy(update=update), *rows[place + 1 :])


def with_parameter(book, data, index, **update):
    row = book.spec.parameters[index % len(book.spec.parameters)]
    own = Parameter(**{**row.model_dump(), "source": "project", **update})
    rest = tuple(r for r in data.parameters if r.name != row.name)
    return data.model_copy(update={"parameters": (*rest, own)})


def spoilt_parameter(book, data, index, draw):
    if draw(st.booleans()):
        return with_parameter(book, data, index, unit=draw(st.sampled_from(UNITS)))
    amounts = st.one_of(st.none(), st.sampled_from([a for a in AMOUNTS if math.isfinite(a)]))
    return with_parameter(book, data, index, value=draw(amounts))


def parameter_left_out(book, data, index, draw):
    if not data.parameters:
        return data
    rest = data.parameters[:-1] if draw(st.booleans()) else ()
    return data.model_copy(update={"parameters": rest})


def spoilt_measurement(book, data, index, draw):
    if not data.measurements:
        return data
    update = draw(
        st.one_of(
            st.sampled_from(AMOUNTS).map(lambda value: {"value": value}),
            st.sampled_from(UNITS).map(lambda unit: {"unit": unit}),
            st.sampled_from(["", "nowhere"]).map(lambda stratum: {"stratum": stratum}),
            st.just({"variable": "misspelt"}),
            st.just({"date": dt.date(1999, 1, 1)}),
            st.just({"standard_error": -1.0}),
        )
    )
    return data.model_copy(update={"measurements": changed(data.measurements, index, **update)})


def spoilt_series(book, data, index, draw):
    if not data.series:
        return data
    row = data.series[index % len(data.series)]
    value = draw(st.sampled_from(AMOUNTS))
    update = draw(
        st.one_of(
            st.just({"values": (*row.values[:-1], value), "standard_errors": ()}),
            st.just({"values": row.values[1:], "standard_errors": ()}),
            st.just({"first_year": row.first_year - 1}),
            st.sampled_from(UNITS).map(lambda unit: {"unit": unit}),
            st.sampled_from(["project", "baseline"]).map(lambda s: {"scenario": s}),
            st.just({"stratum": "nowhere"}),
        )
    )
    return data.model_copy(update={"series": changed(data.series, index, **update)})


def row_left_out(book, data, index, draw):
    name = draw(st.sampled_from(["measurements", "series", "strata"]))
    rows = getattr(data, name)
    place = index % max(1, len(rows))
    return data.model_copy(update={name: (*rows[:place], *rows[place + 1 :])})


def spoilt_statement(book, data, index, draw):
    if not data.declarations:
        return data
    key = list(data.declarations)[index % len(data.declarations)]
    stated = {k: v for k, v in data.declarations.items() if k != key}
    if draw(st.booleans()):
        stated[key] = draw(st.sampled_from([False, 0.0, 2.0, math.nan, "yes", -1.0]))
    return data.model_copy(update={"declarations": stated})


def other_period(book, data, index, draw):
    days = draw(st.sampled_from([-4000, -400, -30, 0, 30, 400]))
    end = data.period.end + dt.timedelta(days=days)
    return data.model_copy(update={"period": Period(start=data.period.start, end=end)})


SPOILERS = (
    spoilt_parameter,
    parameter_left_out,
    spoilt_measurement,
    spoilt_series,
    row_left_out,
    spoilt_statement,
    other_period,
)


@pytest.mark.parametrize("name", BOOKS)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    index=st.integers(0, 200), how=st.lists(st.sampled_from(SPOILERS), max_size=2), data=st.data()
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # amounts of 1e308 overflow on the way
def test_check_tells_an_error_exactly_where_quantify_refuses(name, index, how, data):
    book, spoilt = BOOKS[name], EXAMPLES[name]
    for spoil in how:
        spoilt = spoil(book, spoilt, index, data.draw)
    agrees(book, spoilt)


@pytest.mark.parametrize("name", BOOKS)
def test_every_row_that_the_example_calls_for_and_that_has_no_value_is_named(name):
    book = BOOKS[name]
    used = {
        row.name
        for row in book.quantify(EXAMPLES[name], parameters_for(book, EXAMPLES[name])).parameters
    }
    empty = {row.name for row in book.spec.parameters if row.value is None} & used
    bare = EXAMPLES[name].model_copy(update={"parameters": ()})
    found = agrees(book, bare)
    told = " ".join(f"{f.subject} {f.message}" for f in errors_in(found))
    assert all(row in told for row in empty)
    assert bool(empty) == bool(errors_in(found))


@pytest.mark.parametrize("name", BOOKS)
def test_a_row_in_a_unit_of_another_kind_is_told_for_every_row(name):
    book = BOOKS[name]
    for index, row in enumerate(book.spec.parameters):
        unit = "CNY" if row.value is None else "CNY/yr"
        spoilt = with_parameter(book, EXAMPLES[name], index, unit=unit, value=row.value or 1.0)
        assert "parameter-unit-wrong" in {f.code for f in agrees(book, spoilt)}
