"""Name the keys of a configuration for tox that are not carried over."""

from __future__ import annotations

import configparser
import re
from typing import TYPE_CHECKING, Any

from multirt.config.project_files import read_toml
from multirt.errors import MultirtError
from multirt.matrix.convert.tox_names import names_in
from multirt.storage.files import read_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_CARRIED = frozenset(
    {
        "base_python",
        "change_dir",
        "changedir",
        "basepython",
        "commands",
        "commands_pre",
        "constraints",
        "dependency_groups",
        "deps",
        "description",
        "extras",
        "ignore_outcome",
        "package",
        "pass_env",
        "passenv",
        "set_env",
        "setenv",
        "skip_install",
    }
)
# What says nothing of the tests: where tox works, and what it may call.
_NEEDLESS = frozenset(
    {
        "allowlist_externals",
        "env_list",
        "envlist",
        "isolated_build",
        "labels",
        "min_version",
        "skip_missing_interpreters",
        "minversion",
        "package_env",
        "wheel_build_env",
        "whitelist_externals",
        "work_dir",
        "toxworkdir",
    }
)


def unknown_keys(root: Path, carried: frozenset[str]) -> Iterator[str]:
    """Yield every key of the configuration, in whichever form, that is not carried over.

    Args:
        root: the project.
        carried: names of the environments that are; of another one only the name is said.
    """
    for section, names, keys in _sections(root):
        if names and not carried & names:
            yield f"environment {', '.join(sorted(names))}, which a run of tox leaves out"
            continue
        for key in keys:
            if key.replace("-", "_") not in _CARRIED | _NEEDLESS:
                yield f"{section} {key}"


def skips_missing(root: Path) -> bool:
    """Whether a runtime that is not here is no failure."""
    said = (values.get("skip_missing_interpreters") for _, _, values in _sections(root))
    return "true" in (str(each).lower() for each in said)


def _sections(root: Path) -> Iterator[tuple[str, frozenset[str], Mapping[str, Any]]]:
    """Yield the tables of the first file that configures tox: title, environments, values."""
    ours = read_toml(root / "pyproject.toml").get("tool", {})
    legacy = ours.get("tox", {}) if isinstance(ours, dict) else {}
    for name in ("tox.ini", "setup.cfg"):
        if (root / name).is_file() and (found := list(_ini_sections(parsed(root / name)))):
            yield from found
            return
    table = read_toml(root / "tox.toml") or (legacy if isinstance(legacy, dict) else {})
    if isinstance(text := table.get("legacy_tox_ini"), str):
        parser = _parser()
        parser.read_string(text)
        yield from _ini_sections(parser)
        return
    yield (
        "[tox]",
        frozenset(),
        {key: value for key, value in table.items() if not isinstance(value, dict)},
    )
    yield "[env_run_base]", frozenset(), _table(table.get("env_run_base"))
    for each, keys in _table(table.get("env_base")).items():
        yield f"[env_base.{each}]", frozenset(), _table(keys)
    for each, keys in _table(table.get("env")).items():
        yield f"[env.{each}]", frozenset({each}), _table(keys)


def _ini_sections(
    parser: configparser.ConfigParser,
) -> Iterator[tuple[str, frozenset[str], Mapping[str, Any]]]:
    """Yield the sections that configure tox, as `_sections` does."""
    for section in parser.sections():
        if match := re.fullmatch(r"tox(?::tox)?|pkgenv|testenv(?::(.*))?", section):
            parts = re.split(r",(?![^{]*\})", match[1] or "")
            names = (name for part in parts for name in names_in(part) if name)
            yield f"[{section}]", frozenset(names), dict(parser[section])


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _parser() -> configparser.ConfigParser:
    return configparser.ConfigParser(interpolation=None, strict=False)


def parsed(path: Path) -> configparser.ConfigParser:
    """Return what a file of sections holds.

    Raises:
        MultirtError: it cannot be read.
    """
    parser = _parser()
    try:
        parser.read_string(read_text(path), str(path))
    except (configparser.Error, OSError, UnicodeDecodeError) as error:
        words = " ".join(str(error).split())
        raise MultirtError("import", f"{path} cannot be read: {words}") from error
    return parser
