"""Tell whether the name of a cell fits the expression of `-k`."""

from __future__ import annotations

import re

from multirt.errors import MultirtError

_TOKEN = re.compile(r"\s*(\(|\)|[^\s()]+)")


def matches(expression: str, name: str) -> bool:
    """Whether an expression of words, `and`, `or`, `not` and brackets holds for a cell.

    A word holds when it is part of the cell's name.

    Raises:
        MultirtError: it is no such expression.
    """
    tokens = _TOKEN.findall(expression)
    value, rest = _either(tokens, name, expression)
    if rest or not tokens:
        raise _unreadable(expression)
    return value


def _either(tokens: list[str], hay: str, expression: str) -> tuple[bool, list[str]]:
    value, tokens = _both(tokens, hay, expression)
    while tokens[:1] == ["or"]:
        other, tokens = _both(tokens[1:], hay, expression)
        value = value or other
    return value, tokens


def _both(tokens: list[str], hay: str, expression: str) -> tuple[bool, list[str]]:
    value, tokens = _one(tokens, hay, expression)
    while tokens[:1] == ["and"]:
        other, tokens = _one(tokens[1:], hay, expression)
        value = value and other
    return value, tokens


def _one(tokens: list[str], hay: str, expression: str) -> tuple[bool, list[str]]:
    first, rest = tokens[:1], tokens[1:]
    if first == ["not"]:
        value, rest = _one(rest, hay, expression)
        return not value, rest
    if first == ["("]:
        value, rest = _either(rest, hay, expression)
        if rest[:1] != [")"]:
            raise _unreadable(expression)
        return value, rest[1:]
    if not first or first[0] in {")", "and", "or"}:
        raise _unreadable(expression)
    return first[0] in hay, rest


def _unreadable(expression: str) -> MultirtError:
    hint = "write for example -k '3.12 and not django'"
    return MultirtError("usage", f"-k cannot be read: {expression!r}", hint)
