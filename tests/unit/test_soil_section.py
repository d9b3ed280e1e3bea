"""``[soil]``: any layout, corrections, conversion, compaction, rates, markers, several sheets."""

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from support.field_sheets import CORES, by_code, field_project

from bluecarbon.mrv.core_sheets import read_core_frame
from bluecarbon.mrv.marker_horizons import read_markers
from bluecarbon.mrv.pooled_cores import means_of, pooled, rejected_of
from bluecarbon.mrv.soil_cores import CoreSource, measure_cores, measure_soil
from bluecarbon.mrv.soil_mixing import mixed_bulk_density_g_cm3
from bluecarbon.mrv.soil_profiles import ProfileOptions
from bluecarbon.spec import errors_in

CHINESE = """样地号,碳层,柱样号,经度,纬度,采样日期,土层(cm),容重(kg/m3),有机质(%),压缩率(%)
P1,A,甲,109°45.0'E,21°33.0'N,2024年12月2日,0-24,1000,10,20
P1,A,甲,109°45.0'E,21°33.0'N,2024年12月2日,24-48,1000,10,20
P1,A,甲,109°45.0'E,21°33.0'N,2024年12月2日,48-80,1000,10,20
P2,A,乙,109°45.6'E,21°33.0'N,2024/12/2,0-50,800,20,
P2,A,乙,109°45.6'E,21°33.0'N,2024/12/2,50-100,800,20,
"""
CONVERSION = {"conversion": {"name": "van-bemmelen"}}


def measured(folder, cores, **soil):
    return measure_soil(field_project(folder, cores=cores, soil=soil), ("A", "B"))


def test_a_chinese_sheet_to_stocks_by_hand(tmp_path):
    result, findings = measured(tmp_path, CHINESE, **CONVERSION)
    assert errors_in(findings) == ()
    # 80 cm that stood for 100: 1.0 x 0.058 x 80 cm; 0.8 x 0.116 x 100 cm, in tC/ha
    assert result.cores["soil_tc_ha"].tolist() == pytest.approx([928.0, 464.0])
    assert result.cores.set_index("core_id").loc["甲", "how"] == "measured"
    assert result.slices["bulk_density_g_cm3"].tolist()[-1] == pytest.approx(0.8)
    assert result.plots["plot_id"].tolist() == ["P1", "P2"]
    row = result.strata.iloc[0]
    assert (row["n"], row["of"], row["mean_tc_ha"]) == (2, "plots", pytest.approx(696.0))
    assert row["standard_error_tc_ha"] == pytest.approx(232.0)


def test_depth_alone_makes_carbon_of_nothing_and_is_said(tmp_path):
    both, _ = measured(tmp_path, CHINESE, **CONVERSION)
    alone, findings = measured(tmp_path, CHINESE, compaction="depth only", **CONVERSION)
    stock = [r.cores.set_index("core_id").loc["甲", "soil_tc_ha"] for r in (both, alone)]
    assert stock[1] / stock[0] == pytest.approx(1.25)
    assert by_code(findings)["compaction-depth-only"]


def test_a_conversion_is_chosen_or_nothing_is_converted(tmp_path):
    result, findings = measured(tmp_path, CHINESE)
    assert result is None
    assert len(by_code(errors_in(findings))["conversion-needed"]) == 5
    result, findings = measured(tmp_path, CHINESE, conversion={"name": "mine"})
    assert result is None
    assert "there is no conversion 'mine'" in by_code(findings)["conversion-unknown"][0].message
    result, findings = measured(tmp_path, CHINESE, conversion={"regression_by": ["site_id"]})
    assert result is None
    assert "site_id" in by_code(errors_in(findings))["column-missing"][0].message
    with pytest.raises(ValidationError, match="give name, or regression_by"):
        measured(tmp_path, CHINESE, conversion={"low_matter": "keep"})


def test_columns_are_corrected_in_the_project_file(tmp_path):
    text = CORES.replace("organic_carbon_percent", "Corg").replace("core_id", "hole")
    columns = {"core_id": "hole", "organic_carbon_percent": ["Corg", "percent"]}
    result, findings = measured(tmp_path, text, columns=columns)
    assert findings == ()
    assert result.mapping.column("organic_carbon_percent").by == "user"
    assert result.cores["soil_tc_ha"].tolist() == pytest.approx([166.0, 182.0])
    result, findings = measured(tmp_path, text, columns={"core_id": "holes"})
    assert result is None
    assert "did you mean 'hole'?" in by_code(findings)["correction-wrong"][0].fix


def test_a_second_sheet_of_cores(tmp_path):
    slices = "core,top,bottom,BD,OC%\nC1,0,50,1,2\nC1,50,100,1,1\n"
    (tmp_path / "places.csv").write_text("core,stratum,date,lat,lon\nC1,A,2024-12-02,21.5,109.7\n")
    result, findings = measured(tmp_path, slices, core_table="places.csv")
    assert [f.code for f in findings] == ["cores-too-few"]
    assert result.cores[["stratum", "soil_tc_ha"]].to_numpy().tolist() == [["A", 150.0]]


def test_carbon_from_elsewhere(tmp_path):
    result, _ = measured(tmp_path, CORES, allochthonous_percent=25.0)
    assert result.cores["soil_tc_ha"].tolist() == pytest.approx([166.0, 182.0])
    assert result.cores["autochthonous_tc_ha"].tolist() == pytest.approx([124.5, 136.5])


def test_rates_of_dated_layers_and_of_marker_horizons(tmp_path):
    header, *rows = CORES.splitlines()
    ages = ["60", "120", "200", "", "", ""]
    text = "\n".join(
        [header + ",age", *(f"{row},{age}" for row, age in zip(rows, ages, strict=True))]
    )
    (tmp_path / "markers.csv").write_text(
        "plot_id,depth_cm,years,bulk_density_g_cm3,organic_carbon_percent\n"
        "P1,1.0,2,0.5,10\nP1,1.4,2,0.5,10\nP2,0.8,2,,\nP3,-1,2,,\n"
    )
    result, findings = measured(tmp_path, text, markers="markers.csv", bad_rows="leave out")
    row = result.rates.iloc[0]
    assert (row["core_id"], row["n_dated"], row["oldest_years"]) == ("C1", 3, 200.0)
    assert row["accretion_cm_yr"] == pytest.approx(0.5, abs=0.005)
    # 72 tC/ha in 60 years and two thirds of the next 54
    assert row["sequestration_tc_ha_yr"] == pytest.approx((72 + 36) / 100)
    markers = result.markers.set_index("plot_id")
    assert markers.loc["P1", "accretion_cm_yr"] == pytest.approx(0.6)
    assert markers.loc["P1", "sequestration_tc_ha_yr"] == pytest.approx(3.0)
    assert np.isnan(markers.loc["P2", "sequestration_tc_ha_yr"])
    assert by_code(findings)["marker-depth-wrong"][0].subject == "markers.csv row 5"
    result, findings = measured(tmp_path, text, markers="markers.csv")
    assert result is None


def test_a_sheet_of_markers_that_cannot_be_read(tmp_path):
    path = tmp_path / "m.csv"
    path.write_text("plot,what\nP1,2\n")
    table, findings = read_markers(path)
    assert table.empty
    assert len(by_code(findings)["column-missing"]) == 2
    path.write_text("plot,depth,years\nP1,2,1\nP1,2,3\n")
    table, findings = read_markers(path)
    assert table.empty
    assert by_code(findings)["marker-times-differ"][0].subject == "m.csv rows 2, 3"


def test_several_sheets_are_pooled_and_shared_names_said(tmp_path):
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text(CORES)
    bad = "C9,B,109.75,21.55,2024-12-02,100,120,9.0,2\n"
    second.write_text(CORES.replace("C1,A", "C9,B") + bad)
    readings = [measure_cores(CoreSource(path), ProfileOptions()) for path in (first, second)]
    result, findings = pooled(readings, ["a.csv", "b.csv"])
    assert result.cores[["file", "core_id"]].to_numpy().tolist() == [
        ["a.csv", "C1"], ["a.csv", "C2"], ["b.csv", "C2"], ["b.csv", "C9"],
    ]  # fmt: skip
    assert "names of cores are in more than one sheet: C2" in findings[0].message
    assert rejected_of(readings)[["file", "line", "code"]].to_numpy().tolist() == [
        ["b.csv", 8, "bulk-density-wrong"],
    ]
    means = means_of(result.cores).set_index(["group", "name"])
    assert means.loc[("stratum", "A"), "n"] == 3
    assert means.loc[("all", "all cores"), "mean_tc_ha"] == pytest.approx(
        result.cores["soil_tc_ha"].mean()
    )
    nothing = measure_cores(CoreSource(tmp_path / "none.csv"), ProfileOptions())
    assert pooled([nothing], ["none.csv"]) == (None, ())


def test_only_the_rows_that_are_asked_for_are_looked_at(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(CORES + "C3,B,109.75,21.55,2024-12-02,0,x,0.9,2\n")
    reading = measure_cores(CoreSource(path, only={"stratum": "A"}), ProfileOptions())
    assert reading.findings == ()
    reading = measure_cores(CoreSource(path, only={"stratum": "B"}), ProfileOptions())
    assert reading.result is None
    assert by_code(reading.findings)["number-unreadable"][0].subject == "a.csv row 8"
    reading = measure_cores(CoreSource(path, only={"country": "China"}), ProfileOptions())
    assert "no column for country" in reading.findings[0].message


def mixed(percent, **columns):
    """Soil of the density that its organic matter gives it."""
    n = len(percent)
    return pd.DataFrame(
        {
            "core_id": [f"C{i // 10}" for i in range(n)],
            "depth_min_cm": [10.0 * (i % 10) for i in range(n)],
            "depth_max_cm": [10.0 * (i % 10) + 10 for i in range(n)],
            "bulk_density_g_cm3": mixed_bulk_density_g_cm3(percent),
            **columns,
        }
    )


def test_organic_matter_under_the_header_of_carbon_is_noticed():
    matter = np.linspace(8.0, 40.0, 40)
    _, findings = read_core_frame(mixed(matter, organic_carbon_percent=matter))
    finding = by_code(findings)["matter-as-carbon"][0]
    assert finding.severity == "warning"
    assert "1.8 times lighter as a rule" in finding.message
    _, findings = read_core_frame(mixed(matter, organic_carbon_percent=matter / 2))
    assert "matter-as-carbon" not in by_code(findings)


def test_one_column_for_both_is_an_error():
    matter = np.linspace(8.0, 40.0, 40)
    rows = mixed(matter, organic_carbon_percent=matter, organic_matter_percent=matter)
    sheet, findings = read_core_frame(rows)
    assert sheet is None
    assert "in 40 of 40 rows" in by_code(errors_in(findings))["matter-as-carbon"][0].message


def test_the_density_of_pure_matter_and_of_none():
    assert mixed_bulk_density_g_cm3([0.0, 100.0]) == pytest.approx([1.99, 0.085])
