"""The plan files that there are: what they answer, their age, and whether they still count."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from multirt.plans.reader import FORMAT, RefusedError, plan_name, read_plan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_CWD = b"cwd="


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredPlan:
    """One plan file.

    Attributes:
        path: the file.
        question: the fields of the command line that it answers, as `label=value`; empty for a file
            that is no plan.
        executable: what it starts; None where it starts nothing now.
        written: when, in seconds since the epoch.
        used: when it was last read, as far as the file system notes that.
        refused: why it does not count at present, in this environment; None when it does.
    """

    path: Path
    question: tuple[str, ...]
    executable: str | None
    written: float
    used: float
    refused: str | None


def stored_plans(cache_dir: Path, env: Mapping[bytes, bytes]) -> Iterator[StoredPlan]:
    """Yield the plans below a cache folder, the one used last first.

    Args:
        cache_dir: the folder of everything that can be made again.
        env: the environment in which they would be used.
    """
    found = []
    try:
        names = sorted((cache_dir / "plans").iterdir())
    except OSError:
        return
    for path in names:
        try:
            status = path.lstat()
            found.append((max(status.st_atime, status.st_mtime), status.st_mtime, path))
        except OSError:
            continue  # another start has just replaced it
    for used, written, path in sorted(found, reverse=True):
        yield _stored(path, written, used, env)


def _stored(path: Path, written: float, used: float, env: Mapping[bytes, bytes]) -> StoredPlan:
    """Read one file as a start would."""
    executable, refused, question = None, None, b""
    try:
        content = path.read_bytes()
        key = content.removeprefix(FORMAT).partition(b"\0\0")[0] + b"\0"
        question = key if os.fsencode(path.name) == plan_name(key) else b""
        executable = os.fsdecode(read_plan(content, key, _folder(key), env).executable or b"")
    except OSError as error:
        refused = f"plan refused: {error.strerror}"
    except RefusedError as error:
        refused = str(error)
    return StoredPlan(
        path=path,
        question=tuple(os.fsdecode(each) for each in question.split(b"\0") if each),
        executable=executable,
        written=written,
        used=used,
        refused=refused,
    )


def _folder(key: bytes) -> bytes:
    """Return the folder that a question was asked in, or is asked in now."""
    said = [each.removeprefix(_CWD) for each in key.split(b"\0") if each.startswith(_CWD)]
    return said[0] if said else os.fsencode(Path.cwd())


def clear_plans(cache_dir: Path) -> int:
    """Remove every plan below a cache folder; return how many went.

    Raises:
        OSError: one cannot be removed.
    """
    folder = cache_dir / "plans"
    paths = [*folder.iterdir()] if folder.is_dir() and not folder.is_symlink() else []
    for path in paths:
        path.unlink(missing_ok=True)
    return len(paths)
