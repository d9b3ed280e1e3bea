"""A scene classified block by block is the scene classified whole."""

import numpy as np
import pytest
import rasterio
from support import small_coast as coast

from bluecarbon.mrv import classify_blocks
from bluecarbon.mrv.blocks import Threads
from bluecarbon.mrv.class_maps import CODE_OF
from bluecarbon.mrv.classifiers import fit_model
from bluecarbon.mrv.classify_blocks import TileTask, classify_tile
from bluecarbon.mrv.mapping import stacked_features
from bluecarbon.mrv.model_files import save_model
from bluecarbon.project import Candidates, Covariate, Mapping

SIDE = 640
BANDS = ("green", "red", "nir", "swir1")
INDICES = ("ndvi", "mvi")
RULES = Candidates(elevation_max_m=5, ndwi_max=0.2, ndvi_min=0.3)


def landscape():
    """Codes, digital numbers and elevation of a coast with a forest hill and a frame."""
    rng = np.random.default_rng(8)
    codes = np.full((SIDE, SIDE), 2, np.uint8)
    codes[:, :400] = 1
    codes[:200] = 5
    places = [coast.BANDS.index(name) for name in BANDS]
    numbers = np.zeros((4, SIDE, SIDE), np.uint16)
    for code, spectrum in coast.SPECTRA.items():
        for band, place in enumerate(places):
            numbers[band][codes == code] = round(spectrum[place] * 10_000)
    numbers += rng.integers(0, 300, numbers.shape).astype(np.uint16)
    numbers[:, :, :3] = 0
    height = np.where(codes == 5, 30, 1).astype(np.float32)
    return codes, numbers, height


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tile")
    codes, numbers, height = landscape()
    tiles = {"tiled": True, "blockxsize": 256, "blockysize": 256}
    coast.write_raster(folder / "scene.tif", numbers, coast.grid(SIDE), **tiles)
    coast.write_raster(folder / "height.tif", height[None], coast.grid(SIDE))
    features = features_of(numbers)
    rng = np.random.default_rng(1)
    drawn = rng.choice(SIDE * SIDE, 900, replace=False)
    model = fit_model(
        features.reshape(-1, 6)[drawn],
        codes.ravel()[drawn],
        Mapping(trees=40),
        names=(*BANDS, *INDICES),
    )
    save_model(folder / "model.npz", model)
    return folder, model


def features_of(numbers):
    bands = {
        name: layer.astype(np.float32) * np.float32(1e-4)
        for name, layer in zip(BANDS, numbers, strict=True)
    }
    return stacked_features(bands, INDICES)


def task(folder, **changes):
    return TileTask(
        **({"scene": folder / "scene.tif", "bands": BANDS, "model": folder / "model.npz"} | changes)
    )


def height_of(folder, **changes):
    made = {"name": "height", "path": "height.tif", "kind": "elevation"} | changes
    return ((Covariate(**made), folder / "height.tif"),)


def read(path):
    with rasterio.open(path) as source:
        return source.read(1)


def test_without_a_mask_it_is_the_map_of_the_whole_forest(files, tmp_path):
    folder, model = files
    made, found = classify_tile(task(folder), tmp_path / "map.tif")
    assert found == ()
    _, numbers, _ = landscape()
    expected = model.predict(features_of(numbers).reshape(-1, 6)).reshape(SIDE, SIDE)
    expected[(numbers == 0).all(axis=0)] = 255
    np.testing.assert_array_equal(read(made.path), expected)
    assert sum(made.classes.values()) == SIDE * SIDE
    with rasterio.open(made.path) as source:
        assert source.tags()["class_001"] == "mangrove"
        assert source.overviews(1)
        assert source.colormap(1)[1] != source.colormap(1)[2]


def test_any_blocks_and_threads_write_the_same_bytes(files, tmp_path, monkeypatch):
    folder, _ = files
    classify_tile(task(folder, rules=Candidates(ndvi_min=0.3)), tmp_path / "a.tif")
    one = Threads(1)
    classify_tile(task(folder, rules=Candidates(ndvi_min=0.3)), tmp_path / "b.tif", runner=one)
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()
    monkeypatch.setattr(classify_blocks, "BLOCK_PIXELS_MOST", 256 * 256)
    classify_tile(task(folder, rules=Candidates(ndvi_min=0.3)), tmp_path / "c.tif")
    np.testing.assert_array_equal(read(tmp_path / "a.tif"), read(tmp_path / "c.tif"))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.tif", "b.tif", "c.tif"]


def test_inside_the_mask_mangrove_is_that_of_the_whole_forest(files, tmp_path):
    folder, model = files
    codes, numbers, height = landscape()
    features = np.concatenate(
        [features_of(numbers)[..., :4], height[..., None], features_of(numbers)[..., 4:]], axis=-1
    )
    drawn = np.random.default_rng(2).choice(SIDE * SIDE, 900, replace=False)
    names = (*BANDS, "height", *INDICES)
    model = fit_model(
        features.reshape(-1, 7)[drawn], codes.ravel()[drawn], Mapping(trees=40), names=names
    )
    save_model(tmp_path / "model.npz", model)
    wanted = task(folder, model=tmp_path / "model.npz", rules=RULES, covariates=height_of(folder))
    made, found = classify_tile(wanted, tmp_path / "map.tif")
    assert [f.code for f in found] == ["candidates-left-out"]
    plain = model.predict(features.reshape(-1, 7)).reshape(SIDE, SIDE)
    seen = (numbers != 0).any(axis=0)
    ours = read(made.path)
    # the number of the issue: 0.1 %; the mask leaves out nothing that the forest calls mangrove
    assert ((ours == 1) != (plain == 1))[seen].mean() <= 0.001
    assert made.left_out["too high"] == (codes == 5)[seen].sum()
    assert made.hidden == 0
    assert made.audited > 5000
    assert (ours[:200, 3:] == CODE_OF["other"]).all()


def test_a_mask_that_hides_mangrove_says_so(files, tmp_path):
    folder, _ = files
    made, found = classify_tile(task(folder, rules=Candidates(ndvi_min=0.99)), tmp_path / "m.tif")
    assert [f.code for f in found] == ["candidates-left-out", "candidates-hide-mangrove"]
    assert found[1].severity == "warning"
    assert made.hidden > 0.3 * made.audited


def test_far_from_large_water_nothing_is_looked_for(files, tmp_path):
    folder, _ = files
    near = Candidates(water_distance_max_m=800, water_area_min_ha=50)
    made, _ = classify_tile(task(folder, rules=near), tmp_path / "map.tif")
    ours = read(made.path)
    assert (ours[400, 330:400] == 1).all()
    # column 400 is the shore; cells of 80 m may look two diagonals further, not less far
    assert (ours[300:, 3:290] == CODE_OF["other"]).all()
    none = Candidates(water_distance_max_m=800, water_area_min_ha=50_000)
    made, _ = classify_tile(task(folder, rules=none), tmp_path / "map.tif")
    assert set(made.left_out) == {"candidate"}


def test_what_cannot_be_classified_is_refused_and_leaves_nothing(files, tmp_path):
    folder, _ = files
    other = (Covariate(name="wet", path="height.tif", kind="water"), folder / "height.tif")
    cases = [
        (task(folder, bands=BANDS[:3]), {"model-features-differ", "scene-band-count"}),
        (task(folder, covariates=height_of(folder)), {"model-features-differ"}),
        (task(folder, covariates=(other,)), {"model-features-differ", "covariate-not-by-block"}),
        (task(folder, rules=RULES), {"candidates-no-elevation"}),
        (task(folder, model=folder / "scene.tif"), {"model-unreadable"}),
        (task(folder, scene=folder / "none.tif"), {"scene-unreadable"}),
    ]
    for wanted, codes in cases:
        made, found = classify_tile(wanted, tmp_path / "map.tif")
        assert made is None
        assert {f.code for f in found} == codes
    assert list(tmp_path.iterdir()) == []


def test_a_truncated_scene_is_named_and_leaves_nothing(files, tmp_path):
    folder, _ = files
    content = (folder / "scene.tif").read_bytes()
    (tmp_path / "cut.tif").write_bytes(content[: len(content) // 2])
    made, found = classify_tile(task(folder, scene=tmp_path / "cut.tif"), tmp_path / "map.tif")
    assert made is None
    assert {f.code for f in found} == {"scene-unreadable"}
    assert [p.name for p in tmp_path.iterdir()] == ["cut.tif"]
