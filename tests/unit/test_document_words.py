"""The word list: both languages of every phrase, the same places, and no phrase unused."""

import re
import string
from pathlib import Path

import pytest

from bluecarbon.mrv.document_words import Pair, Words, catalogue, listed
from bluecarbon.report import Stratum

PACKAGE = Path(__file__).parents[2] / "bluecarbon" / "mrv"
STRATA = (Stratum(id="K15", name="Plantation", name_zh="造林"), Stratum(id="E0"))
CHINESE = re.compile(r"[\u4e00-\u9fff]")
# Names that come from the data: their keys are put together and stand in no source file.
FROM_DATA = re.compile(
    r"(class|change|pool|reason|status|severity|source|statistic|estimator|samples|column|section)_"
    r"|(result|scope|about|parameter|role|stock)_|methods_|cover_|uncertainty_caption_|draft_"
)


def places(text):
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name)


def test_every_phrase_is_whole_in_both_languages():
    broken = [
        key
        for key, entry in catalogue().items()
        if set(entry) != {"zh", "en"}
        or not CHINESE.search(entry["zh"])
        or CHINESE.search(entry["en"])
        or places(entry["zh"]) != places(entry["en"])
    ]
    assert len(catalogue()) > 200
    assert not broken


def test_no_phrase_is_left_over():
    code = "".join(path.read_text(encoding="utf-8") for path in PACKAGE.glob("*.py"))
    unused = [k for k in catalogue() if not FROM_DATA.match(k) and f'"{k}"' not in code]
    assert not unused


def test_one_language_or_both():
    assert Words("zh").say("year") == "年份"
    assert Words("en").say("year") == "year"
    assert Words("both").say("year") == "年份 year"
    assert "\n" in Words("both").say("seal_about")


def test_a_pair_is_said_in_the_language_of_its_sentence():
    median = Pair("中位数", "median")
    given = {"count": 2, "first": "2019", "last": "2024", "statistic": median}
    zh, en = Words("both").say("methods_scenes", **given).split("\n")
    assert "中位数" in zh
    assert "median" not in zh
    assert en.endswith("(median).")


def test_a_name_that_nobody_translated_stands_for_itself():
    assert Words("zh").name("pool", "peat_of_2019") == "peat of 2019"
    assert Words("both").name("pool", "peat_of_2019") == "peat of 2019"


def test_joined_names_are_said_one_by_one():
    name = "simple random sample; SE from the score interval"
    assert Words("zh").name("estimator", name) == "简单随机样本；标准误由区间"


@pytest.mark.parametrize(
    ("language", "said"),
    [("zh", "K15 造林"), ("en", "K15 Plantation"), ("both", "K15 造林 Plantation")],
)
def test_a_stratum_is_said_with_its_name(language, said):
    assert Words(language).stratum("K15", STRATA) == said
    assert Words(language).stratum("E0", STRATA) == "E0"


def test_the_whole_boundary_has_words():
    assert Words("en").stratum("") == "whole boundary"
    assert Words("zh").stratum("(rest)") == "其余部分"


def test_an_unknown_phrase_is_an_error():
    with pytest.raises(KeyError):
        Words("en").say("no_such_phrase")


def test_halved_is_said_of_the_variance_and_not_of_the_error():
    for key in ("simulated_note", "deviation_if_halved"):
        assert "方差减半" in Words("zh").say(key)
        assert "ariance halved" in Words("en").say(key)
    assert "half as large" not in Words("en").say("simulated_note")


def test_the_list_of_inputs_says_where_the_settings_are():
    for language in ("zh", "en"):
        assert "project.toml" in Words(language).say("inputs_about")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("carbon_fraction_tree", "林木含碳率"),
        ("wood density Avicennia marina", "木材密度 Avicennia marina"),
        ("uncertainty_limit_2", "不确定性分级上限 2"),
        ("peat_of_2019", "peat of 2019"),
    ],
)
def test_a_parameter_is_known_by_its_beginning(name, said):
    assert Words("zh").leading("parameter", name) == said
    assert Words("en").leading("parameter", name) == name.replace("_", " ")


def test_a_list_is_said_in_each_language_apart():
    items = [{"year": year, "unknown": "1.0", "area": "2.0"} for year in (2019, 2024)]
    pair = listed("stocks_unknown_part", items)
    assert pair.zh.count("；") == 1
    assert pair.en == "2019: 1.0 of 2.0 ha; 2024: 1.0 of 2.0 ha"
    assert listed("stocks_unknown_part", []) == Pair("", "")
