"""A sample planned for one or several targets: the table behind ``bluecarbon mrv sample-size``."""

from __future__ import annotations

import typing
from collections.abc import Mapping

import numpy as np
import pandas as pd

from bluecarbon.mrv.accuracy import MINIMUM_PER_GROUP
from bluecarbon.mrv.sample_design import (
    Rule,
    allocate,
    allocate_for_targets,
    expected_standard_error,
)


def plan(
    strata: pd.DataFrame,
    expected: Mapping[str, Mapping[str, float]],
    targets: Mapping[str, float],
    *,
    rule: str = "proportional",
    least: int = 2,
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Points of every stratum, and what each objective's standard error will come to.

    Parameters
    ----------
    strata : columns stratum and area_ha or pixels
    expected : objective -> class -> expected share of its indicator in that stratum; of the
        objective "overall" this is the expected user's accuracy of the map class
    targets : objective -> target standard error of the estimated share
    rule : how one objective's points are allocated (several: the fewest that meet all)

    Raises
    ------
    ValueError
        A stratum has no expected share, an objective no target, or the rule is not known.
    """
    if rule not in typing.get_args(Rule):
        raise ValueError(f"allocation '{rule}' is none of {', '.join(typing.get_args(Rule))}")
    if set(expected) != set(targets):
        raise ValueError(f"objectives {sorted(expected)} have targets for {sorted(targets)}")
    shares = {name: _shares(strata, given, name) for name, given in expected.items()}
    if len(targets) == 1:
        (name,) = targets
        table = _for_one(
            strata, shares[name], targets[name], rule=typing.cast("Rule", rule), least=least
        )
    else:
        table = allocate_for_targets(strata, shares, targets, least=least)
    remarks = [f"{int(table['points'].sum())} points"]
    remarks += [
        f"{name}: standard error {expected_standard_error(table, shares[name]):.4g} expected, "
        f"{targets[name]:.4g} asked for"
        for name in targets
    ]
    return table, tuple(remarks)


def _for_one(
    strata: pd.DataFrame, expected: list[float], target: float, *, rule: Rule, least: int
) -> pd.DataFrame:
    """The least points that meet the target under the rule, with the minimum of every stratum.

    The formula knows of no minimum, which gives rare strata more points than the rule would: the
    number is found by doubling and halving.
    """

    def met(points: int) -> bool:
        table = allocate(strata, points, rule=rule, expected=expected, least=least)
        return expected_standard_error(table, expected) <= target

    fewest = max(least, MINIMUM_PER_GROUP) * len(strata)
    if "pixels" in strata:
        fewest = int(np.minimum(strata["pixels"], max(least, MINIMUM_PER_GROUP)).sum())
    low, high = fewest - 1, fewest
    while not met(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if met(middle) else (middle, high)
    return allocate(strata, high, rule=rule, expected=expected, least=least)


def _shares(strata: pd.DataFrame, given: Mapping[str, float], objective: str) -> list[float]:
    names = [str(name) for name in strata["stratum"]]
    if unknown := sorted(set(given) - set(names)):
        raise ValueError(f"{objective}: there is no class {', '.join(unknown)}")
    if missing := [name for name in names if name not in given]:
        raise ValueError(f"{objective}: no share is expected of {', '.join(missing)}")
    return [given[name] for name in names]
