"""Where the environment of a program is."""

from __future__ import annotations

import venv
from typing import TYPE_CHECKING

import pytest

from multirt.selection.virtualenv import find_environment

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Command


@pytest.mark.parametrize("named", ["{there}", "{there}\n", "../elsewhere\n"])
def test_a_file_named_venv_leads_to_the_environment_that_it_names(
    tmp_path: Path, named: str
) -> None:
    there = tmp_path / "elsewhere"
    venv.create(there, with_pip=False)
    (tmp_path / "project/inner").mkdir(parents=True)
    (tmp_path / "project/.venv").write_text(named.format(there=there))
    found = find_environment(tmp_path / "project/inner", {})
    assert found is not None
    assert found.home == there


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"gone", b"\xff\xfe", b"a\0b", b"a\nb", b"x" * 9999]
)
def test_a_file_named_venv_that_names_no_environment_counts_for_nothing(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / ".venv").write_bytes(content)
    assert find_environment(tmp_path, {}) is None


def test_a_start_notices_that_a_file_named_venv_appeared(multirt: Command, tmp_path: Path) -> None:
    venv.create(tmp_path / "elsewhere", with_pip=False)
    (site,) = (tmp_path / "elsewhere").glob("lib/*/site-packages")
    (site / "only_there.py").write_text("")
    tool = tmp_path / "project/tool.py"
    tool.parent.mkdir()
    tool.write_text("try:\n import only_there\n print(1)\nexcept ImportError:\n print(2)\n")
    assert multirt("run", str(tool)).stdout == "2\n"
    (tmp_path / "project/.venv").write_text("../elsewhere")
    assert multirt("run", str(tool)).stdout == "1\n"
