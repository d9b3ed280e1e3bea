"""Published mangrove indices from their table, spyndex for the rest, and nothing but arithmetic."""

import numpy as np
import pytest

from bluecarbon.mrv import indices
from bluecarbon.mrv.index_table import evaluate, mangrove_indices, terms_of
from bluecarbon.mrv.indices import INDICES, check_indices, compute_index, index_named

BANDS = {
    "blue": 0.03, "green": 0.05, "red": 0.04, "rededge1": 0.09, "rededge2": 0.25,
    "rededge3": 0.30, "nir": 0.32, "nir08": 0.33, "swir1": 0.13, "swir2": 0.06,
    "nir_low": 0.32, "red_low": 0.04, "nir_high": 0.16, "red_high": 0.05,
    "greenness_low": 0.2, "greenness_high": 0.05, "wetness_low": -0.02, "wetness_high": 0.03,
}  # fmt: skip
NDVI, NDWI, MNDWI = 0.28 / 0.36, -0.27 / 0.37, -0.08 / 0.18


def arrays(**changes):
    return {name: np.array([value], np.float32) for name, value in (BANDS | changes).items()}


def line(wavelength):
    return 0.06 + (0.04 - 0.06) * (2190 - wavelength) / (2190 - 665)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cmri", NDVI - NDWI),
        ("mmri", (abs(MNDWI) - NDVI) / (abs(MNDWI) + NDVI)),
        ("mfi", (0.09 - line(705) + 0.25 - line(740) + 0.30 - line(783) + 0.33 - line(865)) / 4),
        ("smri", (0.28 / 0.36 - 0.11 / 0.21) * (0.32 - 0.16) / 0.16),
        ("mri", 0.15 * 0.2 * 0.01),
        ("emvi", (0.05 - 0.06) / (0.13 - 0.05)),
        ("ndmi_mangrove", (0.06 - 0.05) / (0.06 + 0.05)),
        ("ammi", 0.28 / 0.17 * 0.19 / (0.13 - 0.65 * 0.04)),
        ("emi", (0.32 - 0.13) / (0.05 + 0.32)),
        ("mdi1", (0.32 - 0.13) / 0.13),
        ("mdi2", (0.32 - 0.06) / 0.06),
    ],
)
def test_values_by_hand(name, expected):
    assert compute_index(name, arrays())[0] == pytest.approx(expected, rel=1e-5)


def test_every_row_is_known_by_hand_and_has_a_source():
    assert set(mangrove_indices()) == {
        "cmri", "mmri", "mfi", "smri", "mri", "emvi", "ndmi_mangrove", "ammi", "emi", "mdi1",
        "mdi2",
    }  # fmt: skip
    for row in mangrove_indices().values():
        assert row.source
        assert row.doi or "Current Science" in row.source
        index = index_named(row.name)
        assert set(index.bands) <= set(BANDS)
        assert check_indices((row.name,), index.bands) == ()


def test_what_was_read_says_where_and_the_rest_says_so():
    verified = {row.name for row in mangrove_indices().values() if row.status == "verified"}
    assert verified == {"cmri", "mmri", "emvi", "ndmi_mangrove", "ammi"}
    assert all(mangrove_indices()[name].locator for name in verified)


def test_the_modular_index_is_that_of_its_authors_program():
    # Diniz et al. 2019 write it with moduli of indices, their program with the fractions cleared
    rng = np.random.default_rng(8)
    green, red, nir, swir1 = rng.uniform(0.01, 0.5, (4, 200))
    water, leaf = abs(green - swir1) * abs(nir + red), abs(nir - red) * abs(green + swir1)
    light = {"green": green, "red": red, "nir": nir, "swir1": swir1}
    light = {name: band.astype(np.float32) for name, band in light.items()}
    expected = (water - leaf) / (water + leaf)
    np.testing.assert_allclose(compute_index("mmri", light), expected, atol=1e-5)


def test_indices_of_the_table_stay_finite_and_keep_gaps():
    dark = {name: np.array([0.0, np.nan, 1e-9], np.float32) for name in BANDS}
    for name in mangrove_indices():
        values = compute_index(name, dark)
        assert values.dtype == np.float32
        assert np.isfinite(values[[0, 2]]).all(), name
        assert np.isnan(values[1]), name


def test_the_library_knows_the_rest():
    pytest.importorskip("spyndex")
    made = compute_index("savi", arrays())
    # the library's default for the soil factor L is 1
    assert made[0] == pytest.approx(2.0 * 0.28 / (0.36 + 1.0), rel=1e-5)
    index = index_named("mi")
    assert index.bands == ("nir", "swir1")
    assert compute_index("mi", arrays())[0] == pytest.approx(0.19 / (0.32 * 0.13), rel=1e-5)
    # needs wavelengths, which a band name does not tell
    assert index_named("fai") is None


def test_own_definitions_agree_with_the_library():
    spyndex = pytest.importorskip("spyndex")
    rng = np.random.default_rng(5)
    light = {n: rng.uniform(0.01, 0.5, 500).astype(np.float32) for n in BANDS}
    params = {
        "N": light["nir"], "R": light["red"], "G": light["green"], "B": light["blue"],
        "S1": light["swir1"], "g": 2.5, "C1": 6.0, "C2": 7.5, "L": 1.0,
    }  # fmt: skip
    for name in INDICES:
        expected = np.clip(spyndex.computeIndex([name.upper()], params), -20, 20)
        np.testing.assert_allclose(compute_index(name, light), expected, atol=2e-5, err_msg=name)


def test_without_the_library_its_names_are_unknown(monkeypatch):
    monkeypatch.setattr(indices, "_spyndex", lambda: None)
    indices._of_spyndex.cache_clear()
    try:
        assert index_named("savi") is None
        with pytest.raises(KeyError, match="savi"):
            compute_index("savi", arrays())
        (finding,) = check_indices(("savi",), ("nir", "red"))
        assert finding.code == "index-unknown"
        assert "spyndex" in finding.fix
    finally:
        indices._of_spyndex.cache_clear()


def test_terms_in_order():
    assert terms_of("(b - a) / abs(c) + a") == ("b", "a", "c")


@pytest.mark.parametrize(
    "formula",
    ["__import__('os')", "nir.mean()", "nir[0]", "nir if red else 0", "'a' + 'b'", "max(nir, 1)",
     "abs(nir, red)", "nir @ red", "lambda: 1", "nir +"],
)  # fmt: skip
def test_nothing_but_arithmetic(formula):
    with pytest.raises(ValueError, match=r"formula|arithmetic"):
        evaluate(formula, {"nir": 1.0, "red": 2.0})


def test_arithmetic():
    assert evaluate("-(a ** 2) + 3 * abs(b) / 2", {"a": 2.0, "b": -4.0}) == 2.0
    with pytest.raises(KeyError):
        evaluate("a + b", {"a": 1.0})
