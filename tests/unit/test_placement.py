"""Plots against the polygons of their strata."""

import shutil

import pytest
from shapely import box
from support.demo import DEMO

from bluecarbon.mrv.chinese_coordinates import wgs84_to_gcj02
from bluecarbon.mrv.inventory import measure_inventory
from bluecarbon.mrv.placement import check_placement
from bluecarbon.mrv.vectors import StratumPolygon
from bluecarbon.project_file import load_project
from bluecarbon.report import Stratum
from bluecarbon.spec import errors_in

# About 104 m by 111 m at this latitude.
STRATA = (StratumPolygon(Stratum(id="A"), box(109.770, 21.500, 109.771, 21.501)),)


@pytest.fixture
def project(tmp_path):
    for name in ("project.toml", "boundary.geojson", "strata.geojson", "trees.csv"):
        shutil.copy(DEMO / name, tmp_path)
    for name in ("training_points.csv", "reference_points.csv"):
        shutil.copy(DEMO / name, tmp_path)
    shutil.copytree(DEMO / "scenes", tmp_path / "scenes")

    def _project(plots, coordinates="wgs84"):
        (tmp_path / "plots.csv").write_text("plot_id,stratum,lon,lat,area_m2\n" + plots)
        (tmp_path / "soil_cores.csv").write_text("core_id,stratum,lon,lat\n")
        loaded = load_project(tmp_path / "project.toml")
        inventory = loaded.inventory.model_copy(update={"coordinates": coordinates})
        return loaded.model_copy(update={"inventory": inventory})

    return _project


def test_inside_and_within_the_tolerance(project):
    # 0.0001 degrees of longitude are 10.4 m here.
    plots = "P1,A,109.7705,21.5005,100\nP2,A,109.7711,21.5005,100\n"
    assert check_placement(project(plots), STRATA) == ()


def test_outside_says_how_far_and_in_which_line(project):
    plots = "P1,A,109.7705,21.5005,100\nP2,A,109.7720,21.5005,100\n"
    (finding,) = check_placement(project(plots), STRATA)
    assert finding.code == "sample-outside-stratum"
    assert finding.subject == "plots.csv row 3"
    assert "104 m outside stratum A" in finding.message


def test_spaces_and_blank_lines_hide_nothing(project):
    plots = "\n\n P1 , A , 109.7720 ,21.5005,100\n"
    (finding,) = check_placement(project(plots), STRATA)
    assert finding.subject == "plots.csv row 4"


UNREADABLE = [
    b"",
    b"PK\x03\x04\x14\0\x06\0\x80\xff",
    "plot_id,stratum,lon,lat,area_m2\n样地,A,109.8,21.5,100\n".encode("gbk"),
    "plot_id,stratum,lon,lat,area_m2\nP,A,109.8,21.5,100\n".encode("utf-16"),
    b"plot_id,stratum,lon,lat,area_m2\nP,A,109.8,21.5,100,7,8\n",
    b'plot_id,stratum,lon,lat,area_m2\n"P,A,109.8,21.5,100\n',
    b"plot_id,stratum,lon,lat,area_m2\nP\0,A,109.8,21.5,100\n",
    b"plot_id,stratum,lon,lat,area_m2\nP,A,inf,21.5,100\nP,A,1e400,21.5,100\n",
    b"plot_id,stratum,lon,lat,area_m2\nP,A,109.8,95,100\n",
    b"plot_id,stratum,lon,lat,area_m2\n",
]


@pytest.mark.parametrize("content", UNREADABLE, ids=range(len(UNREADABLE)))
def test_what_the_reader_of_the_sheet_refuses_is_left_to_it(project, content, tmp_path):
    coast = project("")
    (tmp_path / "plots.csv").write_bytes(content)
    (tmp_path / "soil_cores.csv").write_bytes(content)
    assert check_placement(coast, STRATA) == ()
    _, findings = measure_inventory(coast, ("A",))
    assert any(f.subject.startswith("plots.csv") for f in errors_in(findings))


def test_what_other_checks_speak_of_is_left_to_them(project):
    plots = "P1,unknown,109.79,21.5,100\nP2,A,east,21.5,100\n"
    assert check_placement(project(plots), STRATA) == ()


def test_shifted_plots_are_offered_the_declaration_and_take_it(project):
    lon, lat = wgs84_to_gcj02([109.7703, 109.7707], [21.5003, 21.5007])
    plots = "".join(f"P{x:.6f},A,{x:.6f},{y:.6f},100\n" for x, y in zip(lon, lat, strict=True))
    *outside, offer = check_placement(project(plots), STRATA)
    assert [f.code for f in outside] == ["sample-outside-stratum"] * 2
    assert offer.message.startswith("look shifted like GCJ-02, by 530 m to the south-east: 0 of 2")
    assert 'coordinates = "gcj-02" in [inventory]' in offer.fix
    assert [f.code for f in check_placement(project(plots, "gcj-02"), STRATA)] == [
        "coordinates-converted",
    ]
