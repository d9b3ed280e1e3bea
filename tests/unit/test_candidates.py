"""The candidate mask: reasons, hectares, and that mangrove is never hidden in silence."""

import numpy as np
import pytest

from bluecarbon.mrv import candidates
from bluecarbon.mrv.area import Weights
from bluecarbon.mrv.candidates import MAPPED_AS, REASONS, Ground, candidate_reasons
from bluecarbon.mrv.class_maps import CODE_OF
from bluecarbon.project import Candidates

NAN = np.nan


def ground(**layers):
    """Five pixels: mangrove, sea, dry field, mangrove on a hill, mangrove far inland."""
    bands = {
        "green": [0.05, 0.09, 0.10, 0.05, 0.05],
        "red": [0.04, 0.07, 0.12, 0.04, 0.04],
        "nir": [0.32, 0.03, 0.15, 0.32, 0.32],
    }
    made = {name: np.array(values, np.float32) for name, values in bands.items()}
    return Ground(made, **{name: np.array(v, np.float32) for name, v in layers.items()})


RULES = Candidates(elevation_max_m=10, water_distance_max_m=500, ndwi_max=0.2, ndvi_min=0.3)


def test_each_pixel_has_the_first_reason_that_excludes_it():
    found = candidate_reasons(
        ground(elevation_m=[1, 0, 2, 40, 2], water_distance_m=[10, 0, 400, 800, 900]), RULES
    )
    assert [REASONS[code] for code in found] == [
        "candidate",
        "open water",
        "no vegetation",
        "too high",
        "too far from tidal water",
    ]
    assert MAPPED_AS[found[1]] == CODE_OF["water"]
    assert MAPPED_AS[found[3]] == CODE_OF["other"]


def test_what_is_not_known_is_no_reason():
    found = candidate_reasons(
        ground(elevation_m=[NAN] * 5, water_distance_m=[NAN] * 5),
        Candidates(elevation_max_m=10, water_distance_max_m=500),
    )
    assert not found.any()
    assert not candidate_reasons(ground(), Candidates(elevation_max_m=10)).any()


def test_a_mask_without_a_rule_is_refused():
    with pytest.raises(ValueError, match="at least one rule"):
        Candidates(water_area_min_ha=5)


def test_hectares_of_every_reason_are_told():
    reasons = np.array([[0, 1, 1, 3]], np.uint8)
    whole = Weights(slice(0, 1), slice(0, 4), np.array([[1.0, 2.0, 0.5, 4.0]]))
    area_ha = candidates.left_out_ha(reasons, whole)
    assert area_ha == {"candidate": 1.0, "too high": 2.5, "open water": 4.0}
    finding = candidates.left_out_finding(2020, area_ha)
    assert finding.subject == "epoch 2020"
    assert "looked for on 1.0 ha" in finding.message
    assert "too high 2.5 ha, open water 4.0 ha" in finding.message
    assert "left out: nothing" in candidates.left_out_finding(2020, {"candidate": 7.0}).message


def test_hidden_labels_are_named():
    codes = np.array([1, 1, 1, 2], np.uint8)
    assert candidates.hidden_labels(np.array([0, 0, 0, 3], np.uint8), codes) == ()
    (finding,) = candidates.hidden_labels(np.array([0, 1, 1, 3], np.uint8), codes)
    assert finding.code == "candidates-hide-labels"
    assert finding.severity == "warning"
    assert "2 of 3 mangrove labels" in finding.message
    assert "too high 2" in finding.message


def test_the_audit_estimates_what_is_hidden():
    reasons, codes = np.array([1, 1, 3, 3], np.uint8), np.array([1, 2, 2, 6], np.uint8)
    finding = candidates.audit_finding(2020, reasons, codes, left_out_area_ha=80.0)
    assert finding.code == "candidates-hide-mangrove"
    assert finding.severity == "warning"
    assert "1 of 4 pixels" in finding.message
    assert "(too high 1): about 20.0 ha are hidden" in finding.message
    clean = candidates.audit_finding(2020, reasons, codes + 1, left_out_area_ha=80.0)
    assert clean.code == "candidates-hide-nothing"
    assert clean.severity == "info"


def test_the_audit_is_drawn_from_what_is_left_out(monkeypatch):
    reasons = np.zeros((20, 20), np.uint8)
    reasons[5:] = 1
    usable = np.ones((20, 20), bool)
    usable[:, 0] = False
    places = candidates.audit_places(reasons, usable, seed=1)
    assert len(places) == 15 * 19
    assert (places // 20 >= 5).all()
    assert (places % 20 > 0).all()
    monkeypatch.setattr(candidates, "AUDITED_PIXELS", 10)
    drawn = [candidates.audit_places(reasons, usable, seed).tolist() for seed in (1, 1, 2)]
    assert len(drawn[0]) == 10
    assert drawn[0] == drawn[1] != drawn[2]
