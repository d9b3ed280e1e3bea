"""Sentinel-2 over the Jambeli archipelago, Ecuador: scenes to maps to areas, against real masks.

The classifier learns west of the main channel from the mask of 2020 and is judged east of it, in
2020, 2021 and 2024. The masks give no error of their own; their authors' second set of masks
agrees with them to 99 %, so a year-to-year change of 1 % is noise.
"""

import math
from pathlib import Path

import numpy as np
import pytest
import rasterio

from bluecarbon.mrv.area import class_areas_ha, weights_of
from bluecarbon.mrv.class_maps import CODE_MANGROVE
from bluecarbon.mrv.extent import measure_extent
from bluecarbon.mrv.rasters import Grid
from bluecarbon.project_file import load_project
from bluecarbon.spec import errors_in

pytestmark = pytest.mark.real

IOU_MIN = 0.88
AREA_TOLERANCE = 0.02
"""Of the mapped to the mask's area: 1 % is the noise of the labels, 1 % is for the classifier."""


@pytest.fixture(scope="module")
def measured(real_data):
    extent, findings = measure_extent(load_project(Path(__file__).parent / "jambeli/project.toml"))
    assert errors_in(findings) == ()
    return extent


def mask_area_ha(real_data, extent, epoch):
    """Area of the mask inside the boundary, on the mask's own grid."""
    path = real_data / "s2_jambeli_ecuador" / f"mangrove_mask_{epoch}.tif"
    with rasterio.open(path) as mask:
        grid = Grid(mask.crs, mask.transform, mask.height, mask.width)
        rows, columns = grid.slices_of(extent.grid)
        codes = mask.read(1)[rows, columns]
    weights = weights_of(extent.boundary, extent.grid, extent.pixel_area_ha)
    return class_areas_ha(codes, weights)[CODE_MANGROVE]


def test_iou_where_nothing_was_learnt(measured):
    table = measured.validation.set_index("epoch")
    assert table.loc[2021, "iou"] >= IOU_MIN
    assert (table["iou"] >= IOU_MIN).all()
    # the whole validation box was compared, not a part that is easy
    assert (table["pixels"] > 190_000).all()


@pytest.mark.parametrize("epoch", [2020, 2021, 2024])
def test_area_of_every_year_is_near_that_of_the_mask(measured, real_data, epoch):
    areas = measured.areas.set_index(["stratum", "epoch", "class"])["area_ha"]
    expected = mask_area_ha(real_data, measured, epoch)
    assert expected > 1000
    assert areas["", epoch, "mangrove"] == pytest.approx(expected, rel=AREA_TOLERANCE)


def test_net_change_has_the_sign_of_the_masks(measured, real_data):
    change = measured.change_estimates.set_index(["stratum", "from_epoch", "to_epoch", "kind"])
    net = change.loc[("", 2020, 2024, "net"), "area_ha"]
    expected = mask_area_ha(real_data, measured, 2024) - mask_area_ha(real_data, measured, 2020)
    assert math.copysign(1, net) == math.copysign(1, expected)


def test_every_pixel_was_seen(measured):
    shares = measured.reasons.query("scene == '' and reason == 'valid'")["share"]
    assert np.allclose(shares, 1.0)
    assert len(shares) == 3


def test_the_classifier_says_how_good_it_is(measured):
    assert measured.cross_validation.folds == 5
    assert measured.cross_validation.overall > 0.93


def test_digital_numbers_of_a_real_scene_are_refused(real_data, tmp_path):
    # Landsat 7 over Olinda, 8-bit digital numbers; a picture of Bima in red, green and blue
    text = (Path(__file__).parent / "jambeli/project.toml").read_text(encoding="utf-8")
    for old, new in (
        ("s2_jambeli_ecuador/s2_sr_2020", "landsat7_olinda_brazil/L7_ETMs"),
        ("s2_jambeli_ecuador/s2_sr_2021", "s2_rgb_only_chips/s2_l2a_rgb_bima_indonesia_site36"),
    ):
        text = text.replace(old, new)
    for layer in (Path(__file__).parent / "jambeli").glob("*.geojson"):
        (tmp_path / layer.name).write_bytes(layer.read_bytes())
    (tmp_path / "project.toml").write_text(text, encoding="utf-8")
    extent, findings = measure_extent(load_project(tmp_path / "project.toml"))
    assert extent is None
    found = {(f.subject, f.code) for f in errors_in(findings)}
    landsat, picture = "L7_ETMs.tif", "s2_l2a_rgb_bima_indonesia_site36.tif"
    assert {
        (landsat, "scene-digital-numbers"),
        (landsat, "scene-no-overlap"),
        (picture, "scene-rgb-only"),
        (picture, "scene-no-overlap"),
        (picture, "grid-differs"),
    } <= found
