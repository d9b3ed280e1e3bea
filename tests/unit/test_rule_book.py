"""What the common half of every rule book promises about a claim."""

import math

from support.small_rules import SmallRules

from bluecarbon.methodology.parameters import Parameters


class NothingEarned(SmallRules):
    def compute(self, area_ha, rate, years):
        return -0.0 * super().compute(area_ha, rate, years)


def test_a_year_that_earns_nothing_is_zero_and_not_minus_zero():
    book = NothingEarned()
    done = book.quantify(book.example(), Parameters(book.spec.parameters))
    claims = (*done.claim_tco2e_by_year.values(), done.claim_tco2e)
    assert claims == (0.0, 0.0, 0.0)
    assert all(math.copysign(1.0, claim) == 1.0 for claim in claims)
