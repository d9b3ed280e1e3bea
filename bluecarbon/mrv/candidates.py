"""Where mangrove is looked for, why not elsewhere, and what that costs.

A mask that hides mangrove is worse than no mask: working chains lose it to optical water masks and
to terrain models (Global Mangrove Mapping tool GEM of Blue Ventures, issues 49 and 63). So every
pixel that is left out carries its reason, the hectares of each reason are told, and pixels that
were left out are classified after all, as a sample, to say how much mangrove the mask hides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bluecarbon.mrv.area import Weights, class_areas_ha
from bluecarbon.mrv.class_maps import CODE_MANGROVE, CODE_OF
from bluecarbon.mrv.indices import compute_index
from bluecarbon.project import Candidates
from bluecarbon.spec import Finding

REASONS = ("candidate", "too high", "too far from tidal water", "open water", "no vegetation")
"""Why mangrove is not looked for in a pixel; the position is the code."""

MAPPED_AS = np.array([0, *(CODE_OF[c] for c in ("other", "other", "water", "other"))], np.uint8)
"""The class of a pixel that is left out, by its reason. Candidates are classified."""

AUDITED_PIXELS = 20_000

Reasons = NDArray[np.uint8]
Layer = NDArray[np.float32]


@dataclass(frozen=True)
class Ground:
    """What the rules of the mask are about, all of one shape; None where it is not known."""

    bands: Mapping[str, Layer]
    elevation_m: Layer | None = None
    water_distance_m: Layer | None = None


def candidate_reasons(ground: Ground, rules: Candidates) -> Reasons:
    """The reason code of each pixel, 0 for a candidate; the first rule that excludes counts.

    NDWI by McFeeters (1996), NDVI by Rouse et al. (1974). What is not known (NaN) is no reason.
    """
    tests = {
        "too high": _above(ground.elevation_m, rules.elevation_max_m),
        "too far from tidal water": _above(ground.water_distance_m, rules.water_distance_max_m),
        "open water": _above(_index("ndwi", ground, rules.ndwi_max), rules.ndwi_max),
        "no vegetation": _below(_index("ndvi", ground, rules.ndvi_min), rules.ndvi_min),
    }
    reasons: Reasons = np.zeros(next(iter(ground.bands.values())).shape, np.uint8)
    for name, excluded in tests.items():
        if excluded is not None:
            reasons[(reasons == 0) & excluded] = REASONS.index(name)
    return reasons


def _index(name: str, ground: Ground, limit: float | None) -> Layer | None:
    return None if limit is None else compute_index(name, ground.bands)


def _above(layer: Layer | None, limit: float | None) -> NDArray[np.bool_] | None:
    return None if layer is None or limit is None else layer > limit


def _below(layer: Layer | None, limit: float | None) -> NDArray[np.bool_] | None:
    return None if layer is None or limit is None else layer < limit


def left_out_ha(reasons: Reasons, whole: Weights) -> dict[str, float]:
    """Hectares inside the boundary by reason, also those of the candidates."""
    return {REASONS[code]: area for code, area in class_areas_ha(reasons, whole).items()}


def left_out_finding(epoch: int, area_ha: Mapping[str, float]) -> Finding:
    """The remark with the hectares of every reason."""
    parts = [f"{name} {area:.1f} ha" for name, area in area_ha.items() if name != REASONS[0]]
    looked = area_ha.get(REASONS[0], 0.0)
    message = (
        f"mangrove is looked for on {looked:.1f} ha; left out: {', '.join(parts) or 'nothing'}"
    )
    return Finding.info("candidates-left-out", f"epoch {epoch}", message)


def hidden_labels(reasons: Reasons, codes: NDArray[np.uint8]) -> tuple[Finding, ...]:
    """The finding for mangrove labels (n,) at which the mask (n,) leaves mangrove out."""
    mangrove = codes == CODE_MANGROVE
    hidden = mangrove & (reasons > 0)
    if not hidden.any():
        return ()
    counts = np.bincount(reasons[hidden], minlength=len(REASONS))
    parts = [f"{REASONS[i]} {n}" for i, n in enumerate(counts) if n]
    message = (
        f"{int(hidden.sum())} of {int(mangrove.sum())} mangrove labels lie where mangrove is not "
        f"looked for: {', '.join(parts)}"
    )
    fix = "widen the rules of [mapping.candidates]"
    return (Finding.warning("candidates-hide-labels", "[mapping.candidates]", message, fix=fix),)


def audit_places(reasons: Reasons, usable: NDArray[np.bool_], seed: int) -> NDArray[np.int64]:
    """Flat places of the pixels that were left out and are classified after all, ascending."""
    places = np.flatnonzero(usable & (reasons > 0))
    chosen = np.random.default_rng(seed).permutation(places)[:AUDITED_PIXELS]
    return np.sort(chosen)


def audit_finding(
    epoch: int,
    reasons: Reasons,
    codes: NDArray[np.uint8],
    *,
    left_out_area_ha: float,
) -> Finding:
    """What the classifier says of audited pixels: their ``reasons`` (n,) and its ``codes`` (n,).

    A warning with the estimated hectares and the reasons when any of them is mangrove.
    """
    subject = f"epoch {epoch}"
    hidden = codes == CODE_MANGROVE
    if not hidden.any():
        message = f"none of {len(codes)} pixels that were left out would be mapped as mangrove"
        return Finding.info("candidates-hide-nothing", subject, message)
    counts = np.bincount(reasons[hidden], minlength=len(REASONS))
    parts = [f"{REASONS[i]} {n}" for i, n in enumerate(counts) if n]
    message = (
        f"{int(hidden.sum())} of {len(codes)} pixels that were left out would be mapped as "
        f"mangrove ({', '.join(parts)}): about {hidden.mean() * left_out_area_ha:.1f} ha are hidden"
    )
    fix = "widen the rules of [mapping.candidates], or look at these places"
    return Finding.warning("candidates-hide-mangrove", subject, message, fix=fix)
