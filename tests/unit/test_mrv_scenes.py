"""Scenes: what is refused, what is masked and why, composites, and spectral indices."""

import datetime as dt
import math

import numpy as np
import pytest
from support import small_coast as coast

from bluecarbon.mrv.extent import measure_extent
from bluecarbon.mrv.indices import INDICES, check_indices, compute_index
from bluecarbon.mrv.inputs import read_inputs
from bluecarbon.mrv.progress import silent
from bluecarbon.mrv.reasons import REASONS
from bluecarbon.mrv.scenes import (
    SceneData,
    check_bands,
    composite,
    read_scene,
    scene_grid,
)
from bluecarbon.project import Imagery, Scene
from bluecarbon.spec import errors_in

SCENE = Scene(path="a.tif", date=dt.date(2020, 10, 1))


def imagery(**changes):
    table = {"bands": coast.BANDS, "scale": 0.0001, "mask_band": "scl", "scene": (SCENE,)}
    return Imagery(**(table | changes))


def read(folder, numbers, settings=None, **profile):
    coast.write_raster(folder / "a.tif", numbers, **profile)
    return read_scene(folder / "a.tif", SCENE, settings or imagery(), coast.grid())


def header_findings(folder, numbers, settings=None):
    coast.write_raster(folder / "a.tif", numbers)
    return scene_grid(folder / "a.tif", settings or imagery(), "a.tif")[1]


def only(found, code, severity="error"):
    assert [f.code for f in found] == [code]
    assert found[0].severity == severity
    return found[0]


def test_a_sound_scene_is_reflectance_with_reasons(tmp_path):
    numbers = coast.scene_numbers(2020, 1)
    for code in range(12):
        numbers[6, 10, code] = code
    data, found = read(tmp_path, numbers)
    assert found == ()
    assert [REASONS[code] for code in data.reason[10, :12]] == [
        "nodata", "saturated", "valid", "shadow", "valid", "valid", "valid", "valid",
        "cloud", "cloud", "cloud", "snow",
    ]  # fmt: skip
    assert data.reflectance.shape == (6, 40, 40)
    assert np.isnan(data.reflectance[:, 10, 3]).all()
    expected = numbers[3, 20, 20] * 1e-4
    assert data.reflectance[3, 20, 20] == pytest.approx(expected, rel=1e-6)


def test_scale_and_offset_are_applied(tmp_path):
    numbers = coast.scene_numbers(2020, 1)
    plain, _ = read(tmp_path, numbers)
    shifted = numbers.copy()
    shifted[:6] += 1000
    data, found = read(tmp_path, shifted, imagery(offset=-0.1))
    assert found == ()
    np.testing.assert_allclose(data.reflectance, plain.reflectance, atol=1e-6)


def test_nodata_by_tag_and_by_black_frame(tmp_path):
    numbers = coast.scene_numbers(2020, 1)
    numbers[2, 20, 20] = 65535
    tagged, _ = read(tmp_path, numbers, nodata=65535)
    assert REASONS[tagged.reason[20, 20]] == "nodata"
    numbers = coast.scene_numbers(2020, 1)
    numbers[:6, 5, 5] = 0
    numbers[1:6, 6, 6] = 0
    numbers[0, 6, 6] = 3
    framed, _ = read(tmp_path, numbers)
    assert REASONS[framed.reason[5, 5]] == "nodata"
    assert REASONS[framed.reason[6, 6]] == "valid"


def test_not_a_number_is_nodata(tmp_path):
    numbers = coast.scene_numbers(2020, 1)[:6].astype(np.float32) * np.float32(1e-4)
    numbers[0, 4, 4] = np.nan
    settings = imagery(bands=coast.BANDS[:6], mask_band="", scale=1.0)
    data, found = read(tmp_path, numbers, settings)
    assert found == ()
    assert REASONS[data.reason[4, 4]] == "nodata"


def test_digital_numbers_are_refused(tmp_path):
    numbers = coast.scene_numbers(2020, 1)
    _, found = read(tmp_path, numbers, imagery(scale=1.0))
    finding = only(found, "scene-digital-numbers")
    assert "band nir" in finding.message
    assert "scale" in finding.fix


def test_eight_bit_numbers_are_refused(tmp_path):
    numbers = (coast.scene_numbers(2020, 1) // 40).astype(np.uint8)
    only(header_findings(tmp_path, numbers), "scene-digital-numbers")


def test_a_scale_that_was_applied_twice_is_refused(tmp_path):
    _, found = read(tmp_path, coast.scene_numbers(2020, 1), imagery(scale=1e-6))
    only(found, "scene-too-dark")


def test_negative_reflectance_is_a_warning(tmp_path):
    _, found = read(tmp_path, coast.scene_numbers(2020, 1), imagery(offset=-0.02))
    assert "%" in only(found, "scene-negative", "warning").message


@pytest.mark.parametrize(
    ("bad", "dtype", "named"),
    [
        (12, np.uint16, "12"),
        # 260 would be cloud's 4 in eight bits, 65535 no data's 255
        (260, np.uint16, "260"),
        (65535, np.uint16, "65535"),
        (-1, np.int16, "-1"),
        (4.5, np.float32, "4.5"),
        (np.nan, np.float32, "nan"),
        (np.inf, np.float32, "inf"),
    ],
)
def test_a_mask_that_is_no_scene_classification(tmp_path, bad, dtype, named):
    numbers = coast.scene_numbers(2020, 1).astype(dtype)
    numbers[6, 20:22, 20] = bad
    data, found = read(tmp_path, numbers)
    assert data is None
    finding = only(found, "scene-mask-value")
    assert finding.subject == "a.tif"
    assert f"holds {named} in 2 pixels" in finding.message


def test_a_mask_in_floating_point_is_the_same_mask(tmp_path):
    whole, _ = read(tmp_path, coast.scene_numbers(2020, 1))
    numbers = coast.scene_numbers(2020, 1).astype(np.float32)
    floating, found = read(tmp_path, numbers)
    assert found == ()
    np.testing.assert_array_equal(whole.reason, floating.reason)
    # where the file is empty its mask is not asked
    numbers[:, 5, 5] = np.nan
    empty, found = read(tmp_path, numbers)
    assert found == ()
    assert REASONS[empty.reason[5, 5]] == "nodata"


@pytest.mark.parametrize("changes", [{"scale": math.inf}, {"scale": 1e300}, {"offset": math.nan}])
def test_a_scale_that_is_no_number(tmp_path, changes):
    settings = imagery().model_copy(update=changes)
    data, found = read(tmp_path, coast.scene_numbers(2020, 1), settings)
    assert data is None
    only(found, "scene-not-finite")


def test_a_complex_scene_is_refused(tmp_path):
    numbers = coast.scene_numbers(2020, 1).astype(np.complex64)
    only(header_findings(tmp_path, numbers), "scene-complex")


def test_a_scene_under_cloud_is_a_warning(tmp_path):
    numbers = coast.scene_numbers(2020, 1)
    numbers[6] = coast.CLOUD
    data, found = read(tmp_path, numbers)
    only(found, "scene-all-cloud", "warning")
    assert (data.reason > 0).all()


def test_a_truncated_file_is_unreadable(tmp_path):
    rng = np.random.default_rng(1)
    noise = rng.integers(1, 9000, (7, 40, 40)).astype(np.uint16)
    coast.write_raster(tmp_path / "a.tif", noise)
    content = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "a.tif").write_bytes(content[: len(content) // 2])
    assert scene_grid(tmp_path / "a.tif", imagery(), "a.tif")[1] == ()
    data, found = read_scene(tmp_path / "a.tif", SCENE, imagery(), coast.grid())
    assert data is None
    assert "truncated" in only(found, "scene-unreadable").fix


def test_a_picture_of_three_bands(tmp_path):
    finding = only(header_findings(tmp_path, coast.scene_numbers(2020, 1)[:3]), "scene-rgb-only")
    assert "nir and swir1 are missing" in finding.message
    declared = imagery(bands=("red", "green", "blue"), mask_band="")
    only(check_bands(declared), "scene-rgb-only")


def test_a_wrong_number_of_bands(tmp_path):
    found = header_findings(tmp_path, coast.scene_numbers(2020, 1)[:6])
    assert "6 bands, [imagery] declares 7" in only(found, "scene-band-count").message


def test_band_names_are_judged():
    bands = ("blue", "green", "green", "nirr", "red", "swir2")
    found = check_bands(imagery(bands=bands, mask_band="scl"))
    assert {f.code for f in found} == {
        "band-unknown",
        "band-duplicate",
        "band-mask-missing",
        "scene-band-missing",
    }
    messages = {f.code: f.message + f.fix for f in found}
    assert "did you mean 'nir'?" in messages["band-unknown"]
    assert messages["scene-band-missing"].startswith("nir, swir1 missing")


def inputs_findings(folder, table):
    return read_inputs(coast.project(folder, table), silent)[1]


def test_scenes_on_different_grids_are_both_named(tmp_path):
    table = coast.write_coast(tmp_path)
    shifted = coast.grid(left=coast.LEFT_M + 4)
    coast.write_raster(tmp_path / "2020-10-01.tif", coast.scene_numbers(2020, 2), shifted)
    finding = only(errors_in(inputs_findings(tmp_path, table)), "grid-differs")
    assert finding.subject == "2020-10-01.tif"
    assert "2015-10-01.tif" in finding.message
    assert "EPSG:32649" in finding.message


def test_scenes_of_one_lattice_may_differ_in_extent(tmp_path):
    table = coast.write_coast(tmp_path)
    wide = coast.grid(size=40, left=coast.LEFT_M - 50)
    numbers = np.roll(coast.scene_numbers(2020, 2), 5, axis=2)
    coast.write_raster(tmp_path / "2020-10-01.tif", numbers, wide)
    inputs, found = read_inputs(coast.project(tmp_path, table), silent)
    assert errors_in(found) == ()
    # the last four columns of the boundary are not in the file
    assert "covers only" in only(found, "scene-covers-part", "warning").message
    missing = inputs.scenes[2].reason == REASONS.index("nodata")
    assert missing[:, -4:].all()
    assert not missing[:, :-4].any()


def test_a_scene_elsewhere_does_not_overlap(tmp_path):
    table = coast.write_coast(tmp_path)
    away = coast.grid(left=coast.LEFT_M + 40_000)
    coast.write_raster(tmp_path / "2020-10-01.tif", coast.scene_numbers(2020, 2), away)
    finding = only(errors_in(inputs_findings(tmp_path, table)), "scene-no-overlap")
    assert finding.subject == "2020-10-01.tif"


@pytest.mark.parametrize("path", ["2015-11-01.tif", "./2015-11-01.tif", "link.tif"])
def test_a_scene_that_is_listed_twice(tmp_path, path):
    table = coast.write_coast(tmp_path)
    (tmp_path / "link.tif").symlink_to(tmp_path / "2015-11-01.tif")
    table["imagery"]["scene"].append({"path": path, "date": "2015-12-01"})
    finding = only(errors_in(inputs_findings(tmp_path, table)), "scene-twice")
    assert finding.subject == path.removeprefix("./")
    assert "2015-11-01 and of 2015-12-01" in finding.message


@pytest.mark.parametrize("compress", ["deflate", "none"])
def test_a_copy_of_a_scene_under_another_name(tmp_path, compress):
    table = coast.write_coast(tmp_path)
    (tmp_path / "more").mkdir()
    coast.write_raster(
        tmp_path / "more" / "2020-10-01.tif", coast.scene_numbers(2020, 2), compress=compress
    )
    table["imagery"]["scene"].append({"path": "more/2020-10-01.tif", "date": "2020-12-01"})
    finding = only(errors_in(inputs_findings(tmp_path, table)), "scene-twice")
    assert "the same numbers as 2020-10-01.tif" in finding.message


def test_two_scenes_under_cloud_are_not_copies(tmp_path):
    table = coast.write_coast(tmp_path)
    for day, seed in (("2020-11-01", 5), ("2020-12-01", 6)):
        numbers = coast.scene_numbers(2020, seed)
        numbers[6] = coast.CLOUD
        coast.write_raster(tmp_path / f"{day}.tif", numbers)
        table["imagery"]["scene"].append({"path": f"{day}.tif", "date": day})
    assert errors_in(inputs_findings(tmp_path, table)) == ()


def test_a_scene_far_from_its_epoch_is_a_warning(tmp_path):
    table = coast.write_coast(tmp_path)
    table["imagery"]["scene"][0]["date"] = "2017-10-01"
    table["imagery"]["scene"][0]["epoch"] = 2015
    table["imagery"]["scene"][2]["date"] = "2021-01-15"
    table["imagery"]["scene"][2]["epoch"] = 2020
    finding = only(inputs_findings(tmp_path, table), "scene-epoch-far", "warning")
    assert finding.subject == "2015-10-01.tif"
    assert "2017-10-01" in finding.message
    assert "2015" in finding.message


@pytest.mark.parametrize(
    ("section", "changes", "code"),
    [
        ("mapping", {"seed": -1}, "seed-out-of-range"),
        ("mapping", {"seed": 2**32}, "seed-out-of-range"),
        ("reference", {"confidence": 1 - 2**-53}, "confidence-out-of-range"),
    ],
)
def test_settings_that_nothing_can_be_computed_with(tmp_path, section, changes, code):
    sound = coast.project(tmp_path, coast.write_coast(tmp_path))
    # past the bounds of the project file, as a program might make it
    bent = getattr(sound, section).model_copy(update=changes)
    extent, found = measure_extent(sound.model_copy(update={section: bent}))
    assert extent is None
    only(errors_in(found), code)


def test_a_boundary_too_large_for_memory(tmp_path):
    table = coast.write_coast(tmp_path)
    coast.write_layer(tmp_path / "boundary.geojson", ({}, coast.block(-6000, -6000, 6000, 6000)))
    assert "window-too-large" in coast.codes_of(inputs_findings(tmp_path, table))


def test_indices_are_judged():
    assert check_indices(tuple(INDICES), ("blue", "green", "red", "nir", "swir1")) == ()
    found = check_indices(("mvii", "evi"), ("green", "red", "nir", "swir1"))
    assert [f.code for f in found] == ["index-unknown", "index-band-missing"]
    assert "did you mean 'mvi'?" in found[0].fix
    twice = only(check_indices(("ndvi", "ndvi"), ("nir", "red")), "index-duplicate")
    assert "'ndvi'" in twice.message
    assert "blue" in found[1].message


# ---------------------------------------------------------------- composites


def scene(day, values, reasons=None):
    values = np.array(values, dtype=np.float32)[None, None]
    reason = np.zeros(values.shape[1:], dtype=np.uint8)
    if reasons is not None:
        reason = np.array(reasons, dtype=np.uint8)[None]
    values = np.where(reason > 0, np.nan, values).astype(np.float32)
    return SceneData(f"{day}.tif", dt.date(2020, 10, day), 2020, values, reason)


def test_the_median_of_what_was_seen():
    scenes = [
        scene(1, [0.1, 0.1, 0.1, 0.1]),
        scene(2, [0.9, 0.9, 0.3, 0.3], [0, 4, 0, 4]),
        scene(3, [0.3, 0.3, 0.2, 0.3], [0, 0, 0, 4]),
    ]
    made = composite(scenes, ("nir",))
    np.testing.assert_allclose(made.band("nir")[0], [0.3, 0.2, 0.2, 0.1], rtol=1e-6)
    assert made.observations[0].tolist() == [3, 2, 3, 1]
    assert made.last_date == dt.date(2020, 10, 3)
    again = composite(scenes[::-1], ("nir",))
    np.testing.assert_array_equal(again.reflectance, made.reflectance)


def test_the_composite_agrees_with_numpy_on_many_pixels():
    rng = np.random.default_rng(5)
    layers = rng.random((5, 50)).astype(np.float32)
    masks = rng.integers(0, 2, (5, 50)) * 4
    made = composite([scene(d + 1, layers[d], masks[d]) for d in range(5)], ("nir",))
    seen = (masks == 0).any(axis=0)
    expected = np.nanmedian(np.where(masks == 0, layers, np.nan)[:, seen], axis=0)
    np.testing.assert_allclose(made.band("nir")[0, seen], expected, rtol=1e-6)
    assert np.isnan(made.band("nir")[0, ~seen]).all()


def test_a_pixel_never_seen_keeps_the_reason_of_the_latest_scene():
    made = composite([scene(2, [0.1], [3]), scene(1, [0.1], [4])], ("nir",))
    assert REASONS[made.reason[0, 0]] == "shadow"
    assert made.observations[0, 0] == 0
    assert np.isnan(made.reflectance).all()


def test_a_part_of_a_composite():
    made = composite([scene(1, [0.1, 0.2, 0.3])], ("nir",)).part(slice(0, 1), slice(1, 3))
    np.testing.assert_allclose(made.band("nir"), [[0.2, 0.3]])
    assert made.observations.shape == made.reason.shape == (1, 2)


# ---------------------------------------------------------------- indices

MANGROVE = {
    name: np.array([value], dtype=np.float32)
    for name, value in zip(coast.BANDS, (0.03, 0.05, 0.04, 0.32, 0.13, 0.06), strict=False)
}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # by hand from the published formulas (the same as in spyndex 0.12)
        ("ndvi", (0.32 - 0.04) / (0.32 + 0.04)),
        ("ndwi", (0.05 - 0.32) / (0.05 + 0.32)),
        ("mndwi", (0.05 - 0.13) / (0.05 + 0.13)),
        ("lswi", (0.32 - 0.13) / (0.32 + 0.13)),
        ("mvi", (0.32 - 0.05) / (0.13 - 0.05)),
        ("evi", 2.5 * (0.32 - 0.04) / (0.32 + 6 * 0.04 - 7.5 * 0.03 + 1)),
    ],
)
def test_index_values_by_hand(name, expected):
    assert compute_index(name, MANGROVE)[0] == pytest.approx(expected, rel=1e-5)


def test_every_index_names_its_source():
    assert all(index.source and index.formula for index in INDICES.values())


def test_indices_stay_finite_over_dark_water_and_keep_gaps():
    dark = {name: np.array([0.0, np.nan, 0.0], dtype=np.float32) for name in coast.BANDS}
    dark["nir"] = np.array([0.0, np.nan, 0.01], dtype=np.float32)
    for name in INDICES:
        values = compute_index(name, dark)
        assert np.isfinite(values[[0, 2]]).all(), name
        assert np.isnan(values[1]), name
    assert compute_index("mvi", dark)[2] == 20.0
