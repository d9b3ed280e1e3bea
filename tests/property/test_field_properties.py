"""What must hold for any trees, plots and cores."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bluecarbon.methodology.kernels.allometry import (
    biomass_kg,
    equations,
    komiyama2005_agb_kg,
)
from bluecarbon.methodology.kernels.soil import (
    decompacted_bulk_density_g_cm3,
    decompacted_depth_cm,
    slice_bottom_cm,
    slice_thickness_cm,
    soil_carbon_tc_ha,
    stock_to_depth,
)
from bluecarbon.mrv.inventory import evaluate_inventory
from bluecarbon.mrv.tree_equations import EquationChoice

# Derandomised, so that a run is the same everywhere; no deadline, as machines are shared.
steady = settings(derandomize=True, deadline=None, max_examples=100)
steady_frames = settings(steady, max_examples=30)

DIAMETERS = st.floats(min_value=1.0, max_value=60.0)
DENSITIES = st.floats(min_value=0.3, max_value=1.0)
# diameters below and above those that Komiyama's equations were fitted to
ANY_SIZE = EquationChoice(out_of_range="extrapolate")
SPECIES = st.sampled_from(["Kandelia obovata", "Avicennia marina", "Rhizophora stylosa"])


@steady
@given(
    row=st.sampled_from(sorted(equations().values(), key=lambda e: e.id)),
    thin=DIAMETERS,
    growth=st.floats(min_value=0.0, max_value=5.0),
    density=DENSITIES,
)
def test_a_thicker_tree_is_never_lighter(row, thin, growth, density):
    small, big = biomass_kg(row, [thin, thin + growth], wood_density_g_cm3=density, height_m=6.0)
    assert 0.0 <= small <= big


@steady
@given(diameter=DIAMETERS, density=DENSITIES, factor=st.floats(min_value=0.5, max_value=2.0))
def test_above_ground_biomass_is_proportional_to_wood_density(diameter, density, factor):
    got = komiyama2005_agb_kg(diameter, density * factor)
    assert got == pytest.approx(factor * komiyama2005_agb_kg(diameter, density), rel=1e-12)


@st.composite
def inventories(draw):
    """Trees in three plots of two strata, each plot visited on some day of 2024."""
    count = draw(st.integers(min_value=1, max_value=12))
    rows = st.tuples(st.sampled_from("PQR"), SPECIES, DIAMETERS, st.integers(0, 300))
    trees = pd.DataFrame(
        draw(st.lists(rows, min_size=count, max_size=count)),
        columns=["plot_id", "species", "dbh_cm", "day"],
    )
    trees["date"] = [dt.date(2024, 1, 1) + dt.timedelta(days=day) for day in trees.pop("day")]
    areas = draw(st.lists(st.floats(min_value=20.0, max_value=900.0), min_size=3, max_size=3))
    plots = pd.DataFrame({"plot_id": list("PQR"), "stratum": list("AAB"), "area_m2": areas})
    return trees, plots


@steady_frames
@given(inventories())
def test_plots_hold_the_mass_of_their_trees(inventory):
    trees, plots = inventory
    result = evaluate_inventory(trees, plots, equations=ANY_SIZE)
    in_plots = (result.plots["agb_t_ha"] * result.plots["area_m2"]).sum() / 10.0
    assert in_plots == pytest.approx(result.trees["agb_kg"].sum(), rel=1e-9)
    assert result.plots["n_live"].sum() == len(trees)


@steady_frames
@given(inventories(), st.randoms(use_true_random=False))
def test_the_order_of_trees_and_plots_does_not_matter(inventory, random):
    trees, plots = inventory
    order = list(trees.index)
    random.shuffle(order)
    got = evaluate_inventory(trees.loc[order], plots.iloc[::-1], equations=ANY_SIZE).strata
    pd.testing.assert_frame_equal(
        got, evaluate_inventory(trees, plots, equations=ANY_SIZE).strata, rtol=1e-12
    )


@steady_frames
@given(inventories())
def test_twice_the_area_is_half_the_density(inventory):
    trees, plots = inventory
    once = evaluate_inventory(trees, plots, equations=ANY_SIZE).plots["bgb_t_ha"]
    twice = evaluate_inventory(
        trees, plots.assign(area_m2=plots["area_m2"] * 2), equations=ANY_SIZE
    ).plots["bgb_t_ha"]
    np.testing.assert_allclose(twice * 2, once, rtol=1e-12)


@st.composite
def cores(draw, most=8):
    """Borders of slices that touch, bulk density and carbon of each; from the surface down."""
    count = draw(st.integers(min_value=3, max_value=most))
    thickness = draw(st.lists(st.floats(1.0, 30.0), min_size=count, max_size=count))
    density = draw(st.lists(st.floats(0.1, 1.6), min_size=count, max_size=count))
    percent = draw(st.lists(st.floats(0.1, 40.0), min_size=count, max_size=count))
    bottom = np.cumsum(thickness)
    return np.append(0.0, bottom[:-1]), bottom, np.array(density), np.array(percent)


@steady
@given(cores(), st.floats(min_value=0.0, max_value=60.0))
def test_correcting_compaction_keeps_the_mass_of_the_core(core, compaction):
    top, bottom, density, percent = core
    before = soil_carbon_tc_ha(density, percent, bottom - top)
    real = decompacted_depth_cm(bottom, compaction) - decompacted_depth_cm(top, compaction)
    after = soil_carbon_tc_ha(decompacted_bulk_density_g_cm3(density, compaction), percent, real)
    np.testing.assert_allclose(after, before, rtol=1e-9)


@steady
@given(cores())
def test_slices_that_touch_keep_their_own_thickness(core):
    top, bottom, _, _ = core
    np.testing.assert_allclose(slice_thickness_cm(top, bottom), bottom - top, rtol=1e-9)


@steady
@given(cores(), st.lists(st.floats(0.0, 1.0), min_size=2, max_size=2))
def test_deeper_is_more_carbon_while_the_core_reaches(core, shares):
    top, bottom, density, percent = core
    carbon = soil_carbon_tc_ha(density, percent, bottom - top)
    low, high = (stock_to_depth(bottom, carbon, s * bottom[-1]) for s in sorted(shares))
    assert 0.0 <= low.stock_tc_ha <= high.stock_tc_ha * (1 + 1e-12)
    assert high.stock_tc_ha <= carbon.sum() * (1 + 1e-12)


@steady
@given(cores(), st.integers(min_value=0, max_value=2), st.floats(0.1, 0.9))
def test_cutting_a_slice_in_two_changes_no_stock_of_a_core_that_reaches(core, index, share):
    top, bottom, density, percent = core
    cut = top[index] + share * (bottom[index] - top[index])
    more = np.insert(bottom, index, cut)
    parts = np.diff(more, prepend=0.0)
    twice = np.repeat(np.arange(len(top)), np.where(np.arange(len(top)) == index, 2, 1))
    whole = stock_to_depth(bottom, soil_carbon_tc_ha(density, percent, bottom - top), 2.5)
    split = stock_to_depth(more, soil_carbon_tc_ha(density[twice], percent[twice], parts), 2.5)
    assert split.stock_tc_ha == pytest.approx(whole.stock_tc_ha, rel=1e-9)


@steady
@given(
    cores(),
    st.floats(min_value=0.1, max_value=1.5),
    st.floats(min_value=0.2, max_value=20.0),
    st.floats(min_value=1.0, max_value=200.0),
)
def test_a_uniform_soil_is_extrapolated_exactly(core, density, percent, deeper):
    top, bottom, _, _ = core
    depth = bottom[-1] + deeper
    got = stock_to_depth(bottom, soil_carbon_tc_ha(density, percent, bottom - top), depth)
    assert got.how == "extrapolated"
    assert got.stock_tc_ha == pytest.approx(density * percent * depth, rel=1e-6)
    assert got.standard_error_tc_ha <= 1e-5 * got.stock_tc_ha


@steady
@given(cores(), st.lists(st.floats(0.0, 0.4), min_size=8, max_size=8))
def test_gaps_are_shared_out_without_rest(core, gaps):
    top, bottom, _, _ = core
    thinner = bottom - (bottom - top) * np.array(gaps[: len(top)])
    thickness = slice_thickness_cm(top, thinner)
    assert (thickness > 0).all()
    assert thickness.sum() == pytest.approx(thinner[-1], rel=1e-12)
    assert slice_bottom_cm(top, thinner)[-1] == thinner[-1]
