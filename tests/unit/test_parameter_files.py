"""Filling in parameter values from an operator's CSV or TOML file."""

import math

import pytest

from bluecarbon.methodology.ccer_14_002 import CCER_14_002_V1
from bluecarbon.methodology.parameter_files import fill, listed, template, unusable
from bluecarbon.methodology.parameters import Parameters
from bluecarbon.spec import Parameter, errors_in

ROWS = (
    Parameter(name="carbon_fraction", unit="tC/t", source="document", applies_to="trees"),
    Parameter(name="soil_rate", unit="tC/ha/yr", source="document"),
    Parameter(name="known", value=0.1, unit="1", source="document", status="verified"),
)
HEADER = "name,value,unit,source,locator,status\n"


@pytest.fixture
def filled(tmp_path):
    def run(text, name="values.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        rows, findings = fill(ROWS, path)
        return {row.name: row for row in rows}, findings

    return run


def test_values_are_filled_in_and_the_rest_stays(filled):
    rows, findings = filled(HEADER + "carbon_fraction,0.47,tC/t,official text,Table 3,verified\n")
    assert findings == ()
    row = rows["carbon_fraction"]
    assert (row.value, row.source, row.locator, row.status) == (
        0.47,
        "official text",
        "Table 3",
        "verified",
    )
    assert row.applies_to == "trees"
    assert rows["soil_rate"] == ROWS[1]
    assert rows["known"] == ROWS[2]


def test_toml_says_the_same(filled):
    csv_rows, _ = filled(HEADER + "soil_rate,0.8,tC/ha/yr,official text,Table 4,verified\n")
    toml_rows, findings = filled(
        '[[parameter]]\nname = "soil_rate"\nvalue = 0.8\nunit = "tC/ha/yr"\n'
        'source = "official text"\nlocator = "Table 4"\nstatus = "verified"\n',
        "values.toml",
    )
    assert findings == ()
    assert toml_rows == csv_rows


def test_compatible_units_convert_when_used(filled):
    rows, findings = filled(HEADER + "soil_rate,80,gC/m2/yr,official text,Table 4,verified\n")
    assert findings == ()
    assert Parameters(rows.values()).term("soil_rate", "tC/ha/yr").single == pytest.approx(0.8)


def test_standard_error_and_distribution_come_along(filled):
    header = HEADER.replace("status", "status,standard_error,distribution,note")
    rows, findings = filled(
        header + "soil_rate,0.8,tC/ha/yr,official text,Table 4,verified,0.1,lognormal,checked\n"
    )
    assert findings == ()
    row = rows["soil_rate"]
    assert (row.standard_error, row.distribution, row.note) == (0.1, "lognormal", "checked")


@pytest.mark.parametrize(
    ("line", "code", "word"),
    [
        ("carbon_fractoin,0.47,tC/t,text,p. 3,verified", "parameter-unknown", "carbon_fraction"),
        ("carbon_fraction,0.47,t/t,text,p. 3,verified", "parameter-unit-wrong", "tC/t"),
        ("carbon_fraction,0.47,tCO2e/t,text,p. 3,verified", "parameter-unit-wrong", "tC/t"),
        ("carbon_fraction,0.47,,text,p. 3,verified", "parameter-unit-wrong", "tC/t"),
        ("carbon_fraction,0.47,tC/t,,p. 3,verified", "parameter-source-missing", "document"),
        ("carbon_fraction,0.47,tC/t,text,,verified", "parameter-locator-missing", "page"),
        ("carbon_fraction,0.47,tC/t,text,p. 3,checked", "parameter-status-unknown", "verified"),
        ("carbon_fraction,some,tC/t,text,p. 3,verified", "parameter-not-a-number", ""),
        ("carbon_fraction,nan,tC/t,text,p. 3,verified", "parameter-not-a-number", ""),
        ("carbon_fraction,0.4,tC/t,text,p. 3,verified,1", "parameter-file-columns", ""),
        ("carbon_fraction,47,tC/t,text,p. 3,verified", "parameter-share-above-one", "0 ... 1"),
        ("carbon_fraction,-3,tC/t,text,p. 3,verified", "parameter-sign-wrong", ""),
    ],
)
def test_defective_lines_are_refused_with_their_place(filled, line, code, word):
    rows, findings = filled(HEADER + line + "\n")
    (finding,) = errors_in(findings)
    assert finding.code == code
    assert finding.subject.startswith("values.csv line 2")
    assert word in finding.fix
    assert tuple(rows.values()) == ROWS


@pytest.mark.parametrize(
    ("extra", "code"),
    [
        ("-0.1,normal", "parameter-not-a-number"),
        ("0.1,cauchy", "parameter-distribution-unknown"),
    ],
)
def test_defective_errors_are_refused(filled, extra, code):
    header = HEADER.replace("status", "status,standard_error,distribution")
    _, findings = filled(header + f"soil_rate,0.8,tC/ha/yr,text,p. 4,verified,{extra}\n")
    assert [f.code for f in errors_in(findings)] == [code]


def test_a_lognormal_value_must_be_above_zero(filled):
    header = HEADER.replace("status", "status,distribution")
    _, findings = filled(header + "soil_rate,0,tC/ha/yr,text,p. 4,verified,lognormal\n")
    assert [f.code for f in errors_in(findings)] == ["parameter-not-a-number"]


def test_all_defects_are_reported_at_once_and_nothing_is_filled_in(filled):
    rows, findings = filled(
        HEADER
        + "carbon_fraction,0.47,tC/t,text,p. 3,verified\n"
        + "soil_rate,0.8,t/ha/yr,,p. 4,verified\n"
        + "soil_rates,0.8,tC/ha/yr,text,p. 4,verified\n"
        + "carbon_fraction,0.48,tC/t,text,p. 3,verified\n"
    )
    assert sorted(f.code for f in findings) == [
        "parameter-source-missing",
        "parameter-twice",
        "parameter-unit-wrong",
        "parameter-unknown",
    ]
    assert tuple(rows.values()) == ROWS


def test_an_empty_value_leaves_the_row(filled):
    rows, findings = filled(HEADER + "soil_rate,,tC/ha/yr,text,,unverified\n")
    assert [f.severity for f in findings] == ["info"]
    assert rows["soil_rate"] == ROWS[1]


def test_an_empty_status_is_unverified(filled):
    rows, _ = filled(HEADER + "soil_rate,0.8,tC/ha/yr,text,,\n")
    assert rows["soil_rate"].status == "unverified"


@pytest.mark.parametrize(
    ("text", "name", "code"),
    [
        ("name,value\nsoil_rate,0.8\n", "a.csv", "parameter-file-columns"),
        ("", "a.csv", "parameter-file-columns"),
        ("[[parameter]\n", "a.toml", "parameter-file-unreadable"),
        ("parameter = 3\n", "a.toml", "parameter-file-columns"),
    ],
)
def test_unreadable_files(filled, text, name, code):
    _, findings = filled(text, name)
    assert [f.code for f in findings] == [code]


def test_a_file_that_is_not_there(tmp_path):
    rows, findings = fill(ROWS, tmp_path / "none.csv")
    assert rows == ROWS
    assert [f.code for f in findings] == ["parameter-file-unreadable"]


def test_what_a_run_may_not_rest_on():
    rows = Parameters(ROWS).replaced([ROWS[1].model_copy(update={"value": 1.0})])
    names = ("carbon_fraction", "soil_rate", "known", "absent")
    found = {f.subject: f.code for f in unusable(rows, names)}
    assert found == {
        "absent": "parameter-value-missing",
        "carbon_fraction": "parameter-value-missing",
        "soil_rate": "parameter-unverified",
    }
    assert "soil_rate" not in {f.subject for f in unusable(rows, names, draft=True)}
    spoiled = rows.replaced([ROWS[2].model_copy(update={"value": math.nan})])
    assert [f.code for f in unusable(spoiled, ["known"], draft=True)] == ["parameter-not-a-number"]
    assert "absent, carbon_fraction: has no value" in listed(unusable(rows, names))


def test_the_template_of_a_rule_book_comes_back_filled(tmp_path):
    path = tmp_path / "ccer.csv"
    path.write_text(template(CCER_14_002_V1.spec.parameters), encoding="utf-8")
    rows, findings = fill(CCER_14_002_V1.spec.parameters, path)
    assert errors_in(findings) == ()
    assert [r.value for r in rows] == [r.value for r in CCER_14_002_V1.spec.parameters]
    # Keyed in as an operator would, every row verified: the rule book computes without a draft.
    values = {row.name: row for row in CCER_14_002_V1.example_parameters()}
    lines = ["name,value,unit,source,locator,status"]
    for row in CCER_14_002_V1.spec.parameters:
        value = values.get(row.name, row).value
        lines.append(f"{row.name},{value},{row.unit},official PDF,p. 9,verified")
    path.write_text("\ufeff" + "\r\n".join(lines), encoding="utf-8")  # as Excel saves it
    rows, findings = fill(CCER_14_002_V1.spec.parameters, path)
    assert findings == ()
    example = CCER_14_002_V1.example()
    plain = example.model_copy(update={"declarations": {**example.declarations, "draft": False}})
    assert not CCER_14_002_V1.quantify(plain, Parameters(rows)).draft
