"""Names of bands: what is said when a file's own are not known, or are those of other bands."""

import pytest
import rasterio
from support import small_coast as coast

from bluecarbon.mrv.scene_arguments import Declared, scene_set

ALL = tuple(coast.BANDS)
SCALE = {"scale": 1e-4}


def scene(folder, names, *, date="2020-10-01"):
    path = folder / f"{date}.tif"
    coast.write_raster(path, coast.scene_numbers(2020, 7), coast.grid())
    with rasterio.open(path, "r+") as dataset:
        for number, name in enumerate(names, start=1):
            dataset.set_band_description(number, name)
    return str(path)


def told(path, bands=()):
    made, found = scene_set([path], Declared(bands, SCALE))
    return made, [(finding.code, finding.message) for finding in found]


def test_names_that_are_not_known_are_listed(tmp_path):
    made, found = told(scene(tmp_path, [*ALL[:-1], "bqa"]))
    assert made is None
    said = f"names its bands, but these are not known: {len(ALL)} 'bqa'"
    assert found == [("scene-bands-unnamed", said)]


def test_names_that_stand_twice_and_none_at_all(tmp_path):
    _, [(_, message)] = told(scene(tmp_path, [*ALL[:-1], ALL[0]]))
    assert message.startswith("names two bands alike: ")
    _, [(_, message)] = told(scene(tmp_path, []))
    assert message == "does not name its bands"


def swapped(names, one="red", other="nir"):
    pairs = {one: other, other: one}
    return tuple(pairs.get(name, name) for name in names)


def test_bands_named_against_the_file_are_refused(tmp_path):
    made, found = told(scene(tmp_path, ALL), swapped(ALL))
    assert made is None
    ((code, message),) = found
    assert code == "scene-bands-contradict"
    place = ALL.index("red") + 1
    assert f"band {place} is nir as declared and 'red' in the file" in message


def test_a_scene_in_another_order_than_the_first_is_refused(tmp_path):
    first = scene(tmp_path, ALL)
    second = scene(tmp_path, swapped(ALL), date="2021-10-01")
    made, (finding,) = scene_set([first, second], Declared((), SCALE))
    assert made is None
    assert (finding.code, finding.subject) == ("scene-bands-contradict", "2021-10-01.tif")


@pytest.mark.parametrize(
    "names",
    [ALL, (), tuple(f"SR_B{n}" for n in range(1, 8)), swapped(ALL, "nir", "B8A"), ("B02", "green")],
)
def test_names_that_agree_or_say_nothing_are_no_matter(tmp_path, names):
    made, found = told(scene(tmp_path, names), ALL)
    assert made is not None
    assert found == []


@pytest.mark.parametrize("names", [("vv", "vh"), ("VV", "VH")])
def test_radar_is_sent_where_it_goes(tmp_path, names):
    path = tmp_path / "S1_2020-10-01.tif"
    coast.write_raster(path, coast.scene_numbers(2020, 7)[:2].copy() / 1e4, coast.grid())
    _, found = scene_set([str(path)], Declared(names, SCALE))
    assert {finding.code for finding in found} == {"scene-radar"}
    assert "--covariate" in found[0].fix
    with rasterio.open(path, "r+") as dataset:
        dataset.descriptions = ("VV_power", "VH_power")
    (finding,) = scene_set([str(path)], Declared((), SCALE))[1]
    assert finding.code == "scene-radar"
