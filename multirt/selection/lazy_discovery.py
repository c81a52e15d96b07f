"""Ask candidates what they are in the order of preference, as far as a choice needs it. Pure.

To ask one takes 50 ms to 4 s. The steps of a search go from the one candidate that is likely to be
chosen to all of the machine; the first step whose choice cannot be beaten ends it.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from multirt.config import Prefer
from multirt.errors import ErrorKind, NothingFitsError
from runtimes import CandidateError, base_executable, interrogate, is_cpython
from runtimes.executable_names import is_of_another, release_line
from runtimes.spec import within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from multirt.config import Configuration
    from multirt.selection.model import Decision, EvaluationContext
    from multirt.selection.virtualenv import VirtualEnvironment
    from runtimes import Runtime, RuntimeSpec, SearchOptions


def add_explicit_paths(
    runtimes: Sequence[Runtime], specs: Sequence[RuntimeSpec], search: SearchOptions
) -> tuple[Runtime, ...]:
    """Return the runtimes, and those that a spec names by a path and that no source found.

    Raises:
        MultirtError: a path leads to nothing that answers as a runtime.
    """
    found = list(runtimes)
    for spec in specs:
        if spec.path is None or any(spec.accepts(each) for each in found):
            continue
        path = Path(spec.path).expanduser()
        path = base_executable(path) or path
        names = {path, Path(os.path.realpath(path))}
        known = next((each for each in found if names & {each.executable, *each.aliases}), None)
        if known is None:
            try:
                named = interrogate(path, env=search.env, timeout=search.timeout)
            except CandidateError as error:
                message = f"cannot use {spec.path} as a runtime: {error.detail}"
                hint = "`multirt list` shows the runtimes of this machine"
                raise NothingFitsError(message, hint, ErrorKind.SPEC) from error
            known = next((each for each in found if each.executable == named.executable), named)
        if known in found:
            found.remove(known)
        found.append(replace(known, aliases=(*known.aliases, Path(spec.path))))
    return tuple(found)


_SECOND = 3  # release lines that are asked together, after the newest alone


def steps(
    search: SearchOptions, configuration: Configuration, environment: VirtualEnvironment | None
) -> Iterator[SearchOptions]:
    """Yield searches that ask more and more of the candidates that were never asked.

    Args:
        search: for all of them, which is the last.
        configuration: what is asked for.
        environment: the one whose runtime comes first; None for none.
    """
    prefer = configuration.prefer.value if configuration.prefer is not None else None
    if prefer in (None, Prefer.NEWEST):
        first = partial(_may_be_chosen, configuration)
        paths = _first_paths(configuration, environment)
        if paths:
            yield replace(search, first=first, paths=paths)
        if not (configuration.specs and configuration.specs[0].path is not None):
            yield replace(search, first=first)
            yield replace(search, first=first, lines=_SECOND)
    yield search


def _first_paths(
    configuration: Configuration, environment: VirtualEnvironment | None
) -> frozenset[str]:
    """Return where the runtime is that comes before all others, whatever else is here."""
    specs = configuration.specs
    if specs:
        if specs[0].path is None:
            return frozenset()
        named = Path(specs[0].path).expanduser()
        base = base_executable(named) or named
    elif environment is not None and environment.base is not None:
        base = environment.base
    else:
        return frozenset()
    return frozenset({str(base), os.path.realpath(base)})


def _may_be_chosen(configuration: Configuration, line: tuple[int, int]) -> bool:
    shebang_spec = configuration.shebang_spec
    specs = configuration.specs or ((shebang_spec.value,) if shebang_spec is not None else ())
    wanted = all(within(each.value, line) for each in configuration.requires)
    return wanted and (not specs or specs[0].may_accept(line))


def is_final(decision: Decision, context: EvaluationContext) -> bool:
    """Whether every candidate that was not asked would come after the choice, see `ranking`."""
    chosen, configuration = decision.chosen, decision.configuration
    if chosen is None:
        return False
    runtime = chosen.runtime
    requested, is_foreign, unverified = chosen.rank[:3]
    if requested:
        return False
    if configuration.specs and configuration.specs[0].path is not None:
        return True  # no other has that path
    if not is_foreign:
        return not configuration.specs  # no other is the environment's own
    if decision.environment is not None and context.venv_runtime is None:
        return decision.environment.base is None
    unusual = runtime.abi.debug or runtime.abi.free_threaded or not is_cpython(runtime)
    return not (unusual or runtime.prerelease or unverified) and not any(
        _may_come_first(path, runtime.version.release[:2], configuration)
        for path in decision.discovery.postponed
    )


def _may_come_first(path: Path, chosen: tuple[int, ...], configuration: Configuration) -> bool:
    """Whether a candidate, by its name, could be a CPython as new as the chosen one."""
    line = release_line(path.name)
    if line is None:
        return not is_of_another(path.name)
    return line >= chosen and _may_be_chosen(configuration, line)
