"""VM0033 where its text is silent or can be read in two ways: what is ours, and what is told."""

import math

import pytest
from support.vm0033 import (
    BOOK,
    FIRST,
    PARAMETERS,
    gross,
    measured,
    no_herbs,
    project,
    quantified,
    series,
)

from bluecarbon.methodology.monte_carlo import simulate
from bluecarbon.methodology.vm0033_uncertainty import errors_of
from bluecarbon.spec import errors_in

C, Z = 44 / 12, 1.6448536269514722
DECLARED = {d.name: d.about for d in BOOK.spec.declarations}
ABOUT = {s.name: s.about for s in BOOK.spec.series}


def flat(variable, unit, value, **more):
    return series(variable, unit, (value,) * 3, **more)


def early(variable, unit, values, **more):
    return series(variable, unit, values, first=FIRST - 1, **more)


def codes(monitoring):
    return {f.code for f in errors_in(BOOK.check(monitoring))}


def told(monitoring):
    return {f.code: f for f in quantified(monitoring).findings}


def cored(errors, **more):
    """A soil that gains 1 tC/ha a year on 10 ha, every year cored."""
    row = early("soil_carbon_stock", "tC/ha", (200.0, 201.0, 202.0, 203.0), standard_errors=errors)
    row = row.model_copy(update=more)
    chosen = {"soil_method__project": "stock_change", "allochthonous_exempt__project": True}
    return project(row, **chosen)


def test_stocks_of_different_years_err_independently():
    # the errors of C_t and C_0 add in quadrature: they do not cancel
    result = quantified(cored((1.0, 2.0, 2.0, 0.5)))
    for year, (change, error) in enumerate([(1, 2.0), (2, 2.0), (3, 0.5)]):
        expected = 100 * Z * math.hypot(error, 1.0) / change
        assert result.output("ner_error", str(FIRST + year)) == pytest.approx(expected)
    drawn = {s.name: s for s in simulate(BOOK, cored((1.0, 2.0, 2.0, 0.5)), PARAMETERS,
                                         draws=20_000, seed=3)}  # fmt: skip
    spread = 10 * C * math.hypot(0.5, 1.0)
    # 20,000 draws: the spread is known to 0.5 %
    assert drawn["gross"].standard_deviation == pytest.approx(spread, rel=0.02)


def test_a_shared_error_of_a_stock_is_one_error_of_all_years():
    result = quantified(cored((1.0, 2.0, 2.0, 0.5), shared_error="auger"))
    assert result.output("ner_error", str(FIRST + 2)) == pytest.approx(100 * Z * 0.5 / 3)
    assert set(errors_of(cored((1.0,) * 4, shared_error="auger"), PARAMETERS)) == {"auger"}


def test_the_years_of_a_rate_err_together():
    row = flat("tree_change", "tCO2e/yr", 10.0, standard_errors=(1.0,) * 3)
    result = quantified(project(row, tree_method__project="change"))
    assert result.output("ner_error", str(FIRST + 2)) == pytest.approx(100 * Z * 3 / 30)
    assert "move together" in ABOUT["tree_change"]
    assert "independent (campaigns)" in ABOUT["tree_stock"]


def test_every_year_in_which_equation_91_nearly_cancels_is_told():
    rows = (
        flat("fuel_emission", "tCO2e/yr", 100.0, scenario="baseline"),
        series("tree_change", "tCO2e/yr", (60.0, 150.0, 700.0), standard_errors=(6.0, 15.0, 70.0)),
    )
    monitoring = project(*rows, fuel_method__baseline="emission", tree_method__project="change")
    found = [
        f for f in quantified(monitoring).findings if f.code == "uncertainty-denominator-cancels"
    ]
    # cumulative: 100 - 60 = 40 of 160; 200 - 210 = -10 of 410; 300 - 910: 610 of 1210
    assert [f.subject for f in found] == [f"Eq 91 {FIRST}", f"Eq 91 {FIRST + 1}"]
    percent = 100 * Z * 6 / 40
    assert f"is {percent:.1f} % of |GHG_BSL + GHG_WPS|" in found[0].message
    assert f"{percent * 40 / 160:.1f} % of |GHG_BSL| + |GHG_WPS|" in found[0].message


def test_baseline_soil_that_loses_stock_needs_depletion_and_caps():
    row = early("soil_carbon_stock", "tC/ha", (200.0, 195.0, 190.0, 185.0), scenario="baseline")
    more = {"soil_method__baseline": "stock_change", "soil_cored_years_before_start": 1}
    aged = {"reference_plane_age_years": 5}
    assert codes(project(row, **more, **aged)) == {"depletion-missing", "cap-missing"}
    assert "reference-plane-missing" in codes(project(row, **more))
    grows = early("soil_carbon_stock", "tC/ha", (1.0, 2.0, 3.0, 3.0), scenario="baseline")
    assert codes(project(grows, **more, **aged)) == set()


FLUX = {"soil_method__project": "flux"}


@pytest.mark.parametrize(
    ("row", "deposit"),
    [
        (flat("soil_carbon_content", "tC/t", 0.028), "default"),
        (flat("deposited_carbon", "percent", 2.8), "carbon"),
        (flat("sediment_surface_area", "m2/g", 32.0), "surface_area"),
    ],
)
def test_carbon_below_the_intercept_of_equation_96_is_refused(row, deposit):
    rows = [flat("soil_co2_flux", "tCO2e/ha/yr", -5.0), row]
    if row.variable != "soil_carbon_content":
        rows.append(flat("soil_carbon_content", "tC/t", 0.09))
    chosen = {
        **FLUX,
        "allochthonous_method__project": "soil_carbon",
        "deposit_method__project": deposit,
    }
    (found,) = errors_in(BOOK.check(project(*rows, **chosen)))
    assert (found.code, found.subject.split()[1]) == ("carbon-below-intercept", row.variable)
    assert "'share'" in found.fix
    assert codes(project(*rows, ecosystem__project="marsh", **chosen)) == set()


@pytest.mark.parametrize(("matter", "refused"), [(1.5, True), (1.0, True), (6.0, False)])
def test_soil_whose_matter_is_all_deposit_is_refused(matter, refused):
    # Eq 40 leaves nothing, and Eq 96 gives nothing 2.8857 % carbon of its own
    rows = (
        flat("soil_co2_flux", "tCO2e/ha/yr", -5.0),
        flat("soil_organic_matter", "percent", matter),
    )
    chosen = {**FLUX, "allochthonous_method__project": "organic_matter"}
    wanted = {"allochthonous-all-deposited"} if refused else set()
    assert codes(project(*rows, **chosen)) == wanted


def test_what_the_cap_takes_off_is_taken_off_the_stocks_of_the_buffer():
    row = early("tree_stock", "tCO2e", (0.0, 100.0, 250.0, 300.0))
    capped = {"long_term_cap_method": "declared", "net_max_tco2e": 200.0}
    years = quantified(project(row, tree_method__project="stock", **capped)).years
    assert [r.buffer_tco2e for r in years] == pytest.approx([20.0, 20.0, 0.0])
    assert [r.net_tco2e for r in years] == pytest.approx([80.0, 80.0, 0.0])


def test_premium_and_leakage_are_not_discarded_from_the_stocks_of_the_buffer():
    # NER_stock discards "non-CO2 emissions from soil and biomass burning and ... fossil fuel use"
    rows = (
        flat("tree_change", "tCO2e/yr", 100.0),
        flat("fire_reduction_premium", "tCO2e/yr", 10.0, stratum=""),
        flat("leakage_emission", "tCO2e/yr", 4.0, stratum=""),
        flat("fuel_emission", "tCO2e/yr", 7.0),
    )
    chosen = {"tree_method__project": "change", "fuel_method__project": "emission"}
    row = quantified(project(*rows, **chosen)).years[1]
    assert row.buffer_tco2e == pytest.approx(0.20 * (100 + 10 - 4))


def test_a_year_of_loss_is_told_with_its_negative_buffer():
    row = series("tree_change", "tCO2e/yr", (100.0, -40.0, -10.0))
    found = told(project(row, tree_method__project="change"))["reversal"]
    assert f"{FIRST + 1} (-8.0), {FIRST + 2} (-2.0)" in found.message
    assert "registry" in found.fix


def test_herbs_with_the_project_want_herbs_in_the_baseline():
    cover = flat("herb_cover", "1", 0.5)
    alone = project(cover, herb_method__project="default")
    assert codes(alone) == {"herbs-of-baseline-missing"}
    both = project(cover, no_herbs(), herb_method__project="default", herb_method__baseline="stock")
    assert codes(both) == set()
    falling = early("herb_stock", "tC/ha", (2.0, 1.0, 1.0, 1.0), scenario="baseline")
    assert codes(project(falling, herb_method__baseline="stock")) == {"herbs-of-project-missing"}


def test_default_removals_end_with_submergence():
    rows = (
        flat("vegetation_cover", "1", 0.8),
        early("tree_stock", "tCO2e", (0.0,) * 4),
    )
    chosen = {
        "soil_method__project": "default",
        "allochthonous_exempt__project": True,
        "tree_method__project": "stock",
        "submergence_year__project": FIRST + 1,
    }
    assert gross(project(*rows, **chosen)) == pytest.approx([10 * 1.46 * C] * 2 + [0.0])
    assert "removal-ends-with-submergence" in told(project(*rows, **chosen))
    flux = flat("soil_co2_flux", "tCO2e/ha/yr", -5.0)
    goes_on = project(flux, rows[1], **{**chosen, "soil_method__project": "flux"})
    assert gross(goes_on) == pytest.approx([50.0] * 3)
    assert "removal-after-submergence" in told(goes_on)


def test_a_stratum_submerges_in_a_whole_year_of_the_run():
    more = {"aboveground_share": 0.5}
    assert codes(project(submergence_year__project=FIRST + 0.5, **more)) == {
        "submergence-year-wrong"
    }
    assert codes(project(submergence_year__project=math.nan, **more)) == {"submergence-year-wrong"}
    outside = project(submergence_year__project=FIRST - 3, **more)
    assert "submergence-outside-run" in {f.code for f in BOOK.check(outside)}


def test_methane_defaults_are_compared_stratum_by_stratum():
    monitoring = BOOK.example()
    salt = [r for r in monitoring.series if r.variable == "salinity"]
    other = tuple(row.model_copy(update={"scenario": "baseline"}) for row in salt)
    declared = {
        **{k: v for k, v in monitoring.declarations.items() if not k.startswith("ch4_method")},
        "ch4_method.baseline.K15": "default_over_18ppt",
        "ch4_method.project.K15": "default_over_18ppt",
        "ch4_method.baseline.R16": "default_from_20ppt",
        "ch4_method.project.R16": "default_from_20ppt",
    }
    more = {"series": (*monitoring.series, *other), "declarations": declared}
    assert codes(monitoring.model_copy(update=more)) == set()
    declared["ch4_method.baseline.R16"] = "default_over_18ppt"
    (found,) = errors_in(BOOK.check(monitoring.model_copy(update=more)))
    assert (found.code, found.subject.split()[-1]) == ("ch4-defaults-combined", "R16")


def peat(rate):
    rows = (
        flat("subsidence_rate", "m/yr", rate, scenario="baseline"),
        flat("soil_carbon_density", "kgC/m3", 50.0, scenario="baseline"),
        series("peat_loss_rate", "m/yr", (rate,) * 100, scenario="baseline"),
        series("peat_loss_rate", "m/yr", (0.0,) * 100),
    )
    return project(
        *rows,
        measurements=(
            measured("peat_depth_start", 0.6, "m"),
            measured("volumetric_carbon", 50.0, "kgC/m3"),
        ),
        soil_method__baseline="subsidence",
        depletion_method__baseline="organic",
        soil_cap_method="stock_loss",
        long_term_cap_method="declared",
        net_max_tco2e=1e9,
    )


@pytest.mark.parametrize(("rate", "lost_m", "binds"), [(0.004, 0.4, False), (0.0096, 0.6, True)])
def test_a_stratum_loses_no_more_soil_than_it_has(rate, lost_m, binds):
    result = quantified(peat(rate))
    (most,) = [s.result for s in result.trace if s.equation == "Eq 13"]
    assert most == pytest.approx(10 * lost_m * 50 * 10)
    found = [f for f in result.findings if f.code == "loss-over-stock"]
    assert [f.subject for f in found] == (["A baseline"] if binds else [])


def test_mineral_soil_that_loses_carbon_needs_its_stock_for_the_cap():
    row = series("soil_carbon_loss_rate", "tC/ha/yr", (2.0,) * 100, scenario="baseline")
    other = series("soil_carbon_loss_rate", "tC/ha/yr", (0.0,) * 100)
    monitoring = project(
        row,
        other,
        soil_method__baseline="loss_rate",
        depletion_method__baseline="eroded",
        soil_cap_method="stock_loss",
        long_term_cap_method="declared",
        net_max_tco2e=1e9,
    )
    missing = {f.subject for f in errors_in(BOOK.check(monitoring))}
    assert missing == {"measurement mineral_soil_depth A", "measurement volumetric_carbon A"}


@pytest.mark.parametrize(("value", "code"), [(120.0, "value-wrong"), (-1.0, "value-wrong")])
def test_a_share_is_between_nothing_and_all(value, code):
    rows = (
        flat("soil_co2_flux", "tCO2e/ha/yr", -5.0),
        flat("allochthonous_share", "percent", value),
    )
    chosen = {**FLUX, "allochthonous_method__project": "share"}
    assert codes(project(*rows, **chosen)) == {code}


def test_a_fraction_of_a_percent_is_asked_about():
    flux = flat("soil_co2_flux", "tCO2e/ha/yr", -5.0)
    chosen = {**FLUX, "allochthonous_method__project": "share"}
    low = told(project(flux, flat("allochthonous_share", "percent", 0.2), **chosen))
    assert low["percent-low"].fix == "is 20 percent meant?"
    plain = told(project(flux, flat("allochthonous_share", "1", 0.2), **chosen))
    assert "percent-low" not in plain


def test_the_signs_of_what_may_be_negative_are_said():
    fluxes = ["soil_co2_flux", "eroded_co2_flux", "excavated_co2_flux", "ch4_flux", "n2o_flux"]
    for name in (*fluxes, "leakage_emission"):
        assert "emission positive, removal negative" in ABOUT[name], name
    assert "reduction positive" in ABOUT["fire_reduction_premium"]


def test_pools_without_errors_are_named_once():
    monitoring = BOOK.example()
    (found,) = [f for f in quantified(monitoring).findings if f.code == "uncertainty-taken-as-zero"]
    assert "K15 project soil_co2" in found.message
    assert "K15 project biomass" not in found.message
    assert "8.5.2" in found.fix


def test_the_declaration_says_what_a_reader_would_ask():
    assert "whole years" in DECLARED["depletion_method.<scenario>.<stratum>"]
    assert "CH4 and N2O" in DECLARED["depletion_method.<scenario>.<stratum>"]
    assert "strata planted later" in DECLARED["harvest_cycle_years.<scenario>.<stratum>"]
    assert "one year early" in ABOUT["stratum_area"]
    said = " ".join(BOOK.spec.limitations)
    for word in ("Eq 91", "NER_stock", "campaigns", "submergence_year", "herb default"):
        assert word in said, word


def test_percent_for_a_carbon_fraction_is_told_how_to_write_it():
    chosen = {**FLUX, "allochthonous_method__project": "soil_carbon"}
    flux = flat("soil_co2_flux", "tCO2e/ha/yr", -5.0)
    for unit in ("percent", "tC/t"):
        found = errors_in(
            BOOK.check(project(flux, flat("soil_carbon_content", unit, 4.0), **chosen))
        )
        assert any("write 0.04 tC/t for 4 %" in f.message + f.fix for f in found), unit


def test_scenarios_are_about_one_area_in_every_year():
    area = early("stratum_area", "ha", (10.0, 10.0, 12.0, 10.0))
    assert codes(project(area)) == {"areas-differ"}
    (found,) = errors_in(BOOK.check(project(area)))
    assert found.subject == f"stratum_area {FIRST + 1}"
    stated = project(area, scenario_areas_differ=True)
    assert codes(stated) == set()
    assert "areas-differ" in {f.code for f in BOOK.check(stated)}


def test_shrubs_carry_the_numbers_of_ar_tool14():
    rows = {name: PARAMETERS.row(name).locator for name in (
        "carbon_fraction_shrub", "root_shoot_shrub", "shrub_forest_ratio", "shrub_cover_least",
        "forest_biomass")}  # fmt: skip
    assert rows["carbon_fraction_shrub"] == rows["root_shoot_shrub"] == "Eq 26"
    assert rows["shrub_forest_ratio"] == rows["shrub_cover_least"] == "Eq 27"
    assert rows["forest_biomass"] == "Eq 27 (b_FOREST)"
