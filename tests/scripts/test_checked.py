"""Tests that the checks reach every Python program that has no `.py` in its name."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]


@pytest.mark.parametrize(
    "listed",
    [
        pytest.param(TOOLS["ruff"]["extend-include"], id="ruff"),
        pytest.param(TOOLS["mypy"]["files"], id="mypy"),
    ],
)
def test_every_program_is_checked(listed: list[str]) -> None:
    programs = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "scripts").rglob("*")
        if path.is_file()
        and not path.suffix
        and b"python" in path.read_bytes().split(b"\n", maxsplit=1)[0]
    }
    assert programs == {entry for entry in listed if entry.startswith("scripts/")} & programs
