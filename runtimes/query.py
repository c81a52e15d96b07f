"""Ask a candidate what it is, in a child process that cannot hurt."""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from runtimes.errors import CandidateError, Reason
from runtimes.executable_names import time_limit
from runtimes.probe_cache import question_with
from runtimes.storage.files import read_head
from runtimes.subprocesses import Child, signal_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from threading import Event

CAP = 1 << 20
"""Bytes of each stream that are kept; an answer is about 5 KiB."""

_WRONG_USE = 2  # the status of CPython and PyPy for an option that they do not know


class ProbeOutput(Struct, frozen=True, kw_only=True):
    """What one start gave.

    Attributes:
        ended: the process ended by itself, with `status`.
        flooded: it wrote more than is read.
    """

    stdout: bytes
    stderr: bytes
    ended: bool
    flooded: bool
    status: int

    def frames(self, nonce: str) -> list[bytes]:
        """Return what follows each nonce, empty before the first frame is complete."""
        parts = self.stdout.split(nonce.encode())
        return parts[1:] if len(parts) > 2 else []  # noqa: PLR2004 - noise, frame, rest

    def is_conclusive(self) -> bool:
        """Tell whether it makes no sense to ask once more with other options.

        A runtime that does not know an option says so, or ends with the status of wrong use.
        """
        mute = not self.stdout and not self.stderr
        return not self.ended or self.status < 0 or (mute and self.status != _WRONG_USE)


def read(reply: ProbeOutput, nonce: str, limit: float) -> tuple[dict[str, object], str | None]:
    """Return the facts from what was heard, and the module that crashed it, if one did."""
    frames = reply.frames(nonce)
    if not frames:
        raise _silence(reply, limit)
    try:
        facts = json.loads(frames[0])
    except ValueError as error:
        raise CandidateError(Reason.INVALID_OUTPUT, f"no JSON in its answer: {error}") from error
    if not isinstance(facts, dict):
        raise CandidateError(Reason.INVALID_OUTPUT, "its answer is no object")
    missing, crash = _failed_imports(frames)
    facts["missing"] = missing
    facts["loaded"] = _loaded(frames)
    return facts, crash


def _loaded(frames: list[bytes]) -> list[object]:
    """Return the files that the modules which were imported rest on."""
    lines = [line for line in frames[1].splitlines() if line.startswith(b"[")]
    try:
        files = json.loads(lines[-1]) if lines else []
    except (ValueError, RecursionError):
        return []
    return files if isinstance(files, list) else []


def _failed_imports(frames: list[bytes]) -> tuple[list[str], str | None]:
    """Return the modules that failed to import, and of them the one that crashed the process."""
    lines = [line.strip().decode("ascii", "replace") for line in frames[1].splitlines()]
    lines = [line for line in lines if re.fullmatch(r"-?[A-Za-z_]\w*", line)]
    complete = len(frames) > 2  # noqa: PLR2004 - facts, imports, what follows the end
    crash = lines[-1].removeprefix("-") if lines and not complete else None
    failed = {line.removeprefix("-") for line in lines if line[0] == "-"}
    return sorted(failed | ({crash} if crash else set())), crash


def _silence(reply: ProbeOutput, limit: float) -> CandidateError:
    """Return the error for a candidate that did not answer."""
    last = _last_line(reply.stderr) or _last_line(reply.stdout)
    tail = f": {last}" if last else ""
    if reply.flooded:
        return CandidateError(
            Reason.INVALID_OUTPUT, f"wrote more than {CAP} bytes that are no answer"
        )
    if not reply.ended:
        return CandidateError(Reason.TIMED_OUT, f"no answer within {limit:g} s{tail}")
    if reply.status < 0:
        return CandidateError(Reason.FAILED, f"ended by {signal_name(-reply.status)}{tail}")
    return CandidateError(Reason.FAILED, f"ended with status {reply.status}, no answer{tail}")


def _last_line(stream: bytes) -> str:
    text = stream[-4096:].decode("utf-8", "replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith("Picked up JAVA_TOOL_OPTIONS")]
    printable = "".join(char if char.isprintable() else "?" for char in lines[-1]) if lines else ""
    return printable[:200]


_CRASHES = 8  # modules that one runtime may crash on; each costs a further start

# What would change the answer or run code of the user's before it.
_SCRUBBED = ("PYTHON", "JYTHON", "IRONPYTHON", "MICROPY", "PYENV_", "PYODIDE_", "GRAAL_PYTHON")
_SCRUBBED_NAMES = frozenset({"__PYVENV_LAUNCHER__", "BASH_ENV", "ENV", "PIP_PYTHON"})

# Isolated where that is known; 2.7 and relatives; what knows no options at all.
_ISOLATION_LEVELS = (("-I", "-S", "-B", "-c"), ("-E", "-s", "-S", "-B", "-c"), ("-c",))
_FIRST_LEVEL = {"micropython": 2, "jython": 1, "python2": 1, "pypy2": 1, "ipy": 1}


# A Java machine that compiles with care spends half of a short life on that.
_JAVA_OPTIONS = "-XX:+IgnoreUnrecognizedVMOptions -XX:TieredStopAtLevel=1"


def clean_environment(env: Mapping[str, str], name: str) -> dict[str, str]:
    """Return an environment without what changes how a Python runtime starts.

    Args:
        env: the user's.
        name: the file name of the candidate that it is for.
    """
    kept = {
        name: value
        for name, value in env.items()
        if not name.startswith(_SCRUBBED) and name not in _SCRUBBED_NAMES
    }
    # For candidates that know no -B: asking must not write into a runtime's folders.
    kept |= {"PYTHONDONTWRITEBYTECODE": "1", "TERM": "dumb"}
    if name.lower().startswith("jython"):
        # The user's own options come last, and the last one counts.
        kept["JAVA_TOOL_OPTIONS"] = f"{_JAVA_OPTIONS} {env.get('JAVA_TOOL_OPTIONS', '')}".strip()
    return kept


def ask(
    path: Path, *, env: Mapping[str, str], timeout: float, stop: Event | None = None
) -> dict[str, object]:
    """Return a candidate's own facts, and under `seconds` how long it took.

    The child has a session of its own, no input, a neutral folder and an environment without
    Python's variables; whatever it has started is ended with it.

    Args:
        path: the file to start, absolute.
        env: the user's environment.
        timeout: in seconds, for all attempts together; slow starters by name get more.
        stop: when it is set, the answer is not needed any more; the candidate is ended.

    Raises:
        CandidateError: it cannot start, took too long, or gave no answer that makes sense.
    """
    started = time.monotonic()
    limit = time_limit(path.name, timeout)
    patience = _Deadline(deadline=started + limit, stop=stop)
    nonce = os.urandom(16).hex()

    def put(options: Sequence[str], crashed: Sequence[str] = ()) -> ProbeOutput:
        argv = [os.fspath(path), *options, question_with(nonce, crashed)]
        return _run(argv, env, patience, nonce.encode())

    reply = None
    for options in _ISOLATION_LEVELS[_isolation_level(path.name) :]:
        reply = put(options)
        if reply.frames(nonce) or reply.is_conclusive():
            break
    assert reply is not None  # noqa: S101 - the ladder is never empty
    facts, crash = read(reply, nonce, limit)
    crashed: list[str] = []
    while crash is not None and reply.ended and crash not in crashed and len(crashed) < _CRASHES:
        # What follows the module that crashed it was not tried: once more, without that module.
        crashed.append(crash)
        reply = put(options, crashed)
        if reply.frames(nonce):
            facts, crash = read(reply, nonce, limit)
    facts["seconds"] = round(time.monotonic() - started, 3)
    return facts


class _Deadline(Struct, frozen=True, kw_only=True):
    """How long to wait: until a time of the monotonic clock, and not after a stop is set."""

    deadline: float
    stop: Event | None

    def left(self) -> float:
        """Return the seconds that are left; zero or less when there are none."""
        if self.stop is not None and self.stop.is_set():
            return 0.0
        return self.deadline - time.monotonic()


def _isolation_level(name: str) -> int:
    name = name.lower()
    return next((rung for start, rung in _FIRST_LEVEL.items() if name.startswith(start)), 0)


def _run(
    argv: Sequence[str], env: Mapping[str, str], patience: _Deadline, nonce: bytes
) -> ProbeOutput:
    """Start a candidate once and listen until it answered, ended or took too long."""
    try:
        clean = clean_environment(env, os.path.basename(argv[0]))  # noqa: PTH119 - text
        child = Child(argv, env=clean, folder=Path(os.sep), kept=CAP)
    except OSError as error:
        raise CandidateError(Reason.CANNOT_START, _why_not(argv[0], error)) from error
    except ValueError as error:  # a NUL in an environment variable or the path
        raise CandidateError(Reason.CANNOT_START, str(error)) from error

    def left(output: bytearray) -> float:
        framed = output.count(nonce) > 2  # noqa: PLR2004 - two frames, three marks
        return 0.0 if framed or len(output) >= CAP else patience.left()

    with child:
        given = child.communicate(left)
    return ProbeOutput(
        stdout=given.stdout,
        stderr=given.stderr,
        ended=given.status is not None,
        flooded=len(given.stdout) >= CAP,
        status=given.status or 0,
    )


def _why_not(path: str, error: OSError) -> str:
    """Say why the operating system did not start a file that is there."""
    message = error.strerror or str(error)
    try:
        head = read_head(path, 256)
    except OSError:
        return message
    if head.startswith(b"#!"):
        interpreter = head[2:].split(b"\n")[0].strip().decode("utf-8", "replace")
        return f"{message}: its first line asks for {interpreter!r}"
    if head.startswith(b"\x7fELF") and isinstance(error, FileNotFoundError):
        return f"{message}: the loader that it asks for is not here"
    if head.startswith((b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")):
        return f"{message}: built for another machine or system"
    return f"{message}: neither a program of this machine nor a script with '#!'"
