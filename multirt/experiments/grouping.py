"""Part outcomes into groups that agree, and show the first difference. Pure."""

from __future__ import annotations

import difflib
from itertools import zip_longest
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from multirt.experiments.trial import RecordedStream, RunOutcome

_CONTEXT = 2  # lines around a difference
_SHOWN = 6  # lines from the first difference on
_WIDTH = 200  # characters of a line that are shown


class OutputDifference(Struct, frozen=True, kw_only=True):
    """Where a group first leaves the reference.

    Attributes:
        where: `exit`, `stdout`, `stderr`, or the relative path of a file.
        lines: a diff of the lines around it, as `diff -u` writes them.
    """

    where: str
    lines: tuple[str, ...]


class Group(Struct, frozen=True, kw_only=True):
    """Contenders whose runs do not differ.

    Attributes:
        members: their ids, in the order of the contenders.
        outcome: of the first.
        difference: to the reference; None for the group of the reference itself.
    """

    members: tuple[str, ...]
    outcome: RunOutcome
    difference: OutputDifference | None


def group_outcomes(outcomes: Sequence[tuple[str, RunOutcome]]) -> tuple[Group, ...]:
    """Return the groups, that of the reference first.

    Args:
        outcomes: of each contender by its id, the reference first; one at least.
    """
    alike: dict[object, list[tuple[str, RunOutcome]]] = {}
    for name, outcome in outcomes:
        alike.setdefault(_key(outcome), []).append((name, outcome))
    name, reference = outcomes[0]
    return tuple(
        Group(
            members=tuple(each for each, _ in members),
            outcome=members[0][1],
            difference=first_difference(reference, members[0][1], (name, members[0][0]))
            if index
            else None,
        )
        for index, members in enumerate(alike.values())
    )


def _key(outcome: RunOutcome) -> object:
    """Return what has to be equal."""
    files = tuple((name, each and each.digest) for name, each in outcome.files)
    ending = (outcome.exit_code, outcome.refused)
    return ending, outcome.stdout.digest, outcome.stderr.digest, files


def first_difference(
    left: RunOutcome, right: RunOutcome, names: tuple[str, str]
) -> OutputDifference | None:
    """Return where two outcomes part: what is printed first, the ending last.

    Args:
        left: of the reference.
        right: of the other.
        names: of both, for the diff.
    """
    for where, mine, theirs in _streams(left, right):
        if mine is None or theirs is None:
            if mine is not theirs:
                lines = (f"-{_presence(mine)}", f"+{_presence(theirs)}")
                return OutputDifference(where=where, lines=lines)
        elif mine.digest != theirs.digest:
            return OutputDifference(where=where, lines=_diff(mine, theirs, names))
    if left.ending != right.ending:
        return OutputDifference(where="exit", lines=(f"-{left.ending}", f"+{right.ending}"))
    return None


def _streams(
    left: RunOutcome, right: RunOutcome
) -> Iterable[tuple[str, RecordedStream | None, RecordedStream | None]]:
    """Yield the pairs to compare."""
    yield "stdout", left.stdout, right.stdout
    yield "stderr", left.stderr, right.stderr
    mine, theirs = dict(left.files), dict(right.files)
    for name in sorted(mine.keys() | theirs.keys()):
        yield name, mine.get(name), theirs.get(name)


def _presence(recorded: RecordedStream | None) -> str:
    return "not written, or removed" if recorded is None else f"written, {recorded.size} bytes"


def _diff(mine: RecordedStream, theirs: RecordedStream, names: tuple[str, str]) -> tuple[str, ...]:
    """Return a diff of the lines around the first that differ."""
    left, right = mine.text.splitlines(), theirs.text.splitlines()
    pairs = enumerate(zip_longest(left, right))
    first = next((index for index, (a, b) in pairs if a != b), None)
    if first is None:
        if mine.whole and theirs.whole:
            return ("-the last line's end or other line ends", "+the same lines")
        return (
            f"-{mine.size} bytes, SHA-256 {mine.digest[:16]}",
            f"+{theirs.size} bytes, SHA-256 {theirs.digest[:16]}",
            " the part that is kept is equal",
        )
    window = slice(max(first - _CONTEXT, 0), first + _SHOWN)
    cut = _first_column(left[first : first + 1], right[first : first + 1])
    lines = difflib.unified_diff(
        [_narrow(line, cut) for line in left[window]],
        [_narrow(line, cut) for line in right[window]],
        *names,
        n=_CONTEXT,
        lineterm="",
    )
    shown = [line for line in lines if not line.startswith("@@")]
    return (*shown[:2], f"@@ line {first + 1} @@", *shown[2:])


def _first_column(mine: Sequence[str], theirs: Sequence[str]) -> int:
    """Return from where on long lines are shown: a little before they differ."""
    if not mine or not theirs:
        return 0
    pairs = enumerate(zip(mine[0], theirs[0], strict=False))  # the shorter one ends it
    same = next((index for index, (a, b) in pairs if a != b), min(len(mine[0]), len(theirs[0])))
    return max(same - _WIDTH // 2, 0)


def _narrow(line: str, cut: int) -> str:
    """Cut a line that is too long to be read."""
    if len(line) <= _WIDTH:
        return line
    start = "..." if cut else ""
    end = "..." if len(line) > cut + _WIDTH else ""
    return f"{start}{line[cut : cut + _WIDTH]}{end}"
