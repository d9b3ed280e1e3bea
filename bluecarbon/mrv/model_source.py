"""A model of plots as a source of above-ground carbon for every pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bluecarbon.mrv.height_relations import within_range
from bluecarbon.mrv.plot_models import Fitted, Linear, PlotModel
from bluecarbon.mrv.stock_sources import Pixels
from bluecarbon.mrv.stock_terms import Field, Floats, Term
from bluecarbon.project_stocks import Outside, Quantity

RESIDUAL = "residual of the model"


@dataclass(frozen=True)
class ModelSource:
    """Above-ground carbon from layers by a model of plots.

    Its shared parameters are the parts of ground that were left out in turn: the slope along each
    is what its replicate differs by from the mean of all, and their variance is the jackknife's
    (G - 1) / G, so the error of the model does not vanish with area. The residual is the pixel's
    own.
    """

    model: PlotModel
    carbon_fraction: Quantity
    outside: Outside = "missing"

    @property
    def layers(self) -> tuple[str, ...]:
        """The covariates."""
        return self.model.names

    @property
    def covariance(self) -> Floats:
        """The jackknife's for each replicate; the variance of the carbon fraction last."""
        groups = len(self.model.replicates)
        shares = [(groups - 1) / groups] * groups
        return np.diag([*shares, self.carbon_fraction.standard_error**2])

    def field(self, pixels: Pixels, first: int) -> Field:
        """Densities; NaN where a covariate is not known or not allowed."""
        layers = []
        for place, name in enumerate(self.model.names):
            least, most = self.model.limits[:, place]
            values, beyond = within_range(pixels.layers[name], least, most, self.outside)
            layers.append(values)
            pixels.outside[name] = beyond
        covariates = np.stack(layers, axis=1)
        dry = self.model.fitted.predict(covariates)
        negative = dry < 0
        pixels.outside["below zero"] = negative
        dry = np.where(negative, 0.0, dry)
        fraction = self.carbon_fraction.value
        replicates = np.stack([item.predict(covariates) for item in self.model.replicates])
        differences = (replicates - replicates.mean(axis=0)) * fraction
        terms = [Term(first + place, slope) for place, slope in enumerate(differences)]
        own = self.model.residual_sd * fraction * (dry if self.model.relative else 1.0)
        own = np.where(np.isnan(dry), np.nan, own)
        terms.append(Term(first + len(terms), dry))
        return Field(dry * fraction, tuple(terms), {RESIDUAL: own})


def card_of(model: PlotModel) -> dict[str, Any]:
    """What a reader needs to judge a model, for the model card: plain values."""
    return {
        "kind": model.settings.kind,
        "covariates": list(model.names),
        "plots": model.plots,
        "back_transformation": model.settings.back if model.relative else "none needed",
        "coefficients": _coefficients(model.fitted, model.names),
        "trees": model.settings.trees if model.settings.kind == "forest" else None,
        "seed": model.settings.seed,
        "groups_left_out": model.groups,
        "residual_sd": model.residual_sd,
        "residual_unit": "of the prediction" if model.relative else "t/ha",
        "limits": {
            name: [float(low), float(high)]
            for name, low, high in zip(model.names, *model.limits, strict=True)
        },
    }


def _coefficients(fitted: Fitted, names: tuple[str, ...]) -> dict[str, float]:
    if not isinstance(fitted, Linear):
        return {}
    known = dict(zip(("intercept", *names), map(float, fitted.coefficients), strict=True))
    return known | {"factor of the back-transformation": fitted.factor}
