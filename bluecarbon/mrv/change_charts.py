"""Pictures of what class maps count: hectares of every class, and gain and loss, by stratum.

Bars are told apart by hatch as well as by colour. The same table gives the same bytes.
"""

from __future__ import annotations

import io
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bluecarbon.mrv.chart_style import INK, OKABE_ITO, PICTURE_DPI, drawing, light_grid
from bluecarbon.mrv.colours import CLASS_COLOURS

WIDTH_IN = 6.7
BAR_IN = 0.26
STRATA_MOST = 40
"""More strata than this make a chart that nobody reads: the largest are drawn, and that is said."""

GAIN, LOSS = "#0072B2", "#D55E00"
_HATCHES = ("", "////", "....", "xxxx", "----", "++++", "oo")


def areas_png(areas: pd.DataFrame) -> bytes:
    """Hectares of every class by stratum, one bar for each stratum.

    ``areas`` has the columns stratum ("" where there are none), class and area_ha. Ground that is
    "outside" is no class and is left out.
    """
    known = areas[areas["class"] != "outside"]
    wide = known.pivot_table(
        index="stratum", columns="class", values="area_ha", aggfunc="sum", sort=False
    ).fillna(0.0)
    wide, note = _largest(wide)
    with drawing():
        figure, axes = _bars(len(wide))
        left = np.zeros(len(wide))
        for place, name in enumerate(wide.columns):
            width = wide[name].to_numpy()
            # Classes that nobody named have colours of their own, in the order of the table.
            colour = CLASS_COLOURS.get(str(name), OKABE_ITO[place % len(OKABE_ITO)])
            hatch = _HATCHES[place % len(_HATCHES)]
            axes.barh(
                range(len(wide)),
                width,
                left=left,
                height=0.72,
                color=colour,
                hatch=hatch,
                edgecolor="white",
                linewidth=0.5,
                label=str(name),
            )
            left += width
        _finish(axes, [str(name) for name in wide.index], f"area [ha]{note}")
        return _png(figure)


def areas_of_years_png(areas: pd.DataFrame) -> bytes:
    """:func:`areas_png` of several years: a bar for each stratum and year (column year)."""
    names = areas["stratum"].astype(str) + " " + areas["year"].astype(str)
    return areas_png(areas.assign(stratum=names.str.strip()))


def change_png(change: pd.DataFrame) -> bytes:
    """Gain to the right, loss to the left and a mark for net, by stratum and period.

    ``change`` as of :func:`.change_areas.change_areas`, with a column class.
    """
    table = change.set_index(
        change["stratum"].astype(str)
        + " "
        + change["from_year"].astype(str)
        + "–"
        + change["to_year"].astype(str)
    )[["gain_ha", "loss_ha", "net_ha"]]
    table, note = _largest(table)
    places = range(len(table))
    with drawing():
        figure, axes = _bars(len(table))
        edge: Any = {"height": 0.72, "edgecolor": "white", "linewidth": 0.5}
        axes.barh(places, table["gain_ha"], color=GAIN, label="gain", **edge)
        axes.barh(places, -table["loss_ha"], color=LOSS, hatch="////", label="loss", **edge)
        axes.plot(table["net_ha"], places, "D", color="white", mec=INK, ms=4, label="net")
        axes.axvline(0, color=INK, linewidth=0.6)
        classes = ", ".join(map(str, change["class"].unique()))
        _finish(axes, [name.strip() for name in table.index], f"change of {classes} [ha]{note}")
        return _png(figure)


def _largest(table: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """The rows with the most hectares, in their order, and how many are not drawn."""
    if len(table) <= STRATA_MOST:
        return table, ""
    size = table.abs().sum(axis=1).to_numpy()
    kept = np.sort(np.argsort(-size, kind="stable")[:STRATA_MOST])
    return table.iloc[kept], f"; the largest {STRATA_MOST} of {len(table)}"


def _bars(rows: int) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(WIDTH_IN, 1.0 + BAR_IN * max(rows, 2)), layout="constrained")
    return figure, figure.subplots()


def _finish(axes: Axes, names: list[str], label: str) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(max(len(names), 1) - 0.4, -0.6)
    axes.set_xlabel(label)
    axes.xaxis.set_major_formatter(mpl.ticker.StrMethodFormatter("{x:,.6g}"))
    light_grid(axes, "x")
    if names:
        axes.figure.legend(loc="outside upper left", ncols=7, handlelength=1.4)


def _png(figure: Figure) -> bytes:
    """A figure as PNG, without a clock or the name of a program."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=PICTURE_DPI, metadata={"Software": None})
    return buffer.getvalue()
