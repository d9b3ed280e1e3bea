"""InVEST's tables and model on a project of eight pixels; the traps of the program by name."""

import numpy as np
import pytest
import rasterio
from support.invest_project import BIOPHYSICAL, MAPS, TRANSITIONS, codes_of, write_project

from bluecarbon.mrv.invest_cbc import (
    Economics,
    as_released,
    invest_layers,
    net_present_value,
    run_invest,
    shuffled_years,
    side_by_side,
    write_invest,
)
from bluecarbon.mrv.invest_tables import read_invest_tables, read_prices
from bluecarbon.mrv.stock_model import stock_table


def read(folder, **changes):
    return read_invest_tables(*write_project(folder, **changes))


def run(folder, *, changes=None, **options):
    inputs, findings = read(folder, **(changes or {}))
    assert inputs is not None, findings
    return inputs, *run_invest(inputs, **({"analysis_year": 2030} | options))


def test_the_tables_are_read(tmp_path):
    inputs, findings = read(tmp_path)
    assert findings == ()
    parameters = inputs.parameters
    assert parameters.codes == (1, 2, 3)
    assert parameters.names == ("mangrove", "pond", "other")
    assert parameters.initial[0].tolist() == [500, 1000, 50]
    assert parameters.disturbed_share[:, 0, 1].tolist() == [0.2, 0.4, 0.66]
    assert parameters.half_life[1, :2].tolist() == [1, 2]
    assert parameters.transitions.tolist() == [[1, 4, 3], [1, 0, 0], [1, 0, 0]]
    assert inputs.blank.tolist() == [[False] * 3, [False] * 3, [False, True, False]]
    assert [item.year for item in inputs.snapshots] == [2010, 2015, 2020]
    assert not inputs.uncertainty.is_declared


def test_capitals_older_names_and_the_legend_of_the_preprocessor_are_read(tmp_path):
    upper = BIOPHYSICAL.replace("lucode", "code").replace("lulc-class", "LULC-class")
    legend = TRANSITIONS.upper().replace("LULC-CLASS", "lulc-class") + ",,,\n,legend\n,NCC means\n"
    inputs, findings = read(tmp_path, biophysical=upper, transitions=legend)
    assert findings == ()
    assert inputs.parameters.transitions.tolist() == [[1, 4, 3], [1, 0, 0], [1, 0, 0]]


@pytest.mark.parametrize("order", [(0, 2, 1), (1, 0, 2), (2, 0, 1)])
def test_exchanged_tables_are_one_finding(tmp_path, order):
    files = write_project(tmp_path)
    inputs, (finding,) = read_invest_tables(*(files[place] for place in order))
    assert inputs is None
    assert finding.code == "tables-exchanged"
    assert f"{files[0].name} is the snapshot table" in finding.message


def test_a_table_given_twice_is_not_called_exchanged(tmp_path):
    snapshots, biophysical, _ = write_project(tmp_path)
    inputs, found = read_invest_tables(snapshots, biophysical, biophysical)
    assert inputs is None
    assert "tables-exchanged" not in codes_of(found)


def test_standard_errors_beside_a_column(tmp_path):
    lines = [
        f"{line},{tail}"
        for line, tail in zip(
            BIOPHYSICAL.splitlines(), ("soil-initial-standard-error", "80", "", "5"), strict=True
        )
    ]
    inputs, findings = read(tmp_path, biophysical="\n".join(lines))
    assert findings == ()
    assert inputs.uncertainty.initial[:, 1].tolist() == [80, 0, 5]
    assert inputs.uncertainty.half_life.sum() == 0


BAD_BIOPHYSICAL = {
    "class-twice": ("\n2,pond", "\n2,mangrove"),
    "class-code-wrong": ("\n2,pond", "\n2.5,pond"),
    "number-negative": ("500,1000,50", "500,-1000,50"),
    "share-above-one": ("0.66,6,0.1", "66,6,0.1"),
    "number-unreadable": ("500,1000,50", "much,1000,50"),
    "cell-empty": ("500,1000,50", ",1000,50"),
    "column-missing": ("soil-initial", "soil"),
    "row-length-wrong": ("\n2,pond", "\n2,2,pond"),
}


@pytest.mark.parametrize("code", BAD_BIOPHYSICAL)
def test_defects_of_the_biophysical_table(tmp_path, code):
    old, new = BAD_BIOPHYSICAL[code]
    inputs, findings = read(tmp_path, biophysical=BIOPHYSICAL.replace(old, new))
    assert inputs is None
    assert code in codes_of(findings)
    assert all(f.subject.startswith("biophysical.csv") for f in findings if f.code == code)


BAD_TRANSITIONS = {
    "class-name-unknown": ("other,accum", "others,accum"),
    "transition-unknown": ("high-impact-disturb", "strong"),
    "transition-not-edited": ("high-impact-disturb", "disturb"),
    "class-twice": ("other,accum", "pond,accum"),
}


@pytest.mark.parametrize("code", BAD_TRANSITIONS)
def test_defects_of_the_transition_table(tmp_path, code):
    old, new = BAD_TRANSITIONS[code]
    inputs, findings = read(tmp_path, transitions=TRANSITIONS.replace(old, new))
    assert inputs is None
    found = next(f for f in findings if f.code == code)
    assert found.subject.startswith("transitions.csv")
    assert found.fix


def test_defects_of_the_snapshots_and_of_other_tables_come_together(tmp_path):
    tables = write_project(tmp_path, transitions=TRANSITIONS.replace("NCC", "nothing"))
    tables[0].write_text("snapshot_year,raster_path\n2010.5,lulc_2010.tif\n2015,gone.tif\n")
    inputs, findings = read_invest_tables(*tables)
    assert inputs is None
    assert {"year-unreadable", "snapshot-file-missing", "transition-unknown"} <= set(
        codes_of(findings)
    )
    assert next(f for f in findings if f.code == "snapshot-file-missing").subject.endswith("row 3")


@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_table_that_is_no_text_is_named(tmp_path, which):
    tables = write_project(tmp_path)
    tables[which].write_bytes(b"\xff\xfe\x00 not utf-8")
    inputs, findings = read_invest_tables(*tables)
    assert inputs is None
    assert any(tables[which].name in f.subject for f in findings)
    tables[which].unlink()
    assert read_invest_tables(*tables)[0] is None
    tables[which].write_text("\n\n")
    assert read_invest_tables(*tables)[0] is None


def test_classes_without_a_row_are_said(tmp_path):
    short = "lulc-class,mangrove,pond\nmangrove,accum,high-impact-disturb\npond,accum,NCC\n"
    inputs, findings = read(tmp_path, transitions=short)
    assert codes_of(findings) == ["transition-missing"]
    assert inputs.blank[2].all()


def test_half_life_zero_is_said(tmp_path):
    zero = BIOPHYSICAL.replace("500,1000,50,5,", "500,1000,50,0,")
    _, findings = read(tmp_path, biophysical=zero)
    assert codes_of(findings) == ["half-life-zero"]


def test_what_occurs_and_what_stops_is_said(tmp_path):
    stops = TRANSITIONS.replace("Mangrove,accum", "Mangrove,NCC")
    maps = MAPS | {2015: [[1, 2, 2, 2], [2, 1, 2, 0]]}
    changes = {"transitions": stops, "maps": maps}
    _, done, findings = run(tmp_path / "guide", changes=changes)
    assert done is None
    assert codes_of(findings) == ["accumulation-stops", "transition-blank-occurs"]
    assert findings[1].severity == "error"
    assert findings[1].subject == "transitions.csv row 4"
    assert "'other' to 'pond': the cell is blank and" in findings[1].message
    _, done, findings = run(tmp_path / "invest", changes=changes, compat="invest-3.20")
    assert done is not None
    assert [f.severity for f in findings] == ["warning", "warning"]


def test_a_year_of_two_maps_is_named_with_its_rows(tmp_path):
    tables = write_project(tmp_path)
    tables[0].write_text(
        "snapshot_year,raster_path\n2010,lulc_2010.tif\n2015,lulc_2015.tif\n2010,lulc_2020.tif\n"
    )
    inputs, (finding,) = read_invest_tables(*tables)
    assert inputs is None
    assert (finding.code, finding.subject) == ("snapshot-year-twice", "snapshots.csv row 4")
    assert "rows 2, 4: 'lulc_2010.tif' and 'lulc_2020.tif'" in finding.message


def test_an_early_analysis_year_and_missing_prices_are_refused(tmp_path):
    inputs, _ = read(tmp_path)
    done, findings = run_invest(
        inputs, analysis_year=2015, economics=Economics(price_by_year={2010: 1.0})
    )
    assert done is None
    assert codes_of(findings) == ["analysis-year-early", "price-missing"]


def test_rasters_have_the_names_of_the_program_and_the_values_of_the_table(tmp_path):
    _, done, _ = run(tmp_path, economics=Economics(price=10.0, discount_percent=3.0))
    written = write_invest(done, tmp_path / "out")
    assert len([name for name in written if name != "totals"]) == 16
    stock, pond = (rasterio.open(written[f"carbon-stock-at-{y}"]).read(1) for y in (2010, 2020))
    assert stock[0].tolist() == [1550, 1550, 1550, 300]
    assert np.isnan(stock[1, 3])
    # A pond that stays one, then goes to "other" without a change of carbon.
    assert pond[0, 3] == 300
    emission = rasterio.open(written["carbon-emissions-between-2015-and-2020"]).read(1)
    lost = 560 * (1 - 0.5 ** (5 / 5)) + 1030 * 0.66 * (1 - 0.5 ** (5 / 7.5))
    assert emission[0, 1] == pytest.approx(lost, rel=1e-6)
    assert emission[0, 0] == 0
    totals = written["totals"].read_text().splitlines()
    assert totals[0] == "year,pool,stock,accumulation,emission,net"
    assert len(totals) == 1 + 21 * 3
    assert totals[-1].startswith("2030,litter,")
    assert totals[-1].endswith(",,,")


def test_the_program_has_no_value_where_nothing_was_disturbed(tmp_path):
    _, done, _ = run(tmp_path, compat="invest-3.20")
    written = write_invest(done, tmp_path / "out")
    with rasterio.open(written["carbon-emissions-between-2015-and-2020"]) as source:
        emission = source.read(1, masked=True)
    assert emission.mask.tolist() == [[True, False, False, True], [True, True, False, True]]
    assert source.nodata == np.finfo(np.float32).min


def test_totals_and_rasters_are_one_table(tmp_path):
    _, done, _ = run(tmp_path)
    layers = invest_layers(done)
    area = done.trajectories.area_ha.sum(axis=0)
    net = area @ layers["total-net-carbon-sequestration"]
    change = area @ (layers["carbon-stock-at-2030"] - layers["carbon-stock-at-2010"])
    assert net == pytest.approx(change)
    assert done.totals.net.sum() == pytest.approx(net)
    parts = sum(
        v for name, v in layers.items() if name.startswith("total-net-carbon-s") and "-b" in name
    )
    assert area @ parts == pytest.approx(net)


def test_net_present_value_by_hand(tmp_path):
    path = np.array([[1, 1]])
    inputs, _ = read(tmp_path)
    economics = Economics(price=10.0, inflation_percent=2.0, discount_percent=3.0)
    guide = stock_table(path, (2010, 2012), inputs.parameters, 2013)
    # 18 t a year in biomass and soil, each year's at the price and the discount of its end.
    expected = sum(18 * 10 * (1.02 / 1.03) ** year for year in (1, 2, 3))
    assert net_present_value(guide, economics, 2013) == pytest.approx(expected)
    invest = stock_table(path, (2010, 2012), inputs.parameters, 2013, convention="invest-3.20")
    # The program: all carbon so far (litter of the first period too) times all prices so far.
    factor = sum(10 * (1.02 / 1.03) ** year for year in range(3))
    assert net_present_value(invest, economics, 2013) == pytest.approx((2 * 18.1 + 18) * factor)


@pytest.mark.parametrize(
    ("years", "last", "taken"),
    [
        ((2010, 2015, 2018, 2020), 2030, (2018, 2020, 2010, 2015)),
        ((1996, 2010, 2020), 2030, (2010, 1996, 2020)),
        ((2000, 2010, 2020), 2030, (2000, 2010, 2020)),
    ],
)
def test_years_as_the_program_mixes_them(years, last, taken):
    assert shuffled_years(years, last) == taken


def test_side_by_side_uses_the_same_maps(tmp_path):
    years = dict(zip((1996, 2010, 2020), MAPS.values(), strict=True))
    inputs, done, _ = run(tmp_path, changes={"maps": years})
    runs = side_by_side(done, inputs)
    assert list(runs) == ["guide", "invest-3.20", "invest-3.20 as released"]
    assert (runs["guide"].table.stock == done.table.stock).all()
    released = as_released(done, inputs)
    first = {1996: MAPS[2015], 2010: MAPS[2010], 2020: MAPS[2020]}
    _, mixed, _ = run(tmp_path / "mixed", changes={"maps": first}, compat="invest-3.20")
    assert released.totals.net.sum() == pytest.approx(mixed.totals.net.sum())
    assert released.totals.net.sum() != pytest.approx(runs["invest-3.20"].totals.net.sum())


def test_prices_are_read(tmp_path):
    path = tmp_path / "prices.csv"
    path.write_text("year,price\n2010,5\n2011,6.5\n")
    assert read_prices(path) == ({2010: 5.0, 2011: 6.5}, ())
    path.write_text("year,price\n2010,5\n2010,6\n2011.5,cheap\n")
    assert {"price-twice", "number-unreadable"} <= set(codes_of(read_prices(path)[1]))
    assert Economics(price=10.0, inflation_percent=10.0).prices(2010, 2011) == {
        2010: 10.0,
        2011: pytest.approx(11.0),
    }
