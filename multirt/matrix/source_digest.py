"""Tell whether a project's sources changed: one digest of all that a build may read."""

from __future__ import annotations

import hashlib
import io
import itertools
import os
import re
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from multirt.storage.documents import file_digest, read_json, write_json
from multirt.storage.files import read_text
from runtimes.storage import cache
from runtimes.storage.fingerprint import Fingerprint, is_racy, of_status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

_DIGITS = hashlib.sha256().digest_size * 2


Digests = dict[str, tuple[Fingerprint, str]]
"""Paths, each with its fingerprint when it was read, and its SHA-256."""


class DigestCache:
    """The digests of files, each with what the file system said of the file.

    The time of its last change (ctime) cannot be set by a program, so an edit shows that keeps
    size and time of a file. What changed just now is read again next time: one more edit could
    carry the same stamp.
    """

    def __init__(self, file: Path) -> None:
        """Read what is cached in a file."""
        self._file = file
        self._known = cache.read(file, Digests) or {}
        self._found: Digests = {}
        self._since = time.time_ns()
        self._read = False

    def digest(self, path: str) -> bytes:
        """Return the SHA-256 of a file.

        Raises:
            OSError: it cannot be read.
        """
        now = of_status(os.stat(path))  # noqa: PTH116 - thousands of paths, as text
        known = self._known.get(path)
        if known is not None and known[0] == now and len(known[1]) == _DIGITS:
            self._found[path] = known
            return bytes.fromhex(known[1])
        with open(path, "rb") as stream:  # noqa: PTH123 - thousands of paths, as text
            content = hashlib.file_digest(stream, "sha256").digest()
            status = os.fstat(stream.fileno())
        self._read = True
        if of_status(status) == now and not is_racy(now.ctime, self._since):
            self._found[path] = (now, content.hex())
        return content

    def keep(self) -> None:
        """Write down what was found, if that is more or less than what was known."""
        if self._read or len(self._found) != len(self._known):
            with suppress(OSError):  # a disk that is full; the files are read again
                cache.write(self._file, self._found)


_NOTE = "reports.json"


def record_reports(state: Path, files: Iterable[Path]) -> None:
    """Note what was written, for the next look at the sources.

    Args:
        state: the project's folder in the cache.
        files: the reports.
    """
    known = {
        path: digest
        for path, digest in read_written_reports(state).items()
        if os.path.exists(path)  # noqa: PTH110 - text
    }
    written = {os.path.realpath(file): file_digest(file) for file in files if file.is_file()}
    if written:
        write_json(state / _NOTE, {**known, **written})


def read_written_reports(state: Path) -> dict[str, str]:
    """Return the real paths of reports, each with the SHA-256 of what was written."""
    try:
        document = read_json(state / _NOTE)
        return {str(path): str(digest) for path, digest in document.items()}
    except (OSError, ValueError, AttributeError):
        return {}  # damaged or none: the reports count as sources


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
# Variables that compilers and build backends heed; a project's own are named in its files.
_HEEDED = re.compile(
    r"(?:AR|ARCHFLAGS|CC|CPATH|CPP|CXX|C_INCLUDE_PATH|LD|LDSHARED|LIBRARY_PATH|PKG_CONFIG_PATH"
    r"|MACOSX_DEPLOYMENT_TARGET|SOURCE_DATE_EPOCH|UV_BUILD_CONSTRAINT|(?:C|CPP|CXX|LD|RUST)FLAGS)"
    r"|(?:CARGO|CMAKE|CYTHON|DISTUTILS|HATCH|MATURIN|MESON|PBR|PDM|POETRY|PYO3|SETUPTOOLS|SKBUILD)_.*"
)
_BUILD_FILES = frozenset({".build", ".cfg", ".py", ".rs", ".toml", ".txt"})
_NAME = re.compile(r"[A-Z][A-Z0-9_]{2,}")
_PASSING = frozenset({"COLUMNS", "LINES", "OLDPWD", "PWD", "SHLVL", "TERM"})
_FAR_FILES = 10_000  # of a folder outside the project that a link leads to


def digest(
    root: Path, seen: DigestCache, env: Mapping[str, str], written: Mapping[str, str]
) -> str:
    """Return a hexadecimal digest of all that a build may read.

    That is the project's files with their paths, modes and contents, and the variables that
    compilers, build backends or its own build files look at.

    Args:
        root: the project.
        seen: what is known of its files.
        env: what a build is started with.
        written: reports of ours by their real paths, with the digest of what was written; no
            sources as long as they are that.

    Raises:
        OSError: a file cannot be read.
    """
    state = hashlib.sha256()
    home = os.path.join(os.path.realpath(root), "")  # noqa: PTH118 - thousands of paths, as text
    for path in sorted(_files(os.fspath(root), top=True)):
        content = _content(path, home, seen)
        name = os.path.relpath(path, root)
        if written.get(home + name) == content.hex():
            continue
        state.update(b"%d %s\0" % (os.lstat(path).st_mode, os.fsencode(name)))
        state.update(content)
    for part in itertools.chain(_repository(root), _settings(root, env)):
        state.update(part)
    return state.hexdigest()


def _settings(root: Path, env: Mapping[str, str]) -> Iterator[bytes]:
    """Yield the variables that a build looks at, with their values."""
    if not env:
        return
    named: set[str] = set()
    for path in root.iterdir():
        if path.suffix in _BUILD_FILES and path.is_file():
            named.update(_NAME.findall(read_text(path, errors="replace")))
    for name in sorted(env.keys() - _PASSING):
        if name in named or _HEEDED.fullmatch(name):
            yield os.fsencode(f"{name}={env[name]}\0")


def _content(path: str, home: str, seen: DigestCache) -> bytes:
    """Return the digest of a file; of a link, that of its target, also outside the project.

    Args:
        path: of the file or link.
        home: the project's own folder, with a slash at its end.
        seen: what is known of its files.
    """
    if not os.path.islink(path):  # noqa: PTH114 - thousands of paths, as text
        return seen.digest(path)
    state = hashlib.sha256(os.fsencode(os.readlink(path)))  # noqa: PTH115 - thousands of paths, as text
    target = os.path.realpath(path)
    if not target.startswith(home):  # what is within the project counts where it lies
        for each in itertools.islice(_outside(target), _FAR_FILES):
            state.update(each)
    return state.digest()


def _outside(target: str) -> Iterator[bytes]:
    """Yield what changes with a file or folder that is not the project's, which may be huge."""
    if os.path.isfile(target):  # noqa: PTH113 - thousands of paths, as text
        with open(target, "rb") as stream:  # noqa: PTH123 - thousands of paths, as text
            yield hashlib.file_digest(stream, "sha256").digest()
        return
    for folder, folders, names in os.walk(target):
        folders[:] = sorted(set(folders) - _LEFT_BEHIND)
        for name in sorted(names):
            path = os.path.join(folder, name)  # noqa: PTH118 - thousands of paths, as text
            found = os.lstat(path)
            yield os.fsencode(f"{path}\0{found.st_size} {found.st_mtime_ns}\0")


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
    if os.path.exists(os.path.join(entry.path, "pyvenv.cfg")):  # noqa: PTH110, PTH118 - thousands of paths, as text
        return True
    package = os.path.join(entry.path, "__init__.py")  # noqa: PTH118 - thousands of paths, as text
    return top and entry.name in _AT_THE_TOP and not os.path.exists(package)  # noqa: PTH110


def _repository(root: Path) -> Iterator[bytes]:
    """Yield the state of the repository, where the version is made of it."""
    content = b"".join(
        (root / name).read_bytes()
        for name in ("pyproject.toml", "setup.py", "setup.cfg")
        if (root / name).is_file()
    )
    git = root / ".git"
    if not git.is_dir() or not any(marker in content for marker in _FROM_REPOSITORY):
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
    """Put the files of an archive into a folder, and none outside it."""
    import tarfile  # 8 ms, for another machine only

    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as stream:
        # The filter that lets links lead where they led; before 3.11.4 there is none.
        stream.extraction_filter = getattr(tarfile, "tar_filter", None)
        stream.extractall(folder)  # noqa: S202 - it is the project whose code runs next
