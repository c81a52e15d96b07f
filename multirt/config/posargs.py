"""Put the words after `--` where a command asks for them: `{posargs}`, or `{posargs:DEFAULT}`."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

POSARGS = "{posargs}"
"""What stands for the words after `--`."""
ASKED = re.compile(r"\{posargs(?::((?:[^{}]|\{[^{}]*\})*))?\}")
"""The same, with the words that are taken where nothing follows `--`."""
_HIDDEN = "\x00"  # no command line has it


def expand_posargs(command: Sequence[str], posargs: Sequence[str]) -> tuple[str, ...]:
    """Return a command with the words after `--`, or their defaults, in their places."""
    words: list[str] = []
    for word in command:
        if match := ASKED.fullmatch(word):
            words += posargs or defaults(match)
        else:
            words.append(ASKED.sub(lambda each: shlex.join(posargs or defaults(each)), word))
    return tuple(words)


def split_command(line: str) -> list[str]:
    """Return the words of a line; the defaults of one place are one word with it.

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
    """Return a command that asks for the words after `--`, from what another runner made of it.

    Args:
        marked: with a mark in place of these words.
        usual: with what stands there when there are none.
        mark: stands in one place, or in several, of which no defaults are known.
    """
    places = [place for place, word in enumerate(marked) if mark in word]
    for place in places if len(places) == 1 else ():
        after = len(marked) - place - 1
        before, _, behind = marked[place].partition(mark)
        words = shlex.join(usual[place : len(usual) - after])
        words = words.removeprefix(before).removesuffix(behind)
        if words and not set("{}") & set(words):
            word = f"{before}{{posargs:{words}}}{behind}"
            return (*marked[:place], word, *marked[place + 1 :])
    return tuple(word.replace(mark, POSARGS) for word in marked)


def defaults(match: re.Match[str]) -> tuple[str, ...]:
    """Return the words that a match of `ASKED` names for when nothing follows `--`.

    Raises:
        ValueError: a quotation in them does not end.
    """
    return tuple(shlex.split(match[1] or ""))


def takes_posargs(command: Sequence[str]) -> bool:
    """Whether a command asks for the words after `--`."""
    return any(ASKED.search(word) for word in command)
