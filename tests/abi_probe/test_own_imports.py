"""Modules that an artifact can do without, by what its own sources import."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from abi_probe import optional_modules, read_path
from tests.factories.artifacts import SPAM

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("source", "others_load", "optional"),
    [
        pytest.param("from pkg import spam", True, False, id="from-package"),
        pytest.param("from . import spam", True, False, id="relative"),
        pytest.param("from .spam import eggs", True, False, id="from-module"),
        pytest.param("import pkg.spam", True, False, id="import"),
        pytest.param("class A:\n    from . import spam", True, False, id="class-body"),
        pytest.param(
            "try:\n    from . import spam\nfinally:\n    x = 1", True, False, id="finally"
        ),
        pytest.param("with open('x'):\n    from . import spam", True, False, id="with"),
        pytest.param("from . import ham", True, True, id="another"),
        pytest.param("", True, True, id="not-mentioned"),
        pytest.param("", False, False, id="not-mentioned-and-the-only-one"),
        pytest.param("def f():\n    from . import spam", True, True, id="function"),
        pytest.param("def f():\n    from . import spam", False, False, id="function-the-only-one"),
        pytest.param("if x:\n    from . import spam", True, True, id="condition"),
        pytest.param(
            "try:\n    from . import spam\nexcept ImportError:\n    pass", False, True, id="guarded"
        ),
        pytest.param(
            "import contextlib\nwith contextlib.suppress(ImportError):\n    from . import spam",
            False,
            True,
            id="suppressed",
        ),
        pytest.param(
            "def f():\n    try:\n        from . import spam\n    except ImportError: pass",
            False,
            True,
            id="guarded-in-a-function",
        ),
    ],
)
def test_a_module_is_optional_where_no_source_needs_it(
    tmp_path: Path, source: str, *, others_load: bool, optional: bool
) -> None:
    package = tmp_path / "pkg"
    package.mkdir()
    (package / "spam.so").write_bytes(SPAM)
    (package / "__init__.py").write_text(f"{source}\n")
    (artifact,) = read_path(tmp_path)
    found = optional_modules(artifact, ["pkg.spam"], others_load=others_load)
    assert found == (frozenset({"pkg.spam"}) if optional else frozenset())


def test_tests_of_an_artifact_do_not_make_a_module_necessary(tmp_path: Path) -> None:
    tests = tmp_path / "pkg" / "tests"
    tests.mkdir(parents=True)
    (tmp_path / "pkg" / "spam.so").write_bytes(SPAM)
    (tmp_path / "pkg" / "__init__.py").touch()
    (tests / "test_spam.py").write_text("from pkg import spam\n")
    (artifact,) = read_path(tmp_path)
    assert optional_modules(artifact, ["pkg.spam"], others_load=True)


def test_a_module_named_in_another_binary_is_necessary(tmp_path: Path) -> None:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__init__.py").touch()
    (tmp_path / "pkg" / "spam.so").write_bytes(SPAM)
    (tmp_path / "pkg" / "eggs").mkdir()
    (tmp_path / "pkg" / "eggs" / "spam.so").write_bytes(SPAM + b"\0pkg.ham\0")
    (artifact,) = read_path(tmp_path)
    assert not optional_modules(artifact, ["pkg.ham"], others_load=True)


def test_a_top_level_module_is_never_optional(tmp_path: Path) -> None:
    (tmp_path / "spam.so").write_bytes(SPAM)
    (tmp_path / "ham.py").touch()
    (artifact,) = read_path(tmp_path)
    assert not optional_modules(artifact, ["spam"], others_load=True)
