"""The schema of a rule book's file: its example fits, what is misspelt or missing does not."""

import copy
import json

import pytest
from support.json_schema import defects

from bluecarbon.cli.methodology_pages import example_input
from bluecarbon.methodology import loader
from bluecarbon.methodology.input_schema import input_schema, unit_schema

BOOKS = {book.spec.id: book for book in loader.BUILT_IN}
SCHEMAS = {name: json.loads(json.dumps(input_schema(b.spec))) for name, b in BOOKS.items()}
EXAMPLES = {
    name: example_input(book).model_dump(mode="json", exclude_defaults=True)
    for name, book in BOOKS.items()
}
KINDS = ("measurements", "series")
each_book = pytest.mark.parametrize("name", BOOKS)


@pytest.fixture
def page(name):
    return copy.deepcopy(EXAMPLES[name])


def found(name, page):
    return defects(SCHEMAS[name], page)


@each_book
def test_the_example_fits(name, page):
    assert found(name, page) == []


@each_book
def test_every_name_of_the_rule_book_stands_in_the_schema_with_its_unit(name):
    text = json.dumps(SCHEMAS[name], ensure_ascii=False)
    spec = BOOKS[name].spec
    models = SCHEMAS[name]["$defs"]
    for model, items in (("Measurement", spec.inputs), ("Series", spec.series)):
        variable = models[model]["properties"]["variable"]
        assert {item.name for item in items} <= set(variable["enum"])
        for item in items:
            assert f"{item.name}: {item.about} [{item.unit}" in variable["description"]
    assert all(f'"{row.name}"' in text for row in spec.parameters)


@each_book
def test_a_misspelt_name_does_not_fit(name, page):
    for kind in KINDS:
        for index in range(len(page.get(kind, ()))):
            spoiled = copy.deepcopy(page)
            spoiled[kind][index]["variable"] += "s"
            assert any(f".{kind}[{index}].variable" in d for d in found(name, spoiled))
    for key in page.get("declarations", ()):
        spoiled = copy.deepcopy(page)
        spoiled["declarations"][f"x{key}"] = spoiled["declarations"].pop(key)
        assert any(f"declarations.x{key}" in d for d in found(name, spoiled))
    for index in range(len(page.get("parameters", ()))):
        spoiled = copy.deepcopy(page)
        spoiled["parameters"][index]["name"] += "s"
        assert found(name, spoiled)


@each_book
def test_a_required_variable_or_statement_that_is_missing_does_not_fit(name, page):
    spec = BOOKS[name].spec
    for kind, items in zip(KINDS, (spec.inputs, spec.series), strict=True):
        for item in items:
            if item.required:
                rows = [row for row in page[kind] if row["variable"] != item.name]
                assert any(item.name in d for d in found(name, {**page, kind: rows}))
    for item in spec.declarations:
        if item.required:
            head = item.name.split(".")[0]
            rest = {k: v for k, v in page["declarations"].items() if k.split(".")[0] != head}
            assert any(head in d for d in found(name, {**page, "declarations": rest}))


@each_book
def test_a_condition_that_does_not_hold_does_not_fit(name, page):
    for item in BOOKS[name].spec.declarations:
        if item.least == 1 and "<" not in item.name:
            for no in (False, 0, "yes"):
                stated = {**page["declarations"], item.name: no}
                assert found(name, {**page, "declarations": stated}), item.name


@each_book
def test_a_stratum_or_plot_that_is_not_named_does_not_fit(name, page):
    whole = {s.name for s in BOOKS[name].spec.series if s.per == "whole project"}
    for kind in KINDS:
        for index, row in enumerate(page.get(kind, ())):
            spoiled = copy.deepcopy(page)
            spoiled[kind][index]["stratum"] = "A" if row["variable"] in whole else ""
            assert found(name, spoiled), row["variable"]


def test_statements_by_scenario_and_stratum_fit():
    name = "vm0033@2.1"
    page = copy.deepcopy(EXAMPLES[name])
    by_place = [d.name for d in BOOKS[name].spec.declarations if "<stratum>" in d.name]
    assert by_place
    for text in by_place:
        key = text.replace("<scenario>", "baseline").replace("<stratum>", "A")
        stated = {**page["declarations"], key: "stock"}
        assert not any(key in d for d in found(name, {**page, "declarations": stated}))


def test_a_unit_says_its_dimension_and_what_may_stand_there():
    schema = unit_schema("tC/ha")
    assert {"tC/ha", "kgC/m2"} <= set(schema["examples"])
    assert "t/ha" not in schema["examples"]
    assert "[carbon] / [length] ** 2" in schema["description"]
    assert "of the dimension dimensionless" in unit_schema("1")["description"]
    assert "[bananas]" in unit_schema("bananas")["description"]
