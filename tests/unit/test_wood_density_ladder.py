"""The wood density of each tree, from the sheet down to the mean of mangroves."""

import numpy as np
import pandas as pd
import pytest

from bluecarbon.methodology.kernels.wood_density import wood_densities
from bluecarbon.mrv.wood_density_ladder import FAMILIES, ladder_findings, with_wood_density

LADDER = [
    ("秋茄", 0.6, 0.6, "measured"),
    ("秋茄", np.nan, 0.544, "gwdd2"),
    ("Rhizophora mucronata", np.nan, (0.87 + 0.772) / 2, "genus mean of Rhizophora, 2 species"),
    ("Rhizophora sp.", np.nan, (0.87 + 0.772) / 2, "genus mean of Rhizophora"),
    ("Lumnitzera racemosa", np.nan, 0.60, "family mean of Combretaceae, 1 species"),
    ("", np.nan, None, "site mean"),
    ("Nypa fruticans", np.nan, None, "site mean"),
]


def trees():
    names, given, _, _ = zip(*LADDER, strict=True)
    return pd.DataFrame(
        {"species": names, "wood_density_g_cm3": given, "line": range(2, 2 + len(names))}
    )


def test_every_rung():
    done = with_wood_density(trees(), pd.Series(["A"] * len(LADDER)))
    site = np.mean([value for _, _, value, _ in LADDER if value is not None])
    for row, (_, _, value, source) in zip(done.itertuples(), LADDER, strict=True):
        assert row.wood_density_g_cm3 == pytest.approx(site if value is None else value)
        assert row.wood_density_source.startswith(source)


def test_the_site_is_the_stratum_and_counts_stems():
    table = trees().assign(count=1.0)
    table.loc[0, "count"] = 9.0
    strata = pd.Series(["A", "A", "B", "B", "B", "A", "C"])
    done = with_wood_density(table, strata)["wood_density_g_cm3"]
    assert done[5] == pytest.approx((9 * 0.6 + 0.544) / 10)
    assert done[6] == wood_densities()["common"].density_g_cm3


def test_the_last_rung_is_said_to_be_the_mean_of_mangroves():
    done = with_wood_density(trees().iloc[[6]], pd.Series(["A"], index=[6]))
    assert done["wood_density_source"].tolist() == ["default: mean of mangroves (ipcc2013-ch4)"]


def test_the_counts_of_every_rung_and_the_trees_of_the_lower_ones():
    done = with_wood_density(trees(), pd.Series(["A"] * len(LADDER)))
    first, *rest = ladder_findings(done, "trees.csv")
    assert first.message == (
        "wood densities by trees: measured 1, species 1, genus mean 2, family mean 1, site mean 2"
    )
    assert [f.severity for f in rest] == ["warning"] * 5
    assert {f.subject for f in rest} >= {"trees.csv row 4", "trees.csv row 7"}
    assert any(f.message.startswith("species is not given") for f in rest)


def test_every_genus_of_the_table_has_a_family():
    genera = {name.split()[0] for name in wood_densities() if name != "common"}
    assert genera <= set(FAMILIES)
