"""The SQL of a revision as it was written down when the revision was made."""

from __future__ import annotations

from importlib import resources

SEPARATOR = "\n;;\n"


def statements(revision: str, dialect: str) -> list[str]:
    """The statements of a revision for ``sqlite`` or ``postgresql``, in their order."""
    file = resources.files(__package__) / "statements" / f"{revision}.{dialect}.sql"
    # SQLite keeps the text of a statement to its last line end: nothing is trimmed here.
    return file.read_text(encoding="utf-8").removesuffix("\n").split(SEPARATOR)
