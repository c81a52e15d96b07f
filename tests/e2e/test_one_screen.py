"""What a command prints by default fits a screen, however many runtimes there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.factories.probe_wheels import write_good

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Command

LINES, COLUMNS = 40, 100


@pytest.mark.parametrize(
    "arguments",
    [
        ("list",),
        ("doctor",),
        ("cache", "info"),
        ("explain", "tool.py"),
        ("explain", "other.py"),
        ("explain", "--python", "3.99", "tool.py"),
        ("run", "--python", "3.99d", "tool.py"),
        ("find", "3.99"),
        ("probe", "spam-1.0-cp38-abi3-manylinux_2_17_x86_64.whl"),
        ("matrix", "list"),
    ],
    ids=" ".join,
)
def test_the_default_output_fits_a_screen(
    multirt: Command, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "tool.py").write_text("match 1:\n    case 1: pass\n")
    (tmp_path / "other.py").write_text("import absent_module\nprint('x')\n")
    (tmp_path / "test_tool.py").write_text("def test() -> None: pass\n")
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'tool'\nversion = '1'\n")
    write_good(tmp_path)
    done = multirt(*arguments, COLUMNS=str(COLUMNS))
    lines = (done.stdout + done.stderr).splitlines()
    assert 0 < len(lines) <= LINES
    assert [line for line in done.stdout.splitlines() if len(line) > COLUMNS] == []
