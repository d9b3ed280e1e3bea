"""How charts look: one style, one palette, readable in grey and by the colour-blind.

Colours are those of Okabe and Ito (2008, "Color Universal Design"), in an order in which
neighbours also differ in lightness; every series has in addition a marker, a line style or a hatch
of its own, so that nothing is told by colour alone. Charts are SVG with letters as outlines: they
look the same wherever they are shown. No date is written: the same inputs give the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bluecarbon import typesetting
from bluecarbon.mrv.document_words import Language, Words

INK, GREY, PALE = "#1b1b1b", "#6b6b6b", "#d6d6d6"

OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = "osD^vPX"
LINE_STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (1, 1)))

# A private name: a font of the machine that is called the same must not take its place.
_CHINESE = "bluecarbon Noto Sans SC"

PICTURE_DPI = 200


@dataclass(frozen=True)
class Series:
    """The look of one series: it differs from its neighbours in colour, marker and line."""

    colour: str
    marker: str
    line_style: Any


def series(index: int) -> Series:
    """The look of the ``index``-th series; after seven they begin again."""
    place = index % len(OKABE_ITO)
    return Series(OKABE_ITO[place], MARKERS[place], LINE_STYLES[place])


def chart_words(language: Language) -> Words:
    """Words for charts: in English alone where no Chinese font is installed, never as boxes."""
    return Words(language if typesetting.available() else "en")


@contextmanager
def drawing() -> Iterator[None]:
    """The style of all charts, for the time of drawing and of saving."""
    families = ["DejaVu Sans"]
    if typesetting.available():
        _register_chinese()
        families.insert(0, _CHINESE)
    style: Any = {
        "font.family": families,
        "font.size": 8,
        "axes.titlesize": 9,
        "axes.titlelocation": "left",
        "axes.edgecolor": GREY,
        "axes.linewidth": 0.6,
        "axes.labelcolor": INK,
        "axes.unicode_minus": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "xtick.color": GREY,
        "ytick.color": GREY,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "hatch.linewidth": 0.6,
        "legend.frameon": False,
        "legend.fontsize": 8,
        "svg.fonttype": "path",
        # Without it the names of parts in an SVG are drawn at random.
        "svg.hashsalt": "bluecarbon",
    }
    with mpl.rc_context(style):
        yield


@cache
def _register_chinese() -> None:
    manager = font_manager.fontManager
    manager.addfont(typesetting.sans_font_file())
    manager.ttflist.append(replace(manager.ttflist[-1], name=_CHINESE))


def svg(figure: Figure) -> bytes:
    """A figure as SVG, without a clock; call it inside :func:`drawing`."""
    buffer = io.BytesIO()
    about = {"Date": None, "Creator": None, "Format": None, "Type": None}
    figure.savefig(buffer, format="svg", dpi=PICTURE_DPI, metadata=about)
    return buffer.getvalue()


def stacked(words: Words, key: str, **places: object) -> str:
    """A title above an axis: two languages on two lines, as one line would leave the picture."""
    if words.language != "both":
        return words.say(key, **places)
    return "\n".join(Words(code).say(key, **places) for code in ("zh", "en"))


def light_grid(axes: Axes, axis: Literal["x", "y"] = "y") -> None:
    """Thin lines behind the marks, across ``axis``."""
    axes.grid(axis=axis, color=PALE, linewidth=0.5)
    axes.set_axisbelow(True)
