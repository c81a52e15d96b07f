"""Reports to print, made by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multirt.probe.model import ArtifactReport, ExtensionReport, ObjectionReport, RuntimeReport

RUNTIMES = tuple(f"cpython-3.{minor}.{minor}" for minor in range(6, 16))


def objection(
    cause: str, detail: str, path: str | None = None, need: str | None = None
) -> ObjectionReport:
    """Return one reason against a runtime; `need` is the part that all of them share."""
    common = need or detail
    return {
        "cause": cause,
        "detail": detail,
        "need": common,
        "facts": {"need": common},
        "path": path,
        "symbol": None,
        "help": "another build",
    }


def verdict(
    runtime: str, *objections: ObjectionReport, warnings: tuple[str, ...] = ()
) -> RuntimeReport:
    """Return a verdict: `unverified` where nothing rules the runtime out."""
    return {
        "runtime": runtime,
        "evidence": "runtime",
        "status": "incompatible" if objections else "unverified",
        "objections": list(objections),
        "warnings": list(warnings),
        "judged_warnings": [
            {"kind": "library", "subject": each, "detail": each} for each in warnings
        ],
        "imported": None,
    }


def extension(path: str, *violations: str, warnings: tuple[str, ...] = ()) -> ExtensionReport:
    """Return one extension with the names that break its promise."""
    return {
        "path": path,
        "module": "spam",
        "format": "elf",
        "machine": "x86_64",
        "claim": {"kind": "abi3", "text": ".abi3.so"},
        "declared_floor": "3.8",
        "computed_floor": None,
        "libc_floor": None,
        "present_floor": None,
        "symbols": {},
        "classes": {},
        "violations": [
            {
                "symbol": each,
                "class": "private",
                "added": None,
                "first_exported": None,
                "reason": f"{each} is private",
                "help": "another name",
            }
            for each in violations
        ],
        "warnings": list(warnings),
        "promotable": None,
        "hindrances": [],
        "hints": [],
        "slots": None,
    }


def report(
    target: str, *runtimes: RuntimeReport, extensions: tuple[ExtensionReport, ...] = ()
) -> ArtifactReport:
    """Return an artifact that was read."""
    return {
        "target": target,
        "kind": "wheel",
        "name": "spam",
        "version": "1.0",
        "wheel_tags": [],
        "broken_promises": [],
        "extensions": list(extensions),
        "runtimes": list(runtimes),
        "error": None,
    }
