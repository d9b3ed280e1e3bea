"""What VM0033 refuses, and that it says everything at once."""

import math

import pytest
from support.vm0033 import BOOK, DECLARATIONS, FIRST, PARAMETERS, no_herbs, project, series

from bluecarbon.methodology.monte_carlo import simulate
from bluecarbon.methodology.vm0033_uncertainty import OneErrorAtATime
from bluecarbon.spec import Parameter, errors_in


def codes(monitoring):
    return {f.code for f in errors_in(BOOK.check(monitoring))}


def warnings(monitoring):
    return {f.code for f in BOOK.check(monitoring) if f.severity == "warning"}


def without(monitoring, *names):
    kept = {k: v for k, v in monitoring.declarations.items() if k not in names}
    return monitoring.model_copy(update={"declarations": kept})


def flat(variable, unit, value, **more):
    return series(variable, unit, (value,) * 3, **more)


def test_a_sound_project_has_no_errors():
    assert codes(project()) == set()


def test_everything_is_said_at_once():
    bare = project().model_copy(update={"declarations": {}, "series": ()})
    found = codes(bare)
    assert {"declaration-missing", "buffer-missing", "method-missing", "scenario-empty"} <= found
    missing = [f for f in BOOK.check(bare) if f.code == "declaration-missing"]
    assert len(missing) == 9
    assert all(f.fix for f in BOOK.check(bare))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("is_ifm_or_redd", True),
        ("baseline_commercial_forestry", True),
        ("lowers_water_table", 1),
        ("burns_organic_soil", True),
        ("nitrogen_fertiliser", math.nan),
        ("leakage_conditions_hold", False),
        ("sea_level_rise_projected", False),
    ],
)
def test_applicability_conditions(name, value):
    assert codes(project(**{name: value})) == {"methodology-not-applicable"}
    assert codes(without(project(), name)) == {"declaration-missing"}
    assert codes(project(**{name: "no"})) == {"declaration-not-a-number"}


def test_additionality_is_a_gate():
    assert codes(project(vmd0052__on_positive_list=False)) == {"not-additional"}
    assert codes(without(project(), "vmd0052.regulatory_surplus")) == {"declaration-missing"}


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"soil_method__project": "magic"}, "option-unknown"),
        ({"soil_method__project__B": "none"}, "declaration-key-unknown"),
        ({"soil_method__wps": "none"}, "declaration-key-unknown"),
        ({"soil_cap_method": "maybe"}, "option-unknown"),
        ({"long_term_cap_method": "declared"}, "declaration-missing"),
        ({"long_term_cap_method": "computed"}, "horizon-too-short"),
        ({"confidence_percent": 80}, "confidence-wrong"),
        ({"project_start_year": FIRST + 1}, "project-start-wrong"),
        ({"project_start_year": math.nan}, "project-start-wrong"),
        ({"buffer_percent": 5}, "buffer-missing"),
        ({"buffer_percent": "12"}, "buffer-missing"),
        ({"burning_method": "prescribed"}, "burning-in-baseline"),
        ({"eroded_method__project": "default"}, "method-missing"),
    ],
)
def test_choices(more, code):
    assert code in codes(project(**more))


def test_methods_that_must_be_chosen():
    for name in ("tree_method", "soil_method", "ch4_method", "n2o_method"):
        assert codes(without(project(), name)) == {"method-missing"}


def test_a_more_special_key_wins():
    row = series("tree_change", "tCO2e/yr", (1.0,) * 3)
    assert codes(project(row, tree_method__project__A="change")) == set()
    assert codes(project(tree_method__project__A="change")) == {"series-missing"}
    assert codes(project(tree_method__project="change", tree_method__project__A="none")) == set()


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (series("tree_stock", "tC", (1.0,) * 4, first=FIRST - 1), "unit-wrong"),
        (series("tree_stock", "tCO2e", (1.0,) * 3), "series-too-short"),
        (series("tree_stock", "tCO2e", (1.0, math.nan, 1, 1), first=FIRST - 1), "value-wrong"),
        (series("tree_stock", "tCO2e", (1.0, -2.0, 1, 1), first=FIRST - 1), "value-wrong"),
        (
            series("tree_stock", "tCO2e", (1.0,) * 4, first=FIRST - 1, standard_errors=(1.0,)),
            "errors-wrong",
        ),
        (
            series("tree_stock", "tCO2e", (1.0,) * 4, first=FIRST - 1, stratum="Z"),
            "stratum-unknown",
        ),
    ],
)
def test_series(row, code):
    assert code in codes(project(row, tree_method__project="stock"))


def test_percent_for_a_fraction_is_caught():
    row = flat("eroded_carbon_content", "tC/t", 3.0)
    assert "value-wrong" in codes(project(row))
    assert "unit-wrong" in codes(project(flat("eroded_carbon_content", "%", 3.0)))


def test_a_series_given_twice_and_one_that_nobody_reads():
    row = series("tree_change", "tCO2e/yr", (1.0,) * 3)
    assert codes(project(row, row, tree_method__project="change")) == {"series-twice"}
    assert warnings(project(row)) == {"series-unused"}


def test_optional_series_must_cover_the_years_too():
    assert codes(project(series("uncertainty_ch4", "percent", (5.0,)))) == {"series-too-short"}
    leakage = series("leakage_emission", "tCO2e/yr", (), stratum="")
    assert codes(project(leakage)) == {"series-too-short"}


def test_soil_default_needs_its_conditions():
    cover = flat("vegetation_cover", "1", 0.6)
    chosen = {"soil_method__project": "default"}
    assert codes(project(cover, **chosen)) == {"allochthonous-missing"}
    organic = {**chosen, "allochthonous_method__project": "organic_soil"}
    assert codes(project(cover, **organic)) == set()
    assert codes(without(project(cover, **organic), "no_published_soil_data")) == {
        "soil-default-not-justified"
    }
    assert codes(project(cover, ecosystem="seagrass", **chosen)) == {"soil-default-seagrass"}
    assert codes(project(flat("vegetation_cover", "1", 60.0), **organic)) == {"value-wrong"}


def test_herb_default_not_with_ar_tool14():
    rows = (flat("herb_cover", "1", 0.5), series("tree_change", "tCO2e/yr", (1.0,) * 3), no_herbs())
    chosen = {"herb_method__project": "default", "herb_method__baseline": "stock"}
    assert codes(project(*rows, tree_method__project="change", **chosen)) == {
        "herb-default-with-trees"
    }


def test_methane_defaults_may_not_make_a_credit():
    rows = tuple(flat("salinity", "ppt", 21.0, scenario=s) for s in ("baseline", "project"))
    found = codes(
        project(
            *rows,
            ch4_method__baseline="default_over_18ppt",
            ch4_method__project="default_from_20ppt",
        )
    )
    assert found == {"ch4-defaults-combined"}
    assert codes(project(*rows, ch4_method="default_over_18ppt")) == set()


def test_methane_default_needs_the_salinity():
    for method, salinity in (("default_over_18ppt", 18.0), ("default_from_20ppt", 19.9)):
        found = codes(project(flat("salinity", "ppt", salinity), ch4_method__project=method))
        assert found == {"salinity-too-low"}


N2O = {"n2o_method__project": "default_wetland"}


@pytest.mark.parametrize("unit", ["g/kg", "ppt", " PPT ", "psu", "PSU", "permille", "‰", "o/oo"])
def test_salinity_is_read_in_the_spellings_of_salinometers(unit):
    row = series("salinity", unit, (18.1, 5.1, 4.9))
    result = BOOK.quantify(project(row, **N2O), PARAMETERS)
    rates = [s.result for s in result.trace if s.equation == "Eq 66-68 (factor)"]
    assert rates == [0.000487, 0.000754, 0.000864]


@pytest.mark.parametrize("unit", ["mS/cm", "g/L", "kg/m3", "ppth", "salty"])
def test_what_is_no_salinity_is_named_with_what_would_be(unit):
    (found,) = errors_in(BOOK.check(project(flat("salinity", unit, 20.0), **N2O)))
    assert (found.code, found.subject) == ("unit-wrong", "series salinity A project")
    assert repr(unit) in found.message
    assert "pint" not in found.message
    assert all(name in found.fix for name in ("g/kg", "ppt", "psu", "permille"))


def test_a_salinity_that_no_water_has_is_a_wrong_unit():
    # 20 as a plain number is 20 000 g/kg, and would count as over 18
    assert codes(project(flat("salinity", "1", 20.0), **N2O)) == {"value-wrong"}
    assert codes(project(flat("salinity", "1", 0.020), **N2O)) == set()


def test_nitrous_oxide_default_not_near_a_source():
    row = flat("salinity", "ppt", 10.0)
    more = {"n2o_method__project": "default_wetland"}
    assert codes(project(row, **more)) == set()
    assert codes(project(row, near_nitrogen_source__project=True, **more)) == {
        "n2o-default-near-source"
    }


def test_baseline_losses_need_a_depletion_time_and_caps():
    row = flat("soil_carbon_loss_rate", "tC/ha/yr", 2.0, scenario="baseline")
    found = codes(project(row, soil_method__baseline="loss_rate"))
    assert found == {"depletion-missing", "cap-missing"}
    flux = flat("soil_co2_flux", "tCO2e/ha/yr", 2.0, scenario="baseline")
    assert "depletion-missing" in codes(project(flux, soil_method__baseline="flux"))
    sink = flat("soil_co2_flux", "tCO2e/ha/yr", -2.0, scenario="baseline")
    assert codes(project(sink, soil_method__baseline="flux")) == set()


def test_a_rate_that_changes_and_an_exposure_without_a_year():
    row = series("soil_carbon_loss_rate", "tC/ha/yr", (2.0, 3.0, 2.0), scenario="baseline")
    more = {"soil_method__baseline": "loss_rate", "depletion_method__baseline": "mineral"}
    assert "rate-not-constant" in warnings(project(row, **more))
    assert "soil-exposed-year-missing" in codes(project(soil_method__project="steady_state"))


def test_depletion_and_caps_need_their_measurements():
    row = flat("soil_carbon_loss_rate", "tC/ha/yr", 2.0, scenario="baseline")
    monitoring = project(
        row,
        soil_method__baseline="loss_rate",
        depletion_method__baseline="mineral",
        soil_cap_method="total_stock",
        long_term_cap_method="declared",
        net_max_tco2e=100.0,
    )
    subjects = {f.subject for f in BOOK.check(monitoring) if f.code == "measurement-missing"}
    assert {"measurement mineral_soil_depth A", "measurement baseline_area_t100 A"} <= subjects
    assert "series-too-short" in codes(monitoring)


def test_gases_of_moved_soil_are_zero_in_the_baseline():
    row = flat("eroded_co2_flux", "tCO2e/ha/yr", 1.0, scenario="baseline")
    gas = flat("ch4_flux", "t/ha/yr", 0.1, scenario="baseline")
    found = codes(project(row, gas, eroded_method__baseline="flux", ch4_method__baseline="flux"))
    assert "gases-of-moved-soil" in found


def test_baseline_cores_must_be_recent():
    row = series("soil_carbon_stock", "tC/ha", (1.0,) * 4, first=FIRST - 1, scenario="baseline")
    more = {"soil_method__baseline": "stock_change"}
    assert codes(project(row, **more)) == {"cores-too-old", "reference-plane-missing"}
    aged = {"soil_cored_years_before_start": 1, "reference_plane_age_years": 3}
    assert codes(project(row, **more, **aged)) == {"reference-plane-too-young"}


def test_harvest_and_submergence_need_stocks():
    row = series("tree_change", "tCO2e/yr", (1.0,) * 3)
    more = {"tree_method__project": "change", "submergence_year__project": FIRST}
    assert codes(project(row, **more)) == {"stock-missing"}
    assert codes(project(harvest_cycle_years__project=20)) == {"harvest-cycle-not-covered"}
    assert codes(project(submergence_year__baseline=FIRST)) == {"aboveground-share-missing"}


def test_careful_readers_are_warned():
    assert warnings(project(years=11)) == {"baseline-reassessment-due"}
    assert warnings(project(years=11, baseline_set_year=FIRST + 5)) == set()
    matter = flat("soil_organic_matter", "percent", 3.0)
    flux = flat("soil_co2_flux", "tCO2e/ha/yr", -1.0)
    chosen = {"soil_method__project": "flux", "allochthonous_method__project": "organic_matter"}
    assert warnings(project(matter, flux, **chosen)) == {"organic-matter-low"}


def test_a_period_of_half_a_year_is_refused():
    monitoring = project()
    period = monitoring.period.model_copy(
        update={"start": monitoring.period.start.replace(month=7)}
    )
    assert "period-not-whole-years" in codes(monitoring.model_copy(update={"period": period}))


def test_shared_errors_are_one_error():
    sampler = OneErrorAtATime(("allometry", "parameter|x"))
    row = series("tree_change", "tCO2e/yr", (10.0, 20.0), standard_errors=(1.0, 2.0))
    drawn = sampler.series(row.model_copy(update={"shared_error": "allometry"}))
    assert drawn.tolist() == [[10, 20], [11, 22], [10, 20]]
    parameter = Parameter(name="x", value=5.0, standard_error=0.5, unit="1", source="t")
    assert list(sampler.parameter(parameter)) == [5.0, 5.0, 5.5]


def test_draws_of_every_method_have_their_shape():
    rows = (
        series("tree_stock", "tCO2e", (0.0, 5.0, 9.0, 2.0), first=FIRST - 1,
               standard_errors=(0.0, 1.0, 1.0, 1.0)),
        flat("soil_carbon_loss_rate", "tC/ha/yr", 2.0, scenario="baseline",
             standard_errors=(0.2,) * 3),
    )  # fmt: skip
    monitoring = project(
        *rows,
        tree_method__project="stock",
        harvest_cycle_years__project=3,
        soil_method__baseline="loss_rate",
        depletion_method__baseline="eroded",
        soil_cap_method="not_applicable",
    )
    kept = {f.code for f in errors_in(BOOK.check(monitoring))}
    assert kept == {"cap-missing"}
    found = simulate(BOOK, monitoring, PARAMETERS, draws=200, seed=1)
    assert {s.draws for s in found} == {200}
    assert all(math.isfinite(s.mean) for s in found)


def test_findings_name_the_scenario_that_is_meant():
    for scenario, other in (("baseline", "project"), ("project", "baseline")):
        chosen = {f"tree_method__{scenario}": "change", f"soil_method__{scenario}": "magic"}
        row = flat("ch4_flux", "t/ha/yr", 0.1, scenario=scenario)
        found = {f.code: f for f in BOOK.check(project(row, **chosen))}
        assert found["series-missing"].subject == f"series tree_change A {scenario}"
        assert repr(scenario) in found["series-missing"].fix
        assert found["option-unknown"].subject == f"A {scenario}"
        assert f"soil_method.{scenario}.A" in found["option-unknown"].fix
        assert f"of the {scenario}" in found["series-unused"].message
        assert all(other not in f.subject + f.message for f in found.values())


def test_findings_about_measurements_and_areas_name_the_scenario():
    row = flat("soil_carbon_loss_rate", "tC/ha/yr", 2.0, scenario="baseline")
    more = {"soil_method__baseline": "loss_rate", "depletion_method__baseline": "mineral"}
    found = BOOK.check(project(row, **more))
    depth = [f.message for f in found if f.subject == "measurement mineral_soil_depth A"]
    assert depth == ["has 0 values, needs one: the baseline reads it"]
    area = series("stratum_area", "ha", (9.0,) * 4, first=FIRST - 1)
    message = BOOK.check(project(area))[0].message
    assert message.startswith("strata sum to 10 ha in the baseline and 9 ha in the project")
    (choice,) = errors_in(BOOK.check(project(soil_cap_method="maybe")))
    assert choice.subject == "declarations (both scenarios)"


def test_leakage_that_would_not_be_found_is_refused():
    for place in ({"stratum": "A"}, {"stratum": "", "scenario": "baseline"}):
        row = flat("leakage_emission", "tCO2e/yr", 5.0, **place)
        assert codes(project(row)) == {"series-misplaced"}
    short = series("leakage_emission", "tCO2e/yr", (1.0,), stratum="")
    (found,) = errors_in(BOOK.check(project(short)))
    assert found.subject == "series leakage_emission (whole project)"


def test_likely_slips_are_told():
    assert codes(project(flat("leakage_emision", "tCO2e/yr", 5.0))) == {"series-unknown"}
    assert codes(project(eroded_metod__project="default")) == {"declaration-unknown"}
    assert codes(project(submergence_year__project__B=FIRST)) == {"declaration-key-unknown"}


def test_seagrass_conversions_end_at_20_percent_organic_matter():
    flux = flat("soil_co2_flux", "tCO2e/ha/yr", -1.0)
    more = {"soil_method__project": "flux", "ecosystem__project": "seagrass"}
    for method, variable, unit, high in (
        ("organic_matter", "soil_organic_matter", "percent", 20.0),
        ("soil_carbon", "soil_carbon_content", "tC/t", 0.0779),
    ):
        chosen = {"allochthonous_method__project": method, **more}
        assert codes(project(flux, flat(variable, unit, 0.99 * high), **chosen)) == set()
        assert codes(project(flux, flat(variable, unit, 1.01 * high), **chosen)) == {
            "organic-matter-high"
        }


def test_a_depletion_time_is_of_the_baseline_only():
    row = flat("soil_carbon_loss_rate", "tC/ha/yr", 2.0, scenario="baseline")
    found = BOOK.check(project(row, soil_method__baseline="loss_rate", depletion_method="mineral"))
    assert not [f for f in found if f.code == "series-missing"]


def test_the_test_project_declares_only_what_the_book_knows():
    known = {d.name.split(".")[0] for d in BOOK.spec.declarations}
    assert {name.split(".")[0] for name in DECLARATIONS} <= known
