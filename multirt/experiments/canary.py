"""Start a program on its usual runtime, or for some starts on the canary; keep both in view."""

from __future__ import annotations

import os
import select
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from msgspec import Struct

from multirt.errors import MultirtError
from multirt.experiments.canary_report import CanaryPair, RunResult, RunRole, is_crash
from multirt.experiments.foreground import exit_like_child, run_in_foreground
from multirt.experiments.grouping import first_difference
from multirt.experiments.normalization import select_normalizers, substitutions
from multirt.experiments.trial import RunOutcome, RunSpec, StreamRecorder, run_once
from multirt.launch.exec_plan import environment_of
from runtimes.subprocesses import signal_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from multirt.experiments.canary_store import CanaryStore, RunSlot
    from multirt.selection.model import Plan

_PATIENCE = 10  # times as long as the usual runtime took; then a shadow is ended
_LEAST = 60.0  # seconds that a shadow has in any case


class Canary(Struct, frozen=True, kw_only=True):
    """One program with both its plans.

    Attributes:
        trial: what is tried.
        usual: how it is started as ever.
        canary: how it is started on the new runtime.
        env: the user's environment.
        percent: of the starts that the canary takes part in.
        shadow: it only runs afterwards, in the background.
        store: where it is cached.
        say: tells people one line.
    """

    trial: CanaryPair
    usual: Plan
    canary: Plan
    env: Mapping[str, str]
    percent: float
    shadow: bool
    store: CanaryStore
    say: Callable[[str], None]

    def start(self) -> None:
        """Start the program, and end as it ends.

        It returns only when the trial was stopped: then the program is to be started as ever.

        Raises:
            MultirtError: the starts cannot be cached; nothing was started.
        """
        turn = self.store.begin(self.trial, self.percent, shadow=self.shadow)
        if turn.number is None:
            return
        if turn.role is RunRole.CANARY:
            self._start_canary(turn)
        given = _input() if turn.shadowed else None
        if given is not None:
            self._start_with_shadow(turn, given)
        if turn.shadowed:
            self.say("multirt: no shadow: stdin cannot be read again, as a file or /dev/null can")
        self._start_usual(turn)

    def _start_usual(self, turn: RunSlot) -> NoReturn:
        ending = run_in_foreground(_command(self.usual), self._environment(self.usual))
        self._remember(turn, ending)
        self._end(ending, self.usual)

    def _start_canary(self, turn: RunSlot) -> NoReturn:
        """Start the canary; one that cannot be started, or crashes, was the last."""
        ending = run_in_foreground(_command(self.canary), self._environment(self.canary))
        self._remember(turn, ending)
        if ending.refused is not None:
            self._stop(f"could not be started: {ending.refused}")
            again = run_in_foreground(_command(self.usual), self._environment(self.usual))
            self._end(again, self.usual)  # nothing has happened yet
        self._stop_if_crashed(ending)
        self._end(ending, self.canary)

    def _start_with_shadow(self, turn: RunSlot, given: Path) -> NoReturn:
        """Start the usual runtime, and the canary afterwards with the same input."""
        rules = select_normalizers(["sets"], [])  # the seed of hashes is not ours to set here
        replaced = substitutions(rules, self.usual.runtime, [])
        streams = StreamRecorder(replaced), StreamRecorder(replaced)
        ending = run_in_foreground(_command(self.usual), self._environment(self.usual), streams)
        self._remember(turn, ending)
        if ending.refused is None and os.fork() == 0:
            seen = RunOutcome(
                exit_code=ending.exit_code,
                refused=None,
                stdout=streams[0].finish(),
                stderr=streams[1].finish(),
                seconds=ending.seconds,
            )
            with suppress(MultirtError, OSError):  # no one would read it
                _leave()
                self._shadow(seen, given)
            os._exit(0)
        self._end(ending, self.usual)

    def _shadow(self, seen: RunOutcome, given: Path) -> None:
        """Run the canary, compare, remember."""
        turn = self.store.begin_shadow(self.trial)
        rules = select_normalizers(["sets"], [])
        outcome = run_once(
            RunSpec(
                command=_command(self.canary),
                environment=self._environment(self.canary),
                folder=Path.cwd(),
                room=Path.cwd(),
                input=given,
                seconds=max(_LEAST, _PATIENCE * seen.seconds),
                substitutions=substitutions(rules, self.canary.runtime, []),
            )
        )
        names = (self.trial.usual, self.trial.canary)
        difference = first_difference(seen, outcome, names)
        lines = [difference.where, *difference.lines] if difference is not None else []
        ending = RunResult(
            exit_code=outcome.exit_code,
            refused=outcome.refused,
            seconds=outcome.seconds,
            difference="\n".join(lines),
        )
        self.store.end(turn, ending)
        if ending.refused is not None:
            self.store.stop(self.trial, f"could not be started: {ending.refused}")
        elif is_crash(ending.exit_code) and not is_crash(seen.exit_code):
            self.store.stop(self.trial, f"crashed by {signal_name(-(ending.exit_code or 0))}")

    def _environment(self, plan: Plan) -> dict[str, str]:
        return environment_of(plan, self.env)

    def _stop_if_crashed(self, ending: RunResult) -> None:
        if is_crash(ending.exit_code) and ending.exit_code is not None:
            self._stop(f"crashed by {signal_name(-ending.exit_code)}")

    def _stop(self, why: str) -> None:
        """End the trial for good, and say so."""
        with suppress(MultirtError):  # said at the next start, which will not find it either
            self.store.stop(self.trial, why)
        usual, canary = self.trial.usual, self.trial.canary
        self.say(f"multirt: canary {canary} {why}: from now on {usual} (multirt canary report)")

    def _remember(self, turn: RunSlot, ending: RunResult) -> None:
        try:
            self.store.end(turn, ending)
        except MultirtError as error:
            self.say(f"multirt: not remembered: {error.message}")

    def _end(self, ending: RunResult, plan: Plan) -> NoReturn:
        """End as the program ended."""
        if ending.refused is not None:
            self.say(f"multirt: cannot start {plan.executable}: {ending.refused}")
            exit_like_child(126)
        exit_like_child(ending.exit_code)


def _command(plan: Plan) -> tuple[str, ...]:
    return (str(plan.executable), *plan.arguments)


def _input() -> Path | None:
    """Return the file that stdin reads, None when it cannot be read again from its beginning."""
    try:
        status = os.fstat(0)
        if stat.S_ISREG(status.st_mode) and os.lseek(0, 0, os.SEEK_CUR) == 0:
            return Path("/proc/self/fd/0").resolve()
        null = Path(os.devnull).stat()
    except OSError:
        return Path(os.devnull)  # it is closed
    same = stat.S_ISCHR(status.st_mode) and status.st_rdev == null.st_rdev
    return Path(os.devnull) if same or _is_ended_pipe(status) else None


def _is_ended_pipe(status: os.stat_result) -> bool:
    """Whether stdin is an empty pipe without a writer."""
    if not stat.S_ISFIFO(status.st_mode):
        return False
    poll = select.poll()
    poll.register(0, select.POLLIN)
    return [event for _, event in poll.poll(0)] == [select.POLLHUP]


def _leave() -> None:
    """Go into the background: a session of its own, no streams of the user's."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nothing, number)
    # Who reads the other end of a pipe of the shell's must not wait for the shadow.
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
