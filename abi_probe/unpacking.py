"""Unpack a wheel as an installer would lay it out, without installing anything."""

from __future__ import annotations

import shutil
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from abi_probe.archive import ZIP_ERRORS, check_size, error_text, open_archive
from abi_probe.errors import UnreadableError
from abi_probe.wheel import archive_members

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Mapping

# Below the prefix, as deep as `lib/python3.11/site-packages`: run paths that climb out of the
# packages into the prefix (`$ORIGIN/../../..`) rely on it.
_PACKAGES: Final = PurePosixPath("lib", "python3", "site-packages")


def unpack_wheel(path: Path, prefix: Path) -> Path:
    """Unpack a wheel's packages and data below a prefix, which is made.

    Args:
        path: the wheel.
        prefix: a folder that is not there yet or is empty.

    Returns:
        The folder of packages.

    Raises:
        UnreadableError: it is no wheel, would lead out of its folder, or unpacks to far more than
            machine code does.
        OSError: the prefix cannot be written to.

    Source: the binary distribution format; scripts and headers are left out.
    """
    (prefix / _PACKAGES).mkdir(parents=True)
    try:
        with open_archive(path) as archive:
            members = archive_members(archive)
            check_sizes(members)
            for member, info in members.items():
                destination = _destination(member)
                if destination is None:
                    continue
                target = prefix / destination
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(info) as packed, target.open("wb") as unpacked:
                    shutil.copyfileobj(packed, unpacked)
    except ZIP_ERRORS as error:
        raise UnreadableError(error_text(error)) from error
    return packages_of(prefix)


def packages_of(prefix: Path) -> Path:
    """Return the folder of packages below a prefix that `unpack_wheel` made."""
    return prefix / _PACKAGES


def check_sizes(members: Mapping[PurePosixPath, zipfile.ZipInfo]) -> None:
    """Refuse an archive that unpacks to far more than wheels do.

    Raises:
        UnreadableError: it does.
    """
    for info in members.values():
        check_size(info.compress_size, info.file_size)


def _destination(member: PurePosixPath) -> PurePosixPath | None:
    """Return where a member goes below the prefix; None when it is not unpacked."""
    first, *rest = member.parts
    if not first.endswith(".data") or not rest:
        return _PACKAGES / member
    match rest[0]:
        case "purelib" | "platlib":
            return _PACKAGES.joinpath(*rest[1:])
        case "data":
            return PurePosixPath(*rest[1:])
        case _:
            return None
