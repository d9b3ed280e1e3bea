"""Carbon maps for documents: one scale for all years, and a pattern where nothing is known.

Lightness rises with carbon (cividis: readable in grey and by the colour-blind); white with slanted
lines is what no number of the scale can be taken for.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bluecarbon.mrv.evidence import DrawnMap, Evidence, placed_grid
from bluecarbon.mrv.map_charts import Swatch, framed_map_svg, swatch_svg
from bluecarbon.mrv.stock_pictures import shown_map

_SCALE = "cividis"
_SCALE_IN = 0.42
_NOTHING, _NOTHING_LINES = (1.0, 1.0, 1.0), (0.75, 0.75, 0.75)
_PATTERN_PX = 12

Values = NDArray[np.float32]


def stock_map_svg(evidence: Evidence, year: int) -> bytes:
    """Carbon of all pools together in a year [tC/ha], on the scale of all years.

    A stock map must exist for the year (:attr:`Evidence.stock_maps`).
    """
    return evidence.picture(f"stocks-{year}", lambda: _stock_map_svg(evidence, year))


def stock_legend() -> tuple[Swatch, ...]:
    """How ground without a number is drawn."""
    return (Swatch("stock", "none", swatch_svg("#ffffff", "///")),)


def _stock_map_svg(evidence: Evidence, year: int) -> bytes:
    path = evidence.stock_maps[year]
    values = shown_map(path).values
    most = max((_most(other) for other in evidence.stock_maps.values()), default=1.0)
    norm = Normalize(0.0, most)
    return framed_map_svg(
        evidence,
        _drawn(path, values),
        _picture(values, norm),
        below_in=_SCALE_IN,
        below=lambda figure: _scale(figure, norm),
    )


def _drawn(path: Path, values: Values) -> DrawnMap:
    """Where the thinned values lie; they have no classes."""
    transform, crs = placed_grid(path, values.shape)
    return DrawnMap(np.zeros(values.shape, dtype=np.uint8), transform, crs)


def _most(path: Path) -> float:
    """Nearly the largest value: a few odd pixels must not take the scale for themselves."""
    values = shown_map(path).values
    known = values[np.isfinite(values)]
    return float(np.percentile(known, 99.5)) or 1.0 if known.size else 1.0


def _picture(values: Values, norm: Normalize) -> NDArray[np.float64]:
    times = max(1, 1200 // max(values.shape))
    large = np.kron(values, np.ones((times, times), dtype=np.float32))
    colours = colormaps[_SCALE](norm(np.nan_to_num(large)))[..., :3]
    rows, columns = np.ogrid[: large.shape[0], : large.shape[1]]
    nothing = ~np.isfinite(large)
    lines = (rows + columns) % _PATTERN_PX < 2
    colours[nothing] = _NOTHING
    colours[nothing & lines] = _NOTHING_LINES
    picture: NDArray[np.float64] = colours
    return picture


def _scale(figure: Figure, norm: Normalize) -> None:
    """The scale under the map; its unit is the same in every language."""
    height = figure.get_figheight()
    axes = figure.add_axes((0.3, 0.22 / height, 0.4, 0.09 / height))
    figure.colorbar(ScalarMappable(norm, _SCALE), cax=axes, orientation="horizontal")
    axes.tick_params(labelsize=6.5, length=2)
    figure.text(0.715, 0.265 / height, "tC/ha", fontsize=7, va="center")
