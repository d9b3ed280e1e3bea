"""Komiyama, Poungparn and Kato 2005, Journal of Tropical Ecology 21:471-477.

W_top = 0.251 rho D^2.46 and W_R = 0.199 rho^0.899 D^2.22, as two independent codes carry them.
The expected kilograms are those formulas worked out with logarithms to ten digits, so the
tolerance is that of double precision. What trees others published with these equations weigh is
compared in tests/real.
"""

import math

import pytest

from bluecarbon.methodology.kernels.allometry import (
    biomass_kg,
    equation,
    komiyama2005_agb_kg,
    komiyama2005_bgb_kg,
)


@pytest.mark.parametrize(
    ("dbh_cm", "density"), [(5.0, 0.544), (10.0, 0.7), (25.0, 0.65), (45.0, 0.8)]
)
def test_above_ground(dbh_cm, density):
    expected = math.exp(math.log(0.251) + math.log(density) + 2.46 * math.log(dbh_cm))
    assert komiyama2005_agb_kg(dbh_cm, density) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("dbh_cm", "density"), [(5.0, 0.544), (10.0, 0.7), (25.0, 0.65), (45.0, 0.8)]
)
def test_roots(dbh_cm, density):
    expected = math.exp(math.log(0.199) + 0.899 * math.log(density) + 2.22 * math.log(dbh_cm))
    assert komiyama2005_bgb_kg(dbh_cm, density) == pytest.approx(expected, rel=1e-12)


def test_the_trees_that_it_was_fitted_to():
    above, roots = equation("komiyama2005-agb"), equation("komiyama2005-bgb")
    assert (above.diameter_min_cm, above.diameter_max_cm, above.n) == (5.0, 49.0, 104)
    assert (roots.diameter_min_cm, roots.diameter_max_cm, roots.n) == (5.0, 45.0, 26)


@pytest.mark.parametrize(
    ("equation_id", "density", "ratio"),
    [
        # Ratios to Komiyama at 10 cm that the collector of the equations noted, with the wood
        # densities of the allometry library. The tolerance is the rounding to two decimals.
        ("clough1989-bruguiera-gymnorhiza-agb", 0.71, 0.73),
        ("comley2005-rhizophora-stylosa-agb", 0.84, 0.97),
        ("ong2004-rhizophora-apiculata-agb", 0.84, 1.02),
        ("comley2005-avicennia-marina-agb", 0.65, 0.85),
        ("clough1997-avicennia-marina-agb", 0.65, 0.75),
    ],
)
def test_ratios_of_other_equations(equation_id, density, ratio):
    got = biomass_kg(equation(equation_id), 10.0) / komiyama2005_agb_kg(10.0, density)
    assert got == pytest.approx(ratio, abs=0.0051)
