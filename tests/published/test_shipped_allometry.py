"""Every allometric equation that is shipped, at one tree each.

Equations and coefficients: Komiyama et al. 2005 (J. Trop. Ecol. 21:471-477), Chave et al. 2005
(Oecologia 145:87-99, mangrove models), Comley and McGuinness 2005, Clough et al. 1997, Clough and
Scott 1989, Ong et al. 2004, Hossain et al., the Red River Delta study, and the equations for South
China that two public calculators agree on (commit 75dd0b3 of the one). None of them prints a
worked tree, so the kilograms are the printed formula worked out outside of this program, with
decimals of forty digits, to eight; the tolerance is one in the last. Where a second source writes
the same equation in another form, the two are compared below.
"""

import math

import pytest

from bluecarbon.methodology.kernels.allometry import biomass_kg, equation, equations

# id: diameter [cm], height [m], wood density [g/cm3], dry biomass [kg]
TREES = {
    "komiyama2005-agb": (10.0, None, 0.7, 50.672434),
    "komiyama2005-bgb": (10.0, None, 0.7, 23.966036),
    "chave2005-mangrove-height-agb": (10.0, 6.0, 0.6, 18.324),
    "chave2005-mangrove-diameter-agb": (10.0, None, 0.6, 31.618391),
    "comley2005-avicennia-marina-agb": (8.0, None, None, 24.959113),
    "comley2005-avicennia-marina-bgb": (8.0, None, None, 14.571974),
    "comley2005-rhizophora-stylosa-agb": (8.0, None, None, 33.893531),
    "comley2005-rhizophora-stylosa-bgb": (8.0, None, None, 12.495320),
    "clough1997-avicennia-marina-agb": (8.0, None, None, 21.164299),
    "clough1989-bruguiera-gymnorhiza-agb": (8.0, None, None, 22.447809),
    "clough1989-bruguiera-parviflora-agb": (8.0, None, None, 25.562161),
    "clough1989-rhizophora-agb": (8.0, None, None, 27.907183),
    "clough1989-xylocarpus-granatum-agb": (8.0, None, None, 17.908855),
    "ong2004-rhizophora-apiculata-agb": (10.0, None, None, 61.811298),
    "ong2004-rhizophora-apiculata-bgb": (10.0, None, None, 2.8435143),
    "hossain-excoecaria-agallocha-agb": (10.0, None, None, 21.980268),
    "red-river-kandelia-obovata-agb": (10.0, None, None, 5.0303375),
    "red-river-kandelia-obovata-bgb": (10.0, None, None, 1.5711848),
    "red-river-kandelia-obovata-total": (10.0, None, None, 6.6681638),
    "red-river-sonneratia-caseolaris-agb": (10.0, None, None, 4.4083197),
    "red-river-sonneratia-caseolaris-bgb": (10.0, None, None, 1.8782281),
    "red-river-sonneratia-caseolaris-total": (10.0, None, None, 7.4466567),
    "china-kandelia-obovata-agb": (8.0, 4.0, None, 13.734982),
    "china-kandelia-obovata-bgb": (8.0, 4.0, None, 7.1979093),
    "china-kandelia-obovata-sapling-agb": (3.0, None, None, 0.15057375),
    "china-kandelia-obovata-sapling-bgb": (3.0, None, None, 0.073855515),
    "china-aegiceras-corniculatum-agb": (3.0, None, None, 1.507975),
    "china-aegiceras-corniculatum-bgb": (3.0, None, None, 0.385496),
    "china-aegiceras-corniculatum-shrub-agb": (4.0, 1.5, None, 0.29196469),
    "china-avicennia-marina-shrub-agb": (4.0, 1.5, None, 1.604528),
    "china-avicennia-marina-shrub-bgb": (4.0, 1.5, None, 0.837802),
    "china-bruguiera-agb": (10.0, None, None, 37.976326),
    "china-bruguiera-bgb": (10.0, None, None, 16.831412),
    "china-ceriops-tagal-total": (5.0, None, None, 12.050588),
    "china-sonneratia-apetala-agb": (10.0, 8.0, None, 21.670246),
    "china-sonneratia-apetala-bgb": (10.0, 8.0, None, 5.3171505),
    "china-sonneratia-apetala-total": (10.0, 8.0, None, 26.755317),
}

# Judged in the collector's comparison of the two calculators: in conflict with each other by a
# factor of four to seven, known to one of them only, with the unit or the square lost, or
# misprinted in the allometry library; and two that were recalled or inferred and read nowhere.
NOT_SHIPPED = [
    # id that an earlier table had, or a species; coefficients a and b
    ("china-rhizophora-stylosa-total", 0.1719, 1.0254),
    ("china-sonneratia-apetala-other-total", 6.5088, 0.38),
    ("china-sonneratia-total", 0.08469, 0.8532),
    ("china-aegiceras-corniculatum-total", -0.325215, 0.780778),
    ("china-avicennia-marina-total", 1.5066, 1.595),
    ("china-bruguiera-basal-agb", 0.1246, 0.5918),
    ("china-laguncularia-racemosa-agb", 0.102, 2.50),
    ("china-xylocarpus-granatum-bgb", 0.145, 2.55),
    ("china-xylocarpus-granatum-agb", 0.0823, 2.59),
    ("china-laguncularia-racemosa-bgb", 3.622, 1.930),
    ("china-avicennia-marina-shrub-total", -0.348657, 0.116291),
    ("china-aegiceras-corniculatum-tree-agb", 1.496, 0.465),
    ("china-avicennia-marina-tree-agb", 2.092, 0.529),
    ("tam1995-aegiceras-corniculatum-bgb", 0.967, 0.303),
    ("hossain2016-aegiceras-corniculatum-agb", 0.48, -0.13),
    ("lumnitzera-racemosa-agb", 1.184, 2.384),
    ("cole1999-bruguiera-gymnorhiza-agb", 0.0754, 2.50512),
    ("chave2005-mangrove-simplified-agb", 0.168, 2.47),
    ("fromard1998-rhizophora-agb", 0.128, 2.60),
]


def test_no_equation_is_shipped_without_a_tree_here():
    assert set(TREES) == set(equations())


@pytest.mark.parametrize("equation_id", sorted(TREES))
def test_one_tree(equation_id):
    diameter_cm, height_m, density, expected_kg = TREES[equation_id]
    got = biomass_kg(
        equation(equation_id), diameter_cm, wood_density_g_cm3=density, height_m=height_m
    )
    assert float(got) == pytest.approx(expected_kg, rel=1e-7)


@pytest.mark.parametrize(("equation_id", "a", "b"), NOT_SHIPPED)
def test_suspect_equations_are_not_shipped(equation_id, a, b):
    assert equation_id not in equations()
    assert not [row.id for row in equations().values() if (row.a, row.b) in ((a, b), (b, a))]


def test_what_nobody_has_read_is_unverified():
    """Verified is an equation with which published masses of trees were reproduced."""
    for row in equations().values():
        reproduced = "reproduces" in row.note and "no published mass is" not in row.note
        traced = "not traced" not in row.note and "not identified" not in row.note
        assert (row.status == "verified") == (reproduced and traced), row.id
    verified = {row.source for row in equations().values() if row.status == "verified"}
    assert verified == {"komiyama2005", "comley2005", "clough1989", "ong2004"}


@pytest.mark.parametrize(
    ("equation_id", "power", "constant"),
    [("china-kandelia-obovata-agb", 1.053, 2.814), ("china-kandelia-obovata-bgb", 0.990, 2.433)],
)
@pytest.mark.parametrize(("dbh_cm", "height_m"), [(4.0, 2.0), (8.0, 4.0), (15.0, 6.0)])
def test_kandelia_as_the_other_calculator_writes_it(equation_id, power, constant, dbh_cm, height_m):
    """10^(b lg((D/100)^2 H) + c), D in cm: the constant has three decimals, 0.12 %; the other
    form has four digits, 0.02 %."""
    other = 10 ** (power * math.log10((dbh_cm / 100) ** 2 * height_m) + constant)
    got = float(biomass_kg(equation(equation_id), dbh_cm, height_m=height_m))
    assert got == pytest.approx(other, rel=0.0014)


def test_rhizophora_by_girth():
    """A calculator has 10^-1.832 for 0.235: that is the same equation in the girth pi D [cm].

    The tolerance is the rounding of 0.235 and of -1.832 to three digits, 0.2 and 0.1 %.
    """
    by_girth = 10**-1.832 * (math.pi * 10.0) ** 2.42
    got = float(biomass_kg(equation("ong2004-rhizophora-apiculata-agb"), 10.0))
    assert got == pytest.approx(by_girth, rel=0.0033)


def test_the_parts_of_the_avicennia_shrub_add_up_to_the_total_of_the_other_calculator():
    """0.116291 D0^2 H - 0.348657, which had lost its square; both have six decimals."""
    parts = [
        float(biomass_kg(equation(f"china-avicennia-marina-shrub-{part}"), 4.2, height_m=1.8))
        for part in ("agb", "bgb")
    ]
    assert sum(parts) == pytest.approx(0.116291 * 4.2**2 * 1.8 - 0.348657, abs=1e-5)
