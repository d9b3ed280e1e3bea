"""What was measured, as sections of a document: maps, areas and stocks with their errors."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pandas as pd

from bluecarbon.mrv import map_charts, report_charts, stock_charts
from bluecarbon.mrv.chart_style import chart_words
from bluecarbon.mrv.document_blocks import Block, Column, Figure, LegendEntry, Table, Text, table
from bluecarbon.mrv.document_numbers import interval, number, percent, rows_of
from bluecarbon.mrv.document_words import Words, listed
from bluecarbon.mrv.evidence import Evidence

MAPS_MAX = 6
"""More maps would make a book: the years of the claim, first and last are drawn."""

STOCK_MAPS_MAX = 4
"""The last years; the folder stock_maps has all of them."""

Blocks = Iterator[Block]
Rows = list[tuple[str, ...]]


def maps(evidence: Evidence, words: Words) -> Blocks:
    """Composites, a class map for each year, and the change between the years of the claim."""
    shown = _shown_epochs(evidence)
    yield Text(words.say("maps_about", crs=_crs_name(evidence)))
    if len(shown) < len(evidence.epochs):
        yield Text(words.say("maps_left_out", shown=len(shown), all=len(evidence.epochs)), "note")
    composites = map_charts.composites_svg(evidence, shown)
    if composites is not None:
        caption = words.say("composites_caption")
        alt = words.say("composites_alt", years=", ".join(map(str, shown)))
        yield Figure("composites", composites, alt, caption)
    for epoch in shown:
        svg = map_charts.class_map_svg(evidence, epoch)
        caption = words.say("class_map_caption", year=epoch)
        legend = _legend(map_charts.class_legend(evidence, epoch), words)
        alt = _class_map_alt(evidence, epoch, words)
        yield Figure(f"classes-{epoch}", svg, alt, caption, legend)
    for pair in _shown_changes(evidence, shown):
        svg = map_charts.change_map_svg(evidence, *pair)
        caption = words.say("change_map_caption", start=pair[0], end=pair[1])
        legend = _legend(map_charts.change_legend(evidence, *pair), words)
        name = f"change-{pair[0]}-{pair[1]}"
        yield Figure(name, svg, _change_alt(evidence, pair, words), caption, legend)


def _legend(swatches: tuple[map_charts.Swatch, ...], words: Words) -> tuple[LegendEntry, ...]:
    return tuple(
        LegendEntry(
            f"{swatch.kind}-{swatch.name}", swatch.svg, words.name(swatch.kind, swatch.name)
        )
        for swatch in swatches
    )


def _shown_epochs(evidence: Evidence) -> tuple[int, ...]:
    epochs = evidence.epochs
    if len(epochs) <= MAPS_MAX:
        return epochs
    wanted = {epochs[0], epochs[-1], *(evidence.claimed_change or ())}
    spare = [e for e in epochs if e not in wanted]
    step = max(1, len(spare) // (MAPS_MAX - len(wanted)))
    return tuple(sorted(wanted | set(spare[::step][: MAPS_MAX - len(wanted)])))


def _shown_changes(evidence: Evidence, shown: tuple[int, ...]) -> list[tuple[int, int]]:
    """From each drawn year to the next, and that of the claim where it is none of these."""
    pairs = list(itertools.pairwise(shown))
    claimed = evidence.claimed_change
    return pairs if claimed is None or claimed in pairs else [*pairs, claimed]


def _crs_name(evidence: Evidence) -> str:
    crs = next(iter(evidence.maps.values())).crs
    code = crs.to_epsg()
    name = crs.to_wkt().split('"')[1]
    return f"{name}, EPSG:{code}" if code else name


def _class_map_alt(evidence: Evidence, epoch: int, words: Words) -> str:
    areas = evidence.table("mapped_areas")
    rows = areas[(areas["stratum"] == "") & (areas["epoch"] == epoch)]
    parts = [
        f"{words.name('class', row[0])} {number(row[1])} ha"
        for row in rows[["class", "area_ha"]].to_numpy()
    ]
    return words.say("class_map_alt", year=epoch, areas=", ".join(parts))


def _change_alt(evidence: Evidence, pair: tuple[int, int], words: Words) -> str:
    changes = evidence.table("change_estimates")
    rows = changes[
        (changes["stratum"] == "")
        & (changes["from_epoch"] == pair[0])
        & (changes["to_epoch"] == pair[1])
    ]
    mapped = dict(zip(rows["kind"], rows["mapped_ha"], strict=True))
    return words.say(
        "change_map_alt",
        start=pair[0],
        end=pair[1],
        gain=number(mapped.get("gain")),
        loss=number(mapped.get("loss")),
    )


def areas(evidence: Evidence, words: Words) -> Blocks:
    """Mangrove area by stratum and year with intervals, accuracy, change and what was seen."""
    estimates = evidence.table("area_estimates")
    strata = evidence.report.monitoring.strata
    if estimates.empty:
        return
    labels = chart_words(words.language)
    ids = dict.fromkeys((*(s.id for s in strata), *estimates["stratum"]))
    svg = report_charts.areas_svg(estimates, {i: labels.stratum(i, strata) for i in ids}, labels)
    confidence = percent(estimates["confidence"].max(), 0)
    band = "areas_caption" if estimates["ci_low_ha"].notna().any() else "areas_caption_mapped"
    caption = words.say(band, confidence=confidence)
    whole = estimates[estimates["stratum"] == ""]
    alt = "; ".join(f"{row.epoch}: {number(row.area_ha)} ha" for row in rows_of(whole))
    yield Figure("areas", svg, words.say("areas_alt", areas=alt), caption)
    yield _estimates_table(estimates, evidence, words)
    if estimates["sample_size"].any():
        yield Text(words.say("areas_note"), "note")
    yield from _accuracy(evidence, words)
    yield from _changes(evidence, words)
    yield from _observed(evidence, words)


def _estimates_table(estimates: pd.DataFrame, evidence: Evidence, words: Words) -> Table:
    strata = evidence.report.monitoring.strata
    columns = (
        Column(words.say("stratum"), "left", 1),
        Column(words.say("year"), "right"),
        Column(words.say("mapped_ha"), "right"),
        Column(words.say("estimate_ha"), "right"),
        Column(words.say("standard_error_ha"), "right"),
        Column(words.say("interval_ha"), "right"),
        Column("n", "right"),
        Column(words.say("estimator"), "left", 1),
    )
    rows = [
        (
            words.stratum(row.stratum, strata),
            str(row.epoch),
            number(row.mapped_ha),
            number(row.area_ha),
            number(row.standard_error_ha),
            interval(row.ci_low_ha, row.ci_high_ha),
            number(row.sample_size, 0),
            words.name("estimator", row.estimator),
        )
        for row in rows_of(estimates)
    ]
    whole = tuple(i for i, name in enumerate(estimates["stratum"]) if name == "")
    return Table(columns, tuple(rows), whole)


def _accuracy(evidence: Evidence, words: Words) -> Blocks:
    accuracy, validation = evidence.table("map_accuracy"), evidence.table("map_validation")
    if len(accuracy):
        headings = ("year", "overall_accuracy", "users_accuracy", "producers_accuracy")
        columns = [Column(words.say(name), "right", float(name != "year")) for name in headings]
        rows = [_accuracy_row(row) for row in accuracy.to_dict("records")]
        yield table([*columns, Column("n", "right")], rows)
        yield Text(words.say("accuracy_note"), "note")
    if len(validation):
        names = ("year", "iou", "precision", "recall", "pixels_compared")
        scores = [
            (
                str(row.epoch),
                *(number(score, 4) for score in (row.iou, row.precision, row.recall)),
                number(row.pixels, 0),
            )
            for row in rows_of(validation)
        ]
        yield table([Column(words.say(name), "right", 1) for name in names], scores)


def _accuracy_row(row: dict[Any, Any]) -> tuple[str, ...]:
    shares = (
        f"{percent(row[name])} ± {percent(row[f'{name}_standard_error'])}"
        for name in ("overall", "users_mangrove", "producers_mangrove")
    )
    return (str(row["epoch"]), *shares, number(row["n"], 0))


def _changes(evidence: Evidence, words: Words) -> Blocks:
    changes, strata = evidence.table("change_estimates"), evidence.report.monitoring.strata
    if changes.empty:
        return
    with_intervals = bool(changes["ci_low_ha"].notna().any())
    columns = (
        Column(words.say("period"), "right"),
        Column(words.say("stratum"), "left", 1),
        *(Column(words.say(name), "right") for name in ("gain_ha", "loss_ha", "net_ha")),
        *((Column(words.say("net_interval_ha"), "right"),) if with_intervals else ()),
    )
    rows: Rows = []
    keys = ["from_epoch", "to_epoch", "stratum"]
    for _, group in changes.groupby(keys, sort=False):
        first, by_kind = group.iloc[0], group.set_index("kind")
        net = by_kind.loc["net"]
        rows.append(
            (
                f"{first['from_epoch']}–{first['to_epoch']}",
                words.stratum(first["stratum"], strata),
                *(number(by_kind.loc[kind, "area_ha"]) for kind in ("gain", "loss", "net")),
                *((interval(net["ci_low_ha"], net["ci_high_ha"]),) if with_intervals else ()),
            )
        )
    yield Text(words.say("change_heading"), "heading")
    yield table(columns, rows)
    mapped = changes[changes["sample_size"] == 0]
    yield Text(words.say("change_note" if mapped.empty else "change_note_mapped"), "note")
    differences = listed("change_note_pair", _net_of_both(mapped, evidence.table("area_estimates")))
    if differences.en:
        yield Text(words.say("change_note_estimates", differences=differences), "note")


def _net_of_both(mapped: pd.DataFrame, estimates: pd.DataFrame) -> list[dict[str, object]]:
    """Net change of the whole boundary on the maps and between the estimates, side by side.

    Nothing where no reference sample corrects the maps: there the two are the same.
    """
    whole = estimates[(estimates["stratum"] == "") & (estimates["sample_size"] > 0)]
    of = dict(zip(whole["epoch"], whole["area_ha"], strict=True))
    net = mapped[(mapped["stratum"] == "") & (mapped["kind"] == "net")]
    return [
        {
            "start": row.from_epoch,
            "end": row.to_epoch,
            "mapped": number(row.area_ha),
            "estimated": number(of[row.to_epoch] - of[row.from_epoch]),
        }
        for row in rows_of(net)
        if {row.from_epoch, row.to_epoch} <= of.keys()
    ]


def _observed(evidence: Evidence, words: Words) -> Blocks:
    reasons = evidence.table("masked_areas")
    if reasons.empty:
        return
    rows = reasons[reasons["scene"] == ""]
    yield Text(words.say("observed_heading"), "heading")
    columns = (
        Column(words.say("year"), "right"),
        Column(words.say("pixel_state")),
        Column(words.say("area_ha"), "right"),
        Column(words.say("share"), "right"),
    )
    yield table(
        columns,
        [
            (
                str(row.epoch),
                words.name("reason", row.reason),
                number(row.area_ha),
                percent(row.share),
            )
            for row in rows_of(rows)
        ],
    )


def stocks(evidence: Evidence, words: Words) -> Blocks:
    """Carbon by pool with standard errors, and the dry matter behind that of trees."""
    trees, soil = evidence.table("tree_carbon"), evidence.table("soil")
    if trees.empty and soil.empty:
        return
    declared = evidence.report.declared.soil
    depth_cm = declared.reference_depth_cm if declared else 0.0
    svg = report_charts.pools_svg(trees, soil, chart_words(words.language), depth_cm)
    yield Figure("pools", svg, words.say("pools_alt"), words.say("pools_caption"))
    if len(trees):
        yield _trees_table(trees, evidence, words)
        yield Text(words.say("trees_note"), "note")
    if len(soil):
        yield _soil_table(soil, evidence, words, depth_cm)
        yield Text(words.say("soil_note"), "note")
    totals = evidence.table("stocks")
    if len(totals):
        yield Text(words.say("stocks_heading"), "heading")
        yield _stocks_table(totals, evidence, words)
        yield Text(words.say("stocks_note"), "note")
        yield from _unknown_stocks(totals, words)
    yield from _stock_maps(evidence, words)


def _trees_table(trees: pd.DataFrame, evidence: Evidence, words: Words) -> Table:
    columns = (
        Column(words.say("stratum"), "left", 1),
        Column(words.say("year"), "right"),
        Column(words.say("pool")),
        Column(words.say("plots"), "right"),
        Column(words.say("dry_matter_t_ha"), "right"),
        Column(words.say("plus_minus"), "right"),
        Column(words.say("carbon_tc_ha"), "right"),
        Column(words.say("plus_minus"), "right"),
    )
    strata = evidence.report.monitoring.strata
    rows = [
        (
            words.stratum(row.stratum, strata),
            str(row.epoch),
            words.name("pool", row.pool),
            number(row.n_plots, 0),
            number(row.mean_biomass_t_ha),
            number(row.standard_error_biomass_t_ha),
            number(row.mean_carbon_tc_ha),
            number(row.standard_error_carbon_tc_ha),
        )
        for row in rows_of(trees)
    ]
    sums = tuple(place for place, pool in enumerate(trees["pool"]) if pool == "all")
    return Table(columns, tuple(rows), sums)


def _soil_table(soil: pd.DataFrame, evidence: Evidence, words: Words, depth_cm: float) -> Table:
    columns = (
        Column(words.say("stratum")),
        Column("n", "right"),
        Column(words.say("samples")),
        Column(words.say("soil_stock", depth=f"{depth_cm:g}"), "right"),
        Column(words.say("plus_minus"), "right"),
    )
    strata = evidence.report.monitoring.strata
    rows = [
        (
            words.stratum(row["stratum"], strata),
            number(row.get("n"), 0),
            words.name("samples", str(row.get("of", ""))),
            number(row["mean_tc_ha"]),
            number(row["standard_error_tc_ha"]),
        )
        for row in soil.to_dict("records")
    ]
    return table(columns, rows)


def _stocks_table(stocks: pd.DataFrame, evidence: Evidence, words: Words) -> Table:
    """Area times density, a row for each year and stratum, a column for each pool [tC]."""
    pools = [pool for pool in dict.fromkeys(stocks["pool"]) if pool != "total"]
    columns = (
        Column(words.say("year"), "right"),
        Column(words.say("stratum"), "left", 1),
        Column(words.say("area_ha"), "right"),
        Column(words.say("unknown_ha"), "right"),
        *(Column(words.name("pool", pool), "right") for pool in pools),
        Column(words.say("in_all"), "right"),
        Column(words.say("plus_minus"), "right"),
    )
    strata = evidence.report.monitoring.strata
    rows: Rows = []
    wholes: list[int] = []
    for (year, stratum, _), group in stocks.groupby(["epoch", "stratum", "class"], sort=False):
        of = group.set_index("pool")["stock_tc"]
        whole = group[group["pool"] == "total"]
        if stratum == "":
            wholes.append(len(rows))
        rows.append(
            (
                str(year),
                words.stratum(str(stratum), strata),
                number(group["area_ha"].iloc[0]),
                number(group["unknown_ha"].max()),
                *(number(of.get(pool), 0) for pool in pools),
                number(of.get("total"), 0),
                number(whole["standard_error_tc"].max(), 0),
            )
        )
    return Table(columns, tuple(rows), tuple(wholes))


def _unknown_stocks(stocks: pd.DataFrame, words: Words) -> Blocks:
    """How much ground no sum holds, where the stock of some pool is not known there."""
    whole = stocks[stocks["stratum"] == ""].groupby("epoch")[["unknown_ha", "area_ha"]].max()
    parts = [
        {"year": row.Index, "unknown": number(row.unknown_ha), "area": number(row.area_ha)}
        for row in rows_of(whole[whole["unknown_ha"] > 0])
    ]
    if parts:
        said = listed("stocks_unknown_part", parts)
        yield Text(words.say("stocks_unknown", parts=said), "warning")


def _stock_maps(evidence: Evidence, words: Words) -> Blocks:
    years = tuple(evidence.stock_maps)[-STOCK_MAPS_MAX:]
    if not years:
        return
    totals = evidence.table("stocks")
    yield Text(words.say("stock_maps_heading"), "heading")
    yield Text(words.say("stock_maps_about"))
    for year in years:
        svg = stock_charts.stock_map_svg(evidence, year)
        alt = words.say("stock_map_alt", year=year, mean=_mean_stock(totals, year))
        caption = words.say("stock_map_caption", year=year)
        yield Figure(
            f"stocks-{year}", svg, alt, caption, _legend(stock_charts.stock_legend(), words)
        )


def _mean_stock(totals: pd.DataFrame, year: int) -> str:
    """Carbon of all pools per hectare in the whole boundary, as the table says it."""
    if totals.empty:
        return number(None)
    whole = totals[(totals["stratum"] == "") & (totals["pool"] == "total")]
    found = whole.loc[whole["epoch"] == year, "mean_tc_ha"]
    return number(found.iloc[0] if len(found) else None)
