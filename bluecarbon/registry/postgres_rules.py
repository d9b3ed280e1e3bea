"""What PostgreSQL itself forbids: the rules of :mod:`.triggers`, and that open blocks overlap.

Each table has one trigger function per operation that raises the code of the first rule that is
broken. The functions name their schema, so that a temporary table of the same name does not
deceive them, and fire ALWAYS, also for a replica. Needs PostgreSQL 16 or newer (``IS JSON``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bluecarbon.registry import schema
from bluecarbon.registry.triggers import Rule, rules

SEARCH_PATH = "public, pg_temp"
"""Temporary tables come last: unless it is named, PostgreSQL looks there first."""

# Ranges of one number stand for the equality of batches: the operator class for that would need
# the extension btree_gist, which not every server has.
_APART = (
    "ALTER TABLE credit_block ADD CONSTRAINT open_blocks_apart EXCLUDE USING gist"
    " (int8range(batch, batch, '[]') WITH &&, int8range(first, last, '[]') WITH &&)"
    " WHERE (closed_by IS NULL)"
)


def rule_statements() -> Iterator[str]:
    """The constraint, functions and triggers of PostgreSQL, in a fixed order."""
    yield _APART
    grouped: dict[tuple[str, str], list[Rule]] = {}
    for rule in rules():
        grouped.setdefault((rule.table.name, rule.operation), []).append(rule)
    for (name, operation), found in grouped.items():
        yield from _trigger(name, operation, found)
    for table in schema.RULED:
        yield from _no_truncate(table.name)


def _trigger(table: str, operation: str, found: Sequence[Rule]) -> Iterator[str]:
    name = f"{table}_{operation.lower()}"
    row = "OLD" if operation == "DELETE" else "NEW"
    # One expression for all rules: each one by itself would cost a start of the executor.
    cases = "".join(f"    WHEN {rule.condition} THEN '{rule.code}'\n" for rule in found)
    yield _function(
        name,
        f"  broken := CASE\n{cases}  END;\n  IF broken IS NOT NULL THEN\n    {_raise('broken')}\n"
        f"  END IF;\n  RETURN {row};",
    )
    yield (
        f"CREATE TRIGGER {name} BEFORE {operation} ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION {name}()"
    )
    yield f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}"


def _no_truncate(table: str) -> Iterator[str]:
    name = f"{table}_truncate"
    code = f"'{table}-no-truncate'"
    yield _function(name, f"  {_raise(code)}")
    yield (
        f"CREATE TRIGGER {name} BEFORE TRUNCATE ON {table}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
    )
    yield f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}"


def _function(name: str, body: str) -> str:
    return (
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql"
        f" SET search_path = {SEARCH_PATH} AS $$\nDECLARE broken text;\nBEGIN\n{body}\nEND $$"
    )


def _raise(code: str) -> str:
    # integrity_constraint_violation: a driver reports it like any other broken constraint
    return f"RAISE EXCEPTION USING MESSAGE = {code}, ERRCODE = '23000';"
