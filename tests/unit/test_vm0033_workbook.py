"""The trace of VM0033 as a workbook: live from inputs to claim, and honest about the rest."""

import pytest
from support.nprt import declared
from support.spreadsheet import Workbook
from support.vm0033 import BOOK, FIRST, measured, project, quantified, series

from bluecarbon.methodology.trace_links import claim_steps
from bluecarbon.methodology.trace_workbook import write_trace_xlsx

SUMS = ("Eq 19", "Eq 20", "Eq 21", "Eq 70", "Eq 71", "Eq 72", "Eq 73", "Eq 93", "Eq 94")


def written(quantification, tmp_path):
    write_trace_xlsx(quantification, tmp_path / "trace.xlsx")
    return Workbook(tmp_path / "trace.xlsx")


def total(workbook):
    (number,) = [n for n, row in workbook.rows() if row["F"] == "合计 total"]
    return workbook.value("trace", f"G{number}")


def place_of(workbook, source):
    (number,) = [n for n, row in workbook.rows() if row["I"] == source and row["J"] == "input"]
    return f"G{number}"


def changed(monitoring, variable, year, factor, **place):
    """The monitoring with one value of a series multiplied."""

    def moved(row):
        if (row.variable, row.stratum, row.scenario) != (variable, *place.values()):
            return row
        values = list(row.values)
        values[year - row.first_year] *= factor
        return row.model_copy(update={"values": tuple(values)})

    return monitoring.model_copy(update={"series": tuple(map(moved, monitoring.series))})


def capped():
    """Every sum has terms, FRP and leakage are given, both caps bind, errors are stated."""
    rows = (
        series("tree_stock", "tCO2e", (0.0, 60.0, 90.0, 140.0), first=FIRST - 1,
               standard_errors=(0.0, 9.0, 20.0, 30.0)),
        series("soil_carbon_loss_rate", "tC/ha/yr", (2.0,) * 100, scenario="baseline"),
        series("soil_carbon_loss_rate", "tC/ha/yr", (0.5,) * 100),
        series("fuel_emission", "tCO2e/yr", (7.0, 8.0, 9.0)),
        series("burnt_biomass", "kg/ha", (100.0, 0.0, 50.0)),
        series("salinity", "g/kg", (24.0, 12.0, 3.0)),
        series("leakage_emission", "tCO2e/yr", (1.0, 2.0, 3.0), stratum=""),
        series("fire_reduction_premium", "tCO2e/yr", (4.0, 5.0, 6.0), stratum=""),
    )  # fmt: skip
    monitoring = project(
        *rows,
        measurements=(
            measured("mineral_soil_depth", 0.5, "m"),
            measured("volumetric_carbon", 20.0, "kgC/m3"),
        ),
        tree_method__project="stock",
        soil_method="loss_rate",
        depletion_method__baseline="mineral",
        soil_cap_method="stock_loss",
        long_term_cap_method="declared",
        net_max_tco2e=230.0,
        n2o_method__project="default_wetland",
        fuel_method__project="emission",
        burning_method__project="prescribed",
        **{k.replace(".", "__"): v for k, v in declared(payback_years=15.0).items()},
    )
    kept = {k: v for k, v in monitoring.declarations.items() if k != "buffer_percent"}
    return monitoring.model_copy(update={"declarations": kept})


@pytest.mark.parametrize("monitoring", [BOOK.example(), capped()], ids=["example", "capped"])
def test_every_result_is_live_and_equals_the_reported_one(monitoring, tmp_path):
    result = quantified(monitoring)
    workbook = written(result, tmp_path)
    live = list(workbook.live_rows())
    assert len(live) == len(result.trace) + len(result.claim_tco2e_by_year) + 1
    for number, value, reported in live:
        assert value == pytest.approx(reported, rel=1e-9, abs=1e-9), f"row {number}"
    assert total(workbook) == pytest.approx(result.claim_tco2e, rel=1e-12)
    assert set(claim_steps(result)) == {str(row.year) for row in result.years}


def test_the_sums_list_what_they_follow_from():
    result = quantified(capped())
    by_scope = {(s.equation, s.scope): s for s in result.trace}
    for number in SUMS:
        steps = [s for s in result.trace if s.equation == number]
        assert steps, number
        assert all(step.formula for step in steps)
    for scope, equation in (("baseline", "Eq 20"), ("project", "Eq 71"), ("project", "Eq 70")):
        for year in (FIRST + 1, FIRST + 2):
            listed = {i.name: i.value for i in by_scope[equation, f"{scope} {year}"].inputs}
            assert listed["previous"] == by_scope[equation, f"{scope} {year - 1}"].result
    buffer = {i.name: i.value for i in by_scope["Eq 94", f"project {FIRST + 2}"].inputs}
    change = buffer["stock_net"] - buffer["stock_net_before"]
    assert by_scope["Eq 94", f"project {FIRST + 2}"].result == pytest.approx(
        change * buffer["buffer_percent"] / 100
    )
    issued = {i.name: i.value for i in by_scope["Eq 93", f"project {FIRST + 2}"].inputs}
    assert by_scope["Eq 93", f"project {FIRST + 2}"].result == pytest.approx(
        issued["adjusted"] - issued["adjusted_before"] - issued["buffer"]
    )


@pytest.mark.parametrize(
    ("variable", "source", "scenario"),
    [
        ("tree_stock_per_hectare", "tree_stock_per_hectare K15 project: plots and allometry 2019",
         "project"),
        ("stratum_area", "stratum_area K15 project 2017", "project"),
        ("vegetation_cover", "vegetation_cover K15 project 2016", "project"),
        ("allochthonous_share", "allochthonous_share K15 project 2017", "project"),
    ],
)  # fmt: skip
def test_a_changed_input_changes_the_claim_as_the_rule_book_would(
    variable, source, scenario, tmp_path
):
    monitoring = BOOK.example()
    workbook = written(quantified(monitoring), tmp_path)
    address = place_of(workbook, source)
    workbook.change("trace", address, 1.1 * workbook.value("trace", address))
    year = int(source[-4:])
    more = changed(monitoring, variable, year, 1.1, stratum="K15", scenario=scenario)
    if variable == "stratum_area":
        more = changed(more, variable, year, 1.1, stratum="K15", scenario="baseline")
    again = quantified(more)
    assert total(workbook) == pytest.approx(again.claim_tco2e, rel=1e-9)
    assert total(workbook) != pytest.approx(quantified(monitoring).claim_tco2e, rel=1e-4)


def test_a_salinity_that_falls_changes_the_factor_of_nitrous_oxide_in_the_sheet(tmp_path):
    monitoring = capped()
    workbook = written(quantified(monitoring), tmp_path)
    workbook.change("trace", place_of(workbook, f"salinity A project {FIRST}"), 4.0)
    rows = [
        n
        for n, row in workbook.rows()
        if row["C"] == "Eq 66-68 (factor)" and row["E"] == f"A project {FIRST}"
    ]
    (result,) = [n for n, row in workbook.rows() if n > rows[0] and row["J"] == "live"][:1]
    assert workbook.value("trace", f"G{result}") == 0.000864


def test_the_sheet_names_what_does_not_follow(tmp_path):
    said = written(quantified(BOOK.example()), tmp_path).sheets["trace"]["A3"].value
    # half-widths come from a second pass through the equations: the sheet cannot repeat it
    assert "effect of VM0033 v2.1 Eq 89 (U, biomass)" in said
    assert "stay as they are" in said
    assert "Nothing else" not in said
    exact = project(series("tree_change", "tCO2e/yr", (1.0,) * 3), tree_method__project="change")
    said = written(quantified(exact), tmp_path).sheets["trace"]["A3"].value
    assert said.endswith("Nothing else needs to be touched.")


def test_the_buffer_share_can_be_recomputed_from_the_sub_scores(tmp_path):
    result = quantified(capped())
    steps = {s.equation: s for s in result.trace if "Non-Permanence" in s.document}
    assert {"PM", "FV", "OC", "PL", "LT", "SE", "PC", "NR", "internal", "external"} <= set(steps)
    assert steps["FV"].result == 3.0
    assert steps["overall"].result == 12.0
    assert all(step.formula for step in steps.values())
    risks = [s.scope for s in result.trace if s.equation == "NR (risk)"]
    assert risks == ["fire", "pest", "weather", "geological", "other", "sea_level_rise"]
    workbook = written(result, tmp_path)
    (source,) = {i.source for i in steps["FV"].inputs if "payback_years" in i.source}
    workbook.change("trace", place_of(workbook, source), 25.0)
    (row,) = [n for n, r in workbook.rows() if r["C"] == "overall"]
    (share,) = [n for n, r in workbook.rows() if n > row and r["J"] == "live"][:1]
    assert workbook.value("trace", f"G{share}") == 25.0


def test_sums_of_a_hundred_years_list_their_years():
    result = quantified(capped())
    lost = [s for s in result.trace if s.equation.startswith("Eq 10 (sum)")]
    assert [len(step.inputs) for step in lost] == [100]
    assert lost[0].result == pytest.approx(200.0)
    bound = [s for s in result.trace if s.equation == "Eq 16 (at most)"]
    assert [step.result for step in bound] == [100.0]


def test_a_lag_links_a_stock_to_the_end_of_the_year_before(tmp_path):
    workbook = written(quantified(BOOK.example()), tmp_path)
    source = "tree_stock_per_hectare K15 project: plots and allometry 2016"
    kinds = sorted(row["J"] for _, row in workbook.rows() if row["I"] == source)
    assert kinds == ["input", "same"]
