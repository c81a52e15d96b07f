"""Run one contender once, with limits, and record the result of it."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from msgspec import Struct

from multirt.errors import ErrorKind, ProgramError
from multirt.process.run import CommandOutput, Supervised, within
from runtimes.subprocesses import signal_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from multirt.experiments.normalization import Substitution
    from multirt.process.run import ProcessResult

KEPT = 1 << 20  # bytes of a stream that are kept to be shown; all of it is hashed
_BLOCK = 1 << 18  # bytes that the rules see at once, up to the last line's end


class RecordedStream(Struct, frozen=True, kw_only=True):
    """What was written to one stream, or into one file.

    Attributes:
        size: in bytes, as written.
        digest: SHA-256 of all of it, after the rules.
        text: its beginning, after the rules; bytes that are no text are escaped.
        whole: `text` is all of it.
    """

    size: int
    digest: str
    text: str
    whole: bool


class StreamRecorder:
    """A stream as it comes in; it needs the same memory for a line and for gigabytes."""

    def __init__(self, substitutions: Sequence[Substitution]) -> None:
        """Begin."""
        self._substitutions = substitutions
        self._hash = hashlib.sha256()
        self._waiting = bytearray()
        self._kept = bytearray()
        self._size = 0
        self._written = 0

    def feed(self, data: bytes) -> None:
        """Take what was read."""
        self._size += len(data)
        self._waiting += data
        # Where blocks end must not depend on how the bytes came in: the hash would, too.
        while len(self._waiting) >= _BLOCK:
            end = self._waiting.rfind(b"\n", 0, _BLOCK) + 1 or _BLOCK
            self._take(bytes(self._waiting[:end]))
            del self._waiting[:end]

    def finish(self) -> RecordedStream:
        """Return what was recorded."""
        self._take(bytes(self._waiting))
        self._waiting.clear()
        return RecordedStream(
            size=self._size,
            digest=self._hash.hexdigest(),
            text=self._kept.decode("utf-8", "backslashreplace"),
            whole=self._written == len(self._kept),
        )

    def _take(self, block: bytes) -> None:
        """Apply the rules to a block, hash it, keep it while there is space."""
        for pattern, replacement in self._substitutions:
            block = pattern.sub(replacement, block)
        self._hash.update(block)
        self._written += len(block)
        self._kept += block[: KEPT - len(self._kept)]


_GRACE = 0.5  # seconds for what a command that has ended left writing in the background


class RunSpec(Struct, frozen=True, kw_only=True):
    """How to start.

    Attributes:
        command: the interpreter first.
        environment: all of it.
        folder: where.
        workdir: the working copy around it; the folder itself where there is none.
        input: a file for its standard input; None for an empty one.
        seconds: the time limit.
        substitutions: of the rules, for its output.
        silent: its output goes nowhere, and is not recorded.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    workdir: Path
    input: Path | None
    seconds: float
    substitutions: tuple[Substitution, ...]
    silent: bool = False


class RunOutcome(Struct, frozen=True, kw_only=True):
    """The result of one run.

    Attributes:
        exit_code: negative for a signal, as `subprocess` has it; None when it was ended by us.
        refused: why it could not even be started; None when it was.
        stdout: what it wrote there.
        stderr: what it wrote there.
        files: what it changed in its working copy, by relative path, None for what is gone.
        seconds: how long it took.
        processor_seconds: what it and the children it waited for spent on processors.
    """

    exit_code: int | None
    refused: str | None
    stdout: RecordedStream
    stderr: RecordedStream
    files: tuple[tuple[str, RecordedStream | None], ...] = ()
    seconds: float
    processor_seconds: float = 0.0

    @property
    def ending(self) -> str:
        """How it ended, in words."""
        if self.refused is not None:
            return f"cannot be started: {self.refused}"
        if self.exit_code is None:
            return "did not end in time"
        if self.exit_code < 0:
            return f"ended by {signal_name(-self.exit_code)}"
        return f"exit code {self.exit_code}"


def run_once(start: RunSpec) -> RunOutcome:
    """Run a command to its end or its time limit, and end all that it started.

    Raises:
        MultirtError: the input cannot be read.
    """
    streams = [StreamRecorder(start.substitutions), StreamRecorder(start.substitutions)]
    receivers = [] if start.silent else [each.feed for each in streams]
    ended: ProcessResult | None = None
    refused: str | None = None
    with _input(start.input) as given:
        try:
            with Supervised(
                start.command,
                env=start.environment,
                folder=start.folder,
                output=CommandOutput.DROPPED if start.silent else CommandOutput.SEPARATE,
                given=given,
            ) as command:
                ended = command.attend(receivers, within(start.seconds), linger=_GRACE)
        except OSError as error:
            refused = error.strerror or str(error)
    return RunOutcome(
        exit_code=None if ended is None or ended.timed_out else ended.status,
        refused=refused,
        stdout=streams[0].finish(),
        stderr=streams[1].finish(),
        seconds=0.0 if ended is None else ended.seconds,
        processor_seconds=0.0 if ended is None else ended.processor_seconds,
    )


@contextmanager
def _input(path: Path | None) -> Iterator[int | None]:
    """Open the input, where there is one.

    Raises:
        MultirtError: it cannot be read.
    """
    if path is None:
        yield None
        return
    try:
        source = path.open("rb")
    except OSError as error:
        raise ProgramError(f"cannot read {path}: {error.strerror}", kind=ErrorKind.INPUT) from error
    with source:
        yield source.fileno()
