"""Sort what another runner's `deps` name: requirements, files of them, the project itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct, field
from packaging.requirements import InvalidRequirement, Requirement

from multirt.storage.files import read_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

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
