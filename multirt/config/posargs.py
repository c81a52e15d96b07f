"""Insert the arguments after `--` where a command has `{posargs}`, or `{posargs:DEFAULT}`."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

POSARGS = "{posargs}"
"""The placeholder for the arguments after `--`."""
PLACEHOLDER = re.compile(r"\{posargs(?::((?:[^{}]|\{[^{}]*\})*))?\}")
"""The same, with the defaults where nothing follows `--`."""
_HIDDEN = "\x00"  # no command line has it


def expand_posargs(command: Sequence[str], posargs: Sequence[str]) -> tuple[str, ...]:
    """Return a command with the arguments after `--`, or their defaults, inserted."""
    parts: list[str] = []
    for part in command:
        if match := PLACEHOLDER.fullmatch(part):
            parts += posargs or defaults(match)
        else:
            parts.append(PLACEHOLDER.sub(lambda each: shlex.join(posargs or defaults(each)), part))
    return tuple(parts)


def split_command(line: str) -> list[str]:
    """Return the arguments of a line; a placeholder and its defaults are one of them.

    Raises:
        ValueError: a quotation does not end.
    """
    inserted: list[str] = []

    def hidden(match: re.Match[str]) -> str:
        inserted.append(match[0])
        return f"{_HIDDEN}{len(inserted) - 1}{_HIDDEN}"

    def shown(match: re.Match[str]) -> str:
        return inserted[int(match[1])]

    parts = shlex.split(PLACEHOLDER.sub(hidden, line))
    return [re.sub(f"{_HIDDEN}(\\d+){_HIDDEN}", shown, part) for part in parts]


def restore_posargs(marked: Sequence[str], usual: Sequence[str], mark: str) -> tuple[str, ...]:
    """Return a command with a placeholder, from what another runner made of it.

    Args:
        marked: with a mark instead of the arguments after `--`.
        usual: with what stands there when there are none.
        mark: occurs once, or several times, then without known defaults.
    """
    found = [index for index, part in enumerate(marked) if mark in part]
    for index in found if len(found) == 1 else ():
        after = len(marked) - index - 1
        before, _, behind = marked[index].partition(mark)
        parts = shlex.join(usual[index : len(usual) - after])
        parts = parts.removeprefix(before).removesuffix(behind)
        if parts and not set("{}") & set(parts):
            part = f"{before}{{posargs:{parts}}}{behind}"
            return (*marked[:index], part, *marked[index + 1 :])
    return tuple(part.replace(mark, POSARGS) for part in marked)


def defaults(match: re.Match[str]) -> tuple[str, ...]:
    """Return the defaults in a match of `PLACEHOLDER`, for when nothing follows `--`.

    Raises:
        ValueError: a quotation in them does not end.
    """
    return tuple(shlex.split(match[1] or ""))


def takes_posargs(command: Sequence[str]) -> bool:
    """Return whether a command takes the arguments after `--`."""
    return any(PLACEHOLDER.search(part) for part in command)
