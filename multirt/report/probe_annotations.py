"""What `probe` writes for code hosts: SARIF, and annotations of GitHub's runs."""

from __future__ import annotations

import hashlib
import os
from importlib.metadata import version
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from multirt.probe.findings import Severity, names, reasons_of
from multirt.probe.model import PASSED_OVER
from multirt.report.terminal import escaped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from multirt.probe.findings import GroupedReason, Policy
    from multirt.probe.model import ArtifactReport
    from multirt.report.json_parts import Document


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
            level = "error" if policy.fails(reason) else _command_level(reason)
            yield _command(level, report["target"], f"{name}: {reason.kind}", _text(reason))


def _command_level(reason: GroupedReason) -> str:
    return "notice" if reason.weight in {Severity.OBJECTION, Severity.HINT} else "warning"


def _text(reason: GroupedReason) -> str:
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


_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_RULES: Final = {
    "promise": "A tag, file name or WHEEL record promises what the files do not keep.",
    "warning": "Something may go wrong although it is compatible.",
    "hint": "Something that an author may want to know.",
    "table": "A runtime is not here and was judged from a table.",
    "broken": "A file cannot be read.",
    "package-python": "Requires-Python leaves a runtime out.",
    "abi-tag": "No wheel tag fits a runtime.",
    "platform": "The format, the machine or the C library does not fit a runtime.",
    "abi-suffix": "A runtime never looks at the file's name.",
    "abi-hook": "The module's initialisation function is none that a runtime knows.",
    "abi-kind": "The binary is built for another kind of ABI.",
    "abi-symbol": "A runtime does not export a symbol that the binary needs.",
    "library": "A needed library is not found.",
    "capability": "A runtime cannot load such modules at all.",
    "import": "A real import fails.",
}


def sarif_document(reports: Sequence[ArtifactReport], policy: Policy) -> Document:
    """Return a log of one run."""
    results = [each for report in reports for each in _results(report, policy)]
    notes = [each for report in reports for each in _notifications(report)]
    successful = all(each["level"] == "note" for each in notes)
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "multirt",
                        "version": version("multirt"),
                        "rules": [
                            {"id": name, "shortDescription": {"text": text}}
                            for name, text in _RULES.items()
                        ],
                    }
                },
                "invocations": [
                    {"executionSuccessful": successful, "toolExecutionNotifications": notes}
                ],
                "results": results,
                "columnKind": "unicodeCodePoints",
            }
        ],
    }


def _results(report: ArtifactReport, policy: Policy) -> Iterator[Document]:
    """Yield one result for each reason."""
    for reason in reasons_of(report, policy.ignored):
        where = f" [{', '.join(reason.runtimes)}]" if reason.runtimes else ""
        helps = f"; helps: {reason.help}" if reason.help is not None else ""
        location: Document = {"physicalLocation": _location(report["target"])}
        if reason.path is not None:
            location["logicalLocations"] = [
                {"fullyQualifiedName": escaped(reason.path), "kind": "module"}
            ]
        identity = "\0".join((report["target"], reason.kind, reason.path or "", reason.text))
        hashed = hashlib.sha256(identity.encode("utf-8", "backslashreplace")).hexdigest()
        yield {
            "ruleId": reason.kind,
            "ruleIndex": [*_RULES].index(reason.kind),
            "level": "error" if policy.fails(reason) else _sarif_level(reason),
            "message": {"text": escaped(f"{reason.text}{where}{helps}")},
            "locations": [location],
            "partialFingerprints": {"reason/v1": hashed[:32]},
        }


def _sarif_level(reason: GroupedReason) -> str:
    return "note" if reason.weight in {Severity.OBJECTION, Severity.HINT} else "warning"


def _notifications(report: ArtifactReport) -> Iterator[Document]:
    """Yield why a target could not be read."""
    error = report["error"]
    if error is not None:
        yield {
            "level": "note" if error["kind"] in PASSED_OVER else "error",
            "message": {"text": escaped(error["message"])},
            "locations": [{"physicalLocation": _location(report["target"])}],
        }


def _location(target: str) -> Document:
    """Return a file's location as a URI reference, relative where the name is."""
    path = quote(os.fsencode(target.replace(os.sep, "/")))
    return {"artifactLocation": {"uri": f"file://{path}" if path.startswith("/") else path}}
