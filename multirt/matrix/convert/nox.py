"""Read a project's sessions for nox, through nox itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from multirt.config.posargs import POSARGS
from multirt.errors import ConfigError, ErrorKind
from multirt.matrix.convert.external import need_tool, run_query
from multirt.matrix.convert.to_toml import ExternalEnv, ImportedConfig
from multirt.matrix.model import InstallMode
from runtimes import RuntimeSpec

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def read_nox(root: Path, env: Mapping[str, str]) -> ImportedConfig:
    """Return the sessions of a project's `noxfile.py`.

    What a session does is code, so nox itself runs it, in our environment and without installing
    anything.

    Raises:
        MultirtError: nox is not here, or there is no session that names a Python.
    """
    rows = run_query([*need_tool("nox", env), "--list", "--json"], root, env)
    found = [_session(row) for row in rows]
    if not any(each.runtime for each in found):
        raise ConfigError(f"no session of nox in {root} names a Python", kind=ErrorKind.IMPORT)
    # A matrix has one job; the sessions with the most versions of Python are the tests.
    names = [row["name"] for row in rows if row["python"]]
    chosen = max(dict.fromkeys(names), key=names.count)
    kept = [
        session
        for session, row in zip(found, rows, strict=True)
        if not row["python"] or row["name"] == chosen
    ]
    lost = [f"session {name}" for name in dict.fromkeys(names) if name != chosen]
    lost.append("what sessions install is code: name it in groups or deps")
    values: dict[str, set[str]] = {}
    for row in rows:
        for name, value in row.get("call_spec", {}).items() if row["name"] == chosen else ():
            values.setdefault(name, set()).add(str(value))
    variables = {name: frozenset(each) for name, each in values.items()}
    return ImportedConfig(environments=tuple(kept), lost=tuple(lost), variables=variables)


def _session(row: Mapping[str, Any]) -> ExternalEnv:
    python = row["python"]
    runtime = str(RuntimeSpec.parse(python)).replace("@", "") if python else None
    # Without environments of its own nox has one session instead of one for each Python.
    name = str(row["session"]).replace(f"-{python}", "", 1) if runtime else str(row["session"])
    return ExternalEnv(
        name=str(row["name"]),
        runtime=runtime,
        factors=tuple(map(str, row.get("call_spec", {}).values())),
        deps=("nox", "pytest") if python else ("nox",),
        commands=(("nox", "-s", name, "-fb", "none", "--no-install", "--", POSARGS),),
        package=InstallMode.WHEEL if python else InstallMode.SKIP,
    )
