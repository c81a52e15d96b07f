"""Write a matrix for another runner."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

from multirt.config.posargs import ASKED, defaults
from multirt.matrix.cells import title
from multirt.matrix.model import Package

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from multirt.matrix.model import Cell, Command

# What tox calls a cell's folders, and what they are in a session.
_NOX = (("{envtmpdir}", "session.create_tmp()"), ("{envdir}", "session.virtualenv.location"))
_NOT_INSTALLED = frozenset({Package.SKIP, Package.DEPS_ONLY})


def _tox(cells: Sequence[Cell]) -> Iterator[str]:
    """Yield a tox.toml: an environment for each cell, one wheel for all."""
    yield f"env_list = {json.dumps([_tox_name(cell) for cell in cells])}"
    for cell in cells:
        yield f"\n[env.{json.dumps(_tox_name(cell))}]"
        yield f"base_python = [{json.dumps(_tox_python(cell))}]"
        if cell.package in _NOT_INSTALLED:
            yield "skip_install = true" if cell.package is Package.SKIP else 'package = "deps-only"'
        else:
            yield f"package = {json.dumps(cell.package.value)}"
            if cell.package is Package.WHEEL:
                yield 'wheel_build_env = ".pkg"  # one for all, unless it is tied to one version'
        if cell.needs.extras:
            yield f"extras = {json.dumps(list(cell.needs.extras))}"
        yield f"deps = {json.dumps(list(cell.needs.requirements))}"
        yield f"commands = {_toml([list(map(_tox_word, each)) for each in cell.commands])}"
        if cell.set_env:
            yield f"set_env = {_toml(dict(cell.set_env))}"
        if cell.may_fail:
            yield "ignore_outcome = true"


def _tox_word(word: str) -> object:
    """Return a word of a command; the place of those after `--` as tox writes it in TOML."""
    if (match := ASKED.fullmatch(word)) is None:
        return word
    default = {"default": list(words)} if (words := defaults(match)) else {}
    return {"replace": "posargs", **default, "extend": True}


def _tox_name(cell: Cell) -> str:
    return cell.name.replace(" ", "")


def _python(cell: Cell) -> str:
    """Return a runtime's path where it is here: no other runner tells all builds apart."""
    return cell.asked if cell.runtime is None else str(cell.runtime.executable)


def _tox_python(cell: Cell) -> str:
    """Return a runtime's path, but its name where tox takes no path: for a free-threaded one."""
    runtime = cell.runtime
    return title(runtime) if runtime is not None and runtime.abi.free_threaded else _python(cell)


def _toml(value: object) -> str:
    if isinstance(value, dict):
        rows = (f"{json.dumps(key)} = {_toml(each)}" for key, each in value.items())
        return f"{{ {', '.join(rows)} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value)


def _nox(cells: Sequence[Cell]) -> Iterator[str]:
    """Yield a noxfile.py: a session for each cell."""
    yield '"""Written by `multirt matrix export nox`."""\n\nimport nox\n'
    for number, cell in enumerate(cells):
        yield f"\n@nox.session(name={cell.name!r}, python={_python(cell)!r})"
        yield f"def cell_{number}(session):"
        wanted = [*cell.needs.requirements]
        if cell.package not in _NOT_INSTALLED:
            extras = f"[{','.join(cell.needs.extras)}]" if cell.needs.extras else ""
            editable = ["--editable"] if cell.package is Package.EDITABLE else []
            yield f"    session.install({_arguments([*editable, f'.{extras}'])})"
        if wanted:
            yield f"    session.install({_arguments(wanted)})"
        env = f", env={dict(cell.set_env)!r}" if cell.set_env else ""
        for command in cell.commands:
            yield f"    session.run({_with_posargs(command)}{env})"
        yield ""


def _arguments(words: Sequence[str]) -> str:
    return ", ".join(map(repr, words))


def _with_posargs(command: Command) -> str:
    return ", ".join(map(_nox_word, command))


def _nox_word(word: str) -> str:
    if (match := ASKED.fullmatch(word)) is None:
        folders = [f".replace({name!r}, {code})" for name, code in _NOX if name in word]
        return "".join([repr(word), *folders])
    words = defaults(match)
    return f"*(session.posargs or {list(words)!r})" if words else "*session.posargs"


def _hatch(cells: Sequence[Cell]) -> Iterator[str]:
    """Yield tables of hatch: an environment for each cell, with a script `run`."""
    for cell in cells:
        name = f"tool.hatch.envs.{json.dumps(cell.name)}"
        yield f"[{name}]"
        yield f"python = {json.dumps(_python(cell))}"
        if cell.package in _NOT_INSTALLED:
            yield "skip-install = true"
        elif cell.package is not Package.EDITABLE:
            yield "dev-mode = false"
        if cell.needs.extras:
            yield f"features = {json.dumps(list(cell.needs.extras))}"
        yield f"dependencies = {json.dumps(list(cell.needs.requirements))}"
        if cell.set_env:
            yield f"env-vars = {_toml(dict(cell.set_env))}"
        lines = [" ".join(map(_hatch_word, command)) for command in cell.commands]
        yield f"[{name}.scripts]\nrun = {json.dumps(lines)}\n"


def _hatch_word(word: str) -> str:
    match = ASKED.fullmatch(word)
    return shlex.quote(word) if match is None else word.replace("{posargs", "{args")


def _github(cells: Sequence[Cell]) -> Iterator[str]:
    """Yield a workflow: one job builds, each of the others tests that wheel, the last merges."""
    _ = cells
    yield WORKFLOW


WORKFLOW = """\
on: [push, pull_request]
jobs:
  build:
    runs-on: ubuntu-latest
    outputs:
      matrix: ${{ steps.cells.outputs.matrix }}
    steps:
      - uses: actions/checkout@v4
      - run: pipx install multirt
      - run: pipx run build --wheel
      - id: cells
        run: echo "matrix=$(multirt matrix list --github)" >> "$GITHUB_OUTPUT"
      - uses: actions/upload-artifact@v4
        with: { name: wheel, path: dist/*.whl }
  test:
    needs: build
    runs-on: ubuntu-latest
    continue-on-error: ${{ matrix.may-fail }}
    strategy:
      fail-fast: false
      matrix: ${{ fromJSON(needs.build.outputs.matrix) }}
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with: { python-version: "${{ matrix.python }}" }
      - uses: actions/download-artifact@v4
        with: { name: wheel, path: dist }
      - run: pipx install multirt
      - run: >-
          multirt matrix -e "${{ matrix.name }}" --wheel dist/*.whl
          --report json=result-${{ strategy.job-index }}.json
      - if: always()
        uses: actions/upload-artifact@v4
        with: { name: "result-${{ strategy.job-index }}", path: "result-*.json" }
  report:
    needs: test
    if: always()
    runs-on: ubuntu-latest
    steps:
      - run: pipx install multirt
      - uses: actions/download-artifact@v4
        with: { pattern: "result-*", merge-multiple: true }
      - run: >-
          multirt matrix merge result-*.json
          --report html=report.html --report junit=report.xml
      - if: always()
        uses: actions/upload-artifact@v4
        with: { name: report, path: "report.*" }"""

_WRITERS: Mapping[str, Callable[[Sequence[Cell]], Iterator[str]]] = {
    "tox": _tox,
    "nox": _nox,
    "hatch": _hatch,
    "github": _github,
}
EXPORTS = tuple(_WRITERS)
"""The runners that `export` writes for."""


def export(runner: str, cells: Sequence[Cell]) -> str:
    """Return the configuration of one of `EXPORTS` that tests some cells."""
    return "\n".join(_WRITERS[runner](cells)) + "\n"
