"""Say which files a runtime's answer rests on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from runtimes.executable_names import is_runtime_name
from runtimes.facts import started_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runtimes.candidates import UniqueExecutable

_LOADER_CACHE = "/etc/ld.so.cache"  # which libraries of the system there are
_MOST_LINKS = 40  # as Linux follows


def files_of(suspect: UniqueExecutable) -> Iterator[str]:
    """Yield the files whose change makes another program of a suspect."""
    yield suspect.real
    # A list of folders in place of the usual ones, as CPython's Modules/getpath.py reads it.
    yield f"{suspect.real}._pth"
    yield f"{suspect.path}._pth"
    folder = os.path.dirname(suspect.real)  # noqa: PTH120 - text
    for name in ("pyvenv.cfg", "pybuilddir.txt", "../pyvenv.cfg"):
        yield os.path.join(folder, name)  # noqa: PTH118 - text
    if suspect.interpreter is not None:
        yield suspect.path
        yield suspect.interpreter.split()[0] if suspect.interpreter.split() else ""


def files_behind(facts: Mapping[str, object]) -> Iterator[str]:
    """Yield the files and folders that a runtime's own answer rests on."""
    if isinstance(image := facts.get("image"), str):
        yield image
    yield from _paths(facts, "mapped")  # libraries
    for item in _paths(facts, "path"):  # folders and archives of the standard library
        yield item
        yield os.path.join(item, "os.py")  # noqa: PTH118 - text
        yield os.path.dirname(item)  # noqa: PTH120 - a jar, seen from inside


def files_of_modules(facts: Mapping[str, object]) -> Iterator[str]:
    """Yield what decides which modules of the standard library import, or holds them all."""
    yield from _paths(facts, "loaded")
    if facts.get("missing"):  # the library that one lacks may be installed
        yield _LOADER_CACHE


def landmarks(suspect: UniqueExecutable, facts: Mapping[str, object]) -> Iterator[str]:
    """Yield where a standard library would be found before the one that was.

    A runtime looks for it upwards from its own file (CPython: Modules/getpath.py).
    """
    for library in _paths(facts, "path"):
        folder, name = os.path.split(library)
        if name.startswith(("python", "pypy")) and not name.endswith(".zip"):
            end = os.path.join(os.path.basename(folder), name)  # noqa: PTH118, PTH119 - text
            for start in (suspect.path, suspect.real):
                yield from (os.path.join(above, end) for above in Path(start).parents)  # noqa: PTH118


def _paths(facts: Mapping[str, object], name: str) -> list[str]:
    """Return the absolute paths of a list that a runtime answered."""
    items = facts.get(name)
    texts = [item for item in items if isinstance(item, str)] if isinstance(items, list) else []
    return [text for text in texts if os.path.isabs(text)]  # noqa: PTH117 - text


def is_wrapper(suspect: UniqueExecutable, facts: Mapping[str, object]) -> bool:
    """Tell whether the one that answered is another file than the one that was asked.

    Then what was asked is a wrapper, and where it leads may change without a trace in it.
    """
    started = started_file(facts)
    if started is not None and os.path.realpath(started) != os.path.realpath(suspect.real):
        return True
    image = facts.get("image")
    if not isinstance(image, str) or os.path.realpath(image) == os.path.realpath(suspect.real):
        return False
    # Java and node are what a Jython or a Pyodide runs in, not another runtime.
    return suspect.interpreter is None or is_runtime_name(os.path.basename(image))  # noqa: PTH119


def has_virtual_filesystem(facts: Mapping[str, object]) -> bool:
    """Tell whether a runtime has a file system of its own, and does not say what it came from."""
    return facts.get("system") == "emscripten" and not _paths(facts, "loaded")


def escaping_symlink(path: str) -> str | None:
    """Return the link by which a path leads out of its folder, which tells of the others itself."""
    folder = os.path.dirname(path)  # noqa: PTH120 - hot
    for link, target in _links(path):
        if os.path.dirname(target) != folder:  # noqa: PTH120 - hot
            return link
    return None


def symlink_dirs(path: str) -> Iterator[str]:
    """Yield the folder of each link between a path and its file; to turn one shows there."""
    for link, _ in _links(path):
        yield os.path.dirname(link)  # noqa: PTH120 - text


def _links(path: str) -> Iterator[tuple[str, str]]:
    """Yield each link on the way from a path to its file, with what it leads to."""
    for _ in range(_MOST_LINKS):
        try:
            target = os.readlink(path)  # noqa: PTH115 - hot
        except OSError:
            return  # no link
        target = os.path.join(os.path.dirname(path), target)  # noqa: PTH118, PTH120 - likewise
        yield path, target
        path = target


def venv_markers(facts: Mapping[str, object]) -> Iterator[str]:
    """Yield the file and the folder that a runtime says it is, and what would make it another."""
    for path in (facts.get("executable"), facts.get("prefix")):
        if isinstance(path, str) and os.path.isabs(path) and "\0" not in path:  # noqa: PTH117 - text
            yield path
            for folder in (os.path.dirname(path), os.path.dirname(os.path.dirname(path))):  # noqa: PTH120
                yield os.path.join(folder, "pyvenv.cfg")  # noqa: PTH118 - text
