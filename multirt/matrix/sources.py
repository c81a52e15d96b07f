"""Tell whether a project's sources changed: one digest of all that a build may read."""

from __future__ import annotations

import hashlib
import io
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from multirt.matrix.seen import Seen

# What tools leave behind and no build reads. In doubt a file counts: building once too often
# costs a second, testing stale code costs trust.
_LEFT_BEHIND = frozenset(
    {
        ".git",
        ".hg",
        ".svn",
        ".tox",
        ".nox",
        ".venv",
        ".eggs",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".hypothesis",
        ".benchmarks",
        "__pycache__",
        "node_modules",
    }
)
_AT_THE_TOP = frozenset({"build", "dist", "htmlcov", "wheelhouse"})
_ENDINGS = (".pyc", ".pyo", ".egg-info", ".swp", "~")
# Words of build backends that read the version from the repository.
_FROM_REPOSITORY = (b"scm", b"vcs", b"versioneer", b"versioningit", b"dunamai", b"pbr")


def digest(root: Path, seen: Seen) -> str:
    """Return a hexadecimal digest of a project's files: their paths, modes and contents.

    Args:
        root: the project.
        seen: what is known of its files.

    Raises:
        OSError: a file cannot be read.
    """
    state = hashlib.sha256()
    for path in sorted(_files(os.fspath(root), top=True)):
        name = os.fsencode(os.path.relpath(path, root))
        state.update(b"%d %s\0" % (os.lstat(path).st_mode, name))
        state.update(_content(path, seen))
    for part in _repository(root):
        state.update(part)
    return state.hexdigest()


def _content(path: str, seen: Seen) -> bytes:
    """Return the digest of a file, or where a link leads."""
    if os.path.islink(path):  # noqa: PTH114 - thousands of paths, as text
        return os.fsencode(os.readlink(path)) + b"\0"  # noqa: PTH115 - likewise
    return seen.digest(path)


def _files(folder: str, *, top: bool = False) -> Iterator[str]:
    """Yield the regular files and links below a folder that a build may read."""
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            if name in _LEFT_BEHIND or name.endswith(_ENDINGS) or name.startswith(".coverage"):
                continue
            if entry.is_dir(follow_symlinks=False):
                if not _is_output(entry, top=top):
                    yield from _files(entry.path)
            elif entry.is_symlink() or entry.is_file():
                yield entry.path


def _is_output(entry: os.DirEntry[str], *, top: bool) -> bool:
    """Whether a folder is an environment, or one that builds write into."""
    if os.path.exists(os.path.join(entry.path, "pyvenv.cfg")):  # noqa: PTH110, PTH118 - likewise
        return True
    package = os.path.join(entry.path, "__init__.py")  # noqa: PTH118 - likewise
    return top and entry.name in _AT_THE_TOP and not os.path.exists(package)  # noqa: PTH110


def _repository(root: Path) -> Iterator[bytes]:
    """Yield the state of the repository, where the version is made of it."""
    said = b"".join(
        (root / name).read_bytes()
        for name in ("pyproject.toml", "setup.py", "setup.cfg")
        if (root / name).is_file()
    )
    git = root / ".git"
    if not git.is_dir() or not any(word in said for word in _FROM_REPOSITORY):
        return
    yield from (
        path.read_bytes()
        for path in (git / "HEAD", git / "packed-refs", git / "index")
        if path.is_file()
    )
    for path in sorted((git / "refs").rglob("*")):
        if path.is_file():
            yield os.fsencode(path) + path.read_bytes()


def archive(root: Path) -> bytes:
    """Return the files that count as a compressed tar archive, for another machine.

    Raises:
        OSError: a file cannot be read.
    """
    import tarfile  # 8 ms, for another machine only

    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz", compresslevel=1) as packed:
        for path in _files(os.fspath(root), top=True):
            packed.add(path, os.path.relpath(path, root), recursive=False)
    return stream.getvalue()


def unpack(packed: bytes, folder: Path) -> None:
    """Put the files of an archive into a folder, and none beside it."""
    import tarfile  # likewise

    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as stream:
        # The filter that lets links lead where they led; before 3.11.4 there is none.
        stream.extraction_filter = getattr(tarfile, "tar_filter", None)
        stream.extractall(folder)  # noqa: S202 - it is the project whose code runs next
