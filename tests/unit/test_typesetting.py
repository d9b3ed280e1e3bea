"""Pages as PDF: the same everywhere, with every letter in the file."""

import hashlib
import json
import subprocess
import sys

import pytest
from support.pdf_pages import missing_glyphs, page_texts, reader

from bluecarbon import typesetting
from bluecarbon.errors import MissingExtraError

SOURCE = """
#set text(font: ("Libertinus Serif", "Noto Serif SC"), lang: "zh", region: "cn")
= 红树林监测 Monitoring
#text(font: "Noto Sans SC")[面积 17,309.1 tCO2e ± 3 m² ≥ –]
#json("data.json").name
"""
FILES = {"data.json": json.dumps({"name": "#strong[李] *not bold* $x$"}).encode()}
DOT = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">'
    b'<rect width="9" height="9"/></svg>'
)


def made(source=SOURCE, files=FILES):
    return typesetting.pdf_of(source, title="监测 report", files=files)


def test_both_languages_are_text_and_what_a_user_wrote_is_no_markup():
    (text,) = page_texts(made())
    assert "红树林监测 Monitoring" in text
    assert "面积 17,309.1" in text
    assert "#strong[李] *not bold* $x$" in text


def test_no_letter_is_an_empty_box_where_a_font_has_it():
    assert missing_glyphs(made()) == 0


def test_a_letter_that_no_font_has_is_a_warning_and_a_box():
    with pytest.warns(UserWarning, match="empty boxes"):
        thai = made("\u0e1b\u0e32 forest")
    assert missing_glyphs(thai) == 2
    assert "forest" in page_texts(thai)[0]


def test_every_font_is_embedded_and_none_is_of_the_machine():
    read = reader(made())
    fonts = [font.get_object() for font in read.pages[0]["/Resources"]["/Font"].values()]
    assert fonts
    for font in fonts:
        descriptor = font["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
        assert {"/FontFile2", "/FontFile3"} & set(descriptor), font["/BaseFont"]
        assert any(name in font["/BaseFont"] for name in ("NotoS", "Libertinus", "DejaVu"))


def test_the_same_source_is_the_same_bytes_in_another_process():
    code = (
        "import hashlib, json, sys; from bluecarbon.typesetting import pdf_of; "
        "source, name = json.load(sys.stdin); "
        "pdf = pdf_of(source, title='监测 report', files={'data.json': name.encode()}); "
        "print(hashlib.sha256(pdf).hexdigest())"
    )
    there = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps([SOURCE, FILES["data.json"].decode()]),
        check=True,
        capture_output=True,
        text=True,
    )
    assert there.stdout.strip() == hashlib.sha256(made()).hexdigest()


def test_a_document_has_a_title_and_no_clock():
    read = reader(made())
    assert read.metadata.title == "监测 report"
    assert read.metadata.creation_date is None
    assert read.trailer["/Root"]["/MarkInfo"]["/Marked"]


def test_a_picture_needs_words():
    with pytest.raises(RuntimeError, match="alt"):
        made('#image("dot.svg")', {"dot.svg": DOT})
    assert page_texts(made('#image("dot.svg", alt: "a dot") x', {"dot.svg": DOT})) == ["x"]


def test_a_wrong_source_is_an_error_and_leaves_nothing():
    with pytest.raises(RuntimeError, match="unclosed"):
        made("#box(")


@pytest.mark.parametrize("module", ["typst", "pylopdf_fonts_zh_cn"])
def test_without_the_extra_it_says_what_to_install(monkeypatch, module):
    typesetting._fonts.cache_clear()
    monkeypatch.setitem(sys.modules, module, None)
    assert not typesetting.available()
    with pytest.raises(MissingExtraError, match=r"bluecarbon\[documents\]"):
        made()
    monkeypatch.undo()
    typesetting._fonts.cache_clear()
    assert typesetting.available()


def test_the_font_for_charts_has_chinese_letters():
    from matplotlib.ft2font import FT2Font

    letters = FT2Font(str(typesetting.sans_font_file())).get_charmap()
    assert all(ord(letter) in letters for letter in "红树林碳汇监测报告湛江±–°")
