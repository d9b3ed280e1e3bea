"""The minimum mapping unit: changes too small to be believed are taken back.

The rule is that of Global Mangrove Watch v3 (Bunting et al. 2022, Remote Sens. 14:3657, and its
published scripts): a clump of change of at most two pixels, connected by edges, is reverted when
more than half of its border is to the class it had before. A speck inside a patch that did change
stays. Both numbers and the adjacency are stated in the result.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bluecarbon.mrv.kernels.clumps import Adjacency, outvoted, without_small

KINDS_MAX = 255
"""Kinds of change (pairs of classes) that one call tells apart."""

Codes = NDArray[np.uint8]


@dataclass(frozen=True)
class MappingUnit:
    """The rule: clumps of up to ``pixels``, joined by edges (4) or also corners (8), are reverted
    when more than ``border_share`` of their border is to the class they had before.
    """

    pixels: int = 2
    adjacency: Adjacency = 4
    border_share: float = 0.5

    @property
    def sentence(self) -> str:
        """The rule in words, for a report."""
        corners = "edges" if self.adjacency == 4 else "edges or corners"
        return (
            f"clumps of change of at most {self.pixels} pixels (joined by {corners}) were "
            f"reverted where more than {self.border_share:.0%} of their border was to the class "
            "before"
        )


def without_small_changes(
    before: Codes, after: Codes, unit: MappingUnit, *, unknown: frozenset[int] = frozenset()
) -> Codes:
    """The later map with small changes reverted to the earlier map's class.

    Parameters
    ----------
    before, after : (rows, columns) uint8 on one grid
    unknown : codes that say nothing about the ground; a change from or to one is no change

    Returns
    -------
    A new array. Clumps are of one kind of change (same class before, same class after); all are
    judged on the maps as given, so the result depends on no order.

    Raises
    ------
    ValueError
        Shapes differ, or the maps have more than 255 kinds of change.
    """
    if before.shape != after.shape:
        raise ValueError(f"the maps have shapes {before.shape} and {after.shape}")
    labels, old = change_labels(before, after, unknown)
    reverted = outvoted(
        labels,
        after,
        old,
        most=unit.pixels,
        adjacency=unit.adjacency,
        border_share=unit.border_share,
    )
    result = after.copy()
    np.copyto(result, before, where=reverted > 0)
    return result


def change_labels(before: Codes, after: Codes, unknown: frozenset[int]) -> tuple[Codes, Codes]:
    """A number for each kind of change, 0 where there is none; and the class before, by number."""
    changed = np.flatnonzero(before != after)
    pairs = before.ravel()[changed] * np.uint16(256) + after.ravel()[changed]
    kinds = np.flatnonzero(np.bincount(pairs, minlength=256 * 256))
    known = [kind for kind in kinds if not unknown.intersection(divmod(int(kind), 256))]
    if len(known) > KINDS_MAX:
        raise ValueError(f"{len(known)} kinds of change; at most {KINDS_MAX} are told apart")
    number = np.zeros(256 * 256, dtype=np.uint8)
    number[known] = np.arange(1, len(known) + 1)
    labels = np.zeros(before.shape, dtype=np.uint8)
    labels.ravel()[changed] = number[pairs]
    old = np.zeros(256, dtype=np.uint8)
    old[1 : len(known) + 1] = [kind // 256 for kind in known]
    return labels, old


def without_small_clumps(
    mask: NDArray[np.bool_] | Codes, *, pixels_least: int, adjacency: Adjacency
) -> NDArray[np.bool_]:
    """A mask (rows, columns) without its clumps of fewer than ``pixels_least`` pixels.

    Holes stay: only what is set is taken away, unlike in a sieve.
    """
    labels = mask.view(np.uint8) if mask.dtype == np.bool_ else (mask != 0).view(np.uint8)
    return without_small(labels, least=pixels_least, adjacency=adjacency).view(np.bool_)
