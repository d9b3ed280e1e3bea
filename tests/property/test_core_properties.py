"""What must hold for any core sheet that is evaluated."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bluecarbon.methodology.kernels.soil_matter import carbon_of_matter, conversions
from bluecarbon.mrv.soil_profiles import ProfileOptions, evaluate_profiles

# Derandomised, so that a run is the same everywhere; no deadline, as machines are shared.
steady = settings(derandomize=True, deadline=None, max_examples=30)


@st.composite
def cores(draw):
    """One core of slices that touch, from the surface to 60 cm and more."""
    count = draw(st.integers(min_value=3, max_value=7))
    thick = draw(st.lists(st.floats(20.0, 40.0), min_size=count, max_size=count))
    bottom = np.cumsum(thick)
    return pd.DataFrame(
        {
            "core_id": "C",
            "depth_min_cm": np.append(0.0, bottom[:-1]),
            "depth_max_cm": bottom,
            "bulk_density_g_cm3": draw(
                st.lists(st.floats(0.1, 1.6), min_size=count, max_size=count)
            ),
            "organic_carbon_percent": draw(
                st.lists(st.floats(0.1, 40.0), min_size=count, max_size=count)
            ),
        }
    )


def stock(rows, depth_cm, **options):
    chosen = ProfileOptions(reference_depth_cm=depth_cm, **options)
    result, _ = evaluate_profiles(rows, chosen)
    return result.cores["soil_tc_ha"].item()


@steady
@given(cores(), st.floats(0.0, 60.0))
def test_compaction_keeps_the_mass_of_the_whole_core(rows, share):
    whole = rows["depth_max_cm"].iloc[-1]
    real = min(whole / (1.0 - share / 100.0), 499.0)
    before = stock(rows, whole)
    assert stock(rows.assign(compaction_percent=share), real) <= before * (1 + 1e-9)
    if real < 499.0:
        after = stock(rows.assign(compaction_percent=share), real)
        assert after == pytest.approx(before, rel=1e-9)


@steady
@given(cores(), st.integers(0, 2), st.floats(0.2, 0.8), st.floats(5.0, 60.0))
def test_splitting_a_slice_changes_nothing(rows, index, share, depth_cm):
    top, bottom = rows.loc[index, ["depth_min_cm", "depth_max_cm"]]
    cut = top + share * (bottom - top)
    lower = rows.loc[[index]].assign(depth_min_cm=cut)
    split = pd.concat([rows, lower], ignore_index=True)
    split.loc[index, "depth_max_cm"] = cut
    assert stock(split, depth_cm) == pytest.approx(stock(rows, depth_cm), rel=1e-9)


@steady
@given(cores(), st.lists(st.floats(1.0, 110.0), min_size=2, max_size=2))
def test_a_deeper_reference_is_never_less_carbon_while_the_core_reaches(rows, depths):
    low, high = sorted(min(depth, rows["depth_max_cm"].iloc[-1]) for depth in depths)
    assert stock(rows, low) <= stock(rows, high) * (1 + 1e-12)


@steady
@given(cores(), st.floats(0.0, 100.0), st.randoms(use_true_random=False))
def test_order_does_not_matter_and_shares_scale(rows, share, random):
    order = list(rows.index)
    random.shuffle(order)
    result, _ = evaluate_profiles(
        rows.loc[order], ProfileOptions(reference_depth_cm=50.0, allochthonous_percent=share)
    )
    row = result.cores.iloc[0]
    assert row["soil_tc_ha"] == pytest.approx(stock(rows, 50.0), rel=1e-12)
    expected = row["soil_tc_ha"] * (1 - share / 100)
    assert row["autochthonous_tc_ha"] == pytest.approx(expected, rel=1e-9, abs=1e-12)


@settings(derandomize=True, deadline=None, max_examples=100)
@given(
    st.sampled_from(sorted(conversions())),
    st.floats(0.0, 100.0),
    st.floats(0.0, 100.0),
)
def test_more_organic_matter_is_never_less_carbon(name, one, other):
    less, more = carbon_of_matter(sorted([one, other]), name).carbon_percent
    assert 0.0 <= less <= more + 1e-9
