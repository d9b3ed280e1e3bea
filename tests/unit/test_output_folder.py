"""An output folder is the old one or the new one, never half of each."""

import pytest

from bluecarbon.cli.output_folder import MARKER, replaced_folder
from bluecarbon.errors import OutputError


def fill(folder, text):
    (folder / MARKER).write_text("project.toml\n")
    (folder / "report.json").write_text(text)


def test_new_folder_appears_whole(tmp_path):
    with replaced_folder(tmp_path / "deep" / "out") as scratch:
        fill(scratch, "new")
        assert not (tmp_path / "deep" / "out").exists()
    assert (tmp_path / "deep" / "out" / "report.json").read_text() == "new"
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["out"]


def test_failure_leaves_the_old_one_and_no_scratch(tmp_path):
    with replaced_folder(tmp_path / "out") as scratch:
        fill(scratch, "old")
    with pytest.raises(ZeroDivisionError):  # noqa: PT012, SIM117 - the block that fails is tested
        with replaced_folder(tmp_path / "out") as scratch:
            fill(scratch, "new")
            _ = 1 / 0
    assert (tmp_path / "out" / "report.json").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_stale_files_do_not_survive(tmp_path):
    with replaced_folder(tmp_path / "out") as scratch:
        fill(scratch, "old")
        (scratch / "gone.csv").write_text("")
    with replaced_folder(tmp_path / "out") as scratch:
        fill(scratch, "new")
    assert not (tmp_path / "out" / "gone.csv").exists()


def test_a_folder_of_somebody_else_is_not_touched(tmp_path):
    (tmp_path / "thesis.docx").write_text("years of work")
    with pytest.raises(OutputError, match="not made by bluecarbon"), replaced_folder(tmp_path):
        pass
    assert (tmp_path / "thesis.docx").read_text() == "years of work"


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(OutputError), replaced_folder(tmp_path / "out"):
        pass


def test_parent_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(OutputError, match="cannot be written"),
        replaced_folder(tmp_path / "file" / "out"),
    ):
        pass
