"""The published accuracy of mangrove change in Global Mangrove Watch v3.12, all 17 366 points.

Source: github.com/globalmangrovewatch/gmw_jaxa_sar_change_analysis at ec59cdb, file 10_acc_assess/
19_acc_ref_pts_pop_stats/gmw_chng_acc_stats_v312.csv (CC BY 4.0; Bunting et al. 2022, Remote Sens.
14:3657). Its rows are the reference, and its "User Acc" is the share of a row: producer's accuracy.
Numbers are printed in full, so the tolerance is that of floating point.
"""

import pytest

from bluecarbon.mrv.published_matrix import label_findings, read_published, rows_of

TABLE = """\
overall accuracy,0.9002073016238628
""
class,f1-score,precision,recall,support
Mangroves,0.8737465815861439,0.8928737773637634,0.8554216867469879,4482
Mangroves > Not Mangroves,0.5983701979045402,0.5059055118110236,0.7321937321937322,702
Not Mangroves,0.9459831412351626,0.9577636506139511,0.9344889115472852,11769
Not Mangroves > Mangroves,0.5821501014198783,0.5008726003490401,0.6949152542372882,413
""
Point Count Confusion Matrix
,Mangroves,Mangroves > Not Mangroves,Not Mangroves,Not Mangroves > Mangroves,User Acc
Mangroves,3834,193,339,116,85.54216867469879
Mangroves > Not Mangroves,107,514,79,2,73.21937321937322
Not Mangroves,296,307,10998,168,93.44889115472851
Not Mangroves > Mangroves,57,2,67,287,69.49152542372882
Producer,89.28737773637634,50.59055118110236,95.77636506139511,50.08726003490401
""
"""
AGREED = {"v312": 15_633, "v313": 15_621, "v314": 15_664, "v315": 15_659}
"""Sums of the diagonals of the four tables of that folder, one for each version of the maps."""

LOSS, GAIN = "Mangroves > Not Mangroves", "Not Mangroves > Mangroves"


@pytest.fixture
def published(tmp_path):
    path = tmp_path / "stats.csv"
    path.write_text(TABLE, encoding="utf-8")
    found, findings = read_published(path)
    assert findings == ()
    return found


def test_no_version_has_an_overall_accuracy_of_0_9010(published):
    matrix, _ = published.oriented("reference", "stats.csv")
    assert matrix.agreed.sum() == AGREED["v312"]
    overall = {version: agreed / matrix.points for version, agreed in AGREED.items()}
    shown = {version: f"{share:.4f}" for version, share in overall.items()}
    assert shown == {"v312": "0.9002", "v313": "0.8995", "v314": "0.9020", "v315": "0.9017"}
    assert "0.9010" not in shown.values()


def test_precision_tells_that_rows_are_the_reference(published):
    assert rows_of(published) == "reference"


def test_the_swapped_labels_are_caught(published):
    found = label_findings(published, subject="stats.csv")
    assert [finding.code for finding in found] == ["accuracy-labels-swapped"] * 2
    assert "'User Acc' holds the share of every row" in found[0].message
    assert "it is producer's accuracy" in found[0].message
    assert "50.6%, not 73.2%" in found[0].message


def test_the_matrix_gives_the_published_accuracy(published):
    matrix, findings = published.oriented("reference", "stats.csv")
    assert findings == ()
    assert matrix.points == 17_366
    assert matrix.overall == pytest.approx(0.9002073016238628, rel=1e-12)
    assert matrix.users[LOSS] == pytest.approx(0.5059055118110236, rel=1e-12)
    assert matrix.producers[LOSS] == pytest.approx(0.7321937321937322, rel=1e-12)
    assert matrix.users[GAIN] == pytest.approx(0.5008726003490401, rel=1e-12)
    assert matrix.producers[GAIN] == pytest.approx(0.6949152542372882, rel=1e-12)
