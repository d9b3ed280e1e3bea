"""Places for the field team: GPX for receivers, KML for maps, GeoPackage for QGIS, CSV for forms.

All are WGS 84, as a GNSS receiver shows it. Chinese map applications show their own shifted
coordinates (GCJ-02), some 500 m away: the description of every point says which these are.
"""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pyogrio

from bluecarbon.mrv.exports import NO_CLOCK, replacing

FORMATS = ("csv", "gpx", "kml", "gpkg")
DATUM = "WGS 84 (GNSS); not GCJ-02 / 非火星坐标"


def write_points(points: gpd.GeoDataFrame, folder: Path, stem: str) -> tuple[Path, ...]:
    """Write the plots of :func:`bluecarbon.mrv.plot_placement.place_plots` in every format.

    Returns the files, in the order of :data:`FORMATS`; the same plots give the same bytes.

    Raises
    ------
    OutputError
        The folder cannot be written; a file is whole or not there.
    """
    made = [folder / f"{stem}.{suffix}" for suffix in FORMATS]
    with replacing(made[0]) as part:
        # With a byte order mark: without it Excel shows Chinese names as noise.
        points.drop(columns="geometry").to_csv(
            part, index=False, encoding="utf-8-sig", lineterminator="\n"
        )
    described = _described(points)
    _write(described[["name", "desc", "geometry"]], made[1], "GPX", layer="waypoints")
    renamed = described.rename(columns={"name": "Name", "desc": "Description"})
    _write(renamed[["Name", "Description", "geometry"]], made[2], "KML", layer=stem)
    _write(points, made[3], "GPKG", layer=stem)
    return tuple(made)


def _described(points: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    words = [
        f"{row.stratum} · {'reserve 备用' if row.use == 'reserve' else 'main 主样地'} · "
        f"{row.lat:.6f} N, {row.lon:.6f} E · {DATUM}"
        for row in points.itertuples()
    ]
    return points.assign(name=points["plot_id"], desc=words)


def _write(table: gpd.GeoDataFrame, target: Path, driver: str, *, layer: str) -> None:
    with replacing(target) as part:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": NO_CLOCK})
        try:
            pyogrio.write_dataframe(
                table,
                part,
                layer=layer,
                driver=driver,
                geometry_type="Point",
                promote_to_multi=False,
            )
        finally:
            pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
