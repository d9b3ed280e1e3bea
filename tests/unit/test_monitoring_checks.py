"""Defects that every rule book finds, asked of each of them on its own example."""

import datetime as dt
import json
import math

import pytest
from support.monitoring import make_monitoring, measurement

from bluecarbon.errors import DataError, MethodologyError
from bluecarbon.methodology import loader, monitoring_checks
from bluecarbon.methodology.amount_checks import is_share
from bluecarbon.methodology.input_files import MethodologyInput, parameters_for, read_input
from bluecarbon.methodology.parameter_checks import parameter_findings
from bluecarbon.methodology.parameters import Parameters
from bluecarbon.methodology.vocabulary import did_you_mean_declaration, installed_vocabulary
from bluecarbon.mrv.reference_sample import REST
from bluecarbon.report import Period, Series
from bluecarbon.spec import Parameter

BOOKS = tuple(book.spec.id for book in loader.BUILT_IN)
AR, GUANGDONG = "ar-am0014@3.0", "guangdong-phcer-mangrove@draft"
every_book = pytest.mark.parametrize("book", [*map(loader.get, BOOKS)], ids=BOOKS)


def changed(book, **update):
    return book.example().model_copy(update=update)


def with_declaration(book, key, value=1.0):
    return changed(book, declarations={**book.example().declarations, key: value})


def found(book, monitoring, severity="error"):
    return {f.code: f for f in book.check(monitoring) if f.severity == severity}


def own_rows(book, *rows):
    return Parameters(book.spec.parameters).replaced((*book.example_parameters(), *rows))


def file_of(book, folder, **update):
    page = book.example().model_dump(mode="json")
    page["parameters"] = [row.model_dump(mode="json") for row in book.example_parameters()]
    path = folder / "monitoring.json"
    path.write_text(json.dumps({**page, **update}), encoding="utf-8")
    return path


def row(name, value, unit="1", **more):
    return Parameter(name=name, value=value, unit=unit, source="the project", **more)


def series(variable, values, unit, stratum=""):
    return Series(variable=variable, stratum=stratum, unit=unit, first_year=2019, values=values)


@every_book
def test_the_example_has_no_common_defect(book):
    assert not monitoring_checks.common_findings(book.spec, book.example())


@every_book
def test_a_period_that_ends_before_it_starts(book):
    period = book.example().period
    backwards = Period(start=period.end, end=period.start)
    assert set(found(book, changed(book, period=backwards))) == {"period-reversed"}
    empty = Period(start=period.start, end=period.start)
    with pytest.raises(MethodologyError, match="exclusive"):
        book.quantify(changed(book, period=empty), own_rows(book))


@every_book
def test_a_stratum_twice(book):
    strata = book.example().strata
    assert "stratum-twice" in found(book, changed(book, strata=(*strata, strata[0])))


@every_book
def test_stock_dates_the_wrong_way_round(book):
    dates = {"stock_start": dt.date(2024, 1, 1), "stock_end": dt.date(2019, 1, 1)}
    assert "stock-dates-reversed" in found(book, changed(book, **dates))


@every_book
@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("harvest_cycle_year.project.A", "'harvest_cycle_years.project.A'"),
        ("leakge_tco2e_yr", "'leakage_tco2e_yr'"),
        ("tree_metod", "'tree_method'"),
        ("vmd0052.regulatry_surplus", "'vmd0052.regulatory_surplus'"),
        ("climat_zone:flat", "'climate_zone:flat'"),
        ("foo", "leave it out"),
    ],
)
def test_a_declaration_that_nobody_reads(book, key, hint):
    finding = found(book, with_declaration(book, key))["declaration-unknown"]
    assert hint in finding.fix
    with pytest.raises(MethodologyError, match=r"did you mean|leave it out"):
        book.quantify(with_declaration(book, key), own_rows(book))


@every_book
def test_a_name_for_another_rule_book_is_one_remark(book):
    others = {"burning_ha": 0.0, "climate_zone": "tropical_wet", "nprt.fire.mitigation": 1.0}
    data = changed(book, declarations={**book.example().declarations, **others})
    remark = found(book, data, "info")["data-not-read"]
    assert "declarations" in remark.message
    read = {d.name for d in book.spec.declarations}
    assert ("burning_ha" in remark.message) == ("burning_ha" not in read)


@every_book
def test_variables_that_nobody_reads(book):
    data = changed(
        book,
        measurements=(*book.example().measurements, measured("tree_abg", 5.0, "t/ha")),
        series=(*book.example().series, series("salinty", (1.0,), "g/kg")),
    )
    errors = found(book, data)
    assert "'tree_agb'" in errors["measurement-unknown"].fix
    assert "'salinity'" in errors["series-unknown"].fix


def measured(variable, value, unit, stratum="east"):
    return measurement(variable, stratum, dt.date(2020, 1, 1), value, unit)


def test_facts_of_a_run_that_no_rule_book_reads_make_no_noise():
    run = (
        measured("mapped_mangrove_area", 5.0, "ha"),
        measured("tree_bgb", 5.0, "t/ha"),
        measured("mangrove_area", 5.0, "ha", REST),
    )
    book = loader.get(AR)
    data = changed(book, measurements=(*book.example().measurements, *run))
    assert not monitoring_checks.common_findings(book.spec, data)


def test_series_given_to_a_rule_book_that_reads_none_are_told_of():
    book = loader.get(AR)
    data = changed(book, series=(series("soil_carbon_stock", (1.0,), "tC/ha", "east"),))
    assert "series soil_carbon_stock" in found(book, data, "info")["data-not-read"].message


@every_book
def test_parameter_rows_by_name(book, tmp_path):
    def codes(name, value=1.0):
        given = read_input(file_of(book, tmp_path, parameters=[row(name, value).model_dump()]))
        try:
            parameters_for(book, given)
        except DataError as error:
            return {f.code: f for f in error.findings}
        return {}

    assert "did you mean" in codes("carbon_fraction_tre")["parameter-unknown"].fix
    assert codes(f"{book.spec.id}:nonsense").keys() == {"parameter-unknown"}
    assert AR in codes("ar-am0014@3:carbon_fraction_tree")["parameter-book-unknown"].fix
    other = next(b for b in loader.BUILT_IN if b is not book)
    assert not codes(f"{other.spec.id}:carbon_fraction_tree", 0.5)
    shares = {r.name for r in book.spec.parameters if is_share(r.name) and r.unit == "1"}
    for name in shares:
        assert codes(name, 1.4).keys() == {"parameter-share-above-one"}
        assert codes(name, -0.1).keys() == {"parameter-sign-wrong"}


@pytest.mark.parametrize("name", ["buffer_share", "carbon_fraction", "allochthonous_share"])
def test_guangdong_takes_no_share_beyond_0_and_1(name):
    book = loader.get(GUANGDONG)
    unit = next(r.unit for r in book.spec.parameters if r.name == name)
    for wrong in (45.0, -0.1, math.nan):
        bad = row(name, 0.0, unit).model_copy(update={"value": wrong})
        with pytest.raises(MethodologyError, match=name):
            book.quantify(book.example(), own_rows(book, bad))


@pytest.mark.parametrize("name", [name for name in BOOKS if name != GUANGDONG])
def test_a_replaced_default_is_told_of(name):
    book = loader.get(name)
    shipped = next(r for r in book.spec.parameters if r.value)
    own = shipped.model_copy(
        update={"value": shipped.value * 1.001, "source": "me", "status": "verified"}
    )
    (told,) = [
        f
        for f in book.quantify(book.example(), own_rows(book, own)).findings
        if f.code == "parameter-replaced" and shipped.name in f.subject
    ]
    assert told.severity == "warning"
    assert f"{shipped.value:g}" in told.message
    assert "'me', declared verified" in told.message


def test_a_default_that_is_only_declared_verified_is_told_of():
    book = loader.get("ipcc-wetlands@2013")
    shipped = next(r for r in book.spec.parameters if r.status == "unverified")
    (told,) = parameter_findings(book.spec, [shipped.model_copy(update={"status": "verified"})])
    assert "declares" in told.message
    assert not parameter_findings(book.spec, book.spec.parameters)


def amount(variable, value, unit, **more):
    return found(
        loader.get(more.pop("book", GUANGDONG)),
        make_monitoring(measurements=(measured(variable, value, unit, "K15"),)),
        more.pop("severity", "error"),
    )


@pytest.mark.parametrize(
    ("variable", "value", "unit", "code", "book"),
    [
        ("sediment_bulk_density", 820.0, "g/cm3", "amount-implausible", GUANGDONG),
        ("baseline_crown_cover", 6.0, "1", "share-outside-range", AR),
        ("baseline_crown_cover", 600.0, "percent", "share-outside-range", AR),
        ("mangrove_area", math.inf, "ha", "measurement-not-finite", AR),
    ],
)
def test_amounts_that_cannot_be(variable, value, unit, code, book):
    assert code in amount(variable, value, unit, book=book)


def test_amounts_at_the_limits_pass():
    assert "amount-implausible" not in amount("sediment_bulk_density", 2650.0, "kg/m3")
    assert "share-outside-range" not in amount("baseline_crown_cover", 100.0, "percent", book=AR)


def test_a_stock_beyond_belief_is_a_warning_with_its_value():
    told = amount("tree_agb", 2000.0, "t/ha", book=AR, severity="warning")["amount-implausible"]
    assert "2,000 t/ha" in told.message
    vm = loader.get("vm0033@2.1")
    data = changed(vm, series=(series("soil_carbon_stock", (25e4,), "tC/ha", "K15"),))
    assert "250,000 tC/ha" in found(vm, data, "warning")["amount-implausible"].message


def test_mangrove_is_not_larger_than_its_stratum():
    def with_area(ha):
        data = make_monitoring()
        rows = [
            m.model_copy(update={"value": ha}) if m.variable == "mangrove_area" and m.value else m
            for m in data.measurements
        ]
        return found(loader.get(AR), data.model_copy(update={"measurements": tuple(rows)}))

    assert "area-above-stratum" in with_area(102.0)
    assert "area-above-stratum" not in with_area(100.9)


def test_ar_wants_the_stocks_inside_the_period():
    later = Period(start=dt.date(2040, 1, 1), end=dt.date(2045, 1, 1))
    assert set(found(loader.get(AR), make_monitoring(period=later))) == {"stocks-outside-period"}


def test_ar_names_a_planted_stratum_of_another_kind():
    data = make_monitoring()
    strata = (data.strata[0].model_copy(update={"kind": "other"}), *data.strata[1:])
    told = found(loader.get(AR), data.model_copy(update={"strata": strata}), "warning")
    assert told["stratum-not-counted"].subject == "stratum K15"


def loss(book, data):
    done = book.quantify(data, own_rows(book))
    assert done.claim_tco2e < 0
    return {f.code for f in done.findings}


def test_what_names_no_stratum_is_told_of():
    book = loader.get("ipcc-wetlands@2013")
    data = with_declaration(book, "climate_zone:nowhere", "subtropical")
    data = data.model_copy(update={"measurements": (measured("stratum_area", 1.0, "ha", "no"),)})
    subjects = [f.subject for f in book.check(data) if f.code == "stratum-unknown"]
    assert subjects == ["stratum_area no 2020-01-01", "declaration climate_zone:nowhere"]


def test_a_negative_claim_is_told_of():
    book = loader.get("ipcc-wetlands@2013")
    swap = {"project": "baseline", "baseline": "project"}
    rows = (r.model_copy(update={"scenario": swap[r.scenario]}) for r in book.example().series)
    assert "claim-negative" in loss(book, changed(book, series=tuple(rows)))
    assert "claim-negative" in loss(
        loader.get(GUANGDONG),
        changed(
            loader.get(GUANGDONG),
            series=tuple(
                r.model_copy(update={"values": r.values[::-1]})
                for r in loader.get(GUANGDONG).example().series
            ),
        ),
    )


def test_a_claim_that_is_not_finite_is_refused():
    book = loader.get("ipcc-wetlands@2013")
    rows = tuple(
        r.model_copy(update={"values": (1.7e308,) * 3}) if r.variable == "growing_area" else r
        for r in book.example().series
    )
    with (
        pytest.raises(MethodologyError, match="not a finite number"),
        pytest.warns(RuntimeWarning, match="overflow"),
    ):
        book.quantify(changed(book, series=rows), own_rows(book))


@pytest.mark.parametrize(
    ("drained", "area", "severity", "code"),
    [
        (20.0, None, "warning", "area-counted-twice"),
        (20.0, 30.0, "error", "area-above-stratum"),
        (20.0, 40.0, "", ""),
        (0.0, None, "", ""),
    ],
)
def test_ipcc_land_is_not_drained_and_rewetted_at_once(drained, area, severity, code):
    book = loader.get("ipcc-wetlands@2013")
    data = book.example()
    row_of = next(r for r in data.series if r.variable == "rewetted_area")
    both = row_of.model_copy(update={"variable": "drained_area", "values": (drained,) * 3})
    given = () if area is None else (measured("stratum_area", area, "ha", "ponds"),)
    update = {"series": (*data.series, both), "measurements": given}
    told = [f for f in book.check(data.model_copy(update=update)) if f.severity != "info"]
    assert [(f.severity, f.code) for f in told] == ([(severity, code)] if code else [])


@pytest.mark.parametrize(
    ("name", "value"), [("uncertainty_limit_middle", 0.05), ("uncertainty_discount_middle", 0.5)]
)
def test_ccer_wants_a_ladder_that_climbs(name, value):
    book = loader.get("ccer-14-002@1")
    with pytest.raises(MethodologyError, match="does not climb"):
        book.quantify(book.example(), own_rows(book, row(name, value)))


def test_files_of_windows_are_read_and_keys_stand_once(tmp_path):
    path = file_of(loader.get(AR), tmp_path)
    text = path.read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-8-sig")
    assert read_input(path).project_id
    path.write_text(text.replace('"burning_ha": 0.0', '"burning_ha": 0.0, "burning_ha": 1.0'))
    with pytest.raises(DataError, match=r"burning_ha.*more than once"):
        read_input(path)


@pytest.mark.parametrize("place", ["measurements", "parameters"])
def test_a_yes_is_no_number(place, tmp_path):
    path = file_of(loader.get(GUANGDONG), tmp_path)
    page = json.loads(path.read_text(encoding="utf-8"))
    page[place][0]["value"] = True
    path.write_text(json.dumps(page), encoding="utf-8")
    with pytest.raises(DataError, match="a yes/no and no number"):
        read_input(path)


def test_hints_come_from_all_installed_rule_books():
    known = installed_vocabulary()
    assert did_you_mean_declaration("plots_remeasurd", known.declarations)
    assert not known.reads_declaration("climate_zone.flat")
    assert known.reads_measurement("baseline_core_thickness")


def test_the_schema_says_what_is_easily_mistaken():
    schema = json.dumps(MethodologyInput.model_json_schema())
    assert "one standard error per value (not a half-width)" in schema
    assert "end is exclusive" in schema


@every_book
def test_optional_is_not_required_and_limitations_are_told(book):
    assert book.spec.limitations
    for item in book.spec.declarations:
        assert not (item.about.startswith("optional") and item.required), item.name
