"""Start a program, and record how, so that the next start need not decide."""

from __future__ import annotations

import os
import shlex
import time
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from msgspec.structs import replace

from multirt.cli.argv import requirement
from multirt.cli.context import cache_dir, history_store, search, store, user_config
from multirt.config import CliSettings, Prefer
from multirt.launch.exec_plan import TrackedEnviron, launch
from multirt.process.debug_log import say
from multirt.program import entry_of
from multirt.selection.decide import decide
from multirt.selection.model import Request
from multirt.selection.plan import plan
from runtimes import RuntimeSpec, is_cpython

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from multirt.selection.model import Decision
    from runtimes import Runtime


def start_from_fields(
    command_line: Sequence[str], arguments: Sequence[str], options: Mapping[str, Sequence[str]]
) -> NoReturn:
    """Start a program as a command line asks for it.

    Args:
        command_line: all arguments of this process.
        arguments: of these, the program and its own arguments.
        options: the values of the options ahead of them, by the labels of a plan's question.

    Raises:
        MultirtError: no runtime fits, or the one that does cannot be started.
        SpecError: a word names no runtime.
    """
    entry, own = entry_of(arguments, Path.cwd())
    prefer, margin = (options.get(label, [None])[-1] for label in ("prefer", "fastest-margin"))
    cli_settings = CliSettings(
        specs=tuple(RuntimeSpec.parse(text, fork=True) for text in options.get("python", ())),
        sites=tuple(map(Path, options.get("site", ()))),
        requirements=tuple(map(requirement, options.get("with", ()))),
        requirement_files=tuple(map(Path, options.get("with-requirements", ()))),
        prefer=Prefer(prefer) if prefer is not None else None,
        margin=int(margin) if margin is not None else None,
        python_args=tuple(chain.from_iterable(map(shlex.split, options.get("python-args", ())))),
    )
    request = Request(
        entry=entry,
        cli_settings=cli_settings,
        search=search(),
        cache_dir=cache_dir(),
        user_config=user_config(),
        history=history_store,
        store=store,
    )
    start(request, own, command_line)


def is_well_formed(options: Mapping[str, Sequence[str]]) -> bool:
    """Whether the values of options mean something; otherwise typer says what is wrong."""
    preferred = all(each in {*Prefer} for each in options.get("prefer", ()))
    numbers = all(each.isdecimal() for each in options.get("fastest-margin", ()))
    quoted = any(not {*each}.isdisjoint("'\"\\") for each in options.get("python-args", ()))
    return preferred and numbers and not quoted


def start(request: Request, own: Sequence[str], command_line: Sequence[str]) -> NoReturn:
    """Decide how to start a program, write that down, and become it.

    Args:
        request: what is to run.
        own: the program's own arguments.
        command_line: all arguments of this process, which the plan will be found by.

    Raises:
        MultirtError: no runtime fits, or the one that does cannot be started.
    """
    since = time.time_ns()
    noticed: list[str] = []
    env = TrackedEnviron(request.search.env)
    request = replace(request, search=replace(request.search, env=env, notice=noticed.append))
    decision = decide(request)
    planned = plan(decision, request, own)
    unusual = unusual_choice_notice(decision)
    notices = [*_notes(decision), *([unusual] if unusual else [])]
    notice = "\n".join(notices) or None
    if os.name == "posix":  # elsewhere nothing starts by plans
        from multirt.launch.plan_inputs import plan_inputs
        from multirt.launch.plan_writer import save_plan

        fixed = planned.arguments[: len(planned.arguments) - len(own)]
        rests_on = partial(plan_inputs, decision, request, planned, noticed=noticed, since=since)
        save_plan(command_line, replace(planned, arguments=fixed), notice, rests_on)
    if notice is not None:
        say(notice)
    launch(planned, os.environ)


def say_notes(decision: Decision) -> None:
    """Say which contradictions were settled, and how."""
    for note in _notes(decision):
        say(note)


def _notes(decision: Decision) -> list[str]:
    """Return what the user should know of a decision, one line each."""
    if not decision.notes:
        return []
    from multirt.report.explanations import note_text  # 5 ms

    return [f"multirt: {note_text(each)}" for each in decision.notes]


def unusual_choice_notice(decision: Decision) -> str | None:
    """Return a line that says that something unusual was chosen, None when it was not."""
    if decision.chosen is None:
        return None
    runtime, options = decision.chosen.runtime, decision.configuration
    if decision.environment and decision.environment.is_of(runtime):
        return None
    if options.runtimes or options.shebang_spec or options.needs or options.implementation:
        return None  # it was asked for
    if decision.usual not in (None, runtime.id):
        return None  # it was measured, and `--prefer fastest` asked for that
    unusual = " and ".join(_unusual(runtime))
    return f"multirt: using {runtime.id} ({unusual}): nothing else fits" if unusual else None


def _unusual(runtime: Runtime) -> Iterator[str]:
    """Yield what is unusual about the chosen runtime."""
    if not is_cpython(runtime):
        name = runtime.implementation.name
        yield name if name != "cpython" else "a fork of CPython"
    if runtime.abi.debug:
        yield "a debug build"
    if runtime.prerelease:
        yield "a pre-release"
