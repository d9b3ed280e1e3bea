"""Does a column of organic carbon hold organic matter? Asked of the bulk density.

Organic matter is light: soil of a bulk density holds about so much of it, whoever measured. Carbon
is about half of it, so that organic matter under the header of carbon fits the density as matter
and is twice too much as carbon. On the studies of the Coastal Carbon Network with 20 slices and
more the two can be told apart: of 10 columns of organic matter read as carbon 7 are noticed, of
55 columns of carbon 2.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from bluecarbon.mrv.field_tables import defect
from bluecarbon.spec import Finding

ORGANIC_G_CM3, MINERAL_G_CM3 = 0.085, 1.99
"""Self-packing densities of Morris et al. 2016."""

CARBON_OF_MATTER = 0.5

QUARTZ_G_CM3, SOLID_ORGANIC_G_CM3 = 2.65, 1.5
"""Densities without pores: quartz, and cellulose, the densest of what makes organic matter."""

CARBON_OF_MATTER_MAX = 0.58
"""Van Bemmelen's factor; most soils hold less carbon in their organic matter, so this is kind."""

SAMPLES_MIN = 20
TOO_HEAVY, FITS = 0.4, 0.3
"""Medians of the logarithm of measured over expected density: as carbon, and as matter (ours)."""

CARBON_PERCENT_MIN = 1.0
EQUAL_SHARE, EQUAL_SAMPLES_MIN = 0.9, 5


def mixed_bulk_density_g_cm3(matter_percent: ArrayLike) -> NDArray[np.float64]:
    """Dry bulk density [g/cm3] of soil with so much organic matter [% of dry mass], any shape.

    References
    ----------
    The ideal mixing model: Morris et al. 2016, Earth's Future 4:110-121,
    doi:10.1002/2015EF000334 (coefficients recalled, not read for this).
    """
    share = np.clip(np.asarray(matter_percent, dtype=np.float64) / 100.0, 0.0, 1.0)
    return np.asarray(1.0 / (share / ORGANIC_G_CM3 + (1.0 - share) / MINERAL_G_CM3))


def solid_density_g_cm3(
    carbon_percent: ArrayLike, matter_percent: ArrayLike
) -> NDArray[np.float64]:
    """Density [g/cm3] that a soil would have without any pores: no bulk density is above it.

    1 / (m / 1.5 + (1 - m) / 2.65) with m the share of organic matter, which is the larger of what
    was measured and of carbon / 0.58 [% of dry mass]; NaN (unknown) counts as none. Volumes of the
    parts add up; the two densities are those of cellulose and of quartz (ours).
    """
    of_carbon = np.nan_to_num(np.asarray(carbon_percent, dtype=np.float64)) / CARBON_OF_MATTER_MAX
    matter = np.nan_to_num(np.asarray(matter_percent, dtype=np.float64))
    share = np.clip(np.maximum(of_carbon, matter) / 100.0, 0.0, 1.0)
    return np.asarray(1.0 / (share / SOLID_ORGANIC_G_CM3 + (1.0 - share) / QUARTZ_G_CM3))


def matter_suspicions(rows: pd.DataFrame, file: str) -> list[Finding]:
    """``matter-as-carbon``: an error where the two columns are the same, else a warning.

    Judged by study where the sheet names studies.
    """
    carbon, matter = rows["organic_carbon_percent"], rows["organic_matter_percent"]
    both = carbon.notna() & matter.notna() & (matter > 0)
    equal = (carbon[both] == matter[both]).sum()
    if both.sum() >= EQUAL_SAMPLES_MIN and equal >= EQUAL_SHARE * both.sum():
        message = f"organic carbon equals organic matter in {equal} of {int(both.sum())} rows"
        fix = "one column stands for both: read organic_carbon_percent from no column, or its own"
        return [defect("matter-as-carbon", file, message, fix)]
    if "study_id" not in rows:
        return _by_density(rows, file, "")
    groups = rows.groupby("study_id", sort=True)
    return [f for name, own in groups for f in _by_density(own, file, str(name))]


def _by_density(rows: pd.DataFrame, file: str, study: str) -> list[Finding]:
    known = rows[(rows["organic_carbon_percent"] > CARBON_PERCENT_MIN)
                 & (rows["bulk_density_g_cm3"] > 0)]  # fmt: skip
    if len(known) < SAMPLES_MIN:
        return []
    percent, density = known["organic_carbon_percent"], known["bulk_density_g_cm3"]
    as_carbon = np.log(density / mixed_bulk_density_g_cm3(percent / CARBON_OF_MATTER)).median()
    as_matter = np.log(density / mixed_bulk_density_g_cm3(percent)).median()
    if not (as_carbon > TOO_HEAVY and abs(as_matter) < FITS):
        return []
    of_study = f" of {study}" if study else ""
    message = (
        f"organic carbon{of_study} fits the bulk density as if it were organic matter: soil with "
        f"so much carbon is {np.exp(as_carbon):.1f} times lighter as a rule"
    )
    fix = "see what was measured; loss on ignition is organic_matter_percent, with a conversion"
    return [defect("matter-as-carbon", file, message, fix, severity="warning")]
