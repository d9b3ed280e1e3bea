"""Cores of several sheets as one result: every table with its file, means over all of them."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from bluecarbon.mrv.soil_cores import REJECTED_COLUMNS, Reading, SoilResult
from bluecarbon.mrv.soil_profiles import group_means, stratum_means
from bluecarbon.spec import Finding

GROUPS = ("stratum", "plot_id", "site_id", "study_id")


def pooled(
    readings: Sequence[Reading], files: Sequence[str]
) -> tuple[SoilResult | None, tuple[Finding, ...]]:
    """The results of several sheets together; None when none of them has one.

    A core of the same name in two sheets is counted once for each, which is said: it may be one.
    """
    results = [(reading.result, file) for reading, file in zip(readings, files, strict=True)]
    known = [(result, file) for result, file in results if result is not None]
    if not known:
        return None, ()
    tables = {
        name: _joined([(getattr(result, name), file) for result, file in known])
        for name in ("slices", "cores", "rates")
    }
    cores = tables["cores"]
    result = SoilResult(
        mapping=known[0][0].mapping,
        slices=tables["slices"],
        cores=cores,
        plots=group_means(cores, "plot_id") if "plot_id" in cores else pd.DataFrame(),
        strata=stratum_means(cores) if "stratum" in cores else pd.DataFrame(),
        rates=tables["rates"],
        rejected=rejected_of(readings),
    )
    return result, _names_shared([result.cores for result, _ in known])


def rejected_of(readings: Sequence[Reading]) -> pd.DataFrame:
    """The rejected rows of all sheets, in their order."""
    parts = [reading.rejected for reading in readings if len(reading.rejected)]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=REJECTED_COLUMNS)


def means_of(cores: pd.DataFrame) -> pd.DataFrame:
    """Mean carbon of each stratum, plot, site and study [tC/ha] and of all cores, s / sqrt(n).

    Columns: group (which of them), name, n, mean_tc_ha, standard_error_tc_ha and the same of
    autochthonous carbon; ``of`` says whether a stratum's are means of plots or of cores.
    """
    parts = []
    for name in GROUPS:
        if name in cores and (cores[name] != "").any():
            table = stratum_means(cores) if name == "stratum" else group_means(cores, name)
            parts.append(table.rename(columns={name: "name"}).assign(group=name))
    parts.append(group_means(cores.assign(name="all cores"), "name").assign(group="all"))
    table = pd.concat(parts, ignore_index=True)
    table["of"] = table["of"].fillna("cores") if "of" in table else "cores"
    first = ["group", "name", "n", "of"]
    return table[[*first, *(name for name in table if name not in first)]]


def _joined(parts: Sequence[tuple[pd.DataFrame, str]]) -> pd.DataFrame:
    tables = [table.assign(file=file) for table, file in parts if len(table)]
    if not tables:
        return pd.DataFrame()
    joined = pd.concat(tables, ignore_index=True)
    texts = [name for name in joined if not pd.api.types.is_numeric_dtype(joined[name])]
    # a sheet without a column that another one has says nothing there
    return joined.fillna(dict.fromkeys(texts, ""))


def _names_shared(sheets: Sequence[pd.DataFrame]) -> tuple[Finding, ...]:
    """Counted by sheet and not by file name: two folders may hold a file of one name."""
    times = pd.concat([sheet["core_id"] for sheet in sheets]).value_counts()
    names = sorted(times.index[times > 1])
    if not names:
        return ()
    shown = ", ".join(map(str, names[:8]))
    message = f"{len(names)} names of cores are in more than one sheet: {shown}"
    fix = "if they are the same cores, give them once: each counts as one of its own"
    return (Finding.warning("core-in-two-sheets", "all sheets", message, fix=fix),)
