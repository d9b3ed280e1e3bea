"""Plug-ins that are broken, and parts that are not installed, as a user meets them."""

import os
import subprocess
import sys

import pytest
from support.demo import DEMO

from bluecarbon.methodology.skeleton import write_plugin


def run(folder, *arguments):
    """The command with the packages of a folder installed beside ours."""
    return subprocess.run(
        [sys.executable, "-m", "bluecarbon", *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(folder)},
    )


@pytest.fixture
def site(tmp_path):
    """A folder of installed packages with one plug-in, ``wrong_rules``."""

    def install(name, value):
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        text = f"[bluecarbon.methodologies]\n{name} = {value}\n"
        (info / "entry_points.txt").write_text(text)
        return tmp_path

    return install


def clean(done, code):
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    ("value", "words"),
    [("sys:maxsize", "is no rule book but int"), ("io:StringIO", "is the class StringIO")],
)
def test_what_is_no_rule_book_is_a_line_and_left_out(site, value, words):
    folder = site("wrong_rules", value)
    done = run(folder, "methodology", "list")
    text = clean(done, 0)
    assert "ar-am0014@3.0" in done.stdout
    (line,) = done.stderr.splitlines()
    assert line.startswith("warning: methodology plug-in 'wrong_rules'")
    assert words in line
    assert words in clean(run(folder, "methodology", "conformance", "wrong-rules@0.1"), 1)
    assert "passes" in clean(run(folder, "methodology", "conformance", "ipcc-wetlands"), 0)
    assert words in text


def test_two_rule_books_with_one_id_are_one_line(site):
    folder = site("twin", "bluecarbon.methodology.vm0033:VM0033_V2_1")
    for asked in (("list",), ("show", "ar-am0014"), ("conformance", "vm0033@2.1")):
        assert "two installed rule books" in clean(run(folder, "methodology", *asked), 2)


@pytest.mark.parametrize(
    ("was", "is_", "words"),
    [
        ("my-rules-document", "", "source: Field required"),
        ("unverified", "checked", "status 'checked'"),
        (",0.5,", ",nan,", "value 'nan'"),
    ],
)
def test_conformance_names_the_row_of_a_table_that_does_not_load(site, was, is_, words):
    folder = site("my_rules", "my_rules:RULES")
    write_plugin("my_rules", folder / "source")
    (folder / "source" / "my_rules").rename(folder / "my_rules")
    assert "passes" in clean(run(folder, "methodology", "conformance", "my-rules"), 0)
    table = folder / "my_rules" / "parameters.csv"
    table.write_text(table.read_text(encoding="utf-8").replace(was, is_, 1), encoding="utf-8")
    text = clean(run(folder, "methodology", "conformance", "my-rules@0.1"), 1)
    assert "parameters.csv row 'soil_accumulation_tc_ha_yr'" in text
    assert words in text


def test_a_part_that_is_not_installed_is_one_line(tmp_path):
    (tmp_path / "sklearn.py").write_text("raise ImportError('not here')\n")
    done = run(tmp_path, "check", DEMO / "project.toml")
    clean(done, 2)
    assert "pip install 'bluecarbon[ml]'" in done.stderr + done.stdout
