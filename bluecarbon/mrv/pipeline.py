"""From a project to its sealed monitoring report: everything measured, then one rule book.

The order is scenes or class maps -> maps -> areas; plots -> biomass; cores -> soil carbon;
-> ``Monitoring`` -> methodology -> ``MonitoringReport``. All defects of all inputs are collected
before anything is refused, so that a user sees them in one list.
"""

from __future__ import annotations

from dataclasses import dataclass

from bluecarbon import provenance
from bluecarbon.errors import DataError, MethodologyError, UnknownMethodologyError
from bluecarbon.methodology import loader
from bluecarbon.methodology.parameter_checks import given_findings
from bluecarbon.methodology.parameters import Parameters
from bluecarbon.methodology.protocol import Methodology
from bluecarbon.mrv.boundary_shift import boundary_shift
from bluecarbon.mrv.claim_uncertainty import uncertainty_findings
from bluecarbon.mrv.extent import Extent, measure_extent
from bluecarbon.mrv.facts import monitoring_of
from bluecarbon.mrv.field_parameters import used_parameters
from bluecarbon.mrv.inventory import InventoryResult
from bluecarbon.mrv.inventory_of_project import measure_project_inventory
from bluecarbon.mrv.period_remarks import period_remarks
from bluecarbon.mrv.placement import check_placement
from bluecarbon.mrv.progress import Progress, silent
from bluecarbon.mrv.soil_cores import SoilResult, measure_soil
from bluecarbon.mrv.vectors import WHOLE_BOUNDARY, geodesic_area_ha, stratum_ids
from bluecarbon.project import Project
from bluecarbon.report import (
    Monitoring,
    MonitoringReport,
    ProjectIdentity,
    Quantification,
    sealed,
)
from bluecarbon.spec import Finding, errors_in


@dataclass(frozen=True)
class Measured:
    """Everything that was measured, before a rule book sees it."""

    extent: Extent
    inventory: InventoryResult | None
    soil: SoilResult | None
    monitoring: Monitoring
    findings: tuple[Finding, ...]


def measure(project: Project, progress: Progress = silent) -> Measured:
    """Measure a project from its files.

    Raises
    ------
    DataError
        With every defect of every input, when one of them forbids going on.
    """
    extent, findings = measure_extent(project, progress)
    strata = tuple(item.stratum for item in extent.strata) if extent else ()
    # Without polygons the plots' strata cannot be judged; their other defects still can.
    ids = tuple(stratum.id for stratum in strata) or _declared_strata(project)
    polygons = {item.stratum.id: item.geometry for item in extent.strata} if extent else {}
    progress("reading plots and trees", 0, 1)
    inventory, in_trees = measure_project_inventory(project, ids, polygons)
    progress("reading plots and trees", 1, 1)
    progress("reading soil cores", 0, 1)
    soil, in_cores = measure_soil(project, ids, polygons)
    progress("reading soil cores", 1, 1)
    found = (*findings, *in_trees, *in_cores, *methodology_findings(project))
    found = (*found, *uncertainty_findings(project))
    if extent is not None:
        found = (*found, *check_placement(project, extent.strata))
        found = (*found, *boundary_shift(project, extent.boundary))
        found = (*found, *period_remarks(project, extent))
    if extent is None or errors_in(found):
        raise DataError(found)
    monitoring = monitoring_of(project, extent, inventory, soil)
    return Measured(extent, inventory, soil, monitoring, found)


def _declared_strata(project: Project) -> tuple[str, ...]:
    """Stratum ids as far as the layer can be read at all, to judge plots against them."""
    if project.strata is None:
        return (WHOLE_BOUNDARY,)
    return stratum_ids(project.resolve(project.strata.path))


def methodology_findings(project: Project) -> tuple[Finding, ...]:
    """An unknown rule book, or rows that it does not know: in the list with the other findings."""
    if project.methodology is None:
        return ()
    try:
        book = loader.get(project.methodology.id)
    except UnknownMethodologyError as error:
        fix = "list the installed ones: bluecarbon methodology list"
        return (Finding.error("methodology-unknown", "[methodology.id]", str(error), fix=fix),)
    given = project.methodology.parameter
    return given_findings(given, book.spec.parameters, "[[methodology.parameter]]")


def quantify(project: Project, monitoring: Monitoring) -> Quantification | None:
    """The claim under the project's rule book; None when it names none.

    Raises
    ------
    DataError
        The rule book finds the data missing or the project not eligible.
    """
    if project.methodology is None:
        return None
    book = loader.get(project.methodology.id)
    findings = book.check(monitoring)
    if errors_in(findings):
        raise DataError(findings)
    try:
        return book.quantify(monitoring, parameters_of(project, book))
    except MethodologyError as error:
        fix = "give it as [[methodology.parameter]] with value, unit, source and status"
        subject = f"methodology {book.spec.id}"
        raise DataError(
            [Finding.error("not-quantifiable", subject, str(error), fix=fix)]
        ) from error


def parameters_of(project: Project, book: Methodology) -> Parameters:
    """The rule book's rows with those that the project replaces or adds."""
    given = project.methodology.parameter if project.methodology else ()
    return Parameters(book.spec.parameters).replaced(given)


def build_report(project: Project, measured: Measured, rasters: dict[str, str]) -> MonitoringReport:
    """The sealed report; ``rasters`` are the written maps with their SHA-256."""
    quantification = quantify(project, measured.monitoring)
    return sealed(
        MonitoringReport(
            project=_identity(project, measured.extent),
            declared=project.declared,
            software=provenance.software(),
            inputs=tuple(
                provenance.describe_file(project.resolve(path), path, role)
                for path, role in project.files()
            ),
            monitoring=measured.monitoring,
            measurement_parameters=used_parameters(
                measured.inventory, project.inventory.root_shoot if project.inventory else {}
            ),
            quantification=quantification,
            findings=measured.findings,
            rasters=rasters,
        )
    )


def _identity(project: Project, extent: Extent) -> ProjectIdentity:
    return ProjectIdentity(
        id=project.project.id,
        name=project.project.name,
        name_zh=project.project.name_zh,
        proponent=project.project.proponent,
        proponent_zh=project.project.proponent_zh,
        boundary_wkt=extent.boundary.wkt,
        area_ha=geodesic_area_ha(extent.boundary),
    )
