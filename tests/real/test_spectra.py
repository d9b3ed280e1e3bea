"""120 measured Landsat 8 spectra: every index against the library's own numbers."""

import numpy as np
import pandas as pd
import pytest

from bluecarbon.mrv.index_table import mangrove_indices
from bluecarbon.mrv.indices import INDICES, SPYNDEX_BANDS, compute_index, index_named

pytestmark = pytest.mark.real

COLUMNS = dict(zip(("coastal", "blue", "green", "red", "nir", "swir1", "swir2"),
                   (f"SR_B{i}" for i in range(1, 8)), strict=True))  # fmt: skip
OTHERS = ("mi", "savi", "gndvi", "ndmi", "awei", "aweinsh", "andwi", "wri", "ndbi")


@pytest.fixture(scope="module")
def spectra(real_data):
    return pd.read_csv(
        real_data / "reference" / "landsat8_spectra_spyndex" / "landsat8_sr_samples.csv"
    )


def bands_of(spectra):
    return {name: spectra[column].to_numpy(np.float32) for name, column in COLUMNS.items()}


def by_library(spyndex, name, bands):
    row = spyndex.indices[name]
    known = {short: bands[common] for short, common in SPYNDEX_BANDS.items() if common in bands}
    constants = {key: spyndex.constants[key].default for key in row.bands if key not in known}
    return spyndex.computeIndex([name], known | constants)


def test_every_index_agrees_with_the_library(spectra):
    spyndex = pytest.importorskip("spyndex")
    bands = bands_of(spectra)
    spelt = {str(name).lower(): name for name in spyndex.indices}
    compared = [name for name in (*INDICES, *OTHERS) if name in spelt]
    assert len(compared) >= 12
    for name in compared:
        expected = np.clip(by_library(spyndex, spelt[name], bands), -20, 20)
        np.testing.assert_allclose(
            compute_index(name, bands), expected, rtol=1e-5, atol=1e-5, err_msg=name
        )


def test_mangrove_indices_tell_plants_from_water(spectra):
    bands, kind = bands_of(spectra), spectra["class"]
    for name in mangrove_indices():
        if not set(index_named(name).bands) <= set(bands):
            continue
        values = compute_index(name, bands)
        assert np.isfinite(values).all(), name
    cmri = compute_index("cmri", bands)
    assert np.median(cmri[kind == "Vegetation"]) > 0.5 > np.median(cmri[kind == "Water"])
