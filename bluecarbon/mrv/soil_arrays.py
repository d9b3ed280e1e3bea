"""Soil cores as xarray datasets with units, and back to the frames that are computed with."""

from __future__ import annotations

import pandas as pd
import xarray as xr

from bluecarbon.mrv.column_vocabulary import SOIL_NAMES
from bluecarbon.mrv.soil_profiles import ProfileResult

_UNITS = {field.name: field.unit for field in SOIL_NAMES if field.unit} | {
    "depth_cm": "cm",
    "thickness_cm": "cm",
    "soil_tc_ha": "tC/ha",
    "autochthonous_tc_ha": "tC/ha",
    "standard_error": "tC/ha",
}


def cores_dataset(result: ProfileResult) -> xr.Dataset:
    """The cores over the dimension ``core`` and their slices over ``slice``, units in ``attrs``.

    Slices keep their core as the variable ``core_id`` of the dimension ``slice``; the core's own
    name is the coordinate ``core``.
    """
    cores = result.cores.rename(columns={"core_id": "core"}).set_index("core")
    slices = result.slices.rename(columns={"depth_cm": "slice_depth_cm"})
    data = {f"core_{name}": ("core", cores[name].to_numpy()) for name in cores}
    data |= {str(name): ("slice", slices[name].to_numpy()) for name in slices}
    dataset = xr.Dataset(data, coords={"core": cores.index.to_numpy()})
    for name in dataset.data_vars:
        unit = _UNITS.get(str(name), _UNITS.get(str(name).removeprefix("core_"), ""))
        if unit:
            dataset[name].attrs["units"] = unit
    return dataset


def slices_of(dataset: xr.Dataset) -> pd.DataFrame:
    """The slices of a dataset as rows for ``evaluate_profiles``.

    Either as :func:`cores_dataset` lays them out, or over the dimensions ``core`` and ``layer``
    with the canonical columns as variables, where layers that are all NaN were not sampled.

    Raises
    ------
    ValueError
        The dataset has neither layout.
    """
    if "slice" in dataset.dims:
        names = [name for name in dataset.data_vars if dataset[name].dims == ("slice",)]
        return pd.DataFrame({str(name): dataset[name].to_numpy() for name in names})
    if not {"core", "layer"} <= set(dataset.dims):
        raise ValueError("the dataset has neither slices nor cores with layers")
    frame = dataset.to_dataframe().reset_index()
    measured = [str(name) for name in dataset.data_vars if "layer" in dataset[name].dims]
    frame = frame.dropna(subset=measured, how="all").rename(columns={"core": "core_id"})
    return frame.drop(columns="layer").reset_index(drop=True)
