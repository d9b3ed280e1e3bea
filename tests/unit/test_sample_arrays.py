"""The same estimates from arrays in memory as from files."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from affine import Affine
from support import small_coast as coast

from bluecarbon.errors import DataError
from bluecarbon.mrv.area import pixel_area_ha
from bluecarbon.mrv.arrays import to_dataarray
from bluecarbon.mrv.rasters import Grid
from bluecarbon.mrv.sample_arrays import class_sizes_of, sample_of
from bluecarbon.mrv.stehman2014 import stehman2014

CODES = coast.truth(2015)
GRID = coast.grid()
COLUMNS, ROWS = (np.array(part) for part in coast.lattice(3, 2))


@pytest.fixture
def classes():
    return to_dataarray(CODES, GRID, "classes", legend=coast.NAMES)


@pytest.fixture
def points():
    lon, lat = coast.degrees(COLUMNS, ROWS)
    codes = CODES[ROWS.astype(int), COLUMNS.astype(int)]
    return pd.DataFrame({"lon": lon, "lat": lat, "label": [coast.NAMES[code] for code in codes]})


def test_sizes_are_pixels_and_geodesic_hectares(classes):
    table = class_sizes_of(classes).set_index("stratum")
    pixel_ha = pixel_area_ha(GRID)
    for code, name in coast.NAMES.items():
        assert table["pixels"][name] == (code == CODES).sum()
        assert table["area_ha"][name] == pytest.approx(pixel_ha[code == CODES].sum())


def test_a_right_map_is_right(classes, points):
    sample, findings = sample_of(points, classes)
    assert findings == ()
    assert len(sample.points) == len(points)
    table = stehman2014(sample.points, sample.strata).set_index(["measure", "class"])
    assert table.loc["overall", ""]["value"] == 1.0
    assert table.loc["area", "mangrove"]["value"] == pytest.approx(
        sample.strata.set_index("stratum")["area_ha"]["mangrove"]
    )


def test_a_geodataframe_in_another_system_is_the_same_sample(classes, points):
    places = gpd.points_from_xy(points["lon"], points["lat"], crs=4326)
    frame = gpd.GeoDataFrame(points[["label"]], geometry=places).to_crs(32649)
    one, _ = sample_of(points, classes)
    other, _ = sample_of(frame, classes)
    assert one.points["map"].tolist() == other.points["map"].tolist()


def test_strata_of_another_array(classes, points):
    halves = np.zeros_like(CODES)
    halves[:, 20:] = 1
    sample, _ = sample_of(points, classes, strata=to_dataarray(halves, GRID, "halves"))
    # 0 is a stratum: nothing says that it is no data
    assert sample.strata["stratum"].tolist() == ["0", "1"]
    assert sample.strata["pixels"].tolist() == [800, 800]


@pytest.mark.parametrize("step", [1, 2])
def test_strata_weigh_by_the_ground_that_the_map_shows(classes, points, step):
    seen = CODES.copy()
    seen[:10] = 255
    classes = to_dataarray(seen, GRID, "classes", legend=coast.NAMES | {255: "unobserved"})
    halves = np.zeros(CODES.shape, dtype=np.uint8)
    halves[:, 20:] = 1
    (across, down), (left, _, _, top) = GRID.pixel_size, GRID.bounds
    transform = Affine(across * step, 0.0, left, 0.0, -down * step, top)
    coarse = Grid(GRID.crs, transform, GRID.height // step, GRID.width // step)
    strata = to_dataarray(np.ascontiguousarray(halves[::step, ::step]), coarse, "halves")
    sample, findings = sample_of(points, classes, strata=strata)
    # 10 of 40 rows are not seen: 30 rows of 20 pixels in either half
    assert sample.strata["pixels"].tolist() == [600, 600]
    (beyond,) = (finding for finding in findings if finding.code == "strata-beyond-map")
    assert "(25.00%)" in beyond.message


def test_points_off_the_map_or_without_data_are_named(classes, points):
    points.loc[3, "lon"] += 1.0
    sample, (finding,) = sample_of(points, classes)
    assert (finding.code, finding.subject) == ("reference-off-map", "points row 3")
    assert len(sample.points) == len(points) - 1
    unnamed = to_dataarray(np.where(CODES == 2, 0, CODES), GRID, "classes")
    unnamed.attrs["_FillValue"] = 0
    assert "0" not in class_sizes_of(unnamed)["stratum"].tolist()


def test_training_and_unknown_labels_are_refused(classes, points):
    sample, (finding,) = sample_of(points.assign(provenance="training"), classes)
    assert sample is None
    assert finding.code == "reference-not-probability"
    sample, (finding,) = sample_of(points.assign(label="reef"), classes)
    assert sample is None
    assert finding.code == "label-unknown"


def test_an_array_without_a_place_is_refused(classes, points):
    with pytest.raises(DataError, match="coordinate system"):
        sample_of(points, classes.drop_vars("spatial_ref"))
