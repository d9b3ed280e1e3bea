"""Small projects with field sheets, written into a folder of the test."""

from bluecarbon.project import Project

PLOTS = """plot_id,stratum,lon,lat,area_m2
A-1,A,109.75,21.55,100
A-2,A,109.76,21.55,100
"""
TREES = """plot_id,tree_id,date,species,dbh_cm,height_m,status
A-1,1,2024-11-11,Kandelia obovata,8.0,4.0,live
A-1,2,2024-11-11,Kandelia obovata,10.0,5.0,live
A-1,3,2024-11-11,Kandelia obovata,9.0,4.0,dead
A-2,1,2024-11-12,Kandelia obovata,6.0,3.5,live
A-2,2,2024-11-12,Kandelia obovata,7.0,3.8,live
"""
CORES = """core_id,stratum,lon,lat,date,\
depth_min_cm,depth_max_cm,bulk_density_g_cm3,organic_carbon_percent
C1,A,109.75,21.55,2024-12-02,0,30,0.8,3.0
C1,A,109.75,21.55,2024-12-02,30,60,0.9,2.0
C1,A,109.75,21.55,2024-12-02,60,100,1.0,1.0
C2,A,109.76,21.55,2024-12-02,0,30,0.8,2.0
C2,A,109.76,21.55,2024-12-02,30,60,0.9,2.0
C2,A,109.76,21.55,2024-12-02,60,100,1.0,2.0
"""


def field_project(folder, *, inventory=None, soil=None, **sheets):
    """A project in ``folder`` with the sheets that are given (plots, trees, cores) as text.

    ``inventory`` and ``soil`` hold further keys of their sections.
    """
    table = {
        "project": {"id": "TEST-1", "name": "test"},
        "period": {"start": "2020-01-01", "end": "2025-01-01"},
        "boundary": {"path": "boundary.geojson"},
        "class_maps": {"legend": {"1": "mangrove"}, "map": [{"path": "map.tif", "epoch": 2024}]},
    }
    for name, text in sheets.items():
        data = text if isinstance(text, bytes) else text.encode()
        (folder / f"{name}.csv").write_bytes(data)
    if "trees" in sheets:
        table["inventory"] = {"plots": "plots.csv", "trees": "trees.csv", **(inventory or {})}
    if "cores" in sheets:
        table["soil"] = {"cores": "cores.csv", **(soil or {})}
    return Project.from_table(table, folder)


def by_code(findings):
    """Findings in a dictionary of lists, by their code."""
    found = {}
    for finding in findings:
        found.setdefault(finding.code, []).append(finding)
    return found
