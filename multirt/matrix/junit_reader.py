"""Read the private report that pytest writes for us (`--junitxml`, family xunit1)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from multirt.matrix.model import TestCase, TestOutcome

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BYTES = 256 << 20
_TEXT = 20_000  # characters of one failure


def read_junit(path: Path, root: Path) -> tuple[TestCase, ...] | None:
    """Return the tests of a report; None when there is none, or it is cut off.

    Args:
        path: of the report.
        root: where pytest ran.
    """
    try:
        if path.stat().st_size > _BYTES:
            return None
        tree = ET.parse(path)  # noqa: S314 - expat refuses what grows without end, since 2.4.1
    except (OSError, ET.ParseError):
        return None
    return tuple(_merged(_cases(tree.getroot(), root)))


def _cases(tree: ET.Element, root: Path) -> Iterator[TestCase]:
    files: dict[str, tuple[str, str] | None] = {}
    for element in tree.iter("testcase"):
        outcome, message, text = _outcome(element)
        yield TestCase(
            id=_id(element, root, files),
            outcome=outcome,
            seconds=_seconds(element.get("time", "0")),
            message=message,
            text=text[:_TEXT],
        )


def _merged(cases: Iterator[TestCase]) -> Iterator[TestCase]:
    """Yield each test once: one that fails and whose teardown fails too is there twice."""
    found: dict[str, TestCase] = {}
    for case in cases:
        before = found.get(case.id)
        if before is None or before.outcome is TestOutcome.PASSED:
            found[case.id] = case
    yield from found.values()


def _outcome(element: ET.Element) -> tuple[TestOutcome, str, str]:
    """Return what became of a test, one line about it, and what pytest shows."""
    for child in element:
        # The first line says what happened; the others repeat values that differ everywhere.
        message = next(iter(child.get("message", "").strip().splitlines()), "")
        text = child.text or ""
        if child.tag == "failure":
            return TestOutcome.FAILED, message, text
        if child.tag == "error":
            return TestOutcome.ERROR, message, text
        if child.tag == "skipped":
            expected = child.get("type") == "pytest.xfail"
            return TestOutcome.XFAILED if expected else TestOutcome.SKIPPED, message, text
    return TestOutcome.PASSED, "", ""


def _id(element: ET.Element, root: Path, files: dict[str, tuple[str, str] | None]) -> str:
    """Return the name by which pytest takes a test.

    The report has the dotted path of its file followed by the classes, and the file where the
    function stands: another one where it is inherited.

    Args:
        element: of the test.
        root: where pytest ran.
        files: what dotted paths were found to be, to which it adds.
    """
    file, name = element.get("file"), element.get("name", "")
    classname = element.get("classname", "")
    if file is None:
        return f"{classname}::{name}" if classname else name
    dotted = _dotted(file)
    if classname and classname != dotted and not classname.startswith(f"{dotted}."):
        if classname not in files:
            files[classname] = _file(classname, root)
        file, dotted = files[classname] or (file, dotted)
    classes = classname.removeprefix(dotted).strip(".")
    # A module that cannot be collected is a test whose name is its own dotted path.
    if not name or name == dotted or (not classname and name.startswith(dotted)):
        return file
    return "::".join([file, *filter(None, classes.split(".")), name])


def _dotted(file: str) -> str:
    return file.removesuffix(".py").replace("\\", "/").replace("/", ".")


def _file(classname: str, root: Path) -> tuple[str, str] | None:
    """Return the file that a dotted path begins with, and that beginning; None when none does."""
    parts = classname.split(".")
    for count in range(len(parts), 0, -1):
        file = "/".join(parts[:count]) + ".py"
        if (root / file).is_file():
            return file, ".".join(parts[:count])
    return None


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
