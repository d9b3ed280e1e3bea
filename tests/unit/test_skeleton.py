"""A new plug-in package: it is found, it conforms, its own tests pass; bad requests are refused."""

import os
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

import bluecarbon
from bluecarbon.errors import MethodologyError, OutputError
from bluecarbon.methodology import conformance, loader
from bluecarbon.methodology.skeleton import write_plugin

NAME = "my_coast_rules"


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    folder = tmp_path / "new" / "plugin"
    write_plugin(NAME, folder)
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    for module in [name for name in sys.modules if name.split(".")[0] == NAME]:
        del sys.modules[module]


def entry_point(folder):
    table = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    ((name, value),) = table["project"]["entry-points"][loader.ENTRY_POINT_GROUP].items()
    return EntryPoint(name=name, value=value, group=loader.ENTRY_POINT_GROUP)


def test_the_plugin_is_loaded_through_its_entry_point_and_conforms(plugin):
    books = loader.collect(loader.BUILT_IN, [entry_point(plugin)])
    assert conformance.check(books["my-coast-rules@0.1"]) == ()


def test_its_own_tests_pass(plugin):
    root = Path(bluecarbon.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"],
        cwd=plugin,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (plugin, root)))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout


def test_no_placeholder_is_left_and_the_same_name_gives_the_same_bytes(plugin, tmp_path):
    again = write_plugin(NAME, tmp_path / "again")
    assert {path.relative_to(tmp_path / "again").as_posix() for path in again} == {
        "pyproject.toml",
        "README.md",
        "my_coast_rules/__init__.py",
        "my_coast_rules/rules.py",
        "my_coast_rules/parameters.csv",
        "my_coast_rules/golden/my-coast-rules@0.1.json",
        "tests/test_my_coast_rules.py",
    }
    for path in again:
        content = path.read_bytes()
        assert content == (plugin / path.relative_to(tmp_path / "again")).read_bytes()
        assert b"{{" not in content
        assert b"PACKAGE" not in content


def test_its_claim_is_a_draft_until_somebody_reads_the_parameter(plugin):
    from bluecarbon.methodology.parameters import Parameters

    book = entry_point(plugin).load()
    assert book.quantify(book.example(), Parameters(book.spec.parameters)).draft


def test_an_existing_folder_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(OutputError, match="exists already"):
        write_plugin(NAME, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_place_that_cannot_be_written_is_an_output_error(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OutputError, match="cannot be written"):
        write_plugin(NAME, tmp_path / "file" / "plugin")


NOT_A_NAME = ("", "My_Rules", "my-rules", "1st", "_rules", "rules_", "my__rules", "my.rules")
UNSAFE = ("../rules", "红树林", "x" * 41, "a\nb")
TAKEN = ("class", "json", "bluecarbon", "tests")


@pytest.mark.parametrize("name", [*NOT_A_NAME, *UNSAFE, *TAKEN])
def test_bad_names_are_refused(name, tmp_path):
    with pytest.raises(MethodologyError):
        write_plugin(name, tmp_path / "plugin")
    assert not (tmp_path / "plugin").exists()
