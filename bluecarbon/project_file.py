"""project.toml -> :class:`bluecarbon.project.Project`, with every defect reported at once."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
import typing
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from bluecarbon.errors import ProjectError
from bluecarbon.project import Project, ProjectFile
from bluecarbon.spec import Finding
from bluecarbon.stac_files import items_of


def load_project(path: Path) -> Project:
    """Read project.toml.

    Raises
    ------
    ProjectError
        With one finding per defect: not TOML, unknown key (with the nearest known one), wrong
        type, contradiction, or a named file that is not there.
    """
    table = _read_toml(path)
    findings = _unknown_keys(path.name, ProjectFile, table, "")
    project: Project | None = None
    findings += _scenes_of_catalogue(path, table)
    try:
        project = Project.from_table(table, path.parent)
    except ValidationError as error:
        findings += _validation_findings(path.name, error, bool(findings))
    if project is not None:
        findings += _missing_files(path.name, project)
    if findings or project is None:
        raise ProjectError(findings)
    return project


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        message, fix = f"cannot be read: {error.strerror}", "check the path of the project file"
    except UnicodeDecodeError:
        message, fix = "is not UTF-8 text", "save the project file as UTF-8"
    except tomllib.TOMLDecodeError as error:
        message, fix = f"is not valid TOML: {error}", "correct the line that is named"
    raise ProjectError([Finding.error("project-file-unreadable", str(path), message, fix=fix)])


def _scenes_of_catalogue(path: Path, table: dict[str, Any]) -> list[Finding]:
    """Put the items of ``[imagery] stac`` into the table as scenes: a report names each of them."""
    imagery = table.get("imagery")
    stac = imagery.get("stac") if isinstance(imagery, dict) else None
    if not stac or not isinstance(stac, str) or not isinstance(imagery, dict):
        return []
    subject = f"{path.name} [imagery] stac"
    try:
        items = items_of(path.parent / os.path.expandvars(stac), stac)
    except ValueError as error:
        fix = "give a STAC catalogue, collection or item on disk"
        return [Finding.error("stac-unreadable", subject, str(error), fix=fix)]
    if not items:
        message, fix = f"'{stac}' has no items", "check the links of the catalogue"
        return [Finding.error("stac-empty", subject, message, fix=fix)]
    listed = list(imagery.get("scene", []))
    known = {scene.get("path") for scene in listed if isinstance(scene, dict)}
    for item in items:
        scene = {"path": item.path, "date": item.date}
        if item.processing_baseline:
            scene["processing_baseline"] = item.processing_baseline
        listed += [scene] if item.path not in known else []
    imagery["scene"] = listed
    return []


def _unknown_keys(
    file: str, model: type[BaseModel], table: dict[str, Any], place: str
) -> list[Finding]:
    found: list[Finding] = []
    for key, value in table.items():
        field = model.model_fields.get(key)
        if field is None:
            found.append(_unknown_key(file, model, key, place))
            continue
        nested = _nested_model(field.annotation)
        if nested is not None:
            for item in _nested_values(field.annotation, value):
                if isinstance(item, dict):
                    found += _unknown_keys(file, nested, item, f"{place}{key}.")
    return found


def _unknown_key(file: str, model: type[BaseModel], key: str, place: str) -> Finding:
    near = difflib.get_close_matches(key, model.model_fields, n=1, cutoff=0.6)
    fix = f"did you mean '{near[0]}'?" if near else f"known keys: {', '.join(model.model_fields)}"
    return Finding.error(
        "project-key-unknown", f"{file} [{place}{key}]", f"unknown key '{key}'", fix=fix
    )


def _nested_model(annotation: Any) -> type[BaseModel] | None:
    """The value type behind ``X``, ``X | None``, ``tuple[X, ...]`` or ``dict[str, X]``."""
    for candidate in (annotation, *typing.get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def _nested_values(annotation: Any, value: Any) -> list[Any]:
    """The values behind an annotation that :func:`_nested_model` understands."""
    if typing.get_origin(annotation) is dict and isinstance(value, dict):
        # its keys are names that the user gives, such as species
        return list(value.values())
    return value if isinstance(value, list) else [value]


def _validation_findings(file: str, error: ValidationError, has_typos: bool) -> list[Finding]:
    found = []
    for item in error.errors():
        if item["type"] == "extra_forbidden":
            continue  # already reported by _unknown_keys, with a suggestion
        if item["type"] == "missing" and has_typos:
            # the missing key is most likely the misspelt one; say it, but after the typo
            fix = "add the key, or correct the misspelt one above"
        else:
            fix = "docs/project_file.md lists every section and key"
        place = ".".join(str(part) for part in item["loc"])
        message = re.sub(r"^Value error, ", "", item["msg"])
        found.append(
            Finding.error("project-value-wrong", f"{file} [{place or 'project'}]", message, fix=fix)
        )
    return found


def _missing_files(file: str, project: Project) -> list[Finding]:
    found = []
    for declared, role in project.files():
        expanded = os.path.expandvars(declared)
        if "$" in expanded:
            message = f"{role}: an environment variable of '{declared}' is not set"
            fix = "set it and run again"
            found.append(Finding.error("project-variable-unset", file, message, fix=fix))
        elif not project.resolve(declared).is_file():
            message = f"{role}: there is no file '{declared}'"
            fix = f"paths start from the folder of {file}"
            found.append(Finding.error("project-file-missing", file, message, fix=fix))
    return found
