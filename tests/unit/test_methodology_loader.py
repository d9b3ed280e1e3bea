"""Built-in rule books and plug-ins of others."""

from importlib.metadata import EntryPoint

import pytest

from bluecarbon.errors import DuplicateMethodologyError, MethodologyError, UnknownMethodologyError
from bluecarbon.methodology import conformance, loader
from bluecarbon.methodology.ar_am0014 import ArAm0014
from bluecarbon.methodology.parameters import Parameters, parameters_from_text
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


class Unready:
    @property
    def spec(self):
        raise RuntimeError("no table")

    def check(self, monitoring):
        return ()

    def quantify(self, monitoring, parameters):
        return None


class OtherSpec(Unready):
    spec = {"id": "x@1"}


a_number = 3
a_class = ArAm0014
unready, other_spec = Unready(), OtherSpec()

NO_RULE_BOOKS = [
    ("a_number", "is no rule book but int"),
    ("a_class", "is the class ArAm0014, not an object of it"),
    ("unready", "RuntimeError: no table"),
    ("other_spec", "has a spec that is a dict"),
]


@pytest.mark.parametrize(("name", "words"), NO_RULE_BOOKS)
def test_an_entry_point_that_is_no_rule_book_is_left_out_with_a_warning(name, words):
    point = entry_point(f"{__name__}:{name}", name=name)
    with pytest.warns(RuntimeWarning, match=f"plug-in '{name}'.*is left out.*{words}"):
        books = loader.collect(loader.BUILT_IN, [point])
    assert list(books) == [book.spec.id for book in loader.BUILT_IN]
    (finding,) = loader.defects_of([point])
    assert finding.code == "conformance-loads"
    assert name in finding.subject
    assert words in finding.message


def test_a_sound_plug_in_is_no_defect():
    assert loader.defects_of([entry_point("support.small_rules:SmallRules")]) != ()
    assert loader.defects_of([entry_point("bluecarbon.methodology.vm0033:VM0033_V2_1")]) == ()


def test_an_id_without_version_is_enough_where_one_version_is_installed():
    assert loader.get("ccer-14-002").spec.id == "ccer-14-002@1"
    books = dict.fromkeys(("small@1", "small@2", "other@1"), loader.BUILT_IN[0])
    assert loader.pick(books, "other") is loader.BUILT_IN[0]
    with pytest.raises(UnknownMethodologyError, match="which version: small@1, small@2"):
        loader.pick(books, "small")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("rate,1,1,,p. 3,verified", "row 'rate', source: Field required"),
        ("rate,1,1,doc,p. 3,checked", "row 'rate', status 'checked'"),
        ("rate,nan,1,doc,p. 3,verified", "row 'rate', value 'nan'"),
        ("rate,some,1,doc,p. 3,verified", "row 'rate', value 'some'"),
    ],
)
def test_a_plug_ins_table_names_each_row_that_cannot_be(row, words):
    text = f"name,value,unit,source,locator,status\nfirst,1,1,doc,p. 1,verified\n{row}\n"
    with pytest.raises(MethodologyError, match=r"^mine\.csv row") as refusal:
        parameters_from_text(text, "mine.csv")
    assert words in str(refusal.value)
    assert "first" not in str(refusal.value)


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
