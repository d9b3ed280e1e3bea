"""Class maps as a user names them: the file, its year, its band, and what its numbers mean."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import shapely
from rasterio.errors import RasterioError

from bluecarbon.mrv.class_maps import CODE_MANGROVE, CODE_OF
from bluecarbon.mrv.class_sizes import is_nodata, tagged_names
from bluecarbon.mrv.map_sources import is_cube
from bluecarbon.mrv.overviews import overview_findings
from bluecarbon.mrv.rasters import Geometry, opened, read_grid
from bluecarbon.mrv.regrid import antimeridian_findings
from bluecarbon.mrv.transitions import DatedMap
from bluecarbon.mrv.vectors import overlap_findings, read_polygons
from bluecarbon.provenance import sha256_file
from bluecarbon.spec import Finding, errors_in

if TYPE_CHECKING:
    import geopandas as gpd

YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
BAND = re.compile(r"(?P<file>.+)#(?P<band>[1-9]\d{0,3})")

YEARS_MAPPED = (1970, 2200)
"""Maps from space begin with Landsat 1 (1972); a later year than the last is a slip of the pen."""

RASTER_SUFFIXES = frozenset({".tif", ".tiff", ".vrt", ".img"})

NAME_COLUMNS = ("stratum", "name", "id")
"""Properties that may name a polygon, the first that a layer has."""

UNDATED = 0
"""The year of a map whose year does not matter."""

OUTSIDE = "outside"

NOT_SEEN = frozenset({OUTSIDE, "unobserved"})
"""Names of classes that say nothing about the ground."""

Findings = tuple[Finding, ...]


@dataclass(frozen=True)
class MapLegend:
    """Number -> class name of a set of maps, and which of the numbers say nothing.

    ``declared`` is what every number is held against: None when nobody declared a legend.
    """

    names: Mapping[int, str]
    declared: Mapping[int, str] | None
    unknown: frozenset[int] = frozenset()

    def name(self, number: int) -> str:
        """The class name; "outside" for nodata that nobody named, else the number as text."""
        return self.names.get(number, OUTSIDE if number in self.unknown else str(number))


def dated_maps(arguments: Sequence[str]) -> tuple[tuple[DatedMap, ...], Findings]:
    """Maps from ``[YEAR=]FILE[#BAND]``; without a year it is the only one in the file's name.

    A NetCDF file or Zarr store without a year stands for all the years that it holds.
    """
    found: list[Finding] = []
    maps: list[DatedMap] = []
    for argument in arguments:
        item = undated_map(re.sub(r"^\d{4}=", "", argument))
        given = re.findall(r"^(\d{4})=", argument)
        if is_cube(item.path) and not given:
            dated, problems = _years_in(item)
            maps += dated
            found += problems
            if dated or problems:
                continue
        years = given or sorted(set(YEAR.findall(item.path.stem)))
        if len(years) == 1:
            maps.append(replace(item, year=int(years[0])))
            found += _year_findings(maps[-1])
            continue
        what = f"several years ({', '.join(years)})" if years else "no year"
        fix = f"say which year the map is of, as in 2015={item.path.name}"
        message = f"the file's name holds {what}"
        found.append(Finding.error("class-map-year-missing", item.subject, message, fix=fix))
    return tuple(maps), tuple(found)


def _year_findings(item: DatedMap) -> Findings:
    if YEARS_MAPPED[0] <= item.year <= YEARS_MAPPED[1]:
        return ()
    message = f"no satellite has mapped the year {item.year}"
    fix = f"say which year the map is of ({YEARS_MAPPED[0]} to {YEARS_MAPPED[1]}): 2015=FILE"
    return (Finding.error("class-map-year-wrong", item.subject, message, fix=fix),)


def same_map_findings(maps: Sequence[DatedMap]) -> Findings:
    """Maps of two years that are the same bytes: nothing changed, or one was given by mistake."""
    found = []
    held: dict[tuple[str, int, Path | None], DatedMap] = {}
    files = [item for item in maps if item.file.is_file()]
    sizes = Counter(item.file.stat().st_size for item in files)
    # Files of different sizes need not be read, and one of many bands only once.
    alike = [item for item in files if sizes[item.file.stat().st_size] > 1]
    digests = {file: sha256_file(file) for file in {item.file for item in alike}}
    for item in alike:
        key = digests[item.file], item.band or 1, item.path if item.origin else None
        first = held.setdefault(key, item)
        if first is not item:
            message = (
                f"the map of {item.year} is the same, byte for byte, as that of {first.year} "
                f"({first.subject})"
            )
            fix = "give the map of that year; the same map twice shows no change"
            found.append(Finding.warning("class-map-same", item.subject, message, fix=fix))
    return tuple(found)


def _years_in(item: DatedMap) -> tuple[list[DatedMap], Findings]:
    """One map for each year of a cube; none where it holds a single map without a date."""
    from bluecarbon.mrv.cube_maps import cube_layers, years_of

    layers, found = cube_layers(item.path)
    years = years_of(layers)
    if item.band is not None:
        years = years[item.band - 1 : item.band] or years
    # Remarks come again when the maps are read; what forbids reading is told here.
    wrong = tuple(finding for finding in found if finding.severity == "error")
    return [replace(item, year=year) for year in years if year != UNDATED], wrong


def undated_map(argument: str) -> DatedMap:
    """A map from ``FILE[#BAND]`` whose year does not matter; ``2019=FILE.nc`` is one of several."""
    year = re.match(r"(\d{4})=", argument)
    if year and not Path(argument).exists() and is_cube(Path(argument)):
        return DatedMap(int(year[1]), Path(argument[year.end() :]))
    parts = BAND.fullmatch(argument)
    if parts is None or Path(argument).exists():
        return DatedMap(UNDATED, Path(argument))
    return DatedMap(UNDATED, Path(parts["file"]), int(parts["band"]))


def legend_of_maps(
    maps: Sequence[DatedMap], declared: Mapping[int, str] | None
) -> tuple[MapLegend, Findings]:
    """The classes of some maps: as declared, else as the tags of the files say.

    A number that a file tags as nodata is a class when the declared legend names it; in the tags
    of a map that bluecarbon wrote it is "outside". Tags that contradict each other are an error.
    """
    tagged: dict[int, str] = {}
    found: list[Finding] = []
    empty: set[int] = set()
    for item in maps:
        names, nodata = _tags(item)
        for number, name in names.items():
            if declared is None and tagged.setdefault(number, name) != name:
                message = f"number {number} is '{name}' here and '{tagged[number]}' in another map"
                fix = "name the classes with --legend, or bring the maps to one legend"
                code = "class-map-legends-differ"
                found.append(Finding.error(code, item.subject, message, fix=fix))
        if nodata is not None and is_nodata(nodata, nodata, declared or names):
            empty.add(nodata)
    legend = dict(declared or tagged)
    # Of a map that names its own nodata "outside" nobody needs to hear that it is a class.
    held = {number: name for number, name in legend.items() if number not in empty}
    unknown = empty | {number for number, name in legend.items() if name in NOT_SEEN}
    return MapLegend(legend, held or None, frozenset(unknown)), tuple(found)


def _tags(item: DatedMap) -> tuple[dict[int, str], int | None]:
    """The legend in the tags of a file, and its nodata; that it is unreadable is told elsewhere."""
    try:
        with opened(item.path) as dataset:
            band = min(item.band or 1, dataset.count)
            nodata = dataset.nodatavals[band - 1]
            whole = nodata is not None and float(nodata).is_integer()
            return tagged_names(dataset.tags()), int(nodata) if whole else None
    except (RasterioError, OSError):
        return {}, None


def outside_findings(item: DatedMap, legend: MapLegend, numbers: Iterable[int]) -> Findings:
    """Which of the numbers that occur are outside only because the file tags them as nodata."""
    return tuple(
        Finding.info(
            "class-map-nodata",
            item.subject,
            f"number {number} is no data by the file's own tag: it is outside, and no class",
            fix=f"if it is a class, name it, as in --legend {number}=other",
        )
        for number in sorted(set(numbers))
        if number in legend.unknown and number not in legend.names
    )


def crossing_findings(maps: Sequence[DatedMap]) -> Findings:
    """Maps that cross the antimeridian: strata and the other maps would meet one side of them.

    And, as one warning, large maps without overviews.
    """
    found: Findings = overview_findings(item.path for item in maps)
    for item in maps:
        grid, _ = read_grid(item.path, item.subject, what="class-map")
        found += antimeridian_findings(grid, item.subject) if grid is not None else ()
    return found


def files_of(path: Path) -> tuple[Path, ...]:
    """A raster with the files that it is made of (parts of a mosaic); itself when unreadable."""
    try:
        with opened(path) as dataset:
            return (path, *map(Path, dataset.files))
    except (RasterioError, OSError):
        return (path,)


def in_file(found: Findings, path: Path | None) -> Findings:
    """Findings about single polygons, with the name of the file that they are from."""
    if path is None:
        return found
    return tuple(
        f.model_copy(update={"subject": f"{path.name} {f.subject}"})
        if f.code in {"polygon-beyond-map", "polygon-empty"}
        else f
        for f in found
    )


def nothing_covered(path: Path, polygons: int, item: DatedMap) -> Finding:
    """The error of polygons none of which covers a pixel of the map."""
    message = f"none of the {polygons} polygons covers a pixel of {item.subject}"
    fix = "give polygons and a map of the same place, and check the layer's coordinate system"
    return Finding.error("polygon-no-overlap", path.name, message, fix=fix)


def class_number(legend: MapLegend, wanted: str) -> tuple[int, Findings]:
    """The number of a class given by name or number; mangrove is 1 where nobody named the classes.

    A class that has several numbers is an error: change is followed for one number.
    """
    numbers = [number for number, name in legend.names.items() if name == wanted]
    if not legend.names and wanted in CODE_OF:
        numbers = [CODE_OF[wanted]]
    if re.fullmatch(r"-?\d{1,9}", wanted) and not numbers:
        numbers = [int(wanted)]
    if len(numbers) == 1:
        return numbers[0], ()
    known = ", ".join(f"{n}={name}" for n, name in sorted(legend.names.items()))
    many = f"has the numbers {', '.join(map(str, numbers))}" if numbers else "is no class"
    message, fix = f"'{wanted}' {many}; the legend has {known}", "give its number"
    return CODE_MANGROVE, (Finding.error("class-unknown", "--class", message, fix=fix),)


def strata_of(
    path: Path | None, maps: Sequence[DatedMap]
) -> tuple[Path | dict[str, Geometry] | None, Findings]:
    """Strata as the counting takes them: a raster by its path, polygons by name.

    Polygons that overlap are refused: what is summed over strata would count ground twice.
    """
    if path is None or path.suffix.lower() in RASTER_SUFFIXES:
        return path, ()
    polygons, found = named_polygons(path, class_map=maps[0] if maps else None)
    if errors_in(found):
        return polygons, found
    return polygons, (*found, *overlap_findings([*polygons], [*polygons.values()], path.name))


def named_polygons(
    path: Path, *, column: str = "", class_map: DatedMap | None = None
) -> tuple[dict[str, Geometry], Findings]:
    """WGS 84 polygons by name, in the order of the layer.

    Parameters
    ----------
    column : the property with the names; by default the first of stratum, name and id, and the
        number of the feature when there is none
    class_map : by whose outline exchanged axes are recognised
    """
    footprint = None
    if class_map is not None:
        grid, _ = read_grid(class_map.path, class_map.subject, what="class-map")
        placed = grid is not None and not antimeridian_findings(grid, class_map.subject)
        footprint = grid.footprint() if grid is not None and placed else None
    frame, found = read_polygons(path, footprint)
    if frame is None or errors_in(found):
        return {}, found
    polygons, problems = polygons_by_name(frame, path.name, column=column)
    return polygons, (*found, *problems)


def polygons_by_name(
    frame: gpd.GeoDataFrame, subject: str, *, column: str = ""
) -> tuple[dict[str, Geometry], Findings]:
    """The polygons of a layer by name as of :func:`named_polygons`, brought to WGS 84.

    ``subject`` names the layer in findings; one without a coordinate system is an error.
    """
    if frame.crs is None:
        message, fix = "the layer carries no coordinate system", "give it one: frame.set_crs(...)"
        return {}, (Finding.error("polygon-no-crs", subject, message, fix=fix),)
    chosen = column or next((name for name in NAME_COLUMNS if name in frame), "")
    if chosen and chosen not in frame:
        known = ", ".join(map(str, frame.columns.drop(frame.geometry.name))) or "none"
        message, fix = f"has no property '{chosen}' (it has: {known})", "name one of these"
        return {}, (Finding.error("polygon-name-missing", subject, message, fix=fix),)
    if unnamed := _unnamed(frame, chosen, subject):
        return {}, unnamed
    names = [str(name) for name in frame[chosen]] if chosen else []
    names = names or [str(number) for number in range(1, len(frame) + 1)]
    shapes = [shapely.force_2d(shape) for shape in frame.geometry.to_crs(4326)]
    return dict(zip(names, shapes, strict=True)), _name_findings(names, subject)


def _unnamed(frame: gpd.GeoDataFrame, column: str, subject: str) -> Findings:
    """Features whose name is empty: "None" and "nan" are no names."""
    if not column:
        return ()
    empty = frame[column].isna() | (frame[column].astype(str).str.strip() == "")
    numbers = [str(place + 1) for place in empty.to_numpy().nonzero()[0]]
    if not numbers:
        return ()
    message = f"property '{column}' is empty in feature {', '.join(numbers[:8])}"
    fix = "give every polygon a name, or leave the property out: then they are numbered"
    return (Finding.error("polygon-name-missing", subject, message, fix=fix),)


def _name_findings(names: Sequence[str], subject: str) -> Findings:
    twice = sorted({name for name in names if names.count(name) > 1})
    if not twice:
        return ()
    message = f"{len(twice)} names stand for more than one polygon, such as '{twice[0]}'"
    fix = "give each polygon a name of its own, or make one multipolygon of its parts"
    return (Finding.error("polygon-name-twice", subject, message, fix=fix),)
