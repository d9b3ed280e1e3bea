"""``bluecarbon methodology`` as an ecologist or a verifier uses it, without rasters."""

import json

import pytest
from support.demo import bluecarbon

IDS = (
    "ar-am0014@3.0",
    "vm0033@2.1",
    "ipcc-wetlands@2013",
    "ccer-14-002@1",
    "guangdong-phcer-mangrove@draft",
)


def text_of(*arguments):
    done = bluecarbon("methodology", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def examples(tmp_path_factory):
    """The example file of each rule book, as the command prints it."""
    folder = tmp_path_factory.mktemp("examples")
    for name in IDS:
        (folder / f"{name}.json").write_text(text_of("example", name), encoding="utf-8")
    return folder


def test_list():
    rows = json.loads(text_of("list", "--json"))
    assert {row["id"] for row in rows} >= set(IDS)
    assert all(row["title"] and row["title_zh"] for row in rows)


@pytest.mark.parametrize("name", IDS)
def test_show_is_enough_to_write_a_file_from(name):
    page = json.loads(text_of("show", name, "--json"))
    assert {"series", "measurements", "strata", "parameters"} <= set(
        page["input_schema"]["properties"]
    )
    assert all(item["about"] and item["unit"] for item in (*page["inputs"], *page["series"]))
    assert all(item["per"] for item in page["series"])
    assert page["example"]["strata"]
    assert "before the buffer" in page["results"]["claim_tco2e"]
    assert page["results"]["years.gross_tco2e"] == "project - baseline - leakage"
    text = text_of("show", name)
    assert name in text
    assert all(line in text for line in page["limitations"])


@pytest.mark.parametrize("name", IDS)
def test_the_example_quantifies_and_its_years_add_up(examples, name):
    done = json.loads(text_of("quantify", name, examples / f"{name}.json", "--json", "--draft"))
    years = done["years"]
    for row in years:
        assert row["gross_tco2e"] == pytest.approx(
            row["project_tco2e"] - row["baseline_tco2e"] - row["leakage_tco2e"], abs=1e-9
        )
        assert row["net_tco2e"] == pytest.approx(
            row["gross_tco2e"] - row["uncertainty_deduction_tco2e"] - row["buffer_tco2e"], abs=1e-9
        )
    assert years[-1]["cumulative_tco2e"] == pytest.approx(sum(row["net_tco2e"] for row in years))
    totals = done["totals"]
    for column in set(totals) - {"pools_tco2e"}:
        assert totals[column] == pytest.approx(sum(row[column] for row in years), abs=1e-9)
    assert sum(totals["pools_tco2e"].values()) - totals["leakage_tco2e"] == pytest.approx(
        totals["gross_tco2e"], abs=1e-6
    )
    assert done["trace"]


def test_doubles_survive_the_json(examples):
    name = "ar-am0014@3.0"
    text = text_of("quantify", name, examples / f"{name}.json", "--json")
    claim = json.loads(text)["claim_tco2e"]
    assert repr(claim) in text


def test_draws_are_repeated_by_their_seed(examples):
    file = examples / "ar-am0014@3.0.json"
    asked = ("quantify", "ar-am0014@3.0", file, "--json", "--draws", "500", "--seed", "3")
    first, again = (json.loads(text_of(*asked))["simulated"] for _ in range(2))
    assert first == again
    assert {item["name"] for item in first} >= {"claim", "gross"}


def test_unverified_rows_need_the_draft(examples):
    file = examples / "ccer-14-002@1.json"
    page = json.loads(file.read_text(encoding="utf-8"))
    page["declarations"].pop("draft", None)
    file = file.with_name("ccer.json")
    file.write_text(json.dumps(page), encoding="utf-8")
    done = bluecarbon("methodology", "quantify", "ccer-14-002@1", file)
    assert done.returncode == 2, done.stdout
    assert "DRAFT" in text_of("quantify", "ccer-14-002@1", file, "--draft")


def test_check_lists_what_is_missing(examples, tmp_path):
    page = json.loads((examples / "ar-am0014@3.0.json").read_text(encoding="utf-8"))
    page["declarations"] = {}
    (tmp_path / "x.json").write_text(json.dumps(page), encoding="utf-8")
    done = bluecarbon("methodology", "check", "ar-am0014@3.0", tmp_path / "x.json")
    assert done.returncode == 2
    assert done.stdout.count("declaration-missing") == 5
    assert (
        bluecarbon(
            "methodology", "check", "ar-am0014@3.0", examples / "ar-am0014@3.0.json"
        ).returncode
        == 0
    )


def test_check_also_looks_at_parameter_rows(examples, tmp_path):
    page = json.loads((examples / "ar-am0014@3.0.json").read_text(encoding="utf-8"))
    given = {"value": 5.0, "unit": "tC/ha/yr", "source": "me", "status": "verified"}
    names = ("soc_accumulation_tc_ha_yr", "carbon_fraction_tre")
    page["parameters"] += [{"name": name, **given} for name in names]
    (tmp_path / "x.json").write_text(json.dumps(page), encoding="utf-8")
    done = bluecarbon("methodology", "check", "ar-am0014@3.0", tmp_path / "x.json")
    assert done.returncode == 2
    assert "did you mean 'carbon_fraction_tree'?" in done.stdout
    assert "0.5 tC/ha/yr" in done.stdout
    assert "parameter-replaced" in done.stdout


def test_compare(examples, tmp_path):
    both = json.loads((examples / "ipcc-wetlands@2013.json").read_text(encoding="utf-8"))
    file = tmp_path / "both.json"
    file.write_text(json.dumps(both), encoding="utf-8")
    chart = tmp_path / "chart.png"
    ids = "ipcc-wetlands@2013,ipcc-wetlands@2013"
    asked = ("compare", file, "--methodologies", ids, "--draft", "--chart", chart)
    assert "net by year" in text_of(*asked)
    assert chart.read_bytes().startswith(b"\x89PNG")
    page = json.loads(text_of("compare", file, "--methodologies", ids, "--draft", "--json"))
    assert {term["kind"] for term in page["terms"]} == {"pool", "total"}


def test_compare_shows_the_books_that_apply_and_says_why_others_do_not(examples):
    file = examples / "ar-am0014@3.0.json"
    done = bluecarbon("methodology", "compare", file, "--methodologies", "ar-am0014@3.0,vm0033@2.1")
    assert done.returncode == 0, done.stderr
    assert "ar-am0014@3.0" in done.stdout
    assert "vm0033@2.1 does not apply" in done.stderr
    done = bluecarbon("methodology", "compare", file, "--methodologies", "vm0033@2.1")
    assert done.returncode == 2


@pytest.mark.parametrize("suffix", ["txt", "html", "xlsx"])
def test_trace_in_three_forms(examples, tmp_path, suffix):
    out = tmp_path / f"trace.{suffix}"
    text_of("trace", "ar-am0014@3.0", examples / "ar-am0014@3.0.json", "--out", out)
    assert out.stat().st_size > 1000


def test_trace_of_another_form_is_refused(examples, tmp_path):
    file = examples / "ar-am0014@3.0.json"
    done = bluecarbon("methodology", "trace", "ar-am0014@3.0", file, "--out", tmp_path / "t.docx")
    assert done.returncode == 2
    assert not (tmp_path / "t.docx").exists()


def test_parameters_are_keyed_in_from_a_file(tmp_path):
    rows = json.loads(text_of("parameters", "ccer-14-002@1", "--json"))
    empty = next(row for row in rows if row["value"] is None)
    file = tmp_path / "official.csv"
    file.write_text(
        "name,value,unit,source,locator,status\n"
        f"{empty['name']},0.5,{empty['unit']},official document,Table 1,verified\n",
        encoding="utf-8",
    )
    filled = json.loads(text_of("parameters", "ccer-14-002", "--fill", file, "--json"))
    assert next(r for r in filled if r["name"] == empty["name"])["value"] == 0.5
    file.write_text("name,value,unit,source,locator,status\nnonsense,1,1,x,y,verified\n")
    done = bluecarbon("methodology", "parameters", "ccer-14-002@1", "--fill", file)
    assert done.returncode == 2
    # what is printed is a table for another program: what is wrong with it goes beside it
    assert "nonsense" in done.stderr


def test_new_plug_in(tmp_path):
    text_of("new", "my_rules", "--in", tmp_path)
    assert any(tmp_path.rglob("pyproject.toml"))
    assert bluecarbon("methodology", "new", "my_rules", "--in", tmp_path).returncode == 2


def test_conformance():
    assert "passes" in text_of("conformance", "ar-am0014@3.0")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is not JSON"),
        ("[]", "not a JSON object"),
        ('{"project_id": "P"}', "period"),
        ('{"project_id": "P", "projct": 1}', "input-wrong"),
        ('{"measurements": [{"varable": "x"}]}', "did you mean 'variable'?"),
        ('{"series": [{"values": [1, "two"]}]}', "series.0.values.1"),
    ],
)
def test_bad_files_are_refused_with_their_place(tmp_path, content, words):
    file = tmp_path / "x.json"
    file.write_text(content)
    done = bluecarbon("methodology", "quantify", "ar-am0014@3.0", file)
    assert done.returncode == 2
    assert words in done.stdout, done.stdout
    assert "Traceback" not in done.stderr


def test_missing_file_and_unknown_book(tmp_path):
    for asked in (
        ("quantify", "ar-am0014@3.0", tmp_path / "none.json"),
        ("show", "ar-am0014@2"),
        ("compare", tmp_path / "none.json", "--methodologies", "x"),
    ):
        done = bluecarbon("methodology", *asked)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr


def test_a_report_of_a_run_is_an_input(demo_run):
    done = bluecarbon("methodology", "check", "ar-am0014@3.0", demo_run[0] / "report.json")
    assert done.returncode == 0, done.stdout
