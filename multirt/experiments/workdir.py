"""Give each run a working copy of its own, and see what it changed there."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from multirt.errors import MultirtError
from multirt.experiments.recording import Recorded, Recording

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from multirt.experiments.normalization import Substitution

Snapshot = dict[str, str]
_CHUNK = 1 << 20
_BYTECODE = "__pycache__"  # of each runtime its own


def make_copy(origins: Sequence[Path], place: Path) -> None:
    """Copy a folder with its links; those that lead into it by an absolute path lead into the copy.

    Pipes are made anew; sockets and devices stay out, for a copy of them is none.

    Args:
        origins: the names of the folder, absolute; the last one without links.
        place: not there yet; where it lies in the folder itself, it is left out of the copy.

    Raises:
        MultirtError: it is none, or cannot be copied.
    """
    origin, source, room = origins[0], origins[-1], place.parent
    if not source.is_dir():
        raise MultirtError("copy", f"no such folder to copy: {origin}")

    def leave_out(folder: str, names: list[str]) -> list[str]:
        return [room.name] if Path(folder) == room.parent and room.name in names else []

    try:
        shutil.copytree(source, place, symlinks=True, ignore=leave_out, copy_function=_copy)
        _turn_links(place, origins)
    except shutil.Error as error:
        path, _, why = error.args[0][0]
        raise MultirtError("copy", f"cannot copy {path}: {why}") from error
    except OSError as error:
        raise MultirtError("copy", f"cannot copy {origin}: {error.strerror}") from error


def _copy(source: str, target: str) -> None:
    """Copy a file; make a pipe anew."""
    mode = os.lstat(source).st_mode
    if stat.S_ISFIFO(mode):
        os.mkfifo(target)
    elif stat.S_ISREG(mode):
        shutil.copy2(source, target)


def _turn_links(place: Path, origins: Sequence[Path]) -> None:
    """Make links in a copy that lead to what was copied lead to the copy."""
    for parent, folders, files in os.walk(place):
        for link in (Path(parent, name) for name in (*folders, *files)):
            target = str(link.readlink()) if link.is_symlink() else ""
            if (new := moved(target, origins, place)) != target:
                link.unlink()
                link.symlink_to(new)


def moved(word: str, origins: Iterable[Path], place: Path) -> str:
    """Return a path inside the copied folder as it is in the copy; other words stay.

    Args:
        word: perhaps a path.
        origins: the names of the folder: as it was named, and without links.
        place: of the copy.
    """
    for root in map(str, origins):
        if word == root or word.startswith(root + os.sep):
            return str(place) + word[len(root) :]
    return word


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
