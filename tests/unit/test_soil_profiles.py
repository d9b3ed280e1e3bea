"""Slices to stocks: compaction, conversions, refusals, allochthonous carbon, means."""

import numpy as np
import pandas as pd
import pytest
from support.field_sheets import by_code

from bluecarbon.errors import MethodologyError
from bluecarbon.methodology.kernels.soil_matter import fit_matter_regression
from bluecarbon.mrv.soil_arrays import cores_dataset, slices_of
from bluecarbon.mrv.soil_profiles import (
    ProfileOptions,
    corrected_for_compaction,
    evaluate_profiles,
    group_means,
)
from bluecarbon.mrv.soil_regressions import regressions_of
from bluecarbon.spec import errors_in


def core(*slices, core_id="C", **columns):
    """A core of (top, bottom, bulk density, carbon percent)."""
    names = ["depth_min_cm", "depth_max_cm", "bulk_density_g_cm3", "organic_carbon_percent"]
    return pd.DataFrame(slices, columns=names, dtype=float).assign(core_id=core_id, **columns)


WHOLE = ((0, 30, 0.8, 3.0), (30, 60, 0.9, 2.0), (60, 100, 1.0, 1.0))
"""72 + 54 + 40 = 166 tC/ha to 100 cm."""


def evaluated(rows, strict=False, **options):
    return evaluate_profiles(rows, ProfileOptions(**options), strict=strict)


def test_stocks_by_hand():
    result, findings = evaluated(core(*WHOLE))
    assert findings == ()
    row = result.cores.iloc[0]
    assert row["soil_tc_ha"] == pytest.approx(166.0)
    assert (row["how"], row["n_slices"], row["depth_cm"]) == ("measured", 3, 100.0)
    assert result.rejects.empty
    assert result.plots.empty
    assert result.strata.empty


def test_compaction_from_lengths_corrects_depth_and_density():
    # tube 150 cm, soil 70 cm below the rim inside and 50 cm outside: 1 - 80/100 = 20 %
    lengths = {"sampler_length_cm": 150.0, "internal_cm": 70.0, "external_cm": 50.0}
    rows = core((0, 40, 1.0, 2.0), (40, 80, 0.5, 4.0), **lengths)
    result, _ = evaluated(rows)
    assert result.slices["compaction_used_percent"].tolist() == pytest.approx([20.0, 20.0])
    assert result.slices["depth_max_cm"].tolist() == pytest.approx([50.0, 100.0])
    assert result.slices["bulk_density_g_cm3"].tolist() == pytest.approx([0.8, 0.4])
    assert result.cores["soil_tc_ha"].tolist() == pytest.approx([80.0 + 80.0])


def test_correcting_depth_alone_makes_mass_and_is_said():
    rows = core((0, 40, 1.0, 2.0), (40, 80, 0.5, 4.0), compaction_percent=20.0)
    result, findings = evaluated(rows, correction="depth only")
    assert result.cores["soil_tc_ha"].tolist() == pytest.approx([160.0 / 0.8])
    assert "not conserved" in by_code(findings)["compaction-depth-only"][0].message


def test_no_correction_leaves_depths_as_they_are():
    rows = core(*WHOLE, compaction_percent=20.0)
    result, _ = evaluated(rows, correction="none")
    assert result.slices["depth_max_cm"].tolist() == [30.0, 60.0, 100.0]


@pytest.mark.parametrize("share", [-5.0, 100.0, 150.0])
def test_a_compaction_that_cannot_be_leaves_the_core_out(share):
    rows = pd.concat([core(*WHOLE), core(*WHOLE, core_id="D", compaction_percent=share)])
    result, findings = evaluated(rows)
    assert result.cores["core_id"].tolist() == ["C"]
    assert len(by_code(findings)["compaction-wrong"]) == 3


def test_one_core_has_one_compaction():
    rows = core(*WHOLE).assign(compaction_percent=[10.0, 20.0, np.nan])
    result, findings = evaluated(rows)
    assert result is None
    assert by_code(findings)["compaction-contradiction"]
    assert by_code(errors_in(findings))["no-usable-cores"]


def matter_core(*matter, **columns):
    rows = core(*[(10 * i, 10 * i + 10, 1.0, np.nan) for i in range(len(matter))], **columns)
    return rows.assign(organic_matter_percent=matter)


def test_carbon_by_the_conversion_of_ones_choice():
    rows = matter_core(10.0, 20.0, 30.0)
    expected = {"two-piece-mangrove": 3.5 + 7.2 + 13.6, "van-bemmelen": 5.8 + 11.6 + 17.4,
                "vm0033-mangrove": 7.0357 + 11.1857 + 15.3357}  # fmt: skip
    for name, percent in expected.items():
        result, findings = evaluated(rows, conversion=name, reference_depth_cm=30.0)
        assert result.cores["soil_tc_ha"].tolist() == pytest.approx([percent * 10.0])
        assert set(result.slices["carbon_from"]) == {name}
        assert ("matter-at-break" in by_code(findings)) == (name == "two-piece-mangrove")
    verified = evaluated(rows, conversion="vm0033-mangrove", reference_depth_cm=30.0)[1]
    assert "conversion-unverified" not in by_code(verified)


def test_measured_carbon_comes_first():
    rows = core(*WHOLE).assign(organic_matter_percent=[50.0, 50.0, 50.0])
    rows.loc[1, "organic_carbon_percent"] = np.nan
    result, _ = evaluated(rows, conversion="van-bemmelen")
    assert result.slices["carbon_from"].tolist() == ["measured", "van-bemmelen", "measured"]
    assert result.cores["soil_tc_ha"].tolist() == pytest.approx([72.0 + 0.9 * 29 * 30 + 40.0])


def test_without_a_choice_nothing_is_converted():
    result, findings = evaluated(matter_core(10.0, 20.0, 30.0), reference_depth_cm=30.0)
    assert result is None
    assert len(by_code(findings)["conversion-needed"]) == 3
    with pytest.raises(MethodologyError, match="no conversion"):
        evaluated(core(*WHOLE), conversion="mine")


def test_poor_soil_is_refused_by_the_mangrove_line_of_vm0033_or_kept_and_said():
    rows = pd.concat([matter_core(1.0, 10.0, 30.0), matter_core(10.0, 10.0, 10.0, core_id="D")])
    result, findings = evaluated(rows, conversion="vm0033-mangrove", reference_depth_cm=30.0)
    # its neighbours are richer: the core goes with its poor slice
    assert result.rejects["code"].tolist() == ["matter-too-low", *["core-slice-rejected"] * 2]
    assert "1 % of organic matter" in result.rejects["reason"].iloc[0]
    assert result.cores["core_id"].tolist() == ["D"]
    kept, findings = evaluated(
        rows, conversion="vm0033-mangrove", reference_depth_cm=30.0, low_matter="keep"
    )
    assert kept.slices["organic_carbon_percent"].iloc[0] == pytest.approx(3.3007)
    assert by_code(findings)["carbon-above-matter"]


def test_an_own_regression_and_its_limits():
    matter = np.geomspace(5.0, 40.0, 12)
    line = fit_matter_regression(matter, 0.4 * matter)
    rows = matter_core(10.0, 20.0, 50.0)
    result, findings = evaluated(rows, regression=line, reference_depth_cm=30.0)
    assert result.cores["soil_tc_ha"].tolist() == pytest.approx([0.4 * 80.0 * 10.0])
    assert "1 slices have organic matter outside 5 to 40" in (
        by_code(findings)["regression-extrapolated"][0].message
    )
    weak = line.model_copy(update={"r2": 0.4})
    result, findings = evaluated(rows, regression=weak, reference_depth_cm=30.0)
    assert result is None
    assert by_code(errors_in(findings))["regression-weak"]


def test_the_narrowest_group_with_a_line_converts_its_slices():
    matter = np.geomspace(5.0, 40.0, 12)
    known = {"P": 0.5, "Q": 0.3}
    rows = pd.concat(
        matter_core(*matter, core_id=f"known {site}", site_id=site, study_id="S").assign(
            organic_carbon_percent=share * matter
        )
        for site, share in known.items()
    )
    asked = [
        matter_core(10.0, 10.0, 10.0, core_id=site, site_id=site, study_id=study)
        for site, study in (("P", "S"), ("R", "S"), ("T", "U"))
    ]
    result, _ = evaluated(
        pd.concat([rows, *asked]), regression_by=("site_id", "study_id"),
        conversion="van-bemmelen", reference_depth_cm=30.0,
    )  # fmt: skip
    slices = result.slices.groupby("core_id").first()
    assert slices.loc["P", "carbon_from"] == "regression of site_id P"
    assert slices.loc["P", "organic_carbon_percent"] == pytest.approx(5.0)
    assert slices.loc["R", "carbon_from"] == "regression of study_id S"
    assert slices.loc["R", "organic_carbon_percent"] == pytest.approx(10 * (0.5 * 0.3) ** 0.5)
    assert slices.loc["T", "carbon_from"] == "van-bemmelen"
    assert slices.loc["known Q", "carbon_from"] == "measured"


def test_a_group_without_samples_enough_has_no_line():
    rows = matter_core(*np.geomspace(5.0, 40.0, 9), site_id="P").assign(
        organic_carbon_percent=np.geomspace(2.0, 16.0, 9)
    )
    assert regressions_of(rows, "site_id") == {}
    assert regressions_of(rows.iloc[:2], "site_id") == {}


def test_a_printed_carbon_density_stands_for_its_parts():
    rows = core((0, 50, np.nan, np.nan), (50, 100, 1.0, 1.0)).assign(
        carbon_density_g_cm3=[0.02, np.nan]
    )
    result, _ = evaluated(rows)
    assert result.cores["soil_tc_ha"].tolist() == pytest.approx([100.0 + 50.0])
    assert result.slices["carbon_from"].tolist() == ["density", "measured"]


@pytest.mark.parametrize(
    ("slices", "code"),
    [
        (((0, 30, 1, 1), (30, 60, 1, 1)), "core-too-short"),
        (((0, 15, 1, 1), (15, 30, 1, 1), (30, 49, 1, 1)), "core-too-short"),
        (((0, 30, 1, 1), (61, 80, 1, 1), (80, 100, 1, 1)), "core-gap-wide"),
        (((31, 60, 1, 1), (60, 80, 1, 1), (80, 100, 1, 1)), "core-gap-wide"),
    ],
)
def test_a_core_that_cannot_be_integrated_is_left_out_and_counted(slices, code):
    rows = pd.concat([core(*WHOLE), core(*slices, core_id="D")])
    result, findings = evaluated(rows)
    assert result.cores["core_id"].tolist() == ["C"]
    assert set(result.rejects["code"]) == {code}
    assert by_code(findings)["rows-left-out"][0].message.startswith(f"{len(slices)} of ")
    assert evaluated(rows, strict=True)[0] is None


def test_a_gap_below_the_reference_depth_does_not_matter():
    result, findings = evaluated(core(*WHOLE, (160, 200, 1, 1)))
    assert result.cores["how"].tolist() == ["interpolated"]
    assert by_code(findings)["slices-gap"]


def test_a_small_gap_is_shared_out_and_said():
    result, findings = evaluated(core((0, 30, 1, 1), (40, 60, 1, 2), (60, 100, 1, 1)))
    assert result.cores["soil_tc_ha"].tolist() == pytest.approx([35.0 + 50.0 + 40.0])
    assert "1 cores are shared out" in by_code(findings)["slices-gap"][0].message


def test_a_short_core_is_extrapolated_with_its_error():
    rows = core((0, 20, 0.8, 3.0), (20, 40, 0.9, 2.0), (40, 60, 1.0, 1.5))
    result, findings = evaluated(rows)
    row = result.cores.iloc[0]
    assert row["how"] == "extrapolated"
    assert row["standard_error"] > 0
    assert "C from 60 cm" in by_code(findings)["core-extrapolated"][0].message


def test_a_core_in_two_strata_is_left_out():
    rows = pd.concat([core(*WHOLE, stratum="A"), core(*WHOLE, core_id="D", stratum="A")])
    rows = rows.reset_index(drop=True)
    rows.loc[4, "stratum"] = "B"
    result, findings = evaluated(rows)
    assert result.cores["core_id"].tolist() == ["C"]
    assert "more than one stratum" in by_code(findings)["core-contradiction"][0].message


def test_carbon_from_elsewhere_by_slice_and_by_default():
    rows = core(*WHOLE).assign(allochthonous_percent=[50.0, np.nan, 0.0])
    result, _ = evaluated(rows, allochthonous_percent=10.0)
    row = result.cores.iloc[0]
    assert row["soil_tc_ha"] == pytest.approx(166.0)
    assert row["autochthonous_tc_ha"] == pytest.approx(36.0 + 54.0 * 0.9 + 40.0)
    assert result.slices["autochthonous_tc_ha"].sum() == pytest.approx(row["autochthonous_tc_ha"])


def test_means_of_plots_and_of_strata():
    carbon = {"A1": (1.0, 3.0), "A2": (5.0, 5.0), "B1": (2.0,)}
    rows = pd.concat(
        core((0, 100, 1.0, c), core_id=f"{plot}-{i}", plot_id=plot, stratum=plot[0])
        for plot, cores in carbon.items()
        for i, c in enumerate(cores)
    )
    result, _ = evaluated(rows)
    plots = result.plots.set_index("plot_id")
    assert plots.loc["A1", ["n", "mean_tc_ha", "standard_error_tc_ha"]].tolist() == pytest.approx(
        [2, 200.0, 100.0]
    )
    strata = result.strata.set_index("stratum")
    # of the plots: 200 and 500, not of the four cores
    assert strata.loc["A", "n"] == 2
    assert strata.loc["A", "mean_tc_ha"] == pytest.approx(350.0)
    assert strata.loc["A", "standard_error_tc_ha"] == pytest.approx(150.0)
    assert np.isnan(strata.loc["B", "standard_error_tc_ha"])
    assert set(strata["of"]) == {"plots"}
    alone, _ = evaluated(rows.drop(columns="plot_id"))
    assert alone.strata["n"].tolist() == [4, 1]
    assert set(alone.strata["of"]) == {"cores"}
    assert group_means(result.cores.assign(plot_id=""), "plot_id").empty


def test_a_dataset_carries_units_and_comes_back():
    rows = pd.concat([core(*WHOLE, stratum="A"), core(*WHOLE, core_id="D", stratum="B")])
    result, _ = evaluated(rows)
    dataset = cores_dataset(result)
    assert dataset["core_soil_tc_ha"].attrs["units"] == "tC/ha"
    assert dataset["bulk_density_g_cm3"].attrs["units"] == "g/cm3"
    assert dataset["core_soil_tc_ha"].sel(core="D").item() == pytest.approx(166.0)
    again, _ = evaluated(slices_of(dataset))
    pd.testing.assert_frame_equal(again.cores, result.cores)


def test_layers_of_an_array_are_slices():
    dataset = corrected_for_compaction(
        evaluated(core(*WHOLE))[0].slices.assign(core_id="C", layer=[0, 1, 2])
    )[["core_id", "layer", "depth_min_cm", "depth_max_cm", "bulk_density_g_cm3",
       "organic_carbon_percent"]]  # fmt: skip
    array = dataset.rename(columns={"core_id": "core"}).set_index(["core", "layer"]).to_xarray()
    array = array.reindex(layer=[0, 1, 2, 3])
    result, _ = evaluated(slices_of(array))
    assert result.cores["soil_tc_ha"].tolist() == pytest.approx([166.0])
    with pytest.raises(ValueError, match="neither"):
        slices_of(array.rename(layer="depth"))
