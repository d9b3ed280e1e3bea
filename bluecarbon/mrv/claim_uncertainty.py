"""``[uncertainty]`` of a project: the tables of a run that say how sure its claim is, and why."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bluecarbon.methodology import loader
from bluecarbon.methodology.parameters import Parameters
from bluecarbon.methodology.rule_book import RuleBook
from bluecarbon.mrv.inventory import InventoryResult
from bluecarbon.mrv.monte_carlo import ClaimUncertainty, claim_uncertainty
from bluecarbon.mrv.tree_errors import TreeErrors, plot_errors, shipped_errors
from bluecarbon.project import Project
from bluecarbon.report import Monitoring
from bluecarbon.spec import Finding

Findings = tuple[Finding, ...]

QUANTILES = {"p05": 0.05, "p25": 0.25, "p50": 0.50, "p75": 0.75, "p95": 0.95}


def uncertainty_findings(project: Project) -> Findings:
    """What is wrong with ``[uncertainty]``: errors that no row has, or nothing to be unsure of."""
    section = project.uncertainty
    if section is None:
        return ()
    found = []
    for name in sorted(set(section.errors) - set(shipped_errors())):
        fix = f"one of {', '.join(shipped_errors())}"
        message = f"there is no error '{name}'"
        found.append(Finding.error("error-unknown", "[uncertainty.errors]", message, fix=fix))
    if project.methodology is None:
        fix = "name a rule book in [methodology], or leave [uncertainty] out"
        message = "there is no claim to be uncertain of"
        found.append(Finding.error("uncertainty-without-claim", "[uncertainty]", message, fix=fix))
    return tuple(found)


def project_uncertainty(
    project: Project, monitoring: Monitoring, inventory: InventoryResult | None
) -> ClaimUncertainty | None:
    """The Monte Carlo of a project; None where it asks for none or its rule book takes no draws."""
    if project.uncertainty is None or project.methodology is None:
        return None
    book = loader.get(project.methodology.id)
    if not isinstance(book, RuleBook):
        return None
    errors = TreeErrors(project.uncertainty.errors)
    plots = plot_errors(inventory.trees, inventory.plots, errors) if inventory else []
    given = project.methodology.parameter
    parameters = Parameters(book.spec.parameters).replaced(given)
    asked = project.uncertainty
    return claim_uncertainty(
        book, monitoring, parameters, plots, draws=asked.draws, seed=asked.seed
    )


def uncertainty_tables(done: ClaimUncertainty | None) -> dict[str, pd.DataFrame]:
    """``uncertainty`` (sources and shares) and ``claim_distribution`` (of the draws, tCO2e)."""
    if done is None:
        return {}
    claims = done.claim_tco2e
    values = {"mean": float(claims.mean()), "standard_deviation": done.standard_deviation_tco2e}
    values |= {name: float(np.quantile(claims, share)) for name, share in QUANTILES.items()}
    rows = [{"quantity": name, "value": value, "unit": "tCO2e"} for name, value in values.items()]
    rows += [
        {"quantity": name, "value": value, "unit": ""}
        for name, value in (("draws", done.draws), ("seed", done.seed))
    ]
    return {"uncertainty": done.table, "claim_distribution": pd.DataFrame(rows)}
