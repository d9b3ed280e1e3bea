"""A project file from a table, for commands that take one; TOML has no writer in the library."""

import json


def toml(table):
    """The text of a table of texts, numbers, lists and tables."""
    return "".join(f"{name} = {_value(value)}\n" for name, value in table.items())


def _value(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f'"{name}" = {_value(v)}' for name, v in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value)
