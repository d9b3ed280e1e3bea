"""Training points are no reference points: by place, by id and by what they declare."""

import pandas as pd
import pytest

from bluecarbon.mrv.independence import provenance_findings, training_findings

METRE = 1 / 111_320
"""Degrees of latitude in a metre, near enough."""


def table(*places, ids=None, epoch=None):
    rows = pd.DataFrame(places, columns=["lon", "lat"]).assign(row=range(2, 2 + len(places)))
    if ids:
        rows["point_id"] = ids
    return rows if epoch is None else rows.assign(epoch=epoch)


def found(reference, training, distance_m=10):
    return training_findings(reference, training, distance_m=distance_m, subject="r.csv")


def test_points_within_the_distance_are_refused_with_their_rows():
    reference = table((110.0, 21.0), (110.0, 21.0 + 9 * METRE), (110.0, 21.0 + 30 * METRE))
    (finding,) = found(reference, table((110.0, 21.0)))
    assert (finding.code, finding.severity) == ("reference-is-training", "error")
    assert finding.subject == "r.csv rows 2, 3"
    assert "within 10 m" in finding.message


def test_distance_is_metres_on_the_ground_also_at_high_latitude_and_across_the_date_line():
    # 9 m to the east at 60 degrees north are twice the degrees of the equator
    step = 9 * METRE / 0.5
    assert found(table((10.0 + step, 60.0)), table((10.0, 60.0)))
    assert not found(table((10.0 + 1.3 * step, 60.0)), table((10.0, 60.0)))
    assert found(table((179.99999, 0.0)), table((-179.99999, 0.0)))


def test_points_of_another_epoch_are_another_sample():
    place = (110.0, 21.0)
    assert found(table(place, epoch=2015), table(place, epoch=2015))
    assert found(table(place, epoch=2015), table(place, epoch=2020)) == ()
    assert found(table(place), table(place, epoch=2020))


def test_the_same_id_close_by_is_the_same_point_moved():
    reference = table((110.0, 21.0 + 50 * METRE), ids=["P7"])
    (finding,) = found(reference, table((110.0, 21.0), ids=["P7"]))
    assert finding.code == "reference-is-training"
    assert "same point, moved" in finding.message


def test_the_same_id_far_away_is_a_remark():
    reference = table((110.0, 22.0), (110.5, 22.0), ids=["1", "2"])
    (finding,) = found(reference, table((110.0, 21.0), (112.0, 21.0), ids=["1", ""]))
    assert (finding.code, finding.severity) == ("reference-id-shared", "info")
    assert finding.subject == "r.csv row 2"


def test_nothing_in_common_is_nothing_found():
    assert found(table((110.0, 21.0), ids=["a"]), table((111.0, 21.0), ids=["b"])) == ()
    assert found(table((110.0, 21.0)), table()) == ()


@pytest.mark.parametrize("word", ["training", "Calibration points", "purposive", "opportunistic"])
def test_declared_provenance_is_believed(word):
    reference = table((110.0, 21.0), (110.1, 21.0)).assign(provenance=["random", word])
    (finding,) = provenance_findings(reference, subject="r.csv")
    assert (finding.code, finding.severity) == ("reference-not-probability", "error")
    assert finding.subject == "r.csv row 3"


def test_an_unknown_provenance_is_asked_about_and_none_is_not():
    reference = table((110.0, 21.0), (110.1, 21.0), (110.2, 21.0))
    words = ["drone", "", "Stratified Random"]
    (finding,) = provenance_findings(reference.assign(provenance=words), subject="r.csv")
    assert (finding.code, finding.subject) == ("reference-provenance-unknown", "r.csv row 2")
    assert provenance_findings(reference, subject="r.csv") == ()
