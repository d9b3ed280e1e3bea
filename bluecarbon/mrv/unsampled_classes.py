"""Classes of strata that were left out for want of points: in the table, as not estimable.

A stratum of loss or gain is rare, and small beside the ground: left out as one of a few per cent,
its class must not disappear from the table, nor show what the other strata hold of it as if that
were all (Stehman 2014, doi:10.1080/01431161.2014.930207, eq. 3: a mean needs every stratum).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from bluecarbon.mrv.confusion import Label, in_order
from bluecarbon.mrv.stehman2014 import MEASURES_OF_CLASS, NUMBER_COLUMNS
from bluecarbon.spec import Finding

NOT_ESTIMABLE = "not estimable"

Findings = tuple[Finding, ...]


def unsampled_classes(
    points: pd.DataFrame, left_out: Iterable[Label], kept: pd.DataFrame
) -> dict[Label, str]:
    """Class -> the stratum for want of which it has no estimate.

    ``points`` are those of one part of the ground before strata were left out, ``left_out`` the
    strata, ``kept`` the points that remain. A class has no estimate when a stratum that is left
    out has its name (the map classes are the strata), or when only points that are left out are
    of it, on the map or in the reference. Names of strata that are no classes have no row.
    """
    found: dict[Label, str] = {}
    seen, known = ({*part["map"], *part["reference"]} for part in (kept, points))
    are_classes = bool((points["stratum"] == points["map"]).all())
    for stratum in left_out:
        own = points[points["stratum"] == stratum]
        named = {stratum} if are_classes or stratum in known else set()
        for name in in_order({*named, *own["map"], *own["reference"]}):
            if name in named or name not in seen:
                found.setdefault(name, str(stratum))
    return found


def with_unsampled(table: pd.DataFrame, classes: Mapping[Label, str]) -> pd.DataFrame:
    """The table of :func:`.stehman2014.stehman2014` with NaN for classes that have no estimate.

    ``classes`` from :func:`unsampled_classes`. Rows that are there lose their numbers, others are
    added; ``equation`` says why.
    """
    if not classes:
        return table
    first = table.iloc[0]
    named = table[table["class"].isin(list(classes))]
    there = set(zip(named["measure"], named["class"], strict=True))
    units = table.drop_duplicates("measure").set_index("measure")["unit"]
    rows = [
        {**first, "measure": measure, "class": name, "unit": units.get(measure, "1"), "points": 0}
        for name in classes
        for measure in MEASURES_OF_CLASS
        if (measure, name) not in there
    ]
    whole = pd.concat([table, pd.DataFrame(rows, columns=table.columns)]) if rows else table
    whole = whole.reset_index(drop=True)
    without = whole["class"].isin(list(classes)) & whole["measure"].isin(MEASURES_OF_CLASS)
    whole.loc[without, list(NUMBER_COLUMNS)] = np.nan
    whole.loc[without, "equation"] = [
        f"{NOT_ESTIMABLE}: stratum '{classes[name]}' has fewer than two points"
        for name in whole.loc[without, "class"]
    ]
    return whole


def unsampled_findings(classes: Mapping[Label, str], *, subject: str) -> Findings:
    """A warning that names the classes without an estimate; nothing when there are none."""
    if not classes:
        return ()
    names = ", ".join(f"'{name}'" for name in classes)
    message = f"no accuracy and no area of {names}: strata of theirs have fewer than two points"
    fix = "draw points there; a class without points is unknown, and not absent"
    return (Finding.warning("class-not-estimable", subject, message, fix=fix),)
