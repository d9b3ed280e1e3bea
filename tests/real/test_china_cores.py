"""Soil cores of the Coastal Carbon Network and the Chinese layers compiled by Sanderman 2018.

Raw rows to tC/ha, and every trap of the data found and named. The counts are those of the two
files themselves. Two notes of whoever selected the data count otherwise: of 49 bulk densities of 0
or above 2 g/cm3 there are 7 in the file, and of 125 layers that are there twice 45 (same study,
core and depths; 41 of their rows have no depths at all but representative ones).
"""

import pytest
from support.field_sheets import by_code

from bluecarbon.mrv.core_sheets import read_core_sheet
from bluecarbon.mrv.soil_accumulation import core_rates
from bluecarbon.mrv.soil_profiles import ProfileOptions, evaluate_profiles
from bluecarbon.mrv.soil_regressions import regressions_of

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def network(real_data):
    folder = real_data / "soil_cores_ccn"
    return read_core_sheet(folder / "depthseries.csv.gz", core_table=folder / "cores.csv")


@pytest.fixture(scope="module")
def chinese(real_data):
    path = real_data / "soil_cores_ccn" / "china_layers_sanderman_ocd.csv"
    return read_core_sheet(path, corrections={"core_id": "SOURCEID"})


def rejected(sheet, code):
    return sheet.rejects.loc[sheet.rejects["code"] == code, "line"].nunique()


def test_the_columns_of_the_network_are_known(network):
    mapping = network[0].mapping
    assert mapping.column("organic_carbon_percent").header == "fraction_carbon"
    assert mapping.column("organic_carbon_percent").factor == 100.0
    assert mapping.column("bulk_density_g_cm3").header == "dry_bulk_density"


def test_every_trap_of_the_network_is_named(network):
    sheet, findings = network
    codes = by_code(findings)
    assert rejected(sheet, "carbon-percent-wrong") == 3  # negative
    assert len(codes["carbon-percent-high"]) == 2  # above 55 %
    assert rejected(sheet, "bulk-density-wrong") == 1  # zero
    assert len(codes["bulk-density-high"]) == 6  # above 2, up to 2.49
    assert rejected(sheet, "depth-reversed") == 12
    assert rejected(sheet, "bulk-density-missing") == 2394
    assert rejected(sheet, "carbon-missing") == 474
    assert rejected(sheet, "carbon-above-matter") == 27
    message = codes["rows-left-out"][0].message
    assert message.startswith(f"{16700 - len(sheet.rows)} of 16700 rows are left out")
    assert len(sheet.rows) + sheet.rejects["line"].nunique() == 16700


def test_layers_that_are_there_twice(network):
    # Most rows of the 45 lack depths; with their representative depths they are other layers.
    sheet, _ = network
    assert rejected(sheet, "slice-contradiction") == 32
    assert rejected(sheet, "slice-twice") == 0
    assert rejected(sheet, "slices-overlap") == 8


@pytest.mark.parametrize("which", ["network", "chinese"])
def test_the_cores_of_shankou_that_lie_at_mai_po(which, request):
    _, findings = request.getfixturevalue(which)
    named = [f for f in by_code(findings)["position-not-at-place"] if "Shankou" in f.message]
    assert len(named) == 1
    assert "454 km away" in named[0].message
    assert "0 km from Mai Po" in named[0].message


def test_strict_reading_stops(real_data):
    sheet, findings = read_core_sheet(
        real_data / "soil_cores_ccn" / "depthseries.csv.gz", strict=True
    )
    assert sheet is None
    assert any(f.severity == "error" and f.code == "rows-left-out" for f in findings)


def test_chinese_cores_of_the_network_to_one_metre(network):
    """Mao et al. 2011: 18.94*2.656 + 19.12*2.119 + ... tC/ha, worked from its ten printed rows."""
    sheet, _ = network
    rows = sheet.rows[sheet.rows["country"] == "China"]
    assert (len(rows), rows["core_id"].nunique()) == (31, 15)
    result, findings = evaluate_profiles(rows, ProfileOptions(conversion="van-bemmelen"))
    cores = result.cores.set_index("core_id")
    density = [0.947, 0.956, 0.972, 0.995, 1.076]
    carbon = [2.656, 2.119, 1.567, 1.409, 0.583]
    by_hand = sum(20.0 * d * c for d, c in zip(density, carbon, strict=True))
    assert cores.loc["M0480", "soil_tc_ha"] == pytest.approx(by_hand, rel=1e-12)
    assert cores.loc["M0481", "soil_tc_ha"] == pytest.approx(143.175, abs=0.001)
    # three of the seven layers of M0389 have a bulk density: the rest is shared out and said
    assert cores.loc["M0389", "soil_tc_ha"] == pytest.approx(214.90, abs=0.01)
    assert "M0389" in by_code(findings)["slices-gap"][0].message
    assert set(result.rejects["code"]) == {"core-too-short", "core-gap-wide"}


def test_each_chinese_layer_stands_there_for_three_depths(chinese):
    sheet, _ = chinese
    assert rejected(sheet, "slice-twice") == 176
    assert (len(sheet.rows), sheet.rows["core_id"].nunique()) == (151, 101)


def test_carbon_that_is_printed_as_none_beside_a_density_of_carbon(chinese):
    """The 27 cores of Liu et al. 2014: bulk density 1620 kg/m3 and carbon 0 are placeholders."""
    _, findings = chinese
    found = by_code(findings)["carbon-density-disagrees"]
    assert len(found) == 21  # twenty by themselves and one that counts the other seven
    assert "is not bulk density 1.62 x carbon 0 %" in found[0].message
    assert "7 more rows" in found[-1].message


def test_chinese_layers_to_one_metre(chinese):
    """The printed carbon density, kg/m3 over one metre, is ten times as many tC/ha."""
    sheet, _ = chinese
    result, _ = evaluate_profiles(sheet.rows)
    stock = result.cores.set_index("core_id")["soil_tc_ha"]
    assert len(stock) == 34
    assert stock["HL14 Gaogiao 3"] == pytest.approx(110.0)
    assert stock["HL14 Qinglan Harbor 1"] == pytest.approx(490.0)
    # 20 cm of 25, 20, 15, 14 and 6 kg/m3
    assert stock["LZM11 Shenzhen 1"] == pytest.approx(160.0)
    assert stock.mean() == pytest.approx(221.6, abs=0.05)
    assert rejected(result, "core-too-short") == 79


def test_two_compilations_of_one_core_agree_to_their_rounding(network, chinese):
    """Mao's core is 161.87 tC/ha in the network and 160 in Sanderman's whole kg/m3 (1.2 % off)."""
    rows = network[0].rows
    mine, _ = evaluate_profiles(rows[rows["core_id"] == "M0480"])
    other, _ = evaluate_profiles(chinese[0].rows.query("core_id == 'LZM11 Shenzhen 1'"))
    half_a_digit = 0.5 * 10.0  # 0.5 kg/m3 over a metre
    difference = mine.cores["soil_tc_ha"].item() - other.cores["soil_tc_ha"].item()
    assert abs(difference) <= half_a_digit


def test_chinese_topsoil(chinese):
    sheet, _ = chinese
    result, _ = evaluate_profiles(sheet.rows, ProfileOptions(reference_depth_cm=15.0))
    assert len(result.cores) == 69
    assert rejected(result, "core-too-short") == 32  # the cores of one centimetre


def test_the_choice_of_a_conversion_nearly_doubles_a_stock(network):
    """170 cores whose carbon is known as organic matter only, to one metre."""
    rows = network[0].rows
    means = {}
    for name in ("two-piece-mangrove", "vm0033-mangrove", "van-bemmelen"):
        options = ProfileOptions(conversion=name, low_matter="keep")
        result, _ = evaluate_profiles(rows, options)
        converted = result.slices.loc[result.slices["carbon_from"] == name, "core_id"].unique()
        cores = result.cores[result.cores["core_id"].isin(converted)]
        means[name] = cores["soil_tc_ha"].mean()
        assert len(cores) == 170
    assert means == pytest.approx(
        {"two-piece-mangrove": 110.65, "vm0033-mangrove": 197.23, "van-bemmelen": 161.29}, abs=0.01
    )


def test_regressions_of_the_studies_themselves(network):
    """Five studies measured both; all their lines are usable, and so is the one of all samples."""
    lines = regressions_of(network[0].rows, "study_id")
    assert len(lines) == 5
    assert all(line.r2 > 0.85 for line in lines.values())
    every = regressions_of(network[0].rows.assign(all="all"), "all")["all"]
    assert (every.n, round(every.r2, 2), round(every.slope, 2)) == (1938, 0.88, 1.30)


def test_ages_of_dated_cores_turn_round(network):
    """Costa et al. 2023: radiocarbon ages of mixed soil; a core whose ages turn gives no rate."""
    sheet, _ = network
    dated = sheet.rows[sheet.rows["age_years"].notna()]["core_id"].unique()
    result, _ = evaluate_profiles(sheet.rows[sheet.rows["core_id"].isin(dated)])
    rates, findings = core_rates(result.slices)
    turned = {f.message.split("'")[1] for f in by_code(findings)["age-reversed"]}
    assert "Baja-San Jose (SJ)-II" in turned
    assert not turned & set(rates["core_id"])
    assert (rates["accretion_cm_yr"] > 0).all()
