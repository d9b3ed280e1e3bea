"""What must hold before a map is judged by a sample: one date, a design, ground that was visited.

A map shows one date, so a date is no part of its ground: its area must not be shared out between
dates, and labels of another date are no errors of the map. Inclusion probabilities are those of a
simple random sample within each stratum (Stehman 2014), which no file can prove: it is
said each time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from bluecarbon.spec import Finding

DATE_WORDS = frozenset({"epoch", "year", "period", "date"})
DESIGN_COLUMNS = ("stratum", "design", "provenance")

LEFT_OUT_SHARE_MOST = 0.05
"""A convention of this project: ground without points beyond it is too much to leave out."""

YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")

Findings = tuple[Finding, ...]


def is_date(column: str) -> bool:
    """Whether a column is a date by the words of its name: epoch, from_year, year0 ..."""
    return not DATE_WORDS.isdisjoint(re.split(r"[^a-z]+", column.casefold()))


def date_findings(strata: pd.DataFrame, by: Sequence[str], *, subject: str) -> Findings:
    """An error where estimates are asked for by a date and ``strata`` has no sizes of its own.

    ``strata`` are the sizes that are used, ``by`` the columns of parts. Every part needs its own
    sizes, so ``strata`` must have all of ``by`` as columns.
    """
    dates = [name for name in by if is_date(name)]
    if not dates or set(by) <= set(strata.columns):
        return ()
    names = ", ".join(f"'{name}'" for name in dates)
    message = (
        f"{names} is a date and no part of the ground: the area of one map would be divided "
        "between the dates"
    )
    fix = (
        "judge each map with the points of its date (--epoch), or give --strata a table with the "
        f"columns {', '.join(by)}, stratum and area_ha or pixels, without --map"
    )
    return (Finding.error("by-date-without-sizes", subject, message, fix=fix),)


def epoch_findings(
    points: pd.DataFrame, by: Sequence[str], *, epoch: str, subject: str
) -> Findings:
    """Points of several epochs are refused unless one was chosen, or each date is judged apart.

    ``points`` are those that are used; ``epoch`` is the chosen one, or empty.
    """
    if epoch:
        return (_chosen(points, epoch, subject),)
    if "epoch" not in points:
        return ()
    epochs = points["epoch"].fillna("").astype(str)
    dates = [points[name] for name in by if is_date(name) and name in points]
    most = epochs.groupby(dates).nunique().max() if dates else epochs.nunique()
    if most <= 1:
        return ()
    names = ", ".join(name or "(empty)" for name in sorted(epochs.unique()))
    message = f"the points are of several epochs ({names}), and a map is of one"
    fix = "choose the epoch of the map with --epoch YEAR"
    return (Finding.error("points-several-epochs", subject, message, fix=fix),)


def _chosen(points: pd.DataFrame, epoch: str, subject: str) -> Finding:
    if "epoch" not in points:
        message = f"there is no column 'epoch' to choose {epoch} from"
        fix = "add the column, or leave --epoch out where all labels are of the map's date"
        return Finding.error("epoch-column-missing", subject, message, fix=fix)
    message = f"only the {len(points)} points of epoch {epoch} are used"
    return Finding.info("points-of-one-epoch", subject, message)


def map_year_findings(points: pd.DataFrame, map_name: str, *, subject: str) -> Findings:
    """A warning where all points are of one epoch, and the name of the map holds another year.

    ``points`` are those that are used. A name without a year, or with several, says nothing.
    """
    years = set(YEAR.findall(map_name))
    epochs = set(points["epoch"].fillna("").astype(str)) - {""} if "epoch" in points else set()
    if len(years) != 1 or len(epochs) != 1 or years == epochs:
        return ()
    (year,), (epoch,) = years, epochs
    message = f"all points are of {epoch}, and {map_name} is of {year} by its name"
    fix = "judge the map with points of its own date: what changed in between is no error of it"
    return (Finding.warning("points-other-date-than-map", subject, message, fix=fix),)


def design_findings(points: pd.DataFrame, within: str, *, given: bool, subject: str) -> Findings:
    """How the points are taken to be drawn: a remark, or a warning where no file says so.

    ``within`` names the strata ("map class"); ``given`` is whether they were handed over, else a
    column stratum, design or provenance of ``points`` must say something.
    """
    sentence = f"points are taken as a simple random sample within each {within}"
    said = any(
        points[name].fillna("").astype(str).str.strip().ne("").all()
        for name in DESIGN_COLUMNS
        if name in points
    )
    if given or said:
        return (Finding.info("sample-design", subject, sentence),)
    message = f"{sentence}, and no column ({', '.join(DESIGN_COLUMNS)}) says that they are"
    fix = "give the strata they were drawn in (--strata), or a column stratum"
    return (Finding.warning("sample-design-assumed", subject, message, fix=fix),)


def stratum_findings(declared: pd.DataFrame, used: pd.DataFrame, *, subject: str) -> Findings:
    """A warning where the points' own column stratum names other strata than those that are used.

    ``declared`` has the rows of the file, ``used`` the points with the stratum that was looked up;
    both have ``row``. Names may differ (a number for a class); which points share one may not.
    """
    if "stratum" not in declared:
        return ()
    own = declared.set_index("row")["stratum"].fillna("").astype(str).str.strip()
    pairs = pd.DataFrame({"own": own.reindex(used["row"]).to_numpy(), "used": used["stratum"]})
    pairs = pairs[pairs["own"] != ""].drop_duplicates()
    if not (pairs["own"].duplicated().any() or pairs["used"].duplicated().any()):
        return ()
    message = (
        f"the column stratum ({pairs['own'].nunique()} strata) names other strata than those that "
        f"are used ({pairs['used'].nunique()}): if points were drawn in them, weights are wrong"
    )
    fix = "give the raster they were drawn in with --strata"
    return (Finding.warning("sample-strata-differ", subject, message, fix=fix),)
