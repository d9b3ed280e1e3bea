"""Scenes as a user names them: files, STAC items and catalogues, or the address of a STAC API.

What a project declares in ``[imagery]`` is given by options here; what a file says of itself (the
names of its bands, its scale) is taken from the file.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError
from rasterio.errors import RasterioError

from bluecarbon.mrv.item_scale import Scaling, item_scaling, scale_contradictions
from bluecarbon.mrv.map_arguments import files_of
from bluecarbon.mrv.rasters import Bounds, Grid, opened, unreadable
from bluecarbon.mrv.regrid import Rule, alignment_finding, antimeridian_findings
from bluecarbon.mrv.scene_files import band_files, is_item
from bluecarbon.mrv.scene_frames import no_ground_findings
from bluecarbon.mrv.scenes import (
    KNOWN_BANDS,
    RADAR_BANDS,
    check_bands,
    radar_finding,
    scene_baseline_finding,
    scene_grid,
)
from bluecarbon.project import Imagery, Scene
from bluecarbon.spec import Finding, errors_in
from bluecarbon.stac_files import COMMON_NAMES, items_of, places_of, read_json, without_name

DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)-?(0[1-9]|1[0-2])-?(0[1-9]|[12]\d|3[01])(?!\d)")
YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)(?!\d)")

UNDATED = dt.date(1970, 1, 1)
"""The date of a scene whose date does not matter."""

QUALITY = {"scl": "sentinel-2-scl", "qa_pixel": "landsat-c2-qa-pixel"}
"""Quality bands by name, and the legend that their numbers have."""

NEAR_INFRARED = {"nir", "nir08"}
"""Names of one part of the spectrum, wide and narrow: who mixes them up takes the right band."""

Findings = tuple[Finding, ...]


@dataclass(frozen=True)
class Declared:
    """What a user says of scenes; empty where the files say it.

    Attributes
    ----------
    bands : names in the order of the file
    settings : further fields of :class:`bluecarbon.project.Imagery` (sensor, scale, mask_band ...)
    baseline : processing baseline of Sentinel-2 scenes that do not carry it themselves
    rule : how scenes of other grids are brought to that of the first
    """

    bands: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    baseline: str = ""
    rule: Rule | None = None


@dataclass(frozen=True)
class Search:
    """Where and when a STAC catalogue is asked for: degrees, "2020-01-01/2020-12-31", names."""

    bounds: Bounds | None = None
    dates: str = ""
    collections: tuple[str, ...] = ()


@dataclass(frozen=True)
class SceneSet:
    """Scenes that can be read together block by block; small and picklable.

    Attributes
    ----------
    scenes : file and declaration, in the order of dates and names
    grid : that of the first scene as it was named
    tile : rows and columns of the file's own blocks
    frames : the grid of each scene itself; beyond it the scene says nothing
    """

    imagery: Imagery
    scenes: tuple[tuple[Path, Scene], ...]
    grid: Grid
    rule: Rule | None
    tile: tuple[int, int]
    frames: Mapping[Path, Grid] = field(default_factory=dict)

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file on disk that the scenes are read from, items and mosaics with their parts."""
        found: list[Path] = []
        for path, _ in self.scenes:
            parts = band_files(path, self.imagery)[0] if is_item(path) else ()
            found += [path] if is_item(path) else files_of(path)
            found += [part.path for part in parts]
        return tuple(path for path in dict.fromkeys(found) if path.is_file())


def scene_set(
    arguments: Sequence[str],
    declared: Declared,
    *,
    search: Search | None = None,
    pinned: Path | None = None,
    dated: bool = True,
) -> tuple[SceneSet | None, Findings]:
    """The scenes of ``[DATE=]FILE``, a STAC item or catalogue (.json), or a STAC API (``http...``).

    Parameters
    ----------
    search : place, time and collections asked of a STAC API
    pinned : folder for the items that an API answers with
    dated : whether a scene without a date is refused

    Returns
    -------
    None when a finding is an error: those of :func:`.scenes.scene_grid` and
    :func:`.stac.find_items`, ``scene-date-missing``, ``scene-bands-unnamed``,
    ``scene-scale-missing``, ``scene-setting-wrong``, ``scene-listed-twice``, ``grid-differs``.

    Raises
    ------
    MissingExtraError
        A STAC API is asked for and pystac-client is not installed.
    """
    scenes, found = _listed(arguments, declared, search or Search(), pinned, dated=dated)
    found += (*_twice(scenes), *_unreadable(scenes))
    if errors_in(found) or not scenes:
        return None, found
    imagery, problems = _imagery(scenes[0][0], scenes, declared)
    found += problems
    if imagery is None or errors_in(found):
        return None, found
    grids, problems = _grids(scenes, imagery, declared.rule)
    frames = {path: grid for (path, _), grid in zip(scenes, grids, strict=False)}
    found += problems
    if errors_in(found):
        return None, found
    first = scenes[0][0]
    file = band_files(first, imagery)[0][0].path if is_item(first) else first
    with opened(file) as dataset:
        tile = dataset.block_shapes[0]
    in_order = tuple(sorted(scenes, key=lambda scene: (scene[1].date, str(scene[0]))))
    return SceneSet(imagery, in_order, grids[0], declared.rule, tile, frames), found


def _listed(
    arguments: Sequence[str],
    declared: Declared,
    search: Search,
    pinned: Path | None,
    *,
    dated: bool,
) -> tuple[list[tuple[Path, Scene]], Findings]:
    scenes: list[tuple[Path, Scene]] = []
    found: Findings = ()
    for argument in arguments:
        if re.match(r"https?://", argument):
            more, problems = _of_api(argument, search, pinned, declared)
        elif argument.lower().endswith(".json"):
            more, problems = _of_catalogue(Path(argument), declared)
        else:
            more, problems = _of_file(argument, declared, dated=dated)
        scenes += more
        found += problems
    return scenes, found


def _of_file(
    argument: str, declared: Declared, *, dated: bool
) -> tuple[list[tuple[Path, Scene]], Findings]:
    given = re.fullmatch(r"(\d{4}-\d{2}-\d{2})=(.+)", argument)
    path = Path(given[2] if given else argument)
    date = date_of(given[1] if given else path.stem)
    if date is None and dated:
        message = f"the file's name holds no date{' of the calendar' if given else ''}"
        fix = f"say when it was taken, as in 2024-10-24={path.name}"
        return [], (Finding.error("scene-date-missing", path.name, message, fix=fix),)
    when = date or UNDATED
    scene = Scene(path=str(path), date=when, processing_baseline=declared.baseline)
    return [(path, scene)], ()


def date_of(text: str) -> dt.date | None:
    """The only date in a text (2024-10-24 or 20241024); None without or with several."""
    dates = set()
    for year, month, day in DATE.findall(text):
        try:
            dates.add(dt.date(int(year), int(month), int(day)))
        except ValueError:
            return None
    return dates.pop() if len(dates) == 1 else None


def date_of_map(text: str) -> dt.date | None:
    """The only date in a text, or the last day of the only year; None without or with several."""
    if DATE.search(text):
        return date_of(text)
    years = set(YEAR.findall(text))
    return dt.date(int(years.pop()), 12, 31) if len(years) == 1 else None


def _of_catalogue(path: Path, declared: Declared) -> tuple[list[tuple[Path, Scene]], Findings]:
    try:
        items = items_of(path, str(path))
    except ValueError as error:
        message = without_name(error, path)
        fix = "give a STAC catalogue, collection or item on disk"
        return [], (Finding.error("stac-unreadable", path.name, message, fix=fix),)
    if not items:
        fix = "check the links of the catalogue"
        return [], (Finding.error("stac-empty", path.name, "has no items", fix=fix),)
    baseline = declared.baseline
    return [
        (
            Path(item.path),
            Scene(
                path=item.path,
                date=item.date,
                processing_baseline=item.processing_baseline or baseline,
            ),
        )
        for item in items
    ], ()


def _of_api(
    address: str, search: Search, pinned: Path | None, declared: Declared
) -> tuple[list[tuple[Path, Scene]], Findings]:
    """Items of an API, pinned to disk first: what a claim rests on must not change tomorrow."""
    from bluecarbon.mrv.stac import find_items, save_items

    if pinned is None or (search.bounds is None and not search.dates):
        fix = "give --bbox and --dates"
        message = "a whole catalogue was asked for"
        return [], (Finding.error("stac-search-missing", address, message, fix=fix),)
    items, found = find_items(
        address, bounds=search.bounds, dates=search.dates, collections=search.collections
    )
    if errors_in(found):
        return [], found
    catalogue, *_ = save_items(items, pinned)
    scenes, problems = _of_catalogue(catalogue, declared)
    return scenes, (*found, *problems)


def _twice(scenes: Sequence[tuple[Path, Scene]]) -> Findings:
    seen: set[Path] = set()
    found = []
    for path, _ in scenes:
        if path.resolve() in seen:
            message, fix = "is listed twice", "list each scene once: twice it counts twice"
            found.append(Finding.error("scene-listed-twice", path.name, message, fix=fix))
        seen.add(path.resolve())
    return tuple(found)


def _unreadable(scenes: Sequence[tuple[Path, Scene]]) -> Findings:
    """Files that cannot be opened at all: of them nothing else is to be said."""
    found: Findings = ()
    for path, _ in scenes:
        if is_item(path):
            continue
        try:
            with opened(path):
                pass
        except (RasterioError, OSError) as error:
            found += (unreadable(path.name, "scene", error),)
    return found


def _imagery(
    first: Path, scenes: Sequence[tuple[Path, Scene]], declared: Declared
) -> tuple[Imagery | None, Findings]:
    """What all scenes have in common: as declared, else as the first file says."""
    bands = declared.bands or _own_bands(first)
    if not bands:
        return None, (_bands_unnamed(first),)
    found = tuple(f for path, _ in scenes for f in band_order_findings(path, bands))
    settings: dict[str, Any] = dict(declared.settings)
    mask = settings.setdefault("mask_band", next((b for b in bands if b in QUALITY), ""))
    if settings.get("sensor", "reflectance") == "reflectance":
        if mask in QUALITY:
            settings.setdefault("mask_legend", QUALITY[mask])
        if settings.get("scale") is None:
            scaling, problems = _own_scaling(scenes, [band for band in bands if band != mask])
            found += problems
            if scaling is None:
                return None, found if problems else (*found, _scale_missing(first.name))
            settings["scale"] = scaling[0]
            settings.setdefault("offset", scaling[1])
    try:
        listed = tuple(scene for _, scene in scenes)
        imagery = Imagery(bands=bands, scene=listed, **settings)
    except ValidationError as error:
        message = str(error.errors()[0]["msg"]).removeprefix("Value error, ")
        return None, (*found, Finding.error("scene-setting-wrong", "scenes", message))
    # Which bands are needed depends on what is made of them; a picture is refused by its reader.
    found += tuple(
        f.model_copy(update={"subject": first.name})
        for f in check_bands(imagery)
        if f.code != "scene-band-missing"
    )
    baselines = (scene_baseline_finding(scene, imagery, path.name) for path, scene in scenes)
    return imagery, (*found, *(finding for finding in baselines if finding is not None))


def _scale_missing(subject: str) -> Finding:
    message = "holds whole numbers and does not say how they become reflectance"
    fix = "name the product (--sensor sentinel2-l2a, landsat-c2-l2) or give --scale 0.0001"
    return Finding.error("scene-scale-missing", subject, message, fix=fix)


def _own_bands(first: Path) -> tuple[str, ...]:
    """The bands that a file or an item names itself."""
    known = (*KNOWN_BANDS, *QUALITY)
    if is_item(first):
        return tuple(places_of(read_json(first), known))
    with opened(first) as dataset:
        return named_bands(dataset.descriptions)


def _bands_unnamed(first: Path) -> Finding:
    """What the bands are called, if they are called anything: a name may be wrong in a letter."""
    message, fix = "does not name its bands", "name them in the order of the file"
    if is_item(first):
        message = "none of its assets has the common name of a band"
        fix = "say which assets to read, by their keys"
    else:
        with opened(first) as dataset:
            given = [text or "" for text in dataset.descriptions]
        if any(RADAR_BANDS & set(re.split(r"[^a-z]+", text.lower())) for text in given):
            return radar_finding(first.name)
        unknown = [f"{i} '{text}'" for i, text in enumerate(given, 1) if not _band_name(text)]
        if any(given) and unknown:
            message = f"names its bands, but these are not known: {', '.join(unknown)}"
        elif any(given):
            message = f"names two bands alike: {', '.join(given)}"
    fix += ", as in --bands blue,green,red,nir,swir1"
    return Finding.error("scene-bands-unnamed", first.name, message, fix=fix)


def band_order_findings(path: Path, bands: Sequence[str]) -> Findings:
    """``scene-bands-contradict``: the file calls a band by the name of another.

    Landsat's SR_B4 and the like are left alone: they are other bands in every generation.
    """
    if is_item(path):
        return ()
    with opened(path) as dataset:
        given = [text or "" for text in dataset.descriptions]
    known = (*KNOWN_BANDS, *QUALITY)
    wrong = [
        f"{number} is {name} as declared and '{text}' in the file"
        for number, (name, text) in enumerate(zip(bands, given, strict=False), start=1)
        if name in known and _band_name(text) and not re.match(r"SR_B\d", text, re.IGNORECASE)
        and {name, _band_name(text)} not in ({name}, NEAR_INFRARED)
    ]  # fmt: skip
    if not wrong:
        return ()
    message = f"its bands stand in another order: band {'; band '.join(wrong)}"
    fix = "name the bands in the order of the file, or correct the names in the file"
    return (Finding.error("scene-bands-contradict", path.name, message, fix=fix),)


def _own_scaling(
    scenes: Sequence[tuple[Path, Scene]], bands: Sequence[str]
) -> tuple[Scaling | None, Findings]:
    """Scale and offset as all items say, else as the first file does."""
    items = [path for path, _ in scenes if is_item(path)]
    said, found = item_scaling(items, bands)
    if errors_in(found):
        return None, found
    first = scenes[0][0]
    if said is None and is_item(first):
        # The files of an item are looked at as any other file.
        files, found = band_files(
            first, Imagery(bands=tuple(bands), scale=1, scene=(scenes[0][1],))
        )
        first = files[0].path if files else first
    if said is not None or found:
        return said, found
    try:
        with opened(first) as dataset:
            return scaling_of(dataset), ()
    except (RasterioError, OSError) as error:
        return None, (unreadable(first.name, "scene", error),)


def scaling_of(dataset: Any) -> Scaling | None:
    """Scale and offset as the file says: 1 and 0 of floats, else its tags, if it has them."""
    if np.dtype(dataset.dtypes[0]).kind == "f":
        return 1.0, 0.0
    scale, offset = float(dataset.scales[0]), float(dataset.offsets[0])
    return (scale, offset) if scale not in {0.0, 1.0} else None


def scale_of(dataset: Any) -> float | None:
    """As :func:`scaling_of`, where there is no offset."""
    scale, offset = scaling_of(dataset) or (0.0, 0.0)
    return scale if scale and not offset else None


def named_bands(descriptions: Sequence[str | None]) -> tuple[str, ...]:
    """Common names of bands from their descriptions (nir, B08, nir_B08); empty if one has none."""
    names = tuple(_band_name(text or "") for text in descriptions)
    return names if all(names) and len(set(names)) == len(names) else ()


def _band_name(text: str) -> str:
    known = (*KNOWN_BANDS, *QUALITY)
    for part in (text, *re.split(r"[^A-Za-z0-9]+", text)):
        name = COMMON_NAMES.get(part, COMMON_NAMES.get(part.upper(), part.lower()))
        if name in known:
            return name
    return ""


def _grids(
    scenes: Sequence[tuple[Path, Scene]], imagery: Imagery, rule: Rule | None
) -> tuple[list[Grid], Findings]:
    grids: list[Grid] = []
    found: Findings = ()
    first = scenes[0][0].name
    for path, scene in scenes:
        grid, problems = scene_grid(path, imagery, path.name, rule)
        found += problems
        if grid is None:
            continue
        found += antimeridian_findings(grid, path.name)
        found += scale_contradictions(path, scene, imagery) if is_item(path) else ()
        if grids:
            differs = alignment_finding(grid, grids[0], rule, names=(path.name, first))
            found += (_by_option(differs),) if differs is not None else ()
            found += no_ground_findings(grid, grids[0], (path.name, first))
        grids.append(grid)
    return grids, found


def _by_option(finding: Finding) -> Finding:
    """What a project declares is an option of the command."""
    if finding.severity != "error":
        return finding
    message = finding.message.partition(";")[0]
    fix = "say how to bring it there: --align bilinear, average or nearest"
    return finding.model_copy(update={"message": message, "fix": fix})
