"""What ``ccer-14-002@1`` asks of a ``Monitoring``, and which rows its data call for."""

from __future__ import annotations

from collections.abc import Iterator

from bluecarbon.methodology.annual_series import (
    declaration_findings,
    series_findings,
    single,
    whole_years_findings,
)
from bluecarbon.methodology.ccer_14_002_spec import SPEC
from bluecarbon.report import Monitoring, Stratum
from bluecarbon.spec import Finding

LIMITS = ("uncertainty_limit_low", "uncertainty_limit_middle", "uncertainty_limit_high")
DISCOUNTS = ("uncertainty_discount_low", "uncertainty_discount_middle", "uncertainty_discount_high")

_ALWAYS = (
    "carbon_fraction_tree",
    "root_shoot_ratio",
    "soil_carbon_rate",
    "soil_ch4_emission",
    "soil_n2o_emission",
    "gwp_ch4",
    "gwp_n2o",
    "baseline_removal_rate",
    "leakage_rate",
    "non_permanence_share",
    "claim_years_max",
)
GROWTH = ("growth_asymptote", "growth_rate", "growth_shape")
SPARSE = ("sparse_cover_limit", "sparse_stand_deduction")


def axis(monitoring: Monitoring) -> tuple[int, ...]:
    """The vintage years and the year before them, at whose end the first change starts."""
    years = monitoring.period.years
    return (years[0] - 1, *years)


def is_declared(monitoring: Monitoring, name: str) -> bool:
    """Whether an optional yes/no statement is made; anything but true or 1 is a no."""
    value = monitoring.declarations.get(name, False)
    return not isinstance(value, str) and value == 1


def rows_needed(monitoring: Monitoring) -> tuple[str, ...]:
    """The parameter rows that these data call for."""
    given = {row.variable for row in monitoring.series}
    grown = any(grows_by_curve(monitoring, stratum) for stratum in monitoring.strata)
    return (
        *_ALWAYS,
        *(GROWTH if grown else ()),
        *(SPARSE if "crown_cover" in given else ()),
        *((*LIMITS, *DISCOUNTS) if "tree_uncertainty" in given else ()),
    )


def grows_by_curve(monitoring: Monitoring, stratum: Stratum) -> bool:
    """Whether the biomass of a stratum comes from the growth rows: it has no series of its own."""
    return single(monitoring, "tree_agb", stratum.id) is None


def check(monitoring: Monitoring) -> tuple[Finding, ...]:
    """Conditions that do not hold and data that are missing, all of them."""
    return (
        *declaration_findings(monitoring, SPEC.declarations),
        *whole_years_findings(monitoring),
        *series_findings(_but(monitoring, "tree_uncertainty"), SPEC, axis(monitoring)),
        *series_findings(_only(monitoring, "tree_uncertainty"), SPEC, monitoring.period.years),
        *_uncertainty(monitoring),
        *(f for stratum in monitoring.strata for f in _stratum(monitoring, stratum)),
        *_strata(monitoring),
        Finding.warning(
            "structure-recalled",
            SPEC.id,
            "only the first page of the official document could be read: the form of the "
            "equations is recalled",
            fix="compare it with the official text before any claim",
        ),
    )


def _only(monitoring: Monitoring, variable: str) -> Monitoring:
    rows = tuple(row for row in monitoring.series if row.variable == variable)
    return monitoring.model_copy(update={"series": rows})


def _but(monitoring: Monitoring, variable: str) -> Monitoring:
    rows = tuple(row for row in monitoring.series if row.variable != variable)
    return monitoring.model_copy(update={"series": rows})


def _strata(monitoring: Monitoring) -> Iterator[Finding]:
    if not monitoring.strata:
        message = "there is no stratum"
        yield Finding.error("stratum-missing", "strata", message, fix="give at least one")


def _uncertainty(monitoring: Monitoring) -> Iterator[Finding]:
    measured = any(row.variable == "tree_agb" for row in monitoring.series)
    stated = single(monitoring, "tree_uncertainty", "") is not None
    if measured and not stated and not is_declared(monitoring, "ex_ante"):
        yield Finding.error(
            "series-missing",
            "series tree_uncertainty",
            "tree_agb is given and its uncertainty is not",
            fix="give the half-width at 90 % over the mean per year, or declare ex_ante",
        )


def _stratum(monitoring: Monitoring, stratum: Stratum) -> Iterator[Finding]:
    subject = f"stratum {stratum.id}"
    if single(monitoring, "mangrove_area", stratum.id) is None:
        fix = "give it in ha for the end of each year"
        yield Finding.error("series-missing", subject, "has no series mangrove_area", fix=fix)
    if grows_by_curve(monitoring, stratum) and stratum.planted_year is None:
        yield Finding.error(
            "series-missing",
            subject,
            "has neither tree_agb nor a planted_year",
            fix="give the series, or the planting year for the growth curve",
        )
    if single(monitoring, "crown_cover", stratum.id) is None:
        yield Finding.warning(
            "crown-cover-missing",
            subject,
            "has no crown_cover: no deduction for sparse stands is taken",
            fix="give crown_cover per year",
        )
