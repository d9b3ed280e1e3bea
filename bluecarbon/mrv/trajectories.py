"""Class trajectories: the classes that pixels went through, their hectares, and a raster of codes.

Every pixel of N class maps has one trajectory, the row of its N class numbers. Some thousand
different ones occur among billions of pixels, so a table of trajectories with pixels and hectares
(by stratum where strata are given) holds all that totals need, and one raster of trajectory codes
all that maps need. The counting is that of :mod:`bluecarbon.mrv.transitions`.

A pixel counts where every map has a class. A number that a file declares as "no data" is no class,
unless it is among the ``classes`` that the caller names: 0 is a class in many maps. Pixels that
have a class in some maps and none in others are left out everywhere and reported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bluecarbon.mrv.blocks import Block, Runner, Threads
from bluecarbon.mrv.kernels.trajectory_codes import Codes, Tree, encode, tree_of
from bluecarbon.mrv.map_stack import Alignment, MapStack, open_stack
from bluecarbon.mrv.rasters import Grid
from bluecarbon.mrv.transitions import DatedMap, Transitions, transition_areas
from bluecarbon.spec import Finding, errors_in

OUTSIDE = 0
"""The code of pixels without a trajectory; trajectories have codes from 1 on."""

Findings = tuple[Finding, ...]


@dataclass(frozen=True)
class Trajectories:
    """What occurs on the maps of some years; code ``i + 1`` belongs to row ``i``.

    Attributes
    ----------
    years : ascending
    classes : (trajectories, years) class numbers, rows in ascending order
    pixels, area_ha : (strata, trajectories), geodesic hectares; one row where no strata were given
    strata : the names of the strata, ("",) where none were given
    stack : the maps, to read them again block by block
    """

    years: tuple[int, ...]
    classes: NDArray[np.int64]
    pixels: NDArray[np.float64]
    area_ha: NDArray[np.float64]
    strata: tuple[str, ...]
    stack: MapStack

    @property
    def grid(self) -> Grid:
        """The grid of the first map."""
        return self.stack.grid

    @property
    def codes_type(self) -> type[np.uint16 | np.uint32]:
        """The number type that holds all codes."""
        return np.uint16 if len(self.classes) <= np.iinfo(np.uint16).max else np.uint32

    def tree(self) -> Tree:
        """What :func:`block_codes` needs to code pixels."""
        places = self.stack.place_of(self.classes)
        return tree_of(places, np.arange(1, len(places) + 1))


def read_trajectories(
    maps: Sequence[DatedMap],
    *,
    classes: Mapping[int, str] | None = None,
    strata: Path | None = None,
    alignment: Alignment = "refuse",
    runner: Runner | None = None,
) -> tuple[Trajectories | None, Findings]:
    """Count the trajectories of some class maps.

    Parameters
    ----------
    maps : one map a year, in any order: they are put in the order of their years
    classes : the class numbers that may occur, with their names; None takes all that occur
    strata : a raster of stratum numbers on the same grid, 0 for none
    alignment : ``nearest`` brings maps of other grids to the grid of the first year
    runner : who computes the blocks

    Returns
    -------
    The table, or None; and the findings: those of
    :func:`bluecarbon.mrv.transitions.transition_areas`, ``class-map-order`` (info),
    ``class-missing-in-some-years`` (warning), ``no-common-pixels`` and
    ``trajectory-codes-wide`` (info).
    """
    chosen = runner or Threads()
    ordered = sorted(maps, key=lambda item: item.year)
    findings = _order_findings(maps, ordered)
    counted, found = transition_areas(
        ordered, strata=strata, legend=classes, alignment=alignment, runner=chosen
    )
    findings += found
    if counted is None:
        return None, findings
    inside, found = _inside(counted, ordered, classes or {})
    findings += found
    stack, found = open_stack(
        [item.path for item in ordered],
        [item.subject for item in ordered],
        runner=chosen,
        alignment=alignment,
        bands=[item.band or 1 for item in ordered] if any(item.band for item in ordered) else [],
    )
    # What can be wrong with the files was told when they were counted.
    if stack is None or errors_in((*findings, *found)):
        return None, findings
    table = _table(counted, inside, stack)
    return table, findings + _width_findings(table)


def _order_findings(maps: Sequence[DatedMap], ordered: Sequence[DatedMap]) -> Findings:
    if list(maps) == list(ordered):
        return ()
    listed = ", ".join(str(item.year) for item in maps)
    message = f"the maps are listed as {listed}; they are used in the order of their years"
    return (Finding.info("class-map-order", "maps", message),)


def _inside(
    counted: Transitions, maps: Sequence[DatedMap], classes: Mapping[int, str]
) -> tuple[NDArray[np.bool_], Findings]:
    """Which rows have a class in every year."""
    absent = np.column_stack(
        [
            (codes == nodata) & (nodata is not None and nodata not in classes)
            for codes, nodata in zip(counted.codes.T, counted.nodata, strict=True)
        ]
    )
    inside: NDArray[np.bool_] = np.asarray(~absent.any(axis=1))
    found: list[Finding] = []
    some = ~inside & ~absent.all(axis=1)
    if some.any():
        area_ha, pixels = float(counted.area_ha[some].sum()), int(counted.pixels[some].sum())
        message = (
            f"{pixels:,} pixels ({area_ha:,.1f} ha) have a class in some years and none in "
            "others; they are left out of every year"
        )
        fix = "fill the gaps, or give maps of the same extent"
        found.append(Finding.warning("class-missing-in-some-years", "maps", message, fix=fix))
    if not inside.any():
        message = "no pixel has a class in every map"
        fix = "check that the maps cover the same place, and which number means no data"
        subject = ", ".join(item.subject for item in maps)
        found.append(Finding.error("no-common-pixels", subject, message, fix=fix))
    return inside, tuple(found)


def _table(counted: Transitions, inside: NDArray[np.bool_], stack: MapStack) -> Trajectories:
    classes, row = np.unique(counted.codes[inside], axis=0, return_inverse=True)
    place = counted.stratum[inside], row.ravel()
    pixels = np.zeros((len(counted.strata), len(classes)))
    area_ha = np.zeros(pixels.shape)
    np.add.at(pixels, place, counted.pixels[inside])
    np.add.at(area_ha, place, counted.area_ha[inside])
    return Trajectories(counted.years, classes, pixels, area_ha, counted.strata, stack)


def _width_findings(table: Trajectories) -> Findings:
    if table.codes_type is np.uint16:
        return ()
    message = f"{len(table.classes):,} trajectories occur; their codes are written with 32 bits"
    return (Finding.info("trajectory-codes-wide", "maps", message),)


def block_codes(stack: MapStack, tree: Tree, dtype: type, block: Block) -> Codes:
    """Trajectory codes of a block, (rows, columns); 0 where there is none. RasterioError."""
    codes: Codes = np.empty((block.rows, block.columns), dtype)
    encode(stack.read(block), tree, codes)
    return codes
