"""The examples in the documentation of the library do what they show."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

from tests.abi_probe.test_wheel import NAME, members, packed

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "abi_probe.md"


@pytest.mark.real
def test_examples(tmp_path: Path) -> None:
    wheel = tmp_path / NAME
    wheel.write_bytes(packed(members()))
    found = doctest.testfile(str(PAGE), module_relative=False, globs={"wheel": wheel})
    assert found.attempted > 10
    assert not found.failed
