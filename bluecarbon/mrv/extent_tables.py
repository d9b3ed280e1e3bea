"""The tables of an :class:`bluecarbon.mrv.extent.Extent` that are read off its maps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bluecarbon.mrv.accuracy import overlap
from bluecarbon.mrv.area import Weights, class_areas_ha
from bluecarbon.mrv.change import gain_and_loss_ha, transitions_ha
from bluecarbon.mrv.class_maps import CODE_MANGROVE, CODE_OUTSIDE, CODE_UNOBSERVED, LEGEND
from bluecarbon.mrv.inputs import Labels
from bluecarbon.mrv.reasons import REASONS

UNKNOWN = frozenset({CODE_OUTSIDE, CODE_UNOBSERVED})
"""Codes that say nothing about the ground."""

Codes = NDArray[np.uint8]
Pairs = Sequence[tuple[int, int]]


def areas_table(maps: Mapping[int, Codes], weights: Mapping[str, Weights]) -> pd.DataFrame:
    """Columns stratum, epoch, class, area_ha; mangrove has a row even at 0 ha."""
    rows = [
        (stratum, epoch, LEGEND[code], area_ha)
        for stratum, weight in weights.items()
        for epoch, codes in maps.items()
        for code, area_ha in sorted(({CODE_MANGROVE: 0.0} | class_areas_ha(codes, weight)).items())
    ]
    return pd.DataFrame(rows, columns=["stratum", "epoch", "class", "area_ha"])


def transitions_table(
    maps: Mapping[int, Codes], weights: Mapping[str, Weights], pairs: Pairs
) -> pd.DataFrame:
    """Columns stratum, from_epoch, to_epoch, from_class, to_class, area_ha."""
    columns = ["stratum", "from_epoch", "to_epoch", "from_class", "to_class", "area_ha"]
    rows = [
        (stratum, start, end, LEGEND[before], LEGEND[after], area_ha)
        for stratum, weight in weights.items()
        for start, end in pairs
        for (before, after), area_ha in transitions_ha(maps[start], maps[end], weight).items()
    ]
    return pd.DataFrame(rows, columns=columns)


def change_table(
    maps: Mapping[int, Codes], weights: Mapping[str, Weights], pairs: Pairs
) -> pd.DataFrame:
    """Mapped gain, loss and net of mangrove: stratum, from_epoch, to_epoch, kind, area_ha."""
    rows = []
    for stratum, weight in weights.items():
        for start, end in pairs:
            moves = transitions_ha(maps[start], maps[end], weight)
            gain, loss = gain_and_loss_ha(moves, CODE_MANGROVE, unknown=UNKNOWN)
            rows += [
                (stratum, start, end, kind, area_ha)
                for kind, area_ha in (("gain", gain), ("loss", loss), ("net", gain - loss))
            ]
    columns = ["stratum", "from_epoch", "to_epoch", "kind", "area_ha"]
    return pd.DataFrame(rows, columns=columns)


def validation_table(maps: Mapping[int, Codes], validation: Sequence[Labels]) -> pd.DataFrame:
    """Agreement with label rasters where both know the ground: epoch, iou, precision, recall,
    pixels.
    """
    rows = []
    for labels in validation:
        codes = maps[labels.epoch]
        known = [~np.isin(layer, list(UNKNOWN)) for layer in (codes, labels.codes)]
        both = labels.area & known[0] & known[1]
        score = overlap(codes[both] == CODE_MANGROVE, labels.codes[both] == CODE_MANGROVE)
        rows.append((labels.epoch, score.iou, score.precision, score.recall, score.pixels))
    return pd.DataFrame(rows, columns=["epoch", "iou", "precision", "recall", "pixels"])


def reasons_table(layers: Iterable[tuple[int, str, Codes]], whole: Weights) -> pd.DataFrame:
    """Hectares inside the boundary by reason: epoch, scene ("" = composite), reason, area_ha,
    share. ``layers`` are (epoch, scene, reason codes).
    """
    rows = [
        (epoch, scene, REASONS[code], area_ha, area_ha / whole.total_ha)
        for epoch, scene, reason in layers
        for code, area_ha in class_areas_ha(reason, whole).items()
    ]
    return pd.DataFrame(rows, columns=["epoch", "scene", "reason", "area_ha", "share"])
