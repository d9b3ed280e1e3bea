"""An output folder is the old one or the new one, never half of each."""

import pytest

from bluecarbon.cli import output_folder
from bluecarbon.cli.output_folder import MANIFEST, project_of
from bluecarbon.errors import OutputError, ReportError


def replaced_folder(folder):
    return output_folder.replaced_folder(folder, folder.parent / "project.toml")


def fill(folder, text):
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
    strange = r"not made by bluecarbon run, such as thesis\.docx"
    with pytest.raises(OutputError, match=strange), replaced_folder(tmp_path):
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


def test_a_stray_file_among_the_outputs_is_kept(tmp_path):
    with replaced_folder(tmp_path / "out") as scratch:
        fill(scratch, "old")
    (tmp_path / "out" / "thesis.docx").write_text("years of work")
    with pytest.raises(OutputError, match=r"thesis\.docx"), replaced_folder(tmp_path / "out"):
        pass
    assert (tmp_path / "out" / "thesis.docx").read_text() == "years of work"


@pytest.mark.parametrize("text", ["x", "", "bluecarbon outputs, format 1\n", "\0\xff"])
def test_a_manifest_of_somebody_else_opens_nothing(tmp_path, text):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "thesis.docx").write_text("years of work")
    (tmp_path / "d" / MANIFEST).write_text(text, encoding="latin-1")
    with pytest.raises(OutputError), replaced_folder(tmp_path / "d"):
        pass
    assert (tmp_path / "d" / "thesis.docx").is_file()


def test_only_the_command_that_made_a_folder_replaces_it(tmp_path):
    out, project = tmp_path / "out", tmp_path / "project.toml"
    with output_folder.replaced_folder(out, project, command="bluecarbon mrv change") as scratch:
        fill(scratch, "old")
    with pytest.raises(OutputError, match="made by bluecarbon mrv change"), replaced_folder(out):
        pass
    assert (out / "report.json").read_text() == "old"
    with output_folder.replaced_folder(out, project, command="bluecarbon mrv change") as scratch:
        fill(scratch, "new")
    assert (out / "report.json").read_text() == "new"


def test_a_manifest_that_names_no_command_is_of_a_run(tmp_path):
    with replaced_folder(tmp_path / "out") as scratch:
        fill(scratch, "old")
    manifest = tmp_path / "out" / MANIFEST
    manifest.write_text(manifest.read_text().replace(", by bluecarbon run", ""))
    change = output_folder.replaced_folder(
        tmp_path / "out", tmp_path / "p", command="bluecarbon mrv change"
    )
    with pytest.raises(OutputError, match="made by bluecarbon run"), change:
        pass
    with replaced_folder(tmp_path / "out") as scratch:
        fill(scratch, "new")


@pytest.mark.parametrize("link", [False, True])
def test_a_folder_that_holds_an_input_is_kept(tmp_path, link):
    with replaced_folder(tmp_path / "out") as scratch:
        fill(scratch, "old")
    read = tmp_path / "out" / "report.json"
    if link:
        (tmp_path / "elsewhere").symlink_to(read)
        read = tmp_path / "elsewhere"
    again = output_folder.replaced_folder(tmp_path / "out", tmp_path / "p", inputs=[read])
    with pytest.raises(OutputError, match="holds the input"), again:
        pass
    assert read.read_text() == "old"


def test_symbolic_links_are_not_followed(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for name in ("link", "dangling"):
        with pytest.raises(OutputError, match="symbolic link"), replaced_folder(tmp_path / name):
            pass


def test_a_name_that_no_file_system_takes(tmp_path):
    with pytest.raises(OutputError), replaced_folder(tmp_path / ("x" * 300)):
        pass


def test_parents_that_were_made_go_again_after_a_failure(tmp_path):
    with pytest.raises(ZeroDivisionError), replaced_folder(tmp_path / "a" / "b" / "out"):
        _ = 1 / 0
    assert list(tmp_path.iterdir()) == []


def test_the_manifest_says_where_the_project_was(tmp_path):
    with replaced_folder(tmp_path / "out") as scratch:
        fill(scratch, "new")
    assert project_of(tmp_path / "out") == tmp_path / "project.toml"
    lines = (tmp_path / "out" / MANIFEST).read_text().splitlines()
    assert lines[2].endswith("  report.json")


def test_without_a_manifest_nobody_guesses(tmp_path):
    with pytest.raises(ReportError, match="--project"):
        project_of(tmp_path)
    (tmp_path / MANIFEST).write_bytes(b"\xff\0")
    with pytest.raises(ReportError, match="--project"):
        project_of(tmp_path)
