"""Read a binary of whichever format its first bytes tell."""

from __future__ import annotations

import mmap
import os
import stat
from typing import TYPE_CHECKING, Final

from abi_probe.errors import NotABinaryError, UnreadableError
from abi_probe.read_tracking import record_read

if TYPE_CHECKING:
    from pathlib import Path

    from abi_probe.model import Binary

_WASM: Final = b"\0asm"
_ELF: Final = b"\x7fELF"
_MACHO: Final = frozenset(
    bytes.fromhex(magic) for magic in ("feedface", "cefaedfe", "feedfacf", "cffaedfe")
)
_FAT: Final = frozenset(bytes.fromhex(magic) for magic in ("cafebabe", "cafebabf"))
_PE: Final = b"MZ"
_OPEN: Final = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)  # a FIFO without a writer would block for ever
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)  # Windows would translate line ends
)
_JAVA_FROM: Final = 45  # the first class file version; no fat file has that many slices


HEAD_BYTES: Final = 8
"""Bytes of a file that tell whether `begins_as_binary`."""


def begins_as_binary(head: bytes) -> bool:
    """Return whether a file's first bytes are those of an ELF, Mach-O or PE file.

    Those of a PE file are two letters, so that a text can begin with them.
    """
    return head.startswith((_ELF, _PE)) or head[:4] in _MACHO or _is_fat(head[:HEAD_BYTES])


def read_binary(data: bytes | memoryview | mmap.mmap) -> Binary:
    """Read what a binary needs and gives.

    Args:
        data: the whole file.

    Raises:
        NotABinaryError: the bytes are none of ELF, Mach-O or PE.
        UnreadableError: they are one of these, cut off or contradicting itself.
    """
    # Each reader is imported where it is used: most runs meet one format only.
    head = bytes(data[:HEAD_BYTES])
    if head.startswith(_ELF):
        from abi_probe.elf.reader import read_elf

        return read_elf(data)
    if head[:4] in _MACHO or _is_fat(head):
        from abi_probe.macho.reader import read_macho

        return read_macho(data)
    if head.startswith(_PE) and _has_pe_signature(data):
        from abi_probe.pe.reader import read_pe

        return read_pe(data)
    if head.startswith(_WASM):
        raise NotABinaryError("WebAssembly, which is not read")
    raise NotABinaryError("none of ELF, Mach-O or PE")


def read_binary_file(path: Path) -> Binary:
    """Read a file's binary without holding it in memory.

    Args:
        path: a regular file, or a link to one.

    Raises:
        NotABinaryError: it is none of ELF, Mach-O or PE.
        UnreadableError: it is empty, no regular file, may not be read, or is damaged.
    """
    record_read(path)
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # to open a device may already do something
            raise UnreadableError("not a regular file")
        descriptor = os.open(path, _OPEN)
    except OSError as error:
        raise UnreadableError(error.strerror or str(error)) from error
    except ValueError as error:
        raise UnreadableError("a path with a NUL") from error
    try:
        return read_binary(_mapped(descriptor))
    finally:
        os.close(descriptor)


def read_head(path: Path) -> bytes:
    """Return the first bytes of a regular file; none of anything else, or of what is not there."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return b""
        descriptor = os.open(path, _OPEN)
    except (OSError, ValueError):
        return b""
    try:
        return os.read(descriptor, HEAD_BYTES)
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def _mapped(descriptor: int) -> mmap.mmap:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableError("not a regular file")
    if not status.st_size:
        raise UnreadableError("empty file")
    try:
        return mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:
        raise UnreadableError(f"cannot be mapped: {error}") from error


def _is_fat(head: bytes) -> bool:
    # A Java class file begins with the same four bytes, then its version where a fat Mach-O has
    # the number of slices.
    return head[:4] in _FAT and len(head) == 8 and int.from_bytes(head[4:]) < _JAVA_FROM  # noqa: PLR2004


def _has_pe_signature(data: bytes | memoryview | mmap.mmap) -> bool:
    start = int.from_bytes(bytes(data[0x3C:0x40]), "little")
    return bytes(data[start : start + 4]) == b"PE\0\0"
