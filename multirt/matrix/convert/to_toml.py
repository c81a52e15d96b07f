"""Environments of another runner, and the configuration of ours that they amount to."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from multirt.matrix.model import InstallMode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence


Position = tuple[str, ...]
"""Where a cell is: its runtime, and its value of each axis."""
Condition = dict[int, tuple[str, ...]]
"""The values that a cell must have in some of these positions; the others are free."""
_T = TypeVar("_T")
_NONE = "none"  # the value of an axis where an environment has no such factor
_VALUE = re.compile(r"([A-Za-z_]+?)[-_]?(\d[\d.]*)")


class ExternalEnv(Struct, frozen=True, kw_only=True):
    """One environment of another runner.

    Attributes:
        name: there.
        runtime: which it is made for, in words that a spec takes; None for a job besides the tests.
        base: what such a job runs on; None when it does not say.
        factors: what else varies, in the order of the name: `("django52",)`.
        deps, extras, groups, constraints: what is installed.
        commands: what is run.
        set_env: variables that it sets.
        pass_env: variables that it passes; None for all.
        package: how the project gets in.
        may_fail: its failure does not count.
    """

    name: str
    runtime: str | None
    base: str | None = None
    factors: tuple[str, ...] = ()
    deps: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    commands: tuple[tuple[str, ...], ...] = ()
    set_env: Mapping[str, str] = field(default_factory=dict)
    pass_env: tuple[str, ...] | None = None
    package: InstallMode = InstallMode.WHEEL
    may_fail: bool = False


class ImportedConfig(Struct, frozen=True, kw_only=True):
    """What was read of another runner's configuration.

    Attributes:
        environments: all of them.
        lost: what is not carried over, one clause each.
        variables: the values of each name, where the other runner names what varies.
        skips_missing: a runtime that is not here is no failure.
    """

    environments: tuple[ExternalEnv, ...]
    lost: tuple[str, ...] = ()
    variables: Mapping[str, frozenset[str]] = field(default_factory=dict)
    skips_missing: bool = False


def to_toml(imported: ImportedConfig) -> str:
    """Return the TOML of `[tool.multirt.matrix]` that does what the environments do.

    Environments that name a runtime become the matrix, the others its tasks.
    """
    cells, tasks, axes = _split(imported)
    lines = [
        *(_matrix(cells, axes, skips_missing=imported.skips_missing) if cells else ()),
        *(line for each in tasks for line in _task(each)),
    ]
    return "\n".join(lines) + "\n"


def unsupported_settings(imported: ImportedConfig) -> tuple[str, ...]:
    """Return what the configuration cannot say of some environments, one clause each."""
    cells, tasks, axes = _split(imported)
    lost = [f"{each.name}, which has no commands" for each in tasks if not each.commands]
    lost += [f"ignore_outcome of {each.name}" for each in tasks if each.may_fail]
    if cells:
        shared = _shared(cells, axes)
        excused = _allowed_failures(cells)
        for each in cells:
            if each.package is not shared.package:
                lost.append(f"package {each.package.value!r} of {each.name}")
            if each.pass_env != shared.pass_env:
                lost.append(f"pass_env of {each.name}")
            if each.may_fail and each.runtime not in excused:
                lost.append(f"ignore_outcome of {each.name}")
    return tuple(lost)


def group_unsupported(lost: Iterable[str]) -> Iterator[str]:
    """Yield what is lost, once for all environments of which it is said."""
    names: dict[str, list[str]] = {}
    for each in dict.fromkeys(lost):
        what, of, name = each.rpartition(" of ")
        names.setdefault(f"{what}{of}" if of else each, []).append(name if of else "")
    for what, several in names.items():
        yield f"{what}{', '.join(several)}"


def _split(
    imported: ImportedConfig,
) -> tuple[list[ExternalEnv], list[ExternalEnv], tuple[str, ...]]:
    """Return the environments of the matrix, the others, and the names of the axes.

    The factors of the former become the values of the axes: as many for each.
    """
    found = imported.environments
    width = max((len(each.factors) for each in found if each.runtime), default=0)
    cells = [
        replace(each, factors=(*each.factors, *[_NONE] * (width - len(each.factors))))
        for each in found
        if each.runtime
    ]
    names: list[str] = []
    for position in range(width):
        options = dict.fromkeys(each.factors[position] for each in cells)
        name, values = _axis(list(options), position, imported.variables, names)
        names.append(name)
        cells = [
            replace(
                each,
                factors=(
                    *each.factors[:position],
                    values[each.factors[position]],
                    *each.factors[position + 1 :],
                ),
            )
            for each in cells
        ]
    return cells, [each for each in found if not each.runtime], tuple(names)


def _axis(
    options: Sequence[str], position: int, named: Mapping[str, frozenset[str]], taken: Sequence[str]
) -> tuple[str, dict[str, str]]:
    """Return the name of the axis that some factors are of, and the value that each is.

    `django42` and `django52` are 42 and 52 of `django`; what has no name in common keeps its own.
    """
    own = [value for value in options if value != _NONE]
    known = (each for each in named if named[each].issuperset(own) and each not in taken)
    matches = {value: match for value in own if (match := _VALUE.fullmatch(value))}
    names = {match[1] for match in matches.values()}
    if name := next(known, None):
        return name, {value: value for value in options}
    if len(names) == 1 and len(matches) == len(own) and not names & set(taken):
        return names.pop(), {_NONE: _NONE, **{value: match[2] for value, match in matches.items()}}
    return f"variant{position + 1}", {value: value for value in options}


class _Shared(Struct, frozen=True, kw_only=True):
    """What the cells of a matrix have in common; what more they have, overrides add."""

    deps: tuple[str, ...]
    groups: tuple[str, ...]
    extras: tuple[str, ...]
    constraints: tuple[str, ...]
    commands: tuple[tuple[str, ...], ...]
    variables: Mapping[str, str]
    pass_env: tuple[str, ...] | None
    package: InstallMode
    axes: Mapping[str, Mapping[str, tuple[str, ...]]]

    def more(self, cell: ExternalEnv) -> tuple[str, ...]:
        """Return the lines of an override that make this a cell; none when it is one already."""
        added = dict(zip(self.axes, cell.factors, strict=True))
        given = {*self.deps, *(dep for axis in added for dep in self.axes[axis][added[axis]])}
        variables = {
            name: value for name, value in cell.set_env.items() if self.variables.get(name) != value
        }
        lists = (
            ("groups", cell.groups, self.groups),
            ("extras", cell.extras, self.extras),
            ("constraints", cell.constraints, self.constraints),
            ("deps", cell.deps, given),
        )
        lines = [
            f"{key} = {_list(missing)}"
            for key, values, known in lists
            if (missing := tuple(each for each in values if each not in known))
        ]
        lines += [f"commands = {_commands(cell.commands)}"] * (cell.commands != self.commands)
        return (*lines, *_variables(variables, None))


def _shared(cells: Sequence[ExternalEnv], axes: Sequence[str]) -> _Shared:
    """Return what the cells of a matrix have in common."""
    first = cells[0]
    deps = _common([each.deps for each in cells])
    return _Shared(
        deps=deps,
        groups=_common([each.groups for each in cells]),
        extras=_common([each.extras for each in cells]),
        constraints=_common([each.constraints for each in cells]),
        commands=_most_common(each.commands for each in cells),
        variables={
            name: value
            for name, value in first.set_env.items()
            if all(each.set_env.get(name) == value for each in cells)
        },
        pass_env=_most_common(each.pass_env for each in cells),
        package=_most_common(each.package for each in cells),
        axes=_axes(cells, deps, axes),
    )


def _most_common(values: Iterable[_T]) -> _T:
    """Return what most have."""
    return Counter(values).most_common(1)[0][0]


def _allowed_failures(cells: Sequence[ExternalEnv]) -> tuple[str, ...]:
    """Return the runtimes on which every cell may fail."""
    runtimes = dict.fromkeys(each.runtime or "" for each in cells)
    required = {each.runtime for each in cells if not each.may_fail}
    return tuple(each for each in runtimes if each not in required)


def _matrix(
    cells: Sequence[ExternalEnv], axes: Sequence[str], *, skips_missing: bool
) -> Iterator[str]:
    """Yield the lines of the tests: what cells share, axes, exclusions, overrides for the rest."""
    shared = _shared(cells, axes)
    runtimes = tuple(dict.fromkeys(each.runtime or "" for each in cells))
    yield "[tool.multirt.matrix]"
    yield f"runtimes = {_list(runtimes)}"
    if shared.package is not InstallMode.WHEEL:
        yield f"package = {_text(shared.package.value)}"
    yield from _needs(replace(shared, extras=()) if shared.package is InstallMode.SKIP else shared)
    yield f"commands = {_commands(shared.commands)}"
    if skips_missing:
        yield 'missing = "skip"'
    if excused := _allowed_failures(cells):
        yield f"allow-fail = {_list(excused)}"
    yield from _variables(shared.variables, shared.pass_env)
    if shared.axes:
        yield "\n[tool.multirt.matrix.axes]"
        for name, values in shared.axes.items():
            rows = ", ".join(f"{_text(value)} = {_list(more)}" for value, more in values.items())
            yield f"{name} = {{ {rows} }}"
        yield from _exclusions(cells, runtimes, shared.axes)
    yield from _overrides(cells, shared)


def _axes(
    cells: Sequence[ExternalEnv], common: Sequence[str], names: Sequence[str]
) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return what each value of each axis adds."""
    axes: dict[str, dict[str, tuple[str, ...]]] = {}
    for position, name in enumerate(names):
        axes[name] = {}
        for value in dict.fromkeys(each.factors[position] for each in cells):
            having = [each.deps for each in cells if each.factors[position] == value]
            without = [each.deps for each in cells if each.factors[position] != value]
            everywhere = _common(without) if without else ()
            axes[name][value] = tuple(
                dep for dep in _common(having) if dep not in common and dep not in everywhere
            )
    return axes


def _exclusions(
    cells: Sequence[ExternalEnv],
    runtimes: Sequence[str],
    axes: Mapping[str, Mapping[str, tuple[str, ...]]],
) -> Iterator[str]:
    """Yield what is not among the environments, though each of its parts is."""
    from itertools import product

    there = list(map(_position, cells))
    absent = [each for each in product(runtimes, *axes.values()) if each not in there]
    for condition in conditions(absent, there) if absent else ():
        yield "\n[[tool.multirt.matrix.exclude]]"
        yield from _named(condition, tuple(axes))


def _overrides(cells: Sequence[ExternalEnv], shared: _Shared) -> Iterator[str]:
    """Yield what some environments do in their own way, printed once for those that do the same."""
    alike: dict[str, list[ExternalEnv]] = {}
    for cell in cells:
        for line in shared.more(cell):
            alike.setdefault(line, []).append(cell)
    groups: dict[tuple[str, ...], list[str]] = {}
    for line, group in alike.items():
        others = [_position(each) for each in cells if each not in group]
        for condition in conditions(list(map(_position, group)), others):
            groups.setdefault(tuple(_named(condition, tuple(shared.axes))), []).append(line)
    for when, lines in groups.items():
        yield "\n[[tool.multirt.matrix.override]]"
        yield f"when = {{ {', '.join(when)} }}"
        yield from lines


def _position(cell: ExternalEnv) -> Position:
    return (cell.runtime or "", *cell.factors)


def _named(condition: Condition, axes: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a condition."""
    for number, values in sorted(condition.items()):
        value = _list(values) if len(values) > 1 else _text(values[0])
        yield f"{('runtime', *axes)[number]} = {value}"


def _task(cell: ExternalEnv) -> Iterator[str]:
    """Yield the lines of a job on one runtime."""
    if not cell.commands:
        return
    yield f"\n[tool.multirt.matrix.tasks.{_key(cell.name)}]"
    if cell.base is not None:
        yield f"runtimes = {_list([cell.base])}"
    if cell.package is not InstallMode.SKIP:
        yield f"package = {_text(cell.package.value)}"
    yield from _needs(replace(cell, extras=()) if cell.package is InstallMode.SKIP else cell)
    yield f"commands = {_commands(cell.commands)}"
    yield from _variables(cell.set_env, cell.pass_env)


def _needs(needs: ExternalEnv | _Shared) -> Iterator[str]:
    yield from (f"groups = {_list(needs.groups)}",) if needs.groups else ()
    yield from (f"extras = {_list(needs.extras)}",) if needs.extras else ()
    yield from (f"constraints = {_list(needs.constraints)}",) if needs.constraints else ()
    yield f"deps = {_list(needs.deps)}"


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


def _commands(commands: Sequence[Sequence[str]]) -> str:
    return f"[{', '.join(_list(each) for each in commands)}]"


def _list(values: Sequence[str]) -> str:
    return f"[{', '.join(map(_text, values))}]"


def _text(value: str) -> str:
    # A JSON string without escapes beyond ASCII is a basic string of TOML.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _text(name)


def conditions(meant: Sequence[Position], others: Sequence[Position]) -> Iterator[Condition]:
    """Yield conditions of which one holds for each cell that is meant, and none for the others.

    Args:
        meant: where they are, at least one.
        others: where no condition may hold; what is in neither does not matter.
    """
    values: Condition = {
        number: tuple(dict.fromkeys(each[number] for each in meant))
        for number in range(len(meant[0]))
    }
    if not any(_holds(values, each) for each in others):
        yield _shortened(values, others)
        return
    # Where a box around them has others too, each value of the position with the fewest is apart.
    position = min((n for n in values if len(values[n]) > 1), key=lambda n: len(values[n]))
    for value in values[position]:
        yield from conditions([each for each in meant if each[position] == value], others)


def _holds(condition: Condition, position: Position) -> bool:
    return all(position[number] in values for number, values in condition.items())


def _shortened(condition: Condition, others: Sequence[Position]) -> Condition:
    """Return a condition without what it can do without, the longest of it first."""
    for number in sorted(condition, key=lambda each: -len(condition[each])):
        less = {position: values for position, values in condition.items() if position != number}
        if less and not any(_holds(less, each) for each in others):
            condition = less
    return condition
