"""project.toml: every defect in one list, each with its key and what to do."""

import pytest

from bluecarbon.errors import ProjectError
from bluecarbon.project_file import load_project

MINIMAL = """
[project]
id = "TEST-1"
name = "Test"
[period]
start = 2020-01-01
end = 2025-01-01
[boundary]
path = "boundary.geojson"
[class_maps]
legend = {1 = "mangrove", 2 = "other"}
[[class_maps.map]]
path = "map.tif"
epoch = 2020
"""


@pytest.fixture
def write(tmp_path):
    (tmp_path / "boundary.geojson").write_text("{}")
    (tmp_path / "map.tif").write_bytes(b"")

    def _write(text):
        path = tmp_path / "project.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return _write


def findings(path):
    with pytest.raises(ProjectError) as caught:
        load_project(path)
    return {f.code: f for f in caught.value.findings}, caught.value.findings


def test_minimal_project_loads(write):
    project = load_project(write(MINIMAL))
    assert project.resolve("map.tif").is_file()
    assert project.files() == (("boundary.geojson", "boundary"), ("map.tif", "class map"))


@pytest.mark.parametrize(
    ("typo", "right", "place"),
    [("nmae", "name", "project."), ("ephoch", "epoch", "class_maps.map.")],
)
def test_typo_suggests_the_near_key(write, typo, right, place):
    by_code, _ = findings(write(MINIMAL.replace(f"\n{right} =", f"\n{typo} =")))
    finding = by_code["project-key-unknown"]
    assert finding.fix == f"did you mean '{right}'?"
    assert f"{place}{typo}" in finding.subject


def test_typo_in_a_section_name(write):
    by_code, _ = findings(write(MINIMAL.replace("[boundary]", "[boundry]")))
    assert by_code["project-key-unknown"].fix == "did you mean 'boundary'?"


def test_all_defects_are_listed_together(write):
    text = MINIMAL.replace("end = 2025-01-01", "end = 2019-01-01").replace("epoch = 2020", "ep = 1")
    _, listed = findings(write(text))
    assert {f.code for f in listed} == {"project-key-unknown", "project-value-wrong"}
    assert len(listed) >= 3  # the typo, the epoch that is missing for it, the period


def test_not_toml_names_the_line(write):
    by_code, _ = findings(write(MINIMAL + "\nthis is not toml\n"))
    assert "line" in by_code["project-file-unreadable"].message


def test_missing_project_file(tmp_path):
    by_code, _ = findings(tmp_path / "none.toml")
    assert "project-file-unreadable" in by_code


def test_not_utf8(write):
    path = write(MINIMAL)
    path.write_bytes(MINIMAL.replace("Test", "测试").encode("gb18030"))
    by_code, _ = findings(path)
    assert "UTF-8" in by_code["project-file-unreadable"].message


def test_missing_data_files_are_all_named(write, tmp_path):
    path = write(MINIMAL)
    (tmp_path / "map.tif").unlink()
    (tmp_path / "boundary.geojson").unlink()
    _, listed = findings(path)
    assert [f.code for f in listed] == ["project-file-missing"] * 2


def test_environment_variables_in_paths(write, monkeypatch, tmp_path):
    path = write(MINIMAL.replace('"map.tif"', '"${BLUECARBON_TEST_PLACE}/map.tif"'))
    monkeypatch.delenv("BLUECARBON_TEST_PLACE", raising=False)
    by_code, _ = findings(path)
    assert "project-variable-unset" in by_code
    monkeypatch.setenv("BLUECARBON_TEST_PLACE", str(tmp_path))
    assert load_project(path).resolve("${BLUECARBON_TEST_PLACE}/map.tif") == tmp_path / "map.tif"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("[class_maps]", "[imagery]\nbands=[]\nscale=1.0\n[class_maps]"), "imagery"),
        (("epoch = 2020", 'epoch = "soon"'), "valid integer"),
        (('id = "TEST-1"', 'id = "a b"'), "pattern"),
        (("end = 2025-01-01", "end = 2025-01-01\nstart_epoch = 2020"), "start_epoch"),
    ],
)
def test_contradictions(write, change, words):
    _, listed = findings(write(MINIMAL.replace(*change)))
    assert any(words in f"{f.subject} {f.message}" for f in listed), listed
