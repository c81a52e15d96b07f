"""Read the trie in which a Mach-O stores the names that it exports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from abi_probe.bounded_view import MAX_KEPT, MAX_NAME, as_text
from abi_probe.errors import UnreadableError
from abi_probe.macho.leb128 import uleb
from abi_probe.symbol_names import FIRST_BYTES, is_relevant

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNDERSCORE: Final = ord("_")


def read_export_trie(data: bytes) -> frozenset[str]:
    """Read the names that matter to a Python runtime out of an export trie.

    Every node has the names' next characters on its edges, so what cannot become such a name is
    not entered. Re-exported names count like the file's own, for the loader finds them there.
    Source of the layout: `ExportInfoTerminal` in Apple's `mach-o/loader.h`, and dyld's
    `MachOLoaded::trieWalk`.

    Args:
        data: the trie, its root at the beginning.

    Raises:
        UnreadableError: it is cut off, its nodes overlap, or they form a cycle.
    """
    found: set[str] = set()
    for symbol in _names(data):
        name = symbol.removeprefix(b"_")
        if is_relevant(name):
            found.add(as_text(name))
            if len(found) > MAX_KEPT:
                raise UnreadableError(f"export trie of more than {MAX_KEPT} names of Python's")
    return frozenset(found)


def _names(data: bytes) -> Iterator[bytes]:
    """Every exported name that may matter, depth first."""
    if not data:
        return
    # A sound trie has no byte in two nodes. Counting what was read therefore ends cycles, shared
    # nodes and nodes inside nodes alike, and keeps the time linear.
    unread = len(data)
    terminal, cursor, edges = _node(data, 0)
    if terminal:
        yield b""
    unread -= cursor
    stack = [(b"", cursor, edges)]
    while stack:
        prefix, at, edges = stack.pop()
        if not edges:
            continue
        edge, child, cursor = _edge(data, at)
        stack.append((prefix, cursor, edges - 1))
        unread -= cursor - at
        name = prefix + edge
        if _may_matter(name):
            terminal, cursor, edges = _node(data, child)
            unread -= cursor - child
            if terminal:
                yield name
            stack.append((name, cursor, edges))
        if unread < 0 or len(stack) > 2 * MAX_NAME:
            raise UnreadableError(f"export trie loops at offset {at}")


def _node(data: bytes, at: int) -> tuple[bool, int, int]:
    """Whether a name ends at a node, where its edges begin, and how many it has."""
    size, at = uleb(data, at)
    at += size
    if at >= len(data):
        raise UnreadableError(f"export trie of {len(data)} bytes has no node end at {at}")
    return size > 0, at + 1, data[at]


def _edge(data: bytes, at: int) -> tuple[bytes, int, int]:
    """The characters on an edge, the node that it leads to, and where the next edge begins."""
    end = data.find(b"\0", at)
    if end < 0:
        raise UnreadableError(f"edge of the export trie without an end at offset {at}")
    child, after = uleb(data, end + 1)
    return data[at:end], child, after


def _may_matter(name: bytes) -> bool:
    """Whether names that begin like this one can matter."""
    # One underscore is Mach-O's own, a second one the name's.
    first = next((byte for byte in name[:3] if byte != _UNDERSCORE), None)
    return (first is None or first in FIRST_BYTES) and len(name) <= MAX_NAME
