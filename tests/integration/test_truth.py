"""Predictions of real wheels and compiled files, against imports in every real runtime."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from multirt.targets import prospect_of
from runtimes import Search, discover
from tests.abi_probe.compiler import compile_c
from tests.integration.truth import Cell, Outcome, Sample, cells, unpack

if TYPE_CHECKING:
    from abi_probe import Prospect
    from runtimes import Runtime
    from tests.conftest import RequireHeaders

pytestmark = pytest.mark.real

_LATE = "manylinux_2_28_x86_64"
SAMPLES = (
    Sample(spec="jsonnet==0.22.0", interpreter="cp38", abi="abi3", platform=_LATE, why="C++"),
    Sample(
        spec="argon2-cffi==20.1.0",
        interpreter="cp35",
        abi="abi3",
        platform="manylinux1_x86_64",
        why="needs another Python module",
    ),
    Sample(spec="zopfli==0.4.3", interpreter="cp310", abi="abi3", why="abi3 with a floor"),
    Sample(spec="tornado==6.3.3", interpreter="cp38", abi="abi3", why="an optional extension"),
    Sample(spec="pylibsrtp==1.0.0", interpreter="cp310", abi="abi3", platform=_LATE, why="cffi"),
    Sample(spec="blake3==1.0.11", interpreter="cp313", abi="cp313", why="Rust"),
    Sample(spec="cymem==2.0.16", interpreter="cp313", abi="cp313", why="Cython"),
    Sample(spec="yyjson==4.0.6", interpreter="cp313", abi="cp313", why="plain C"),
    Sample(spec="xattr==1.3.0", interpreter="cp312", abi="cp312", why="cffi of one version"),
    Sample(spec="rpds-py==2026.9.1", interpreter="cp311", abi="cp311", why="debug builds load it"),
    Sample(spec="rpds-py==2026.9.1", interpreter="pp311", abi="pypy311_pp73", why="PyPy"),
    Sample(spec="rpds-py==0.22.3", interpreter="pp39", abi="pypy39_pp73", why="older PyPy"),
    Sample(spec="markupsafe==3.0.3", interpreter="cp313", abi="cp313t", why="free-threaded"),
    Sample(
        spec="markupsafe==3.0.3", interpreter="cp314", abi="cp314", platform=_LATE, why="newer"
    ),
    Sample(
        spec="markupsafe==3.0.4",
        interpreter="cp313",
        abi="cp313",
        platform="musllinux_1_2_x86_64",
        why="another C library",
    ),
    Sample(
        spec="markupsafe==1.1.1",
        interpreter="cp27",
        abi="cp27mu",
        platform="manylinux1_x86_64",
        why="Python 2, bare suffix",
    ),
    Sample(spec="six==1.17.0", interpreter="py3", abi="none", platform="any", why="pure"),
)


@pytest.fixture(scope="session")
def prospects() -> list[tuple[Runtime, Prospect]]:
    """Return every CPython and PyPy of this machine, each with what verdicts need."""
    found = discover(Search(env=os.environ, home=Path.home(), timeout=60.0))
    return [
        (runtime, prospect_of(runtime))
        for runtime in found.runtimes
        if runtime.implementation.name in {"cpython", "pypy"}
    ]


def check(title: str, table: list[Cell]) -> None:
    """Print a table of cells, and fail with every prediction that is wrong."""
    print(f"\n{title}")  # noqa: T201 - the table is what a reader of `-s` wants
    for cell in table:
        print(f"  {cell.row()}")  # noqa: T201 - likewise
    counted = Counter(str(cell.verdict.status) for cell in table)
    cautious = sum(cell.cautious() for cell in table)
    print(f"  {dict(counted)}, refused by tag though it imports: {cautious}")  # noqa: T201 - likewise
    wrong = [f"{title} on {cell.runtime}: {text}" for cell in table for text in cell.wrong()]
    assert not wrong, "\n".join(wrong)


@pytest.mark.network
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.id)
def test_wheels_do_as_predicted(
    sample: Sample, prospects: list[tuple[Runtime, Prospect]], tmp_path: Path
) -> None:
    (download := tmp_path / "download").mkdir()
    wheel = sample.download(download)
    assert wheel.stat().st_size < 1_500_000
    folder = unpack(wheel, tmp_path / "installed")
    check(f"{sample.id} ({sample.why})", cells(folder, prospects, wheel))
