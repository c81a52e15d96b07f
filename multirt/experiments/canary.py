"""Start a program on its usual runtime, or for some starts on the canary, in the foreground."""

from __future__ import annotations

import errno
import os
import select
import selectors
import signal
import stat
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, NoReturn

from msgspec import Struct

from multirt.errors import LaunchError, MultirtError
from multirt.experiments.canary_report import CanaryPair, RunResult, RunRole, is_crash
from multirt.experiments.grouping import first_difference
from multirt.experiments.normalization import select_normalizers, substitutions
from multirt.experiments.trial import RunOutcome, RunSpec, StreamRecorder, run_once
from multirt.launch.exec_plan import environment_of
from multirt.process.cleanup import ending_process, registration
from runtimes.subprocesses import signal_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from multirt.experiments.canary_store import CanaryStore, RunSlot
    from multirt.selection.model import Plan

# The terminal sends these to the program too: it decides, and this process goes on waiting.
_SHARED = (signal.SIGINT, signal.SIGQUIT)
_FORWARDED = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH)
_CHUNK = 1 << 16
_TICK = 0.05  # seconds between looks at a program whose streams are silent
# What no interpreter could be started with: the command line, or the machine, is full.
_SYSTEM_LIMITS = (errno.E2BIG, errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE)


def run_in_foreground(
    command: Sequence[str],
    environment: Mapping[str, str],
    recordings: tuple[StreamRecorder, StreamRecorder] | None = None,
) -> RunResult:
    """Run a program with this process's own streams, and return how it ended.

    Args:
        command: the interpreter first.
        environment: all of it.
        recordings: of stdout and stderr, which then pass through this process; None to leave
            them to the program.

    Raises:
        MultirtError: no program could be started now, whichever runtime it is for.
    """
    begun = time.monotonic()
    pipe = subprocess.PIPE if recordings is not None else None
    with _forward_signals() as adopt:
        try:
            # Files that the shell opened for the program are handed on, as by exec.
            process = subprocess.Popen(
                command,
                env=environment,
                stdout=pipe,
                stderr=pipe,
                close_fds=False,
                preexec_fn=registration(),  # noqa: PLW1509 - no other thread runs
            )
        except OSError as error:
            why = error.strerror or str(error)
            if error.errno in _SYSTEM_LIMITS:
                message = f"cannot start {command[0]}: {why}"
                raise LaunchError(message) from error
            return RunResult(exit_code=None, refused=why)
        adopt(process)
        with ending_process(process.pid):
            if recordings is not None:
                _forward_and_record(process, recordings)
            code = process.wait()
    return RunResult(exit_code=code, seconds=time.monotonic() - begun)


@contextmanager
def _forward_signals() -> Iterator[Callable[[subprocess.Popen[bytes]], None]]:
    """Let signals be the program's: ignore what it gets itself, hand on what only we get."""
    children: list[subprocess.Popen[bytes]] = []
    early: list[int] = []

    def hand_on(number: int, _: object) -> None:
        if not children:
            early.append(number)
        for child in children:
            with suppress(ProcessLookupError):
                child.send_signal(number)

    def adopt(child: subprocess.Popen[bytes]) -> None:
        children.append(child)
        for number in early:
            hand_on(number, None)

    with ExitStack() as stack:
        for number in (*_SHARED, *_FORWARDED):
            if signal.getsignal(number) is signal.SIG_IGN:
                continue  # as under nohup: the program inherits that
            before = signal.signal(number, hand_on if number in _FORWARDED else _nothing)
            stack.callback(signal.signal, number, before)
        yield adopt


def _nothing(number: int, _: object) -> None:
    """Do nothing; unlike an ignored signal, the program does not inherit this."""


def _forward_and_record(
    process: subprocess.Popen[bytes], recordings: tuple[StreamRecorder, StreamRecorder]
) -> None:
    """Hand on what the program writes, and record it, until it has ended."""
    pipes: list[IO[bytes]] = [each for each in (process.stdout, process.stderr) if each is not None]
    with selectors.DefaultSelector() as selector:
        for pipe, recording, target in zip(pipes, recordings, (1, 2), strict=True):
            selector.register(pipe, selectors.EVENT_READ, (pipe, recording, target))
        ended = False
        while selector.get_map():
            ready = selector.select(0 if ended else _TICK)
            if ended and not ready:
                _drain_in_child(selector)
                return
            ended = process.poll() is not None
            _forward_output(selector, ready)


def _drain_in_child(selector: selectors.BaseSelector) -> None:
    """Hand on in a process of its own what a child in the background still writes."""
    if os.fork():
        return
    os.setsid()
    while selector.get_map():
        _forward_output(selector, selector.select())
    os._exit(0)


def _forward_output(
    selector: selectors.BaseSelector, ready: Sequence[tuple[selectors.SelectorKey, int]]
) -> None:
    """Write where the user reads what stands in pipes, and record it."""
    for key, _ in ready:
        pipe, recording, target = key.data
        data = os.read(key.fd, _CHUNK)
        recording.feed(data)
        try:
            _write(target, data)
        except OSError:  # the pipe is closed: the program has to notice
            data = b""
        if not data:
            selector.unregister(pipe)
            pipe.close()


def _write(target: int, data: bytes) -> None:
    """Write all of it."""
    while data:
        data = data[os.write(target, data) :]


def exit_like_child(code: int | None) -> NoReturn:
    """End this process as the program ended: with its exit code, or by its signal."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # closed, or full
            stream.flush()
    if code is not None and code < 0:
        _dump_no_core()
        with suppress(OSError, ValueError):  # not every signal can have its usual effect back
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
        code = 128 - code  # the signal was one that does not end a process
    os._exit(code if code is not None else 1)


def _dump_no_core() -> None:
    """Leave the program's own core file as it is: one of this process would take its place."""
    try:
        import resource  # not on every system
    except ImportError:
        return
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


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
        self._record(turn, ending)
        self._end(ending, self.usual)

    def _start_canary(self, turn: RunSlot) -> NoReturn:
        """Start the canary; one that cannot be started, or crashes, was the last."""
        ending = run_in_foreground(_command(self.canary), self._environment(self.canary))
        self._record(turn, ending)
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
        self._record(turn, ending)
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
        """Run the canary, compare, record."""
        turn = self.store.begin_shadow(self.trial)
        rules = select_normalizers(["sets"], [])
        outcome = run_once(
            RunSpec(
                command=_command(self.canary),
                environment=self._environment(self.canary),
                folder=Path.cwd(),
                workdir=Path.cwd(),
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
        with suppress(MultirtError):  # reported at the next start, which will not find it either
            self.store.stop(self.trial, why)
        usual, canary = self.trial.usual, self.trial.canary
        self.say(f"multirt: canary {canary} {why}: from now on {usual} (multirt canary report)")

    def _record(self, turn: RunSlot, ending: RunResult) -> None:
        try:
            self.store.end(turn, ending)
        except MultirtError as error:
            self.say(f"multirt: not saved: {error.message}")

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
