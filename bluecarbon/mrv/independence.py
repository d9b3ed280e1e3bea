"""Is the reference a probability sample, and independent of what the map was trained on?

A map is judged by points that had a known chance to be drawn and that it never saw. Labels that
trained it, or that somebody chose by looking, give intervals that mean nothing: they are refused,
with the rows named.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from bluecarbon.mrv.field_tables import in_words
from bluecarbon.spec import Finding

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius (IUGG): distances of metres need no ellipsoid."""

SAME_POINT_FACTOR = 10
"""A point of the same name within ten times the distance is the same point, put more exactly."""

PROBABILITY_WORDS = ("random", "systematic", "stratified", "probability", "census")
NOT_PROBABILITY_WORDS = ("training", "calibration", "opportunistic", "purposive", "convenience")

Findings = tuple[Finding, ...]


def training_findings(
    reference: pd.DataFrame, training: pd.DataFrame, *, distance_m: float, subject: str
) -> Findings:
    """Reference points that are training points: by their place, or by their id.

    Parameters
    ----------
    reference, training : rows with lon, lat (WGS 84) and ``row`` (as a person counts them in the
        file); ``point_id`` and ``epoch`` where there are some. Points of different epochs are not
        compared where both tables have epochs.
    distance_m : the side of a pixel, or another distance within which points share their ground

    Returns
    -------
    An error that names the rows in one place with a training point; an error for those of the same
    id within ten times the distance; a remark for the same id elsewhere, where two files were
    numbered apart.
    """
    near: list[int] = []
    named: list[int] = []
    apart: list[int] = []
    for points, learnt in _by_epoch(reference, training):
        rows = points["row"].to_numpy()
        distance, _ = cKDTree(_on_sphere(learnt)).query(_on_sphere(points))
        near += rows[distance <= distance_m].tolist()
        same_name, between_m = _of_one_name(points, learnt)
        close = same_name & (between_m <= SAME_POINT_FACTOR * distance_m)
        named += rows[close & (distance > distance_m)].tolist()
        apart += rows[same_name & ~close].tolist()
    return tuple(_training_findings((near, named, apart), f"{distance_m:.0f} m", subject))


def _training_findings(
    rows: tuple[list[int], list[int], list[int]], distance: str, subject: str
) -> list[Finding]:
    near, named, apart = rows
    found = []
    fix = "draw the reference sample independently of the training points"
    if near:
        message = f"within {distance} of a training point: the map was trained on this ground"
        where = f"{subject} {in_words(sorted(near))}"
        found.append(Finding.error("reference-is-training", where, message, fix=fix))
    if named:
        message = "has the id of a training point that lies close by: it is the same point, moved"
        where = f"{subject} {in_words(sorted(named))}"
        found.append(Finding.error("reference-is-training", where, message, fix=fix))
    if apart:
        message = "has the id of a training point that lies elsewhere"
        fix = "if ids are unique in the project, find out which place is wrong"
        where = f"{subject} {in_words(sorted(apart))}"
        found.append(Finding.info("reference-id-shared", where, message, fix=fix))
    return found


def _by_epoch(
    reference: pd.DataFrame, training: pd.DataFrame
) -> list[tuple[pd.DataFrame, pd.DataFrame]]:
    """Pairs of tables to compare, each with at least one point."""
    if "epoch" not in reference or "epoch" not in training:
        pairs = [(reference, training)]
    else:
        pairs = [
            (points, training[training["epoch"] == epoch])
            for epoch, points in reference.groupby("epoch", sort=True)
        ]
    return [(points, learnt) for points, learnt in pairs if len(points) and len(learnt)]


def _on_sphere(points: pd.DataFrame) -> NDArray[np.float64]:
    """Places in metres from the centre of the earth, (n, 3): no seam at the antimeridian."""
    longitude = np.radians(points["lon"].to_numpy(dtype=np.float64))
    latitude = np.radians(points["lat"].to_numpy(dtype=np.float64))
    across = np.cos(latitude)
    unit = np.column_stack(
        [across * np.cos(longitude), across * np.sin(longitude), np.sin(latitude)]
    )
    return EARTH_RADIUS_M * unit


def _of_one_name(
    points: pd.DataFrame, learnt: pd.DataFrame
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which points have the id of a training point, and how far from it they lie (metres)."""
    nothing = np.zeros(len(points), dtype=bool), np.full(len(points), np.inf)
    if "point_id" not in points or "point_id" not in learnt:
        return nothing
    first = learnt[learnt["point_id"].astype(str) != ""].drop_duplicates("point_id")
    position = pd.Series(np.arange(len(first)), index=first["point_id"].astype(str))
    at = points["point_id"].astype(str).map(position)
    same = at.notna().to_numpy()
    between = nothing[1]
    there = _on_sphere(first)[at[same].astype(int).to_numpy()]
    between[same] = np.linalg.norm(_on_sphere(points)[same] - there, axis=1)
    return same, between


def provenance_findings(reference: pd.DataFrame, *, subject: str) -> Findings:
    """Reference points whose declared provenance (column ``provenance``) is no probability sample.

    "training", "calibration", "purposive", "opportunistic" and "convenience" are refused; an empty
    cell declares nothing; another word is asked about.
    """
    if "provenance" not in reference:
        return ()
    words = reference["provenance"].fillna("").astype(str).str.casefold().str.strip()
    refused = words.map(lambda text: any(word in text for word in NOT_PROBABILITY_WORDS))
    known = words.map(lambda text: any(word in text for word in PROBABILITY_WORDS)) | (words == "")
    found = []
    for text, rows in reference[refused].groupby(words[refused], sort=True):
        where = f"{subject} {in_words(rows['row'].tolist())}"
        message = f"declared as '{text}': this is no probability sample, and has no interval"
        fix = "estimate from points drawn at random only (bluecarbon mrv draw-sample)"
        found.append(Finding.error("reference-not-probability", where, message, fix=fix))
    for text, rows in reference[~refused & ~known].groupby(words[~refused & ~known], sort=True):
        where = f"{subject} {in_words(rows['row'].tolist())}"
        message = f"declared as '{text}', which says nothing about how the points were drawn"
        fix = f"use one of: {', '.join(PROBABILITY_WORDS)}"
        found.append(Finding.warning("reference-provenance-unknown", where, message, fix=fix))
    return tuple(found)


def repeated_findings(
    reference: pd.DataFrame, *, distance_m: float, by: Sequence[str] = (), subject: str
) -> Findings:
    """Points of one date that are one place, or of one id: each would be counted.

    ``reference`` has lon, lat (WGS 84), label and row; point_id and epoch where there are some.
    Points that differ in ``by`` or in their epoch are not compared. Places nearer than
    ``distance_m`` with different labels are an error, with the same label a warning, and so is an
    id that stands for several places. Names the rows.
    """
    contradicting: set[int] = set()
    repeated: set[int] = set()
    named: set[int] = set()
    apart = [name for name in dict.fromkeys((*by, "epoch")) if name in reference]
    groups = reference.fillna(dict.fromkeys(apart, "")).groupby(apart) if apart else ()
    for points in [part for _, part in groups] if apart else [reference]:
        rows, labels = points["row"].to_numpy(), points["label"].astype(str).to_numpy()
        pairs = cKDTree(_on_sphere(points)).query_pairs(distance_m, output_type="ndarray")
        differ = labels[pairs[:, 0]] != labels[pairs[:, 1]]
        contradicting |= set(rows[pairs[differ]].ravel().tolist())
        repeated |= set(rows[pairs[~differ]].ravel().tolist())
        if "point_id" in points:
            ids = points["point_id"].fillna("").astype(str)
            named |= set(points.loc[(ids != "") & ids.duplicated(keep=False), "row"].tolist())
    return _repeated(contradicting, repeated - contradicting, named - contradicting, subject)


def _repeated(
    contradicting: set[int], repeated: set[int], named: set[int], subject: str
) -> Findings:
    found = []
    fix = "keep one row for each place and date"
    if contradicting:
        where = f"{subject} {in_words(sorted(contradicting))}"
        message = "points of one place have different labels"
        found.append(Finding.error("place-labels-contradict", where, message, fix=fix))
    if repeated:
        where = f"{subject} {in_words(sorted(repeated))}"
        message = "points lie in the same place: each of them is counted"
        found.append(Finding.warning("place-twice", where, message, fix=fix))
    if named - repeated:
        where = f"{subject} {in_words(sorted(named - repeated))}"
        message = "a point_id stands for several points: each of them is counted"
        fix = "give every point an id of its own, and remove rows that were copied"
        found.append(Finding.warning("point-id-twice", where, message, fix=fix))
    return tuple(found)
