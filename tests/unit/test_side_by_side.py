"""One monitoring file under several rule books: its facts agree, its totals can be recomputed."""

import json
import math
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib import image
from typer.testing import CliRunner

from bluecarbon.cli.comparison_page import WIDTH, comparison_as_text
from bluecarbon.cli.methodology_commands import methodology_app
from bluecarbon.errors import DataError, MethodologyError
from bluecarbon.methodology import loader
from bluecarbon.methodology.comparison import compare
from bluecarbon.methodology.input_files import MethodologyInput, parameters_for, read_input

FOLDER = Path(__file__).parents[2] / "fixtures" / "side_by_side"
FILE = FOLDER / "monitoring.json"
AR, VM, IPCC = "ar-am0014@3.0", "vm0033@2.1", "ipcc-wetlands@2013"
GUANGDONG, CCER = "guangdong-phcer-mangrove@draft", "ccer-14-002@1"
BOOKS = (AR, VM, IPCC, GUANGDONG)
CO2E = 44 / 12
AREAS = {"K15": 42.0, "S17": 28.0}
PLANTED = {"K15": 2015, "S17": 2017}
YEARS = range(2015, 2025)


@pytest.fixture(scope="module")
def facts():
    return json.loads(FILE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def given():
    return read_input(FILE)


def quantified(given, name, *, draft=False):
    book = loader.get(name)
    if draft:
        stated = {**given.declarations, "draft": True}
        given = given.model_copy(update={"declarations": stated})
    return book.quantify(given, parameters_for(book, given))


@pytest.fixture(scope="module")
def comparison(given):
    variables = {row.variable for row in (*given.measurements, *given.series)}
    return compare([quantified(given, name) for name in BOOKS], variables)


def series(facts, variable, stratum):
    (row,) = (
        row
        for row in facts["series"]
        if (row["variable"], row["stratum"], row.get("scenario", "project"))
        == (variable, stratum, "project")
    )
    return row["values"]


def measured(facts, variable, stratum, date="2024-12-31"):
    return [
        row["value"]
        for row in facts["measurements"]
        if (row["variable"], row["stratum"], row["date"]) == (variable, stratum, date)
    ]


def soil_tc_ha_yr(facts, stratum):
    """Bulk density x organic carbon x accretion, 10 m3 for a millimetre on a hectare."""
    names = ("sediment_bulk_density", "sediment_organic_carbon", "accretion_rate")
    density, percent, accretion = (measured(facts, name, stratum)[0] for name in names)
    return density * percent / 100 * accretion * 10


def tree_biomass_t_ha(facts, stratum):
    """Plots above and below ground by the equation of AR-TOOL14 v4.2 Appendix 1."""
    plots = measured(facts, "tree_agb", stratum)
    return [b + math.exp(-1.085 + 0.9256 * math.log(b)) for b in plots]


def test_the_file_is_made_again_byte_for_byte(tmp_path):
    command = [sys.executable, FOLDER / "generate.py", "--out", tmp_path]
    subprocess.run(command, check=True)
    assert (tmp_path / "monitoring.json").read_bytes() == FILE.read_bytes()


@pytest.mark.parametrize("stratum", AREAS)
def test_the_facts_of_the_rule_books_agree(facts, stratum):
    plots = measured(facts, "tree_agb", stratum)
    assert statistics.fmean(plots) == pytest.approx(series(facts, "tree_agb", stratum)[-1])
    whole = series(facts, "tree_biomass_per_hectare", stratum)
    assert statistics.fmean(tree_biomass_t_ha(facts, stratum)) == pytest.approx(whole[-1])
    assert not any(measured(facts, "tree_agb", stratum, "2014-12-31"))
    assert series(facts, "tree_agb", stratum)[0] == whole[0] == 0
    grown = [AREAS[stratum] if year >= PLANTED[stratum] else 0.0 for year in YEARS]
    assert series(facts, "mangrove_area", stratum)[1:] == grown
    assert series(facts, "growing_area", stratum) == grown
    assert series(facts, "rewetted_area", stratum) == grown
    steps = np.diff(series(facts, "soil_carbon_stock", stratum))
    assert steps[np.array(grown) > 0] == pytest.approx(soil_tc_ha_yr(facts, stratum))
    assert not steps[np.array(grown) == 0].any()
    assert measured(facts, "mangrove_area", stratum) == [AREAS[stratum]]


def test_ar_am0014_by_hand(facts, comparison):
    plots = {i: tree_biomass_t_ha(facts, i) for i in AREAS}
    total = sum(area * statistics.fmean(plots[i]) for i, area in AREAS.items())
    variance = sum(a**2 * statistics.variance(plots[i]) / 6 for i, a in AREAS.items())
    # Student's t of a printed table: 10 degrees of freedom, 90 % two-sided, four digits.
    uncertainty = 1.8125 * math.sqrt(variance) / total
    assert 0.10 < uncertainty <= 0.15
    # The stock dates are a day of 365.25 days further apart than ten calendar years.
    trees = CO2E * 0.47 * total * 10 / (3653 / 365.25)
    soil = CO2E * 0.50 * (42 * 10 + 28 * 8)
    values = {name: comparison.term(name).values_tco2e[AR] for name in ("biomass", "soil", "net")}
    assert values["biomass"] == pytest.approx(trees)
    assert values["soil"] == pytest.approx(soil)
    assert values["net"] == pytest.approx(trees * (1 - 0.25 * uncertainty) + soil, rel=1e-5)


def test_vm0033_by_hand(facts, comparison):
    biomass = soil = 0.0
    for stratum, area in AREAS.items():
        trees = series(facts, "tree_biomass_per_hectare", stratum)
        stock = series(facts, "soil_carbon_stock", stratum)
        biomass += CO2E * 0.47 * area * (trees[-1] - trees[0])
        soil += CO2E * area * (stock[-1] - stock[0]) * (1 - 0.30)
    methane, nitrous_oxide = 70 * 10 * 0.011 * 28, 70 * 10 * 0.000487 * 265
    buffer = 0.15 * (biomass + soil)
    assert comparison.term("soil").values_tco2e[VM] == pytest.approx(soil)
    assert comparison.term("buffer").values_tco2e[VM] == pytest.approx(buffer)
    net = biomass + soil - methane - nitrous_oxide - buffer
    assert comparison.term("net").values_tco2e[VM] == pytest.approx(net)


def test_ipcc_by_hand(facts, comparison):
    growth = soil = 0.0
    for stratum in AREAS:
        areas = series(facts, "rewetted_area", stratum)
        shares = series(facts, "revegetated_share", stratum)
        growth += CO2E * 0.451 * (1 + 0.49) * 9.9 * sum(areas)
        soil += CO2E * 1.62 * sum(a * v for a, v in zip(areas, shares, strict=True))
    assert comparison.term("net").values_tco2e[IPCC] == pytest.approx(growth + soil)


def test_guangdong_by_hand(facts, comparison):
    plants = sediment = 0.0
    for stratum, area in AREAS.items():
        plants += CO2E * 0.45 * (1 + 0.28) * area * series(facts, "tree_agb", stratum)[-1]
        years = 2025 - PLANTED[stratum]
        sediment += CO2E * area * years * soil_tc_ha_yr(facts, stratum) * (1 - 0.30)
    net = (plants + sediment) * (1 - 0.05) * (1 - 0.10)
    assert comparison.term("net").values_tco2e[GUANGDONG] == pytest.approx(net)


def test_one_soil_under_two_rules_gives_one_number(comparison):
    soil = comparison.term("soil").values_tco2e
    assert soil[VM] == pytest.approx(soil[GUANGDONG])


def test_ccer_computes_as_a_draft_only(given):
    with pytest.raises(MethodologyError, match=r"carbon_fraction_tree.* nobody has read"):
        quantified(given, CCER)
    assert quantified(given, CCER, draft=True).draft


def test_rows_of_one_rule_book_touch_no_other(given):
    fractions = {
        name: [r.value for r in quantified(given, name).parameters if "carbon_fraction" in r.name]
        for name in BOOKS
    }
    assert fractions == {AR: [0.47], VM: [0.47], IPCC: [0.451], GUANGDONG: [0.45]}
    assert not quantified(given, AR).draft
    assert not quantified(given, VM).draft


def test_a_row_that_its_rule_book_does_not_know_is_refused(given):
    (row, *_) = given.parameters
    misspelt = row.model_copy(update={"name": f"{GUANGDONG}:carbon_fractoin"})
    wrong = MethodologyInput(**{**given.model_dump(), "parameters": (misspelt,)})
    with pytest.raises(DataError) as refusal:
        parameters_for(loader.get(GUANGDONG), wrong)
    assert [finding.code for finding in refusal.value.findings] == ["parameter-unknown"]
    assert parameters_for(loader.get(AR), wrong)


@pytest.mark.parametrize(
    ("term", "book", "said"),
    [
        ("soil", AR, "AR-AM0014 v3.0 Eq 4 with soc_accumulation_tc_ha_yr 0.5 tC/ha/yr"),
        ("soil", VM, "VM0033 v2.1 Eq 36 with soil_carbon_stock 0 to 13 tC/ha"),
        ("soil", VM, "Eq 38 with allochthonous_share 30 percent"),
        ("soil", IPCC, "section 4.2.3 with revegetated_share 0 to 1, ef_rewetting -1.62 tC/ha/yr"),
        ("soil", GUANGDONG, "accretion_rate 6.5 to 11 mm/yr, allochthonous_share 0.3"),
        ("biomass", AR, "Eq 12 with carbon_fraction_tree 0.47 tC/t"),
        ("biomass", IPCC, "agb_growth_tropical_wet 9.9 t/ha/yr, root_shoot_tropical_wet 0.49"),
        ("CH4", VM, "Eq 60 with ch4_over_18ppt 0.011 t/ha/yr"),
        ("CH4", AR, "has no such term"),
        ("N2O", IPCC, "section 4.3.2, not evaluated: no data call for it"),
        ("uncertainty_deduction", AR, "Appendix 2 with uncertainty 0.109, share 0.25"),
        ("uncertainty_deduction", VM, "allowable_percent 20 percent"),
        ("uncertainty_deduction", GUANGDONG, "deduction with share 0.05"),
        ("buffer", VM, "Eq 94 with buffer_percent 15 percent"),
        ("buffer", GUANGDONG, "deduction with share 0.1"),
        ("buffer", IPCC, "has no such term"),
    ],
)
def test_each_side_of_a_difference_names_its_equation(comparison, term, book, said):
    row = comparison.term(term)
    assert said in row.because[book]
    assert said in row.cause


def test_a_cause_stands_where_there_is_a_difference_and_nowhere_else(comparison):
    for row in comparison.terms:
        assert bool(row.cause) == (row.spread_tco2e > 0.05), row.term
    assert comparison.term("leakage").cause == ""


def test_rows_above_add_up_to_the_difference_in_net(comparison):
    net = comparison.term("net")
    assert net.cause.startswith(f"net: {IPCC} is 9,595.7 above {VM}: biomass +5,862.0")
    told = net.cause.partition(": biomass ")[2].partition(" (")[0]
    parts = [float(part.split()[-1].replace(",", "")) for part in told.split(", ")]
    # Five parts, each rounded to a tenth.
    assert sum(parts) == pytest.approx(net.spread_tco2e, abs=0.25)
    assert [year.driver for year in comparison.years] == ["biomass"] * 10


def test_the_page_fits_a_terminal_and_has_every_row(comparison):
    page = comparison_as_text(comparison)
    assert max(map(len, page.splitlines())) <= WIDTH == 120
    rows = {line.partition("  ")[0]: line for line in page.splitlines()}
    assert rows["soil"].split()[1:] == ["1,180.7", "1,936.5", "3,596.7", "1,936.5", "2,416.0"]
    assert rows["CH4"].split()[1] == "-"
    for name in ("biomass", "uncertainty deduction", "buffer", "net", "2015", "2024"):
        assert len(rows[name].split()) >= 6
    assert page.count("DRAFT") == 2
    assert "zero under every rule book: baseline removals, burning" in page


def test_a_rule_book_beside_itself_differs_in_nothing(given):
    twice = compare([quantified(given, AR), quantified(given, AR)])
    assert twice.methodologies == (AR,)
    assert "nothing differs" in comparison_as_text(twice)


def test_the_command_draws_what_it_prints(tmp_path):
    chart = tmp_path / "compare.png"
    asked = ["compare", str(FILE), "--methodologies", ",".join((*BOOKS, CCER)), "--draft"]
    done = CliRunner().invoke(methodology_app, [*asked, "--chart", str(chart)])
    assert done.exit_code == 0, done.output
    assert max(map(len, done.stdout.splitlines())) <= 120
    picture = image.imread(chart)[..., :3]
    height, width, _ = picture.shape
    assert width > 1000
    assert height > 500
    # Green, sand: the biomass and soil of five bars; both fill a good part of the left panel.
    for colour in ((0x11, 0x77, 0x33), (0xDD, 0xCC, 0x77)):
        near = np.abs(picture[:, : width // 2] * 255 - colour).max(axis=-1) < 2
        assert near.mean() > 0.01


def test_the_documentation_shows_what_is_printed(comparison):
    text = (FOLDER.parents[1] / "docs" / "methodologies.md").read_text(encoding="utf-8")
    shown = text.partition("## Side by side")[2].partition("```text\n")[2].partition("```")[0]
    printed = set(comparison_as_text(comparison).splitlines())
    lines = [line for line in shown.splitlines() if line != "..."]
    assert len(lines) > 15
    assert [line for line in lines if line not in printed] == []


def test_json_has_the_causes():
    asked = ["compare", str(FILE), "--methodologies", f"{AR},{VM}", "--json"]
    page = json.loads(CliRunner().invoke(methodology_app, asked).stdout)
    soil = next(term for term in page["terms"] if term["term"] == "soil")
    assert set(soil["because"]) == {AR, VM}
    assert "against vm0033@2.1 by VM0033 v2.1 Eq 36" in soil["cause"]
