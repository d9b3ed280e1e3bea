"""Built-in rule books and plug-ins of others."""

from importlib.metadata import EntryPoint

import pytest

from bluecarbon.errors import DuplicateMethodologyError, MethodologyError, UnknownMethodologyError
from bluecarbon.methodology import conformance, loader
from bluecarbon.methodology.parameters import Parameters
from bluecarbon.methodology.protocol import Methodology
from bluecarbon.spec import Parameter


def entry_point(value, name="other"):
    return EntryPoint(name=name, value=value, group=loader.ENTRY_POINT_GROUP)


def test_built_in_books_fulfil_the_protocol():
    for book in loader.BUILT_IN:
        assert isinstance(book, Methodology)
        assert book.spec.id == f"{book.spec.id.split('@')[0]}@{book.spec.version}"


def test_unknown_id_suggests_the_near_one():
    with pytest.raises(UnknownMethodologyError, match="did you mean"):
        loader.get("ar-am0014@3")


def test_two_books_with_one_id_are_an_error():
    twin = entry_point("bluecarbon.methodology.ar_am0014:AR_AM0014_V3_0")
    with pytest.raises(DuplicateMethodologyError, match=r"ar-am0014@3\.0"):
        loader.collect(loader.BUILT_IN, [twin])


def test_a_plug_in_that_does_not_load_is_a_warning():
    with pytest.warns(RuntimeWarning, match="no_such_package"):
        books = loader.collect(loader.BUILT_IN, [entry_point("no_such_package:book")])
    assert list(books) == [book.spec.id for book in loader.BUILT_IN]


def test_parameter_given_twice_is_refused():
    row = Parameter(name="x", value=1.0, unit="1", source="s")
    with pytest.raises(MethodologyError, match="twice"):
        Parameters([row, row])


def test_unknown_parameter_lists_the_known_ones():
    with pytest.raises(MethodologyError, match="carbon_fraction_tree"):
        Parameters(loader.BUILT_IN[0].spec.parameters).row("carbon_fraction")


def test_every_row_has_source_and_status():
    for book in loader.BUILT_IN:
        known = {source.key for source in book.spec.sources}
        for row in book.spec.parameters:
            assert row.source in known
            assert row.locator or row.note


def test_every_built_in_book_passes_the_conformance_kit():
    for book in loader.BUILT_IN:
        assert conformance.check(book) == (), book.spec.id
