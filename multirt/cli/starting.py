"""Start a program, and remember how, so that the next start need not decide."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from multirt.cli.remembered import history_file
from multirt.cli.searching import cache_dir, search, store, user_config
from multirt.configuration import Wishes
from multirt.dispatch import Request, decide, plan
from multirt.grounds import Consulted, grounds
from multirt.launch import launch
from multirt.plans.question import ask
from multirt.plans.writer import StartBy, UnsureError, write_plan
from multirt.program import entry_of
from runtimes import RuntimeSpec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from multirt.dispatch import Decision
    from runtimes import Runtime


def start_words(
    command_line: Sequence[str],
    words: Sequence[str],
    *,
    python: Sequence[str],
    sites: Sequence[str],
) -> NoReturn:
    """Start a program as a command line asks for it.

    Args:
        command_line: all arguments of this process.
        words: of these, the program and its own arguments.
        python: the runtimes to use, in order of preference; empty when nothing was said.
        sites: folders of packages; empty when nothing was said.

    Raises:
        MultirtError: no runtime fits, or the one that does cannot be started.
        SpecError: a word names no runtime.
    """
    entry, own = entry_of(words, Path.cwd())
    wishes = Wishes(specs=tuple(map(RuntimeSpec.parse, python)), sites=tuple(map(Path, sites)))
    request = Request(
        entry=entry,
        wishes=wishes,
        search=search(),
        cache_dir=cache_dir(),
        user_config=user_config(),
        history=history_file(),
        store=store,
    )
    start(request, own, command_line)


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
    env = Consulted(request.search.env)
    request = replace(request, search=replace(request.search, env=env, notice=noticed.append))
    decision = decide(request)
    planned = plan(decision, request, own)
    unusual = unasked(decision)
    remarks = [*(f"multirt: {note}" for note in decision.notes), *([unusual] if unusual else [])]
    remark = "\n".join(remarks) or None
    fixed = planned.arguments[: len(planned.arguments) - len(own)]
    question = ask([*map(os.fsencode, command_line)], os.fsencode(Path.cwd()), os.environb)
    if question is not None:
        try:
            path = write_plan(
                question,
                grounds(decision, request, planned, noticed=noticed, since=since),
                StartBy(
                    executable=str(planned.executable),
                    arguments=fixed,
                    environment=planned.environment,
                    remark=remark,
                ),
            )
            _debug(f"wrote plan {path}")
        except UnsureError as error:
            _debug(f"no plan is written: {error}")
    if remark is not None:
        say(remark)
    launch(planned, os.environ)


def say_notes(decision: Decision) -> None:
    """Say which contradictions were settled, and how."""
    for note in decision.notes:
        say(f"multirt: {note}")


def _debug(words: str) -> None:
    if os.environ.get("MULTIRT_LOG") == "debug":
        say(f"multirt: debug: {words}")


def say(words: str) -> None:
    """Say something on stderr, which may be closed, or full."""
    with suppress(OSError):
        os.write(2, f"{words}\n".encode(errors="backslashreplace"))


def unasked(decision: Decision) -> str | None:
    """Return a line that says that something unusual was chosen, None when it was not."""
    if decision.chosen is None:
        return None
    runtime, said = decision.chosen.runtime, decision.configuration
    if decision.environment and decision.environment.is_of(runtime):
        return None
    if said.runtimes or said.hinted or said.needs or said.implementation:
        return None  # somebody asked
    if decision.usual not in (None, runtime.id):
        return None  # it was measured, and `--prefer fastest` asked for that
    unusual = " and ".join(_unusual(runtime))
    return f"multirt: using {runtime.id} ({unusual}): nothing else fits" if unusual else None


def _unusual(runtime: Runtime) -> Iterator[str]:
    """Yield what nobody expects to be started on."""
    if runtime.implementation.name != "cpython":
        yield runtime.implementation.name
    if runtime.abi.debug:
        yield "a debug build"
    if runtime.prerelease:
        yield "a pre-release"
