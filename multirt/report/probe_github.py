"""What `probe --format github` prints: workflow commands that annotate a run on GitHub."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multirt.probe.findings import Severity, names, reasons_of
from multirt.probe.model import PASSED_OVER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from multirt.probe.findings import GroupedReason, Policy
    from multirt.probe.model import ArtifactReport


def github_lines(reports: Sequence[ArtifactReport], policy: Policy) -> Iterator[str]:
    """Yield one command for each reason: an error where it fails the command, else a warning.

    What only keeps a wheel from some runtimes is no fault of it, so it is a notice.
    """
    for name, report in zip(names(list(reports)), reports, strict=True):
        error = report["error"]
        if error is not None:
            level = "notice" if error["kind"] in PASSED_OVER else "error"
            yield _command(level, report["target"], error["kind"], error["message"])
        for reason in reasons_of(report, policy.ignored):
            level = "error" if policy.fails(reason) else _level(reason)
            yield _command(level, report["target"], f"{name}: {reason.kind}", _words(reason))


def _level(reason: GroupedReason) -> str:
    return "notice" if reason.weight in {Severity.OBJECTION, Severity.HINT} else "warning"


def _words(reason: GroupedReason) -> str:
    where = f" [{', '.join(reason.runtimes)}]" if reason.runtimes else ""
    helps = f"; helps: {reason.help}" if reason.help is not None else ""
    return f"{reason.text}{where}{helps}"


def _command(level: str, file: str, title: str, message: str) -> str:
    return f"::{level} file={_property(file)},title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    """Escape a message: it must not end its line, nor begin another command.

    Source: `escapeData` and `escapeProperty` of actions/toolkit, packages/core/src/command.ts.
    """
    plain = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return "".join(each if each.isprintable() else f"\\x{ord(each):02x}" for each in plain)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
