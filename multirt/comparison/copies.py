"""Give each run a working copy of its own, and see what it changed there."""

from __future__ import annotations

import hashlib
import os
import shutil
from typing import TYPE_CHECKING

from multirt.comparison.recording import Recorded, Recording
from multirt.errors import MultirtError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from multirt.comparison.rules import Substitution

Snapshot = dict[str, str]
_CHUNK = 1 << 20
_BYTECODE = "__pycache__"  # of each runtime its own


def make_copy(origin: Path, place: Path) -> None:
    """Copy a folder with its links.

    Raises:
        MultirtError: it is none, or cannot be copied.
    """
    if not origin.is_dir():
        raise MultirtError("copy", f"no such folder to copy: {origin}")
    try:
        shutil.copytree(origin, place, symlinks=True)
    except (OSError, shutil.Error) as error:
        raise MultirtError("copy", f"cannot copy {origin}: {error}") from error


def moved(word: str, origin: Path, place: Path) -> str:
    """Return a path inside the copied folder as it is in the copy; other words stay."""
    root = str(origin)
    inside = word == root or word.startswith(root + os.sep)
    return str(place) + word[len(root) :] if inside else word


def snapshot(folder: Path) -> Snapshot:
    """Return the hash of every file below a folder, by relative path."""
    found = {}
    for path, name in _files(folder):
        digest = hashlib.sha256()
        for block in _blocks(path):
            digest.update(block)
        found[name] = digest.hexdigest()
    return found


def changes(
    folder: Path, before: Snapshot, substitutions: Sequence[Substitution]
) -> tuple[tuple[str, Recorded | None], ...]:
    """Return what was written since a snapshot, sorted; None for a file that is gone."""
    after = snapshot(folder)
    changed: list[tuple[str, Recorded | None]] = [(name, None) for name in before.keys() - after]
    for name, digest in after.items():
        if before.get(name) != digest:
            recording = Recording(substitutions)
            for block in _blocks(folder / name):
                recording.feed(block)
            changed.append((name, recording.finish()))
    return tuple(sorted(changed, key=lambda each: each[0]))


def _files(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield files and links, not followed, with their relative names."""
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(each for each in folders if each != _BYTECODE)
        for file in sorted(files):
            path = os.path.join(parent, file)  # noqa: PTH118 - thousands of files
            yield folder / os.path.relpath(path, folder), os.path.relpath(path, folder)


def _blocks(path: Path) -> Iterator[bytes]:
    """Yield a file's content; of a link where it leads, of a special or unreadable file a mark."""
    try:
        if path.is_symlink():
            yield b"link to " + os.fsencode(path.readlink())
        elif not path.is_file():
            yield b"no regular file"
        else:
            with path.open("rb") as stream:
                while block := stream.read(_CHUNK):
                    yield block
    except OSError as error:
        yield f"unreadable: {error.strerror}".encode()
