"""Maps from data sets are those of the engine, seed by seed; what does not fit is refused."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import xarray as xr
from support import dated_maps as kit

from bluecarbon.errors import DataError
from bluecarbon.mrv import mapping
from bluecarbon.mrv.arrays import grid_of, legend_of, to_dataarray
from bluecarbon.mrv.class_maps import CODE_OF
from bluecarbon.mrv.mapping_arrays import (
    bands_of,
    class_map_of,
    composite_of,
    inside_polygons,
    learn,
    polygon_numbers,
)
from bluecarbon.project import Mapping

PLACE = kit.grid(60, 80)
SETTINGS = Mapping(trees=8, seed=3, indices=("ndvi", "mndwi"))
BANDS = ("green", "red", "nir", "swir1")


def truth():
    codes = np.full((60, 80), CODE_OF["mangrove"], np.uint8)
    codes[:, 40:], codes[:20, 50:] = CODE_OF["water"], CODE_OF["other"]
    return codes


def dataset(epoch=2019):
    """Bands by class with noise; the first two rows were never seen."""
    rng = np.random.default_rng(epoch)
    means = {1: (0.05, 0.03, 0.35, 0.12), 2: (0.06, 0.04, 0.03, 0.01), 6: (0.1, 0.12, 0.2, 0.25)}
    light = np.zeros((4, 60, 80), np.float32)
    for code, values in means.items():
        light[:, truth() == code] = np.array(values, np.float32)[:, None]
    light += rng.normal(0, 0.02, light.shape).astype(np.float32)
    light[:, :2] = np.nan
    made = {n: to_dataarray(v, PLACE, n) for n, v in zip(BANDS, light, strict=True)}
    seen = np.where(np.isnan(light[0]), 0, 3).astype(np.uint16)
    return xr.Dataset(made | {"observations": to_dataarray(seen, PLACE, "observations")})


def points(epochs=(2019,)):
    """Labels at the centres of pixels spread over the map."""
    rng = np.random.default_rng(8)
    rows, columns = rng.integers(3, 60, 240), rng.integers(0, 80, 240)
    places = np.column_stack([columns, rows]) + 0.5
    shapes = [kit.degrees(PLACE, shapely.Point(place)) for place in places]
    names = {code: name for name, code in CODE_OF.items()}
    return pd.DataFrame(
        {
            "lon": [p.x for p in shapes],
            "lat": [p.y for p in shapes],
            "label": [names[int(code)] for code in truth()[rows, columns]],
            "epoch": rng.choice(epochs, 240),
        }
    )


@pytest.fixture(scope="module")
def learnt():
    made, found = learn(points(), {2019: dataset()}, SETTINGS)
    assert found == ()
    return made


def test_the_map_is_that_of_the_engine(learnt):
    made = class_map_of(learnt, dataset())
    held, _ = composite_of(dataset(), BANDS, 2019)
    training, _ = mapping.training_from_points(
        points(), {2019: held}, PLACE, indices=SETTINGS.indices
    )
    model = mapping.fit(training.features, training.codes, SETTINGS)
    everywhere = np.ones((60, 80), np.bool_)
    expected = mapping.classify(model, held, everywhere, indices=SETTINGS.indices)
    assert np.array_equal(made, expected)
    assert (made.values[2:] == truth()[2:]).mean() > 0.97
    assert (made.values[:2] == CODE_OF["unobserved"]).all()


def test_the_map_says_where_it_lies_and_what_its_codes_mean(learnt):
    made = class_map_of(learnt, dataset())
    assert grid_of(made) == PLACE
    assert legend_of(made)[1] == "mangrove"
    assert learnt.validated.overall > 0.9
    assert learnt.model.features == (*BANDS, "ndvi", "mndwi")


def test_points_may_be_a_layer_in_metres_and_epochs_have_their_own_composite(learnt):
    table = points((2015, 2019))
    places = gpd.points_from_xy(table["lon"], table["lat"])
    layer = gpd.GeoDataFrame(table[["label", "epoch"]], geometry=places, crs=4326).to_crs(32649)
    both = {2015: dataset(2015), 2019: dataset(2019)}
    made, found = learn(layer, both, SETTINGS)
    again, _ = learn(table, both, SETTINGS)
    assert found == ()
    assert np.array_equal(class_map_of(made, both[2015]), class_map_of(again, both[2015]))


def test_one_composite_takes_points_without_an_epoch(learnt):
    made, _ = learn(points().drop(columns="epoch"), dataset(), SETTINGS)
    assert np.array_equal(class_map_of(made, dataset()), class_map_of(learnt, dataset()))


def test_only_what_is_inside_is_mapped(learnt):
    shape = kit.degrees(PLACE, shapely.box(10, 10, 30.4, 50.6))
    layer = gpd.GeoDataFrame(geometry=[shape], crs=4326).to_crs(32649)
    inside = inside_polygons(layer, dataset())
    assert int(inside.sum()) == 20 * 41  # the centres of column 30 and row 50: outside, inside
    numbers = polygon_numbers(layer.assign(name="bay"), dataset())
    assert legend_of(numbers) == {1: "bay"}
    assert np.array_equal(numbers.values == 1, inside.values)
    with pytest.raises(DataError, match="no property 'site'"):
        polygon_numbers(layer, dataset(), column="site")
    made = class_map_of(learnt, dataset(), inside=inside)
    assert np.array_equal(made.values != 0, inside.values)
    with pytest.raises(DataError, match="no coordinate system"):
        inside_polygons(gpd.GeoDataFrame(geometry=[shape]), dataset())


def test_gaps_are_unobserved_without_a_count_of_observations(learnt):
    bare = dataset().drop_vars("observations")
    assert bands_of(bare) == BANDS
    assert np.array_equal(class_map_of(learnt, bare), class_map_of(learnt, dataset()))


def test_what_does_not_fit_is_told_at_once():
    wrong = points((2015, 2019)).assign(label="kelp")
    made, found = learn(wrong, dataset().drop_vars("swir1"), SETTINGS)
    assert made is None
    codes = {finding.code for finding in found}
    assert {"label-unknown", "index-band-missing"} <= codes
    moved = dataset().assign_coords(x=dataset()["x"] + 10.0)
    made, found = learn(points(), {2019: dataset(), 2020: moved.drop_vars("red")}, SETTINGS)
    assert made is None
    assert [f.code for f in found] == ["composite-grid-differs", "scene-band-missing"]


def test_points_of_other_epochs_are_left_out_with_a_warning():
    _, found = learn(points((2015, 2019)), {2019: dataset()}, SETTINGS)
    assert [finding.code for finding in found] == ["points-other-epoch"]


def test_a_composite_without_a_learnt_band_is_refused(learnt):
    with pytest.raises(DataError, match="lacks red"):
        class_map_of(learnt, dataset().drop_vars("red"))
