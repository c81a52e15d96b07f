"""Read a project's configuration for tox: through tox itself, else from `tox.ini`."""

from __future__ import annotations

import configparser
import itertools
import re
import shlex
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from multirt.errors import MultirtError
from multirt.matrix.migration.foreign import Foreign, Imported, with_posargs
from multirt.matrix.migration.tools import ask, find_tool
from multirt.matrix.model import Package
from runtimes import RuntimeSpec, SpecError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MARK = "MULTIRT_POSARGS"
_KEYS = (
    "base_python",
    "commands",
    "commands_post",
    "commands_pre",
    "constraints",
    "change_dir",
    "dependency_groups",
    "deps",
    "extras",
    "ignore_outcome",
    "package",
    "pass_env",
    "set_env",
    "skip_install",
)
_LOST = ("commands_pre", "commands_post", "constraints")
_PACKAGES = {
    "sdist": Package.WHEEL,  # built through an sdist by tox, and installed as a wheel all the same
    "wheel": Package.WHEEL,
    "sdist-wheel": Package.SDIST_WHEEL,
    "editable": Package.EDITABLE,
    "deps-only": Package.DEPS_ONLY,
    "skip": Package.SKIP,
}
_CARRIED = frozenset(
    {
        "allowlist_externals",
        "base_python",
        "basepython",
        "commands",
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
        "whitelist_externals",
    }
)
_CARRIED_CORE = frozenset({"env_list", "envlist", "isolated_build", "min_version", "minversion"})
_FACTORS = re.compile(r"([!A-Za-z0-9_.,{}-]+):\s*(.*)")
_POSARGS = re.compile(r"\{posargs(?::[^{}]*)?\}")


def read_tox(root: Path) -> Imported:
    """Return the environments that a project configures for tox.

    Raises:
        MultirtError: there is no such configuration that can be read.
    """
    if find_tool("tox") is not None:
        return _with_defaults(_through_tox(root), root)
    if (root / "tox.ini").is_file():
        return _with_defaults(_from_ini(root / "tox.ini"), root)
    hint = "install tox: without it only a tox.ini is read"
    raise MultirtError("import", f"no tox.ini in {root}, and tox is not here", hint)


def _with_defaults(imported: Imported, root: Path) -> Imported:
    """Return what was read, with a word on defaults of `{posargs:...}`, which ours has none of."""
    files = [root / name for name in ("tox.ini", "tox.toml", "setup.cfg", "pyproject.toml")]
    said = any(b"{posargs:" in each.read_bytes() for each in files if each.is_file())
    word = ("what stands for {posargs:...} when nothing follows --",) if said else ()
    return replace(imported, lost=(*imported.lost, *word))


def _through_tox(root: Path) -> Imported:
    """Ask tox, which knows every form of its configuration."""
    tool = find_tool("tox") or []
    with tempfile.TemporaryDirectory(prefix="multirt-tox-") as room:
        out = Path(room) / "config.json"
        command = [*tool, "config", "--workdir", room, "--format", "json", "-o", str(out)]
        document = ask([*command, "-k", *_KEYS, "--", _MARK], root, out)
    environments = document.get("env", document)
    lost = [
        f"{key} of {name}"
        for name, values in environments.items()
        for key in _LOST
        if values.get(key)
    ]
    lost += [
        f"change_dir of {name}: {values['change_dir']}"
        for name, values in environments.items()
        if Path(values.get("change_dir") or root) != root
    ]
    found = tuple(_environment(name, values, root) for name, values in environments.items())
    return Imported(environments=found, lost=tuple(lost))


def _environment(name: str, values: Mapping[str, Any], root: Path) -> Foreign:
    runtime, factors = split(name)
    commands = [with_posargs(shlex.split(each), _MARK) for each in values.get("commands", ())]
    skip = values.get("skip_install") or values.get("package") == "skip"
    return Foreign(
        name=name,
        runtime=runtime,
        factors=factors,
        deps=tuple(each for each in values.get("deps", ()) if not each.startswith("-")),
        extras=tuple(values.get("extras", ())),
        groups=tuple(values.get("dependency_groups", ())),
        commands=tuple(tuple(_relative(word, root) for word in each) for each in commands),
        set_env={
            key: value
            for key, value in values.get("set_env", {}).items()
            if not key.startswith(("TOX_", "PYTHONHASHSEED", "PYTHONIOENCODING"))
        },
        package=Package.SKIP if skip else _PACKAGES.get(values.get("package", ""), Package.WHEEL),
        may_fail=bool(values.get("ignore_outcome")),
    )


def _relative(word: str, root: Path) -> str:
    return word.replace(f"{root}/", "")


def split(name: str) -> tuple[str | None, tuple[str, ...]]:
    """Return the runtime that an environment's name asks for, and its other factors."""
    first, *rest = name.split("-")
    if re.match(r"(?:py|pypy|cp|graalpy|jython)?\d", first) or first == "pypy":
        try:
            spec = RuntimeSpec.parse(first)
        except SpecError:
            return None, ()
        return str(spec).replace("@", ""), tuple(rest)
    return None, ()


def _from_ini(path: Path) -> Imported:
    """Read a `tox.ini`: lists with braces, and lines with conditions on factors."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError) as error:
        raise MultirtError("import", f"{path} cannot be read: {error}") from error
    core = dict(parser["tox"]) if parser.has_section("tox") else {}
    base = dict(parser["testenv"]) if parser.has_section("testenv") else {}
    names = [
        name
        for part in re.split(r"[\n,](?![^{]*\})", core.get("env_list", core.get("envlist", "py")))
        for name in _expanded(part.strip())
        if name
    ]
    lost = [f"[tox] {key}" for key in core if key not in _CARRIED_CORE]
    found = []
    for name in dict.fromkeys(names):
        section = f"testenv:{name}"
        own = dict(parser[section]) if parser.has_section(section) else {}
        lost += [f"[{section}] {key}" for key in own if key not in _CARRIED]
        found.append(_from_section(name, {**base, **own}))
    lost += [f"[testenv] {key}" for key in base if key not in _CARRIED]
    return Imported(environments=tuple(found), lost=tuple(dict.fromkeys(lost)))


def _expanded(text: str) -> Iterator[str]:
    """Yield what braces stand for: `py3{8,9}-x{1,2}` is four names."""
    parts = re.split(r"\{([^{}]*)\}", text)
    choices = [
        [each.strip() for each in part.split(",")] if place % 2 else [part]
        for place, part in enumerate(parts)
    ]
    yield from ("".join(each) for each in itertools.product(*choices))


def _from_section(name: str, values: Mapping[str, str]) -> Foreign:
    runtime, factors = split(name)
    words = frozenset(name.split("-"))

    def lines(*keys: str) -> tuple[str, ...]:
        text = next((values[key] for key in keys if key in values), "")
        return tuple(_holding(text, words))

    pairs = [line.partition("=") for line in lines("set_env", "setenv")]
    skip = values.get("skip_install", "").lower() == "true"
    return Foreign(
        name=name,
        runtime=runtime,
        factors=factors,
        deps=tuple(each for each in lines("deps") if not each.startswith("-")),
        extras=_split(lines("extras")),
        groups=_split(lines("dependency_groups")),
        commands=tuple(
            with_posargs(shlex.split(_POSARGS.sub(_MARK, each)), _MARK)
            for each in lines("commands")
        ),
        set_env={key.strip(): value.strip() for key, _, value in pairs},
        pass_env=_split(lines("pass_env", "passenv")) or None,
        package=Package.SKIP if skip else _PACKAGES.get(values.get("package", ""), Package.WHEEL),
        may_fail=values.get("ignore_outcome", "").lower() == "true",
    )


def _holding(text: str, words: frozenset[str]) -> Iterator[str]:
    """Yield the lines whose condition holds for an environment's factors."""
    for line in text.replace("\\\n", " ").splitlines():
        stripped = line.partition(" #")[0].strip()
        match = _FACTORS.fullmatch(stripped)
        if match is None or _POSARGS.match(stripped):
            if stripped and not stripped.startswith("#"):
                yield stripped
        elif any(_condition(each, words) for each in _expanded(match[1]) if each) and match[2]:
            yield match[2]


def _condition(text: str, words: frozenset[str]) -> bool:
    """Whether `py38,django52-!pypy` holds: alternatives, each of factors that all hold."""
    return any(
        all(
            (part[1:] not in words) if part.startswith("!") else part in words
            for part in each.strip().split("-")
        )
        for each in text.split(",")
    )


def _split(lines: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for line in lines for word in re.split(r"[\s,]+", line) if word)
