"""What documents are made from: read back from the folder of a run as it was written."""

import json

import numpy as np
import pytest
import shapely
from affine import Affine
from PIL import Image
from rasterio.crs import CRS

from bluecarbon.errors import ReportError
from bluecarbon.mrv.class_maps import LEGEND
from bluecarbon.mrv.evidence import (
    PICTURE_PX_MAX,
    STRATA_FILE,
    read_evidence,
    write_pictures,
    write_stock_findings,
)
from bluecarbon.mrv.rasters import Grid, write_class_map
from bluecarbon.report import Monitoring, Period, Stratum
from bluecarbon.spec import Finding

UTM = CRS.from_epsg(32649)


def write_map(folder, year, rows=6, columns=8):
    (folder / "maps").mkdir(exist_ok=True)
    transform = Affine(10.0, 0.0, 370_000.0, 0.0, -10.0, 2_380_000.0)
    codes = np.ones((rows, columns), dtype=np.uint8)
    codes[0, 0] = year % 7
    write_class_map(
        folder / f"maps/classes_{year}.tif", codes, Grid(UTM, transform, rows, columns), LEGEND
    )
    return codes


class Report:
    """As much of a report as reading needs."""

    def __init__(self, start=None, end=None):
        self.monitoring = Monitoring(
            project_id="TEST-1",
            period=Period(start="2020-01-01", end="2025-01-01"),
            stock_start=start,
            stock_end=end,
            strata=(),
        )


def test_maps_come_back_with_their_place(tmp_path):
    codes = write_map(tmp_path, 2019)
    write_map(tmp_path, 2024)
    (tmp_path / "maps/change_2019_2024.tif").write_bytes(b"another file")
    found = read_evidence(Report(), tmp_path)
    assert found.epochs == (2019, 2024)
    assert np.array_equal(found.maps[2019].codes, codes)
    assert found.maps[2019].transform == Affine(10, 0, 370_000, 0, -10, 2_380_000)
    assert found.strata == ()


def test_a_large_map_is_thinned_and_stays_where_it_was(tmp_path):
    rows, columns = 40, 2 * PICTURE_PX_MAX + 1
    write_map(tmp_path, 2024, rows, columns)
    drawn = read_evidence(Report(), tmp_path).maps[2024]
    height, width = drawn.codes.shape
    assert width <= PICTURE_PX_MAX
    assert drawn.transform.c == 370_000
    assert drawn.transform.a * width == pytest.approx(columns * 10)
    assert drawn.transform.e * height == pytest.approx(-rows * 10)


@pytest.mark.parametrize(
    ("start", "end", "pair"),
    [
        ("2019-11-05", "2024-11-28", (2019, 2024)),
        (None, None, (2015, 2024)),
        ("2017-01-01", "2024-11-28", (2015, 2024)),
    ],
)
def test_the_change_that_is_shown_is_that_of_the_claim(tmp_path, start, end, pair):
    for year in (2015, 2019, 2024):
        write_map(tmp_path, year)
    assert read_evidence(Report(start, end), tmp_path).claimed_change == pair


def test_one_map_has_no_change(tmp_path):
    write_map(tmp_path, 2024)
    assert read_evidence(Report(), tmp_path).claimed_change is None


def test_a_folder_without_maps_is_refused(tmp_path):
    with pytest.raises(ReportError, match="no class maps"):
        read_evidence(Report(), tmp_path)


def test_a_broken_map_is_refused_by_its_name(tmp_path):
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps/classes_2024.tif").write_bytes(b"no raster")
    with pytest.raises(ReportError, match=r"classes_2024\.tif"):
        read_evidence(Report(), tmp_path)


def test_names_of_plots_stay_text_and_empty_numbers_are_nan(tmp_path):
    write_map(tmp_path, 2024)
    (tmp_path / "tables").mkdir()
    text = "plot_id,stratum,area_ha,n,species,epoch\n007,,1.5,,NA,2024\n008,12,,3,,2024\n"
    (tmp_path / "tables/plots.csv").write_text(text, encoding="utf-8")
    found = read_evidence(Report(), tmp_path)
    table = found.table("plots")
    assert list(table["plot_id"]) == ["007", "008"]
    assert list(table["stratum"]) == ["", "12"]
    assert list(table["species"]) == ["NA", ""]
    assert table["area_ha"].isna().tolist() == [False, True]
    assert table["epoch"].tolist() == [2024, 2024]
    assert found.table("no_such_table").empty


def test_strata_and_composites_are_written_once_and_read_back(tmp_path):
    write_map(tmp_path, 2024)
    outline = shapely.box(109.75, 21.5, 109.76, 21.51)

    class Composite:
        def band(self, name):
            return np.full((6, 8), {"nir": 0.45, "swir1": 0.0, "red": np.nan}[name])

    class Extent:
        strata = (
            type("Polygon", (), {"stratum": Stratum(id="K15", name="造林"), "geometry": outline}),
        )
        epochs = (2019, 2024)
        composites = {2024: Composite()}

    write_pictures(Extent(), tmp_path)
    first = (tmp_path / "maps/composite_2024.png").read_bytes()
    write_pictures(Extent(), tmp_path)
    assert (tmp_path / "maps/composite_2024.png").read_bytes() == first
    found = read_evidence(Report(), tmp_path)
    ((name, geometry),) = found.strata
    assert name == "K15"
    assert geometry.equals(outline)
    assert found.composite(2019) is None
    # near infrared at its top, no short-wave infrared, and white where nothing was seen
    assert found.composite(2024)[0, 0].tolist() == [255, 0, 255]
    layer = json.loads((tmp_path / STRATA_FILE).read_text(encoding="utf-8"))
    assert layer["features"][0]["properties"] == {"stratum": "K15", "name": "造林"}
    with Image.open(tmp_path / "maps/composite_2024.png") as picture:
        assert picture.size == (8, 6)


def test_a_picture_is_drawn_once(tmp_path):
    write_map(tmp_path, 2024)
    found = read_evidence(Report(), tmp_path)
    drawn = []
    for _ in range(2):
        found.picture("map", lambda: drawn.append(1) or b"svg")
    assert drawn == [1]


def test_findings_of_the_stock_maps_are_kept_beside_the_report(tmp_path):
    (tmp_path / "tables").mkdir()
    write_map(tmp_path, 2024)
    found = (
        Finding.warning("stocks-unknown", "stock maps, 2024", "2 ha, no density", fix="in no sum"),
        Finding.info("stocks-scaled", "stock maps", "007"),
    )
    write_stock_findings(found, tmp_path)
    assert read_evidence(Report(), tmp_path).stock_findings == found


def test_a_run_without_findings_of_stocks_writes_no_table(tmp_path):
    write_map(tmp_path, 2024)
    write_stock_findings((), tmp_path)
    assert not (tmp_path / "tables").exists()
    assert read_evidence(Report(), tmp_path).stock_findings == ()
