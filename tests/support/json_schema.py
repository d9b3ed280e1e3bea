"""A small reader of JSON Schema (2020-12), for the keywords that our schemas use.

Written after the specification, not after our schemas: a keyword that it does not know is an
error, so that none is passed over in silence.
"""

import re

_SAID_ONLY = {"title", "description", "examples", "default", "format", "$defs"}
_TYPES = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
    "number": lambda v: isinstance(v, int | float) and not isinstance(v, bool),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
}


def defects(schema, value):
    """Where a value does not fit a schema; empty when it fits."""
    return list(_found(schema, value, schema, "$"))


def _found(schema, value, root, place):
    if isinstance(schema, bool):
        if not schema:
            yield f"{place}: is not allowed"
        return
    for keyword, wanted in schema.items():
        if keyword in _SAID_ONLY or keyword in {"then", "else"}:
            continue
        if keyword == "if":
            fits = not list(_found(wanted, value, root, place))
            yield from _found(schema.get("then" if fits else "else", True), value, root, place)
        elif keyword in _ANY:
            yield from _ANY[keyword](schema, wanted, value, root, place)
        else:
            raise KeyError(f"unknown keyword {keyword}")


def _ref(schema, wanted, value, root, place):
    target = root
    for part in wanted.removeprefix("#/").split("/"):
        target = target[part]
    yield from _found(target, value, root, place)


def _type(schema, wanted, value, root, place):
    names = [wanted] if isinstance(wanted, str) else wanted
    if not any(_TYPES[name](value) for name in names):
        yield f"{place}: {value!r} is not {' or '.join(names)}"


def _enum(schema, wanted, value, root, place):
    if not any(
        value == item and isinstance(value, bool) == isinstance(item, bool) for item in wanted
    ):
        yield f"{place}: {value!r} is none of {wanted}"


def _const(schema, wanted, value, root, place):
    yield from _enum(schema, [wanted], value, root, place)


def _all_of(schema, wanted, value, root, place):
    for part in wanted:
        yield from _found(part, value, root, place)


def _any_of(schema, wanted, value, root, place):
    tried = [list(_found(part, value, root, place)) for part in wanted]
    if all(tried):
        yield f"{place}: {'; or '.join(t[0] for t in tried)}"


def _not(schema, wanted, value, root, place):
    if not list(_found(wanted, value, root, place)):
        yield f"{place}: fits {wanted}"


def _property_names(schema, wanted, value, root, place):
    for name in value if isinstance(value, dict) else ():
        yield from _found(wanted, name, root, f"{place} (name)")


def _required(schema, wanted, value, root, place):
    if isinstance(value, dict):
        yield from (f"{place}: {name} is missing" for name in wanted if name not in value)


def _properties(schema, wanted, value, root, place):
    if isinstance(value, dict):
        for name in wanted.keys() & value.keys():
            yield from _found(wanted[name], value[name], root, f"{place}.{name}")


def _pattern_properties(schema, wanted, value, root, place):
    for pattern, part in wanted.items():
        for name in value if isinstance(value, dict) else ():
            if re.search(pattern, name):
                yield from _found(part, value[name], root, f"{place}.{name}")


def _additional(schema, wanted, value, root, place):
    patterns = schema.get("patternProperties", {})
    for name in value if isinstance(value, dict) else ():
        if name not in schema.get("properties", {}) and not any(
            re.search(pattern, name) for pattern in patterns
        ):
            yield from _found(wanted, value[name], root, f"{place}.{name}")


def _items(schema, wanted, value, root, place):
    for index, item in enumerate(value if isinstance(value, list) else ()):
        yield from _found(wanted, item, root, f"{place}[{index}]")


def _contains(schema, wanted, value, root, place):
    if isinstance(value, list) and all(list(_found(wanted, item, root, place)) for item in value):
        yield f"{place}: has no item like {wanted}"


def _limit(kind, breaks):
    def check(schema, wanted, value, root, place):
        if isinstance(value, kind) and not isinstance(value, bool) and breaks(value, wanted):
            yield f"{place}: {value!r} against {wanted!r}"

    return check


_ANY = {
    "$ref": _ref,
    "type": _type,
    "enum": _enum,
    "const": _const,
    "allOf": _all_of,
    "anyOf": _any_of,
    "not": _not,
    "propertyNames": _property_names,
    "required": _required,
    "properties": _properties,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional,
    "items": _items,
    "contains": _contains,
    "minimum": _limit(int | float, lambda value, least: value < least),
    "maximum": _limit(int | float, lambda value, most: value > most),
    "minLength": _limit(str, lambda value, least: len(value) < least),
    "minItems": _limit(list, lambda value, least: len(value) < least),
    "pattern": _limit(str, lambda value, pattern: not re.search(pattern, value)),
}
