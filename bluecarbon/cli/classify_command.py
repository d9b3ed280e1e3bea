"""``bluecarbon mrv classify``: class maps and probabilities from composites and labelled points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast, get_args

import typer

from bluecarbon.cli.command_options import Scale, grouped, runner_of
from bluecarbon.cli.scene_options import wrong
from bluecarbon.cli.table_output import echo_findings, print_table, refusals
from bluecarbon.errors import DataError
from bluecarbon.spec import Finding, errors_in

if TYPE_CHECKING:
    from bluecarbon.cli.classification import ClassifyRequest
    from bluecarbon.mrv.composite_maps import Image
    from bluecarbon.project import Covariate, Mapping

COMMAND = "bluecarbon mrv classify"
Findings = tuple[Finding, ...]


@dataclass(frozen=True)
class Learning:
    """From which labels a classifier is made and how; or which one is used again."""

    points: Annotated[
        Path | None,
        typer.Option("--points", help="Labels: lon, lat, epoch (year of an image), label."),
    ] = None
    model: Annotated[
        Path | None, typer.Option("--model", help="A model.npz of this command, instead of points.")
    ] = None
    method: Annotated[str, typer.Option("--method", help="random-forest or gradient-boosting.")] = (
        "random-forest"
    )
    trees: Annotated[int, typer.Option("--trees", min=1, max=2000)] = 80
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed, the same map.")] = 0
    index: Annotated[
        list[str] | None,
        typer.Option("--index", help="ndvi, mndwi, mvi, lswi unless given; repeatable."),
    ] = None


@dataclass(frozen=True)
class Pictures:
    """What the images are, where their files do not say it, and what else is known."""

    bands: Annotated[
        str, typer.Option("--bands", help="Names in the order of the file; else the file's own.")
    ] = ""
    number_scale: Annotated[
        float | None, typer.Option("--scale", help="reflectance = number x scale; else the file's.")
    ] = None
    covariate: Annotated[
        list[str] | None,
        typer.Option(
            "--covariate",
            help="name=FILE[#BAND], name=elevation:FILE or name=radar-power:FILE; repeatable.",
        ),
    ] = None


def add_classify_command(mrv_app: typer.Typer) -> None:
    """Put the command into the group ``bluecarbon mrv``."""
    mrv_app.command("classify")(grouped(classify))


def classify(
    images: Annotated[
        list[str],
        typer.Argument(metavar="IMAGE...", help="Composites (mrv composite): FILE or 2024=FILE."),
    ],
    *,
    out: Annotated[Path, typer.Option("--out", help="Folder for maps and tables; replaced.")],
    probabilities: Annotated[
        bool, typer.Option("--probabilities/--no-probabilities", help="A band for each class.")
    ] = True,
    learning: Learning,
    pictures: Pictures,
    scale: Scale,
) -> None:
    """Class maps of composites: random forest or gradient boosting, judged on unseen ground.

    Writes maps/classes_YEAR.tif, maps/probability_YEAR.tif, tables/areas.csv, and with --points
    model.npz (with the digest of its training data) and tables/cross_validation.csv, where whole
    blocks of ground are left out in turn, never random pixels. Prints that table, or the areas.
    """
    from bluecarbon.cli.classification import make_classification
    from bluecarbon.cli.output_folder import replaced_folder

    with refusals():
        asked, found = _asked(images, pictures, learning, probabilities=probabilities)
        output = replaced_folder(out, asked.read[0], command=COMMAND, inputs=asked.read)
        with output as folder, runner_of(scale) as runner:
            table, found = make_classification(asked, folder, COMMAND, runner=runner, found=found)
    echo_findings(found)
    print_table(table, f"Classification 分类 -> {out}")


def _asked(
    images: Sequence[str], pictures: Pictures, learning: Learning, *, probabilities: bool
) -> tuple[ClassifyRequest, Findings]:
    from bluecarbon.cli.classification import ClassifyRequest
    from bluecarbon.mrv.classify_blocks import TileTask
    from bluecarbon.mrv.map_arguments import files_of

    if (learning.points is None) == (learning.model is None):
        raise wrong("--points", "give labelled points, or a --model", "one of the two, not both")
    given, found = _images(images, pictures)
    covariates = _covariates(pictures.covariate or ())
    file = learning.model or Path()
    tasks = tuple(
        (
            image,
            TileTask(
                image.path,
                image.bands,
                file,
                scale=image.scale,
                covariates=covariates,
                seed=learning.seed,
            ),
        )
        for image in given
    )
    read = [part for image in given for part in files_of(image.path)]
    read += [*(path for _, path in covariates), *filter(None, (learning.points, learning.model))]
    settings = _mapping(learning)
    recorded: dict[str, object] = {"bands": pictures.bands, "scale": pictures.number_scale or ""}
    recorded["covariates"] = " ".join(pictures.covariate or ())
    recorded["covariate_resampling"] = " ".join(f"{c.name}={c.resampling}" for c, _ in covariates)
    if learning.points is not None:
        recorded |= {"method": learning.method, "trees": learning.trees, "seed": learning.seed}
        recorded["indices"] = ",".join(settings.indices)
    asked = ClassifyRequest(
        tasks,
        learning.points,
        file,
        settings,
        probabilities=probabilities,
        read=tuple(read),
        recorded=recorded,
    )
    return asked, found


def _mapping(learning: Learning) -> Mapping:
    from bluecarbon.project import Mapping

    methods = get_args(Mapping.model_fields["method"].annotation)[:2]
    if learning.method not in methods:
        fix = f"use {', '.join(methods)}"
        raise wrong("--method", f"'{learning.method}' is not known", fix)
    chosen: dict[str, Any] = {"indices": tuple(learning.index)} if learning.index else {}
    return Mapping(
        method=cast("Any", learning.method), trees=learning.trees, seed=learning.seed, **chosen
    )


def _images(arguments: Sequence[str], pictures: Pictures) -> tuple[tuple[Image, ...], Findings]:
    from bluecarbon.mrv.composite_maps import read_image
    from bluecarbon.mrv.map_arguments import dated_maps

    items, found = dated_maps(arguments)
    bands = [part.strip() for part in pictures.bands.split(",") if part.strip()]
    images = []
    for item in items:
        image, problems = read_image(item.year, item.path, bands=bands, scale=pictures.number_scale)
        found += problems
        images += [image] if image is not None else []
    years = [image.year for image in images]
    for year in sorted({y for y in years if years.count(y) > 1}):
        message, fix = f"two images are of {year}", "give one image a year"
        found += (Finding.error("image-year-twice", "images", message, fix=fix),)
    for image in images[1:]:
        if image.bands != images[0].bands:
            message = f"has the bands {', '.join(image.bands)}, not those of the first image"
            fix = "give images of the same bands in the same order"
            found += (Finding.error("image-bands-differ", image.path.name, message, fix=fix),)
    if errors_in(found):
        raise DataError(found)
    return tuple(images), found


def _covariates(entries: Sequence[str]) -> tuple[tuple[Covariate, Path], ...]:
    from bluecarbon.mrv.classify_blocks import BY_BLOCK
    from bluecarbon.mrv.map_arguments import undated_map
    from bluecarbon.project import Covariate

    made = []
    for entry in entries:
        name, _, rest = entry.partition("=")
        kind, colon, path = rest.partition(":")
        kind, path = (kind, path) if colon and kind in BY_BLOCK else ("number", rest)
        file = undated_map(path)
        try:
            declared = Covariate(
                name=name, path=str(file.path), band=file.band or 1, kind=cast("Any", kind)
            )
            made.append((declared, file.path))
        except ValueError as error:
            fix = "write name=FILE with a name of small letters, as in dem=elevation:dem.tif"
            raise wrong("--covariate", f"'{entry}' is no name and file", fix) from error
    return tuple(made)
