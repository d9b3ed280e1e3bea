"""A plug-in package to start from: it installs, is found, and passes the conformance kit.

The author replaces one equation and one parameter table; everything around them is in place.
"""

from __future__ import annotations

import keyword
import re
import sys
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from bluecarbon import __version__
from bluecarbon.errors import MethodologyError, OutputError

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_NAME_LETTERS_MAX = 40
_TAKEN = frozenset({"bluecarbon", "conftest", "pytest", "test", "tests", "setup"})


def write_plugin(name: str, folder: Path) -> tuple[Path, ...]:
    """Write a plug-in package ``name`` into the new folder ``folder``; the files written.

    The package has one rule book with the id ``<name with hyphens>@0.1``, registered under the
    entry-point group ``bluecarbon.methodologies``.

    Raises
    ------
    MethodologyError
        The name is not a lower-case Python package name, or is taken.
    OutputError
        The folder exists already, or cannot be written.
    """
    _refuse_bad(name)
    contents = _rendered(name)
    try:
        folder.mkdir(parents=True, exist_ok=False)
        for place, text in contents.items():
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            (folder / place).write_text(text, encoding="utf-8", newline="\n")
    except FileExistsError as error:
        raise OutputError(f"{folder} exists already: name a folder that does not") from error
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written: {error.strerror}") from error
    return tuple(folder / place for place in contents)


def _refuse_bad(name: str) -> None:
    if not _NAME.fullmatch(name) or len(name) > _NAME_LETTERS_MAX:
        raise MethodologyError(
            f"{name!r} is no name for a package: use lower-case letters, digits and single "
            f"underscores, a letter first, at most {_NAME_LETTERS_MAX}, as in 'my_rules'"
        )
    if keyword.iskeyword(name) or name in sys.stdlib_module_names or name in _TAKEN:
        raise MethodologyError(f"{name!r} is taken by Python or by bluecarbon: choose another name")


_FILES = {
    "pyproject.toml": "pyproject.toml.j2",
    "README.md": "README.md.j2",
    "PACKAGE/__init__.py": "init.py.j2",
    "PACKAGE/rules.py": "rules.py.j2",
    "PACKAGE/parameters.csv": "parameters.csv.j2",
    "PACKAGE/golden/HYPHENED@0.1.json": "golden.json.j2",
    "tests/test_PACKAGE.py": "test_rules.py.j2",
}
"""Files of a plug-in by their place, with the template of each; PACKAGE stands for its name,
HYPHENED for that of the rule book."""


def _rendered(name: str) -> dict[str, str]:
    environment = Environment(
        loader=PackageLoader("bluecarbon.methodology", "templates/plugin"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    words = name.replace("_", " ")
    facts = {
        "package": name,
        "hyphened": name.replace("_", "-"),
        "title": words[0].upper() + words[1:],
        "bluecarbon_version": __version__,
    }
    return {
        place.replace("PACKAGE", name).replace("HYPHENED", facts["hyphened"]): (
            environment.get_template(template).render(facts)
        )
        for place, template in _FILES.items()
    }
