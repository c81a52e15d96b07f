"""Launch profiles: which runtimes know them, and how they are named."""

from __future__ import annotations

import pytest

from multirt.launch.profiles import named, split_profile
from runtimes import Jit, Runtime
from tests.factories.outcomes import runtime


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        pytest.param("cpython-3.14.8+jit", ("cpython-3.14.8", "jit"), id="profile"),
        pytest.param("3.13+freethreaded", ("3.13+freethreaded", None), id="of the runtime"),
        pytest.param("3.13+freethreaded+nogil", ("3.13+freethreaded", "nogil"), id="both"),
        pytest.param("3.12", ("3.12", None), id="plain"),
    ],
)
def test_a_word_is_parted(part: str, expected: tuple[str, str | None]) -> None:
    assert split_profile(part) == expected


@pytest.mark.parametrize(
    ("name", "where", "known"),
    [
        pytest.param("jit", runtime(jit=Jit.OFF), True, id="jit where it is built in"),
        pytest.param("jit", runtime(), False, id="jit where it is not"),
        pytest.param("jit", runtime("pypy-3.11.1", jit=Jit.ON), False, id="pypy has it on"),
        pytest.param("nojit", runtime("pypy-3.11.1", jit=Jit.ON), True, id="pypy without"),
        pytest.param("nogil", runtime("cpython-3.13.0t", free_threaded=True), True, id="nogil"),
        pytest.param("nogil", runtime("cpython-3.13.0"), False, id="nogil is fatal elsewhere"),
        pytest.param("O", runtime("micropython-3.4.0"), False, id="no -O"),
    ],
)
def test_a_profile_is_for_those_that_know_it(name: str, where: Runtime, *, known: bool) -> None:
    assert (named(name, where) is not None) == known
