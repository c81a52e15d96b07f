"""Read the distributions that are installed in a folder of packages."""

from __future__ import annotations

import errno
import functools
import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from msgspec import Struct

from abi_probe.binary import read_binary_file, read_head
from abi_probe.consistency import (
    folder_disagreements,
    purelib_disagreement,
    size_disagreements,
)
from abi_probe.contents import extension_of, may_be_binary, read_contents
from abi_probe.distribution_name import normalize_name
from abi_probe.errors import NothingToProbeError, UnreadableError
from abi_probe.filename import stem
from abi_probe.metadata import (
    MOST_BYTES,
    Metadata,
    is_purelib,
    parse_metadata,
    parse_wheel_tags,
    record_paths,
)
from abi_probe.model import Artifact, ArtifactKind
from abi_probe.read_tracking import read_bytes, record_read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_METADATA_ENDINGS = (".dist-info", ".egg-info")
# Errors of reading what is not there, is not a regular file, or is too large.
_ABSENT = frozenset(
    {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.EINVAL, errno.EFBIG}
)
_MOST_OTHER = 8 << 20  # bytes of what names modules, or of an `.egg-info` that is a file


class Installed(Struct, frozen=True, kw_only=True):
    """One installed distribution, known by its metadata folder only; nothing else is read yet.

    Attributes:
        name: normalised.
        info: its `.dist-info` or `.egg-info` folder (or file, as Debian ships them).
        root: the folder of packages.
    """

    name: str
    info: Path
    root: Path


class Site(Struct, frozen=True, kw_only=True):
    """A folder of packages.

    Attributes:
        root: the folder.
        distributions: by normalised name; of two versions the one listed first, as
            `importlib.metadata` takes it.
    """

    root: Path
    distributions: dict[str, Installed]


def open_site(root: Path) -> Site:
    """List the distributions of a folder; only names are read.

    Raises:
        UnreadableError: there is no such folder or it cannot be listed.
    """
    record_read(root)
    try:
        names = sorted(os.listdir(root))  # noqa: PTH208 - half the time of iterdir for 1,000 names
    except OSError as error:
        raise UnreadableError(error.strerror or str(error)) from error
    distributions: dict[str, Installed] = {}
    for name in names:
        base, dot, ending = name.rpartition(".")
        if base and dot + ending in _METADATA_ENDINGS:
            normalised = normalize_name(base.split("-")[0])
            installed = Installed(name=normalised, info=root / name, root=root)
            distributions.setdefault(normalised, installed)
    return Site(root=root, distributions=distributions)


def read_installed_metadata(installed: Installed) -> Metadata:
    """Read METADATA or PKG-INFO.

    Raises:
        UnreadableError: it is missing or broken.
    """
    for path in (installed.info / "METADATA", installed.info / "PKG-INFO", installed.info):
        content = _read(path)
        if content is not None:
            return parse_metadata(content)
    message = f"{installed.info.name} has no METADATA"
    raise UnreadableError(message)


def installed_paths(installed: Installed) -> list[PurePosixPath]:
    """Return the files of a distribution relative to its root, from its RECORD where it has one.

    Without a RECORD (Debian's packages, eggs) the folders of its top-level modules are walked.

    Raises:
        UnreadableError: RECORD is broken.
    """
    record = _read(installed.info / "RECORD")
    if record is not None:
        return list(record_paths(record))
    top_level = _read(installed.info / "top_level.txt")
    guessed = installed.name.replace("-", "_")  # as `import` has to spell it
    names = top_level.decode("utf-8", "replace").split() if top_level else [guessed]
    return list(_walk_modules(installed.root, frozenset(names)))


def read_installed(installed: Installed) -> Artifact:
    """Read a distribution: its metadata and every binary that belongs to it.

    Raises:
        UnreadableError: its records are broken.
    """
    metadata = read_installed_metadata(installed)
    wheel = _read(installed.info / "WHEEL")
    root = installed.root
    paths = installed_paths(installed)
    # A file that RECORD names and that is gone is a warning; reading it would be an error.
    missing = [path for path in paths if may_be_binary(path) and not _exists(root / path)]
    gone = frozenset(missing)
    contents = read_contents(
        (path for path in paths if path not in gone),
        lambda path: read_binary_file(root / path),
        lambda path: read_head(root / path),
    )
    warnings = [f"RECORD lists {path}, which is not there" for path in missing]
    warnings += folder_disagreements(installed.info.name, metadata)
    warnings += purelib_disagreement(wheel or b"", contents)
    warnings += size_disagreements(
        _read(installed.info / "RECORD") or b"",
        lambda path: _size(root / path) if may_be_binary(path) and path not in gone else None,
    )
    return Artifact(
        target=f"{metadata.name} in {root}",
        kind=ArtifactKind.DISTRIBUTION,
        name=metadata.name,
        version=metadata.version,
        tags=parse_wheel_tags(wheel) if wheel is not None else frozenset(),
        purelib=is_purelib(wheel or b""),
        requires_python=metadata.requires_python,
        requires=metadata.requires,
        extensions=contents.extensions,
        libraries=contents.libraries,
        programs=contents.programs,
        sources=contents.sources,
        packages=contents.packages,
        trouble=contents.trouble,
        warnings=(*metadata.trouble, *contents.warnings, *warnings),
        root=str(root),
    )


def _size(path: Path) -> int | None:
    """Return a file's size, None when it cannot be asked for."""
    try:
        return path.stat().st_size
    except OSError:
        return None


def _exists(path: Path) -> bool:
    record_read(path)
    return path.exists()


def read_folder(root: Path) -> Artifact:
    """Read a folder that has no metadata: every binary below it.

    Raises:
        NothingToProbeError: there is none.
        UnreadableError: the folder cannot be listed.
    """
    if not root.is_dir():
        message = "not a folder"
        raise UnreadableError(message)
    paths = list(_walk(root, PurePosixPath()))
    if not any(may_be_binary(path) or path.suffix == ".py" for path in paths):
        message = "no packages, modules or binaries in it"
        raise NothingToProbeError(message)
    contents = read_contents(
        paths, lambda path: read_binary_file(root / path), lambda path: read_head(root / path)
    )
    return Artifact(
        target=str(root),
        kind=ArtifactKind.SITE,
        extensions=contents.extensions,
        libraries=contents.libraries,
        programs=contents.programs,
        sources=contents.sources,
        packages=contents.packages,
        trouble=contents.trouble,
        warnings=contents.warnings,
        root=str(root),
    )


def owners(site: Site, modules: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return which distributions install each of some modules.

    Args:
        site: the folder.
        modules: dotted names. Of a package that several distributions share (a namespace), those
            that own the longest part of the dotted name are returned.

    Returns:
        Names of distributions by module; a module that no distribution owns is left out.
    """
    wanted = list(modules)
    owned: dict[str, dict[str, int]] = {module: {} for module in wanted}
    for installed in site.distributions.values():
        try:
            names = _module_names(installed_paths(installed))
        except UnreadableError:
            continue  # judged as broken when something else leads to it
        for module in wanted:
            depth = _depth(module, names)
            if depth:
                owned[module][installed.name] = depth
    return {
        module: frozenset(name for name, depth in found.items() if depth == max(found.values()))
        for module, found in owned.items()
        if found
    }


def _module_names(paths: Iterable[PurePosixPath]) -> frozenset[str]:
    """Return the dotted names of every module and package, cut off at the second level."""
    names = set()
    for path in paths:
        if path.parts[0].endswith(_METADATA_ENDINGS):
            continue
        last = path.stem if path.suffix == ".py" else ""
        if not last and may_be_binary(path):
            last = stem(path.name)
        parts = [*path.parent.parts, *([last] if last and last != "__init__" else [])]
        names.add(".".join(parts[:1]))
        names.add(".".join(parts[:2]))
    return frozenset(names)


def _depth(module: str, names: frozenset[str]) -> int:
    """Return how many parts of a dotted name a distribution has: 0, 1 or 2."""
    parts = module.split(".")
    if len(parts) > 1 and ".".join(parts[:2]) in names:
        return 2
    return 1 if parts[0] in names else 0


def _walk_modules(root: Path, names: frozenset[str]) -> Iterator[PurePosixPath]:
    """Yield the files of some top-level modules."""
    for name in sorted(names):
        if name.isidentifier():
            yield from _walk(root, PurePosixPath(name))
    record_read(root)
    for name in sorted(names):
        for entry in _files_by_module(root, os.stat(root).st_mtime_ns).get(name, ()):  # noqa: PTH116 - text
            path = PurePosixPath(entry)
            if path.suffix == ".py" or may_be_binary(path):
                yield path


@functools.lru_cache(maxsize=4)  # a site of 2,000 distributions without RECORD asks 2,000 times
def _files_by_module(root: Path, _changed: int) -> dict[str, list[str]]:
    """Return the names in a folder by the module that they could belong to."""
    found: dict[str, list[str]] = {}
    for entry in sorted(os.listdir(root)):  # noqa: PTH208 - names only, as in open_site
        found.setdefault(entry.partition(".")[0], []).append(entry)
    return found


def _walk(root: Path, start: PurePosixPath) -> Iterator[PurePosixPath]:
    """Yield every file below a folder; links to folders are not followed."""
    record_read(root / start)
    for folder, folders, files in os.walk(root / start):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in folders:
            record_read(os.path.join(folder, name))  # noqa: PTH118 - as in open_site
        below = PurePosixPath(Path(folder).relative_to(root).as_posix())
        for name in files:
            yield below / name


def _read(path: Path) -> bytes | None:
    """Return a record's bytes, None when it is not there or no plain file of a sane size."""
    record_read(path)
    try:
        return read_bytes(path, MOST_BYTES.get(path.name, _MOST_OTHER))
    except OSError as error:
        if error.errno in _ABSENT:
            return None
        message = f"{path.name}: {error.strerror or error}"
        raise UnreadableError(message) from error


def read_single_file(path: Path) -> Artifact:
    """Read one binary that stands alone.

    Raises:
        UnreadableError: it is no binary or is broken.
    """
    binary = read_binary_file(path)
    name = PurePosixPath(path.name)
    extension = extension_of(name, binary)
    return Artifact(
        target=str(path),
        kind=ArtifactKind.FILE,
        extensions=(extension,) if extension is not None else (),
        libraries={name: binary} if extension is None and not binary.program else {},
        programs={name: binary} if extension is None and binary.program else {},
        root=str(path.parent),
    )
