"""xarray in, xarray out: the same numbers as from files."""

import numpy as np
import pytest
import xarray as xr
from support.invest_project import MAPS, write_project

from bluecarbon.errors import DataError
from bluecarbon.mrv.arrays import grid_of, to_dataarray
from bluecarbon.mrv.invest_cbc import invest_layers, run_invest
from bluecarbon.mrv.invest_tables import read_invest_tables
from bluecarbon.mrv.stock_arrays import stocks_of


@pytest.fixture
def project(tmp_path):
    inputs, _ = read_invest_tables(*write_project(tmp_path))
    run, _ = run_invest(inputs, analysis_year=2030)
    return inputs, run


def maps_of(run):
    values = np.array(list(MAPS.values()), np.uint8)
    array = to_dataarray(values, run.trajectories.grid, "classes")
    return array.rename(band="year").assign_coords(year=list(MAPS))


def test_a_stack_of_maps(project):
    inputs, run = project
    stocks = stocks_of(maps_of(run), inputs.parameters, last_year=2030, nodata=0)
    assert stocks["stock"].dims == ("year", "y", "x")
    assert stocks["stock"].attrs["units"] == "tCO2e/ha"
    assert stocks["stock"].year.values.tolist() == [2010, 2015, 2020, 2030]
    assert stocks["net"].period.values.tolist() == ["2010-2015", "2015-2020", "2020-2030"]
    assert grid_of(stocks["stock"]) == run.trajectories.grid
    assert np.isnan(stocks["stock"].values[:, 1, 3]).all()
    layers = invest_layers(run)
    lookup = np.concatenate([[np.nan], layers["carbon-stock-at-2020"]]).astype(np.float32)
    expected = lookup[stocks["trajectory"].values]
    assert np.array_equal(stocks["stock"].sel(year=2020).values, expected, equal_nan=True)
    change = stocks["stock"].sel(year=2030) - stocks["stock"].sel(year=2010)
    assert stocks["net"].sum("period", skipna=False).values == pytest.approx(
        change.values, abs=1e-3, nan_ok=True
    )


def test_a_dataset_of_years_in_any_order(project):
    inputs, run = project
    stack = maps_of(run)
    named = xr.Dataset(
        {f"map_{year}": stack.sel(year=year, drop=True) for year in (2020, 2010, 2015)}
    )
    straight = stocks_of(stack, inputs.parameters, last_year=2030, nodata=0)
    from_names = stocks_of(named, inputs.parameters, last_year=2030, nodata=0)
    turned = stocks_of(stack.isel(year=[2, 0, 1]), inputs.parameters, last_year=2030, nodata=0)
    for other in (from_names, turned):
        for name in ("stock", "emission", "trajectory"):
            assert np.array_equal(straight[name].values, other[name].values, equal_nan=True)


def spoilt(stack):
    return {
        "a class without parameters": (stack, {"nodata": None}),
        "no year": (stack.isel(year=0, drop=True), {}),
        "twice": (stack.assign_coords(year=[2010, 2010, 2020]), {}),
        "not whole": (stack.astype(float), {}),
        "too early": (stack, {"last_year": 2012}),
        "names": (xr.Dataset({"first": stack.isel(year=0, drop=True)}), {}),
    }


@pytest.mark.parametrize(
    "case", ["a class without parameters", "no year", "twice", "not whole", "too early", "names"]
)
def test_what_cannot_be_used_is_said(project, case):
    inputs, run = project
    maps, options = spoilt(maps_of(run))[case]
    with pytest.raises(DataError) as caught:
        stocks_of(maps, inputs.parameters, **({"last_year": 2030, "nodata": 0} | options))
    assert caught.value.findings[0].fix
