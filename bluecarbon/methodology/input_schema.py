"""The JSON Schema (2020-12) of a monitoring file for one rule book.

A validator that knows nothing of us finds with it what is missing, misspelt or of the wrong type:
the names of variables and statements are those of the rule book, each with its unit. What a schema
cannot say (that a stratum is one of ``strata``, that a unit is of a dimension) stands in words
beside it, and ``bluecarbon methodology check`` looks at it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from bluecarbon import units
from bluecarbon.errors import UnitError
from bluecarbon.methodology.input_files import MethodologyInput
from bluecarbon.methodology.protocol import Declaration, MethodologySpec, SeriesInput
from bluecarbon.methodology.vocabulary import MEASURED_BESIDE, STATED_FOR_ALL
from bluecarbon.spec import Input, Parameter

Schema = dict[str, Any]

_COMMON_UNITS = (
    *("ha", "mu", "m2", "km2", "m", "cm", "mm", "1", "percent", "psu", "yr", "tCO2e", "kgCO2e"),
    *("tC", "kgC", "t", "kg", "t/ha", "kg/m2", "tC/ha", "kgC/m2", "gC/cm2", "tCO2e/ha", "g/cm3"),
    *("t/m3", "kg/m3", "tC/ha/yr", "gC/m2/yr", "tCO2e/ha/yr", "t/ha/yr", "kg/ha/yr", "g/m2/yr"),
    *("tC/t", "kgC/kg", "mm/yr", "cm/yr", "tCO2e/yr", "tC/yr", "tCO2e/t", "1/yr", "m3/ha"),
    *("m2/ha", "tC/m3", "gC/cm3", "t/m2"),
)
_STRATUM = "the id of one of strata"


def input_schema(spec: MethodologySpec) -> Schema:
    """The schema of a file that is for this rule book alone.

    A file that serves several rule books holds names of the others too: it is accepted by
    ``check`` of each, and not by this schema.
    """
    schema = MethodologyInput.model_json_schema()
    fields, models = schema["properties"], schema["$defs"]
    schema["title"] = f"monitoring data for {spec.id}"
    models["Measurement"] = _measurement(models["Measurement"], spec.inputs)
    models["Series"] = _series(models["Series"], spec.series)
    models["Parameter"] = _parameter(models["Parameter"], spec)
    models["Stratum"]["properties"]["id"] |= {"minLength": 1}
    fields["declarations"] = _declarations(spec.declarations)
    fields["strata"]["minItems"] = 1
    needed = {
        "measurements": [item.name for item in spec.inputs if item.required],
        "series": [item.name for item in spec.series if item.required],
    }
    for name, required in needed.items():
        fields[name] |= _all_of(map(_contains, required))
        schema["required"] += [name] if required else []
    if any(item.required for item in spec.declarations):
        schema["required"].append("declarations")
    return schema


def _contains(variable: str) -> Schema:
    return {"contains": {"properties": {"variable": {"const": variable}}, "required": ["variable"]}}


def _measurement(model: Schema, inputs: Iterable[Input]) -> Schema:
    """A measurement whose variable is one of ``inputs``, or a fact that ``run`` adds."""
    rules = {item.name: _measured(item) for item in inputs}
    return _by_variable(model, rules, also=MEASURED_BESIDE if rules else ())


def _measured(item: Input) -> tuple[str, Schema]:
    places: Schema = {"unit": unit_schema(item.unit)}
    required = []
    if item.scope in {"stratum", "plot"}:
        places["stratum"] = {"minLength": 1, "description": _STRATUM}
    if item.scope == "plot":
        places["sample"] = {"minLength": 1, "description": "the plot or core"}
        required = ["sample"]
    about = f"{item.about} [{item.unit}, per {item.scope}]"
    return about, {"properties": places, "required": required}


def _series(model: Schema, series: Iterable[SeriesInput]) -> Schema:
    """An annual series whose variable is one of ``series``, in a scenario that is read."""
    return _by_variable(model, {item.name: _annual(item) for item in series})


def _annual(item: SeriesInput) -> tuple[str, Schema]:
    whole = item.per == "whole project"
    stratum: Schema = {"const": ""} if whole else {"minLength": 1, "description": _STRATUM}
    places: Schema = {"unit": unit_schema(item.unit), "stratum": stratum}
    places["scenario"] = {"enum": list(item.scenarios)}
    required = [] if whole else ["stratum"]
    if "project" not in item.scenarios:
        required.append("scenario")
    about = f"{item.about} [{item.unit}, {item.per}; {', '.join(item.scenarios)}]"
    return about, {"properties": places, "required": required}


def _by_variable(
    model: Schema, rules: Mapping[str, tuple[str, Schema]], *, also: Iterable[str] = ()
) -> Schema:
    """The model with its names as an enumeration and a condition for each of them."""
    about = "; ".join(f"{name}: {told}" for name, (told, _) in rules.items())
    variable = {"type": "string", "enum": [*rules, *sorted(also)], "description": about}
    conditions = [
        {
            "if": {"properties": {"variable": {"const": name}}, "required": ["variable"]},
            "then": then,
        }
        for name, (_, then) in rules.items()
    ]
    fields = {**model["properties"], "variable": variable}
    return {**model, "properties": fields, **_all_of(conditions)}


def unit_schema(unit: str) -> Schema:
    """A unit of the same dimension as ``unit``, with examples; the dimension itself in words."""
    near = [other for other in _COMMON_UNITS if other != unit and _fits(other, unit)]
    told = f"any unit that converts to {unit!r}: of the dimension {_dimension(unit)}"
    return {"type": "string", "minLength": 1, "description": told, "examples": [unit, *near]}


def _dimension(unit: str) -> str:
    """As '[carbon] / [length] ** 2'; a unit that nobody knows has a dimension of its own."""
    try:
        return units.dimension(unit)
    except UnitError:
        return f"[{unit}]"


def _fits(other: str, unit: str) -> bool:
    try:
        units.factor(other, unit)
    except UnitError:
        return False
    return True


def _declarations(declarations: Iterable[Declaration]) -> Schema:
    items = tuple(declarations)
    plain = {item.name: _stated(item) for item in items if "<" not in item.name}
    patterns = {_pattern(item): _stated(item) for item in items if "<" in item.name}
    patterns |= {f"^{re.escape(i.name)}:.+$": _stated(i) for i in items if i.by_stratum}
    for_all: Schema = {name: {"type": ["boolean", "number"]} for name in sorted(STATED_FOR_ALL)}
    return {
        "type": "object",
        "properties": {**for_all, **plain},
        "patternProperties": patterns,
        "required": [i.name for i in items if i.required and "<" not in i.name],
        "additionalProperties": False,
        **_all_of(_one_key_like(_pattern(i)) for i in items if i.required and "<" in i.name),
    }


def _all_of(conditions: Iterable[Schema]) -> Schema:
    """The conditions together; nothing where there is none, for an empty list is no schema."""
    listed = list(conditions)
    return {"allOf": listed} if listed else {}


def _one_key_like(pattern: str) -> Schema:
    """At least one key fits: it is not so that every key does not."""
    return {"not": {"propertyNames": {"not": {"pattern": pattern}}}}


def _pattern(item: Declaration) -> str:
    """'soil_method.<scenario>.<stratum>' as a pattern; it may be cut short before its parts."""
    head, *parts = item.name.split(".")
    tail = ""
    for part in reversed(parts):
        word = "(project|baseline)" if part == "<scenario>" else ".+"
        tail = rf"(\.{word}{tail})?"
    return f"^{re.escape(head)}{tail}$"


def _stated(item: Declaration) -> Schema:
    """The type and the bounds of a statement; without bounds it may also be a text."""
    if item.least is None and item.most is None:
        return {"type": ["boolean", "number", "string"], "description": item.about}
    bounds = {"minimum": item.least, "maximum": item.most}
    number = {"type": "number", **{k: v for k, v in bounds.items() if v is not None}}
    least = float("-inf") if item.least is None else item.least
    most = float("inf") if item.most is None else item.most
    answers = [answer for answer in (True, False) if least <= answer <= most]
    return {"anyOf": [number, {"enum": answers}], "description": item.about}


def _parameter(model: Schema, spec: MethodologySpec) -> Schema:
    """A parameter row of this rule book, or one that names a rule book and counts for that."""
    own = {row.name: row for row in spec.parameters}
    names: Schema = {"enum": list(own), "description": "; ".join(map(_row, own.values()))}
    other = {"type": "string", "pattern": "^.+:.+$", "description": "BOOK:name, for one book alone"}
    conditions = [
        {
            "if": {"properties": {"name": {"const": name}}, "required": ["name"]},
            "then": {"properties": {"unit": unit_schema(row.unit)}},
        }
        for name, row in own.items()
    ]
    fields = {**model["properties"], "name": {"anyOf": [names, other]}}
    return {**model, "properties": fields, **_all_of(conditions)}


def _row(row: Parameter) -> str:
    value = "no value" if row.value is None else f"{row.value:g}"
    return f"{row.name}: {value} {row.unit} ({row.status})"
