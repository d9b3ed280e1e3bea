"""``bluecarbon mrv accuracy``, ``sample-size`` and ``draw-sample`` as a user types them."""

import io

import numpy as np
import pandas as pd
import pytest
import typer
from support.class_raster import write_classes
from typer.testing import CliRunner

from bluecarbon.cli.accuracy_commands import add_commands

CODES = np.repeat(np.array([[1, 2, 2]], np.uint8), 20, axis=1).repeat(30, axis=0)
LEGEND = ["--legend", "1=mangrove", "--legend", "2=other"]
REFUSED = 2


@pytest.fixture(scope="module")
def run():
    app = typer.Typer()
    add_commands(app)
    return lambda *arguments: CliRunner().invoke(app, [str(part) for part in arguments])


@pytest.fixture
def raster(tmp_path):
    return write_classes(tmp_path / "map.tif", CODES)


@pytest.fixture
def labelled(run, raster, tmp_path):
    """A drawn sample, labelled with the map's own class but for one point of each."""
    drawn = tmp_path / "sample.csv"
    points = ["--points", "mangrove=20", "--points", "other=20"]
    done = run("draw-sample", raster, *points, *LEGEND, "--seed", 1, "--out", drawn)
    assert done.exit_code == 0, done.output
    table = pd.read_csv(drawn)
    table["label"] = table["stratum"]
    first = table.groupby("stratum").head(1).index
    swapped = {"mangrove": "other", "other": "mangrove"}
    table.loc[first, "label"] = table.loc[first, "stratum"].map(swapped)
    path = tmp_path / "labelled.csv"
    table.to_csv(path, index=False)
    return path


def rows_of(done):
    assert done.exit_code == 0, done.output
    return pd.read_csv(io.StringIO(done.stdout), keep_default_na=False)


def test_accuracy_is_a_tidy_table_on_the_output(run, raster, labelled):
    table = rows_of(run("accuracy", labelled, "--map", raster, *LEGEND))
    values = table.set_index(["measure", "class"])["value"].astype(float)
    assert values["users", "mangrove"] == pytest.approx(0.95)
    # 600 of 1 800 pixels: (1/3 + 2/3) 0.95 overall
    assert values["overall", ""] == pytest.approx(0.95)
    assert values["producers", "mangrove"] == pytest.approx(0.95 / (0.95 + 2 * 0.05), rel=1e-3)
    assert set(table["confidence"]) == {0.95}


def test_the_interval_is_chosen_and_named(run, raster, labelled):
    table = rows_of(run("accuracy", labelled, "--map", raster, *LEGEND, "--interval", "normal:0.9"))
    assert set(table["interval"]) == {"normal"}
    assert set(table["confidence"]) == {0.9}
    done = run("accuracy", labelled, "--map", raster, "--interval", "wald:0.9")
    assert done.exit_code == REFUSED
    assert "write score:0.95" in done.stderr
    assert run("accuracy", labelled, "--interval", "score:much").exit_code == REFUSED


def test_training_points_are_refused_with_rows(run, raster, labelled, tmp_path):
    training = tmp_path / "training.csv"
    pd.read_csv(labelled).iloc[[4]].to_csv(training, index=False)
    done = run("accuracy", labelled, "--map", raster, *LEGEND, "--training", training)
    assert done.exit_code == REFUSED
    assert done.stdout == ""
    assert "labelled.csv row 6" in done.stderr
    assert "(reference-is-training)" in done.stderr


def test_estimates_by_a_column(run, raster, labelled):
    table = pd.read_csv(labelled)
    table.assign(site=["n", "s"] * 20).to_csv(labelled, index=False)
    found = rows_of(run("accuracy", labelled, "--map", raster, *LEGEND, "--by", "site"))
    assert set(found["site"]) == {"n", "s"}


def test_points_of_one_epoch_are_chosen_not_inferred(run, raster, labelled):
    table = pd.read_csv(labelled)
    table.assign(epoch=[2015] * 30 + [2020] * 10).to_csv(labelled, index=False)
    mixed = run("accuracy", labelled, "--map", raster, *LEGEND)
    assert mixed.exit_code == REFUSED
    assert "--epoch" in mixed.stderr
    done = run("accuracy", labelled, "--map", raster, *LEGEND, "--epoch", 2015)
    assert rows_of(done)["points"].iloc[0] == 30
    by_date = run("accuracy", labelled, "--map", raster, *LEGEND, "--by", "epoch")
    assert by_date.exit_code == REFUSED
    assert by_date.stdout == ""
    assert "by-date-without-sizes" in by_date.stderr


def test_the_design_is_said_and_asked_for(run, raster, labelled):
    drawn = run("accuracy", labelled, "--map", raster, *LEGEND)
    assert "simple random sample within each map class" in drawn.stderr
    assert "warning" not in drawn.stderr
    pd.read_csv(labelled)[["lon", "lat", "label"]].to_csv(labelled, index=False)
    bare = run("accuracy", labelled, "--map", raster, *LEGEND)
    assert rows_of(bare)["points"].iloc[0] == 40
    assert "warning" in bare.stderr
    assert "sample-design-assumed" in bare.stderr


def test_an_unlabelled_sample_is_refused(run, raster, tmp_path):
    out = tmp_path / "s.csv"
    drawn = run("draw-sample", raster, "--points", "1=3", "--seed", 1, "--out", out)
    assert drawn.exit_code == 0
    assert "3 points" in drawn.stdout
    done = run("accuracy", out, "--map", raster)
    assert done.exit_code == REFUSED
    assert "label is empty" in done.stderr


def test_a_sample_that_cannot_be_drawn_leaves_no_file(run, raster, tmp_path):
    out = tmp_path / "s.csv"
    done = run("draw-sample", raster, "--points", "reef=3", "--seed", 1, "--out", out)
    assert done.exit_code == REFUSED
    assert "has no class 'reef'" in done.stderr
    assert not out.exists()
    for wrong in ("1=many", "1"):
        done = run("draw-sample", raster, "--points", wrong, "--seed", 1, "--out", out)
        assert done.exit_code == REFUSED


EXPECTED = ["--expected", "mangrove=0.9", "--expected", "other=0.95"]


def test_sample_size_of_a_map(run, raster):
    done = run("sample-size", raster, *LEGEND, *EXPECTED, "--target", "0.05", "--least", 2)
    table = rows_of(done)
    # sum W S^2 = 0.09 / 3 + 0.0475 * 2 / 3 over 0.05^2 = 24.7
    assert table["points"].sum() == 25
    assert table["pixels"].tolist() == [600, 1200]
    assert "25 points" in done.stderr
    assert "0.05 asked for" in done.stderr


def test_sample_size_of_a_table_for_two_objectives(run, tmp_path):
    sizes = tmp_path / "strata.csv"
    sizes.write_text("stratum,area_ha\nmangrove,100\nother,900\n", encoding="utf-8")
    table = rows_of(
        run(
            "sample-size", sizes, *EXPECTED, "--target", "0.02", "--expected", "loss:mangrove=0.5",
            "--expected", "loss:other=0.01", "--target", "loss=0.01", "--least", 10,
        )
    )  # fmt: skip
    assert (table["points"] >= 10).all()
    assert list(table.columns) == ["stratum", "area_ha", "points"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--expected", "mangrove=0.9", "--target", "0.05"], "no share is expected of other"),
        ([*EXPECTED, "--target", "loss=0.05"], "have targets for"),
        ([*EXPECTED, "--target", "small"], "is not a number"),
        ([*EXPECTED, *EXPECTED[:2], "--target", "0.05"], "given twice"),
        ([*EXPECTED, "--target", "0.05", "--allocation", "best"], "is none of"),
        ([*EXPECTED, "--target", "0.05", "--legend", "one=x"], "write number=class"),
    ],
)
def test_plans_that_make_no_sense_are_refused(run, raster, arguments, words):
    done = run("sample-size", raster, *LEGEND, *arguments)
    assert done.exit_code == REFUSED
    assert words in done.stderr
