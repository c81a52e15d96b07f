"""A package that only some commands need, and that is not here."""

from __future__ import annotations

import shlex
import sys
from importlib.metadata import requires

import pytest

from multirt.errors import MultirtError
from multirt.process.optional_packages import require


def test_an_installed_optional_package_is_accepted() -> None:
    require("packaging", "a test")


def test_what_is_missing_is_reported_with_a_command_that_adds_it() -> None:
    with pytest.raises(MultirtError) as caught:
        require("no_such_package", "a test")
    assert caught.value.message == "a test needs no_such_package, which is not installed"
    printed = shlex.split((caught.value.hint or "").removeprefix("add it with: "))
    assert (printed[0], printed[-1]) == (sys.executable, "no_such_package")


def test_it_has_the_versions_that_the_extra_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(MultirtError) as caught:
        require("pyperf", "a test")
    wanted = shlex.split(caught.value.hint or "")[-1]
    assert any(each.startswith(f"{wanted};") for each in requires("multirt") or ())
    assert wanted.startswith("pyperf<")
