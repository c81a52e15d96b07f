"""Say where the records of a distribution and its files do not agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abi_probe.distribution_name import normalize_name
from abi_probe.metadata import is_purelib, record_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import PurePosixPath

    from abi_probe.contents import Contents
from abi_probe.metadata import Metadata


def name_disagreements(filename: str, metadata: Metadata) -> Iterator[str]:
    """Yield where a wheel's file name and its METADATA speak of different distributions."""
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename  # 10 ms, of wheels only

    try:
        name, version, _, _ = parse_wheel_filename(filename)
    except InvalidWheelFilename:
        return  # reported when its tags are read
    if name != metadata.name:
        yield f"the file name says {name}, METADATA {metadata.name}"
    if metadata.version is not None and version != metadata.version:
        yield f"the file name says {version}, METADATA {metadata.version}"


def folder_disagreements(folder: str, metadata: Metadata) -> Iterator[str]:
    """Yield where the name of a `.dist-info` folder and its METADATA differ."""
    name = normalize_name(folder.rpartition(".")[0].split("-")[0])
    if name != metadata.name:
        yield f"{folder} has the METADATA of {metadata.name}"


def purelib_disagreement(wheel: bytes, contents: Contents) -> Iterator[str]:
    """Yield that a WHEEL record says `pure` of a distribution with libraries for one platform."""
    libraries = [path for path, binary in contents.libraries.items() if binary.shared_library]
    if libraries and not contents.extensions and is_purelib(wheel):
        yield f"the WHEEL record says that nothing depends on a platform, {min(libraries)} does"


def size_disagreements(
    record: bytes, size_of: Callable[[PurePosixPath], int | None]
) -> Iterator[str]:
    """Yield how many files are not as large as RECORD says.

    Args:
        record: its bytes.
        size_of: gives the size of a file; None for one that is not there, or not asked about.
    """
    wrong = [
        (path, size, real)
        for path, size in record_rows(record)
        if size is not None and (real := size_of(path)) is not None and real != size
    ]
    if wrong:
        path, size, real = wrong[0]
        yield (
            f"{len(wrong)} files are not as RECORD says, such as {path}: {real} bytes, not {size}"
        )
