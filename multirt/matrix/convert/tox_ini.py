"""Read a `tox.ini` without tox: lists with braces, and lines with conditions on factors."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from multirt.config.posargs import ASKED, split
from multirt.matrix.convert.to_toml import Foreign, Imported
from multirt.matrix.convert.tox_keys import parsed
from multirt.matrix.convert.tox_names import INNER, PACKAGES, constraint, names_in, placed, plain
from multirt.matrix.model import Package

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_FACTORS = re.compile(r"([!A-Za-z0-9_.,{}-]+):\s*(.*)")


def from_ini(path: Path) -> Imported:
    """Read a `tox.ini`: lists with braces, and lines with conditions on factors."""
    parser = parsed(path)
    core = dict(parser["tox"]) if parser.has_section("tox") else {}
    base = dict(parser["testenv"]) if parser.has_section("testenv") else {}
    names = [
        name
        for part in re.split(r"[\n,](?![^{]*\})", core.get("env_list", core.get("envlist", "py")))
        for name in names_in(part.strip())
        if name
    ]
    lost: list[str] = []
    found = []
    for name in dict.fromkeys(names):
        section = f"testenv:{name}"
        own = dict(parser[section]) if parser.has_section(section) else {}
        found.append(_from_section(name, {**base, **own}, path.parent, lost))
    return Imported(environments=tuple(found), lost=tuple(lost))


def _from_section(name: str, values: Mapping[str, str], root: Path, lost: list[str]) -> Foreign:
    """Return an environment as a section tells of it; `lost` grows with what cannot be said."""
    words = frozenset(name.split("-"))

    def lines(*keys: str) -> tuple[str, ...]:
        text = next((values[key] for key in keys if key in values), "")
        found = [_replaced(line) for line in _holding(text, words)]
        lost.extend(
            f"{each} in {keys[0]} of {name}" for line in found for each in INNER.findall(line)
        )
        return tuple(found)

    if folder := values.get("change_dir", values.get("changedir")):
        lost.append(f"change_dir {folder!r} of {name}")
    pairs = [line.partition("=") for line in lines("set_env", "setenv")]
    skip = values.get("skip_install", "").lower() == "true"
    found = Foreign(
        name=name,
        runtime=None,
        extras=_split(lines("extras")),
        groups=_split(lines("dependency_groups")),
        commands=tuple(
            plain(tuple(split(each)), name, lost)
            for key in ("commands_pre", "commands")
            for each in lines(key)
        ),
        set_env={key.strip(): value.strip() for key, _, value in pairs},
        pass_env=_split(lines("pass_env", "passenv")) or None,
        package=Package.SKIP if skip else PACKAGES.get(values.get("package", ""), Package.WHEEL),
        may_fail=values.get("ignore_outcome", "").lower() == "true",
    )
    deps = (*lines("deps"), *(f"-c {constraint(each)}" for each in lines("constraints")))
    return placed(found, deps, _split(lines("base_python", "basepython")), root, lost)


def _replaced(line: str) -> str:
    """Return a line with what stands for its own things in every tox, as ours says them."""
    line = line.replace("{envpython}", "python")
    line = re.sub(r"\{(?:toxinidir|tox_root)\}/", "", line)
    return re.sub(r"\{(?:toxinidir|tox_root)\}", ".", line)


def _holding(text: str, words: frozenset[str]) -> Iterator[str]:
    """Yield the lines whose condition holds for an environment's factors."""
    for line in text.replace("\\\n", " ").splitlines():
        stripped = line.partition(" #")[0].strip()
        match = _FACTORS.fullmatch(stripped)
        if match is None or ASKED.match(stripped):
            if stripped and not stripped.startswith("#"):
                yield stripped
        elif any(_condition(each, words) for each in names_in(match[1]) if each) and match[2]:
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
