"""Rasters without overviews: counting does not miss them, every picture does."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rasterio.errors import RasterioError

from bluecarbon.mrv.rasters import opened
from bluecarbon.spec import Finding

OVERVIEWS_FROM_PX = 4096
"""A raster with a longer side is slow to draw without overviews: all of it must be read."""

NAMED_MOST = 3


def lacks_overviews(path: Path) -> bool:
    """Whether a raster is large and has no overviews; False of one that cannot be opened."""
    try:
        with opened(path) as dataset:
            large = max(dataset.height, dataset.width) > OVERVIEWS_FROM_PX
            return large and not dataset.overviews(1)
    except (RasterioError, OSError):
        return False


def overview_findings(paths: Iterable[Path]) -> tuple[Finding, ...]:
    """One warning that names the large rasters without overviews; none when all have them."""
    names = [path.name for path in dict.fromkeys(paths) if lacks_overviews(path)]
    if not names:
        return ()
    more = f" and {len(names) - NAMED_MOST} more" if len(names) > NAMED_MOST else ""
    subject = ", ".join(names[:NAMED_MOST]) + more
    message = "no overviews: every picture of it reads all of its pixels"
    fix = "add them once: gdaladdo -ro FILE, or write it as a cloud-optimised GeoTIFF"
    return (Finding.warning("raster-no-overviews", subject, message, fix=fix),)
