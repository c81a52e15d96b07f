"""Configure tox and nox to test the cells of a matrix, for programs that compare the runners."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

POSARGS = "{posargs}"


def tox_toml(cells: Sequence[dict[str, Any]], find: Callable[[str], str]) -> str:
    """Return a tox.toml: an environment for each cell, one wheel for all.

    Args:
        cells: those of `multirt matrix list --json`, which test a wheel.
        find: returns the executable of a runtime by its id.
    """
    return "\n".join(_tox(cells, find)) + "\n"


def _tox(cells: Sequence[dict[str, Any]], find: Callable[[str], str]) -> Iterator[str]:
    yield f"env_list = {json.dumps([cell['name'] for cell in cells])}"
    for cell in cells:
        # tox takes no path of a free-threaded build, but its name.
        free_threaded = cell["name"].endswith("t")
        python = cell["name"] if free_threaded else find(cell["runtime"])
        yield f"\n[env.{json.dumps(cell['name'])}]"
        yield f"base_python = [{json.dumps(python)}]"
        yield 'package = "wheel"'
        yield 'wheel_build_env = ".pkg"  # one for all, unless it is tied to one version'
        yield f"extras = {json.dumps(cell['extras'])}"
        yield f"deps = {json.dumps(cell['requirements'])}"
        commands = (", ".join(map(_tox_word, each)) for each in cell["commands"])
        yield f"commands = [{', '.join(f'[{each}]' for each in commands)}]"


def _tox_word(part: str) -> str:
    if part == POSARGS:
        return '{ "replace" = "posargs", "extend" = true }'
    return json.dumps(part)


def noxfile(cells: Sequence[dict[str, Any]], find: Callable[[str], str]) -> str:
    """Return a noxfile.py: a session for each cell; the arguments are those of `tox_toml`."""
    return "\n".join(_nox(cells, find)) + "\n"


def _nox(cells: Sequence[dict[str, Any]], find: Callable[[str], str]) -> Iterator[str]:
    yield "import nox\n"
    for number, cell in enumerate(cells):
        extras = f"[{','.join(cell['extras'])}]" if cell["extras"] else ""
        yield f"\n@nox.session(name={cell['name']!r}, python={find(cell['runtime'])!r})"
        yield f"def cell_{number}(session):"
        yield f"    session.install({f'.{extras}'!r})"
        if cell["requirements"]:
            yield f"    session.install({', '.join(map(repr, cell['requirements']))})"
        for command in cell["commands"]:
            text = ("*session.posargs" if part == POSARGS else repr(part) for part in command)
            yield f"    session.run({', '.join(text)})"
        yield ""
