"""Make the cells of a matrix: runtimes times axes, less what is excluded; pick some of them.

All of it is pure.
"""

from __future__ import annotations

import itertools
import math
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from multirt.config.toml_table import nearest
from multirt.errors import ConfigError, MultirtError, UsageError
from multirt.matrix.model import Cell, Condition, Config, Excluded, Job, Needs
from multirt.program.requirements import parse_specifiers
from runtimes import RuntimeSpec, SpecError, rank

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from runtimes import Runtime

_TOKEN = re.compile(r"\s*(\(|\)|[^\s()]+)")


def matches(expression: str, name: str) -> bool:
    """Whether an expression of words, `and`, `or`, `not` and brackets holds for a cell.

    A word holds when it is part of the cell's name.

    Raises:
        MultirtError: it is no such expression.
    """
    tokens = _TOKEN.findall(expression)
    value, rest = _either(tokens, name, expression)
    if rest or not tokens:
        raise _unreadable(expression)
    return value


def _either(tokens: list[str], hay: str, expression: str) -> tuple[bool, list[str]]:
    value, tokens = _both(tokens, hay, expression)
    while tokens[:1] == ["or"]:
        other, tokens = _both(tokens[1:], hay, expression)
        value = value or other
    return value, tokens


def _both(tokens: list[str], hay: str, expression: str) -> tuple[bool, list[str]]:
    value, tokens = _one(tokens, hay, expression)
    while tokens[:1] == ["and"]:
        other, tokens = _one(tokens[1:], hay, expression)
        value = value and other
    return value, tokens


def _one(tokens: list[str], hay: str, expression: str) -> tuple[bool, list[str]]:
    first, rest = tokens[:1], tokens[1:]
    if first == ["not"]:
        value, rest = _one(rest, hay, expression)
        return not value, rest
    if first == ["("]:
        value, rest = _either(rest, hay, expression)
        if rest[:1] != [")"]:
            raise _unreadable(expression)
        return value, rest[1:]
    if not first or first[0] in {")", "and", "or"}:
        raise _unreadable(expression)
    return first[0] in hay, rest


def _unreadable(expression: str) -> MultirtError:
    hint = "write for example -k '3.12 and not django'"
    return UsageError(f"-k cannot be read: {expression!r}", hint)


_MOST = 10_000  # combinations of axes: on 30 runtimes 10 s, and 300 MB
NO_VENV = "it has no venv module"
_OLDEST_IN_AUTO = (3, 7)  # what pytest and the build backends of today still reach at all


class Cells(msgspec.Struct, frozen=True, kw_only=True):
    """A matrix spread out.

    Attributes:
        cells: in the order of the configuration, axes varying fastest, tasks last.
        excluded: what is not run, and why.
    """

    cells: tuple[Cell, ...]
    excluded: tuple[Excluded, ...] = ()


class CellSelection(msgspec.Struct, frozen=True, kw_only=True):
    """Which cells of a matrix are meant.

    Attributes:
        names: of cells, tasks or runtimes; empty for all but the tasks.
        axes: name and value; values of one name are alternatives.
        keywords: an expression of names with `and`, `or`, `not`; None for no expression.
    """

    names: tuple[str, ...] = ()
    axes: tuple[tuple[str, str], ...] = ()
    keywords: str | None = None


def expand(config: Config, runtimes: Sequence[Runtime]) -> Cells:
    """Return every cell of a matrix.

    Args:
        config: the matrix.
        runtimes: those of the machine.

    Raises:
        MultirtError: there are too many.
    """
    count = math.prod(len(rows) for _, rows in config.axes)
    if count > _MOST:
        message = f"the axes have {count} combinations, more than the {_MOST} that are spread out"
        hint = "use fewer axes, or fewer values of each"
        raise ConfigError(message, hint)
    found: list[Cell] = []
    excluded: list[Excluded] = []
    if config.matrix.commands:
        found += _expand_job(config, config.matrix, runtimes, excluded)
    for job in config.tasks.values():
        found += _expand_job(config, job, runtimes, excluded)
    return Cells(cells=tuple(_unique(found)), excluded=tuple(excluded))


def _expand_job(
    config: Config, job: Job, runtimes: Sequence[Runtime], excluded: list[Excluded]
) -> Iterator[Cell]:
    """Yield the cells of the tests or of one task."""
    axes = config.axes if job.name is None else ()
    for asked, runtime in _chosen(config, job, runtimes, excluded):
        for values in itertools.product(*([(name, *each) for each in rows] for name, rows in axes)):
            cell = _cell(config, job, asked, runtime, values)
            reason = next((_text(each) for each in config.exclude if _is_met(each, cell)), None)
            if reason is not None and job.name is None:
                runtime_id = runtime.id if runtime is not None and not cell.axes else None
                excluded.append(Excluded(name=cell.name, reason=reason, runtime=runtime_id))
            else:
                yield _overridden(cell, config) if job.name is None else cell


def _chosen(
    config: Config, job: Job, runtimes: Sequence[Runtime], excluded: list[Excluded]
) -> Iterator[tuple[str, Runtime | None]]:
    """Yield the runtimes of a job, each once, with the words that asked for it."""
    if job.runtimes is None:
        yield from (("auto", each) for each in _auto(config, job, runtimes, excluded))
        return
    seen: set[str] = set()
    for spec in job.runtimes:
        fitting = sorted((each for each in runtimes if spec.accepts(each)), key=rank)
        if is_range(spec):
            fitting = [each for each in fitting if _is_usual(each, spec)]
        if not fitting:
            yield str(spec), None
        for runtime in _one_of_each(fitting) if is_range(spec) else fitting[:1]:
            if runtime.id not in seen:
                seen.add(runtime.id)
                yield str(spec), runtime


def _auto(
    config: Config, job: Job, runtimes: Sequence[Runtime], excluded: list[Excluded]
) -> Iterator[Runtime]:
    """Yield one runtime of every kind that fits for the tests, the best of all for a task."""
    if job.name is not None:
        fitting = (
            each
            for each in sorted(runtimes, key=rank)
            if _reason_to_leave_out(each, config) is None
        )
        yield from itertools.islice(fitting, 1)
        return
    for runtime in _one_of_each(runtimes):
        reason = _reason_to_leave_out(runtime, config)
        if reason is None:
            yield runtime
        else:
            name = runtime_title(runtime)
            excluded.append(Excluded(name=name, reason=reason, runtime=runtime.id))


def is_range(spec: RuntimeSpec) -> bool:
    """Whether a spec asks for several versions, so that it stands for the best of each."""
    return spec.bounds is not None or (
        spec.path is None and spec.id is None and len(spec.release) < 2  # noqa: PLR2004 - no minor
    )


def _is_usual(runtime: Runtime, spec: RuntimeSpec) -> bool:
    """Whether a range that does not name the build, or the implementation, means a runtime."""
    return (spec.implementation or "cpython") == runtime.implementation.name and not _special(
        runtime
    )


def _one_of_each(runtimes: Iterable[Runtime]) -> list[Runtime]:
    """Return the best runtime of each kind, oldest first, CPython before the others."""
    best: dict[tuple[str, int, int, bool, bool, int], Runtime] = {}
    for runtime in sorted(runtimes, key=rank):
        version, abi = runtime.version, runtime.abi
        kind = (
            runtime.implementation.name,
            version.major,
            version.minor,
            abi.debug,
            abi.free_threaded,
            runtime.platform.bits,
        )
        best.setdefault(kind, runtime)
    return sorted(
        best.values(),
        key=lambda each: (
            each.implementation.name != "cpython",
            each.implementation.name,
            (each.version.major, each.version.minor),
            each.abi.free_threaded,
            each.abi.debug,
        ),
    )


def _reason_to_leave_out(runtime: Runtime, config: Config) -> str | None:
    """Return why `auto` leaves a runtime out, None when it takes it."""
    if "venv" not in runtime.stdlib:
        return NO_VENV
    if config.requires_python is not None:
        try:
            wanted = parse_specifiers(config.requires_python)
        except ValueError as error:
            message = f"requires-python means nothing: {config.requires_python!r}"
            raise ConfigError(message) from error
        if not wanted.contains(runtime.version.base_version):
            return f"requires-python {config.requires_python}"
    elif (runtime.version.major, runtime.version.minor) < _OLDEST_IN_AUTO:
        return "no requires-python asks for one so old"
    return None


def _cell(
    config: Config,
    job: Job,
    asked: str,
    runtime: Runtime | None,
    values: tuple[tuple[str, str, tuple[str, ...]], ...],
) -> Cell:
    name = runtime_title(runtime) if runtime is not None else asked
    parts = [f"{axis}{value}" for axis, value, _ in values]
    if job.name is not None:
        several = job.runtimes is not None and len(job.runtimes) > 1
        name = f"{job.name}-{name}" if several else job.name
    added = tuple(each for _, _, deps in values for each in deps)
    needs = replace(job.needs, requirements=(*job.needs.requirements, *added))
    return Cell(
        name="-".join([name, *parts]),
        task=job.name,
        asked=asked,
        runtime=runtime,
        axes=tuple((axis, value) for axis, value, _ in values),
        package=job.package,
        needs=needs,
        commands=job.commands,
        set_env=job.set_env,
        pass_env=job.pass_env,
        timeout=job.timeout,
        grace=job.grace,
        gil_off=job.gil_off,
        required=job.runtimes is not None,
        may_fail=runtime is not None and any(spec.accepts(runtime) for spec in config.allow_fail),
    )


def runtime_title(runtime: Runtime) -> str:
    """Return what a runtime is called in a matrix: `3.12`, `3.14t`, `3.13d`, `pypy3.11`."""
    name = runtime.implementation.name
    version = runtime.version
    flags = "t" * runtime.abi.free_threaded + "d" * runtime.abi.debug
    return f"{name if name != 'cpython' else ''}{version.major}.{version.minor}{flags}"


def _unique(cells: Sequence[Cell]) -> Iterator[Cell]:
    """Yield the cells, those that share a name renamed by their runtime's id."""
    names = [cell.name for cell in cells]
    for cell in cells:
        if names.count(cell.name) > 1 and cell.runtime is not None:
            yield replace(
                cell, name=cell.name.replace(runtime_title(cell.runtime), cell.runtime.id, 1)
            )
        else:
            yield cell


def _is_met(condition: Condition, cell: Cell) -> bool:
    """Whether a condition holds for a cell."""
    runtime = cell.runtime
    if condition.runtimes is not None and not (
        runtime is not None and any(spec.accepts(runtime) for spec in condition.runtimes)
    ):
        return False
    if condition.platforms is not None and not (
        runtime is not None
        and any(fnmatchcase(runtime.platform.system, each) for each in condition.platforms)
    ):
        return False
    values = dict(cell.axes)
    return all(values.get(name) in allowed for name, allowed in condition.axes)


def _text(condition: Condition) -> str:
    """Say an exclusion as it was written."""
    parts = []
    if condition.runtimes is not None:
        parts.append(f"runtime {' or '.join(map(str, condition.runtimes))}")
    if condition.platforms is not None:
        parts.append(f"platform {' or '.join(condition.platforms)}")
    parts += [f"{name} {' or '.join(values)}" for name, values in condition.axes]
    return f"excluded: {', '.join(parts)}"


def _overridden(cell: Cell, config: Config) -> Cell:
    """Return a cell with every override that holds for it."""
    for each in config.overrides:
        if _is_met(each.when, cell):
            cell = replace(
                cell,
                needs=_joined(cell.needs, each.needs),
                commands=each.commands or cell.commands,
                set_env={**cell.set_env, **each.set_env},
                timeout=each.timeout or cell.timeout,
            )
    return cell


def _joined(first: Needs, second: Needs) -> Needs:
    return Needs(
        requirements=(*first.requirements, *second.requirements),
        extras=(*first.extras, *second.extras),
        constraints=(*first.constraints, *second.constraints),
        lock=second.lock or first.lock,
    )


def pick(
    cells: Sequence[Cell], wanted: CellSelection, config: Config, left_out: Sequence[Excluded] = ()
) -> tuple[Cell, ...]:
    """Return the cells that are meant, in their order.

    Args:
        cells: all of the matrix.
        wanted: which are meant.
        config: the matrix.
        left_out: what is none of its cells, and why, for who names one.

    Raises:
        MultirtError: a name or a value that no cell has; it names the nearest.
    """
    chosen = [cell for cell in cells if cell.task is None]
    if wanted.names:
        keep = {each.name for name in wanted.names for each in _named(cells, name, left_out)}
        chosen = [cell for cell in cells if cell.name in keep]
    for name in dict.fromkeys(name for name, _ in wanted.axes):
        values = {value for axis, value in wanted.axes if axis == name}
        _check_axis(name, values, config)
        chosen = [cell for cell in chosen if dict(cell.axes).get(name) in values]
    if wanted.keywords is not None:
        chosen = [cell for cell in chosen if matches(wanted.keywords, cell.name)]
    return tuple(chosen)


def _named(cells: Sequence[Cell], name: str, left_out: Sequence[Excluded]) -> list[Cell]:
    """Return the cells that a name means: a cell, a task, or all of a runtime."""
    found = [cell for cell in cells if name in (cell.name, cell.task)]
    if not found:
        try:
            spec = RuntimeSpec.parse(name, fork=True)
        except SpecError:
            spec = None
        if spec is not None:
            found = [
                cell
                for cell in cells
                if cell.task is None
                and (spec.accepts(cell.runtime) if cell.runtime else str(spec) == cell.asked)
            ]
            if not is_range(spec) and spec.debug is None and spec.free_threaded is None:
                plain = [cell for cell in found if cell.runtime and not _special(cell.runtime)]
                found = plain or found
    if found:
        return found
    hint = next((each.reason for each in left_out if each.name == name), None)
    if hint is None:
        known = [cell.name for cell in cells]
        near = nearest(name, known)
        there = f"there is {', '.join(known) or 'none'}"
        hint = f"did you mean {near!r}? {there}" if near else there
    raise UsageError(f"the matrix has no {name!r}", hint)


def _special(runtime: Runtime) -> bool:
    return runtime.abi.debug or runtime.abi.free_threaded


def _check_axis(name: str, values: set[str], config: Config) -> None:
    """Refuse an axis or a value that is not configured."""
    axes = dict(config.axes)
    if name not in axes:
        hint = f"there is {', '.join(axes) or 'none'}"
        raise UsageError(f"the matrix has no axis {name!r}", hint)
    known = [value for value, _ in axes[name]]
    for value in sorted(values - set(known)):
        hint = f"there is {', '.join(known)}"
        raise UsageError(f"the axis {name} has no value {value!r}", hint)
