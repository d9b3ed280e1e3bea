"""Scenes as their sensor has them: offsets, masks, composites, and dates that contradict."""

import datetime as dt

import numpy as np
import pytest
from support import small_coast as coast

from bluecarbon.mrv.extent import measure_extent
from bluecarbon.mrv.inputs import read_inputs
from bluecarbon.mrv.progress import silent
from bluecarbon.mrv.reasons import REASONS
from bluecarbon.mrv.scenes import read_scene
from bluecarbon.project import Imagery, Project, Scene
from bluecarbon.spec import errors_in


def scene_of(**settings):
    return Scene(path="a.tif", date=dt.date(2020, 10, 1), **settings)


def read(folder, numbers, scene, **settings):
    table = {"bands": coast.BANDS, "mask_band": "scl", "scene": (scene,)}
    coast.write_raster(folder / "a.tif", numbers)
    return read_scene(folder / "a.tif", scene, Imagery(**(table | settings)), coast.grid())


def shifted(numbers, by):
    result = numbers.copy()
    result[:6] += by
    return result


def test_baselines_give_the_same_reflectance(tmp_path):
    numbers = coast.scene_numbers(2020, 1)
    numbers[3, 20, 20] = 3
    old, found = read(
        tmp_path, numbers, scene_of(processing_baseline="03.01"), sensor="sentinel2-l2a"
    )
    assert found == ()
    dark = shifted(numbers, 1000)
    dark[3, 20, 20] = 600  # below the offset: clipped, not negative
    new, found = read(tmp_path, dark, scene_of(processing_baseline="05.09"), sensor="sentinel2-l2a")
    assert found == ()
    assert new.reflectance[3, 20, 20] == 0
    new.reflectance[3, 20, 20] = old.reflectance[3, 20, 20]
    np.testing.assert_allclose(new.reflectance, old.reflectance, atol=1e-6)


def test_zero_in_one_band_of_a_product_is_no_data(tmp_path):
    numbers = shifted(coast.scene_numbers(2020, 1), 1000)
    numbers[2, 7, 7] = 0
    data, _ = read(tmp_path, numbers, scene_of(processing_baseline="04.00"), sensor="sentinel2-l2a")
    assert REASONS[data.reason[7, 7]] == "nodata"


def test_a_missing_baseline_is_refused(tmp_path):
    data, found = read(tmp_path, coast.scene_numbers(2020, 1), scene_of(), sensor="sentinel2-l2a")
    assert data is None
    assert [(f.code, f.subject) for f in found] == [("scene-baseline-missing", "a.tif")]


def test_landsat_with_its_mask(tmp_path):
    light = coast.scene_numbers(2020, 1).astype(np.float64) * 1e-4
    numbers = np.round((light + 0.2) / 2.75e-5).astype(np.uint16)
    numbers[6] = 21824
    numbers[6, 5, :4] = [22280, 23888, 21952, 1]
    data, found = read(tmp_path, numbers, scene_of(), sensor="landsat-c2-l2")
    assert found == ()
    assert [REASONS[code] for code in data.reason[5, :5]] == [
        "cloud", "shadow", "valid", "nodata", "valid",
    ]  # fmt: skip
    np.testing.assert_allclose(data.reflectance[3, 20], light[3, 20], atol=2e-5)
    no_water, _ = read(tmp_path, numbers, scene_of(), sensor="landsat-c2-l2", leave_out_water=True)
    assert REASONS[no_water.reason[5, 2]] == "water"


def test_an_older_mask_by_its_legend(tmp_path):
    numbers = coast.scene_numbers(2020, 1)
    numbers[6] = 2720
    numbers[6, 5, 5] = 2800
    settings = {"scale": 1e-4, "mask_legend": "landsat-c1-bqa"}
    data, _ = read(tmp_path, numbers, scene_of(), **settings)
    assert REASONS[data.reason[5, 5]] == "cloud"
    assert (data.reason == 0).sum() == 40 * 40 - 1


@pytest.mark.parametrize("composite", ["geometric-median", "percentile"])
def test_other_composites_map_the_same_coast(tmp_path, composite):
    table = coast.write_coast(tmp_path)
    table["imagery"]["composite"] = composite
    extent, found = measure_extent(coast.project(tmp_path, table))
    assert errors_in(found) == ()
    truth = coast.truth(2015)[1:39, 1:39]
    assert ((extent.maps[2015] == 1) == (truth == 1)).mean() > 0.98


def test_two_scenes_of_a_day_are_a_warning(tmp_path):
    table = coast.write_coast(tmp_path)
    table["imagery"]["scene"][1]["date"] = "2015-10-01"
    found = read_inputs(coast.project(tmp_path, table), silent)[1]
    assert [(f.code, f.severity, f.subject) for f in found] == [
        ("scene-date-twice", "warning", "2015-11-01.tif")
    ]


@pytest.mark.parametrize(
    ("dates", "wrong"), [((2015, 2020), False), ((2020, 2015), True), ((2016, 2016), True)]
)
def test_dates_of_maps_against_their_epochs(tmp_path, dates, wrong):
    table = coast.write_coast(tmp_path)
    for section in ("imagery", "training", "mapping"):
        del table[section]
    maps = []
    for epoch, year in zip(coast.EPOCHS, dates, strict=True):
        coast.write_raster(tmp_path / f"{epoch}.tif", coast.truth(epoch)[None])
        maps.append({"path": f"{epoch}.tif", "epoch": epoch, "date": f"{year}-06-01"})
    legend = {"1": "mangrove", "2": "water", "3": "tidal_flat", "5": "upland_forest"}
    table["class_maps"] = {"legend": legend, "map": maps}
    found = errors_in(read_inputs(coast.project(tmp_path, table), silent)[1])
    expected = [("epoch-date-order", "2020.tif")] if wrong else []
    assert [(f.code, f.subject) for f in found] == expected


def test_a_grid_over_the_antimeridian_is_refused(tmp_path):
    table = coast.write_coast(tmp_path)
    far = coast.grid(left=800_000, epsg=32660, pixel=1500.0)
    coast.write_raster(tmp_path / "2020-10-01.tif", coast.scene_numbers(2020, 2), far)
    found = read_inputs(coast.project(tmp_path, table), silent)[1]
    assert ("raster-antimeridian", "2020-10-01.tif") in {
        (f.code, f.subject) for f in errors_in(found)
    }


def test_a_project_file_of_before_still_parses():
    table = {
        "project": {"id": "OLD-1", "name": "-"},
        "period": {"start": "2015-01-01", "end": "2021-01-01"},
        "boundary": {"path": "b.geojson"},
        "imagery": {"bands": ["nir"], "scale": 0.0001, "mask_band": "scl",
                    "mask_legend": "sentinel-2-scl",
                    "scene": [{"path": "a.tif", "date": "2020-01-01"}]},
        "training": {"points": "t.csv"},
    }  # fmt: skip
    project = Project.model_validate(table)
    assert project.imagery.sensor == "reflectance"
    assert project.alignment.classes is None
    assert project.imagery.composite == "median"
