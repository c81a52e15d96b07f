"""Whether the matrix says that the GIL of a free-threaded build stayed off."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from multirt.matrix.model import CellReport, CellRuntime, CellState, GilReport
from multirt.matrix.report import gil_state
from multirt.report.matrix import write
from tests.factories.matrix import report, row

if TYPE_CHECKING:
    from pathlib import Path


def _row(state: CellState = CellState.PASSED, gil: GilReport | None = None) -> CellReport:
    runtime = row("3.13").runtime
    assert runtime is not None
    facts = {name: getattr(runtime, name) for name in CellRuntime.__struct_fields__}
    free = CellRuntime(**{**facts, "free_threaded": True})
    return row("3.13t", state, runtime=free, gil=gil)


@pytest.mark.parametrize(
    ("cell", "printed"),
    [
        pytest.param(row("3.13"), "", id="gil-build"),
        pytest.param(_row(CellState.BLOCKED), "", id="not-started"),
        pytest.param(_row(gil=GilReport(enabled=False)), "GIL off", id="off"),
        pytest.param(_row(gil=GilReport(enabled=True)), "GIL on", id="on-from-the-start"),
        pytest.param(
            _row(gil=GilReport(enabled=True, module="a._b")),
            "GIL on: turned on by a._b",
            id="turned-on",
        ),
        pytest.param(_row(), "GIL unknown", id="unknown"),
    ],
)
def test_the_state_of_the_gil_is_reported(cell: CellReport, printed: str) -> None:
    assert gil_state(cell) == printed


def test_every_report_says_what_turned_the_gil_on(tmp_path: Path) -> None:
    ran = report(_row(gil=GilReport(enabled=True, module="a._b")))
    for kind in ("json", "junit", "md", "html"):
        write(ran, kind, tmp_path / kind)
    (cell,) = json.loads((tmp_path / "json").read_text())["cells"]
    assert cell["gil"] == {"enabled": True, "module": "a._b"}
    properties = ET.parse(tmp_path / "junit").getroot().iter("property")  # noqa: S314 - ours
    values = {each.get("name"): each.get("value") for each in properties}
    assert (values["gil"], values["gil.module"]) == ("on", "a._b")
    assert "GIL on: turned on by a.\\_b" in (tmp_path / "md").read_text()
    assert "GIL on: turned on by a._b" in (tmp_path / "html").read_text()
