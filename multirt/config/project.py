"""Read what the files of a project say: where it is, its names, its groups, its tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from multirt.config.files import read_toml, table_in
from multirt.errors import ConfigError
from multirt.program.requirements import parse_requirement, parse_specifiers

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from packaging.specifiers import SpecifierSet

    from multirt.program.requirements import Requirement

_MARKS = ("pyproject.toml", "multirt.toml", "setup.py", "setup.cfg")
_TEST_FOLDERS = ("tests", "test", "testing")
_TEST_FILES = ("test_*.py", "*_test.py", "src/*/tests", "*/tests", "src/*/test_*.py")
_PYTEST_FILES = ("pytest.ini", "pytest.toml", ".pytest.ini", "conftest.py")


class Project(Struct, frozen=True, kw_only=True):
    """A project as its files describe it.

    Attributes:
        root: its folder, absolute.
        pyproject: the content of `pyproject.toml`; empty when there is none.
        own: the content of `multirt.toml`; empty when there is none.
        can_be_built: something says how a wheel of it is made.
        has_tests: there are files that pytest would collect.
    """

    root: Path
    pyproject: Mapping[str, Any] = field(default_factory=dict)
    own: Mapping[str, Any] = field(default_factory=dict)
    can_be_built: bool
    has_tests: bool

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The `[project]` table; empty when there is none."""
        table = self.pyproject.get("project", {})
        return table if isinstance(table, dict) else {}

    @property
    def groups(self) -> Mapping[str, Any]:
        """The dependency groups (PEP 735) as they stand."""
        table = self.pyproject.get("dependency-groups", {})
        return table if isinstance(table, dict) else {}

    @property
    def extras(self) -> tuple[str, ...]:
        """The names of its extras, as far as they are static."""
        table = self.metadata.get("optional-dependencies", {})
        return tuple(table) if isinstance(table, dict) else ()


def read_project(folder: Path) -> Project:
    """Return the project that a folder belongs to: its own, or the nearest above.

    Raises:
        MultirtError: there is none, or a file of it cannot be read.
    """
    return _read(find_root(folder))


def find_root(folder: Path, *others: str) -> Path:
    """Return the folder of the project that a folder belongs to.

    Args:
        folder: where to start.
        others: names of files that make one, besides those that only projects have.

    Raises:
        MultirtError: there is none.
    """
    root = root_of(folder, *others)
    if root is None:
        hint = "name its folder with --project; it has a pyproject.toml or a setup.py"
        raise ConfigError(f"no project in {folder.absolute()} or above", hint)
    return root


def root_of(folder: Path, *others: str) -> Path | None:
    """Return the folder of the project that a folder belongs to; None when there is none."""
    start = folder.absolute()
    for root in (start, *start.parents):
        if any((root / mark).is_file() for mark in (*_MARKS, *others)):
            return root
    return None


def _read(root: Path) -> Project:
    pyproject = find_toml(root / "pyproject.toml")
    described = "build-system" in pyproject or "project" in pyproject
    return Project(
        root=root,
        pyproject=pyproject,
        own=find_toml(root / "multirt.toml"),
        can_be_built=described or (root / "setup.py").is_file() or (root / "setup.cfg").is_file(),
        has_tests=_has_tests(root, pyproject),
    )


def find_toml(path: Path) -> Mapping[str, Any]:
    """Return the content of a TOML file; nothing when it is not there.

    Raises:
        MultirtError: it cannot be read, or is not TOML.
    """
    return read_toml(path) if path.exists() else {}


def _has_tests(root: Path, pyproject: Mapping[str, Any]) -> bool:
    """Whether pytest would find something, as far as names tell."""
    tools = pyproject.get("tool", {})
    if isinstance(tools, dict) and "pytest" in tools:
        return True
    if any((root / name).is_file() for name in _PYTEST_FILES):
        return True
    if any(next((root / name).rglob("*test*.py"), None) for name in _TEST_FOLDERS):
        return True
    return any(next(root.glob(pattern), None) for pattern in _TEST_FILES)


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


def read_program_project(path: Path) -> ProgramProject:
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
