"""Soil cores from usable slices to stocks: compaction, carbon, integration, means.

The chain behind :func:`evaluate_profiles`, each step a function over data frames that can be
called by itself. Sheets are read by :mod:`bluecarbon.mrv.core_sheets`; from files to results it is
:func:`bluecarbon.mrv.soil_cores.measure_cores`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from bluecarbon.methodology.kernels.soil import (
    compaction_percent,
    decompacted_bulk_density_g_cm3,
    decompacted_depth_cm,
)
from bluecarbon.methodology.kernels.soil_matter import (
    MatterRegression,
    carbon_of_matter,
    conversion,
)
from bluecarbon.mrv import soil_profile_checks as checks
from bluecarbon.mrv.rejects import REJECT_COLUMNS, Rejects
from bluecarbon.mrv.soil_integration import core_stocks, slice_stocks
from bluecarbon.mrv.soil_regressions import carbon_by_groups
from bluecarbon.mrv.soil_rejected_slices import (
    Hole,
    filled_remarks,
    in_the_ground,
    rejected_holes,
    with_filled,
)
from bluecarbon.spec import Finding, Value, errors_in

Correction = Literal["both", "depth only", "none"]
LowMatter = Literal["refuse", "keep"]
RejectedSlices = Literal["leave core out", "fill"]


class ProfileOptions(Value):
    """How slices become stocks.

    ``correction``: compaction corrects depth and bulk density (``both``: the mass in the core
    stays what it is); ``depth only`` is what the R package BlueCarbon does unless told otherwise,
    makes 1 / (1 - compaction) of the mass and is here to compare with it. ``conversion``: the
    name of a row of soil_matter_carbon.csv, for slices whose carbon was not measured, or a
    ``regression`` of one's own, or by ``regression_by`` those of the samples' own groups, from the
    narrowest column to the widest (these come first). ``low_matter``: what becomes of slices to
    which a conversion gives more carbon than they have organic matter. ``allochthonous_percent``:
    share of the carbon that came from elsewhere, of slices that have none of their own.
    ``gap_max_cm`` and ``depth_share_min`` are ours: a wider gap is not shared out, and a core that
    reaches less of the reference depth is not extrapolated to it. ``rejected_slices``: whether a
    core that lacks soil because rows of it cannot be used is left out, or filled from the slices
    around with an error (:func:`bluecarbon.mrv.soil_rejected_slices.with_filled`).
    """

    reference_depth_cm: float = Field(default=100.0, gt=0, le=500.0)
    correction: Correction = "both"
    conversion: str = ""
    regression: MatterRegression | None = None
    regression_by: tuple[str, ...] = ()
    low_matter: LowMatter = "refuse"
    allochthonous_percent: float = Field(default=0.0, ge=0, le=100)
    gap_max_cm: float = Field(default=30.0, gt=0)
    depth_share_min: float = Field(default=0.5, gt=0, le=1)
    rejected_slices: RejectedSlices = "leave core out"


@dataclass(frozen=True)
class ProfileResult:
    """What cores measured (tC is carbon).

    Attributes
    ----------
    slices
        Slices that were used, in depth order: depths and bulk density in the ground,
        ``carbon_from`` (measured, density, or the conversion), ``thickness_cm``, ``soil_tc_ha``,
        ``autochthonous_tc_ha``.
    cores
        core_id, place columns, depth_cm, n_slices, soil_tc_ha, autochthonous_tc_ha (both to the
        reference depth), how, standard_error (of the extrapolation and of what rejected slices
        left to fill [tC/ha]; that of a conversion of organic matter is not in it).
    plots, strata
        Means of cores in a plot, and of plots (of cores where there are no plots) in a stratum:
        n, mean_tc_ha, standard_error_tc_ha (s / sqrt(n), NaN for one) and the same of
        autochthonous carbon. Empty without such a column.
    rejects
        line, core_id, code, reason of every slice that was given and not used.
    """

    slices: pd.DataFrame
    cores: pd.DataFrame
    plots: pd.DataFrame
    strata: pd.DataFrame
    rejects: pd.DataFrame


PLACE_COLUMNS = ("study_id", "site_id", "plot_id", "stratum", "country", "date", "year", "lat",
                 "lon")  # fmt: skip


def evaluate_profiles(
    rows: pd.DataFrame,
    options: ProfileOptions | None = None,
    *,
    file: str = "cores",
    strict: bool = False,
    left_out: pd.DataFrame | None = None,
) -> tuple[ProfileResult | None, tuple[Finding, ...]]:
    """Slices (``CoreSheet.rows``, or a frame with the same columns) to stocks.

    ``left_out`` (``CoreSheet.left_out``) are the rows that the sheet lost: a core that lacks soil
    by them is left out or filled, as the options say. Without it such a loss looks like a gap.

    Values are taken as they are: a frame of one's own is checked by
    :func:`bluecarbon.mrv.core_sheets.read_core_frame` first.

    Returns
    -------
    The result and all findings. Slices and whole cores that cannot be used are left out as
    warnings that name them, and counted; with ``strict`` they are errors and there is no result.

    Raises
    ------
    MethodologyError
        There is no conversion of that name.
    """
    chosen = options or ProfileOptions()
    screened = screened_slices(rows, chosen, file=file, left_out=left_out)
    rejects, findings = screened.rejects, list(screened.findings)
    findings += rejects.findings(checks.FIXES, "error" if strict else "warning")
    if not screened.can_be_evaluated:
        findings.append(checks.nothing_left(file))
    if errors_in(findings):
        return None, tuple(findings)
    result, found = evaluated(screened, chosen, file=file)
    return result, (*findings, *found)


@dataclass(frozen=True)
class Screened:
    """Slices with depths and density in the ground and with carbon, before they are integrated.

    ``rows`` are all that were given; ``rejects`` says which of them cannot be used and why;
    ``holes`` what rejected slices left open in cores that are filled.
    """

    rows: pd.DataFrame
    rejects: Rejects
    findings: tuple[Finding, ...]
    holes: Mapping[str, Hole] = field(default_factory=dict)

    @property
    def can_be_evaluated(self) -> bool:
        """Whether any slice is left."""
        return not self.rejects.mask.all()


def screened_slices(
    rows: pd.DataFrame,
    chosen: ProfileOptions,
    *,
    file: str = "cores",
    left_out: pd.DataFrame | None = None,
) -> Screened:
    """Correct and convert slices, and find those that cannot be integrated.

    ``left_out`` as for :func:`evaluate_profiles`.

    Raises
    ------
    MethodologyError
        There is no conversion of that name.
    """
    if chosen.conversion:
        conversion(chosen.conversion)
    given = checks.with_columns(rows)
    rejects = Rejects(given, file)
    findings = checks.option_remarks(chosen.correction, chosen.conversion, file)
    if chosen.correction != "none":
        given = corrected_for_compaction(given, depth_only=chosen.correction == "depth only")
        checks.reject_compaction(rejects, given)
    given, found = with_carbon(given, chosen, rejects, file)
    findings += found
    holes = _holes(given, rejects, left_out, chosen.reference_depth_cm)
    if chosen.rejected_slices == "leave core out":
        checks.reject_holed(rejects, holes)
    checks.reject_cores(rejects, given, chosen)
    used = set(given["core_id"][~rejects.mask])
    holes = {core: hole for core, hole in holes.items() if core in used}
    return Screened(given, rejects, tuple(findings), holes)


def _holes(
    given: pd.DataFrame, rejects: Rejects, left_out: pd.DataFrame | None, depth_cm: float
) -> dict[str, Hole]:
    """What the rows that the sheet lost, and those that are rejected here, leave open."""
    out = rejects.mask
    kept = given[~out]
    names = ["core_id", "line", "depth_min_cm", "depth_max_cm"]
    parts = [given.loc[out, names]] if out.any() else []
    if left_out is not None and len(left_out):
        parts.append(in_the_ground(left_out, given))
    return rejected_holes(kept, pd.concat(parts), depth_cm) if parts and len(kept) else {}


def evaluated(
    screened: Screened, chosen: ProfileOptions, *, file: str = "cores"
) -> tuple[ProfileResult, tuple[Finding, ...]]:
    """Integrate the slices that can be used (there are some) and average the cores."""
    used = screened.rows[~screened.rejects.mask]
    findings = checks.gap_remarks(used, file, screened.holes)
    findings += filled_remarks(screened.holes, file)
    findings += checks.conversion_error_remarks(used, file)
    result = _result(used, chosen, screened)
    findings += checks.core_remarks(result.cores, file, chosen.reference_depth_cm)
    return result, tuple(findings)


def corrected_for_compaction(rows: pd.DataFrame, *, depth_only: bool = False) -> pd.DataFrame:
    """Depths and densities in the ground, of cores that driving the sampler has shortened.

    Compaction is ``compaction_percent``, else computed from ``sampler_length_cm``,
    ``internal_cm`` and ``external_cm``; slices without either stay as they are. Mass is conserved
    unless ``depth_only``. Adds ``compaction_used_percent``.
    """
    done = rows.copy()
    share = done["compaction_percent"]
    measured = compaction_percent(
        done["sampler_length_cm"], done["internal_cm"], done["external_cm"]
    )
    share = share.fillna(pd.Series(measured, index=done.index))
    done["compaction_used_percent"] = share
    # Beyond its bounds a compaction is a defect of its core, which is left out.
    usable = share.where(share.between(0, 100, inclusive="left"), 0.0)
    for name in ("depth_min_cm", "depth_max_cm"):
        done[name] = decompacted_depth_cm(done[name], usable)
    if not depth_only:
        for name in ("bulk_density_g_cm3", "carbon_density_g_cm3"):
            done[name] = decompacted_bulk_density_g_cm3(done[name], usable)
    return done


def with_carbon(
    rows: pd.DataFrame, options: ProfileOptions, rejects: Rejects, file: str
) -> tuple[pd.DataFrame, list[Finding]]:
    """``organic_carbon_percent`` of every slice and ``carbon_from``; measured comes first."""
    done = rows.copy()
    carbon, matter = done["organic_carbon_percent"], done["organic_matter_percent"]
    direct = done["carbon_density_g_cm3"].notna()
    missing = (carbon.isna() & ~direct).to_numpy()
    origin = np.where(direct, "density", "measured").astype(object)
    converted, label = carbon_by_groups(done, options.regression_by)
    left = missing & np.isnan(converted)
    findings: list[Finding] = []
    if left.any() and options.regression is not None:
        converted[left] = options.regression.carbon_percent(matter[left])
        label[left] = "own regression"
        findings = checks.regression_remarks(options.regression, matter[left], file)
    elif left.any() and options.conversion:
        outcome = carbon_of_matter(matter, options.conversion)
        converted[left], label[left] = outcome.carbon_percent[left], options.conversion
        findings = checks.conversion_remarks(done, outcome, left, options.conversion, file=file)
    rejects.add(
        missing & np.isnan(converted),
        "conversion-needed",
        lambda _: "has organic matter and no carbon",
    )
    if options.low_matter == "refuse":
        rejects.add(
            missing & (converted > matter.to_numpy()), "matter-too-low", checks.too_low_said
        )
    done["organic_carbon_percent"] = carbon.where(~missing, converted)
    done["carbon_from"] = np.where(missing, label, origin)
    return done, findings


def group_means(cores: pd.DataFrame, by: str) -> pd.DataFrame:
    """Mean carbon of the groups of a column [tC/ha] with s / sqrt(n), by the column.

    ``cores`` has soil_tc_ha and autochthonous_tc_ha; rows without a group are left out.
    """
    known = cores[cores[by].notna() & (cores[by] != "")]
    return known.groupby(by, as_index=False, sort=True).agg(
        n=("soil_tc_ha", "size"),
        mean_tc_ha=("soil_tc_ha", "mean"),
        standard_error_tc_ha=("soil_tc_ha", "sem"),
        mean_autochthonous_tc_ha=("autochthonous_tc_ha", "mean"),
        standard_error_autochthonous_tc_ha=("autochthonous_tc_ha", "sem"),
    )


def stratum_means(cores: pd.DataFrame) -> pd.DataFrame:
    """Mean of each stratum: of its plots where every core has one, else of its cores.

    Cores of one plot are no independent samples of a stratum, which is why the spread between
    plots is the error. Adds ``of`` (plots or cores).
    """
    if "plot_id" not in cores or (cores["plot_id"] == "").any():
        return group_means(cores, "stratum").assign(of="cores")
    by = ["stratum", "plot_id"]
    plots = cores.groupby(by, as_index=False)[["soil_tc_ha", "autochthonous_tc_ha"]].mean()
    return group_means(plots, "stratum").assign(of="plots")


def _result(used: pd.DataFrame, options: ProfileOptions, screened: Screened) -> ProfileResult:
    share = used["allochthonous_percent"].fillna(options.allochthonous_percent) / 100.0
    slices = slice_stocks(used)
    order = used.sort_values(["core_id", "depth_min_cm"]).index
    slices["autochthonous_tc_ha"] = slices["soil_tc_ha"] * (1.0 - share[order].to_numpy())
    cores = _cores(slices, used, share, options.reference_depth_cm)
    cores = with_filled(cores, slices, screened.holes)
    plots = group_means(cores, "plot_id") if "plot_id" in cores else pd.DataFrame()
    strata = stratum_means(cores) if "stratum" in cores else pd.DataFrame()
    rejected = screened.rejects.table()[list(REJECT_COLUMNS)]
    return ProfileResult(slices, cores, plots, strata, rejected)


def _cores(
    slices: pd.DataFrame, used: pd.DataFrame, share: pd.Series, reference_depth_cm: float
) -> pd.DataFrame:
    found = core_stocks(used, reference_depth_cm)
    own = found["soil_tc_ha"]
    if (share > 0).any():
        grown = used.assign(
            organic_carbon_percent=used["organic_carbon_percent"] * (1.0 - share),
            carbon_density_g_cm3=used["carbon_density_g_cm3"] * (1.0 - share),
        )
        own = core_stocks(grown, reference_depth_cm)["soil_tc_ha"]
    places = slices.groupby("core_id", sort=True).agg(
        n_slices=("line", "size"), **{name: (name, "first") for name in _present(slices)}
    )
    found = found.drop(columns=[name for name in ("stratum", "date") if name in found])
    done = found.merge(places.reset_index(), on="core_id", validate="one_to_one")
    done["autochthonous_tc_ha"] = own.to_numpy()
    order = ["core_id", *_present(slices), "depth_cm", "n_slices", "soil_tc_ha",
             "autochthonous_tc_ha", "how", "standard_error"]  # fmt: skip
    return done[order]


def _present(table: pd.DataFrame) -> Sequence[str]:
    return [name for name in PLACE_COLUMNS if name in table]
