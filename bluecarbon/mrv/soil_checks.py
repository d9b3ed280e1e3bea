"""What can be wrong with soil cores, as findings that name the rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

import pandas as pd

from bluecarbon.methodology.kernels.soil import SLICES_TO_EXTRAPOLATE_MIN
from bluecarbon.mrv.field_tables import (
    Column,
    date_defects,
    defect,
    in_words,
    position_defects,
    row_defects,
    stratum_defects,
)
from bluecarbon.spec import Finding

SLICE_COLUMNS = (
    Column("core_id"),
    Column("stratum"),
    Column("lon", "number", optional=True),
    Column("lat", "number", optional=True),
    Column("date", "date"),
    Column("depth_min_cm", "number"),
    Column("depth_max_cm", "number"),
    Column("bulk_density_g_cm3", "number"),
    Column("organic_carbon_percent", "number"),
)

BULK_DENSITY_MAX_G_CM3 = 2.65
"""The density of quartz: no soil with pores is denser."""

DEPTH_CM_MAX = 2000.0
"""Twenty metres: no core is longer, and a depth in millimetres soon is."""

REFERENCE_DEPTH_CM_MAX = 500.0
"""Rule books ask for one metre, some for three; a line drawn farther down is no measurement."""

FRACTION_MAX = 0.6
BULK_DENSITY_OF_SAND_G_CM3 = 1.0
"""Below this a mangrove soil is rich in carbon; at or above it may really hold under 0.6 %."""

POOLED_DAYS_MAX = 366
_TOLERANCE_CM = 1e-9


def reference_depth_defects(reference_depth_cm: float) -> list[Finding]:
    """A reference depth that no core reaches."""
    if 0 < reference_depth_cm <= REFERENCE_DEPTH_CM_MAX:
        return []
    message = f"reference_depth_cm is {reference_depth_cm:g}"
    fix = f"give centimetres, at most {REFERENCE_DEPTH_CM_MAX:g}; 100 is usual"
    return [defect("reference-depth-wrong", "[soil] reference_depth_cm", message, fix)]


def slice_defects(
    slices: pd.DataFrame, file: str, stratum_ids: Sequence[str], *, period_end: dt.date
) -> list[Finding]:
    """Defects that one row shows by itself; dates are judged against the end of the period."""
    found = stratum_defects(slices, file, stratum_ids) + position_defects(slices, file)
    found += date_defects(slices, file, period_end)
    top, bottom = slices["depth_min_cm"], slices["depth_max_cm"]
    density, carbon = slices["bulk_density_g_cm3"], slices["organic_carbon_percent"]
    found += row_defects(
        "depth-reversed",
        file,
        _hits(slices[top >= bottom], "depth_min_cm {} is not above depth_max_cm {}", _DEPTHS),
        "depths are centimetres below the surface, the smaller one first",
    )
    found += row_defects(
        "depth-negative",
        file,
        _hits(slices[top < 0], "depth_min_cm is {}", _DEPTHS),
        "the surface is 0 and depths grow downward",
    )
    found += row_defects(
        "depth-implausible",
        file,
        _hits(slices[bottom > DEPTH_CM_MAX], "depths are {} to {}", _DEPTHS),
        f"give centimetres, at most {DEPTH_CM_MAX:g}",
    )
    found += row_defects(
        "bulk-density-wrong",
        file,
        _hits(
            slices[(density <= 0) | (density > BULK_DENSITY_MAX_G_CM3)],
            "bulk_density_g_cm3 is {}",
            ("bulk_density_g_cm3",),
        ),
        f"give dry g/cm3, above 0 and at most {BULK_DENSITY_MAX_G_CM3}; kg/m3 is 1000 times that",
    )
    found += row_defects(
        "carbon-percent-wrong",
        file,
        _hits(
            slices[(carbon < 0) | (carbon > 100)],
            "organic_carbon_percent is {}",
            ("organic_carbon_percent",),
        ),
        "give percent of dry mass, 0 to 100",
    )
    return found + _fraction_suspicion(slices, file)


def core_defects(slices: pd.DataFrame, file: str, reference_depth_cm: float) -> list[Finding]:
    """Defects that the slices of a core show together."""
    found: list[Finding] = []
    for core_id, core in _cores(slices):
        found += _contradictions(core_id, core, file)
        found += _order_defects(core_id, core, file)
        deepest = core["depth_max_cm"].max()
        if len(core) < SLICES_TO_EXTRAPOLATE_MIN and deepest < reference_depth_cm - _TOLERANCE_CM:
            subject = f"{file} {in_words(core['line'].tolist())}"
            message = (
                f"core '{core_id}' ends at {deepest:g} cm with {len(core)} slices: too few to "
                f"extrapolate to {reference_depth_cm:g} cm"
            )
            fix = f"leave it out, or set reference_depth_cm to {deepest:g} at most"
            found.append(defect("core-too-short", subject, message, fix))
    return found


def remarks(
    cores: pd.DataFrame, strata: pd.DataFrame, file: str, reference_depth_cm: float
) -> list[Finding]:
    """What a reader of the results ought to know."""
    found = []
    for row in cores[cores["how"] == "extrapolated"].itertuples():
        message = (
            f"core '{row.core_id}' ends at {row.depth_cm:g} cm: its {row.soil_tc_ha:.1f} tC/ha to "
            f"{reference_depth_cm:g} cm are extrapolated (standard error {row.standard_error:.1f})"
        )
        fix = f"sample down to {reference_depth_cm:g} cm"
        found.append(defect("core-extrapolated", file, message, fix, severity="warning"))
    for row in strata[strata["n_cores"] < 2].itertuples():
        message = f"stratum '{row.stratum}' has a single core: no standard error"
        fix = "take at least two cores in each stratum"
        found.append(defect("cores-too-few", file, message, fix, severity="warning"))
    for stratum, dates in cores["date"].groupby(cores["stratum"], sort=True):
        if (max(dates) - min(dates)).days > POOLED_DAYS_MAX:
            message = (
                f"the cores of stratum '{stratum}' from {min(dates)} to {max(dates)} are averaged "
                "together: no change over time is taken from them"
            )
            found.append(defect("cores-pooled", file, message, "", severity="info"))
    return found


_DEPTHS = ("depth_min_cm", "depth_max_cm")


def _hits(rows: pd.DataFrame, text: str, names: Sequence[str]) -> list[tuple[int, str]]:
    values = zip(*(rows[name] for name in names), strict=True)
    return [
        (int(line), text.format(*(f"{number:g}" for number in numbers)))
        for line, numbers in zip(rows["line"], values, strict=True)
    ]


def _cores(slices: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Each core in depth order; rows whose depths are defects of their own are left out."""
    top, bottom = slices["depth_min_cm"], slices["depth_max_cm"]
    sound = slices[(slices["core_id"] != "") & (top >= 0) & (top < bottom)]
    ordered = sound.sort_values(["depth_min_cm", "line"])
    for core_id, core in ordered.groupby("core_id", sort=True):
        yield str(core_id), core


def _contradictions(core_id: str, core: pd.DataFrame, file: str) -> list[Finding]:
    found = []
    for name in ("stratum", "date"):
        values = sorted({str(value) for value in core[name] if value})
        if len(values) > 1:
            subject = f"{file} {in_words(sorted(core['line']))}"
            message = f"core '{core_id}' has more than one {name}: {', '.join(values)}"
            fix = "one core is one place on one day: give each core its own core_id"
            found.append(defect("core-contradiction", subject, message, fix))
    return found


def _order_defects(core_id: str, core: pd.DataFrame, file: str) -> list[Finding]:
    """Slices that are there twice, overlap, or leave soil out between them or at the top."""
    found: list[Finding] = []
    depth, upper = 0.0, "the surface"
    for line, top, bottom in zip(
        core["line"], core["depth_min_cm"], core["depth_max_cm"], strict=True
    ):
        subject, span = f"{file} row {line}", f"{top:g}-{bottom:g} cm"
        place = f"core '{core_id}': {span}"
        if span == upper:
            found.append(defect("slice-twice", subject, f"{place} is there twice", "keep one row"))
        elif top < depth - _TOLERANCE_CM:
            fix = "correct the depths: slices may touch, not overlap"
            found.append(defect("slices-overlap", subject, f"{place} overlaps {upper}", fix))
        elif top > depth + _TOLERANCE_CM:
            message = f"{place} leaves {top - depth:g} cm out below {upper}"
            fix = "the gap is shared out between the slices around it"
            found.append(defect("slices-gap", subject, message, fix, severity="warning"))
        if bottom > depth:
            depth, upper = bottom, span
    return found


def _fraction_suspicion(slices: pd.DataFrame, file: str) -> list[Finding]:
    """All carbon at most 0.6: a fraction of dry mass, or a very poor (and then heavy) soil."""
    carbon = slices["organic_carbon_percent"].dropna()
    if carbon.empty or carbon.max() > FRACTION_MAX or carbon.max() <= 0:
        return []
    light = slices["bulk_density_g_cm3"].median() < BULK_DENSITY_OF_SAND_G_CM3
    message = f"organic_carbon_percent is at most {carbon.max():g} in all rows: a fraction?"
    message += " Soil as light as this holds more carbon than that." if light else ""
    fix = "give percent of dry mass: multiply by 100 if the sheet has fractions"
    return [
        defect("carbon-as-fraction", file, message, fix, severity="error" if light else "warning")
    ]
