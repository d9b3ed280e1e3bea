"""Options of commands that take scenes: which bands, which product, which mask, which search."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from bluecarbon.errors import DataError
from bluecarbon.spec import Finding

if TYPE_CHECKING:
    from bluecarbon.mrv.scene_arguments import Declared, SceneSet, Search

SCENES_HELP = (
    "A raster (2024-10-24=FILE where its name holds no date), a STAC item or catalogue (.json), "
    "or the address of a STAC API."
)
Scenes = Annotated[list[str], typer.Argument(metavar="SCENE...", help=SCENES_HELP)]


@dataclass(frozen=True)
class Product:
    """What the numbers of the scenes are."""

    bands: Annotated[
        str,
        typer.Option("--bands", help="Names in the order of the file; else the file's own names."),
    ] = ""
    sensor: Annotated[
        str, typer.Option("--sensor", help="reflectance, sentinel2-l2a or landsat-c2-l2.")
    ] = "reflectance"
    scale: Annotated[
        float | None, typer.Option("--scale", help="reflectance = number x scale + offset.")
    ] = None
    offset: Annotated[float, typer.Option("--offset", help="See --scale.")] = 0.0
    baseline: Annotated[
        str,
        typer.Option("--baseline", help="Sentinel-2 processing baseline, as 05.09; harmonised."),
    ] = ""
    mask_band: Annotated[
        str, typer.Option("--mask-band", help="Quality band; else scl or qa_pixel if there is one.")
    ] = ""
    mask_legend: Annotated[
        str,
        typer.Option(
            "--mask-legend",
            help="sentinel-2-scl, landsat-c2-qa-pixel, landsat-c1-bqa, landsat-pre-collection-bqa.",
        ),
    ] = ""
    no_water: Annotated[
        bool, typer.Option("--leave-out-water", help="Water of the mask is not used, and counted.")
    ] = False
    align: Annotated[
        str,
        typer.Option("--align", help="Other grids: refuse, bilinear, average or nearest."),
    ] = "refuse"


@dataclass(frozen=True)
class Place:
    """What a STAC API is asked for."""

    bbox: Annotated[
        str, typer.Option("--bbox", help="STAC API: left,bottom,right,top in degrees.")
    ] = ""
    dates: Annotated[str, typer.Option("--dates", help="STAC API: 2024-01-01/2024-12-31.")] = ""
    collection: Annotated[
        list[str] | None, typer.Option("--collection", help="STAC API: collection; repeatable.")
    ] = None


def opened_scenes(
    scenes: list[str], product: Product, place: Place, pinned: Path, *, dated: bool = True
) -> tuple[SceneSet, tuple[Finding, ...]]:
    """The scenes of a command; DataError with every defect that keeps them from being read."""
    from bluecarbon.mrv.scene_arguments import scene_set

    declared, search = _declared(product), _search(place)
    made, found = scene_set(scenes, declared, search=search, pinned=pinned, dated=dated)
    if made is None:
        raise DataError(found)
    return made, found


def _declared(product: Product) -> Declared:
    from bluecarbon.mrv.alignment import RULES
    from bluecarbon.mrv.scene_arguments import Declared

    if product.align not in {"refuse", *RULES["reflectance"]}:
        rules = ", ".join(RULES["reflectance"])
        raise wrong("--align", f"'{product.align}' is no rule for scenes", f"use refuse, {rules}")
    settings: dict[str, Any] = {"sensor": product.sensor}
    settings |= {"scale": product.scale} if product.scale is not None else {}
    settings |= {"offset": product.offset} if product.offset else {}
    settings |= {"mask_band": product.mask_band} if product.mask_band else {}
    settings |= {"mask_legend": product.mask_legend} if product.mask_legend else {}
    settings |= {"leave_out_water": True} if product.no_water else {}
    bands = tuple(part.strip() for part in product.bands.split(",") if part.strip())
    rule = None if product.align == "refuse" else cast("Any", product.align)
    return Declared(bands, settings, product.baseline, rule)


def _search(place: Place) -> Search:
    from bluecarbon.mrv.scene_arguments import Search

    try:
        bounds = tuple(float(part) for part in place.bbox.split(",")) if place.bbox else None
    except ValueError as error:
        raise wrong("--bbox", f"'{place.bbox}' holds no numbers", "write 109.7,21.4,109.8,21.6") \
            from error  # fmt: skip
    if bounds is not None and len(bounds) != 4:
        raise wrong("--bbox", f"{len(bounds)} numbers are given", "write left,bottom,right,top")
    return Search(cast("Any", bounds), place.dates, tuple(place.collection or ()))


def wrong(option: str, message: str, fix: str) -> DataError:
    """The refusal of an option."""
    return DataError([Finding.error("setting-wrong", option, message, fix=fix)])
