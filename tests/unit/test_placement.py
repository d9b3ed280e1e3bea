"""Plots and cores against the polygons of their strata."""

import shutil

import pytest
from shapely import box
from support.demo import DEMO

from bluecarbon.mrv.placement import check_placement
from bluecarbon.mrv.vectors import StratumPolygon
from bluecarbon.project_file import load_project
from bluecarbon.report import Stratum

# About 104 m by 111 m at this latitude.
STRATA = (StratumPolygon(Stratum(id="A"), box(109.770, 21.500, 109.771, 21.501)),)


@pytest.fixture
def project(tmp_path):
    for name in ("project.toml", "boundary.geojson", "strata.geojson", "trees.csv"):
        shutil.copy(DEMO / name, tmp_path)
    for name in ("training_points.csv", "reference_points.csv"):
        shutil.copy(DEMO / name, tmp_path)
    shutil.copytree(DEMO / "scenes", tmp_path / "scenes")

    def _project(plots, cores="core_id,stratum,lon,lat\n"):
        (tmp_path / "plots.csv").write_text("plot_id,stratum,lon,lat,area_m2\n" + plots)
        (tmp_path / "soil_cores.csv").write_text(cores)
        return load_project(tmp_path / "project.toml")

    return _project


def test_inside_and_within_the_tolerance(project):
    # 0.0001 degrees of longitude are 10.4 m here.
    plots = "P1,A,109.7705,21.5005,100\nP2,A,109.7711,21.5005,100\n"
    assert check_placement(project(plots), STRATA) == ()


def test_outside_says_how_far_and_in_which_line(project):
    plots = "P1,A,109.7705,21.5005,100\nP2,A,109.7720,21.5005,100\n"
    (finding,) = check_placement(project(plots), STRATA)
    assert finding.code == "sample-outside-stratum"
    assert finding.subject == "plots.csv line 3"
    assert "104 m outside stratum A" in finding.message


def test_a_core_is_named_once_and_not_per_slice(project):
    cores = "core_id,stratum,lon,lat\n" + "C1,A,109.79,21.5\n" * 6
    (finding,) = check_placement(project("", cores), STRATA)
    assert finding.subject == "soil_cores.csv line 2"


def test_what_other_checks_speak_of_is_left_to_them(project):
    plots = "P1,unknown,109.79,21.5,100\nP2,A,east,21.5,100\n"
    assert check_placement(project(plots, "core,where\nC1,there\n"), STRATA) == ()
