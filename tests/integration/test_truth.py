"""Predictions of real wheels and compiled files, against imports in every real runtime."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from abi_probe import WarningKind, unpack_wheel
from multirt.environments.abi_target import prospect_of
from runtimes import SearchOptions, discover
from tests.integration.builds import BUILDS, Build
from truthing.cells import Cell, cells
from truthing.samples import Sample

if TYPE_CHECKING:
    from abi_probe import JudgedWarning, RuntimeTarget
    from runtimes import Runtime
    from tests.conftest import RequireHeaders

pytestmark = pytest.mark.real

SAMPLES = tuple(
    Sample(spec=spec, platform=platform, python=python, abi=abi, why=why)
    for spec, platform, python, abi, why in (
        ("bcrypt==4.2.1", "manylinux_2_28_x86_64", "3.9", "abi3", "Rust abi3"),
        ("argon2-cffi==20.1.0", "manylinux1_x86_64", "3.5", "abi3", "needs another module"),
        ("zopfli==0.4.3", "manylinux2014_x86_64", "3.10", "abi3", "abi3 with a floor"),
        ("tornado==6.3.3", "manylinux2014_x86_64", "3.8", "abi3", "an optional extension"),
        ("argon2-cffi-bindings==21.2.0", "manylinux2014_x86_64", "3.6", "abi3", "cffi"),
        ("blake3==1.0.11", "manylinux2014_x86_64", "3.13", "cp313", "Rust"),
        ("cymem==2.0.16", "manylinux2014_x86_64", "3.13", "cp313", "Cython"),
        ("yyjson==4.0.6", "manylinux2014_x86_64", "3.13", "cp313", "plain C, named abi3"),
        ("xattr==1.3.0", "manylinux2014_x86_64", "3.12", "cp312", "cffi of one version"),
        ("rpds-py==2026.9.1", "manylinux2014_x86_64", "3.11", "cp311", "debug builds load it"),
        ("rpds-py==2026.9.1", "manylinux2014_x86_64", "3.11", "pypy311_pp73", "PyPy"),
        ("rpds-py==0.22.3", "manylinux2014_x86_64", "3.9", "pypy39_pp73", "older PyPy"),
        ("markupsafe==3.0.3", "manylinux2014_x86_64", "3.13", "cp313t", "free-threaded"),
        ("markupsafe==3.0.3", "manylinux_2_28_x86_64", "3.14", "cp314", "newer"),
        ("markupsafe==3.0.4", "musllinux_1_2_x86_64", "3.13", "cp313", "another C library"),
        ("markupsafe==1.1.1", "manylinux1_x86_64", "2.7", "cp27mu", "Python 2, bare suffix"),
        ("six==1.17.0", "any", "3.11", "none", "pure"),
    )
)


@pytest.fixture(scope="session")
def prospects() -> list[tuple[Runtime, RuntimeTarget]]:
    """Return every CPython, fork and PyPy of this machine, each with what verdicts need."""
    found = discover(SearchOptions(env=os.environ, home=Path.home(), timeout=60.0))
    return [
        (runtime, prospect_of(runtime, os.environ))
        for runtime in found.runtimes
        if runtime.implementation.name in {"cpython", "alder", "pypy"}
    ]


def check(title: str, table: list[Cell], *, unshown: bool = False) -> None:
    """Print a table of cells, and fail with every prediction that is wrong.

    Args:
        title: of the table.
        table: its cells.
        unshown: nothing in the file tells whether it is for free-threaded builds, so on those a
            warning that says so is all that can be had.
    """
    print(f"\n{title}")  # noqa: T201 - the table is what a reader of `-s` wants
    for cell in table:
        print(f"  {cell.row()}")  # noqa: T201 - the table is what a reader of `-s` wants
    print(f"  {len(table)} cells")  # noqa: T201 - the table is what a reader of `-s` wants
    excused = [cell for cell in table if unshown and any(map(_doubted, cell.verdict.warnings))]
    assert bool(excused) is unshown
    wrong = [
        f"{title} on {cell.runtime}: {text}"
        for cell in table
        if cell not in excused
        for text in cell.wrong()
    ]
    assert not wrong, "\n".join(wrong)


def _doubted(warning: JudgedWarning) -> bool:
    return warning.kind is WarningKind.BUILD


@pytest.mark.network
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.id)
def test_wheels_do_as_predicted(
    sample: Sample, prospects: list[tuple[Runtime, RuntimeTarget]], tmp_path: Path
) -> None:
    wheel = sample.download(tmp_path / "download")
    assert wheel.stat().st_size < 1_500_000
    folder = unpack_wheel(wheel, tmp_path / "installed")
    check(f"{sample.id} ({sample.why})", cells(folder, prospects, wheel=wheel))


@pytest.mark.parametrize("build", BUILDS, ids=lambda build: build.name)
def test_compiled_files_do_as_predicted(
    build: Build,
    prospects: list[tuple[Runtime, RuntimeTarget]],
    require_headers: RequireHeaders,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    work = tmp_path / "work"
    build.make(tmp_path / "folder", work, require_headers(build.headers))
    shutil.rmtree(work, ignore_errors=True)
    table = cells(tmp_path / "folder", prospects)
    # Its file shows nothing of free-threaded builds, so the warning counts where there is one.
    unshown = build.name == "bare-filled-in" and any(
        each.abi.free_threaded for each, _ in prospects
    )
    check(request.node.name, table, unshown=unshown)
