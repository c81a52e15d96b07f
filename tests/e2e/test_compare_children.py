"""What a program starts stays on its runtime, with the same packages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Require

PARENT = """
import concurrent.futures, multiprocessing, subprocess, sys
import gadget

def who(_=None):
    return sys.executable, sys.version, gadget.__file__

def main():
    mine = who()
    code = "import sys, gadget; print(sys.executable); print(gadget.__file__)"
    said = subprocess.check_output([sys.executable, "-c", code]).decode().split()
    assert said == [mine[0], mine[2]], said
    for method in ("spawn", "forkserver"):
        with multiprocessing.get_context(method).Pool(1) as pool:
            assert pool.map(who, [0]) == [mine], method
    with concurrent.futures.ProcessPoolExecutor(1) as executor:
        assert list(executor.map(who, [0])) == [mine]
    print("all the same")

if __name__ == "__main__":
    main()
"""
NAMES = (
    *("3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15"),
    *("3.11d", "3.14d", "3.15d", "3.13t", "3.13td", "pypy3.9", "pypy3.11"),
)


@pytest.mark.parametrize("name", NAMES)
def test_children_stay_on_the_chosen_runtime(
    name: str, multirt: Callable[..., object], tmp_path: Path, require: Require
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "gadget.py").write_text("")
    (tmp_path / "parent.py").write_text(PARENT)
    done = multirt("run", "--python", str(require(name)), "--site", "site", "parent.py")
    assert (done.stdout, done.stderr, done.returncode) == ("all the same\n", "", 0)  # type: ignore[attr-defined]
