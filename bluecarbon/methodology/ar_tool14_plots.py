"""AR-TOOL14 v4.2 Appendix 1: above-ground biomass of a plot where biomass was not measured.

Read in a transcription. Eq A1.1-A1.4 (trees of a fixed-area plot by an allometric equation, summed
over trees and species, over the plot's area) are what an inventory does before a rule book sees
it: the plot's above-ground biomass per hectare times (1 + R_j), because R_j depends on the plot's
biomass and not on the tree. Here stand the other roads to that biomass:

- Eq A1.5 and A1.8: stem volume over bark, by density and expansion factor;
- Eq A1.7: basal area from an angle count, by an allometric equation that is a plain ratio. Any
  other f_j(BA) is applied beforehand and given as biomass.

Sums over species (Eq A1.2, A1.6) are taken before: the density and the ratio are those of the
plots' mix of species.
"""

from __future__ import annotations

from bluecarbon.methodology import ar_tool14
from bluecarbon.methodology.trace import Equation, Number


def biomass_of_volume_t_ha(volume_m3_ha: Number, density_t_m3: Number, expansion: Number) -> Number:
    """Eq A1.5, A1.8 before roots: v D BEF_2 [t d.m./ha], v over bark in m3/ha, D in t d.m./m3."""
    return volume_m3_ha * density_t_m3 * expansion


def biomass_of_basal_area_t_ha(basal_area_m2_ha: Number, ratio_t_m2: Number) -> Number:
    """Eq A1.7 before roots, f_j(BA) = ratio x BA [t d.m./ha], BA in m2/ha, ratio in t d.m./m2."""
    return basal_area_m2_ha * ratio_t_m2


VOLUME = Equation(
    ar_tool14.DOCUMENT,
    "Eq A1.5, A1.8 (above ground)",
    "above-ground tree biomass of a plot by stem volume",
    "t/ha",
    biomass_of_volume_t_ha,
    "{volume_m3_ha}*{density_t_m3}*{expansion}",
)
BASAL_AREA = Equation(
    ar_tool14.DOCUMENT,
    "Eq A1.7 (above ground)",
    "above-ground tree biomass of a plot by basal area",
    "t/ha",
    biomass_of_basal_area_t_ha,
    "{basal_area_m2_ha}*{ratio_t_m2}",
)
