"""Which wheel a cell tests, and why none."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest

from abi_probe import RuntimeTarget, read_wheel
from multirt.environments.abi_target import target_of
from multirt.matrix.cells import expand
from multirt.matrix.model import CellReport, CellState, Wheel
from multirt.matrix.plan import plan
from tests.factories.matrix import runtime
from tests.multirt.matrix.test_cells import config

if TYPE_CHECKING:
    from pathlib import Path

PLATFORM = "manylinux_2_17_x86_64"


def _wheel(folder: Path, tag: str, requires: str = ">=3") -> Wheel:
    path = folder / f"demo-1.0-{tag}-{PLATFORM}.whl"
    with ZipFile(path, "w") as file:
        lines = f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tag}-{PLATFORM}\n"
        file.writestr("demo-1.0.dist-info/WHEEL", lines)
        metadata = f"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\nRequires-Python: {requires}\n"
        file.writestr("demo-1.0.dist-info/METADATA", metadata)
        file.writestr("demo-1.0.dist-info/RECORD", "")
    return Wheel(path=path, sha256="", artifact=read_wheel(path), modules=("demo",), built_on=None)


def _planned(name: str, wheels: list[Wheel]) -> CellReport:
    here = runtime(name)
    prospect = RuntimeTarget(target=target_of(here, None), given=None)
    spec = name.rpartition(".")[0] + name.lstrip("pyo-.0123456789")
    found = config(spec)
    (planned,) = plan(expand(found, [here]).cells, wheels, {here.id: prospect}, found)
    return planned.report


@pytest.mark.parametrize(
    ("name", "tags", "nearest"),
    [
        pytest.param("3.14.0", ["cp38-cp38", "cp313-cp313"], "cp313-cp313", id="nearer-version"),
        pytest.param("3.8.1", ["cp313-cp313", "cp39-cp39"], "cp39-cp39", id="older"),
        pytest.param("3.14.0t", ["cp38-abi3", "cp313-cp313t"], "cp313-cp313t", id="free-threaded"),
        pytest.param("3.7.1", ["cp313-cp313", "cp38-abi3"], "cp38-abi3", id="stable-abi"),
        pytest.param(
            "pypy-3.11.2", ["cp311-cp311", "pp310-pypy310_pp73"], "pp310", id="implementation"
        ),
    ],
)
def test_a_blocked_cell_names_the_wheel_that_is_nearest_to_it(
    tmp_path: Path, name: str, tags: list[str], nearest: str
) -> None:
    planned = _planned(name, [_wheel(tmp_path, tag) for tag in tags])
    assert planned.state is CellState.BLOCKED
    assert (planned.reason or "").startswith(f"demo-1.0-{nearest}")


def test_a_blocked_cell_that_the_project_does_not_admit_says_so(tmp_path: Path) -> None:
    planned = _planned("3.7.1", [_wheel(tmp_path, "cp313-cp313", ">=3.8")])
    assert planned.state is CellState.BLOCKED
    assert ">=3.8" in (planned.reason or "")
    assert planned.hint is None
