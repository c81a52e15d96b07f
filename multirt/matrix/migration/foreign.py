"""Environments of another runner, and the configuration of ours that they amount to."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from multirt.matrix.model import POSARGS, Package

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_VALUE = re.compile(r"([A-Za-z_]+?)[-_]?(\d[\d.]*)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Foreign:
    """One environment of another runner.

    Attributes:
        name: there.
        runtime: what it runs on, in words that a spec takes; None when it does not say.
        factors: what else varies, in the order of the name: `("django52",)`.
        deps, extras, groups: what is installed.
        commands: what is run.
        set_env: variables that it sets.
        pass_env: variables that it passes; None for all.
        package: how the project gets in.
        may_fail: its failure does not count.
    """

    name: str
    runtime: str | None
    factors: tuple[str, ...] = ()
    deps: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    commands: tuple[tuple[str, ...], ...] = ()
    set_env: Mapping[str, str] = field(default_factory=dict)
    pass_env: tuple[str, ...] | None = None
    package: Package = Package.WHEEL
    may_fail: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Imported:
    """What was read of another runner's configuration.

    Attributes:
        environments: all of them.
        lost: what is not carried over, one clause each.
        variables: the values of each name, where the other runner names what varies.
    """

    environments: tuple[Foreign, ...]
    lost: tuple[str, ...] = ()
    variables: Mapping[str, frozenset[str]] = field(default_factory=dict)


def configuration(imported: Imported) -> str:
    """Return the TOML of `[tool.multirt.matrix]` that does what the environments do.

    Environments that name a runtime become the matrix, the others its tasks.
    """
    matrix = [each for each in imported.environments if each.runtime is not None]
    tasks = [each for each in imported.environments if each.runtime is None]
    lines = [
        *_matrix(matrix, imported.variables),
        *(line for each in tasks for line in _task(each)),
    ]
    return "\n".join(lines) + "\n"


def _matrix(cells: Sequence[Foreign], named: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """Yield the lines of the tests: what cells share, axes, exclusions, overrides for the rest."""
    if not cells:
        return
    yield "[tool.multirt.matrix]"
    runtimes = tuple(dict.fromkeys(each.runtime or "" for each in cells))
    yield f"runtimes = {_list(runtimes)}"
    first = cells[0]
    if first.package is not Package.WHEEL:
        yield f"package = {_text(first.package.value)}"
    deps = _common([each.deps for each in cells])
    yield from _needs(deps, _common([each.groups for each in cells]), first.extras)
    commands = Counter(each.commands for each in cells).most_common(1)[0][0]
    yield f"commands = {_commands(commands)}"
    failing = tuple(
        dict.fromkeys(each.runtime or "" for each in cells if each.may_fail and not each.factors)
    )
    if failing:
        yield f"allow-fail = {_list(failing)}"
    variables = {
        name: value
        for name, value in first.set_env.items()
        if all(each.set_env.get(name) == value for each in cells)
    }
    yield from _variables(variables, first.pass_env)
    axes = _axes(cells, deps, named)
    if axes:
        yield "\n[tool.multirt.matrix.axes]"
        for name, values in axes.items():
            rows = ", ".join(f"{_text(value)} = {_list(more)}" for value, more in values.items())
            yield f"{name} = {{ {rows} }}"
        yield from _exclusions(cells, runtimes, axes)
    for cell in cells:
        yield from _override(cell, commands, variables)


def _axes(
    cells: Sequence[Foreign], common: Sequence[str], named: Mapping[str, frozenset[str]]
) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return a named variable for each place of a factor, with what each value adds."""
    axes: dict[str, dict[str, tuple[str, ...]]] = {}
    for place in range(max((len(each.factors) for each in cells), default=0)):
        words = dict.fromkeys(each.factors[place] for each in cells if len(each.factors) > place)
        known = (each for each in named if named[each].issuperset(words) and each not in axes)
        name = next(known, None) or axis_name(list(words), place)
        axes[name] = {}
        for word in words:
            having = [each.deps for each in cells if each.factors[place : place + 1] == (word,)]
            without = [each.deps for each in cells if each.factors[place : place + 1] != (word,)]
            everywhere = _common(without) if without else ()
            added = tuple(
                dep for dep in _common(having) if dep not in common and dep not in everywhere
            )
            axes[name][_value(word)] = added
    return axes


def axis_name(words: Sequence[str], place: int) -> str:
    """Return the name of the variable whose values some factors are: `django` for `django52`."""
    matches = [_VALUE.fullmatch(word) for word in words]
    names = {match[1] for match in matches if match}
    return names.pop() if len(names) == 1 and all(matches) else f"variant{place + 1}"


def _value(word: str) -> str:
    match = _VALUE.fullmatch(word)
    return match[2] if match else word


def _exclusions(
    cells: Sequence[Foreign],
    runtimes: Sequence[str],
    axes: Mapping[str, Mapping[str, tuple[str, ...]]],
) -> Iterator[str]:
    """Yield what is not among the environments, though each of its parts is."""
    from itertools import product

    there = {(each.runtime, tuple(map(_value, each.factors))) for each in cells}
    for runtime in runtimes:
        for values in product(*axes.values()):
            if (runtime, values) not in there:
                yield "\n[[tool.multirt.matrix.exclude]]"
                yield f"runtime = {_text(runtime)}"
                for name, value in zip(axes, values, strict=True):
                    yield f"{name} = {_text(value)}"


def _override(
    cell: Foreign, commands: tuple[tuple[str, ...], ...], variables: Mapping[str, str]
) -> Iterator[str]:
    """Yield what one environment does in its own way."""
    more = {name: value for name, value in cell.set_env.items() if name not in variables}
    if cell.commands == commands and not more:
        return
    yield "\n[[tool.multirt.matrix.override]]"
    yield f"when = {{ runtime = {_text(cell.runtime or '')} }}"
    if cell.commands != commands:
        yield f"commands = {_commands(cell.commands)}"
    yield from _variables(more, None)


def _task(cell: Foreign) -> Iterator[str]:
    """Yield the lines of a job on one runtime."""
    if not cell.commands:
        return
    yield f"\n[tool.multirt.matrix.tasks.{_key(cell.name)}]"
    if cell.package is not Package.SKIP:
        yield f"package = {_text(cell.package.value)}"
    extras = () if cell.package is Package.SKIP else cell.extras
    yield from _needs(cell.deps, cell.groups, extras)
    yield f"commands = {_commands(cell.commands)}"
    yield from _variables(cell.set_env, cell.pass_env)


def _needs(deps: Sequence[str], groups: Sequence[str], extras: Sequence[str]) -> Iterator[str]:
    for key, values in (("groups", groups), ("extras", extras), ("deps", deps)):
        if values or key == "deps":
            yield f"{key} = {_list(values)}"


def _variables(variables: Mapping[str, str], passed: tuple[str, ...] | None) -> Iterator[str]:
    if variables:
        rows = ", ".join(f"{_key(name)} = {_text(value)}" for name, value in variables.items())
        yield f"set-env = {{ {rows} }}"
    if passed:
        yield f"pass-env = {_list(passed)}"


def _common(lists: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return what is in all of some lists, in the order of the first."""
    first, *rest = lists
    return tuple(each for each in first if all(each in other for other in rest))


def with_posargs(command: Sequence[str], mark: str) -> tuple[str, ...]:
    """Return a command in which a mark stood for the user's own words."""
    return tuple(POSARGS if word == mark else word.replace(mark, POSARGS) for word in command)


def _commands(commands: Sequence[Sequence[str]]) -> str:
    return f"[{', '.join(_list(each) for each in commands)}]"


def _list(values: Sequence[str]) -> str:
    return f"[{', '.join(map(_text, values))}]"


def _text(value: str) -> str:
    # A JSON string without escapes beyond ASCII is a basic string of TOML.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _text(name)
