"""Small sheets of trees and plots on disk, read and evaluated in one call."""

from bluecarbon.mrv.field_inventory import InventoryRequest, measure_sheets
from bluecarbon.mrv.tree_equations import EquationChoice
from bluecarbon.project_inventory import InventorySheets

PLOTS = "plot_id,stratum,lat,lon,area_m2\nP1,A,21.57,109.75,100\nP2,A,21.57,109.76,100\n"
HEADER = "plot,tag,date,species,dbh,height,status"
GOOD = "P1,1,2024-10-03,秋茄,8,4,live\nP2,1,2024-10-03,秋茄,10,5,live"
EXTRAPOLATE = EquationChoice(out_of_range="extrapolate")

KANDELIA = 0.544
"""Wood density of Kandelia obovata in wood_density.csv [g/cm3]."""


def agb(dbh, density=KANDELIA):
    """Komiyama et al. 2005 above ground [kg]."""
    return 0.251 * density * dbh**2.46


def bgb(dbh, density=KANDELIA):
    """Komiyama et al. 2005 of roots [kg]."""
    return 0.199 * density**0.899 * dbh**2.22


def plots_of(made):
    """The plots of a result by their id."""
    return made.result.plots.set_index("plot_id")


def write(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def measured(folder, *rows, header=HEADER, good=GOOD, plots=PLOTS, strict=False, **options):
    """The inventory of a sheet with ``good`` rows (lines 2, 3) and ``rows`` below them.

    Options of InventorySheets are keys; others go to the request.
    """
    trees = write(
        folder / "trees.csv", "\n".join([header, *([good] if good else []), *rows]) + "\n"
    )
    place = write(folder / "plots.csv", plots) if plots else None
    keys = {
        name: options.pop(name) for name in list(options) if name in InventorySheets.model_fields
    }
    sheets = InventorySheets(bad_rows="stop" if strict else "leave out", **keys)
    options.setdefault("choice", EXTRAPOLATE)
    return measure_sheets(InventoryRequest(trees, place, sheets, **options))
