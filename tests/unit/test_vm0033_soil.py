"""Soil, gases, burning and fuel of VM0033, each method recomputed from its printed equation."""

import numpy as np
import pytest
from support.vm0033 import FIRST, formulas_hold, gross, measured, project, quantified, series

from bluecarbon.methodology import vm0033_field as field
from bluecarbon.methodology.vm0033_soil import (
    allochthonous_deduction,
    default_co2,
    steady_state_fraction,
)

C = 44 / 12
AREA = 10.0
METHODS = ("soil_method", "eroded_method", "excavated_method")
EXEMPT = {"allochthonous_exempt__project": True}


def flat(variable, unit, value, **more):
    return series(variable, unit, (value,) * 3, **more)


@pytest.mark.parametrize(
    ("cover", "share"),
    [(0.0, 0.0), (0.149, 0.0), (0.15, 0.0), (0.325, 0.5), (0.5, 1.0), (0.9, 1.0)],
)
def test_default_rate_by_cover(cover, share):
    assert default_co2(-1.46, cover, 0.15, 0.5) == pytest.approx(-1.46 * C * share)


def test_equation_33_default_with_obligatory_deduction():
    rows = (flat("vegetation_cover", "1", 0.6), flat("allochthonous_share", "percent", 30.0))
    monitoring = project(
        *rows, soil_method__project="default", allochthonous_method__project="share"
    )
    assert gross(monitoring) == pytest.approx([AREA * 1.46 * C * 0.7] * 3)


def test_equations_28_29_take_a_fraction_not_percent():
    rows = (
        flat("soil_carbon_content", "tC/t", 0.05),
        flat("soil_bulk_density", "g/cm3", 0.8),
        flat("soil_exposed_depth", "cm", 20.0),
        flat("soil_emitted_share", "percent", 60.0),
    )
    monitoring = project(*rows, soil_method__project="emitted_share")
    # 0.05 x 800 kg/m3 x 0.2 m = 8 kg C/m2 = 80 tC/ha
    assert gross(monitoring) == pytest.approx([-AREA * C * 80 * 0.6] * 3)


def test_equations_31_32_subsidence():
    rows = (flat("subsidence_rate", "cm/yr", 1.0), flat("soil_carbon_density", "kgC/m3", 50.0))
    monitoring = project(*rows, soil_method__project="subsidence")
    assert gross(monitoring) == pytest.approx([-AREA * C * 10 * 0.01 * 50] * 3)


def test_equations_34_35_carbon_content_falls_to_one_point_six_percent_in_20_years():
    rows = (
        flat("soil_carbon_content", "tC/t", 0.056),
        flat("soil_bulk_density", "kg/m3", 1000.0),
        flat("soil_exposed_depth", "m", 0.3),
    )
    monitoring = project(*rows, soil_method__project="steady_state", soil_exposed_year=FIRST - 18)
    a_year = C * (0.056 - 0.016) / 20 * 1000 * 0.3 * 10
    assert gross(monitoring) == pytest.approx([-AREA * a_year, -AREA * a_year, 0.0])
    assert steady_state_fraction(0.010, 1.6, 5.0, 20.0) == 0.010


def test_equation_36_stock_change():
    rows = (
        series("soil_carbon_stock", "tC/ha", (100.0, 102.0, 103.0, 101.0), first=FIRST - 1),
        flat("allochthonous_share", "percent", 50.0),
    )
    monitoring = project(
        *rows, soil_method__project="stock_change", allochthonous_method__project="share"
    )
    # the deduction is taken from removals only: the loss of the third year counts in full
    assert gross(monitoring) == pytest.approx([AREA * C, AREA * C * 0.5, -AREA * C * 2])


def test_equation_37_loss_rate_and_flux():
    rate = project(flat("soil_carbon_loss_rate", "tC/ha/yr", 2.0), soil_method__project="loss_rate")
    flux = project(flat("soil_co2_flux", "tCO2e/ha/yr", 3.0), soil_method__project="flux", **EXEMPT)
    assert gross(rate) == pytest.approx([-AREA * C * 2] * 3)
    assert gross(flux) == pytest.approx([-AREA * 3] * 3)


def test_equation_38_only_for_removals():
    assert list(allochthonous_deduction([-2.0, 2.0], 25.0)) == [-0.5, 0.0]


def by_hand_alloch(carbon, matter, deposited, forward):
    own = (matter - deposited) / (1 - deposited / 100)
    return 100 * (carbon - forward(own)) / carbon


@pytest.mark.parametrize("deposit", ["default", "organic_matter", "carbon", "surface_area"])
def test_equations_39_to_47_for_mangrove(deposit):
    rows = {
        "organic_matter": flat("deposited_organic_matter", "percent", 4.0),
        "carbon": flat("deposited_carbon", "percent", 5.0),
        "surface_area": flat("sediment_surface_area", "m2/g", 60.0),
    }
    matter = {
        "default": 1.5,
        "organic_matter": 4.0,
        "carbon": (5.0 - 2.8857) / 0.415,
        "surface_area": (0.086 * 60 + 0.05 - 2.8857) / 0.415,
    }[deposit]
    given = [
        flat("soil_co2_flux", "tCO2e/ha/yr", -5.0),
        flat("soil_carbon_content", "tC/t", 0.09),
        *([rows[deposit]] if deposit in rows else []),
    ]
    monitoring = project(
        *given,
        soil_method__project="flux",
        allochthonous_method__project="soil_carbon",
        deposit_method__project=deposit,
    )
    share = by_hand_alloch(9.0, (9 - 2.8857) / 0.415, matter, lambda om: 0.415 * om + 2.8857)
    assert gross(monitoring) == pytest.approx([AREA * 5 * (1 - share / 100)] * 3)


def test_equation_39_with_measured_carbon_and_with_organic_matter():
    flux = flat("soil_co2_flux", "tCO2e/ha/yr", -5.0)
    carbon = project(
        flux,
        flat("soil_carbon_content", "tC/t", 0.08),
        flat("autochthonous_carbon_content", "tC/t", 0.06),
        soil_method__project="flux",
        allochthonous_method__project="autochthonous_carbon",
    )
    assert gross(carbon) == pytest.approx([AREA * 5 * 0.75] * 3)
    marsh = project(
        flux,
        flat("soil_organic_matter", "percent", 20.0),
        soil_method__project="flux",
        allochthonous_method__project="organic_matter",
        ecosystem__project="marsh",
    )
    forward = lambda om: 0.4 * om + 0.0025 * om**2  # noqa: E731
    share = by_hand_alloch(forward(20.0), 20.0, 1.5, forward)
    assert gross(marsh) == pytest.approx([AREA * 5 * (1 - share / 100)] * 3)


def test_equation_95_is_printed_with_004_and_its_inverse_says_040():
    for matter in (1.0, 12.0, 60.0):
        carbon = field.marsh_carbon_percent(matter)
        assert field.marsh_organic_matter_percent(carbon) == pytest.approx(matter)
        misprint = 0.04 * matter + 0.0025 * matter**2
        assert field.marsh_organic_matter_percent(misprint) < 0.6 * matter


def test_equation_96_gives_carbon_without_organic_matter():
    assert field.mangrove_carbon_percent(0.0) == 2.8857
    assert field.mangrove_organic_matter_percent(1.0) == 0.0
    assert field.mangrove_organic_matter_percent(field.mangrove_carbon_percent(30.0)) == (
        pytest.approx(30.0)
    )
    assert field.seagrass_organic_matter_percent(field.seagrass_carbon_percent(5.0)) == (
        pytest.approx(5.0)
    )


def test_equation_99_wants_a_fraction():
    layers = (np.array([0.04, 0.03]), np.array([0.6, 0.8]), np.array([30.0, 70.0]))
    by_hand = (0.04 * 0.6 * 30 + 0.03 * 0.8 * 70) * 100
    assert field.core_stock_tc_ha(*layers) == pytest.approx(by_hand)
    with pytest.raises(ValueError, match="fraction"):
        field.core_stock_tc_ha(100 * layers[0], *layers[1:])


@pytest.mark.parametrize(
    ("environment", "percent"),
    [
        ("normal_marine", 80),
        ("oxygen_depletion", 53),
        ("small_mountainous_rivers", 39),
        ("extreme_accumulation", 49),
        ("not_connected", 0),
        ("not_connected_conservative", 100),
        ("very_low_accumulation", 98.5),
    ],
)
def test_equations_48_to_55_eroded_soil(environment, percent):
    rows = (
        flat("eroded_carbon_content", "tC/t", 0.03),
        flat("eroded_bulk_density", "kg/m3", 1000.0),
        flat("eroded_depth", "m", 0.1),
    )
    monitoring = project(
        *rows, eroded_method__project="default", erosion_environment__project=environment
    )
    assert gross(monitoring) == pytest.approx([-AREA * C * 30 * percent / 100] * 3, abs=1e-12)
    (share,) = [s for s in quantified(monitoring).trace if s.about.startswith("share of eroded")]
    assert share.equation[:5] in {f"Eq {n}" for n in range(51, 56)}
    assert share.result == percent


def test_equations_30_50_and_58_stand_in_the_trace_as_they_were_given():
    rows = (
        flat("soil_co2_flux", "tCO2e/ha/yr", -5.0),
        flat("eroded_co2_flux", "tCO2e/ha/yr", 2.0),
        flat("excavated_co2_flux", "tCO2e/ha/yr", 1.5),
    )
    chosen = {f"{name}__project": "flux" for name in METHODS}
    result = quantified(project(*rows, **chosen, **EXEMPT))
    steps = {s.equation: s.result for s in result.trace}
    assert (steps["Eq 30"], steps["Eq 50"], steps["Eq 58"]) == (-5.0, 2.0, 1.5)
    assert [r.gross_tco2e for r in result.years] == pytest.approx([AREA * 1.5] * 3)


def test_equations_56_57_excavated_soil():
    rows = (
        flat("excavated_carbon_content", "gC/kg", 30.0),
        flat("excavated_bulk_density", "kg/m3", 1000.0),
        flat("excavated_depth", "m", 0.5),
        flat("excavated_emitted_share", "percent", 10.0),
    )
    monitoring = project(*rows, excavated_method__project="emitted_share")
    assert gross(monitoring) == pytest.approx([-AREA * C * 150 * 0.1] * 3)


@pytest.mark.parametrize(
    ("method", "salinity", "rate"),
    [("default_over_18ppt", 18.5, 0.011), ("default_from_20ppt", 20.0, 0.0056)],
)
def test_equations_60_61_methane(method, salinity, rate):
    rows = (flat("salinity", "ppt", salinity),)
    assert gross(project(*rows, ch4_method__project=method)) == pytest.approx(
        [-AREA * rate * 28] * 3
    )


@pytest.mark.parametrize(
    ("water", "rates"),
    [
        ("default_open_water", (0.000157, 0.00033, 0.00053)),
        ("default_wetland", (0.000487, 0.000754, 0.000864)),
    ],
)
def test_equations_63_to_68_nitrous_oxide(water, rates):
    rows = (series("salinity", "psu", (18.1, 18.0, 5.0)),)
    by_hand = [-AREA * rate * 265 for rate in rates]
    assert gross(project(*rows, n2o_method__project=water)) == pytest.approx(by_hand)


def test_equations_81_to_83_prescribed_burning():
    rows = (flat("burnt_biomass", "t/ha", 2.0),)
    by_hand = 2000 * (0.21 * 265 + 2.3 * 28) * 1e-6 * AREA
    assert gross(project(*rows, burning_method__project="prescribed")) == pytest.approx(
        [-by_hand] * 3
    )


LOSING = {"soil_method__baseline": "loss_rate", "tree_method": "none"}


def drained(*, rate=10.0, cap="stock_loss", years=100, measurements=(), **more):
    """A baseline that loses soil carbon for 100 years, a project that loses none."""
    rows = (
        series("soil_carbon_loss_rate", "tC/ha/yr", (rate,) * 100, scenario="baseline"),
        series("soil_carbon_loss_rate", "tC/ha/yr", (0.0,) * 100),
    )
    return project(
        *rows,
        years=years,
        measurements=(
            measured("mineral_soil_depth", 0.5, "m"),
            measured("volumetric_carbon", 20.0, "kgC/m3"),
            *measurements,
        ),
        soil_cap_method=cap,
        long_term_cap_method="computed",
        depletion_method__baseline=more.pop("depletion", "mineral"),
        **LOSING,
        **more,
    )


def test_equation_2_after_depletion_the_baseline_emits_nothing():
    # 0.5 m x 20 kg C/m3 x 10 = 100 tC/ha at 8 tC/ha/yr last 12.5 years: 12 years count
    years = gross(drained(rate=8.0))
    assert years[:12] == pytest.approx([AREA * C * 8] * 12)
    assert years[12:] == pytest.approx([0.0] * 88)


@pytest.mark.parametrize(("depletion", "counted"), [("eroded", 5), ("zero", 0)])
def test_depletion_time_by_rule(depletion, counted):
    years = gross(drained(depletion=depletion))
    assert sum(value > 0 for value in years) == counted


def test_equation_1_peat_depletion():
    rows = (
        flat("subsidence_rate", "m/yr", 0.1, scenario="baseline"),
        flat("soil_carbon_density", "kgC/m3", 40.0, scenario="baseline"),
        series("peat_loss_rate", "m/yr", (0.1,) * 100, scenario="baseline"),
        series("peat_loss_rate", "m/yr", (0.0,) * 100),
    )
    monitoring = project(
        *rows,
        measurements=(
            measured("peat_depth_start", 20.0, "cm"),
            measured("volumetric_carbon", 40.0, "kgC/m3"),
        ),
        soil_method__baseline="subsidence",
        depletion_method__baseline="organic",
        soil_cap_method="stock_loss",
        long_term_cap_method="declared",
        net_max_tco2e=1e9,
    )
    assert gross(monitoring) == pytest.approx([AREA * C * 40, AREA * C * 40, 0.0])


def test_equations_3_4_10_to_12_total_stock_caps_the_claim():
    areas = (measured("baseline_area_t100", 10.0, "ha"), measured("project_area_t100", 7.0, "ha"))
    result = quantified(drained(cap="total_stock", measurements=areas))
    # project 100 tC/ha x 7 ha, baseline floor(100 - 1000) = 0: at most 700 tC
    assert result.claim_tco2e == pytest.approx(700 * C)
    assert "long-term-cap-binds" in {f.code for f in result.findings}


def test_equation_4_what_is_not_significant_is_not_credited():
    areas = (measured("baseline_area_t100", 10.0, "ha"), measured("project_area_t100", 10.4, "ha"))
    # 0.001 tC/ha/yr: after 100 years the baseline has 99.9 tC/ha x 10 ha, the project 100 x 10.4
    result = quantified(drained(rate=0.001, cap="total_stock", measurements=areas))
    assert result.claim_tco2e == pytest.approx(0.0, abs=1e-9)


def test_equations_13_to_17_stock_loss_in_tc_is_the_sum_of_the_rates():
    result = quantified(drained(rate=0.5))
    (loss,) = [s.result for s in result.trace if s.equation == "Eq 13"]
    assert loss == pytest.approx(0.5 * 100 * AREA)


def test_formulas_for_a_spreadsheet_compute_the_same():
    rows = (
        flat("soil_organic_matter", "percent", 20.0),
        flat("vegetation_cover", "1", 0.4),
        flat("salinity", "ppt", 19.0),
        flat("burnt_biomass", "t/ha", 2.0),
        flat("sediment_surface_area", "m2/g", 60.0),
        series("tree_stock", "tCO2e", (0.0, 30.0, 60.0, 0.0), first=FIRST - 1,
               standard_errors=(0.0, 9.0, 20.0, 0.0)),
    )  # fmt: skip
    monitoring = project(
        *rows,
        soil_method__project="default",
        allochthonous_method__project="organic_matter",
        deposit_method__project="surface_area",
        ch4_method__project="default_over_18ppt",
        n2o_method__project="default_wetland",
        burning_method__project="prescribed",
        tree_method__project="stock",
        harvest_cycle_years__project=3,
    )
    used = formulas_hold(monitoring)
    numbers = (33, 38, 39, 40, 44, 47, 60, 69, 74, 75, 76, 79, 80, 81, 83, 85, 89, 90, 91, 92, 96)
    assert {f"Eq {n}" for n in numbers} <= used
    areas = (measured("baseline_area_t100", 10.0, "ha"), measured("project_area_t100", 7.0, "ha"))
    capped = formulas_hold(drained(cap="total_stock", measurements=areas))
    assert {"Eq 2", "Eq 3", "Eq 4", "Eq 10", "Eq 11", "Eq 12", "Eq 37", "Eq 86"} <= capped
