"""The wheel tags that are computed for each real runtime, against those of packaging inside it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import packaging
import pytest

from multirt.environments.abi_target import target_of
from runtimes import interrogate
from tests.interpreters import INTERPRETERS

if TYPE_CHECKING:
    from runtimes import Runtime
    from tests.conftest import Require

pytestmark = pytest.mark.real
_SCRIPT = """
import json, sys
sys.path[:0] = sys.argv[1:]
from packaging.tags import sys_tags
print(json.dumps([str(tag) for tag in sys_tags()]))
"""
# The newest releases that run on older Pythons, by the version after the last that they serve.
_OLDER = {
    (3, 0): ("packaging==20.9", "pyparsing==2.4.7"),
    (3, 7): ("packaging==21.3", "pyparsing==3.0.9"),
    (3, 8): ("packaging==24.0",),
    (3, 10): ("packaging==25.0",),
}
# Loads nothing, or is no runtime of its own.
_WITHOUT_TAGS = frozenset({"jython", "micropython"})


@pytest.mark.network
@pytest.mark.parametrize(
    "name",
    [
        row.name
        for row in INTERPRETERS
        if not row.environment and row.implementation not in _WITHOUT_TAGS
    ],
)
def test_computed_tags_are_those_of_packaging_inside_the_runtime(
    name: str, require: Require, tmp_path_factory: pytest.TempPathFactory
) -> None:
    runtime = interrogate(require(name), env=os.environ, timeout=60.0)
    referee = _referee(runtime, tmp_path_factory.getbasetemp())
    done = subprocess.run(
        [runtime.executable, "-S", "-c", _SCRIPT, *referee],
        check=True,
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    expected = json.loads(done.stdout)
    computed = list(map(str, target_of(runtime, None).tags))
    if _release(runtime) is None:
        assert computed == expected
    else:  # an older release has another order, and one before 22 leaves a pure tag of CPython out
        pure = f"cp{runtime.version.major}{runtime.version.minor}-none-any"
        assert set(computed) - {pure} == set(expected) - {pure}


def _release(runtime: Runtime) -> tuple[str, ...] | None:
    """Return the requirements for an older packaging, None where the newest runs."""
    version = (runtime.version.major, runtime.version.minor)
    return next((text for until, text in _OLDER.items() if version < until), None)


def _referee(runtime: Runtime, folder: Path) -> list[str]:
    """Return what to put on the path of a runtime, so that it imports packaging."""
    older = _release(runtime)
    if older is not None:
        return _wheels(older, folder)
    own = folder / "packaging-alone"
    if not own.exists():
        shutil.copytree(Path(packaging.__file__).parent, own / "packaging")
    return [str(own)]


@cache
def _wheels(requirements: tuple[str, ...], folder: Path) -> list[str]:
    """Return wheels of pure Python, which can be imported as they are."""
    wanted = folder / requirements[0].replace("==", "-")
    command = (
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--only-binary=:all:",
    )
    subprocess.run([*command, "-d", str(wanted), *requirements], check=True)
    return [str(path) for path in sorted(wanted.glob("*.whl"))]
