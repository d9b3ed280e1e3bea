"""Errors of trees, plots, maps and cores to the claim, against trees that are drawn one by one."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from bluecarbon.errors import MethodologyError
from bluecarbon.methodology import loader
from bluecarbon.methodology.kernels.allometry import biomass_kg, equation
from bluecarbon.methodology.parameters import Parameters
from bluecarbon.mrv import monte_carlo
from bluecarbon.mrv.inventory import evaluate_inventory
from bluecarbon.mrv.monte_carlo import SOURCES, FieldSampler, claim_uncertainty
from bluecarbon.mrv.tree_errors import TreeErrors, plot_errors
from bluecarbon.report import Measurement, Monitoring, Period, Stratum

START, END = dt.date(2019, 12, 1), dt.date(2024, 12, 1)
RHO = "komiyama2005-agb"
DRAWS = 40_000


def inventory(plots=6, trees=12, seed=3):
    rng = np.random.default_rng(seed)
    ids = [f"P{place}" for place in range(plots)]
    sheet = pd.DataFrame({"plot_id": ids, "stratum": ["A", "B"] * (plots // 2), "area_m2": 100.0})
    size = plots * trees
    first = pd.DataFrame(
        {
            "plot_id": np.repeat(ids, trees),
            "date": START,
            "species": rng.choice(["Kandelia obovata", "Sonneratia apetala"], size),
            "dbh_cm": rng.uniform(6.0, 25.0, size),
        }
    )
    later = first.assign(date=END, dbh_cm=first["dbh_cm"] * 1.2)
    return evaluate_inventory(pd.concat([first, later], ignore_index=True), sheet)


def monitoring(measured, area_error=3.0):
    rows = [
        Measurement(variable="mangrove_area", stratum=s, date=day, value=100.0, unit="ha",
                    standard_error=area_error)
        for s in "AB" for day in (START, END)
    ]  # fmt: skip
    rows += [
        Measurement(variable="baseline_crown_cover", stratum=s, date=START, value=0.0, unit="1")
        for s in "AB"
    ]
    rows += [
        Measurement(variable="tree_agb", stratum=row.stratum, date=row.date, value=row.agb_t_ha,
                    unit="t/ha", sample=row.plot_id)
        for row in measured.plots.itertuples()
    ]  # fmt: skip
    return Monitoring(
        project_id="p",
        period=Period(start=dt.date(2020, 1, 1), end=dt.date(2025, 1, 1)),
        stock_start=START,
        stock_end=END,
        strata=tuple(Stratum(id=s, kind="planted", planted_year=2010) for s in "AB"),
        measurements=tuple(rows),
    )


MEASURED = inventory()
ERRORS = plot_errors(MEASURED.trees, MEASURED.plots, TreeErrors())
BOOK = loader.get("ar-am0014@3.0")
ROWS = Parameters(BOOK.spec.parameters)


def drawn(source, plot="P0", day=START, measured=MEASURED, errors=ERRORS):
    """Draws of a plot's above-ground biomass with one source on."""
    (row,) = [
        m for m in monitoring(measured).measurements
        if (m.variable, m.sample, m.date) == ("tree_agb", plot, day)
    ]  # fmt: skip
    return np.asarray(FieldSampler(DRAWS, 1, errors, on=frozenset({source})).measurement(row))


def one_by_one(source, plot="P0", day=START, measured=MEASURED):
    """The same by drawing every tree: slow, and with nothing but the definition."""
    rng = np.random.default_rng(9)
    rules = TreeErrors()
    trees = measured.trees[(measured.trees["plot_id"] == plot) & (measured.trees["date"] == day)]
    row = equation(RHO)
    size, density = trees["dbh_cm"].to_numpy(), trees["wood_density_g_cm3"].to_numpy()
    shape = (DRAWS, len(trees))
    factor = np.ones(shape)
    if source == monte_carlo.DIAMETER:
        size = size + rules.diameter_sd_cm(size) * rng.standard_normal(shape)
    elif source == monte_carlo.WOOD_DENSITY:
        for name in set(trees["species"]):
            drawn_ln = rules.wood_density_ln(name) * rng.standard_normal((DRAWS, 1))
            factor = np.where((trees["species"] == name).to_numpy(), np.exp(drawn_ln), factor)
    elif source == monte_carlo.RESIDUAL:
        spread = rules.residual_ln(row)
        factor = np.exp(spread * rng.standard_normal(shape) - spread**2 / 2)
    else:
        middle, at_middle, of_slope = rules.coefficients(row)
        e0, e1 = rng.standard_normal((2, DRAWS, 1))
        factor = np.exp(at_middle * e0 + of_slope * e1 * (np.log(size) - middle))
    kg = biomass_kg(row, size, wood_density_g_cm3=density) * factor
    return kg.sum(axis=1) * 10.0 / 100.0


@pytest.mark.parametrize(
    "source",
    [
        monte_carlo.DIAMETER,
        monte_carlo.RESIDUAL,
        monte_carlo.COEFFICIENTS,
        monte_carlo.WOOD_DENSITY,
    ],
)
def test_a_plot_errs_as_its_trees_do(source):
    ours, theirs = drawn(source), one_by_one(source)
    # of 40,000 draws a standard deviation is known to 0.35 %, two of them to 0.5 %
    assert ours.std() == pytest.approx(theirs.std(), rel=0.02)
    # the mean to the second order of a reading's error, 1.8 x 0.012^2, and the noise of the draws
    noise = 5 * theirs.std() / DRAWS**0.5
    assert ours.mean() == pytest.approx(theirs.mean(), abs=noise + 5e-4 * theirs.mean())


def test_what_trees_have_in_common_errs_in_all_plots_alike():
    for source, least, most in (
        (monte_carlo.WOOD_DENSITY, 0.3, 1.0),
        (monte_carlo.COEFFICIENTS, 0.95, 1.0),
        (monte_carlo.RESIDUAL, -0.02, 0.02),
    ):
        pair = np.corrcoef(drawn(source, "P0"), drawn(source, "P1"))[0, 1]
        assert least <= pair <= most, source


def test_measured_wood_density_does_not_err():
    trees = MEASURED.trees.assign(wood_density_source="measured")
    errors = plot_errors(trees, MEASURED.plots, TreeErrors())
    assert drawn(monte_carlo.WOOD_DENSITY, errors=errors).std() == pytest.approx(0, abs=1e-9)


def test_stems_that_share_a_row_share_the_reading_and_not_the_residual():
    one = MEASURED.trees.assign(count=1)
    four = MEASURED.trees.assign(count=4)
    single = plot_errors(one, MEASURED.plots, TreeErrors())[0]
    many = plot_errors(four, MEASURED.plots, TreeErrors())[0]
    assert many.diameter_sd == pytest.approx(4 * single.diameter_sd)
    assert many.residual_sd == pytest.approx(2 * single.residual_sd)


def test_a_nest_scales_its_trees_by_its_own_ground():
    nested = MEASURED.trees.assign(nest_area_m2=25.0)
    whole, part = (
        plot_errors(t, MEASURED.plots, TreeErrors())[0] for t in (MEASURED.trees, nested)
    )
    assert part.residual_sd == pytest.approx(4 * whole.residual_sd)
    assert sum(g.mass.sum() for g in part.groups) == pytest.approx(
        4 * sum(g.mass.sum() for g in whole.groups)
    )


def test_the_mass_of_the_groups_is_that_of_the_plots():
    for errors, column in zip(ERRORS, ("agb_t_ha", "bgb_t_ha", "total_t_ha"), strict=True):
        mass = np.zeros(len(errors.keys))
        for group in errors.groups:
            mass[group.plots] += group.mass
        by_key = dict(zip(errors.keys, mass, strict=True))
        for row in MEASURED.plots.itertuples():
            assert by_key[row.plot_id, row.epoch] == pytest.approx(getattr(row, column), rel=1e-12)


MANY = inventory(plots=80, trees=10)
"""So many plots that the rule book takes no discount, which would be a step in the claim."""


def test_shares_add_up_and_name_what_moves_the_claim():
    errors = plot_errors(MANY.trees, MANY.plots, TreeErrors())
    done = claim_uncertainty(BOOK, monitoring(MANY), ROWS, errors, draws=4000, seed=5)
    table = done.table.set_index("source")
    assert set(table.index) == {
        "plot sampling", "allometry coefficients", "wood density", "allometry residual",
        "diameter measurement", "map area",
    }  # fmt: skip
    # up to what three sources do together, and to the noise of the draws
    assert table["share"].sum() == pytest.approx(1.0, abs=0.04)
    assert list(table["share"]) == sorted(table["share"], reverse=True)
    halved = table["standard_deviation_if_halved_tco2e"]
    assert (halved <= done.standard_deviation_tco2e).all()
    low, high = done.interval_tco2e()
    assert low < done.claim_tco2e.mean() < high


def test_twice_the_plots_halve_the_variance_of_sampling():
    few = claim_uncertainty(BOOK, monitoring(MANY), ROWS, (), draws=5000, seed=5)
    again = MANY.plots.assign(plot_id=MANY.plots["plot_id"] + "b")
    twice = pd.concat([MANY.plots, again], ignore_index=True)
    doubled = type(MANY)(MANY.trees, twice, MANY.strata)
    many = claim_uncertainty(BOOK, monitoring(doubled), ROWS, (), draws=5000, seed=5)

    def sampling(done):
        return done.table.set_index("source").loc["plot sampling", "standard_deviation_tco2e"]

    # s^2 / n of the same plots twice: (n - 1) / (2 n - 1) of before
    assert sampling(many) / sampling(few) == pytest.approx((39 / 79) ** 0.5, rel=0.02)


def test_chunks_and_order_change_nothing_but_the_stream(monkeypatch):
    first = claim_uncertainty(BOOK, monitoring(MEASURED), ROWS, ERRORS, draws=1000, seed=5)
    again = claim_uncertainty(BOOK, monitoring(MEASURED), ROWS, ERRORS, draws=1000, seed=5)
    other = claim_uncertainty(BOOK, monitoring(MEASURED), ROWS, ERRORS, draws=1000, seed=6)
    assert (first.claim_tco2e == again.claim_tco2e).all()
    assert first.table.equals(again.table)
    assert not (first.claim_tco2e == other.claim_tco2e).any()
    monkeypatch.setattr(monte_carlo, "CHUNK_VALUES", 2000)
    small = claim_uncertainty(BOOK, monitoring(MEASURED), ROWS, ERRORS, draws=1000, seed=5)
    assert small.claim_tco2e.std() == pytest.approx(first.claim_tco2e.std(), rel=0.15)


def test_a_source_that_is_off_is_at_its_value():
    nothing = FieldSampler(10, 1, ERRORS, on=frozenset())
    for row in monitoring(MEASURED).measurements:
        assert nothing.measurement(row) == row.value
    everything = FieldSampler(10, 1, ERRORS, on=frozenset(SOURCES))
    assert all(
        np.ptp(everything.measurement(row)) > 0
        for row in monitoring(MEASURED).measurements
        if row.variable != "baseline_crown_cover"
    )


def test_too_few_draws_are_refused():
    with pytest.raises(MethodologyError, match="at least"):
        claim_uncertainty(BOOK, monitoring(MEASURED), ROWS, ERRORS, draws=50, seed=1)


def test_errors_may_be_the_projects_own():
    given = TreeErrors({"diameter_error_relative": 0.0, "diameter_error_absolute": 0.0})
    assert plot_errors(MEASURED.trees, MEASURED.plots, given)[0].diameter_sd.max() == 0
    with pytest.raises(KeyError):
        TreeErrors()["no such error"]
