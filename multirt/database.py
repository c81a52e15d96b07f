"""Open a SQLite file of ours, and say in words what is wrong with one."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from multirt.errors import ExitCode, MultirtError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE = 5.0  # seconds for somebody else who writes


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
            path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, timeout=PATIENCE)) as connection, connection:
            _check_version(connection, version)
            if schema is not None:
                connection.executescript(schema)
                connection.execute(f"PRAGMA user_version = {version}")
            yield connection
    except (OSError, sqlite3.Error, ValueError, TypeError) as error:
        raise _trouble(path, error) from error


def _check_version(connection: sqlite3.Connection, known: int) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > known:
        message = f"it is of version {version}, this multirt reads {known}"
        raise sqlite3.DatabaseError(message)


def _trouble(path: Path, error: Exception) -> MultirtError:
    """Say what is wrong with a file, and what helps."""
    hint = "move it away; a new one is made by itself"
    if "locked" in str(error):
        hint = "another program is writing it: try again"
    message = f"cannot use the history {path}: {error}"
    return MultirtError("history", message, hint, ExitCode.FAILED)
