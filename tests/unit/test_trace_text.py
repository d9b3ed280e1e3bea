"""The trace for reading: on a terminal and as one page."""

import re
from html.parser import HTMLParser

import pytest
from rich.cells import cell_len
from support.small_rules import RATE, SmallRules, area

from bluecarbon.methodology.ar_am0014 import AR_AM0014_V3_0
from bluecarbon.methodology.conformance_runs import Case
from bluecarbon.methodology.trace_text import trace_as_html, trace_as_text

GOLDEN = Case.of(AR_AM0014_V3_0).golden


def small(method="", **row):
    book = SmallRules()
    rows = (area("A", 30.0, method=method), area("B", 12.5))
    data = book.example().model_copy(update={"measurements": rows})
    found = book.quantify(data, Case.of(book).parameters)
    parameters = (RATE.model_copy(update=row),)
    return found.model_copy(update={"parameters": parameters, "draft": bool(row)})


def test_the_text_has_every_equation_input_and_result_in_order():
    blocks = trace_as_text(GOLDEN).split("\n\n")[1:-1]
    assert len(blocks) == len(GOLDEN.trace)
    for number, (block, step) in enumerate(zip(blocks, GOLDEN.trace, strict=True), start=1):
        title, *inputs, result = block.split("\n")
        start = f"[{number}] {step.document} {step.equation}  |  {step.scope}  |  {step.about}"
        assert title == start
        for line, item in zip(inputs, step.inputs, strict=True):
            name, value, unit, source = re.split(r"\s+=\s+|\s{2,}", line.strip(), maxsplit=3)
            assert (name, unit) == (item.name, item.unit)
            assert float(value) == pytest.approx(item.value, rel=1e-11)
            assert source.endswith(item.source)
        assert step.formula in result


def test_columns_are_aligned_though_chinese_letters_are_wide():
    block = trace_as_text(GOLDEN).split("\n\n")[1].split("\n")[1:]
    assert len({cell_len(line.split("=")[0]) for line in block}) == 1


def test_an_input_names_the_step_that_gave_it():
    assert "[1] AR-TOOL14 v4.2 Appendix 1 (R_j) for plot east-1 at start" in trace_as_text(GOLDEN)


def test_parameter_rows_stand_at_the_end_with_source_and_status():
    last = trace_as_text(GOLDEN).rstrip().split("\n\n")[-1]
    for row in GOLDEN.parameters:
        assert re.search(rf"{row.name} .*{re.escape(row.source)} .*{row.status}", last)


def test_a_draft_says_so_in_both():
    draft = small(status="unverified")
    assert "DRAFT" in trace_as_text(draft)
    assert "DRAFT" in trace_as_html(draft)
    assert "DRAFT" not in trace_as_text(small()) + trace_as_html(small())


def test_text_of_users_cannot_steer_the_terminal():
    text = trace_as_text(small(method="\x1b[2Jgone\x07\nnew line"))
    assert not any(ord(letter) < 32 for letter in text.replace("\n", ""))
    assert "gone  new line" in text


def test_text_of_users_cannot_become_markup():
    page = trace_as_html(small(method="<script>alert(1)</script>"))
    assert "<script" not in page
    assert "&lt;script&gt;" in page


class Links(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.targets, self.ids, self.outside = [], set(), []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if "id" in found:
            self.ids.add(found["id"])
        if tag == "a":
            self.targets.append(found["href"])
        self.outside += [v for k, v in attrs if k in {"src", "href"} and not v.startswith("#")]


def test_the_page_is_self_contained_and_its_links_lead_to_steps():
    links = Links(trace_as_html(GOLDEN))
    assert links.outside == []
    assert links.ids == {f"step-{n}" for n in range(1, len(GOLDEN.trace) + 1)}
    assert {target[1:] for target in links.targets} <= links.ids
    assert links.targets


def test_the_page_has_chinese_and_english_headings_and_all_years():
    page = trace_as_html(GOLDEN)
    headings = re.findall(r"<h[12]>(.*?)</h[12]>", page)
    assert headings == [
        "核算过程 Auditor's trace",
        "核算量 Claim",
        "公式 Equations",
        "参数 Parameters",
    ]
    for year in GOLDEN.claim_tco2e_by_year:
        assert f"<td>{year}</td>" in page


def test_a_trace_without_steps_or_rows_is_said_not_hidden():
    nothing = small().model_copy(update={"trace": (), "parameters": ()})
    assert trace_as_text(nothing).count("\n\n") == 0
    assert "无 none" in trace_as_html(nothing)
