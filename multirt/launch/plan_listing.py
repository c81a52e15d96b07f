"""The plan files that there are: what they answer, their age, and whether they still count."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from multirt.launch.plan_key import VERSION
from multirt.launch.plan_reader import (
    FORMAT,
    PlanRejectedError,
    plan_name,
    read_plan,
    split_signature,
)
from runtimes.storage.files import LIMIT
from runtimes.storage.trust import check_folder, open_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_CWD = b"cwd="
_MADE_BY = b"multirt="
_TEXTS = {
    b"A": "{text} is there now",
    b"B": "{text} is gone",
    b"D": "what an index said, or that a runtime did not answer, counts no longer",
    b"E": "{name} differs now",
    b"F": "{path} has changed, or is gone",
    b"L": "{path} has changed, or is gone",
    b"N": "other names are in {folder}",
    b"U": "{text} is there now, in the current folder or above it",
}


class StoredPlan(Struct, frozen=True, kw_only=True):
    """One plan file.

    Attributes:
        path: the file.
        question: the fields of the command line that it answers, as `label=value`; empty for a file
            that is not a plan.
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
        check_folder(cache_dir / "plans")
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
        with os.fdopen(open_file(path), "rb") as stream:
            content = stream.read(LIMIT)
        key = content.removeprefix(FORMAT).partition(b"\0\0")[0] + b"\0"
        if content.startswith(FORMAT) and os.fsencode(path.name) == plan_name(key):
            question = key
        if question and not question.startswith(VERSION):
            refused = "another version of multirt made it"
        else:
            executable = os.fsdecode(read_plan(content, key, _folder(key), env).executable or b"")
    except OSError as error:
        refused = f"cannot be read: {error.strerror}"
    except PlanRejectedError as error:
        refused = str(error) if error.record is None else refusal_text(error.record)
    variables = (each for each in question.split(b"\0") if each and not each.startswith(_MADE_BY))
    return StoredPlan(
        path=path,
        question=tuple(map(os.fsdecode, variables)),
        executable=executable,
        written=written,
        used=used,
        refused=refused,
    )


def refusal_text(record: bytes) -> str:
    """Say in words what is no longer as a witness has it."""
    text = os.fsdecode(record[1:])
    path = os.fsdecode(split_signature(record[1:])[1])
    form = _TEXTS.get(record[:1], "plan refused: it is damaged")
    name, folder = text.partition("=")[0], path.split(" ", 2)[-1]
    return form.format(text=text, path=path, name=name, folder=folder)


def _folder(key: bytes) -> bytes:
    """Return the folder that a question was asked in, or is asked in now."""
    folders = [each.removeprefix(_CWD) for each in key.split(b"\0") if each.startswith(_CWD)]
    return folders[0] if folders else os.fsencode(Path.cwd())


def clear_plans(cache_dir: Path) -> int:
    """Remove every plan below a cache folder; return how many went.

    Raises:
        OSError: one cannot be removed.
    """
    folder = cache_dir / "plans"
    if not folder.exists():
        return 0
    check_folder(folder)
    paths = [*folder.iterdir()]
    for path in paths:
        path.unlink(missing_ok=True)
    return len(paths)
