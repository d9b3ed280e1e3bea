"""Biomass of plots from covariates: regressions and random forests, judged on ground left out.

Four models of above-ground biomass y [t/ha] from layers x: ``linear`` y on x; ``log`` ln y on x;
``power`` ln y on ln x; ``forest``, a random forest. A logarithm is taken back with a correction,
because the exponential of a mean logarithm is a median: Baskerville 1972 (doi:10.1139/x72-009),
exp(s2/2), or Duan 1983 (doi:10.1080/01621459.1983.10478017), the mean of exp(residuals).

How sure a model is comes from leaving out whole blocks of ground in turn and fitting again (the
delete-a-group jackknife; Kott 2001, Journal of Official Statistics 17: 521-526): it counts what
plots of one neighbourhood have in common, and holds for a forest too, which has no covariance of
coefficients.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bluecarbon.mrv.classifiers import learning
from bluecarbon.mrv.kernels.trees import Tree, Trees, laid_out, sums
from bluecarbon.mrv.mapping import FOLDS, ground_blocks
from bluecarbon.project_stocks import BackTransformation, ModelKind

PLOTS_MIN = 8
"""Fewer plots cannot be divided into ground that is learnt from and ground that judges."""

PLOTS_PER_COEFFICIENT = 3

LEAF_PLOTS_MIN = 3
"""A leaf of one plot would give back that plot's own error as truth."""

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Predict = Callable[[Floats], Floats]


@dataclass(frozen=True)
class ModelSettings:
    """Which model, how its logarithm is taken back, and for a forest its trees and seed."""

    kind: ModelKind = "power"
    back: BackTransformation = "baskerville"
    trees: int = 200
    seed: int = 0


@dataclass(frozen=True)
class PlotData:
    """Plots on the map: biomass [t/ha] (n,), covariates (n, layers), row and column (n,)."""

    biomass_t_ha: Floats
    covariates: Floats
    rows: Whole
    columns: Whole
    names: tuple[str, ...]
    strata: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()

    @property
    def blocks(self) -> Whole:
        """The block of ground (n,) of each plot: those of the mapping room."""
        return ground_blocks(self.rows, self.columns)


@dataclass(frozen=True)
class Linear:
    """Coefficients of a regression on the scale of its kind; ``factor`` takes a logarithm back."""

    kind: ModelKind
    coefficients: Floats
    factor: float = 1.0

    def predict(self, covariates: Floats) -> Floats:
        """Biomass [t/ha] (n,) of covariates (n, layers)."""
        value = _design(covariates, self.kind) @ self.coefficients
        return value if self.kind == "linear" else np.asarray(np.exp(value) * self.factor)


@dataclass(frozen=True)
class Forest:
    """A random forest laid out for walking; the mean of ``count`` trees."""

    trees: Trees
    count: int

    def predict(self, covariates: Floats) -> Floats:
        """Biomass [t/ha] (n,) of covariates (n, layers); NaN where one is not known."""
        unknown = np.asarray(np.isnan(covariates).any(axis=1))
        features = np.where(unknown[:, None], 0.0, covariates).astype(np.float32)
        mean = sums(features, self.trees)[:, 0] / self.count
        return np.where(unknown, np.nan, mean)


Fitted = Linear | Forest


def fit_plots(biomass_t_ha: Floats, covariates: Floats, settings: ModelSettings) -> Fitted:
    """Fit what the settings say to plots: (n,) and (n, layers).

    Raises
    ------
    MissingExtraError
        A forest, and scikit-learn is not installed.
    """
    if settings.kind == "forest":
        return _forest(biomass_t_ha, covariates, settings)
    design = _design(covariates, settings.kind)
    target = biomass_t_ha if settings.kind == "linear" else np.log(biomass_t_ha)
    coefficients = np.asarray(np.linalg.lstsq(design, target, rcond=None)[0], np.float64)
    if settings.kind == "linear":
        return Linear("linear", coefficients)
    residual = target - design @ coefficients
    return Linear(
        settings.kind, coefficients, _taken_back(residual, design.shape[1], settings.back)
    )


def _taken_back(residual: Floats, coefficients: int, back: BackTransformation) -> float:
    """The factor from the exponential of a mean logarithm to a mean; see the module."""
    if back == "duan":
        return float(np.exp(residual).mean())
    freedom = max(len(residual) - coefficients, 1)
    return float(np.exp((residual**2).sum() / freedom / 2))


def _design(covariates: Floats, kind: ModelKind) -> Floats:
    values = covariates
    if kind == "power":
        values = np.log(np.where(covariates > 0, covariates, np.nan))
    return np.column_stack([np.ones(len(values)), values])


def _forest(biomass_t_ha: Floats, covariates: Floats, settings: ModelSettings) -> Forest:
    # One thread: the order in which trees are grown must not depend on timing.
    with learning("threadpoolctl").threadpool_limits(limits=1, user_api="openmp"):
        estimator = learning("sklearn.ensemble").RandomForestRegressor(
            n_estimators=settings.trees,
            random_state=settings.seed,
            min_samples_leaf=LEAF_PLOTS_MIN,
            n_jobs=1,
        )
        estimator.fit(covariates.astype(np.float32), biomass_t_ha)
    trees = [_tree(fitted.tree_) for fitted in estimator.estimators_]
    return Forest(laid_out(trees, np.zeros(1)), settings.trees)


def _tree(fitted: Any) -> Tree:
    features = np.maximum(fitted.feature, 0)
    missing = np.zeros(len(features), bool)
    return Tree(
        fitted.children_left,
        fitted.children_right,
        features,
        fitted.threshold,
        missing,
        fitted.value[:, 0, :],
    )


@dataclass(frozen=True)
class Agreement:
    """How predictions met plots: R2 (1 - residual over total sum of squares; may be negative),
    RMSE and bias (predicted minus measured, mean) in t/ha.
    """

    how: str
    plots: int
    r2: float
    rmse_t_ha: float
    bias_t_ha: float


def agreement(how: str, predicted: Floats, measured: Floats) -> Agreement:
    """The agreement of predictions (n,) with plots (n,), in t/ha."""
    error = predicted - measured
    total = float(((measured - measured.mean()) ** 2).sum())
    r2 = 1 - float((error**2).sum()) / total if total > 0 else float("nan")
    return Agreement(how, len(measured), r2, float(np.sqrt((error**2).mean())), float(error.mean()))


@dataclass(frozen=True)
class PlotModel:
    """A model of plots with all that says how good it is.

    Attributes
    ----------
    fitted : to all plots
    replicates : fitted with one group of blocks left out, one for each group
    nominal, blocked : agreement with the plots it was fitted to, and with plots of ground that it
        had not seen; only the second says anything about a map
    out_of_fold_t_ha : (n,) predictions from ground left out
    residual_sd : of a plot about the model, in t/ha for ``linear`` and ``forest``; relative to the
        prediction for ``log`` and ``power``
    limits : (2, layers) the least and most of each covariate among the plots
    groups : how many parts of ground were left out in turn
    block_pixels : rows and columns of a block of ground
    """

    settings: ModelSettings
    names: tuple[str, ...]
    fitted: Fitted
    replicates: tuple[Fitted, ...]
    nominal: Agreement
    blocked: Agreement
    out_of_fold_t_ha: Floats
    residual_sd: float
    limits: Floats
    groups: int
    plots: int

    @property
    def relative(self) -> bool:
        """Whether the residual grows with the prediction."""
        return self.settings.kind in ("log", "power")


def model_of_plots(data: PlotData, settings: ModelSettings) -> PlotModel:
    """Fit a model, and judge it on blocks of ground left out in turn.

    The extent of the plots is cut into 6 x 6 blocks, the same as for class maps (Roberts et al.
    2017, doi:10.1111/ecog.02881); a forest leaves them out in five parts, a regression one by one.
    The residual is that of ground left out, so what a fit hides by fitting is counted.

    Raises
    ------
    ValueError
        All plots lie in one block.
    MissingExtraError
        A forest, and scikit-learn is not installed.
    """
    group = _groups(data.blocks, FOLDS if settings.kind == "forest" else len(data.blocks))
    count = int(group.max()) + 1
    if count < 2:
        raise ValueError("all plots lie in one block of ground")
    y, x = data.biomass_t_ha, data.covariates
    fitted = fit_plots(y, x, settings)
    replicates = tuple(fit_plots(y[group != g], x[group != g], settings) for g in range(count))
    left_out = np.zeros(len(y))
    for number, replicate in enumerate(replicates):
        left_out[group == number] = replicate.predict(x[group == number])
    relative = settings.kind in ("log", "power")
    error = (y - left_out) / np.maximum(left_out, 1e-9) if relative else y - left_out
    return PlotModel(
        settings=settings,
        names=data.names,
        fitted=fitted,
        replicates=replicates,
        nominal=agreement("the plots it was fitted to", fitted.predict(x), y),
        blocked=agreement("blocks of ground left out", left_out, y),
        out_of_fold_t_ha=left_out,
        residual_sd=float(np.sqrt((error**2).mean())),
        limits=np.stack([x.min(axis=0), x.max(axis=0)]),
        groups=count,
        plots=len(y),
    )


def _groups(blocks: Whole, most: int) -> Whole:
    """Blocks shared out among at most so many groups, the largest first, as even as can be."""
    found, inverse, sizes = np.unique(blocks, return_inverse=True, return_counts=True)
    order = np.argsort(-sizes, kind="stable")
    held = np.zeros(min(most, len(found)), np.int64)
    group_of = np.zeros(len(found), np.int64)
    for block in order:
        group_of[block] = int(held.argmin())
        held[group_of[block]] += sizes[block]
    return np.asarray(group_of[inverse])
