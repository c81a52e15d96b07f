"""The examples in the library's documentation do what they show."""

from __future__ import annotations

import doctest
import importlib

import pytest


@pytest.mark.parametrize("module", ["choice", "discovery", "spec"])
def test_examples(module: str) -> None:
    results = doctest.testmod(importlib.import_module(f"runtimes.{module}"))
    assert results.attempted
    assert not results.failed
