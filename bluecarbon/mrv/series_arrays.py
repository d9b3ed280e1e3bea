"""What happens along the dates of arrays: trajectories of classes, dates of change, alerts.

The rules are those of :mod:`.trajectories` and :mod:`.persistence`; here they take what a notebook
holds and give back rasters with their grid, and dates instead of places of dates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from rasterio.errors import RasterioError

from bluecarbon.mrv.arrays import X_NAMES, Y_NAMES, grid_of, to_dataarray, values_north_up
from bluecarbon.mrv.blocks import Runner, Threads
from bluecarbon.mrv.map_sources import map_files
from bluecarbon.mrv.map_stack import Alignment
from bluecarbon.mrv.persistence import AlertRule, change_dates, scored_alerts
from bluecarbon.mrv.rasters import unreadable
from bluecarbon.mrv.trajectories import Trajectories, block_codes, read_trajectories
from bluecarbon.mrv.transitions import DatedMap
from bluecarbon.spec import Finding, errors_in

if TYPE_CHECKING:
    from bluecarbon.mrv.map_sources import ClassMaps, Strata

NO_YEAR = 0
"""In a raster of years: it did not happen. Rasters of dates have NaT there."""

Findings = tuple[Finding, ...]


@dataclass(frozen=True)
class TrajectoryArrays:
    """Trajectories of classes: a raster of codes, and what each code stands for.

    Attributes
    ----------
    codes : (y, x), 0 where a pixel has no trajectory
    table : a row for each stratum and code that occurs: stratum, trajectory (the code), one column
        for each year with the class number, pixels, area_ha (geodesic)
    """

    codes: xr.DataArray
    table: pd.DataFrame


def trajectories_of(
    maps: Sequence[DatedMap] | ClassMaps,
    *,
    classes: Mapping[int, str] | None = None,
    strata: Strata = None,
    alignment: Alignment = "refuse",
    runner: Runner | None = None,
) -> tuple[TrajectoryArrays | None, Findings]:
    """The trajectories of class maps in memory or in files; the codes are held in memory.

    Parameters and findings as of :func:`bluecarbon.mrv.trajectories.read_trajectories`; ``strata``
    also as polygons.
    """
    chosen = runner or Threads()
    with map_files(maps, strata) as given:
        if errors_in(given.findings):
            return None, given.findings
        table, found = read_trajectories(
            given.maps,
            classes=classes,
            strata=cast("Any", given.strata),
            alignment=alignment,
            runner=chosen,
        )
        found = (*given.findings, *found)
        if table is None:
            return None, found
        try:
            codes = _codes(table, chosen)
        except (RasterioError, OSError) as error:
            return None, (*found, unreadable(given.maps[0].subject, "class-map", error))
    return TrajectoryArrays(codes, _frame(table)), found


def _codes(table: Trajectories, runner: Runner) -> xr.DataArray:
    grid, blocks = table.grid, table.stack.blocks
    values = np.zeros((grid.height, grid.width), table.codes_type)
    work = partial(block_codes, table.stack, table.tree(), table.codes_type)
    for block, codes in zip(blocks, runner.results(work, blocks), strict=True):
        values[block.slices] = codes
    about = {"long_name": "trajectory of classes"}
    return to_dataarray(values, grid, "trajectory", attributes=about)


def _frame(table: Trajectories) -> pd.DataFrame:
    stratum, row = np.nonzero(table.pixels)
    columns: dict[str, Any] = {
        "stratum": [table.strata[place] for place in stratum],
        "trajectory": row + 1,
    }
    columns |= {str(year): table.classes[row, i] for i, year in enumerate(table.years)}
    columns |= {"pixels": table.pixels[stratum, row], "area_ha": table.area_ha[stratum, row]}
    return pd.DataFrame(columns)


def alerts_of(observations: xr.DataArray, rule: AlertRule | None = None) -> xr.Dataset:
    """Scored alerts of observations along their first axis: 1 change, 0 no change, 255 not seen.

    Returns
    -------
    ``score`` and ``alert`` (y, x) after the last date; ``alerted`` (when the alert was reached),
    ``began`` (its first sign) and ``since`` (the first sign of the present score), as entries of
    the axis; NaT or 0 where there is none. See :func:`bluecarbon.mrv.persistence.scored_alerts`.

    Raises
    ------
    DataError
        The array has no grid.
    """
    made = scored_alerts(values_north_up(observations), rule)
    return _dated(made, observations)


def change_dates_of(maps: xr.DataArray, *, unknown: frozenset[int] = frozenset()) -> xr.Dataset:
    """When classes (date, y, x) first and last changed, as entries of the first axis.

    A change lies between ``first_after`` and ``first_by`` (``last_after`` and ``last_by``), NaT or
    0 where nothing changed; ``changes`` counts them. See
    :func:`bluecarbon.mrv.persistence.change_dates`. DataError when the array has no grid.
    """
    return _dated(change_dates(values_north_up(maps), unknown=unknown), maps)


def _dated(made: Any, given: xr.DataArray) -> xr.Dataset:
    """The fields of a result as rasters, places of dates as the dates themselves."""
    grid, dates = grid_of(given), _dates(given)
    layers = {field.name: getattr(made, field.name) for field in fields(made)}
    shown = {n: dates[v] if v.dtype == np.int16 else v for n, v in layers.items()}
    return xr.Dataset({name: to_dataarray(values, grid, name) for name, values in shown.items()})


def _dates(given: xr.DataArray) -> NDArray[Any]:
    """The entries of the axis of dates, and after them what stands for none: NEVER is -1."""
    name = next(name for name in given.dims if name not in {*X_NAMES, *Y_NAMES})
    axis = np.asarray(given[name])
    if axis.dtype.kind == "M":
        return np.concatenate([axis, np.array(["NaT"], axis.dtype)])
    return np.concatenate([axis.astype(np.int32), np.array([NO_YEAR], np.int32)])
