"""A small InVEST project on disk: three class maps of 2 x 4 pixels and the three tables."""

import numpy as np

from support.class_raster import write_classes

MANGROVE, POND, OTHER = 1, 2, 3

MAPS = {
    2010: [[1, 1, 1, 2], [3, 2, 1, 0]],
    2015: [[1, 2, 2, 2], [3, 1, 2, 0]],
    2020: [[1, 2, 1, 3], [1, 1, 3, 0]],
}
"""Among them: kept, lost, lost and restored, gained, lost and changed again; one pixel outside."""

BIOPHYSICAL = """\
lucode,lulc-class,biomass-initial,soil-initial,litter-initial,biomass-half-life,\
biomass-low-impact-disturb,biomass-med-impact-disturb,biomass-high-impact-disturb,\
biomass-yearly-accumulation,soil-half-life,soil-low-impact-disturb,soil-med-impact-disturb,\
soil-high-impact-disturb,soil-yearly-accumulation,litter-yearly-accumulation
1,Mangrove,500,1000,50,5,0.3,0.5,1,12,7.5,0.2,0.4,0.66,6,0.1
2,pond,0,300,0,1,0,0,0,0,2,0.1,0.2,0.3,0,0
3,other,10,200,5,1,0,0,0,1,3,0,0,0,0.5,0.2
"""

TRANSITIONS = """\
lulc-class,Mangrove,pond,other
Mangrove,accum,high-impact-disturb,med-impact-disturb
pond,accum,NCC,NCC
other,accum,,NCC
"""


def write_project(folder, maps=MAPS, biophysical=BIOPHYSICAL, transitions=TRANSITIONS):
    """The paths of the three tables; ``maps`` is year -> rows of class numbers."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["snapshot_year,raster_path"]
    for year, codes in maps.items():
        write_classes(folder / f"lulc_{year}.tif", np.array(codes, np.uint8), nodata=0)
        lines.append(f"{year},lulc_{year}.tif")
    tables = {
        "snapshots.csv": "\n".join(lines) + "\n",
        "biophysical.csv": biophysical,
        "transitions.csv": transitions,
    }
    for name, text in tables.items():
        (folder / name).write_text(text, encoding="utf-8")
    return tuple(folder / name for name in tables)


def codes_of(findings):
    return [finding.code for finding in findings]
