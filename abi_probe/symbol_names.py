"""Tell which symbol names concern a Python runtime."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

# CPython's two prefixes also cover most of PyPy (`PyPy...`, `_PyPy...`); the others add theirs.
_PYTHONIC = re.compile(rb"_?(?:Graal)?Py[A-Z_]|_?HPy[A-Z_]|_?pypy_[a-z]")

# `init<name>` is Python 2's hook, so a binary of version 2 differs from one without any.
_HOOK = re.compile(rb"(?:PyInitU?_|PyModExportU?_|HPyInit_|_cffi_pypyinit_)[^\0]|init[A-Za-z_]")
_EITHER = re.compile(_PYTHONIC.pattern + b"|" + _HOOK.pattern)

FIRST_BYTES = frozenset(b"PHGipc")
"""The start of every relevant name, after a leading underscore: a cheap first test."""


def is_python_symbol(name: str | bytes) -> bool:
    """Whether only a Python runtime (or a library that extends one) defines such a name.

    Args:
        name: as C sees it, without a Mach-O's leading underscore.
    """
    return _PYTHONIC.match(_as_bytes(name)) is not None


def is_python_symbol_at(table: bytes | memoryview, start: int) -> bool:
    """Whether the name at an offset of a table of names is Python's, without reading it.

    Args:
        table: names, each ended by a NUL.
        start: where the name begins.
    """
    return _PYTHONIC.match(table, start) is not None


def is_init_function(name: str | bytes) -> bool:
    """Whether a name looks like a module's init function, of whichever module."""
    return _HOOK.match(_as_bytes(name)) is not None


def is_relevant(name: str | bytes) -> bool:
    """Whether a name is worth keeping when a binary is read."""
    return is_relevant_at(_as_bytes(name), 0)


def is_relevant_at(table: bytes | memoryview, start: int) -> bool:
    """Whether the name at an offset of a table of names is worth keeping, without reading it.

    Args:
        table: names, each ended by a NUL.
        start: where the name begins.
    """
    return _EITHER.match(table, start) is not None


def possible_init_functions(stem: str) -> tuple[str, ...]:
    """All names that the init function of a module can have.

    Args:
        stem: the last part of the module's dotted name.

    Returns:
        The hooks of CPython 3 (PEP 489, PEP 793), HPy, CFFI for PyPy, and Python 2.
    """
    if stem.isascii():
        unicode_mark, suffix = "", stem
    else:
        # PEP 489: punycode, with the hyphens that C cannot spell replaced.
        unicode_mark, suffix = "U", stem.encode("punycode").decode("ascii").replace("-", "_")
    return (
        f"PyInit{unicode_mark}_{suffix}",
        f"PyModExport{unicode_mark}_{suffix}",
        f"HPyInit_{suffix}",
        f"_cffi_pypyinit_{suffix}",
        f"init{suffix}",
    )


def init_functions(exports: AbstractSet[str], stem: str) -> frozenset[str]:
    """The init functions for one module among what a binary exports.

    Args:
        exports: names that the binary defines for others.
        stem: the last part of the module's dotted name.
    """
    return frozenset(possible_init_functions(stem)) & exports


def _as_bytes(name: str | bytes) -> bytes:
    return name if isinstance(name, bytes) else name.encode("utf-8", "surrogateescape")
