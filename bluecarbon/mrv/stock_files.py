"""The folder that stock maps are handed over in: rasters, tables, the model's card, a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bluecarbon.mrv.blocks import Runner
from bluecarbon.mrv.exports import replacing
from bluecarbon.mrv.height_relations import HeightRelation
from bluecarbon.mrv.model_assisted import AssistedTotal, stratified_difference
from bluecarbon.mrv.model_source import ModelSource, card_of
from bluecarbon.mrv.outputs import SIGNIFICANT_DIGITS
from bluecarbon.mrv.plot_models import PlotData, PlotModel
from bluecarbon.mrv.stock_maps import StockMaps, map_stocks
from bluecarbon.mrv.stock_pictures import carbon_map_png, shown_map
from bluecarbon.mrv.stock_plan import TOTAL, StockPlan
from bluecarbon.mrv.stock_request import Planned
from bluecarbon.mrv.stock_sources import HeightSource
from bluecarbon.mrv.stock_totals import AreaEstimate
from bluecarbon.project_stocks import Pool, Stocks
from bluecarbon.provenance import canonical_json
from bluecarbon.spec import Finding

Findings = tuple[Finding, ...]

POOL_WORDS: Mapping[Pool, str] = {
    "agb": "above ground",
    "bgb": "roots",
    "dead": "dead wood",
    "soil": "soil",
}

MODEL_BASED = (
    "model-based: the error is that of the model's coefficients and residuals; it holds as far as "
    "the model does, and plots that somebody chose cannot correct it"
)
MODEL_ASSISTED = (
    "model-assisted: plots of a probability sample correct the map by the mean of what it misses "
    "at them (generalised difference estimator); residuals are of ground left out of the model"
)


def write_stocks(
    planned: Planned,
    settings: Stocks,
    folder: Path,
    *,
    areas: Mapping[tuple[str, str], AreaEstimate] | None = None,
    runner: Runner | None = None,
) -> tuple[StockMaps | None, Findings]:
    """Write maps, ``tables/stocks.csv``, ``model_card.json`` and ``stocks.png`` into a folder.

    With a model also ``tables/cross_validation.csv`` and ``tables/plots.csv``, and for a
    probability sample ``tables/model_assisted.csv``. Returns the maps, None with an error.
    """
    (folder / "maps").mkdir(parents=True, exist_ok=True)
    (folder / "tables").mkdir(exist_ok=True)
    made, found = map_stocks(planned.plan, folder / "maps", areas=areas, runner=runner)
    if made is None:
        return None, found
    write_table(made.table, folder / "tables/stocks.csv")
    card = stock_card(planned, settings)
    if planned.model is not None and planned.plots is not None:
        model, plots = planned.model, planned.plots
        write_table(cross_validation_table(model), folder / "tables/cross_validation.csv")
        write_table(plot_table(model, plots), folder / "tables/plots.csv")
        assisted, more = assisted_totals(made, planned, settings)
        found += more
        card["estimator"] = MODEL_ASSISTED if assisted else MODEL_BASED
        if assisted:
            rows = pd.DataFrame([asdict(row) for row in assisted])
            write_table(rows, folder / "tables/model_assisted.csv")
    with replacing(folder / "model_card.json") as part:
        part.write_bytes(canonical_json(card) + b"\n")
    picture = carbon_map_png(shown_map(made.files[TOTAL]), _title(made.plan))
    (folder / "stocks.png").write_bytes(picture)
    return made, found


def _title(plan: StockPlan) -> str:
    return f"Carbon stock: {', '.join(POOL_WORDS[pool] for pool in plan.pools)}"


def write_table(table: pd.DataFrame, path: Path) -> None:
    """A table as CSV with twelve digits; the same bytes for the same numbers."""
    table.to_csv(path, index=False, float_format=SIGNIFICANT_DIGITS, lineterminator="\n")


def cross_validation_table(model: PlotModel) -> pd.DataFrame:
    """What the model says of its own plots, and of ground that it had not seen, side by side."""
    rows = [asdict(model.nominal), asdict(model.blocked)]
    return pd.DataFrame(rows).rename(columns={"how": "predicted"})


def plot_table(model: PlotModel, plots: PlotData) -> pd.DataFrame:
    """Every plot that was used: measured, predicted from ground left out, and its covariates."""
    columns: dict[str, Any] = {
        "plot_id": plots.ids,
        "stratum": plots.strata,
        "block": plots.blocks,
        "agb_t_ha": plots.biomass_t_ha,
        "out_of_fold_t_ha": model.out_of_fold_t_ha,
    }
    covariates = dict(zip(plots.names, plots.covariates.T, strict=True))
    return pd.DataFrame(columns | covariates)


def assisted_totals(
    made: StockMaps, planned: Planned, settings: Stocks
) -> tuple[tuple[AssistedTotal, ...], Findings]:
    """Above-ground totals corrected by plots, for a probability sample; nothing for other plots.

    Errors at the plots are of ground left out, in tC/ha. Ground without a density (a covariate
    outside the range of the plots) is in no total.
    """
    declared, model, plots = settings.model, planned.model, planned.plots
    if declared is None or model is None or plots is None:
        return (), ()
    if declared.design != "probability" or settings.carbon_fraction is None:
        message = "plots are not said to be a probability sample: the total is model-based only"
        fix = "if they were drawn with known chances, say so (design = probability)"
        return (), (Finding.info("stocks-model-based", "plots", message, fix=fix),)
    errors = (plots.biomass_t_ha - model.out_of_fold_t_ha) * settings.carbon_fraction.value
    names = planned.plan.counted.stratum_names
    rows = planned.plan.fields.index("agb")
    shape = (len(names), -1)
    stock = made.sums.stock_tc[rows].reshape(shape).sum(axis=1)
    area = made.sums.known_ha[rows].reshape(shape).sum(axis=1)
    return stratified_difference(
        dict(zip(names, stock.tolist(), strict=True)),
        dict(zip(names, area.tolist(), strict=True)),
        errors,
        plots.strata,
    )


def stock_card(planned: Planned, settings: Stocks) -> dict[str, Any]:
    """What the maps were made from, in plain values: for a reader, and for a verifier."""
    plan = planned.plan
    card: dict[str, Any] = {
        "settings": settings.described(),
        "pools": list(plan.pools),
        "unit": "tC/ha",
        "standard_errors": "shared by pixels: parameters of tables, relations, models and ratios; "
        "own to a pixel: residuals of a model",
        "residual_length_m": plan.residual_length_m,
        "estimator": "",
    }
    for source in plan.sources.values():
        if isinstance(source, HeightSource):
            card["height_relation"] = _relation_card(source.relation)
            card["relation_error"] = (
                f"relative {source.relative_error:g}, calibrated here"
                if source.relative_error is not None
                else "published error of single plots, taken as the same everywhere (upper bound)"
            )
        if isinstance(source, ModelSource) and planned.model is not None:
            card["model"] = card_of(planned.model)
            card["cross_validation"] = [
                _plain(asdict(planned.model.nominal)),
                _plain(asdict(planned.model.blocked)),
            ]
    return card


def _relation_card(relation: HeightRelation) -> dict[str, Any]:
    return relation.model_dump(mode="json")


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """JSON has no NaN."""
    return {k: None if isinstance(v, float) and not np.isfinite(v) else v for k, v in row.items()}
