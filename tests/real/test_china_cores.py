"""Soil cores of the Coastal Carbon Network and the Chinese layers compiled by Sanderman 2018.

Raw rows to tC/ha, and every trap of the data found and named. The counts are those of the two
files themselves. Two notes of whoever selected the data count otherwise: of 49 bulk densities of 0
or above 2 g/cm3 there are 7 in the file, and of 125 layers that are there twice 45 (same study,
core and depths; 41 of their rows have no depths at all but representative ones).
"""

import pandas as pd
import pytest
from support.demo import bluecarbon
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
    options = ProfileOptions(conversion="van-bemmelen", rejected_slices="fill")
    result, findings = evaluate_profiles(rows, options, left_out=sheet.left_out)
    cores = result.cores.set_index("core_id")
    density = [0.947, 0.956, 0.972, 0.995, 1.076]
    carbon = [2.656, 2.119, 1.567, 1.409, 0.583]
    by_hand = sum(20.0 * d * c for d, c in zip(density, carbon, strict=True))
    assert cores.loc["M0480", "soil_tc_ha"] == pytest.approx(by_hand, rel=1e-12)
    assert cores.loc["M0481", "soil_tc_ha"] == pytest.approx(143.175, abs=0.001)
    # three of the seven layers of M0389 have a bulk density: filled when asked for, at an error
    assert cores.loc["M0389", "soil_tc_ha"] == pytest.approx(214.90, abs=0.01)
    assert cores.loc["M0389", "how"].startswith("filled, ")
    assert cores.loc["M0389", "standard_error"] > 30
    assert "M0389" in by_code(findings)["slices-filled"][0].message
    assert cores.loc["M0480", "how"] == "measured"
    assert set(result.rejects["code"]) == {"core-too-short", "core-gap-wide"}
    strict = ProfileOptions(conversion="van-bemmelen")
    result, _ = evaluate_profiles(rows, strict, left_out=sheet.left_out)
    assert sorted(result.cores["core_id"]) == ["M0480", "M0481"]
    out = result.rejects[result.rejects["code"] == "core-slice-rejected"]
    assert "M0389" in set(out["core_id"])


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


# Each trap that the notes of the data name, and the finding that names it here: code, which file,
# how many rows. See the docstring above where the notes count otherwise.
TRAPS = {
    "negative carbon": ("carbon-percent-wrong", "network", 3),
    "carbon above 55 %": ("carbon-percent-high", "network", 2),
    "no bulk density at all (0)": ("bulk-density-wrong", "network", 1),
    "bulk density above 2": ("bulk-density-high", "network", 6),
    "lower depth above the upper one": ("depth-reversed", "network", 12),
    "layers that are there twice": ("slice-contradiction", "network", 32),
    "layers without bulk density": ("bulk-density-missing", "network", 2394),
    "each layer three times": ("slice-twice", "chinese", 176),
    "Shankou at the place of Mai Po": ("position-not-at-place", "chinese", 9),
}


@pytest.mark.parametrize("trap", TRAPS)
def test_each_trap_has_its_finding(trap, request):
    code, which, count = TRAPS[trap]
    sheet, findings = request.getfixturevalue(which)
    found = by_code(findings)[code]
    if sheet is not None and code in set(sheet.rejects["code"]):
        assert rejected(sheet, code) == count
    elif code == "position-not-at-place":
        assert f"({count} rows)" in found[0].subject
    else:
        assert len(found) == count


def test_chinese_cores_from_raw_rows_by_the_command(real_data, tmp_path):
    """121 of the 152 Chinese rows of the network lack a bulk density, and 27 carbon: 2 cores.

    Of a third, M0389, four of seven layers have none: it is no measured core.
    """
    folder = real_data / "soil_cores_ccn"
    done = bluecarbon(
        "mrv", "cores", folder / "depthseries.csv.gz", "--core-table", folder / "cores.csv",
        "--only", "country=China", "--conversion", "van-bemmelen", "--out", tmp_path / "out",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "142 of 152 rows are left out" in done.stderr
    assert "M0260, M0261, M0262 are named after Shankou" in done.stderr
    table = pd.read_csv(tmp_path / "out" / "cores.csv").set_index("core_id")["soil_tc_ha"]
    assert table.to_dict() == pytest.approx({"M0480": 161.86766, "M0481": 143.17496}, abs=1e-4)
    means = pd.read_csv(tmp_path / "out" / "means.csv").set_index("name")
    assert means.loc["all cores", "mean_tc_ha"] == pytest.approx(152.521, abs=0.001)
    assert means.loc["all cores", "standard_error_tc_ha"] == pytest.approx(9.346, abs=0.001)
    assert len(pd.read_csv(tmp_path / "out" / "rejected_rows.csv")["line"].unique()) == 142


def test_columns_of_carbon_and_of_matter_are_told_apart(network, real_data):
    """By the density: two studies of 55 look like matter; of matter read as carbon 7 of 10."""
    named = {f.message.split(" fits")[0] for f in by_code(network[1])["matter-as-carbon"]}
    assert named == {
        "organic carbon of MacKenzie_et_al_2021", "organic carbon of Sanders_et_al_2014",
    }  # fmt: skip
    as_carbon = {"organic_carbon_percent": ("fraction_organic_matter", "1"),
                 "organic_matter_percent": ""}  # fmt: skip
    path = real_data / "soil_cores_ccn" / "depthseries.csv.gz"
    _, findings = read_core_sheet(path, corrections=as_carbon)
    assert len(by_code(findings)["matter-as-carbon"]) == 7
