"""Carbon from organic matter by regressions of one's own: of the site, else of a wider group.

The order of the R package BlueCarbon: the narrowest group whose own samples make a usable line
(R2 and number of samples as :mod:`bluecarbon.methodology.kernels.soil_matter` asks) converts its
slices; a published conversion is for what is left.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bluecarbon.methodology.kernels.soil_matter import MatterRegression, fit_matter_regression


def regressions_of(rows: pd.DataFrame, by: str) -> dict[object, MatterRegression]:
    """The usable regression of each group of a column.

    ``rows`` has organic_matter_percent and organic_carbon_percent; slices with both are fitted.
    """
    both = rows[(rows["organic_matter_percent"] > 0) & (rows["organic_carbon_percent"] > 0)]
    found: dict[object, MatterRegression] = {}
    for group, samples in both.groupby(by, sort=True):
        if samples["organic_matter_percent"].nunique() < 3:
            continue
        line = fit_matter_regression(
            samples["organic_matter_percent"], samples["organic_carbon_percent"]
        )
        if line.is_usable:
            found[group] = line
    return found


def carbon_by_groups(
    rows: pd.DataFrame, levels: Sequence[str]
) -> tuple[NDArray[np.float64], NDArray[np.object_]]:
    """Carbon [%] of every slice by the first of its groups that has a usable regression.

    ``levels`` are columns from the narrowest to the widest (site_id, stratum, study_id).

    Returns
    -------
    Carbon, NaN where no group has a line, and which regression gave it ("regression of site_id
    X"), both of shape (slice,).

    Raises
    ------
    KeyError
        A level is no column.
    """
    carbon = np.full(len(rows), np.nan)
    label = np.full(len(rows), "", dtype=object)
    matter = rows["organic_matter_percent"].to_numpy(dtype=np.float64)
    for level in levels:
        groups = rows[level].to_numpy()
        for group, line in regressions_of(rows, level).items():
            here = (groups == group) & np.isnan(carbon) & ~np.isnan(matter)
            carbon[here] = line.carbon_percent(matter[here])
            label[here] = f"regression of {level} {group}"
    return carbon, label
