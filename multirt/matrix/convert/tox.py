"""Read a project's configuration for tox, through tox itself."""

from __future__ import annotations

import configparser
import re
import shlex
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from multirt.config.posargs import expand_posargs, restore_posargs
from multirt.config.project import find_toml
from multirt.errors import ConfigError, ErrorKind, MultirtError
from multirt.matrix.convert.external import need_tool, run_query
from multirt.matrix.convert.to_toml import ExternalEnv, ImportedConfig
from multirt.matrix.convert.tox_names import (
    PACKAGES,
    constraint,
    fill_environment,
    names_in,
    without_sign,
)
from multirt.matrix.model import InstallMode
from multirt.storage.files import read_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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
    settings = (values.get("skip_missing_interpreters") for _, _, values in _sections(root))
    return "true" in (str(each).lower() for each in settings)


def _sections(root: Path) -> Iterator[tuple[str, frozenset[str], Mapping[str, Any]]]:
    """Yield the tables of the first file that configures tox: title, environments, values."""
    ours = find_toml(root / "pyproject.toml").get("tool", {})
    legacy = ours.get("tox", {}) if isinstance(ours, dict) else {}
    for name in ("tox.ini", "setup.cfg"):
        if (root / name).is_file() and (found := list(_ini_sections(parse_ini(root / name)))):
            yield from found
            return
    table = find_toml(root / "tox.toml") or (legacy if isinstance(legacy, dict) else {})
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


def parse_ini(path: Path) -> configparser.ConfigParser:
    """Return what a file of sections holds.

    Raises:
        MultirtError: it cannot be read.
    """
    parser = _parser()
    try:
        parser.read_string(read_text(path), str(path))
    except (configparser.Error, OSError, UnicodeDecodeError) as error:
        text = " ".join(str(error).split())
        raise ConfigError(f"{path} cannot be read: {text}", kind=ErrorKind.IMPORT) from error
    return parser


MARK = "MULTIRT_POSARGS"
"""What stands for the words after `--` while tox is asked."""
_COMMANDS = ("commands_pre", "commands")
_KEYS = (
    *_COMMANDS,
    "base_python",
    "commands_post",
    "constraints",
    "change_dir",
    "dependency_groups",
    "deps",
    "env_dir",
    "env_tmp_dir",
    "extras",
    "ignore_outcome",
    "package",
    "set_env",
    "skip_install",
)


def read_tox(root: Path, env: Mapping[str, str]) -> ImportedConfig:
    """Return the environments that a project configures for tox.

    Args:
        root: the project.
        env: the user's environment.

    Raises:
        MultirtError: tox is not here, or does not say its configuration.
    """
    imported = _through_tox(root, need_tool("tox", env), env)
    names = frozenset(each.name for each in imported.environments)
    lost = tuple(dict.fromkeys((*unknown_keys(root, names), *imported.lost)))
    return replace(imported, lost=lost, skips_missing=skips_missing(root))


def _through_tox(root: Path, tool: list[str], env: Mapping[str, str]) -> ImportedConfig:
    """Ask tox, which knows every form of its configuration."""
    lost: list[str] = []
    with tempfile.TemporaryDirectory(prefix="multirt-tox-") as folder:
        tox = _Tox(root=root, folder=Path(folder), tool=tool, env=env)
        found = [_environment(name, values, tox, lost) for name, values in tox.environments(lost)]
    return ImportedConfig(environments=tuple(found), lost=tuple(lost))


class _Tox(Struct, frozen=True, kw_only=True):
    """Answers for a project's configuration, from tox.

    Attributes:
        root: the project.
        folder: where tox may work meanwhile.
        tool: how it is started.
        env: the user's environment.
    """

    root: Path
    folder: Path
    tool: list[str]
    env: Mapping[str, str]

    def environments(self, lost: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield each environment and what is given of it; `lost` grows with those of which nothing.

        Raises:
            MultirtError: tox says nothing at all.
        """
        try:
            yield from self._both().items()
        except MultirtError:
            # One environment that cannot be made is enough that tox says nothing of any.
            for name in self._setting(("base_python",)):
                try:
                    yield from self._both("-e", name).items()
                except MultirtError as error:
                    lost.append(f"environment {name}: {error.message}")

    def _both(self, *options: str) -> dict[str, dict[str, Any]]:
        """Return what is given with `MARK` for the words after `--`, and with their defaults."""
        marked = self._setting(_KEYS, *options, "--", MARK)
        usual = self._setting(_COMMANDS, *options)
        return {name: {**marked[name], "usual": usual[name]} for name in marked}

    def _setting(self, keys: tuple[str, ...], *options: str) -> dict[str, Any]:
        out = self.folder / "config.json"
        command = [*self.tool, "config", "--workdir", str(self.folder), "--format", "json"]
        command += ["-o", str(out), "-k", *keys, *options]
        document: dict[str, Any] = run_query(command, self.root, self.env, out)
        out.unlink()
        settings: dict[str, Any] = document.get("env", document)
        return settings

    def shares(self, values: Mapping[str, Any], variables: Mapping[str, str]) -> bool:
        """Whether an environment uses tox's folder for all environments."""
        used = str([variables, *(values.get(key) for key in _COMMANDS)])
        return str(self.folder) in re.sub(rf"{re.escape(values['env_dir'])}(?![\w.-])", "", used)

    def relative(self, text: str, values: Mapping[str, Any]) -> str:
        """Return a word without folders of this machine: the project's is the current one."""
        home, folder = values["env_dir"], values["env_tmp_dir"]
        text = re.sub(rf"^{re.escape(home)}/bin/python[\d.]*$", "python", text)
        for location, name in (
            (folder, "envtmpdir"),
            (home, "envdir"),
            (str(self.folder), "envtmpdir"),
        ):
            text = re.sub(rf"{re.escape(location)}(?![\w.-])", f"{{{name}}}", text)
        return "." if text == str(self.root) else text.replace(f"{self.root}/", "")


def _environment(name: str, values: dict[str, Any], tox: _Tox, lost: list[str]) -> ExternalEnv:
    """Return an environment as tox tells of it; `lost` grows with what cannot be said."""
    for key in [key for key, value in values.items() if _is_error(value)]:
        lost.append(f"{key}, which tox cannot say where the runtime is not here, of {name}")
        del values[key]
    lost += [f"commands_post of {name}"] if values.get("commands_post") else []
    folder = Path(values.get("change_dir") or tox.root)
    if folder != tox.root:
        lost.append(f"change_dir {tox.relative(str(folder), values)!r} of {name}")
    deps = [
        *values.get("deps", ()),
        *(f"-c {constraint(each)}" for each in values.get("constraints", ())),
    ]
    pairs = {
        key: value
        for key, value in values.get("set_env", {}).items()
        if not key.startswith(("TOX_", "PYTHONHASHSEED", "PYTHONIOENCODING"))
    }
    skip = values.get("skip_install") or values.get("package") == "skip"
    package = (
        InstallMode.SKIP if skip else PACKAGES.get(values.get("package", ""), InstallMode.WHEEL)
    )
    if tox.shares(values, pairs):
        lost.append(f"{{work_dir}}, for which {{envtmpdir}} stands, of {name}")
    found = ExternalEnv(
        name=name,
        runtime=None,
        extras=tuple(values.get("extras", ())),
        groups=tuple(values.get("dependency_groups", ())),
        commands=tuple(_commands(name, values, tox, lost)),
        set_env={key: tox.relative(value, values) for key, value in pairs.items()},
        package=package,
        may_fail=bool(values.get("ignore_outcome")),
    )
    return fill_environment(found, deps, values.get("base_python", ()), tox.root, lost)


def _is_error(value: object) -> bool:
    """Whether it stands for what tox could not find out."""
    return isinstance(value, dict) and value.keys() == {"error"}


def _commands(
    name: str, values: Mapping[str, Any], tox: _Tox, lost: list[str]
) -> Iterator[tuple[str, ...]]:
    """Yield the commands of an environment; `lost` grows with what ours cannot say."""
    for key in _COMMANDS:
        for line, usual in zip(values.get(key, ()), values["usual"].get(key, ()), strict=False):
            asked = restore_posargs(shlex.split(line), shlex.split(usual), MARK)
            if expand_posargs(asked, ()) != tuple(shlex.split(usual)):
                lost.append(f"what stands for {{posargs:...}} when nothing follows -- of {name}")
            yield without_sign(tuple(tox.relative(text, values) for text in asked), name, lost)
