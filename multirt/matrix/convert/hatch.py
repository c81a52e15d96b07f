"""Read a project's environments for hatch, through hatch itself."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from multirt.config.posargs import POSARGS
from multirt.config.project import find_toml, read_project
from multirt.errors import ConfigError, ErrorKind
from multirt.matrix.convert.external import need_tool, run_query
from multirt.matrix.convert.to_toml import ExternalEnv, ImportedConfig
from multirt.matrix.convert.tox_names import without_sign
from multirt.matrix.model import InstallMode
from runtimes import RuntimeSpec

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from multirt.config.project import Project

_KNOWN = frozenset(
    {
        "dependencies",
        "dependency-groups",
        "description",
        "dev-mode",
        "env-vars",
        "extra-dependencies",
        "features",
        "installer",
        "path",
        "python",
        "scripts",
        "skip-install",
        "type",
    }
)
_PYTHON = frozenset({"python", "py"})
_SCRIPTS = ("run", "test", "tests")


def read_hatch(root: Path, env: Mapping[str, str]) -> ImportedConfig:
    """Return the environments that a project configures for hatch.

    The one with the most versions of Python is the tests; its script `run` or `test` is what it
    does.

    Raises:
        MultirtError: hatch is not here, or there is no environment with a matrix.
    """
    # A project may name the variable in which hatch tells its commands where uv is.
    command = [*need_tool("hatch", env), "env", "show", "--json"]
    document = run_query(command, root, {"HATCH_UV": "uv", **env})
    bases: dict[str, list[str]] = {}
    for name in document:
        base, dot, _ = name.partition(".")
        if dot and document[name].get("python"):
            bases.setdefault(base, []).append(name)
    if not bases:
        message = f"hatch has no environment with a matrix in {root}"
        raise ConfigError(message, kind=ErrorKind.IMPORT)
    # hatch's own environment for tests is there in every project, so another one wins.
    chosen = max(bases, key=lambda base: (base != "hatch-test", len(bases[base])))
    own = _own(read_project(root))
    names = dict.fromkeys(name.partition(".")[0] for name in document)
    lost = [f"environment {name}" for name in names if name != chosen and name in own]
    keys = dict.fromkeys(key for name in bases[chosen] for key in document[name])
    lost += [f"{key} of {chosen}" for key in sorted(keys.keys() - _KNOWN)]
    found = tuple(_environment(name, document[name], lost) for name in bases[chosen])
    return ImportedConfig(
        environments=found, lost=tuple(lost), variables=_variables(own.get(chosen, {}))
    )


def _own(project: Project) -> dict[str, Any]:
    """Return the environments that the project itself configures; hatch shows its own too."""
    tools = project.pyproject.get("tool", {})
    found: dict[str, Any] = {}
    for table in (
        tools.get("hatch", {}) if isinstance(tools, dict) else {},
        find_toml(project.root / "hatch.toml"),
    ):
        match table:
            case {"envs": {**environments}}:
                found |= {str(name): each for name, each in environments.items()}
            case _:
                pass
    return found


def _variables(environment: object) -> Mapping[str, frozenset[str]]:
    """Return the values of each variable of an environment's matrix; hatch shows only values."""
    values: dict[str, set[str]] = {}
    match environment:
        case {"matrix": [*rows]}:
            for row in rows:
                for name, listed in row.items() if isinstance(row, dict) else ():
                    if name not in _PYTHON and isinstance(listed, list):
                        values.setdefault(name, set()).update(map(str, listed))
        case _:
            pass
    return {name: frozenset(listed) for name, listed in values.items()}


def _script(scripts: Mapping[str, list[str]]) -> str | None:
    """Return the name of the script that tests: as it is usually called, else one with pytest."""
    testing = (name for name, lines in scripts.items() if "pytest" in " ".join(lines))
    return next((each for each in _SCRIPTS if each in scripts), next(testing, None))


def _environment(name: str, values: Mapping[str, Any], lost: list[str]) -> ExternalEnv:
    """Return an environment as hatch tells of it; `lost` grows with what cannot be said."""
    _, _, variant = name.partition(".")
    runtime = str(RuntimeSpec.parse(values["python"])).replace("@", "")
    scripts = values.get("scripts", {})
    script = _script(scripts)
    lines = scripts.get(script, ["python -m pytest"])
    base = name.partition(".")[0]
    lost += [f"script {each} of {base}" for each in scripts if each != script]
    commands = [without_sign(tuple(shlex.split(line)), name, lost) for line in lines]
    return ExternalEnv(
        name=name,
        runtime=runtime,
        factors=tuple(variant.split("-")[1:]),
        deps=(*values.get("dependencies", ()), *values.get("extra-dependencies", ())),
        extras=tuple(values.get("features", ())),
        groups=tuple(values.get("dependency-groups", ())),
        commands=tuple((*listed, POSARGS) if "pytest" in listed else listed for listed in commands),
        set_env=values.get("env-vars", {}),
        # hatch imports from the sources; the point of the matrix is to test the wheel.
        package=InstallMode.SKIP if values.get("skip-install") else InstallMode.WHEEL,
    )
