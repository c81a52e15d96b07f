"""What `env` and `lock` print with `--json`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from multirt.environments import maker_of
from multirt.report.json_parts import SCHEMA, Document

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from multirt.environments import Environment, Locked


def environments_document(found: Iterable[Environment]) -> Document:
    """Return what `env list --json` prints."""
    return {**SCHEMA, "environments": [environment_document(each) for each in found]}


def environment_document(each: Environment) -> Document:
    """Return one environment; what cannot be told of a damaged one is null or empty."""
    record = each.record
    maker = maker_of(each.home)
    runtime = {"id": record.runtime, "executable": record.executable} if record else None
    return {
        "name": each.home.name,
        "home": str(each.home),
        "kind": record.kind.value if record else None,
        "state": each.state.value,
        "runtime": runtime,
        "packages": list(record.packages) if record else [],
        "wanted": list(record.wanted) if record else [],
        "programs": list(record.programs) if record else [],
        "bytes": each.size,
        "own_bytes": each.own,
        "made": _time(record.made) if record else None,
        "used": _time(each.used),
        "maker": {"name": maker.name, "version": maker.version, "reason": maker.reason},
    }


def removed_document(
    gone: Sequence[Environment], used: Iterable[Path], *, dry_run: bool
) -> Document:
    """Return what `env prune --json` and `env remove --json` print."""
    return {
        **SCHEMA,
        "removed": [each.home.name for each in gone],
        "in_use": [home.name for home in used],
        "freed_bytes": sum(each.own for each in gone),
        "dry_run": dry_run,
    }


def lock_document(file: Path, locked: Locked) -> Document:
    """Return what `lock --json` prints."""
    return {
        **SCHEMA,
        "lock": str(file),
        "runtimes": [
            {
                "runtime": name,
                "packages": [
                    {"name": pin.name, "version": pin.version, "files": list(pin.files)}
                    for pin in pins
                ],
            }
            for name, pins in locked.served
        ],
        "left_out": [{"runtime": name, "reason": why} for name, why in locked.left_out],
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
