"""The documents of a run, as a verifier opens them: page, PDF in two languages, workbook."""

import csv
import datetime as dt
import filecmp
import json
import re
import shutil
import subprocess
import sys

import openpyxl
import pypdf
import pytest
from support.demo import bluecarbon
from support.pdf_pages import missing_glyphs, page_texts
from support.spreadsheet import Workbook

from bluecarbon.provenance import sha256_file

DOCUMENTS = ("report.html", "report.zh.pdf", "report.en.pdf", "report.xlsx")


@pytest.fixture(scope="module")
def report(demo_run):
    return json.loads((demo_run[0] / "report.json").read_bytes())


@pytest.fixture(scope="module")
def spoken(demo_run):
    """The text of the two PDFs, by language, spaces and line ends left out."""
    texts = {
        language: "".join(page_texts(demo_run[0] / f"report.{language}.pdf"))
        for language in ("zh", "en")
    }
    return {language: re.sub(r"\s", "", text) for language, text in texts.items()}


def test_the_documents_stand_in_the_manifest(demo_run):
    listed = (demo_run[0] / "manifest.txt").read_text(encoding="utf-8")
    for name in DOCUMENTS:
        assert f"{sha256_file(demo_run[0] / name)}  {name}" in listed


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "zh",
            (
                "高桥示范海岸",
                "红树林碳汇监测报告",
                "不确定性扣减",
                "封印与签字",
                "K152015年秋茄造林",
            ),
        ),
        ("en", ("Gaoqiaodemonstrationcoast", "Sealandsignatures", "uncertaintydeduction")),
    ],
)
def test_a_pdf_says_the_claim_and_what_it_rests_on(spoken, report, language, words):
    text = spoken[language]
    claim = f"{report['quantification']['claim_tco2e']:,.1f}"
    for word in (claim, *words, report["seal"], "2020-01-01", "2024-12-31"):
        assert word in text, word
    for item in report["inputs"]:
        assert item["sha256"] in text, item["path"]
    for finding in report["findings"] + report["quantification"]["findings"]:
        assert re.sub(r"\s", "", finding["message"])[:60] in text
    for step in report["quantification"]["trace"]:
        assert re.sub(r"\s", "", step["equation"]) in text


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_pdf_has_every_letter_and_reads_aloud(demo_run, language):
    path = demo_run[0] / f"report.{language}.pdf"
    assert missing_glyphs(path) == 0
    reader = pypdf.PdfReader(path)
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"].startswith(language)
    assert len(reader.outline) == 12
    assert all(
        page.mediabox[2:] == pytest.approx([595.28, 841.89], abs=0.01) for page in reader.pages
    )
    texts = page_texts(path)
    for number, text in enumerate(texts[1:], start=2):
        assert re.sub(r"\s", "", f"{number} / {len(texts)}") in re.sub(r"\s", "", text)


def test_every_picture_of_the_page_is_said_in_words_too(demo_run):
    page = (demo_run[0] / "report.html").read_text(encoding="utf-8")
    figures = re.findall(r'<figure><img src="data:image/svg\+xml;base64,[^"]+" alt="([^"]*)"', page)
    # a composite, 3 class maps, 2 changes, 2 stocks, 5 charts
    assert len(figures) == 13
    assert all(len(words) > 15 for words in figures)
    assert "<script" not in page


def test_both_languages_stand_on_the_page(demo_run, report):
    page = (demo_run[0] / "report.html").read_text(encoding="utf-8")
    for word in ("摘要 Summary", "核算 Claim", "登记 Ledger", report["seal"]):
        assert word in page
    assert "17,309.1" in page


@pytest.fixture(scope="module")
def sheets(demo_run):
    return openpyxl.load_workbook(demo_run[0] / "report.xlsx")


def test_the_workbook_has_the_tables_a_verifier_asks_for(sheets, report):
    wanted = {"summary", "measurements", "area_estimates", "transitions", "plots", "trees"}
    wanted |= {"soil_cores", "trace", "parameters", "inputs", "findings", "years"}
    assert wanted <= set(sheets.sheetnames)
    assert sheets["measurements"].max_row == 1 + len(report["monitoring"]["measurements"])
    digests = {row[3] for row in sheets["inputs"].iter_rows(min_row=2, values_only=True)}
    assert {item["sha256"] for item in report["inputs"]} <= digests
    assert all(s.freeze_panes for s in sheets)
    assert sheets["area_estimates"]["C1"].value == "面积 area, ha"


def test_every_column_has_a_heading_in_both_languages(sheets):
    """Of the tables; the trace and its parameters are written for programs too."""
    bare = {
        (sheet.title, cell.value)
        for sheet in sheets
        if sheet.title not in {"trace", "parameters"}
        for cell in sheet[1]
        if not re.search(r"[\u4e00-\u9fff]", str(cell.value))
    }
    assert bare <= {("inputs", "SHA-256")}
    headings = [cell.value for cell in sheets["stocks"][1]]
    assert "碳密度均值 mean carbon, tC/ha" in headings
    assert not any("土壤" in heading for heading in headings)


def test_findings_of_the_stock_maps_stand_with_the_others(demo_run, spoken, sheets):
    table = demo_run[0] / "tables/stock_findings.csv"
    with table.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert {row["code"] for row in rows} >= {"stocks-unknown"}
    codes = {row[1] for row in sheets["findings"].iter_rows(min_row=2, values_only=True)}
    for row in rows:
        assert row["code"] in codes
        for text in spoken.values():
            assert re.sub(r"\s", "", row["message"])[:60] in text


def test_the_chinese_paper_says_results_roles_and_parameters_in_chinese(spoken):
    for word in ("林木碳储量变化", "土壤柱状样", "林木含碳率", "各碳层平均林木生物量", "期初"):
        assert word in spoken["zh"]
    for word in ("treechange", "soilcores", "carbonfractiontree", "meantreebiomass", "atstart"):
        assert word not in spoken["zh"]


def test_dates_are_dates_and_numbers_are_numbers(sheets):
    plots = sheets["plots"]
    columns = [cell.value for cell in plots[1]]
    dates = [
        row[columns.index("日期 date")] for row in plots.iter_rows(min_row=2, values_only=True)
    ]
    assert all(isinstance(value, dt.datetime) for value in dates)
    areas = [row[2] for row in sheets["area_estimates"].iter_rows(min_row=2, values_only=True)]
    assert all(isinstance(value, float | int) for value in areas)
    assert not any(
        isinstance(cell.value, str) and cell.data_type == "f"
        for sheet in sheets
        if sheet.title not in {"trace"}
        for row in sheet.iter_rows()
        for cell in row
    )


def test_the_live_trace_gives_the_claim_and_follows_an_input(demo_run, report):
    workbook = Workbook(demo_run[0] / "report.xlsx")
    trace = workbook.sheets["trace"]
    (last,) = [c.row for c in trace["F"] if c.value == "合计 total"]
    claim = report["quantification"]["claim_tco2e"]
    assert workbook.value("trace", f"G{last}") == pytest.approx(claim, rel=1e-9)
    changed = Workbook(demo_run[0] / "report.xlsx")
    names = {c.value: c.row for c in changed.sheets["parameters"]["A"]}
    changed.change("parameters", f"B{names['carbon_fraction_tree']}", 0.4)
    assert changed.value("trace", f"G{last}") < claim


def test_the_documents_can_be_made_again_without_the_inputs(demo_run, tmp_path):
    moved = shutil.copytree(demo_run[0], tmp_path / "moved")
    again = tmp_path / "again"
    done = bluecarbon("document", moved / "report.json", "--out", again)
    assert done.returncode == 0, done.stdout + done.stderr
    same, differing, missing = filecmp.cmpfiles(moved, again, DOCUMENTS, shallow=False)
    assert not missing
    # the page of a run shows also what its ledger did with the claim
    assert differing == ["report.html"]
    assert len(same) == 3


def test_one_language_and_one_format(demo_run, tmp_path):
    wanted = ("--language", "en", "--format", "html")
    done = bluecarbon("document", demo_run[0] / "report.json", "--out", tmp_path / "en", *wanted)
    assert done.returncode == 0, done.stderr
    assert [p.name for p in (tmp_path / "en").iterdir()] == ["report.en.html"]
    page = (tmp_path / "en" / "report.en.html").read_text(encoding="utf-8")
    assert "Summary" in page
    assert "摘要" not in page


def spoilt(demo_run, tmp_path, name, change):
    folder = shutil.copytree(demo_run[0], tmp_path / "spoilt")
    path = folder / name
    path.write_bytes(change(path.read_bytes()))
    return bluecarbon(
        "document", folder / "report.json", "--out", tmp_path / "out", "--format", "html"
    )


@pytest.mark.parametrize(
    ("name", "change", "code", "said"),
    [
        ("report.json", lambda b: b.replace(b"Gaoqiao", b"Gaoqia0"), 2, "after it was sealed"),
        ("maps/classes_2024.tif", lambda b: b + b" ", 1, "raster-changed"),
        ("stock_maps/total_2024.tif", lambda b: b + b" ", 1, "table-changed"),
        ("tables/area_estimates.csv", lambda b: b.replace(b"2024", b"2025"), 1, "table-changed"),
    ],
)
def test_nothing_is_shown_that_the_run_did_not_write(demo_run, tmp_path, name, change, code, said):
    done = spoilt(demo_run, tmp_path, name, change)
    assert done.returncode == code, done.stdout
    assert said in done.stdout + done.stderr
    assert not (tmp_path / "out").exists()


def test_the_folder_of_the_run_is_left_alone(demo_run):
    done = bluecarbon("document", demo_run[0] / "report.json", "--out", demo_run[0])
    assert done.returncode == 2
    assert "give another" in done.stderr


def test_an_unknown_format_is_refused(demo_run, tmp_path):
    wanted = ("--out", tmp_path / "x", "--format", "docx")
    done = bluecarbon("document", demo_run[0] / "report.json", *wanted)
    assert done.returncode == 2
    assert "html, pdf, xlsx" in done.stderr


WITHOUT = """
import sys
sys.modules[{module!r}] = None
sys.argv = ["bluecarbon", "document", {report!r}, "--out", {out!r}, "--language", "en"]
from bluecarbon.cli.app import main
main()
"""


@pytest.mark.parametrize(
    ("module", "made", "extra"),
    [
        ("typst", {"report.en.html", "report.xlsx"}, "documents"),
        ("openpyxl", {"report.en.html", "report.en.pdf"}, "excel"),
    ],
)
def test_a_missing_part_is_named_and_the_rest_is_made(demo_run, tmp_path, module, made, extra):
    report, out = str(demo_run[0] / "report.json"), str(tmp_path / "out")
    code = WITHOUT.format(module=module, report=report, out=out)
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert {p.name for p in (tmp_path / "out").iterdir()} == made
    assert f"pip install 'bluecarbon[{extra}]'" in done.stdout
    assert done.returncode == 2
