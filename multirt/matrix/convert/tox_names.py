"""What names, commands and `deps` of tox's environments mean, however they were read."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace
from packaging.requirements import InvalidRequirement, Requirement

from multirt.matrix.model import InstallMode
from multirt.storage.files import read_text
from runtimes import RuntimeSpec, SpecError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from multirt.matrix.convert.to_toml import ExternalEnv

_DEEPEST = 10  # files that name files
_FILE = re.compile(r"(-r|-c|--requirement|--constraint)[ =]?\s*(\S.*)")
_PROJECT = re.compile(r"(?:(?:-e|--editable)[ =]?\s*)?\.(?:\[([^\]]*)\])?")


class Deps(Struct, kw_only=True):
    """What `deps` amount to.

    Attributes:
        requirements: those of the files too.
        constraints: files, as they are named.
        extras: of the project, which `.[extra]` asks for.
        lost: lines that mean nothing to us.
    """

    requirements: list[str] = field(default_factory=list)
    constraints: list[str] = field(default_factory=list)
    extras: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


def sort_deps(lines: Iterable[str], root: Path) -> Deps:
    """Return what some lines of `deps` amount to.

    Args:
        lines: as pip takes them.
        root: what the names of files start from.
    """
    deps = Deps()
    _sort(lines, root, deps, 0)
    return deps


def _sort(lines: Iterable[str], folder: Path, deps: Deps, depth: int) -> None:
    for line in lines:
        text = re.sub(r"(^|\s)#.*", "", line).strip()
        if match := _FILE.fullmatch(text):
            _file(match[1], match[2].strip(), folder, deps, depth)
        elif match := _PROJECT.fullmatch(text):
            deps.extras += [each.strip() for each in (match[1] or "").split(",") if each.strip()]
        elif text and _is_requirement(text):
            deps.requirements.append(text)
        elif text:
            deps.lost.append(text)


def _is_requirement(text: str) -> bool:
    """Whether a line is a requirement with a name (PEP 508), and no option, folder or address."""
    try:
        Requirement(text)
    except InvalidRequirement:
        return False
    return True


def _file(option: str, name: str, folder: Path, deps: Deps, depth: int) -> None:
    """Take what a file of requirements or constraints holds."""
    path = folder / name
    if option in ("-c", "--constraint"):
        deps.constraints.append(name)
    elif depth < _DEEPEST and path.is_file():
        text = read_text(path, errors="replace").replace("\\\n", " ")
        _sort(text.splitlines(), path.parent, deps, depth + 1)
    else:
        deps.lost.append(f"{option} {name}")


PACKAGES = {
    "sdist": InstallMode.WHEEL,  # tox builds it through an sdist and installs a wheel
    "wheel": InstallMode.WHEEL,
    "sdist-wheel": InstallMode.SDIST_WHEEL,
    "editable": InstallMode.EDITABLE,
    "deps-only": InstallMode.DEPS_ONLY,
    "skip": InstallMode.SKIP,
}


def names_in(text: str) -> Iterator[str]:
    """Yield what braces stand for: `py3{8,9}-x{1,2}` is four names."""
    parts = re.split(r"\{([^{}]*)\}", text)
    choices = [_choices(part) if index % 2 else [part.strip()] for index, part in enumerate(parts)]
    yield from ("".join(each) for each in itertools.product(*choices))


def _choices(text: str) -> Iterator[str]:
    """Yield what stands between braces: names, or the numbers of a range `8-11`."""
    for each in text.split(","):
        if match := re.fullmatch(r"\s*(\d+)-(\d+)\s*", each):
            yield from map(str, range(int(match[1]), int(match[2]) + 1))
        else:
            yield each.strip()


def without_sign(terms: tuple[str, ...], name: str, lost: list[str]) -> tuple[str, ...]:
    """Return a command without the sign that its failure, or its success, does not count."""
    sign = terms[0][:1] if terms else ""
    if sign not in ("-", "!"):
        return terms
    lost.append(f"the {sign} before {' '.join(terms).lstrip(f'{sign} ')!r} of {name}")
    first = terms[0][1:]
    return (first, *terms[1:]) if first else terms[1:]


def constraint(text: str) -> str:
    """Return the file of constraints that a word names, with pip's option or without."""
    return text.removeprefix("-c").strip()


def fill_environment(
    found: ExternalEnv, deps: Iterable[str], bases: Iterable[str], root: Path, lost: list[str]
) -> ExternalEnv:
    """Return an environment with what its name, its `deps` and its base say."""
    runtime, factors = split_env_name(found.name)
    sorted_ = sort_deps(deps, root)
    lost += [f"{each} of {found.name}" for each in sorted_.lost]
    base = next((spec for each in bases if (spec := split_env_name(each)[0])), None)
    return replace(
        found,
        runtime=runtime,
        base=None if runtime else base,
        factors=factors,
        deps=tuple(dict.fromkeys(sorted_.requirements)),
        extras=tuple(dict.fromkeys((*found.extras, *sorted_.extras))),
        constraints=tuple(sorted_.constraints),
    )


def split_env_name(name: str) -> tuple[str | None, tuple[str, ...]]:
    """Return the runtime that an environment's name asks for, and its other factors."""
    first, *rest = name.split("-")
    if re.match(r"(?:py|python|pypy|cp|graalpy|jython)?\d", first) or first == "pypy":
        try:
            spec = RuntimeSpec.parse(first)
        except SpecError:
            return None, ()
        return str(spec).replace("@", ""), tuple(rest)
    return None, ()
