"""What forbids a core to be integrated, and what a reader of its stock ought to know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bluecarbon.methodology.kernels.soil import SLICES_TO_EXTRAPOLATE_MIN
from bluecarbon.methodology.kernels.soil_matter import (
    R2_MIN,
    SAMPLES_MIN,
    Converted,
    MatterRegression,
    conversion,
)
from bluecarbon.mrv.field_tables import defect, in_words
from bluecarbon.mrv.rejects import Rejects
from bluecarbon.spec import Finding

if TYPE_CHECKING:
    from bluecarbon.mrv.soil_profiles import ProfileOptions
    from bluecarbon.mrv.soil_rejected_slices import Hole

COMPACTION_HIGH_PERCENT = 30.0
"""A core that lost more of its length has hardly kept its layers (ours)."""

_TOLERANCE_CM = 1e-9
_SHOWN_CM = 1e-6

FIXES = {
    "compaction-wrong": "0 to below 100 %; internal and external are read from the tube's rim",
    "compaction-contradiction": "one core has one compaction",
    "conversion-needed": "choose a conversion of organic matter by name, or fit one",
    "matter-too-low": "choose a conversion that holds for poor soils, or measure the carbon",
    "core-too-short": "leave it out, or choose a smaller reference depth",
    "core-gap-wide": "sample the missing depths, or allow wider gaps to be shared out",
    "core-contradiction": "give each core its own core_id",
    "core-slice-rejected": "correct the rows, or say that rejected slices are filled, at an error",
}

_OPTIONAL = (
    "compaction_percent", "sampler_length_cm", "internal_cm", "external_cm",
    "organic_matter_percent", "organic_carbon_percent", "carbon_density_g_cm3",
    "allochthonous_percent", "bulk_density_g_cm3",
)  # fmt: skip


def with_columns(rows: pd.DataFrame) -> pd.DataFrame:
    """A frame with every column that is computed with, and line numbers, by a fresh index."""
    done = rows.reset_index(drop=True)
    done["core_id"] = done["core_id"].astype(str).astype("object")
    if "line" not in done:
        done["line"] = np.arange(1, len(done) + 1)
    for name in _OPTIONAL:
        if name not in done:
            done[name] = np.nan
    return done


def option_remarks(correction: str, name: str, file: str) -> list[Finding]:
    """What the choices of the user make of the numbers."""
    found = []
    if correction == "depth only":
        message = "compaction corrects the depths alone: the mass of the cores is not conserved"
        fix = "correct both, unless you compare with a package that does not"
        found.append(defect("compaction-depth-only", file, message, fix, severity="warning"))
    if name:
        weak = [piece.locator for piece in conversion(name) if piece.status == "unverified"]
        if weak:
            message = f"conversion {name} ({', '.join(weak)}) was not read in its document"
            fix = conversion(name)[0].note
            found.append(defect("conversion-unverified", file, message, fix, severity="info"))
    return found


def reject_compaction(rejects: Rejects, rows: pd.DataFrame) -> None:
    """Cores whose compaction is none, or not one."""
    share = rows["compaction_used_percent"]
    wrong = share.notna() & ~share.between(0, 100, inclusive="left")
    wrong_cores = set(rows.loc[wrong, "core_id"])
    rejects.add(
        rows["core_id"].isin(wrong_cores),
        "compaction-wrong",
        lambda row: f"{row['core_id']}: its compaction is not between 0 and 100 %",
    )
    # a slice without compaction among slices with one is a contradiction too
    several = _cores_with_several(rows, "compaction_used_percent")
    rejects.add(
        rows["core_id"].isin(several),
        "compaction-contradiction",
        lambda row: f"{row['core_id']}: its slices have more than one compaction",
    )


def too_low_said(row: Mapping[str, Any]) -> str:
    """Why a slice has too little organic matter for a conversion."""
    return (
        f"{row['core_id']}: the conversion gives more carbon than its "
        f"{row['organic_matter_percent']:g} % of organic matter"
    )


def reject_cores(rejects: Rejects, rows: pd.DataFrame, options: ProfileOptions) -> None:
    """Cores that cannot be integrated to the reference depth, of the slices that are left."""
    left = rows[~rejects.mask].sort_values(["core_id", "depth_min_cm"])
    if left.empty:
        return
    depth = options.reference_depth_cm
    gaps = _gaps_cm(left)
    cores = pd.DataFrame(
        {
            "n": left.groupby("core_id").size(),
            "deepest": left.groupby("core_id")["depth_max_cm"].max(),
            "gap": gaps.where(left["depth_min_cm"] < depth, 0.0).groupby(left["core_id"]).max(),
        }
    )
    short = cores["deepest"] < depth - _TOLERANCE_CM
    few = short & (cores["n"] < SLICES_TO_EXTRAPOLATE_MIN)
    shallow = short & (cores["deepest"] < options.depth_share_min * depth - _TOLERANCE_CM)
    said: dict[str, str] = {}
    wide = cores["gap"] > options.gap_max_cm + _TOLERANCE_CM
    for core, row in cores[few | shallow].iterrows():
        said[str(core)] = (
            f"{core} ends at {row['deepest']:g} cm with {row['n']:.0f} slices: too little to "
            f"extrapolate to {depth:g} cm"
        )
    _reject_whole(rejects, "core-too-short", said)
    gaps_said = {
        str(core): f"{core} has no slice over {gap:g} cm"
        for core, gap in cores["gap"][wide].items()
    }
    _reject_whole(rejects, "core-gap-wide", gaps_said)
    _contradictions(rejects, rows)


def _reject_whole(rejects: Rejects, code: str, said: Mapping[str, str]) -> None:
    """Leave cores out; rows of them that are left out already keep their own reason."""
    rejects.add_whole(rejects.rows["core_id"].isin(list(said)) & ~rejects.mask, code, said)


def _gaps_cm(ordered: pd.DataFrame) -> pd.Series:
    """Soil without a slice above each slice of cores in depth order; the surface counts.

    Samples of which only the depth is known stand for the soil up to the midpoints between them:
    half of their distance.
    """
    above = ordered.groupby("core_id")["depth_max_cm"].shift()
    gap = (ordered["depth_min_cm"] - above.fillna(0.0)).clip(lower=0.0)
    return gap.where(above.isna() | ~_is_point(ordered), gap / 2.0)


def _is_point(rows: pd.DataFrame) -> pd.Series:
    return rows["depth_min_cm"] == rows["depth_max_cm"]


def _contradictions(rejects: Rejects, rows: pd.DataFrame) -> None:
    for name in ("stratum", "plot_id", "study_id", "date"):
        if name not in rows:
            continue
        several = _cores_with_several(rows, name)
        said = {core: f"{core} has more than one {name}" for core in several}
        _reject_whole(rejects, "core-contradiction", said)


def _cores_with_several(rows: pd.DataFrame, name: str) -> list[str]:
    """Cores whose slices do not agree on a value, in the order of the sheet."""
    pairs = rows[["core_id", name]].drop_duplicates()
    return pairs.loc[pairs["core_id"].duplicated(), "core_id"].drop_duplicates().tolist()


def nothing_left(file: str) -> Finding:
    """No core can be evaluated."""
    return defect("no-usable-cores", file, "no core can be used", "see the reasons above")


def reject_holed(rejects: Rejects, holes: Mapping[str, Hole]) -> None:
    """Cores that lack soil because slices of them are rejected."""
    said = {core: f"{hole.said()}; the core is left out" for core, hole in holes.items()}
    _reject_whole(rejects, "core-slice-rejected", said)


def gap_remarks(used: pd.DataFrame, file: str, holes: Mapping[str, Hole]) -> list[Finding]:
    """Cores whose gaps in the sampling are shared out between the slices around them.

    What ``holes`` fills is no gap of the sampling and is said elsewhere.
    """
    ordered = used[~_is_point(used)].sort_values(["core_id", "depth_min_cm"])
    total = _gaps_cm(ordered).groupby(ordered["core_id"]).sum()
    filled = {core: hole.filled_cm for core, hole in holes.items()}
    total -= np.array([filled.get(str(core), 0.0) for core in total.index])
    holed = total[total > _SHOWN_CM]
    if holed.empty:
        return []
    shown = ", ".join(f"{core} {gap:g} cm" for core, gap in holed.head(8).items())
    more = f" and {len(holed) - 8} more" if len(holed) > 8 else ""
    message = f"gaps in {len(holed)} cores are shared out between their slices: {shown}{more}"
    fix = "the border lies midway between what was sampled"
    return [defect("slices-gap", file, message, fix, severity="warning")]


def core_remarks(cores: pd.DataFrame, file: str, depth_cm: float) -> list[Finding]:
    """Cores whose stock reaches deeper than they do."""
    far = cores[cores["how"].str.startswith("extrapolated")]
    if far.empty:
        return []
    shown = ", ".join(
        f"{core} from {depth:g} cm (+-{error:.1f})"
        for core, depth, error in zip(
            far["core_id"].head(8), far["depth_cm"], far["standard_error"], strict=False
        )
    )
    message = f"{len(far)} of {len(cores)} cores are extrapolated to {depth_cm:g} cm: {shown}"
    fix = f"sample down to {depth_cm:g} cm"
    return [defect("core-extrapolated", file, message, fix, severity="warning")]


def conversion_error_remarks(used: pd.DataFrame, file: str) -> list[Finding]:
    """Cores whose standard error leaves out that of a conversion of organic matter.

    The table of conversions has no errors, as the documents that it is read from print none.
    """
    converted = used[~used["carbon_from"].isin(["measured", "density"])]
    if converted.empty:
        return []
    names = ", ".join(sorted(converted["carbon_from"].unique())[:4])
    message = (
        f"the carbon of {converted['core_id'].nunique()} of {used['core_id'].nunique()} cores is "
        f"wholly or partly that of a conversion ({names}), whose error is not known here: it is "
        "in no standard error"
    )
    fix = "measure the carbon of some slices, and fit a regression of your own"
    return [defect("conversion-error-not-included", file, message, fix, severity="info")]


def conversion_remarks(
    rows: pd.DataFrame, outcome: Converted, used: np.ndarray, name: str, *, file: str
) -> list[Finding]:
    """Slices for which a conversion does something a reader would not expect."""
    between = "organic matter lies between the two lines of the conversion: the lower is taken"
    said = {
        "matter-at-break": (outcome.at_break, between),
        "carbon-floored": (outcome.floored, "the conversion gives less than none: 0 is taken"),
        "carbon-above-matter": (
            outcome.above_matter,
            "the conversion gives more carbon than there is organic matter",
        ),
    }
    found = []
    for code, (mask, text) in said.items():
        lines = rows.loc[mask & used, "line"].tolist()
        if lines:
            subject = f"{file} {in_words(lines)}"
            message = f"{text} ({name})"
            found.append(defect(code, subject, message, severity="warning"))
    return found


def regression_remarks(line: MatterRegression, matter: pd.Series, file: str) -> list[Finding]:
    """Whether a regression of one's own may be used, and is used within what it was fitted to."""
    if not line.is_usable:
        message = f"the regression has R2 {line.r2:.2f} from {line.n} samples"
        fix = f"it takes R2 {R2_MIN:g} and {SAMPLES_MIN} samples; choose a published conversion"
        return [defect("regression-weak", file, message, fix)]
    beyond = ~matter.between(line.matter_min_percent, line.matter_max_percent) & matter.notna()
    if not beyond.any():
        return []
    message = (
        f"{int(beyond.sum())} slices have organic matter outside {line.matter_min_percent:g} to "
        f"{line.matter_max_percent:g} %, which the regression was fitted to"
    )
    fix = "measure the carbon of some of them"
    return [defect("regression-extrapolated", file, message, fix, severity="warning")]
