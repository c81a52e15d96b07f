"""Keep what a command prints within bounds, and read from it how far its tests are."""

from __future__ import annotations

import re

from msgspec import Struct, field

_HEAD = 1 << 20
_TAIL = 1 << 20
_LINE = 4096
# `tests/test_a.py ..F.s [ 40%]`, or a line that goes on from it, and the lines of `-v`.
_MARKS = re.compile(r"(?:\S+\.py\S* +)?([.FEsxX]+)(?: *\[ *\d+%\])?")
_VERBOSE = re.compile(r"\S+::.* (?:PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS)\b.*")
_FRAME = re.compile(r'^  File "([^"]+)", line (\d+) in (\S+)', re.MULTILINE)
_INSTALLED = re.compile(r"[/\\](?:site-packages|dist-packages|lib[/\\](?:python|pypy)\d)")


class Output(Struct):
    """What one cell prints: its beginning and its end, and the tests that it told of.

    Attributes:
        tests: how many tests have ended, as far as pytest's own lines tell.
    """

    tests: int = 0
    _head: bytearray = field(default_factory=bytearray)
    _tail: bytearray = field(default_factory=bytearray)
    _lost: int = 0
    _line: str = ""
    _done: int = 0

    def add(self, data: bytes) -> list[str]:
        """Take what came, and return the lines that it completed."""
        room = _HEAD - len(self._head)
        self._head += data[:room]
        self._tail += data[room:]
        if len(self._tail) > 2 * _TAIL:
            self._lost += len(self._tail) - _TAIL
            del self._tail[:-_TAIL]
        *lines, rest = (self._line + data.decode("utf-8", "replace")).split("\n")
        self._line = rest[-_LINE:]
        self._done += sum(map(tests_in, lines))
        self.tests = self._done + tests_in(self._line)
        return lines

    @property
    def text(self) -> str:
        """All that was kept, with a line that says what was not."""
        head, tail = (bytes(part).decode("utf-8", "replace") for part in (self._head, self._tail))
        gap = f"\n[... {self._lost} bytes left out ...]\n" if self._lost else ""
        return head + gap + tail


def tests_in(line: str) -> int:
    """Return how many tests a line of pytest's progress tells of."""
    stripped = line.rstrip("\r ")
    if match := _MARKS.fullmatch(stripped):
        return len(match[1])
    return 1 if _VERBOSE.fullmatch(stripped) else 0


def place_of_fault(text: str) -> str | None:
    """Return where a process was when it crashed, from the fault handler's stack.

    The innermost frame outside the standard library and installed packages counts, which is the
    test; None when the output has no such stack.
    """
    start = text.rfind("Fatal Python error")
    if start < 0:
        return None
    for path, line, function in _FRAME.findall(text[start:]):
        if not _INSTALLED.search(path) and not path.startswith("<"):
            return f"{path}:{line} in {function}"
    return None
