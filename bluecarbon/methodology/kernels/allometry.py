"""Tree biomass from diameter, height and wood density.

An equation is a row of ``tables/allometry_equations.csv``: its form, its coefficients, the trees
it was fitted to, and whether somebody has read it. A function here evaluates a form; adding an
equation means adding a row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bluecarbon.errors import MethodologyError
from bluecarbon.methodology.tables import read_table
from bluecarbon.spec import Status, Value

FloatArray = NDArray[np.float64]
Component = Literal["agb", "bgb", "total"]
DiameterKind = Literal["breast", "basal", "30cm"]

COMMON = "common"
"""The species name of an equation that holds for any mangrove."""


class Equation(Value):
    """One published equation: dry biomass of a tree in kg.

    Diameter in cm (``diameter`` says where on the stem it is measured), height in m, wood density
    in g/cm3. The ranges are those of the trees it was fitted to; None where nobody stated them.
    """

    id: str
    species: tuple[str, ...]
    component: Component
    form: str
    a: float
    b: float
    c: float | None = None
    d: float | None = None
    diameter: DiameterKind = "breast"
    diameter_min_cm: float | None = None
    diameter_max_cm: float | None = None
    height_min_m: float | None = None
    height_max_m: float | None = None
    n: int | None = None
    region: str = ""
    source: str
    locator: str = ""
    status: Status = "unverified"
    note: str = ""

    @property
    def needs_height(self) -> bool:
        """Whether the form uses the height of the tree."""
        return "volume" in self.form

    @property
    def needs_wood_density(self) -> bool:
        """Whether the form uses the density of the wood."""
        return self.form.startswith("density")

    def applies_to(self, species: str) -> bool:
        """Whether the equation was made for this species (an accepted name), or for any."""
        return species in self.species or COMMON in self.species


def _power(row: Equation, dbh_cm: FloatArray, _height: FloatArray, _rho: FloatArray) -> FloatArray:
    return row.a * dbh_cm**row.b


def _density_power(
    row: Equation, dbh_cm: FloatArray, _height: FloatArray, rho: FloatArray
) -> FloatArray:
    return row.a * rho ** (1.0 if row.c is None else row.c) * dbh_cm**row.b


def _density_ln_polynomial(
    row: Equation, dbh_cm: FloatArray, _height: FloatArray, rho: FloatArray
) -> FloatArray:
    logarithm = np.log(dbh_cm)
    polynomial = np.polynomial.polynomial.polyval(
        logarithm, [row.a, row.b, row.c or 0.0, row.d or 0.0]
    )
    return np.asarray(rho * np.exp(polynomial))


def _volume_power(
    row: Equation, dbh_cm: FloatArray, height_m: FloatArray, _rho: FloatArray
) -> FloatArray:
    return row.a * (dbh_cm**2 * height_m) ** row.b


def _density_volume_power(
    row: Equation, dbh_cm: FloatArray, height_m: FloatArray, rho: FloatArray
) -> FloatArray:
    return row.a * rho * (dbh_cm**2 * height_m) ** row.b


def _linear(row: Equation, dbh_cm: FloatArray, _height: FloatArray, _rho: FloatArray) -> FloatArray:
    return np.clip(row.a + row.b * dbh_cm, 0.0, None)


def _volume_linear(
    row: Equation, dbh_cm: FloatArray, height_m: FloatArray, _rho: FloatArray
) -> FloatArray:
    return np.clip(row.a + row.b * dbh_cm**2 * height_m, 0.0, None)


def _log10(row: Equation, dbh_cm: FloatArray, _height: FloatArray, _rho: FloatArray) -> FloatArray:
    return np.asarray(np.power(10.0, row.a) * dbh_cm**row.b)


def _exp_ln_square(
    row: Equation, dbh_cm: FloatArray, _height: FloatArray, _rho: FloatArray
) -> FloatArray:
    return np.asarray(np.exp(row.a) * (dbh_cm**2) ** row.b)


FORMS: Mapping[str, Callable[[Equation, FloatArray, FloatArray, FloatArray], FloatArray]] = (
    MappingProxyType(
        {
            "power": _power,
            "density-power": _density_power,
            "density-ln-polynomial": _density_ln_polynomial,
            "volume-power": _volume_power,
            "density-volume-power": _density_volume_power,
            "linear": _linear,
            "volume-linear": _volume_linear,
            "log10": _log10,
            "exp-ln-square": _exp_ln_square,
        }
    )
)
"""The forms that a row may name:

========================  ================================================
power                     a D^b
density-power             a rho^c D^b (c is 1 if absent)
density-ln-polynomial     rho exp(a + b ln D + c (ln D)^2 + d (ln D)^3)
volume-power              a (D^2 H)^b
density-volume-power      a rho (D^2 H)^b
linear                    a + b D, not below 0
volume-linear             a + b D^2 H, not below 0
log10                     10^(a + b log10 D)
exp-ln-square             exp(a + b ln D^2)
========================  ================================================
"""


@cache
def equations() -> Mapping[str, Equation]:
    """Every equation that is shipped, by id."""
    rows = read_table("allometry_equations.csv", "equation_id")
    return MappingProxyType({row["equation_id"]: _equation(row) for row in rows})


def _equation(row: Mapping[str, str]) -> Equation:
    cells = {name: text for name, text in row.items() if text != ""}
    species = tuple(cells.pop("species").split("|"))
    made = Equation.model_validate({"id": cells.pop("equation_id"), "species": species, **cells})
    if made.form not in FORMS:
        raise MethodologyError(f"equation {made.id!r}: unknown form {made.form!r}")
    return made


def equation(equation_id: str) -> Equation:
    """One equation. MethodologyError when there is none with this id."""
    if equation_id not in equations():
        raise MethodologyError(f"no allometric equation {equation_id!r}")
    return equations()[equation_id]


def biomass_kg(
    row: Equation,
    diameter_cm: ArrayLike,
    *,
    wood_density_g_cm3: ArrayLike | None = None,
    height_m: ArrayLike | None = None,
) -> FloatArray:
    """Dry biomass [kg] of trees by one equation.

    Parameters
    ----------
    row
        The equation, as :func:`equation` gives it.
    diameter_cm
        Diameter [cm] where ``row.diameter`` says; any shape, NaN where it is not known.
    wood_density_g_cm3, height_m
        Wood density [g/cm3] and tree height [m]; broadcast against the diameter.

    Returns
    -------
    Array of the broadcast shape; NaN where an input that the form uses is NaN.

    Raises
    ------
    MethodologyError
        The form needs wood density or height and it was not given.
    """
    for needed, given, name in (
        (row.needs_wood_density, wood_density_g_cm3, "wood density"),
        (row.needs_height, height_m, "tree height"),
    ):
        if needed and given is None:
            raise MethodologyError(f"equation {row.id!r} needs {name}")
    nothing = np.array(np.nan)
    return FORMS[row.form](
        row,
        np.asarray(diameter_cm, dtype=np.float64),
        nothing if height_m is None else np.asarray(height_m, dtype=np.float64),
        nothing if wood_density_g_cm3 is None else np.asarray(wood_density_g_cm3, dtype=np.float64),
    )


def outside_range(
    row: Equation, diameter_cm: ArrayLike, height_m: ArrayLike = np.nan
) -> NDArray[np.bool_]:
    """Which trees lie outside those that the equation was fitted to.

    By diameter [cm], of the kind that the equation uses, and by height [m]; borders belong to the
    range. False where a range is not stated, and where the size is NaN.
    """
    return outside_diameters(row, diameter_cm) | outside_heights(row, height_m)


def outside_diameters(row: Equation, diameter_cm: ArrayLike) -> NDArray[np.bool_]:
    """Which diameters [cm] lie outside those of the trees that the equation was fitted to."""
    return _outside(diameter_cm, row.diameter_min_cm, row.diameter_max_cm)


def outside_heights(row: Equation, height_m: ArrayLike) -> NDArray[np.bool_]:
    """Which heights [m] lie outside those of the trees that the equation was fitted to.

    An equation may state heights and not use them: that of small trees is not for tall ones.
    """
    return _outside(height_m, row.height_min_m, row.height_max_m)


def _outside(size: ArrayLike, least: float | None, most: float | None) -> NDArray[np.bool_]:
    measured = np.asarray(size, dtype=np.float64)
    low = -np.inf if least is None else least
    high = np.inf if most is None else most
    return np.asarray((measured < low) | (measured > high))


def komiyama2005_agb_kg(dbh_cm: ArrayLike, wood_density_g_cm3: ArrayLike) -> FloatArray:
    r"""Above-ground dry biomass [kg] of any mangrove tree.

    Notes
    -----
    :math:`W_{top} = 0.251\,\rho\,D^{2.46}`, D 5-49 cm, 104 trees; D is the diameter at breast
    height, for Rhizophora 30 cm above the highest prop root.

    References
    ----------
    Komiyama, Poungparn and Kato 2005, Journal of Tropical Ecology 21:471-477,
    doi:10.1017/S0266467405002476.
    """
    row = equation("komiyama2005-agb")
    return biomass_kg(row, dbh_cm, wood_density_g_cm3=wood_density_g_cm3)


def komiyama2005_bgb_kg(dbh_cm: ArrayLike, wood_density_g_cm3: ArrayLike) -> FloatArray:
    r"""Root dry biomass [kg] of any mangrove tree.

    Notes
    -----
    :math:`W_R = 0.199\,\rho^{0.899}\,D^{2.22}`, D 5-45 cm, 26 trees; D as in
    :func:`komiyama2005_agb_kg`.

    References
    ----------
    Komiyama, Poungparn and Kato 2005, Journal of Tropical Ecology 21:471-477,
    doi:10.1017/S0266467405002476.
    """
    row = equation("komiyama2005-bgb")
    return biomass_kg(row, dbh_cm, wood_density_g_cm3=wood_density_g_cm3)
