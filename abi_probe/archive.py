"""Open zip archives that may be anything, within limits of time and memory."""

from __future__ import annotations

import lzma
import stat
import zipfile
import zlib
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, cast

from abi_probe.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

# Bounds for what a wheel may make us do. The largest real member seen is 160 MB, the largest
# real wheel has 30,000 members, and machine code compresses 3 to 8 times.
MEMBER_BYTES = 2 << 30
MEMBER_COUNT = 200_000
ARCHIVE_BYTES = 6 << 30  # of all members together; the largest real wheels unpack to 3 GB
_SLOW_BYTES = 512 << 20  # of those that bzip2 or LZMA unpacks, or that are hardly anything
_SLOW = (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
# `zipfile` makes an object of 500 bytes of each member before the members can be counted. 30,000
# members take 4 MB.
_DIRECTORY_BYTES = 32 << 20
_ENCRYPTED = 1  # a member's flag
_MEMBER_HEADER = 30  # bytes before a member's name (APPNOTE.TXT, 4.3.7)
_MEMBER_LEAD = 512  # of a header, a name and the first packed bytes; more is read where needed
_RATIO = 200
_RATIO_MATTERS = 64 << 20

# All that zipfile raises for archives that are not what they claim.
ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    MemoryError,  # a dictionary of LZMA that the system does not grant
    NotImplementedError,  # a compression or an encryption that zipfile does not know
    OSError,
    RuntimeError,  # an encrypted member
    ValueError,
)


@contextmanager
def open_archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open an archive that is a regular file.

    Raises:
        UnreadableError: it is not an archive, or exceeds a limit.
        OSError: it cannot be opened.
    """
    if not stat.S_ISREG(path.stat().st_mode):  # to open a FIFO waits for a writer
        raise UnreadableError("not a regular file")
    with path.open("rb") as stream, archive_in(stream) as archive:
        yield archive


def archive_in(stream: IO[bytes]) -> zipfile.ZipFile:
    """Return the archive in a seekable stream.

    Raises:
        UnreadableError: it is not an archive, or exceeds a limit.
    """
    # `zipfile` reads the directory at once, and nothing else at this time.
    bounded = _Bounded(stream, _DIRECTORY_BYTES)
    try:
        archive = zipfile.ZipFile(cast("IO[bytes]", bounded))
    except ZIP_ERRORS as error:
        raise UnreadableError(f"not a wheel: {error_text(error)}") from error
    bounded.limit = ARCHIVE_BYTES
    _check_sizes(archive.infolist())
    return archive


def _check_sizes(infos: Sequence[zipfile.ZipInfo]) -> None:
    """Refuse an archive that has more members, or unpacks to more, than wheels do.

    Raises:
        UnreadableError: it does.
    """
    if len(infos) > MEMBER_COUNT:
        most = f"more than the {MEMBER_COUNT} read"
        raise UnreadableError(f"the archive has {len(infos)} members, {most}")
    unpacked = sum(info.file_size for info in infos)
    slow = sum(info.file_size for info in infos if _is_slow(info))
    if unpacked > ARCHIVE_BYTES or slow > _SLOW_BYTES:
        raise UnreadableError(f"the archive unpacks to {unpacked} bytes; not read")


def _is_slow(info: zipfile.ZipInfo) -> bool:
    """Whether a member takes long to unpack for its size; the largest are refused alone."""
    inflated = info.file_size > _RATIO * max(info.compress_size, 1)
    return info.compress_type in _SLOW or (inflated and info.file_size <= _RATIO_MATTERS)


class _Bounded:
    """A stream of which at most so much is read at once."""

    def __init__(self, stream: IO[bytes], limit: int) -> None:
        self._stream, self.limit = stream, limit

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

    def read(self, size: int = -1) -> bytes:
        """Read; raise BadZipFile where that is too much."""
        if size > self.limit:
            raise zipfile.BadZipFile(f"its directory has {size} bytes; not read")
        return self._stream.read(size)


def check_size(packed: int, unpacked: int) -> None:
    """Refuse a member that would unpack to far more than machine code does.

    Raises:
        UnreadableError: the sizes are not those of anything real.
    """
    bomb = unpacked > _RATIO_MATTERS and unpacked > _RATIO * max(packed, 1)
    if unpacked > MEMBER_BYTES or bomb:
        raise UnreadableError(f"unpacks from {packed} to {unpacked} bytes; not read")


def error_text(error: BaseException) -> str:
    """Return what an error says, or its name when it says nothing."""
    return str(error) or type(error).__name__


def member_head(stream: IO[bytes], info: zipfile.ZipInfo, count: int) -> bytes:
    """Return the first bytes of a member; none where it has fewer or they cannot be read.

    A wheel has up to 30,000 members; to open each by `zipfile` would take six times as long.
    """
    if info.flag_bits & _ENCRYPTED or info.file_size < count:
        return b""
    stream.seek(info.header_offset)
    lead = stream.read(_MEMBER_LEAD)
    name, extra = int.from_bytes(lead[26:28], "little"), int.from_bytes(lead[28:30], "little")
    start = _MEMBER_HEADER + name + extra
    packed = lead[start:]
    if len(packed) < count:
        stream.seek(info.header_offset + start)
        packed = stream.read(_MEMBER_LEAD)
    if info.compress_type == zipfile.ZIP_STORED:
        return packed[:count]
    with suppress(*ZIP_ERRORS):
        if info.compress_type == zipfile.ZIP_DEFLATED:
            return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, count)
        with zipfile.ZipFile(stream) as archive, archive.open(info) as member:
            return member.read(count)
    return b""
