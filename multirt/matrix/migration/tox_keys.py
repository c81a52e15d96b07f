"""Name the keys of a configuration for tox that are not carried over."""

from __future__ import annotations

import configparser
import re
from typing import TYPE_CHECKING, Any

from multirt.errors import MultirtError
from multirt.matrix.project import read_toml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

_CARRIED = frozenset(
    {
        "base_python",
        "change_dir",
        "changedir",
        "basepython",
        "commands",
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
        "minversion",
        "package_env",
        "wheel_build_env",
        "whitelist_externals",
        "work_dir",
        "toxworkdir",
    }
)


def unknown_keys(root: Path) -> Iterator[str]:
    """Yield every key of the configuration, in whichever form, that is not carried over."""
    for section, keys in _sections(root):
        for key in keys:
            if key.replace("-", "_") not in _CARRIED | _NEEDLESS:
                yield f"{section} {key}"


def _sections(root: Path) -> Iterator[tuple[str, Iterable[str]]]:
    """Yield the tables of the first file that configures tox, each with its keys."""
    ours = read_toml(root / "pyproject.toml").get("tool", {})
    legacy = ours.get("tox", {}) if isinstance(ours, dict) else {}
    for name in ("tox.ini", "setup.cfg"):
        if (root / name).is_file():
            parser = parsed(root / name)
            found = [each for each in parser.sections() if re.match(r"tox(:tox)?$|testenv", each)]
            if found:
                yield from ((f"[{each}]", list(parser[each])) for each in found)
                return
    table = read_toml(root / "tox.toml") or (legacy if isinstance(legacy, dict) else {})
    if isinstance(text := table.get("legacy_tox_ini"), str):
        parser = _parser()
        parser.read_string(text)
        yield from ((f"[{each}]", list(parser[each])) for each in parser.sections())
        return
    yield "[tox]", [key for key, value in table.items() if not isinstance(value, dict)]
    yield "[env_run_base]", list(_table(table.get("env_run_base")))
    for name in ("env", "env_base"):
        for each, keys in _table(table.get(name)).items():
            yield f"[{name}.{each}]", list(_table(keys))


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
        parser.read(path, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError) as error:
        words = " ".join(str(error).split())
        raise MultirtError("import", f"{path} cannot be read: {words}") from error
    return parser
