"""What a project says in its pyproject.toml."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from multirt.config.files import read_toml, table_in
from multirt.errors import ConfigError
from multirt.program.requirements import parse_requirement, parse_specifiers

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from packaging.specifiers import SpecifierSet

    from multirt.program.requirements import Requirement


class ProgramProject(Struct, frozen=True, kw_only=True):
    """A project that a program lies in.

    Attributes:
        path: its pyproject.toml.
        requires_python: None when it does not say.
        dependencies: of the project; empty where they are dynamic.
        commands: names of its console scripts.
        buildable: it can be installed.
        settings: its table `[tool.multirt]`; None when it has none.
    """

    path: Path
    requires_python: SpecifierSet | None
    dependencies: tuple[Requirement, ...]
    commands: frozenset[str]
    buildable: bool
    settings: Mapping[str, object] | None


def read_project(path: Path) -> ProgramProject:
    """Read a pyproject.toml (PEP 621).

    Raises:
        MultirtError: it cannot be read, or what it says means nothing.
    """
    table = read_toml(path)
    project = table_in(table, "project", path=path) or {}
    scripts = project.get("scripts")
    return ProgramProject(
        path=path,
        requires_python=_specifiers(project.get("requires-python"), path),
        dependencies=_requirements(project.get("dependencies", []), path),
        commands=frozenset(scripts) if isinstance(scripts, dict) else frozenset(),
        buildable="build-system" in table,
        settings=table_in(table, "tool", "multirt", path=path),
    )


def _specifiers(wanted: object, path: Path) -> SpecifierSet | None:
    if wanted is None:
        return None
    try:
        return parse_specifiers(str(wanted))
    except ValueError as error:
        message = f"{path}: requires-python means nothing: {wanted!r}"
        raise ConfigError(message) from error


def _requirements(listed: object, path: Path) -> tuple[Requirement, ...]:
    if not isinstance(listed, list):
        raise ConfigError(f"{path}: dependencies is not a list")
    if not listed:
        return ()
    try:
        return tuple(parse_requirement(str(each)) for each in listed)
    except ValueError as error:
        message = f"{path}: a dependency means nothing: {error}"
        raise ConfigError(message) from error
