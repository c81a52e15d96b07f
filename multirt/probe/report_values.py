"""What is reported of an artefact: plain values, as `probe --json` prints them.

They are what caches keep and what processes hand over, so no output can know more than the JSON.
The keys are a contract with programs.
"""

from __future__ import annotations

from typing import TypedDict


class ObjectionReport(TypedDict):
    """One reason against a runtime (`abi_probe.Objection`).

    `need` is the beginning of `detail` that is the same on every runtime with these `facts`;
    `help` is what would make the reason fall, None for nothing known.
    """

    cause: str
    detail: str
    need: str
    facts: dict[str, str]
    path: str | None
    symbol: str | None
    help: str | None


class WarningReport(TypedDict):
    """One warning of a runtime, with its kind and what it is about (`abi_probe.JudgedWarning`)."""

    kind: str
    subject: str
    detail: str


class RuntimeReport(TypedDict):
    """The verdict of one runtime; `imported` is None where no import was asked for.

    `evidence` is `runtime`, or `table` for one that is not here and was described in words.
    `warnings` has the sentences of `judged_warnings`.
    """

    runtime: str
    evidence: str
    status: str
    objections: list[ObjectionReport]
    warnings: list[str]
    judged_warnings: list[WarningReport]
    imported: bool | None


# `class` is a word of the language, so these keys cannot be written as attributes.
ViolationReport = TypedDict(
    "ViolationReport",
    {
        "symbol": str,
        "class": str,
        "added": str | None,
        "first_exported": str | None,
        "reason": str,
        "help": str,
    },
)
"""One name that breaks what a tag promises (`abi_probe.Violation`)."""


class BrokenPromiseReport(TypedDict):
    """One promise that the files do not keep (`abi_probe.BrokenPromise`)."""

    kind: str
    path: str | None
    promise: str
    need: str
    reason: str
    help: str


class ClaimReport(TypedDict):
    """What a file name says."""

    kind: str
    text: str


class SlotsReport(TypedDict):
    """What a module's definition declares (`abi_probe.Slots`)."""

    kinds: list[int]
    gil: str | None
    interpreters: str | None


HindranceReport = TypedDict("HindranceReport", {"symbol": str, "class": str, "instead": str | None})
"""One name that keeps a module from the stable ABI, and what the limited API has for it."""


class ExtensionReport(TypedDict):
    """One extension module; a floor is None where there is none.

    `present_floor` is the oldest runtime here that really gives every name; `promotable` is None
    for what is of the stable ABI already; `slots` where the file does not show any.
    """

    path: str
    module: str
    format: str
    machine: str
    claim: ClaimReport
    declared_floor: str | None
    computed_floor: str | None
    libc_floor: str | None
    symbols: dict[str, int]
    violations: list[ViolationReport]
    warnings: list[str]
    slots: SlotsReport | None
    present_floor: str | None
    promotable: str | None
    hindrances: list[HindranceReport]
    hints: list[str]
    classes: dict[str, int]


class ErrorReport(TypedDict):
    """Why a target could not be read."""

    kind: str
    message: str
    hint: str | None


class Report(TypedDict):
    """One artefact; `error` is None where it could be read."""

    target: str
    kind: str | None
    name: str | None
    version: str | None
    wheel_tags: list[str]
    broken_promises: list[BrokenPromiseReport]
    extensions: list[ExtensionReport]
    runtimes: list[RuntimeReport]
    error: ErrorReport | None


SOURCE_ARCHIVE = "source-archive"


def failed(target: str, kind: str, message: str, hint: str | None = None) -> Report:
    """Return the report of a target that could not be read."""
    return {
        "target": target,
        "kind": None,
        "name": None,
        "version": None,
        "wheel_tags": [],
        "broken_promises": [],
        "extensions": [],
        "runtimes": [],
        "error": {"kind": kind, "message": message, "hint": hint},
    }
