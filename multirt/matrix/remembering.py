"""Remember a run whose cells were ready, for `remembered` to do it again."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec import Struct, to_builtins
from msgspec.structs import replace

from multirt.launch.plan_reader import signature_of
from multirt.matrix.remembered import SCHEMA
from multirt.matrix.report import report_of
from multirt.matrix.states import State
from multirt.report.matrix_json import document_of
from multirt.storage.cache import write_note
from runtimes.storage.fingerprint import is_racy

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from multirt.matrix.report import Row
    from multirt.matrix.results import Result, Run
    from multirt.matrix.run_cell import Ready

_KEPT = 8  # questions: names of cells times environments of terminals


class Grounds(Struct, frozen=True, kw_only=True):
    """What a plan rests on, beside the environments themselves.

    Attributes:
        since: when the first of it was read, in ns since the epoch.
        sources: the digest of the project's files.
        paths: files and folders, there or absent.
    """

    since: int
    sources: str
    paths: Iterable[str]


def remember(place: Path, run: Run, title: str, grounds: Grounds) -> None:
    """Keep what was planned, if all of it could be tested and nothing changed just now."""
    witnesses = _witnesses(grounds)
    planned = [each for each in run.results if each.planned.state is State.READY]
    if witnesses is None or not planned or any(each.ready is None for each in planned):
        return
    report = replace(report_of(run, title), seconds=0.0, interrupted=False)
    wheels = tuple(replace(each, seconds=None) for each in report.wheels)
    rows = tuple(map(_untested, report.rows, run.results))
    note = {
        "schema": SCHEMA,
        "made": time.time(),
        "sources": grounds.sources,
        "witnesses": witnesses,
        "root": run.root,
        "report": document_of(replace(report, wheels=wheels, rows=rows)),
        "cells": [
            {"took": each.seconds, "ready": _facts(each.ready)}
            for each in planned
            if each.ready is not None
        ],
    }
    with suppress(OSError):  # a disk that is full; it is planned again
        write_note(place, note)
        _prune(place.parent)


def _witnesses(grounds: Grounds) -> list[tuple[str, str | None]] | None:
    """Return every path with its signature; None when one changed so lately that it may again."""
    witnesses = []
    for path in dict.fromkeys(grounds.paths):
        signature = signature_of(os.fsencode(path))
        if signature is not None:
            changed = int(signature.rpartition(b" ")[2])
            if is_racy(changed, grounds.since):
                return None
        witnesses.append((path, signature.decode() if signature is not None else None))
    return witnesses


def _untested(row: Row, result: Result) -> Row:
    """Return what a row was before its commands ran."""
    if result.ready is None:
        return row
    return replace(
        row,
        state=State.READY,
        reason=None,
        hint=None,
        cases=None,
        setup=0.0,
        seconds=0.0,
        reused=True,
        command=None,
        output="",
        warnings=result.ready.warnings,
    )


def _facts(ready: Ready) -> dict[str, object]:
    facts: dict[str, object] = to_builtins(ready, enc_hook=str)
    return facts


def _prune(folder: Path) -> None:
    """Remove what was not asked for lately."""
    notes = sorted(folder.iterdir(), key=lambda each: each.stat().st_mtime, reverse=True)
    for old in notes[_KEPT:]:
        old.unlink(missing_ok=True)
