"""Models on disk: the same map again, the same bytes, and nothing harmful from a stranger."""

import json

import numpy as np
import pytest

from bluecarbon.errors import OutputError
from bluecarbon.mrv.classifiers import described, fit_model
from bluecarbon.mrv.model_files import ARRAYS, load_model, save_model
from bluecarbon.project import Mapping

NAMES = ("green", "nir", "ndvi")


def trained(seed=0, method="random-forest"):
    rng = np.random.default_rng(seed)
    codes = rng.choice(np.array([1, 2, 6], np.uint8), 300)
    features = rng.normal(codes[:, None], 0.8, (300, 3)).astype(np.float32)
    return fit_model(features, codes, Mapping(trees=7, method=method), names=NAMES), features


@pytest.mark.parametrize("method", ["random-forest", "gradient-boosting"])
def test_a_reloaded_model_gives_the_same_map(tmp_path, method):
    model, features = trained(method=method)
    save_model(tmp_path / "m.npz", model)
    again, found = load_model(tmp_path / "m.npz")
    assert found == ()
    np.testing.assert_array_equal(again.predict(features), model.predict(features))
    np.testing.assert_array_equal(again.probabilities(features), model.probabilities(features))
    assert (again.method, again.features) == (method, NAMES)
    assert again.training_sha256 == model.training_sha256


def test_the_same_training_gives_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        save_model(tmp_path / f"{name}.npz", trained()[0])
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npz", "b.npz"]


def test_the_digest_follows_labels_and_settings():
    model, features = trained()
    codes = model.predict(features)
    codes[0] = 6 if codes[0] != 6 else 1
    digests = {
        model.training_sha256,
        trained(seed=1)[0].training_sha256,
        fit_model(features, codes, Mapping(trees=7), names=NAMES).training_sha256,
        fit_model(features, codes, Mapping(trees=8), names=NAMES).training_sha256,
    }
    assert len(digests) == 4
    assert model.training_sha256 in described(model).message


def test_names_for_another_number_of_features():
    with pytest.raises(ValueError, match="2 names for 3 features"):
        fit_model(np.ones((4, 3), np.float32), np.ones(4, np.uint8), Mapping(), names=("a", "b"))


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(OutputError, match="cannot be written"):
        save_model(tmp_path / "missing" / "m.npz", trained()[0])


def rewritten(folder, **changes):
    """A saved model with some of its arrays or settings bent."""
    path = folder / "m.npz"
    save_model(path, trained()[0])
    with np.load(path) as stored:
        content = {name: stored[name].copy() for name in (*ARRAYS, "settings")}
    settings = json.loads(content["settings"].tobytes())
    settings |= changes.pop("settings", {})
    content["settings"] = np.frombuffer(json.dumps(settings).encode(), np.uint8)
    for name, bend in changes.items():
        content[name] = bend(content[name])
    np.savez(path, **content)
    return load_model(path)


def first_inner(values, new):
    values[np.flatnonzero(values >= 0)[0]] = new
    return values


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"steps": lambda s: first_inner(s, (10**6) << 8)}, "leads nowhere"),
        ({"steps": lambda s: first_inner(s, 0)}, "leads nowhere"),  # a walk in a circle
        ({"steps": lambda s: first_inner(s, (1 << 8) | (99 << 1))}, "feature that there is not"),
        ({"steps": lambda s: np.where(s < 0, np.int32(-(10**6)), s)}, "leaf has no value"),
        ({"steps": lambda s: s.astype(np.int64)}, "another type"),
        ({"steps": lambda s: s[:-1]}, "do not fit together"),
        ({"roots": lambda r: r[:-1]}, "incomplete"),
        ({"roots": lambda r: r[::-1].copy()}, "incomplete"),
        ({"roots": lambda r: np.array([0, 5, 5, 6], np.int32)}, "overlap"),
        ({"rows": lambda r: r * np.nan}, "not finite"),
        ({"rows": lambda r: r[:, :2]}, "do not fit its classes"),
        ({"settings": {"classes": [1, 2, 99]}}, "no codes of a map"),
        ({"settings": {"classes": [[1], 2, 6]}}, "no codes of a map"),
        ({"settings": {"method": "magic"}}, "method"),
        ({"settings": {"features": [1, 2, 3]}}, "names"),
        ({"settings": {"training_sha256": None}}, "digest"),
        ({"rows": lambda r: r[::-1].copy()}, "the digest differs"),
        ({"thresholds": lambda t: t + np.float32(0.1)}, "the digest differs"),
        ({"settings": {"features": ["nir", "green", "ndvi"]}}, "the digest differs"),
        ({"settings": {"model_sha256": ""}}, "the digest differs"),
    ],
)
def test_a_damaged_model_is_refused(tmp_path, changes, words):
    model, (finding,) = rewritten(tmp_path, **changes)
    assert model is None
    assert finding.code == "model-damaged"
    assert finding.subject == "m.npz"
    assert words in finding.message


def test_a_model_of_the_first_version_is_read_with_a_warning(tmp_path):
    model, (finding,) = rewritten(tmp_path, settings={"format": "bluecarbon-trees/1"})
    assert model is not None
    assert (finding.severity, finding.code) == ("warning", "model-unsealed")


def test_another_format_is_refused(tmp_path):
    model, (finding,) = rewritten(tmp_path, settings={"format": "bluecarbon-trees/9"})
    assert model is None
    assert finding.code == "model-format-unknown"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a model", b"\x80\x04K\x01."])
def test_what_is_no_model_is_refused(tmp_path, content):
    (tmp_path / "m.npz").write_bytes(content)
    model, (finding,) = load_model(tmp_path / "m.npz")
    assert model is None
    assert finding.code == "model-unreadable"
    assert load_model(tmp_path / "none.npz")[1][0].code == "model-unreadable"


def test_a_pickle_inside_is_not_opened(tmp_path):
    class Harm:
        def __reduce__(self):
            return (open, (str(tmp_path / "harm"), "w"))

    save_model(tmp_path / "m.npz", trained()[0])
    with np.load(tmp_path / "m.npz") as stored:
        content = {name: stored[name] for name in (*ARRAYS, "settings")}
    content["rows"] = np.array([Harm()], dtype=object)
    np.savez(tmp_path / "m.npz", allow_pickle=True, **content)
    model, (finding,) = load_model(tmp_path / "m.npz")
    assert model is None
    assert finding.code == "model-unreadable"
    assert not (tmp_path / "harm").exists()
