"""How people head the columns of field sheets: canonical name, unit, accepted headers.

A declared table, English and Chinese. A header stands here as somebody would type it; case,
spaces, underscores, hyphens, dots and full-width forms do not matter
(:func:`bluecarbon.mrv.column_names.plain`). ``[unit]`` behind a header is the unit that the header
itself implies. A header may stand under several names: then it is ambiguous and asked about.
Sources of layouts: the tables of the Coastal Carbon Network, of CIFOR's SWAMP, of the R package
BlueCarbon, and Chinese inventory forms.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from bluecarbon.spec import Value

Kind = Literal["text", "number", "date"]


class FieldName(Value):
    """A canonical column: its name (unit last), kind, unit, and headers that mean it."""

    name: str
    kind: Kind = "text"
    unit: str = ""
    headers: tuple[str, ...] = ()


def _text(name: str, *headers: str) -> FieldName:
    return FieldName(name=name, headers=headers)


def _number(name: str, unit: str, *headers: str) -> FieldName:
    return FieldName(name=name, kind="number", unit=unit, headers=headers)


PLACE_NAMES = (
    _text("study_id", "study", "研究", "文献"),
    _text("site_id", "site", "site name", "location", "站点", "样点", "采样点", "地点", "样区"),
    _text("plot_id", "plot", "plot no", "plot number", "plot name",
          "样地", "样地号", "样地编号", "样方", "样方号", "样方编号"),
    _text("subplot_id", "subplot", "sub plot", "sub plot id", "亚样地", "小样方", "小样方号"),
    _text("stratum", "strata", "stratum id", "zone", "碳层", "分层", "碳层编号"),
    _text("country", "国家"),
    FieldName(name="date", kind="date",
              headers=("sampling date", "survey date", "collection date", "日期", "调查日期",
                       "采样日期", "取样日期", "采样时间", "调查时间")),
    _number("year", "", "sampling year", "年份", "采样年份", "调查年份"),
    _number("lat", "degree", "latitude", "y wgs84", "纬度", "北纬"),
    _number("lon", "degree", "longitude", "long", "lng", "x wgs84", "经度", "东经"),
)  # fmt: skip

SOIL_NAMES = (
    *PLACE_NAMES,
    _text("core_id", "core", "core no", "core name", "柱样", "柱样号", "柱号", "柱状样",
          "柱状样号", "柱状样编号", "岩芯号"),
    _text("sample_id", "sample", "sample no", "样品号", "样品编号"),
    _number("depth_min_cm", "cm", "depth min", "min depth", "mind", "depth top", "top depth",
            "top", "upper depth", "upper", "depth from", "from", "深度上限", "上限深度",
            "起始深度", "上界", "层顶深度", "顶深", "上深"),
    _number("depth_max_cm", "cm", "depth max", "max depth", "maxd", "depth bottom",
            "bottom depth", "bottom", "lower depth", "lower", "depth to", "to", "depth", "深度",
            "深度下限", "下限深度", "终止深度", "下界", "层底深度", "底深", "下深"),
    _number("depth_mid_cm", "cm", "depth mid", "mid depth", "midpoint", "depth midpoint",
            "sample depth", "depth", "深度", "中点深度", "中间深度", "取样深度", "采样深度"),
    FieldName(name="depth_interval_cm", unit="cm",
              headers=("depth interval", "depth range", "interval", "layer", "土层", "土层深度",
                       "深度范围", "深度区间", "层次")),
    _number("stands_min_cm", "cm", "representative depth min"),
    _number("stands_max_cm", "cm", "representative depth max"),
    _number("bulk_density_g_cm3", "g/cm3", "bulk density", "dry bulk density", "bd", "dbd",
            "soil bulk density", "density", "容重", "土壤容重", "干容重", "土壤干容重", "干密度"),
    _number("organic_carbon_percent", "percent", "organic carbon", "oc", "toc", "corg", "c org",
            "carbon", "soil organic carbon", "carbon content", "percent carbon [percent]",
            "percent c [percent]", "%c [percent]", "c% [percent]", "fraction carbon [1]",
            "carbon fraction [1]", "有机碳", "有机碳含量", "土壤有机碳", "土壤有机碳含量",
            "总有机碳", "碳含量", "含碳率", "有机碳质量分数"),
    _number("organic_matter_percent", "percent", "organic matter", "om", "loi",
            "loss on ignition", "soil organic matter", "som", "fraction organic matter [1]",
            "有机质", "有机质含量", "土壤有机质", "烧失量"),
    _number("carbon_density_g_cm3", "g/cm3", "carbon density", "oc density", "ocd",
            "organic carbon density", "有机碳密度", "碳密度"),
    _number("compaction_percent", "percent", "compaction", "compaction fraction [1]",
            "压缩率", "压实率", "压缩比例"),
    _number("sampler_length_cm", "cm", "sampler length", "tube length", "corer length",
            "采样管长", "采样管长度", "管长"),
    _number("internal_cm", "cm", "internal distance", "internal", "inside", "inner distance",
            "管内距", "管内距离"),
    _number("external_cm", "cm", "external distance", "external", "outside", "outer distance",
            "管外距", "管外距离"),
    _number("age_years", "yr", "age", "pb210 age", "210pb age", "年龄", "沉积年龄", "年代"),
    _number("allochthonous_percent", "percent", "allochthonous", "allochthonous carbon",
            "percent allochthonous [percent]", "fraction allochthonous [1]", "外源碳比例",
            "异源碳比例", "外源有机碳比例"),
)  # fmt: skip

CORE_NAMES = tuple(
    name
    for name in SOIL_NAMES
    if name in PLACE_NAMES
    or name.name
    in {"core_id", "compaction_percent", "sampler_length_cm", "internal_cm", "external_cm"}
)
"""What a second sheet may say of whole cores."""

MARKER_NAMES = (
    *PLACE_NAMES,
    _number("depth_cm", "cm", "depth", "accretion", "soil above marker", "sediment depth",
            "深度", "沉积厚度", "标志层深度"),
    _number("years", "yr", "years since marker", "time", "duration", "年数", "埋设年数"),
    *(name for name in SOIL_NAMES
      if name.name in {"bulk_density_g_cm3", "organic_carbon_percent"}),
)  # fmt: skip
"""A sheet of marker horizons: readings of the soil above each."""

TREE_NAMES = (
    *PLACE_NAMES,
    _text("tree_id", "tree", "tree no", "tree number", "tag", "tag no", "stem id", "plant id",
          "树号", "树木编号", "株号", "单株号", "挂牌号", "标签号",
          "样木号", "样木编号", "木号", "编号"),
    _text("stem_id", "stem", "stem no", "stem number", "茎号", "分枝号", "分株号"),
    _text("nest", "size class", "stem class", "tree or sapling", "nested plot", "径级", "样方层"),
    _text("genus", "属", "属名"),
    _text("species", "species name", "scientific name", "latin name", "taxon", "树种", "物种",
          "种名", "树种名称", "植物名称", "拉丁名"),
    _number("dbh_cm", "cm", "dbh", "diameter at breast height", "d130", "d1.3", "d", "diameter",
            "胸径", "胸高直径", "平均胸径", "胸径d1.3", "直径"),
    _number("girth_cm", "cm", "girth", "gbh", "cbh", "girth at breast height", "circumference",
            "circumference at breast height", "胸围", "胸高周长", "周长"),
    _number("basal_girth_cm", "cm", "basal girth", "basal circumference", "地围", "基围"),
    _number("basal_diameter_cm", "cm", "basal diameter", "base diameter", "d0", "ground diameter",
            "diameter", "地径", "基径", "直径"),
    _number("d30_cm", "cm", "d30", "diameter at 30 cm"),
    _number("height_m", "m", "height", "tree height", "ht", "树高", "株高", "高度"),
    _number("stem_height_m", "m", "deadbreak hgt", "stub height", "broken height", "断干高",
            "残桩高"),
    _number("count", "", "n trees", "n plants", "number of trees", "number of stems", "stems",
            "株数", "数量", "棵数"),
    _text("status", "tree status", "live dead", "alive or dead", "alive", "状态", "存活",
          "存活状况", "生长状况", "死活"),
    _number("decay_class", "", "decay status", "decay", "decomposition class", "腐烂等级",
            "腐朽等级", "腐解等级", "枯立木等级", "分解等级"),
    _number("wood_density_g_cm3", "g/cm3", "wood density", "wsg", "wood specific gravity",
            "density", "木材密度", "木材基本密度"),
    _number("crown_diameter_m", "m", "crown diameter", "crown width", "冠幅"),
    _number("area_m2", "m2", "plot area", "plot size", "area", "tree area", "sub plot area",
            "样地面积", "样方面积", "面积"),
    _number("radius_m", "m", "plot radius", "radius", "样地半径", "样圆半径", "半径"),
    _number("sapling_area_m2", "m2", "sapling area", "sap area", "sapling plot area",
            "plot sapling area", "幼树样方面积", "幼苗样方面积", "小样方面积", "幼树面积",
            "幼苗面积", "幼树样地面积"),
    _number("sapling_radius_m", "m", "sapling radius", "sapling plot radius", "幼树样圆半径"),
    _number("month", "", "月", "月份"),
    _number("day", "", "日"),
)  # fmt: skip

UNIT_SPELLINGS: Mapping[str, str] = MappingProxyType(
    {
        "%": "percent", "percent": "percent", "pct": "percent", "wt%": "percent",
        "百分比": "percent", "1": "1", "fraction": "1", "frac": "1", "小数": "1", "g/g": "1",
        "g/kg": "g/kg", "gkg-1": "g/kg", "gkg": "g/kg", "mg/g": "mg/g", "mgg-1": "mg/g",
        "克/千克": "g/kg", "g/cm3": "g/cm3", "gcm-3": "g/cm3", "gcm3": "g/cm3", "g/cc": "g/cm3",
        "gcc": "g/cm3", "g/ml": "g/cm3", "克/立方厘米": "g/cm3", "kg/m3": "kg/m3",
        "kgm-3": "kg/m3", "kgm3": "kg/m3", "t/m3": "t/m3", "tm-3": "t/m3", "Mg/m3": "t/m3",
        "Mgm-3": "t/m3", "g/m3": "g/m3", "mm": "mm", "cm": "cm", "dm": "dm", "m": "m",
        "毫米": "mm", "厘米": "cm", "米": "m", "m2": "m2", "平方米": "m2", "ha": "ha",
        "公顷": "ha", "亩": "mu", "mu": "mu", "°": "degree", "deg": "degree",
        "degree": "degree", "degrees": "degree", "度": "degree", "decimaldegrees": "degree",
        "yr": "yr", "yrs": "yr", "year": "yr", "years": "yr", "a": "yr", "年": "yr", "ka": "ka",
    }
)  # fmt: skip
"""Units as people write them behind a header, without spaces, points and carets."""
