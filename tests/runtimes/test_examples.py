"""The examples in the library's documentation do what they show."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "runtimes.md"


@pytest.mark.parametrize("module", ["choose", "discovery", "spec"])
def test_examples(module: str) -> None:
    results = doctest.testmod(importlib.import_module(f"runtimes.{module}"))
    assert results.attempted
    assert not results.failed


def test_the_page_of_the_library() -> None:
    results = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert results.attempted > 15
    assert not results.failed
