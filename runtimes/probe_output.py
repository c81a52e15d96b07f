"""Read what one start of a candidate gave."""

from __future__ import annotations

import json
import re

from msgspec import Struct

from runtimes.errors import CandidateError, Reason
from runtimes.subprocesses import signal_name

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


def read(heard: ProbeOutput, nonce: str, limit: float) -> tuple[dict[str, object], str | None]:
    """Return the facts from what was heard, and the module that crashed it, if one did."""
    frames = heard.frames(nonce)
    if not frames:
        raise _silence(heard, limit)
    try:
        facts = json.loads(frames[0])
    except ValueError as error:
        raise CandidateError(Reason.INVALID_ANSWER, f"no JSON in its answer: {error}") from error
    if not isinstance(facts, dict):
        raise CandidateError(Reason.INVALID_ANSWER, "its answer is no object")
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


def _silence(heard: ProbeOutput, limit: float) -> CandidateError:
    """Return the error for a candidate that did not answer."""
    last = _last_line(heard.stderr) or _last_line(heard.stdout)
    tail = f": {last}" if last else ""
    if heard.flooded:
        return CandidateError(
            Reason.INVALID_ANSWER, f"wrote more than {CAP} bytes that are no answer"
        )
    if not heard.ended:
        return CandidateError(Reason.TIMED_OUT, f"no answer within {limit:g} s{tail}")
    if heard.status < 0:
        return CandidateError(Reason.FAILED, f"ended by {signal_name(-heard.status)}{tail}")
    return CandidateError(Reason.FAILED, f"ended with status {heard.status}, no answer{tail}")


def _last_line(stream: bytes) -> str:
    text = stream[-4096:].decode("utf-8", "replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith("Picked up JAVA_TOOL_OPTIONS")]
    printable = "".join(char if char.isprintable() else "?" for char in lines[-1]) if lines else ""
    return printable[:200]
