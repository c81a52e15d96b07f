"""One JUnit file for a whole matrix: a suite for each runtime."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from multirt.matrix.model import TROUBLE, CellState, TestOutcome

if TYPE_CHECKING:
    from multirt.matrix.model import CellReport, MatrixReport, TestCase

# What XML 1.0 cannot hold at all, and the control characters of C1, which terminals obey.
_ILLEGAL = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAGS = {
    TestOutcome.FAILED: "failure",
    TestOutcome.ERROR: "error",
    TestOutcome.SKIPPED: "skipped",
    TestOutcome.XFAILED: "skipped",
}
_CELL = "the cell itself"


def junit_xml(report: MatrixReport) -> str:
    """Return a report as JUnit XML; a cell that could not be tested is a suite with one error."""
    root = ET.Element("testsuites", name=_legal(report.project))
    for row in report.cells:
        root.append(_suite(row))
    ET.indent(root, " ")
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, "unicode") + "\n"


def _suite(row: CellReport) -> ET.Element:
    suite = ET.Element("testsuite", name=_legal(row.name), time=f"{row.seconds:.3f}")
    properties = ET.SubElement(suite, "properties")
    for name, value in (
        ("runtime", row.runtime.id if row.runtime else None),
        ("wheel.sha256", row.wheel),
        ("state", row.state.value),
        ("gil", ("on" if row.gil.enabled else "off") if row.gil else None),
        ("gil.module", row.gil.module if row.gil else None),
    ):
        if value is not None:
            ET.SubElement(properties, "property", name=name, value=_legal(value))
    for case in row.cases or ():
        suite.append(_case(case, row))
    troubled = bool(row.count(TestOutcome.FAILED, TestOutcome.ERROR))
    if not troubled and row.state is not CellState.PASSED:
        suite.append(_whole(row))
    for name, tags in (
        ("failures", ("failure",)),
        ("errors", ("error",)),
        ("skipped", ("skipped",)),
    ):
        suite.set(name, str(sum(case.find(tag) is not None for case in suite for tag in tags)))
    suite.set("tests", str(len(suite.findall("testcase"))))
    return suite


def _case(case: TestCase, row: CellReport) -> ET.Element:
    file, _, name = case.id.partition("::")
    classname = f"{row.name}.{file}" if name else row.name
    element = ET.Element(
        "testcase",
        classname=_legal(classname),
        name=_legal(name or file),
        time=f"{case.seconds:.3f}",
    )
    tag = _TAGS.get(case.outcome)
    if tag is not None:
        child = ET.SubElement(element, tag, message=_legal(case.message))
        child.text = _legal(case.text)
    return element


def _whole(row: CellReport) -> ET.Element:
    """Return the state of a cell as a test of its own, so that it cannot be overlooked."""
    element = ET.Element("testcase", classname=_legal(row.name), name=_CELL)
    tag = "error" if row.state in TROUBLE and not row.may_fail else "skipped"
    message = f"{row.state.value}: {row.reason or ''}".rstrip(": ")
    ET.SubElement(element, tag, message=_legal(message)).text = _legal(row.output[-4000:])
    return element


def _legal(text: str) -> str:
    return _ILLEGAL.sub("?", text)
