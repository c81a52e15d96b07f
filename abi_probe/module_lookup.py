"""Tell which file of each module a runtime's import system takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Sequence

    from abi_probe.model import Artifact, Extension

_PACKAGE: Final = "__init__"


class ModuleFile(Struct, frozen=True, kw_only=True):
    """One extension module as a runtime sees it.

    Attributes:
        module: dotted name.
        chosen: the file that the import system loads; None when it looks at none of them.
        files: every file of the module.
        has_source: a `.py` of the same name stands in when no file is chosen.
    """

    module: str
    chosen: Extension | None
    files: tuple[Extension, ...]
    has_source: bool


def lookup_modules(artifact: Artifact, suffixes: Sequence[str]) -> tuple[ModuleFile, ...]:
    """Return every extension module with the file that would be loaded for it.

    The first suffix of the runtime's own list that some file has wins, and there is no second
    try when that file cannot be loaded; a package's folder with an `__init__` of any kind wins over
    the files next to it (`importlib.machinery.FileFinder`).

    Args:
        artifact: what is installed, or would be.
        suffixes: the runtime's own, in its order.
    """
    modules: dict[str, list[Extension]] = {}
    for extension in artifact.extensions:
        modules.setdefault(extension.module, []).append(extension)
    return tuple(
        ModuleFile(
            module=module,
            chosen=_chosen(files, suffixes, package=module in artifact.packages),
            files=tuple(files),
            has_source=module in artifact.sources,
        )
        for module, files in sorted(modules.items())
    )


def _chosen(
    files: Sequence[Extension], suffixes: Sequence[str], *, package: bool
) -> Extension | None:
    """Return the file that is taken; None where it is none of them."""
    inside = [file for file in files if file.path.name.partition(".")[0] == _PACKAGE]
    found = _first(inside, suffixes)
    if found is not None or package:
        return found
    return _first([file for file in files if file not in inside], suffixes)


def _first(files: Sequence[Extension], suffixes: Sequence[str]) -> Extension | None:
    """Return the file whose name is the module's and the first suffix that any file has."""
    for suffix in suffixes:
        for file in files:
            if _loads_as(file, suffix):
                return file
    return None


def _loads_as(file: Extension, suffix: str) -> bool:
    """Whether a file name is exactly the module's last name part and a suffix."""
    name = file.path.name
    if not name.endswith(suffix):
        return False
    base = name[: -len(suffix)]
    own = file.module.rpartition(".")[2]
    return base == own or (base == _PACKAGE and file.path.parent.name == own)
