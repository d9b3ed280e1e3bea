"""Trees, shrubs and herbs of VM0033: every way to give them, harvest and submergence."""

import pytest
from support.vm0033 import FIRST, gross, no_herbs, project, quantified, series

from bluecarbon.methodology.parameters import Parameters
from bluecarbon.methodology.vm0033 import VM0033_V2_1
from bluecarbon.spec import Parameter

C = 44 / 12
STOCKS = (2.0, 5.0, 9.0, 14.0)
BY_HAND = [10 * C * step for step in (3.0, 4.0, 5.0)]


def early(variable, unit, values=STOCKS, **more):
    return series(variable, unit, values, first=FIRST - 1, **more)


@pytest.mark.parametrize(
    ("method", "row"),
    [
        ("stock_per_hectare", early("tree_stock_per_hectare", "tC/ha")),
        (
            "biomass_per_hectare",
            early("tree_biomass_per_hectare", "t/ha", tuple(v / 0.47 for v in STOCKS)),
        ),
        ("stock", early("tree_stock", "tCO2e", tuple(10 * C * v for v in STOCKS))),
        ("change", series("tree_change", "tCO2e/yr", BY_HAND)),
    ],
)
def test_four_ways_to_give_trees_say_the_same(method, row):
    assert gross(project(row, tree_method__project=method)) == pytest.approx(BY_HAND)


def test_a_stratum_that_grows_gains_its_area_too():
    area = series("stratum_area", "ha", (10.0, 10.0, 20.0, 20.0), first=FIRST - 1)
    other = area.model_copy(update={"scenario": "baseline"})
    row = early("tree_stock_per_hectare", "tC/ha", (5.0,) * 4)
    monitoring = project(row, area, other, tree_method__project="stock_per_hectare")
    assert gross(monitoring) == pytest.approx([0.0, C * 5 * 10, 0.0])


def test_baseline_growth_is_taken_off():
    row = series("tree_change", "tCO2e/yr", (30.0,) * 3, scenario="baseline")
    result = quantified(project(row, tree_method__baseline="change"))
    assert [r.baseline_tco2e for r in result.years] == pytest.approx([30.0] * 3)
    assert [r.gross_tco2e for r in result.years] == pytest.approx([-30.0] * 3)


def test_shrubs_by_crown_cover_and_nothing_under_five_percent():
    row = early("shrub_crown_cover", "1", (0.0, 0.04, 0.10, 0.30))
    monitoring = project(row, shrub_method__project="crown_cover")
    given = Parameter(name="forest_biomass", value=80.0, unit="t/ha", source="test")
    parameters = Parameters(VM0033_V2_1.spec.parameters).replaced([given])
    result = VM0033_V2_1.quantify(monitoring, parameters)
    stocks = [0.0, 0.0] + [C * 0.47 * 1.4 * 10 * 0.1 * 80 * cover for cover in (0.10, 0.30)]
    by_hand = [stocks[i + 1] - stocks[i] for i in range(3)]
    assert [r.gross_tco2e for r in result.years] == pytest.approx(by_hand)
    assert result.draft, "a parameter row that nobody verified"


def test_herbs_by_stock_and_by_default_in_the_first_year_only():
    none = {"herb_method__baseline": "stock"}
    rows = (early("herb_stock", "tC/ha", (0.0, 1.0, 2.5, 2.5)), no_herbs())
    stock = project(*rows, herb_method__project="stock", **none)
    assert gross(stock) == pytest.approx([10 * C * 1.0, 10 * C * 1.5, 0.0])
    cover = series("herb_cover", "1", (0.4, 0.4, 0.4))
    default = project(cover, no_herbs(), herb_method__project="default", **none)
    assert gross(default) == pytest.approx([10 * C * 3 * 0.4, 0.0, 0.0])
    # "only for the first year of the project crediting period": what grows later brings nothing
    late = series("herb_cover", "1", (0.0, 0.4, 0.9))
    monitoring = project(late, no_herbs(), herb_method__project="default", **none)
    assert gross(monitoring) == [0.0, 0.0, 0.0]
    assert "herb-cover-late" in {f.code for f in quantified(monitoring).findings}


def test_harvest_counts_at_most_the_long_term_average():
    stocks = (0.0, 30.0, 60.0, 90.0, 0.0)
    row = early("tree_stock", "tCO2e", stocks)
    monitoring = project(row, years=4, tree_method__project="stock", harvest_cycle_years__project=4)
    average = (30 + 60 + 90 + 0) / 4
    limited = [min(stock, average) for stock in stocks]
    by_hand = [limited[i + 1] - limited[i] for i in range(4)]
    assert gross(monitoring) == pytest.approx(by_hand)
    declared = project(
        row, years=4, tree_method__project="stock", harvest_average_tree_tco2e__project=50.0
    )
    assert gross(declared) == pytest.approx([30.0, 20.0, 0.0, -50.0])


def test_submergence_takes_the_above_ground_stock_at_once():
    row = early("tree_stock", "tCO2e", (100.0, 110.0, 120.0, 130.0), scenario="baseline")
    monitoring = project(
        row,
        tree_method__baseline="stock",
        submergence_year__baseline=FIRST + 1,
        aboveground_share__baseline=0.7,
    )
    result = quantified(monitoring)
    # grows by 10, then loses 70 % of the 110 that stood, then nothing is left to change
    assert [r.baseline_tco2e for r in result.years] == pytest.approx([10.0, -77.0, 0.0])


def test_submerged_herbs_are_lost():
    row = series("herb_cover", "1", (0.5, 0.5, 0.5))
    monitoring = project(
        row,
        no_herbs(),
        herb_method__baseline="stock",
        herb_method__project="default",
        submergence_year__project=FIRST + 2,
    )
    assert gross(monitoring) == pytest.approx([10 * C * 1.5, 0.0, -10 * C * 1.5])
