"""The page for notebooks says what is so: its code runs from top to bottom on the demonstration."""

import re
import shutil
from pathlib import Path

import pytest

from bluecarbon.mrv.transitions import DatedMap
from bluecarbon.mrv.zonal import zonal_areas

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/notebook_rasters.md"
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    """Everything that the page defines, after it ran in a folder that holds the demonstration."""
    folder = tmp_path_factory.mktemp("notebook")
    (folder / "fixtures").mkdir()
    shutil.copytree(ROOT / "fixtures/demo_coast", folder / "fixtures/demo_coast")
    held = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for number, block in enumerate(BLOCK.findall(PAGE.read_text(encoding="utf-8")), start=1):
            exec(compile(block, f"{PAGE.name} block {number}", "exec"), held)
    return held


def test_the_page_has_a_block_for_every_step(names):
    assert len(BLOCK.findall(PAGE.read_text(encoding="utf-8"))) >= 10
    assert {"scenes", "indices", "composites", "maps", "change", "zones", "estimate"} <= set(names)


def test_what_the_page_writes_is_read_again_to_the_last_digit(names):
    assert names["same"].to_frame().equals(names["change"].transitions.to_frame())


def test_zones_and_transitions_agree_on_the_ground_of_every_stratum(names):
    zones = names["zones"].groupby("polygon")["area_ha"].sum()
    table = names["table"].to_frame().groupby("stratum")["area_ha"].sum()
    assert zones.to_dict() == pytest.approx(table.to_dict(), rel=1e-12)


def test_the_interval_holds_what_the_coast_was_drawn_with(names):
    """Truth by the raster that the scenes were drawn from, inside the boundary."""
    raster = DatedMap(2024, ROOT / "fixtures/demo_coast/truth_classes_2024.tif")
    truth, _ = zonal_areas(raster, names["boundary"])
    truth_ha = truth.loc[truth["class"] == 1, "area_ha"].sum()
    row = names["estimate"].query("measure == 'area' and `class` == 'mangrove'").iloc[0]
    assert truth_ha > 200
    assert row["ci_low"] < truth_ha < row["ci_high"]
    assert row["unit"] == "ha"


def test_nothing_stays_in_the_folder_for_temporary_files(names):
    assert names["files"].maps
    assert not any(item.path.exists() for item in names["files"].maps)
