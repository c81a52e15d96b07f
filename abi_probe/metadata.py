"""Read the records that a distribution brings: METADATA, WHEEL and RECORD."""

from __future__ import annotations

import contextlib
import csv
import functools
import io
import math
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from packaging.version import Version

from abi_probe.distribution_name import normalize_name
from abi_probe.errors import UnreadableError
from abi_probe.tags import parse_tag

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from packaging.specifiers import SpecifierSet

    from abi_probe.tags import Tag

MOST_BYTES: Final = {"METADATA": 8 << 20, "PKG-INFO": 8 << 20, "WHEEL": 1 << 20, "RECORD": 64 << 20}
"""Bytes of each record that are read; none is a tenth of it in any real wheel."""

# One header field: its name, its value, and the lines that continue it, blank ones included.
_FIELD: Final = re.compile(r"([!-9;-~]*):[ \t]*(.*(?:\n[ \t].*)*)\n?")
# Lines among the headers that `email` skips: a continuation of nothing, an envelope.
_STRAY: Final = re.compile(r"(?:[ \t]|From ).*\n?")
_ANY: Final = Version("3")
_MOST_TAGS: Final = 10_000  # of a WHEEL record; that of a wheel with three dozen has the most
_LONGEST_SIZE: Final = 20  # digits of a size in a RECORD
_SHOWN: Final = 100  # characters of a value that cannot be parsed
_MOST_ROWS: Final = 500_000  # of a RECORD; the largest real wheels have 30,000


class Metadata(Struct, frozen=True, kw_only=True):
    """What METADATA (or PKG-INFO) says.

    Attributes:
        name: normalised (PEP 503).
        version: None when it is no version that PEP 440 knows.
        requires_python: None when nothing is given or what is given cannot be parsed.
        requires: Requires-Dist lines as they stand.
        trouble: what could not be parsed, one sentence each.
    """

    name: str
    version: Version | None
    requires_python: SpecifierSet | None
    requires: tuple[str, ...]
    trouble: tuple[str, ...] = ()


def parse_metadata(content: bytes) -> Metadata:
    """Parse METADATA.

    Raises:
        UnreadableError: there is no name in it.

    Source: core metadata specification of the Python Packaging User Guide.
    """
    fields = read_fields(content)
    name = _only(fields, "name")
    if not name:
        message = "METADATA names no distribution"
        raise UnreadableError(message)
    trouble = []
    version = requires_python = None
    written = _only(fields, "version") or ""
    try:
        version = Version(written)
    except ValueError:  # InvalidVersion, or a number of thousands of digits
        trouble.append(f"METADATA has no valid version: {written[:_SHOWN]!r}")
    wanted, *others = fields.get("requires-python", (None,))
    if others:  # pip and uv take the first
        trouble.append(f"METADATA has {len(others) + 1} Requires-Python fields: the first counts")
    if wanted is not None:
        from packaging.specifiers import SpecifierSet  # 3 ms, where a range is written

        try:
            parsed = SpecifierSet(wanted)
            for each in parsed:
                each.contains(_ANY)  # which reads its numbers
            requires_python = parsed
        except ValueError:  # InvalidSpecifier, or the same
            trouble.append(
                f"METADATA has a Requires-Python that means nothing: {wanted[:_SHOWN]!r}"
            )
    return Metadata(
        name=normalize_name(name),
        version=version,
        requires_python=requires_python,
        requires=tuple(fields.get("requires-dist", ())),
        trouble=tuple(trouble),
    )


def read_fields(content: bytes) -> dict[str, list[str]]:
    """Return the values of each header field, by its name in lower case, folded lines joined.

    The headers end at an empty line, or at a line that is not a header field. A line of blanks
    continues the field before it, as in a folded `License`.

    `packaging.metadata` and `email` read them in the same way; their import takes longer than all
    the rest of reading a wheel.

    Source: RFC 822, section 3.1, as `email.feedparser` applies it.
    """
    text = content.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    fields: dict[str, list[str]] = {}
    end = 0
    while found := _FIELD.match(text, end) or _STRAY.match(text, end):
        end = found.end()
        if found.re is _FIELD and found[1]:
            value = " ".join(line.strip(" \t") for line in found[2].split("\n")).strip(" ")
            fields.setdefault(found[1].lower(), []).append(value)
    return fields


def _only(fields: Mapping[str, list[str]], name: str) -> str | None:
    """Return a field that may be there once; given twice it means nothing."""
    values = fields.get(name, [])
    return values[0] if len(values) == 1 else None


def parse_wheel_tags(content: bytes) -> frozenset[Tag]:
    """Return the tags of a WHEEL record; empty when it has none.

    Source: the binary distribution format, `Tag` lines of WHEEL.
    """
    tags: set[Tag] = set()
    for value in read_fields(content).get("tag", ()):
        # What is no tag (not three parts, an empty one) is noise; the file name has the tags.
        # Three short lists stand for all that can be made of them, so they are counted first.
        sizes = (part.count(".") + 1 for part in value.split("-"))
        if math.prod(sizes) > _MOST_TAGS - len(tags):
            continue
        with contextlib.suppress(ValueError):
            tags |= parse_tag(value)
    return frozenset(tags)


def is_purelib(content: bytes) -> bool | None:
    """Return what `Root-Is-Purelib` of a WHEEL record says; None when it says nothing."""
    value = _only(read_fields(content), "root-is-purelib")
    return None if value is None else value.lower() == "true"


def record_paths(content: bytes) -> Iterator[PurePosixPath]:
    """Yield the paths of a RECORD that lie below the folder it was installed into.

    Paths that climb out of it (scripts, data) are left out; nothing is read from the disk.

    Raises:
        UnreadableError: it is no table.
    """
    for path, _ in record_rows(content):
        yield path


@functools.lru_cache(maxsize=1)  # one record is asked for its paths, then for its sizes
def record_rows(content: bytes) -> tuple[tuple[PurePosixPath, int | None], ...]:
    """Return what `record_paths` does, each with the size of the file; None where none is given.

    Raises:
        UnreadableError: it is no table, or has more rows than any wheel has files.
    """
    if content.count(b"\n") > _MOST_ROWS:
        message = f"RECORD has more than {_MOST_ROWS} rows"
        raise UnreadableError(message)
    try:
        return tuple(_rows(content.decode("utf-8", "replace")))
    except csv.Error as error:
        message = f"RECORD is no table: {error}"
        raise UnreadableError(message) from error


def _rows(text: str) -> Iterator[tuple[PurePosixPath, int | None]]:
    """Yield the rows of a record; raise csv.Error where it is no table."""
    for row in csv.reader(io.StringIO(text)):
        if row and not row[0].startswith("/"):
            path = PurePosixPath(row[0].replace("\\", "/"))
            size = row[2] if len(row) > 2 else ""  # noqa: PLR2004 - path, hash, size
            if path.parts and ".." not in path.parts:
                known = size.isascii() and size.isdecimal() and len(size) < _LONGEST_SIZE
                yield path, int(size) if known else None
