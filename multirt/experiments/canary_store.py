"""Keep the starts of canaries in one SQLite file."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from multirt.experiments.canary_report import (
    CanaryHistory,
    CanaryPair,
    RunRecord,
    RunResult,
    RunRole,
    uses_canary,
)
from multirt.storage.sqlite import database, is_empty, storable

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from pathlib import Path

_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS trials (
    number INTEGER PRIMARY KEY,
    program TEXT NOT NULL,
    usual TEXT NOT NULL,
    canary TEXT NOT NULL,
    stopped TEXT,
    UNIQUE (program, usual, canary)
);
CREATE TABLE IF NOT EXISTS starts (
    number INTEGER PRIMARY KEY,
    trial INTEGER NOT NULL REFERENCES trials (number),
    role TEXT NOT NULL,
    at TEXT NOT NULL,
    ended INTEGER NOT NULL DEFAULT 0,
    exit_code INTEGER,
    refused TEXT,
    seconds REAL NOT NULL DEFAULT 0,
    difference TEXT
);
CREATE INDEX IF NOT EXISTS by_trial ON starts (trial, role);
"""


class RunSlot(Struct, frozen=True, kw_only=True):
    """A start that was counted.

    Attributes:
        number: in the store; None for a trial that was stopped, whose starts are not counted.
        role: on what it is to run.
        shadowed: whether the canary is to run afterwards.
    """

    number: int | None
    role: RunRole
    shadowed: bool = False


class CanaryStore(Struct, frozen=True, kw_only=True):
    """The store of one user; every method raises MultirtError for a file that cannot be used.

    Attributes:
        path: of the file, which need not be there.
    """

    path: Path

    def begin(self, trial: CanaryPair, percent: float, *, shadow: bool = False) -> RunSlot:
        """Count a start, and say on what it is to run; two at once get two turns.

        Args:
            trial: of which program, next to what.
            percent: of the starts that the canary takes part in.
            shadow: it does so afterwards, and not instead of the usual runtime.
        """
        with database(self.path, _VERSION, _SCHEMA) as connection:
            connection.execute("BEGIN IMMEDIATE")
            key = _key(trial)
            connection.execute(
                "INSERT OR IGNORE INTO trials (program, usual, canary) VALUES (?, ?, ?)", key
            )
            number, stopped = connection.execute(
                "SELECT number, stopped FROM trials WHERE program = ? AND usual = ? AND canary = ?",
                key,
            ).fetchone()
            if stopped is not None:
                return RunSlot(number=None, role=RunRole.USUAL)
            (count,) = connection.execute(
                "SELECT count(*) FROM starts WHERE trial = ? AND role != 'shadow'", [number]
            ).fetchone()
            chosen = uses_canary(count + 1, percent)
            role = RunRole.CANARY if chosen and not shadow else RunRole.USUAL
            added = self._insert(connection, number, role)
            return RunSlot(number=added, role=role, shadowed=chosen and shadow)

    def begin_shadow(self, trial: CanaryPair) -> RunSlot:
        """Count a start that is for comparison only."""
        with database(self.path, _VERSION, _SCHEMA) as connection:
            (number,) = connection.execute(
                "SELECT number FROM trials WHERE program = ? AND usual = ? AND canary = ?",
                _key(trial),
            ).fetchone()
            return RunSlot(
                number=self._insert(connection, number, RunRole.SHADOW), role=RunRole.SHADOW
            )

    def _insert(self, connection: sqlite3.Connection, trial: int, role: RunRole) -> int:
        """Add a start that has not ended."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        added = connection.execute(
            "INSERT INTO starts (trial, role, at) VALUES (?, ?, ?)", [trial, role.value, now]
        )
        return int(added.lastrowid or 0)

    def end(self, turn: RunSlot, ending: RunResult) -> None:
        """Remember how a start ended."""
        with database(self.path, _VERSION, _SCHEMA) as connection:
            connection.execute(
                "UPDATE starts SET ended = 1, exit_code = ?, refused = ?, seconds = ?,"
                " difference = ? WHERE number = ?",
                [
                    *(ending.exit_code, ending.refused, ending.seconds),
                    *(ending.difference, turn.number),
                ],
            )

    def stop(self, trial: CanaryPair, why: str) -> None:
        """End a trial for good."""
        with database(self.path, _VERSION, _SCHEMA) as connection:
            connection.execute(
                "UPDATE trials SET stopped = ? WHERE program = ? AND usual = ? AND canary = ?",
                [why, *_key(trial)],
            )

    def forget(self, program: str) -> int:
        """Forget a program's trials; return how many there were."""
        if is_empty(self.path):
            return 0
        with database(self.path, _VERSION, _SCHEMA) as connection:
            connection.execute(
                "DELETE FROM starts WHERE trial IN (SELECT number FROM trials WHERE program = ?)",
                [storable(program)],
            )
            return connection.execute(
                "DELETE FROM trials WHERE program = ?", [storable(program)]
            ).rowcount

    def courses(self, program: str | None = None) -> tuple[CanaryHistory, ...]:
        """Return all trials with their starts, of one program or of all."""
        if is_empty(self.path):
            return ()
        name = storable(program) if program is not None else None
        with database(self.path, _VERSION) as connection:
            rows = connection.execute(
                "SELECT number, program, usual, canary, stopped FROM trials"
                " WHERE ? IS NULL OR program = ? ORDER BY number",
                [name, name],
            ).fetchall()
            return tuple(
                CanaryHistory(
                    trial=CanaryPair(program=str(key), usual=str(usual), canary=str(canary)),
                    starts=tuple(
                        _started(row)
                        for row in connection.execute(
                            "SELECT role, at, ended, exit_code, refused, seconds, difference"
                            " FROM starts WHERE trial = ? ORDER BY number",
                            [number],
                        )
                    ),
                    stopped=stopped,
                )
                for number, key, usual, canary, stopped in rows
            )


def _key(trial: CanaryPair) -> tuple[str, str, str]:
    return storable(trial.program), trial.usual, trial.canary


def _started(row: Sequence[object]) -> RunRecord:
    """Read a row.

    Raises:
        ValueError: another program wrote it.
    """
    role, at, ended, exit_code, refused, seconds, difference = row
    ending = RunResult(
        exit_code=int(str(exit_code)) if exit_code is not None else None,
        refused=str(refused) if refused is not None else None,
        seconds=float(str(seconds)),
        difference=str(difference) if difference is not None else None,
    )
    return RunRecord(
        role=RunRole(str(role)),
        at=datetime.fromisoformat(str(at)),
        ending=ending if ended else None,
    )
