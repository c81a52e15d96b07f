"""Read a wheel file: what its name, its records and its binaries say."""

from __future__ import annotations

import stat
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING

from packaging.utils import InvalidWheelFilename

from abi_probe.archive import ZIP_ERRORS, archive_in, check_size, error_text, member_head
from abi_probe.binary import HEAD_BYTES, read_binary
from abi_probe.consistency import (
    name_disagreements,
    purelib_disagreement,
    size_disagreements,
)
from abi_probe.contents import read_contents
from abi_probe.errors import UnreadableError
from abi_probe.metadata import (
    MOST_BYTES,
    is_purelib,
    parse_metadata,
    parse_wheel_tags,
    record_paths,
)
from abi_probe.model import Artifact, ArtifactKind
from abi_probe.read_tracking import record_read
from abi_probe.tags import filename_tags

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from abi_probe.model import Binary
    from abi_probe.tags import Tag

_ENCRYPTED = 1  # a member's flag
# Below this a member is read into memory, above it into a file that is mapped: a tenth slower.
_IN_MEMORY = 24 << 20
_CHUNK = 1 << 20


def read_wheel(path: Path) -> Artifact:
    """Read a wheel file.

    Raises:
        UnreadableError: it is no wheel, is truncated, or would lead out of its folder.
    """
    record_read(path)
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # to open a FIFO waits for a writer
            raise UnreadableError("not a regular file")
        with path.open("rb") as stream:
            return read_wheel_stream(stream, path.name, target=str(path))
    except OSError as error:
        raise UnreadableError(error.strerror or str(error)) from error


def read_wheel_stream(stream: IO[bytes], filename: str, *, target: str | None = None) -> Artifact:
    """Read a wheel from a seekable stream.

    Args:
        stream: the archive.
        filename: the wheel's own name, which carries its tags.
        target: what to call it; the file name when None.

    Raises:
        UnreadableError: as `read_wheel`.
    """
    with archive_in(stream) as archive:
        members = archive_members(archive)
        metadata = parse_metadata(_record(archive, members, "METADATA"))
        wheel = _record(archive, members, "WHEEL")
        recorded = parse_wheel_tags(wheel)
        tags, warnings = _tags(filename, recorded)
        # What goes elsewhere, such as programs, keeps the path that it has in the archive.
        installed = {installed_path(path) or path: info for path, info in members.items()}
        contents = read_contents(
            installed,
            lambda path: _read_member(archive, installed[path]),
            lambda path: member_head(stream, installed[path], HEAD_BYTES),
        )
        record = _record(archive, members, "RECORD")
        warnings += _duplicate_members(archive, members)
        warnings += name_disagreements(filename, metadata)
        warnings += purelib_disagreement(wheel, contents)
        warnings += _unlisted(record, members)
        warnings += size_disagreements(
            record, lambda path: members[path].file_size if path in members else None
        )
    return Artifact(
        target=target or filename,
        kind=ArtifactKind.WHEEL,
        name=metadata.name,
        version=metadata.version,
        tags=tags,
        recorded_tags=recorded,
        purelib=is_purelib(wheel),
        requires_python=metadata.requires_python,
        requires=metadata.requires,
        extensions=contents.extensions,
        libraries=contents.libraries,
        programs=contents.programs,
        sources=contents.sources,
        packages=contents.packages,
        trouble=contents.trouble,
        warnings=(*metadata.trouble, *contents.warnings, *warnings),
    )


def archive_members(archive: zipfile.ZipFile) -> dict[PurePosixPath, zipfile.ZipInfo]:
    """Return the archive's files by path, the last of each name.

    Raises:
        UnreadableError: a name leads out of it.
    """
    members = {}
    for info in archive.infolist():
        path = PurePosixPath(info.filename)
        if path.is_absolute() or ".." in path.parts or "\\" in info.filename:
            message = f"the member {info.filename!r} would be installed outside its folder"
            raise UnreadableError(message)
        if info.filename.endswith("/"):
            continue
        if not path.parts:
            message = f"the member {info.filename!r} names no file"
            raise UnreadableError(message)
        members[path] = info
    return members


def _duplicate_members(
    archive: zipfile.ZipFile, members: Mapping[PurePosixPath, zipfile.ZipInfo]
) -> Iterator[str]:
    """Yield that names stand for several members, of which installers may take any."""
    files = [info for info in archive.infolist() if not info.is_dir()]
    hidden = [info.filename for info in files if members[PurePosixPath(info.filename)] is not info]
    if hidden:
        yield f"the archive has {len(hidden)} names again, such as {hidden[0]}: the last one counts"


def _dist_info(members: Mapping[PurePosixPath, zipfile.ZipInfo], name: str) -> PurePosixPath:
    """Return the path of one record of the archive's only `.dist-info` folder."""
    found = [
        path
        for path in members
        if len(path.parts) == 2 and path.parts[0].endswith(".dist-info") and path.name == name  # noqa: PLR2004 - folder and file
    ]
    if len(found) != 1:
        message = f"not a wheel: {len(found) or 'no'} .dist-info/{name} in it"
        raise UnreadableError(message)
    return found[0]


def _record(
    archive: zipfile.ZipFile, members: Mapping[PurePosixPath, zipfile.ZipInfo], name: str
) -> bytes:
    """Return one record of the `.dist-info` folder."""
    info = members[_dist_info(members, name)]
    if info.file_size > MOST_BYTES[name]:
        message = f"{info.filename} claims {info.file_size} bytes"
        raise UnreadableError(message)
    _check_open(info)
    try:
        return archive.read(info)
    except ZIP_ERRORS as error:
        message = f"{info.filename}: {error_text(error)}"
        raise UnreadableError(message) from error


def _tags(filename: str, recorded: frozenset[Tag]) -> tuple[frozenset[Tag], list[str]]:
    """Return the tags that installers go by, and what disagrees with them.

    Installers choose by the file name, and the installed WHEEL record is all that is left later.
    """
    try:
        named = filename_tags(filename)
    except InvalidWheelFilename as error:
        return recorded, [f"the file name is no wheel's: {error}"]
    if recorded and recorded != named:
        ours, theirs = (", ".join(sorted(map(str, tags))) for tags in (named, recorded))
        return named, [f"the file name is tagged {ours}, the WHEEL record {theirs}"]
    return named, []


def installed_path(path: PurePosixPath) -> PurePosixPath | None:
    """Return where a member goes below the folder of packages; None when it goes elsewhere."""
    first, *rest = path.parts
    if first.endswith(".data") and rest:
        return PurePosixPath(*rest[1:]) if rest[0] in {"purelib", "platlib"} else None
    return path


def _unlisted(record: bytes, members: Mapping[PurePosixPath, zipfile.ZipInfo]) -> Iterator[str]:
    """Yield how RECORD and the archive's files disagree."""
    listed = set(record_paths(record))
    if missing := sorted(listed - set(members)):
        yield f"RECORD lists {len(missing)} files that are not there, such as {missing[0]}"
    signatures = {"RECORD", "RECORD.jws", "RECORD.p7s"}  # never listed (PEP 427)
    extra = sorted(path for path in set(members) - listed if path.name not in signatures)
    if extra:
        yield f"RECORD leaves out {len(extra)} files, such as {extra[0]}"


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Binary:
    """Read the binary in one member.

    Raises:
        UnreadableError: also when it would unpack to far more than machine code does.
    """
    check_size(info.compress_size, info.file_size)
    _check_open(info)
    try:
        with archive.open(info) as member:
            if info.file_size <= _IN_MEMORY:
                return read_binary(member.read())
            return _read_mapped(member)
    except ZIP_ERRORS as error:
        raise UnreadableError(error_text(error)) from error


def _check_open(info: zipfile.ZipInfo) -> None:
    """Refuse what only a password would open.

    Raises:
        UnreadableError: it is encrypted.
    """
    if info.flag_bits & _ENCRYPTED:
        message = f"{info.filename} is encrypted, which no installer reads"
        raise UnreadableError(message)


def _read_mapped(member: IO[bytes]) -> Binary:
    """Read a large binary through a temporary file, so that it is never in memory whole."""
    import mmap  # with these 5 ms, for few wheels
    import shutil
    import tempfile

    with tempfile.TemporaryFile() as unpacked:
        shutil.copyfileobj(member, unpacked, _CHUNK)
        unpacked.flush()
        # Not closed here: what was read, and an error's traceback, may still hold views of it.
        return read_binary(mmap.mmap(unpacked.fileno(), 0, access=mmap.ACCESS_READ))
