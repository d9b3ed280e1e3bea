"""How sure a carbon density is: errors that pixels share, and errors of their own.

A density of a pixel depends on parameters that all pixels share (a mean of a table, coefficients
of a regression, a root-shoot ratio) and on what its own ground has beside them. The first kind
does not vanish with area, the second does. Here every density carries both: its slope along each
shared parameter, and a standard deviation of its own by source. Pools that depend on one parameter
then add up with their covariance, and nobody has to remember which errors are the same.

First order (delta method): Ståhl et al. 2016, Forest Ecosystems 3:5, section 3 (model-based
inference); IPCC 2006 Guidelines, volume 1, chapter 3, approach 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Term:
    """How densities change along shared parameters.

    ``parameter`` is one number for all pixels, or (pixels,) a parameter for each; ``slope``
    (pixels,) is in tC/ha for one unit of it.
    """

    parameter: int | Whole
    slope: Floats


@dataclass(frozen=True)
class Field:
    """Densities (pixels,) of one pool in tC/ha, NaN where unknown, with where they come from.

    ``own`` is the standard deviation (pixels,) of what a pixel has of its own, by source: the same
    source in two pools of a pixel is the same ground.
    """

    density: Floats
    terms: tuple[Term, ...] = ()
    own: Mapping[str, Floats] = field(default_factory=dict)


def scaled(item: Field, factor: float | Floats, *terms: Term) -> Field:
    """A density times a factor; ``terms`` are the slopes along the factor's own parameters."""
    kept = [replace(term, slope=term.slope * factor) for term in item.terms]
    own = {name: sd * factor for name, sd in item.own.items()}
    return Field(item.density * factor, (*kept, *terms), own)


def mean_of_parts(item: Field, pixel: Whole, area_ha: Floats, pixels: int) -> Field:
    """The field of whole pixels from that of their parts (parts,): known parts, weighted by area.

    ``pixel`` (parts,) is the pixel of each part. Parts of one pixel are the same ground, so what
    they have of their own adds up before it is squared; a parameter that differs between parts
    (two rows of a table) keeps a term for each.
    """
    if len(pixel) == pixels and (pixel == np.arange(pixels)).all():
        return item
    known_ha = np.where(np.isnan(item.density), 0.0, area_ha)
    of_pixel = np.bincount(pixel, weights=known_ha, minlength=pixels)
    weight = np.divide(known_ha, of_pixel[pixel], out=np.zeros_like(known_ha), where=known_ha > 0)

    def mean(values: Floats) -> Floats:
        summed = np.bincount(pixel, weights=np.nan_to_num(values) * weight, minlength=pixels)
        return np.where(of_pixel > 0, summed, np.nan)

    terms = [Term(t.parameter, mean(t.slope)) for t in item.terms if isinstance(t.parameter, int)]
    rank = _rank(pixel)
    for term in item.terms:
        if isinstance(term.parameter, int):
            continue
        for number in range(int(rank.max(initial=-1)) + 1):
            chosen = rank == number
            parameter = np.zeros(pixels, np.int64)
            parameter[pixel[chosen]] = term.parameter[chosen]
            terms.append(Term(parameter, mean(np.where(chosen, term.slope, 0.0))))
    return Field(mean(item.density), tuple(terms), {n: mean(sd) for n, sd in item.own.items()})


def _rank(pixel: Whole) -> Whole:
    """How many parts of its pixel stand before each part."""
    order = np.argsort(pixel, kind="stable")
    ordered = pixel[order]
    first = np.searchsorted(ordered, ordered)
    rank = np.empty_like(pixel)
    rank[order] = np.arange(len(pixel)) - first
    return rank


def added(fields: Sequence[Field]) -> Field:
    """The sum of pools: slopes along one parameter are added before anything is squared."""
    single: dict[int, Floats] = {}
    many: list[Term] = []
    own: dict[str, Floats] = {}
    for item in fields:
        for term in item.terms:
            if isinstance(term.parameter, int):
                single[term.parameter] = single.get(term.parameter, 0.0) + term.slope
            else:
                many.append(term)
        for name, sd in item.own.items():
            own[name] = own.get(name, 0.0) + sd
    density = np.sum([item.density for item in fields], axis=0)
    return Field(density, (*(Term(p, s) for p, s in single.items()), *many), own)


def pixel_error(item: Field, covariance: Floats) -> Floats:
    """The standard error (pixels,) of each density: shared and own errors in quadrature."""
    variance = sum((sd**2 for sd in item.own.values()), np.zeros_like(item.density))
    for place, one in enumerate(item.terms):
        for other in item.terms[place:]:
            twice = 1.0 if other is one else 2.0
            shared = covariance[one.parameter, other.parameter]
            variance = variance + twice * shared * one.slope * other.slope
    # Rounding can leave a variance that is exactly 0 a little below it.
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)))


def summed_slopes(item: Field, group: Whole, area_ha: Floats, *, shape: tuple[int, int]) -> Floats:
    """Slopes of totals [tC per unit], (groups, parameters): of each group along each parameter."""
    groups, parameters = shape
    total = np.zeros(groups * parameters)
    for term in item.terms:
        place = group * parameters + term.parameter
        weight = np.nan_to_num(term.slope) * area_ha
        total += np.bincount(place, weights=weight, minlength=len(total))
    return total.reshape(groups, parameters)


def summed_variance(item: Field, group: Whole, area_ha: Floats, groups: int) -> Floats:
    """Variance [tC2] of totals (groups,) from what each pixel has of its own."""
    variance = np.zeros(groups)
    for sd in item.own.values():
        weight = (np.nan_to_num(sd) * area_ha) ** 2
        variance += np.bincount(group, weights=weight, minlength=groups)
    return variance
