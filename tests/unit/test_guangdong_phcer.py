"""guangdong-phcer-mangrove@draft, a proposal, against plain arithmetic."""

import math

import pytest

from bluecarbon.errors import MethodologyError
from bluecarbon.methodology.guangdong_phcer_mangrove import (
    GUANGDONG_PHCER_MANGROVE_DRAFT as BOOK,
)
from bluecarbon.methodology.guangdong_phcer_mangrove import sediment_tco2e
from bluecarbon.methodology.monte_carlo import simulate
from bluecarbon.methodology.parameters import Parameters
from bluecarbon.spec import errors_in

EMPTY = Parameters(BOOK.spec.parameters)
ROWS = EMPTY.replaced(BOOK.example_parameters())
CO2 = 44 / 12


@pytest.fixture
def monitoring():
    return BOOK.example()


def codes(monitoring):
    return {f.code for f in errors_in(BOOK.check(monitoring))}


def measured(monitoring, name, /, **changes):
    rows = tuple(
        m.model_copy(update=changes) if m.variable == name else m for m in monitoring.measurements
    )
    return monitoring.model_copy(update={"measurements": rows})


def by_hand():
    """Net of the example's two vintages with its invented values."""
    stocks = {"A": (25 * 20.0, 25 * 28.0, 25 * 35.0), "B": (0.0, 10 * 1.5, 12 * 5.0)}
    areas = {"A": (25.0, 25.0, 25.0), "B": (0.0, 10.0, 12.0)}
    burial = {"A": 0.9 * 0.018 * 6.0 * 10, "B": 0.7 * 0.025 * 9.0 * 10}  # t/ha/yr
    found = []
    for year in (1, 2):
        plants = sum(CO2 * 0.45 * 1.3 * (s[year] - s[year - 1]) for s in stocks.values())
        sediment = sum(CO2 * areas[s][year] * burial[s] * (1 - 0.4) for s in areas)
        gross = plants + sediment - 0.1 * sum(a[year] for a in areas.values())
        found.append(gross * 0.95 * 0.9)
    return found


def test_example_as_computed_by_hand(monitoring):
    result = BOOK.quantify(monitoring, ROWS)
    assert [y.net_tco2e for y in result.years] == pytest.approx(by_hand(), rel=1e-12)
    # what may be issued includes the buffer's share
    assert result.claim_tco2e == pytest.approx(sum(by_hand()) / 0.9)
    for year in result.years:
        assert sum(year.pools_tco2e.values()) == pytest.approx(year.gross_tco2e)


def test_sediment_of_one_hectare():
    # 1 g/cm3 x 1 mm on 1 ha is 10 t; 2 % carbon 0.2 tC
    assert sediment_tco2e(
        1.0, 1.0, 0.02, accretion_mm_yr=1.0, allochthonous_share=0.0
    ) == pytest.approx(0.2 * CO2)
    assert sediment_tco2e(1.0, 1.0, 0.02, accretion_mm_yr=1.0, allochthonous_share=1.0) == 0.0


def test_it_is_a_proposal_everywhere(monitoring):
    read = Parameters(row.model_copy(update={"status": "verified"}) for row in ROWS)
    result = BOOK.quantify(monitoring, read)
    assert result.draft
    assert BOOK.spec.title.startswith("PROPOSAL")
    assert "提案" in BOOK.spec.title_zh
    assert all("PROPOSAL" in o.equation for o in result.outputs)
    assert "proposal" in {f.code for f in result.findings}


def test_no_row_has_a_default_and_all_are_named(monitoring):
    assert all(row.value is None for row in EMPTY)
    with pytest.raises(MethodologyError) as refusal:
        BOOK.quantify(monitoring, EMPTY)
    assert all(row.name in str(refusal.value) for row in EMPTY)


def test_units_of_the_user_give_the_same_answer(monitoring):
    other = measured(monitoring, "accretion_rate", unit="cm/yr", standard_error=None)
    rows = tuple(
        m.model_copy(update={"value": m.value / 10}) if m.variable == "accretion_rate" else m
        for m in other.measurements
    )
    other = other.model_copy(update={"measurements": rows})
    rows = tuple(
        m.model_copy(update={"value": 100 * m.value, "unit": "%"})
        if m.variable == "sediment_organic_carbon"
        else m
        for m in other.measurements
    )
    other = other.model_copy(update={"measurements": rows})
    assert BOOK.quantify(other, ROWS).claim_tco2e == pytest.approx(
        BOOK.quantify(monitoring, ROWS).claim_tco2e, rel=1e-12
    )


@pytest.mark.parametrize(
    ("name", "changes", "code"),
    [
        ("accretion_rate", {"unit": "mm"}, "unit-wrong"),
        ("accretion_rate", {"value": math.nan}, "measurement-not-finite"),
        ("accretion_rate", {"value": -1.0}, "measurement-wrong"),
        # percent given as a fraction
        ("sediment_organic_carbon", {"value": 1.8}, "measurement-wrong"),
        ("sediment_bulk_density", {"sample": "core 1"}, "measurement-missing"),
    ],
)
def test_defects_of_sediment_data(monitoring, name, changes, code):
    assert codes(measured(monitoring, name, **changes)) == {code}


def test_conditions_and_missing_series(monitoring):
    for name, value in (("site_is_in_guangdong", False), ("registered_elsewhere", True)):
        declared = {**monitoring.declarations, name: value}
        assert codes(monitoring.model_copy(update={"declarations": declared})) == {
            "methodology-not-applicable"
        }
    assert codes(monitoring.model_copy(update={"series": ()})) == {"series-missing"}
    assert "stratum-missing" in codes(monitoring.model_copy(update={"strata": ()}))


def test_a_loss_keeps_its_size(monitoring):
    rows = tuple(
        s.model_copy(update={"values": tuple(reversed(s.values))}) for s in monitoring.series
    )
    lost = BOOK.quantify(monitoring.model_copy(update={"series": rows}), ROWS)
    assert lost.years[0].gross_tco2e < 0
    assert lost.years[0].net_tco2e == lost.years[0].gross_tco2e


def test_twice_the_area_is_twice_the_claim(monitoring):
    rows = tuple(
        s.model_copy(update={"values": tuple(2 * v for v in s.values)})
        if s.variable == "mangrove_area"
        else s
        for s in monitoring.series
    )
    double = BOOK.quantify(monitoring.model_copy(update={"series": rows}), ROWS)
    assert double.claim_tco2e == pytest.approx(2 * BOOK.quantify(monitoring, ROWS).claim_tco2e)


def test_monte_carlo_draws_the_sediment(monitoring):
    total = {s.name: s for s in simulate(BOOK, monitoring, ROWS, draws=4000, seed=3)}["claim"]
    claim = BOOK.quantify(monitoring, ROWS).claim_tco2e
    assert total.mean == pytest.approx(claim, abs=5 * total.standard_deviation / 4000**0.5)
    # three independent errors of 10 % on each stratum's sediment; products add a little
    sediment = {
        "A": 0.95 * CO2 * 0.6 * 0.9 * 0.018 * 60 * 50,
        "B": 0.95 * CO2 * 0.6 * 0.7 * 0.025 * 90 * 22,
    }
    relative = (1.01**3 - 1) ** 0.5
    expected = math.hypot(*(relative * s for s in sediment.values()))
    assert total.standard_deviation == pytest.approx(expected, rel=0.05)
