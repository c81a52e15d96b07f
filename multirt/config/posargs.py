"""Insert the arguments after `--` where a command has `{posargs}`, or `{posargs:DEFAULT}`."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

POSARGS = "{posargs}"
"""The placeholder for the arguments after `--`."""
ASKED = re.compile(r"\{posargs(?::((?:[^{}]|\{[^{}]*\})*))?\}")
"""The same, with the defaults where nothing follows `--`."""
_HIDDEN = "\x00"  # no command line has it


def expand_posargs(command: Sequence[str], posargs: Sequence[str]) -> tuple[str, ...]:
    """Return a command with the arguments after `--`, or their defaults, inserted."""
    words: list[str] = []
    for word in command:
        if match := ASKED.fullmatch(word):
            words += posargs or defaults(match)
        else:
            words.append(ASKED.sub(lambda each: shlex.join(posargs or defaults(each)), word))
    return tuple(words)


def split_command(line: str) -> list[str]:
    """Return the arguments of a line; a placeholder and its defaults are one of them.

    Raises:
        ValueError: a quotation does not end.
    """
    asked: list[str] = []

    def hidden(match: re.Match[str]) -> str:
        asked.append(match[0])
        return f"{_HIDDEN}{len(asked) - 1}{_HIDDEN}"

    def shown(match: re.Match[str]) -> str:
        return asked[int(match[1])]

    words = shlex.split(ASKED.sub(hidden, line))
    return [re.sub(f"{_HIDDEN}(\\d+){_HIDDEN}", shown, word) for word in words]


def restore_posargs(marked: Sequence[str], usual: Sequence[str], mark: str) -> tuple[str, ...]:
    """Return a command with a placeholder, from what another runner made of it.

    Args:
        marked: with a mark instead of the arguments after `--`.
        usual: with what stands there when there are none.
        mark: occurs once, or several times, then without known defaults.
    """
    found = [index for index, word in enumerate(marked) if mark in word]
    for index in found if len(found) == 1 else ():
        after = len(marked) - index - 1
        before, _, behind = marked[index].partition(mark)
        words = shlex.join(usual[index : len(usual) - after])
        words = words.removeprefix(before).removesuffix(behind)
        if words and not set("{}") & set(words):
            word = f"{before}{{posargs:{words}}}{behind}"
            return (*marked[:index], word, *marked[index + 1 :])
    return tuple(word.replace(mark, POSARGS) for word in marked)


def defaults(match: re.Match[str]) -> tuple[str, ...]:
    """Return the defaults in a match of `ASKED`, for when nothing follows `--`.

    Raises:
        ValueError: a quotation in them does not end.
    """
    return tuple(shlex.split(match[1] or ""))


def takes_posargs(command: Sequence[str]) -> bool:
    """Return whether a command takes the arguments after `--`."""
    return any(ASKED.search(word) for word in command)
