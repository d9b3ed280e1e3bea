"""A small project's monitoring data, whose claim a test computes by hand."""

import datetime as dt

from bluecarbon.report import Measurement, Monitoring, Period, Stratum

START, END = dt.date(2019, 12, 20), dt.date(2024, 11, 28)

DECLARATIONS = {
    "mangrove_species_share": 1.0,
    "soil_disturbance_share": 0.02,
    "site_was_degraded": True,
    "burning_ha": 0.0,
    "displaced_agriculture_ha": 0.0,
}

PLOTS = {
    ("K15", START): (20.0, 24.0, 28.0, 22.0),
    ("K15", END): (50.0, 62.0, 58.0, 66.0),
    ("R20", END): (12.0, 15.0, 9.0, 14.0),
}

AREAS = {
    ("K15", START): 80.0,
    ("K15", END): 90.0,
    ("R20", START): 0.0,
    ("R20", END): 50.0,
}

CHANGING = ("mangrove_area", "tree_agb")


def measurement(variable, stratum, date, value, unit, **more):
    return Measurement(
        variable=variable, stratum=stratum, date=date, value=value, unit=unit, **more
    )


def make_monitoring(*, scale_area=1.0, strata_order=("K15", "R20"), **changes):
    rows = []
    for stratum in strata_order:
        rows.append(measurement("stratum_area", stratum, START, 100.0 * scale_area, "ha"))
        rows.append(measurement("baseline_crown_cover", stratum, START, 0.01, "1"))
    for (stratum, date), area in AREAS.items():
        rows.append(measurement("mangrove_area", stratum, date, area * scale_area, "ha"))
    for (stratum, date), plots in PLOTS.items():
        rows += [
            measurement("tree_agb", stratum, date, agb, "t/ha", sample=f"{stratum}-{i}")
            for i, agb in enumerate(plots)
        ]
    planted = {"K15": 2015, "R20": 2020}
    fields = {
        "project_id": "TEST-1",
        "period": Period(start=dt.date(2020, 1, 1), end=dt.date(2025, 1, 1)),
        "stock_start": START,
        "stock_end": END,
        "strata": tuple(
            Stratum(id=s, kind="planted", planted_year=planted[s]) for s in strata_order
        ),
        "measurements": tuple(rows),
        "declarations": DECLARATIONS,
    }
    return Monitoring(**{**fields, **changes})


def make_loss():
    """The same project as if the second inventory had been the first."""
    other = {START: END, END: START}
    data = make_monitoring()
    rows = (
        m.model_copy(update={"date": other[m.date]}) if m.variable in CHANGING else m
        for m in data.measurements
    )
    return data.model_copy(update={"measurements": tuple(rows)})
