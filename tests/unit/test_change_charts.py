"""Charts of areas and of change: what is drawn, where it is written, and what is refused."""

import matplotlib.image
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from support.change_maps import LEGEND, digests, mrv, write_coast

from bluecarbon.mrv.change_charts import STRATA_MOST, areas_png, change_png


@pytest.fixture
def maps(tmp_path):
    return write_coast(tmp_path / "in")


@pytest.fixture
def drawn(monkeypatch):
    """Widths of the bars by their label, as they are drawn."""
    bars, true = {}, Axes.barh

    def barh(self, places, width, **options):
        bars[options["label"]] = np.asarray(width).tolist()
        return true(self, places, width, **options)

    monkeypatch.setattr(Axes, "barh", barh)
    return bars


def areas(strata=("a", "b")):
    rows = [(s, c, 10.0 * i + 1) for i, s in enumerate(strata) for c in ("outside", "mangrove")]
    return pd.DataFrame(rows, columns=["stratum", "class", "area_ha"])


def is_picture(content, path):
    path.write_bytes(content)
    height, width, _ = matplotlib.image.imread(path).shape
    return width > 1000 and height > 200


def test_outside_is_no_bar_and_strata_keep_their_order(drawn, tmp_path):
    assert is_picture(areas_png(areas(("b", "a"))), tmp_path / "a.png")
    assert drawn == {"mangrove": [1.0, 11.0]}
    assert areas_png(areas()) == areas_png(areas())


def test_many_strata_are_cut_to_the_largest(drawn):
    areas_png(areas([f"s{place}" for place in range(STRATA_MOST + 5)]))
    assert drawn["mangrove"] == [10.0 * place + 1 for place in range(5, STRATA_MOST + 5)]


def test_nothing_but_outside_is_an_empty_chart(drawn, tmp_path):
    only = areas().query("`class` == 'outside'")
    assert is_picture(areas_png(only), tmp_path / "a.png")
    assert drawn == {}


def test_loss_is_drawn_to_the_left(drawn, tmp_path):
    columns = ["class", "stratum", "from_year", "to_year", "gain_ha", "loss_ha", "net_ha"]
    change = pd.DataFrame([("mangrove", "", 2010, 2020, 3.0, 5.0, -2.0)], columns=columns)
    assert is_picture(change_png(change), tmp_path / "c.png")
    assert drawn == {"gain": [3.0], "loss": [-5.0]}


def test_areas_draws_a_chart_beside_its_table(maps, tmp_path):
    plain = mrv("areas", maps[0], *LEGEND)
    done = mrv("areas", maps[0], *LEGEND, "--chart", tmp_path / "a.png")
    assert done.exit_code == 0, done.output
    assert done.stdout == plain.stdout
    assert is_picture((tmp_path / "a.png").read_bytes(), tmp_path / "b.png")


def test_a_chart_never_takes_the_place_of_an_input(maps, tmp_path):
    before = digests(tmp_path)
    alias = tmp_path / "in/map.png"
    alias.symlink_to(maps[0])
    for chart, reason in (
        (tmp_path / "a.svg", "does not end in .png"),
        (alias, "is an input"),
        (tmp_path / "missing/a.png", "cannot be written"),
    ):
        done = mrv("areas", maps[0], *LEGEND, "--chart", chart)
        assert done.exit_code == 2, done.output
        assert reason in done.stderr
        assert done.stdout == ""
    alias.unlink()
    assert digests(tmp_path) == before


def test_change_writes_its_charts(maps, tmp_path):
    done = mrv("change", *maps, *LEGEND, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    for name in ("areas.png", "change.png"):
        assert is_picture((tmp_path / "out" / name).read_bytes(), tmp_path / name)
        assert name in (tmp_path / "out/manifest.json").read_text()
