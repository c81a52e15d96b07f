"""Start a program with a canary next to its usual runtime."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from abi_probe import Cause
from multirt.cli.context import data_dir
from multirt.cli.start import say_notes
from multirt.errors import ErrorKind, MultirtError, UsageError
from multirt.experiments.bench_model import program_key
from multirt.experiments.canary import Canary
from multirt.experiments.canary_report import CanaryPair
from multirt.experiments.canary_store import CanaryStore
from multirt.process.debug_log import say
from multirt.program.model import ProgramKind
from multirt.selection.decide import decide
from multirt.selection.no_match import NoCandidateError
from multirt.selection.plan import plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multirt.program.model import Program
    from multirt.selection.model import Decision, Request
    from runtimes import RuntimeSpec


# Percent of the starts when nothing is given. A shadow harms none, so every start has one.
_STARTS, _SHADOWS = 5.0, 100.0


class CanaryArgs(Struct, frozen=True, kw_only=True):
    """What a command line says of a canary.

    Attributes:
        spec: the new runtime.
        percent: of the starts that it takes part in; None for what is usual.
        shadow: it only runs afterwards, for comparison.
        repeatable: the program may be run twice.
    """

    spec: RuntimeSpec
    percent: float | None
    shadow: bool
    repeatable: bool

    @property
    def share(self) -> float:
        """Percent of the starts that the canary takes part in."""
        if self.percent is not None:
            return self.percent
        return _SHADOWS if self.shadow else _STARTS


def canary_store() -> CanaryStore:
    """Return what is cached of canaries."""
    return CanaryStore(path=data_dir() / "canary.sqlite3")


def try_canary(request: Request, own: Sequence[str], args: CanaryArgs) -> None:
    """Start the program with its canary; return when it is to be started as ever.

    Args:
        request: for the usual runtime.
        own: the program's own arguments.
        args: of the canary.

    Raises:
        MultirtError: nothing fits as the usual runtime, or the canary is that, or a shadow is
            asked for of a program that may not be run twice.
    """
    usual = decide(request)
    if usual.chosen is None:
        raise NoCandidateError(usual)
    _check(usual.program, args)
    cli_settings = replace(request.cli_settings, specs=(args.spec,), prefer=None)
    try:
        new = decide(replace(request, cli_settings=cli_settings))
    except MultirtError as error:  # a path that leads to nothing, or to something broken
        say(f"multirt: no canary: {error.message}")
        return
    if new.chosen is None:
        say(f"multirt: no canary: {_why(new)}")
        return
    if new.chosen.runtime == usual.chosen.runtime:
        message = f"the canary {args.spec} is the usual runtime, {usual.chosen.runtime.id}"
        raise UsageError(message, "name another with --python or --canary", kind=ErrorKind.CANARY)
    trial = CanaryPair(
        program=program_key(usual.program),
        usual=usual.chosen.runtime.id,
        canary=new.chosen.runtime.id,
    )
    say_notes(usual)
    canary = Canary(
        trial=trial,
        usual=plan(usual, request, own),
        canary=plan(new, request, own),
        env=os.environ,
        percent=args.share,
        shadow=args.shadow,
        store=canary_store(),
        say=say,
    )
    try:
        canary.start()
    except MultirtError as error:
        say(f"multirt: no canary: {error.message}")


def _check(program: Program, args: CanaryArgs) -> None:
    """Refuse what cannot be tried."""
    if program.entry.kind in (ProgramKind.STDIN, ProgramKind.INTERPRETER):
        message = f"a canary needs a program that is found again, not {program.title}"
        raise UsageError(message, "save it to a file", kind=ErrorKind.CANARY)
    declared = (program.settings or {}).get("canary")
    says_so = isinstance(declared, dict) and declared.get("repeatable") is True
    if args.shadow and not (args.repeatable or says_so):
        hint = "say --repeatable, or `canary.repeatable = true` in its [tool.multirt]"
        raise UsageError(
            f"--shadow runs {program.title} twice: may it be?", hint, kind=ErrorKind.CANARY
        )


def _why(decision: Decision) -> str:
    """Return the first objection to the canary, else that there is none such."""
    from multirt.report.explanations import detail_text

    for candidate in decision.candidates:
        objections = [each for each in candidate.objections if each.cause is not Cause.SPEC]
        if len(objections) == len(candidate.objections):
            return f"{candidate.runtime.id}: {detail_text(objections[0], candidate.runtime)}"
    return "no such runtime here"
