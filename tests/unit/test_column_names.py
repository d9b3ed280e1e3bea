"""Columns by name: what is mapped, what is asked about, how the user settles it."""

import pytest
from support.field_sheets import by_code

from bluecarbon.mrv.column_names import map_columns, plain, split_header, unit_of
from bluecarbon.mrv.column_vocabulary import SOIL_NAMES, TREE_NAMES, UNIT_SPELLINGS
from bluecarbon.spec import errors_in
from bluecarbon.units import factor

CHINESE_CORES = ["样点", "柱样号", "深度上限", "深度下限", "容重(g/cm³)", "有机碳(g/kg)"]


def mapped(header, names=SOIL_NAMES, **corrections):
    return map_columns(header, names, file="cores.csv", corrections=corrections or None)


@pytest.mark.parametrize(
    ("header", "name", "unit"),
    [
        ("BD (g/cm3)", "BD", "g/cm3"),
        ("容重(g/cm³)", "容重", "g/cm3"),
        ("容重/(g·cm⁻³)", "容重", "g/cm3"),
        ("有机碳（g/kg）", "有机碳", "g/kg"),
        ("Bulk density (Mg m-3)", "Bulk density", "t/m3"),
        ("bulk density g cm-3", "bulk density", "g/cm3"),
        ("bulk_density_kg_m3", "bulk density", "kg/m3"),
        ("depth_top_cm", "depth top", "cm"),
        ("OM [wt%]", "OM", "percent"),
        ("OC%", "OC", "percent"),
        ("DBH, cm", "DBH", "cm"),
        ("树高/m", "树高", "m"),
        ("lat(°)", "lat", "degree"),
        ("BD", "BD", ""),
    ],
)
def test_a_unit_is_read_from_its_header(header, name, unit):
    assert split_header(header) == (name, unit, "")


def test_what_stands_in_brackets_and_is_no_unit_is_kept():
    assert split_header("BD (dry)") == ("BD", "", "dry")


def test_every_unit_that_is_spelled_is_known_to_the_registry():
    for unit in set(UNIT_SPELLINGS.values()):
        assert factor(unit, unit) == 1.0
    assert unit_of("Mg/m3") == "t/m3"
    assert unit_of("furlong") is None


def test_case_spaces_and_full_width_forms_do_not_matter():
    assert plain("Ｂｕｌｋ_Density ") == plain("bulk density") == plain("BULK-DENSITY")


def test_every_canonical_name_maps_to_itself_in_its_own_unit():
    for names in (SOIL_NAMES, TREE_NAMES):
        mapping, findings = mapped([name.name for name in names], names)
        assert findings == []
        assert [c.name for c in mapping.columns] == [name.name for name in names]
        assert {c.factor for c in mapping.columns} == {1.0}


def test_chinese_cores():
    mapping, findings = mapped(CHINESE_CORES)
    assert findings == []
    assert {c.name: c.header for c in mapping.columns} == {
        "site_id": "样点",
        "core_id": "柱样号",
        "depth_min_cm": "深度上限",
        "depth_max_cm": "深度下限",
        "bulk_density_g_cm3": "容重(g/cm³)",
        "organic_carbon_percent": "有机碳(g/kg)",
    }
    assert mapping.column("organic_carbon_percent").factor == 0.1
    assert mapping.column("plot_id") is None


def test_chinese_trees():
    header = ["样地号", "树种", "胸径(cm)", "地径", "树高", "株数", "纬度", "经度", "日期"]
    mapping, findings = mapped(header, TREE_NAMES)
    assert findings == []
    assert {c.header: c.name for c in mapping.columns} == {
        "样地号": "plot_id", "树种": "species", "胸径(cm)": "dbh_cm", "地径": "basal_diameter_cm",
        "树高": "height_m", "株数": "count", "纬度": "lat", "经度": "lon", "日期": "date",
    }  # fmt: skip


def test_the_table_of_the_coastal_carbon_network():
    header = (
        "study_id core_id depth_min depth_max dry_bulk_density fraction_organic_matter "
        "fraction_carbon compaction_fraction notes"
    )
    mapping, findings = mapped(header.split())
    assert [f.code for f in findings] == ["columns-unread"]
    assert mapping.unread == ("notes",)
    assert mapping.column("organic_carbon_percent").factor == 100.0
    assert mapping.column("compaction_percent").header_unit == "1"


def test_the_mapping_prints_every_column_and_what_is_not_read():
    mapping, _ = mapped([*CHINESE_CORES, "备注"])
    text = str(mapping)
    assert "organic_carbon_percent  <- '有机碳(g/kg)' [g/kg] x 0.1 (known header)" in text
    assert "'深度上限' [cm, not stated] (known header)" in text
    assert text.endswith("not read: 备注")


def test_a_header_that_may_mean_two_things_is_asked_about():
    mapping, findings = mapped(["core", "depth", "BD", "OC"])
    error = by_code(errors_in(findings))["column-ambiguous"][0]
    assert error.message == "'depth' may be depth_max_cm or depth_mid_cm"
    assert error.fix == "say which in the column mapping, as depth_max_cm = 'depth'"
    assert mapping.column("depth_mid_cm") is None
    mapping, findings = mapped(["core", "depth", "BD", "OC"], depth_mid_cm="depth")
    assert findings == []
    assert mapping.column("depth_mid_cm").by == "user"


def test_what_other_headers_settle_is_not_ambiguous():
    mapping, findings = mapped(["core", "top_cm", "bottom_cm", "DEPTH", "BD", "OC"])
    assert errors_in(findings) == ()
    assert mapping.column("depth_mid_cm").header == "DEPTH"


def test_density_is_ambiguous_only_where_two_densities_are_possible():
    both = (*SOIL_NAMES, *[n for n in TREE_NAMES if n not in SOIL_NAMES])
    assert by_code(mapped(["density"], both)[1])["column-ambiguous"]
    assert mapped(["density"])[0].column("bulk_density_g_cm3").header == "density"


def test_two_headers_for_one_thing_are_asked_about():
    mapping, findings = mapped(["OC", "TOC"])
    assert by_code(findings)["column-ambiguous"][0].message == (
        "'OC', 'TOC' may each be organic_carbon_percent"
    )
    assert mapping.columns == ()


def test_the_name_itself_beats_another_header():
    mapping, _ = mapped(["OC", "organic_carbon_percent"])
    assert mapping.column("organic_carbon_percent").by == "same name"
    assert mapping.unread == ("OC",)


@pytest.mark.parametrize(
    ("header", "code"),
    [("BD (lb/ft3)", "column-unit-unknown"), ("BD (cm)", "column-unit-wrong")],
)
def test_a_unit_that_does_not_fit(header, code):
    mapping, findings = mapped([header], bulk_density_g_cm3=header)
    assert [f.code for f in errors_in(findings)] == [code]
    assert mapping.columns == ()


def test_a_remark_in_brackets_is_no_unit():
    mapping, findings = mapped(["BD (dry)"])
    assert mapping.column("bulk_density_g_cm3").factor == 1.0
    assert [(f.code, f.severity) for f in findings] == [("column-unit-unknown", "info")]


def test_the_user_gives_the_unit_or_takes_a_column_out():
    said = {"core_id": "SOURCE", "bulk_density_g_cm3": ("BD", "kg/m3")}
    mapping, findings = mapped(["SOURCE", "BD", "OC"], **said, organic_carbon_percent="")
    assert errors_in(findings) == ()
    assert mapping.column("bulk_density_g_cm3").factor == 0.001
    assert mapping.unread == ("OC",)


def test_a_mapping_can_be_corrected_and_handed_back():
    mapping, _ = mapped(CHINESE_CORES)
    edited = mapping.corrections() | {"bulk_density_g_cm3": ("容重(g/cm³)", "kg/m3")}
    again, findings = map_columns(CHINESE_CORES, SOIL_NAMES, file="x", corrections=edited)
    assert findings == []
    assert again.column("bulk_density_g_cm3").factor == 0.001
    assert again.column("organic_carbon_percent").factor == 0.1


@pytest.mark.parametrize(
    ("corrections", "fix"),
    [({"core_id": "Cor"}, "did you mean 'Core'?"), ({"cor_id": "Core"}, "did you mean 'core_id'?")],
)
def test_a_correction_that_points_nowhere(corrections, fix):
    _, findings = mapped(["Core"], **corrections)
    assert by_code(findings)["correction-wrong"][0].fix == fix


def test_a_header_that_is_there_twice():
    _, findings = mapped(["core", "BD", "BD"])
    assert {f.code for f in errors_in(findings)} == {"column-twice", "column-ambiguous"}


def test_a_unit_word_behind_a_text_column_is_part_of_its_name():
    mapping, _ = mapped(["site a"])
    assert mapping.columns == ()
