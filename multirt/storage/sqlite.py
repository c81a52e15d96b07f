"""Open a SQLite file of ours, and say in words what is wrong with one."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from multirt.errors import ErrorKind, MultirtError, OperationError
from runtimes.storage.trust import check_file, make_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE = 5.0  # seconds for another process that writes
_COMPANIONS = ("-journal", "-wal", "-shm")  # files that SQLite reads with one
# What SQLite says, and what helps.
_HINTS = (
    ("locked", "another program is writing it: try again"),
    ("readonly", "make it and its folder writable"),
    ("is full", "make room on its disk"),
    ("of version", "a newer multirt wrote it: use that one, or move the file away"),
)


@contextmanager
def database(path: Path, version: int, schema: str | None = None) -> Iterator[sqlite3.Connection]:
    """Give a connection; what is done in it is one transaction.

    Args:
        path: of the file.
        version: of the tables that this multirt knows.
        schema: to make them where they are not; None to read only.

    Raises:
        MultirtError: the file is broken, locked, of a newer multirt, or cannot be written; or
            what was read from it makes no sense (ValueError, TypeError).
    """
    try:
        if schema is not None:
            make_folder(path.parent)
        for each in (path, *(path.with_name(path.name + end) for end in _COMPANIONS)):
            if os.path.lexists(each):
                check_file(each)
        with closing(sqlite3.connect(path, timeout=PATIENCE)) as connection, connection:
            found = _version(connection, version)
            if schema is not None and found < version:
                script = f"BEGIN IMMEDIATE; {schema}; PRAGMA user_version = {version}; COMMIT"
                connection.executescript(script)
            yield connection
    except (OSError, sqlite3.Error, ValueError, TypeError) as error:
        raise _trouble(path, error) from error


def storable(text: str) -> str:
    """Return text as SQLite takes it, which is UTF-8: a path that is no text is escaped."""
    return text.encode("utf-8", "backslashreplace").decode()


def is_empty(path: Path) -> bool:
    """Whether there is nothing in a file: none was made, or its maker was killed."""
    try:
        return path.stat().st_size == 0
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False  # opening it says what is wrong


def _version(connection: sqlite3.Connection, known: int) -> int:
    """Return the version of a file's tables, 0 when it has none.

    Raises:
        sqlite3.Error: it is newer than what is known, or no database.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > known:
        message = f"it is of version {version}, this multirt reads {known}"
        raise sqlite3.DatabaseError(message)
    return int(version)


def _trouble(path: Path, error: Exception) -> MultirtError:
    """Say what is wrong with a file, and what helps."""
    known = (hint for pattern, hint in _HINTS if pattern in str(error))
    hint = next(known, "move it away; a new one is made by itself")
    message = f"cannot use the history {path}: {error}"
    return OperationError(message, hint, kind=ErrorKind.HISTORY)
