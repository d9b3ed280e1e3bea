"""What a class map says about itself, for QGIS, GDAL and xarray: names, meanings, colours.

CF attributes (units, long_name, flag_values, flag_meanings: CF 1.11, sections 3.1-3.5) stand in
the tags of the band, the class names also in ``class_001`` ... of the file. Names that QGIS shows
beside the colours are GDAL's category names, which TIFF keeps in a small file beside the map.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

CATEGORIES_MAX = 256


def class_tags(dataset: Any, legend: Mapping[int, str], long_name: str) -> None:
    """Write the meaning of a class map into a rasterio dataset that is open for writing."""
    codes = sorted(legend)
    dataset.update_tags(**{f"class_{code:03d}": legend[code] for code in codes})
    meaning = {"units": "1", "long_name": long_name}
    if codes:
        meaning["flag_values"] = " ".join(map(str, codes))
        meaning["flag_meanings"] = " ".join(legend[code].replace(" ", "_") for code in codes)
    dataset.update_tags(1, **meaning)
    dataset.set_band_description(1, long_name)


def write_category_names(path: Path, legend: Mapping[int, str]) -> Path | None:
    """Write GDAL's category names beside a map, as ``<map>.aux.xml``; None when there are none.

    Names that a table of up to 256 cannot hold (negative or large numbers) are left to the tags.
    """
    known = {code: name for code, name in legend.items() if 0 <= code < CATEGORIES_MAX}
    if not known:
        return None
    root = ET.Element("PAMDataset")
    names = ET.SubElement(ET.SubElement(root, "PAMRasterBand", band="1"), "CategoryNames")
    for code in range(max(known) + 1):
        ET.SubElement(names, "Category").text = known.get(code, "")
    ET.indent(root)
    beside = path.with_name(f"{path.name}.aux.xml")
    beside.write_text(ET.tostring(root, encoding="unicode") + "\n", encoding="utf-8")
    return beside
