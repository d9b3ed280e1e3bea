"""What the claim's reader is told about losses and late baselines of the demonstration coast."""

import pytest
from support.demo import DEMO

from bluecarbon.mrv.extent import measure_extent
from bluecarbon.mrv.period_remarks import period_remarks
from bluecarbon.project_file import load_project


@pytest.fixture(scope="module")
def remarks():
    project = load_project(DEMO / "project.toml")
    extent, _ = measure_extent(project)
    return period_remarks(project, extent)


def test_the_typhoon_gap_is_told(remarks):
    (loss,) = [f for f in remarks if f.code == "loss-inside-period"]
    # truth.json: TY2022-DEMO took 7.99 ha of S17
    assert loss.subject == "stratum S17"
    assert "7.9 ha" in loss.message or "8.0 ha" in loss.message


def test_an_image_of_the_planting_year_is_questioned(remarks):
    late = [f.subject for f in remarks if f.code == "baseline-in-planting-year"]
    assert late == ["stratum K15"]
