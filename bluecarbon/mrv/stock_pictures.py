"""A carbon map as a picture: one scale of lightness, a scale bar, north, and what is not known.

Lightness rises with carbon (cividis: readable in grey and by the colour-blind). Large maps are
shown from their overviews. Same inputs, same bytes.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import rasterio
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bluecarbon.mrv.covariates import pixel_size_m
from bluecarbon.mrv.rasters import Grid, opened

SIDE_PX_MOST = 1_200

UNCOUNTED = "hatched: not counted, or unknown"

_STYLE: Any = {"font.size": 9, "figure.constrained_layout.use": True, "savefig.dpi": 130}


@dataclass(frozen=True)
class Shown:
    """A map as it is drawn: values (rows, columns), NaN for nothing, and metres of its pixels."""

    values: NDArray[np.float32]
    pixel_m: tuple[float, float]


def shown_map(path: Path) -> Shown:
    """A raster for a picture of at most 1200 pixels a side, averaged by its overviews."""
    with opened(path) as dataset:
        grid = Grid(dataset.crs, dataset.transform, dataset.height, dataset.width)
        shrink = max(1.0, max(grid.height, grid.width) / SIDE_PX_MOST)
        shape = (max(1, round(grid.height / shrink)), max(1, round(grid.width / shrink)))
        values = dataset.read(1, out_shape=shape, resampling=rasterio.enums.Resampling.average)
    across, down = pixel_size_m(grid)
    scale = grid.width / shape[1], grid.height / shape[0]
    return Shown(values.astype(np.float32), (across * scale[0], down * scale[1]))


def carbon_map_png(
    shown: Shown, title: str, *, unit: str = "tC/ha", diverging: bool = False
) -> bytes:
    """A picture of a carbon map; ``diverging`` for a change, with white at no change."""
    rows, columns = shown.values.shape
    ground = rows * shown.pixel_m[1] / (columns * shown.pixel_m[0])
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(7.0, 1.0 + 5.6 * min(max(ground, 0.3), 1.4)))
        axes = figure.subplots()
        image = axes.imshow(
            shown.values,
            interpolation="nearest",
            aspect=shown.pixel_m[1] / shown.pixel_m[0],
            **_colours(shown.values, diverging=diverging),
        )
        # Hatched, not grey: the middle of the scale is grey itself.
        axes.patch.set(facecolor="white", edgecolor="#9a9a9a", hatch="////", linewidth=0.0)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_title(title)
        figure.colorbar(image, ax=axes, shrink=0.8, label=f"{unit} ({UNCOUNTED})")
        _scale_bar(axes, shown)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", metadata={"Software": None})
        return buffer.getvalue()


def _colours(values: NDArray[np.float32], *, diverging: bool) -> dict[str, Any]:
    known = values[np.isfinite(values)]
    if not diverging:
        least, most = np.percentile(known, [0.5, 99.5]).tolist() if known.size else (0.0, 1.0)
        # From 0, unless that would leave half of the scale to numbers that do not occur.
        return {"cmap": "cividis", "vmin": least if least > most / 2 else 0.0, "vmax": most or 1.0}
    most = float(np.percentile(np.abs(known), 99.5)) if known.size else 1.0
    return {"cmap": "PuOr", "vmin": -(most or 1.0), "vmax": most or 1.0}


def _scale_bar(axes: Axes, shown: Shown) -> None:
    """A bar of a round length, true at the middle of the map, and an arrow to the north."""
    rows, columns = shown.values.shape
    wanted = columns * shown.pixel_m[0] / 4
    magnitude = 10 ** np.floor(np.log10(wanted))
    length_m = magnitude * max(step for step in (1, 2, 5) if step * magnitude <= wanted)
    left, bottom = 0.05 * columns, 0.95 * rows
    axes.plot([left, left + length_m / shown.pixel_m[0]], [bottom, bottom], "k-", linewidth=3)
    words = f"{length_m / 1000:g} km" if length_m >= 1000 else f"{length_m:g} m"
    white = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.0}
    axes.text(left, bottom - 0.03 * rows, words, fontsize=8, va="bottom", bbox=white)
    axes.annotate(
        "N",
        xy=(0.96, 0.97),
        xytext=(0.96, 0.87),
        xycoords="axes fraction",
        ha="center",
        va="top",
        arrowprops={"arrowstyle": "-|>", "color": "black"},
        bbox=white,
    )
