"""What each word asks for, and which runtimes it accepts."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace
from packaging.specifiers import SpecifierSet

from runtimes import RuntimeSpec, SpecError
from tests.factories.runtimes import described

WORDS = [
    pytest.param("3", RuntimeSpec(release=(3,)), "3", id="major"),
    pytest.param("3.12", RuntimeSpec(release=(3, 12)), "3.12", id="minor"),
    pytest.param("3.12.1", RuntimeSpec(release=(3, 12, 1)), "3.12.1", id="micro"),
    pytest.param("312", RuntimeSpec(release=(3, 12)), "3.12", id="compact"),
    pytest.param("39", RuntimeSpec(release=(3, 9)), "3.9", id="compact-short"),
    pytest.param("py312", RuntimeSpec(release=(3, 12)), "3.12", id="py-tag"),
    pytest.param(
        "cp312", RuntimeSpec(implementation="cpython", release=(3, 12)), "cpython@3.12", id="cp-tag"
    ),
    pytest.param(
        "pp310", RuntimeSpec(implementation="pypy", release=(3, 10)), "pypy@3.10", id="pp-tag"
    ),
    pytest.param(
        "cp313t",
        RuntimeSpec(implementation="cpython", release=(3, 13), debug=False, free_threaded=True),
        "cpython@3.13t",
        id="cp-tag-free-threaded",
    ),
    pytest.param("python3.12", RuntimeSpec(release=(3, 12)), "3.12", id="program"),
    pytest.param("python", RuntimeSpec(), "python", id="any"),
    pytest.param(
        "cpython@3.12",
        RuntimeSpec(implementation="cpython", release=(3, 12)),
        "cpython@3.12",
        id="cpython",
    ),
    pytest.param("pypy", RuntimeSpec(implementation="pypy"), "pypy", id="pypy"),
    pytest.param(
        "pypy3.10", RuntimeSpec(implementation="pypy", release=(3, 10)), "pypy@3.10", id="pypy3.10"
    ),
    pytest.param(
        "pypy@3.10", RuntimeSpec(implementation="pypy", release=(3, 10)), "pypy@3.10", id="pypy@"
    ),
    pytest.param("graalpy", RuntimeSpec(implementation="graalpy"), "graalpy", id="graalpy"),
    pytest.param("jython", RuntimeSpec(implementation="jython"), "jython", id="jython"),
    pytest.param(
        "micropython", RuntimeSpec(implementation="micropython"), "micropython", id="micropython"
    ),
    pytest.param(
        "3.13t",
        RuntimeSpec(release=(3, 13), debug=False, free_threaded=True),
        "3.13t",
        id="free-threaded",
    ),
    pytest.param(
        "3.8d", RuntimeSpec(release=(3, 8), debug=True, free_threaded=False), "3.8d", id="debug"
    ),
    pytest.param(
        "3.14td",
        RuntimeSpec(release=(3, 14), debug=True, free_threaded=True),
        "3.14td",
        id="free-threaded-debug",
    ),
    pytest.param(
        "3.13-dbg",
        RuntimeSpec(release=(3, 13), debug=True, free_threaded=False),
        "3.13d",
        id="debian-debug",
    ),
    pytest.param(
        "3.13+freethreaded",
        RuntimeSpec(release=(3, 13), debug=False, free_threaded=True),
        "3.13t",
        id="uv-free-threaded",
    ),
    pytest.param("3.12-64", RuntimeSpec(release=(3, 12), bits=64), "3.12-64", id="bits"),
    pytest.param(
        ">=3.9,<3.12", RuntimeSpec(bounds=SpecifierSet(">=3.9,<3.12")), "<3.12,>=3.9", id="bounds"
    ),
    pytest.param(
        "pypy>=3.9",
        RuntimeSpec(implementation="pypy", bounds=SpecifierSet(">=3.9")),
        "pypy>=3.9",
        id="pypy-bounds",
    ),
    pytest.param(
        "3.15.0rc1", RuntimeSpec(release=(3, 15, 0), pre="rc1"), "3.15.0rc1", id="pre-release"
    ),
    pytest.param("cpython-3.8.18d", RuntimeSpec(id="cpython-3.8.18d"), "cpython-3.8.18d", id="id"),
    pytest.param(
        "cpython-3.13.0~2", RuntimeSpec(id="cpython-3.13.0~2"), "cpython-3.13.0~2", id="id-second"
    ),
    pytest.param(
        "somefork-3.9.1", RuntimeSpec(id="somefork-3.9.1"), "somefork-3.9.1", id="id-fork"
    ),
    pytest.param("./here", RuntimeSpec(path="./here"), "./here", id="path-relative"),
    pytest.param("/opt/x", RuntimeSpec(path="/opt/x"), "/opt/x", id="path-absolute"),
    pytest.param("~/x", RuntimeSpec(path="~/x"), "~/x", id="path-home"),
    pytest.param(".venv", RuntimeSpec(path=".venv"), ".venv", id="path-dot"),
    pytest.param("  3.12\n", RuntimeSpec(release=(3, 12)), "3.12", id="spaces"),
    pytest.param(
        "PyPy3.9", RuntimeSpec(implementation="pypy", release=(3, 9)), "pypy@3.9", id="case"
    ),
]


@pytest.mark.parametrize(("text", "spec", "canonical"), WORDS)
def test_words(text: str, spec: RuntimeSpec, canonical: str) -> None:
    assert RuntimeSpec.parse(text) == spec
    assert str(spec) == canonical
    assert RuntimeSpec.parse(canonical) == spec


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        pytest.param("3.13dt", "3.13td", id="order-of-flags"),
        pytest.param(".3", "3", id="dot-before"),
        pytest.param("v3.12", "3.12", id="v-before"),
        pytest.param(">=3.9 <3.12", ">=3.9,<3.12", id="bounds-without-comma"),
        pytest.param("\uff13.12", None, id="digits-of-another-script"),
        pytest.param("3.\u0661", None, id="arabic-digits"),
        pytest.param("\u017ftackless", "stackless", id="folds-to-ascii"),
        pytest.param("pyhton3", "python3", id="swapped-letters"),
        pytest.param("pyhton-3.12.1", "python-3.12.1", id="swapped-letters-in-an-id"),
        pytest.param("pypi3.10", "pypy3.10", id="wrong-letter"),
        pytest.param("cpythn@3.12", "cpython@3.12", id="missing-letter"),
        pytest.param("pyypy>=3.9", "pypy>=3.9", id="in-front-of-bounds"),
        pytest.param("3.13x", "3.13", id="unknown-flag"),
        pytest.param("3.", "3", id="dot-at-the-end"),
        pytest.param("3..12", "3.12", id="two-dots"),
        pytest.param("3.12-16", "3.12", id="unknown-bits"),
        pytest.param("3.12.1.4", "3.12.1", id="four-parts"),
        pytest.param("=>3.9", ">=3.9", id="operator-turned"),
        pytest.param("=3.9", "==3.9", id="operator-halved"),
        pytest.param("", None, id="empty"),
        pytest.param("three", None, id="word"),
        pytest.param("3.1\0", "3.1", id="nul"),
        pytest.param(">=", None, id="operator-only"),
    ],
)
def test_what_is_no_spec_says_what_may_be_meant(text: str, suggestion: str | None) -> None:
    with pytest.raises(SpecError) as caught:
        RuntimeSpec.parse(text)
    assert caught.value.suggestion == suggestion
    assert f"not a runtime: {text!r}" in str(caught.value)
    assert (f"did you mean {suggestion!r}?" in str(caught.value)) == (suggestion is not None)


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        pytest.param("3.13", ["3.13.0", "3.13.0t", "3.13.0d", "3.13.0td"], id="build-left-open"),
        pytest.param("3.13t", ["3.13.0t"], id="free-threaded-is-no-debug-build"),
        pytest.param("3.13d", ["3.13.0d"], id="debug-has-the-gil"),
        pytest.param("3.13td", ["3.13.0td"], id="both"),
        pytest.param("3.13+gil", ["3.13.0"], id="neither"),
        pytest.param("3.1", [], id="no-prefix-of-digits"),
        pytest.param("3.13.1", [], id="other-micro"),
        pytest.param("3.15", ["3.15.0rc1"], id="pre-release-of-a-minor"),
        pytest.param("3.15.0", [], id="the-release-itself"),
        pytest.param("3.15.0rc1", ["3.15.0rc1"], id="the-pre-release-itself"),
        pytest.param(">=3.14", ["3.15.0rc1"], id="bounds-take-pre-releases"),
        pytest.param("<3.13,>=3", ["pypy 3.11.11"], id="bounds-of-any-implementation"),
        pytest.param("cpython<3.13,>=3", [], id="bounds-of-one"),
        pytest.param("pypy", ["pypy 3.11.11"], id="implementation"),
        pytest.param("3.13-32", [], id="bits"),
        pytest.param("cpython-3.13.0t", ["3.13.0t"], id="id"),
        pytest.param("/somewhere/pypy 3.11.11", ["pypy 3.11.11"], id="path"),
    ],
)
def test_which_runtimes_are_accepted(text: str, accepted: list[str]) -> None:
    names = ["3.13.0", "3.13.0t", "3.13.0d", "3.13.0td", "3.15.0rc1", "pypy 3.11.11"]
    runtimes = {name: described(name) for name in names}
    spec = RuntimeSpec.parse(text)
    assert [name for name, runtime in runtimes.items() if spec.accepts(runtime)] == accepted


@pytest.mark.parametrize(
    ("text", "line", "may"),
    [
        pytest.param("python", (3, 12), True, id="any"),
        pytest.param("3", (3, 12), True, id="major"),
        pytest.param("2", (3, 12), False, id="other major"),
        pytest.param("3.12", (3, 12), True, id="minor"),
        pytest.param("3.1", (3, 12), False, id="no prefix of digits"),
        pytest.param("3.12.4", (3, 12), True, id="micro"),
        pytest.param("3.13t", (3, 13), True, id="build"),
        pytest.param("cpython@3.12", (3, 12), True, id="cpython"),
        pytest.param("pypy@3.11", (3, 11), False, id="pypy"),
        pytest.param(">=3.12.4", (3, 12), True, id="from a micro on"),
        pytest.param("<3.12.4", (3, 12), True, id="up to a micro"),
        pytest.param(">=3.11,!=3.12.0,<3.12.3", (3, 12), True, id="only in the middle"),
        pytest.param("==3.12.4", (3, 12), True, id="one release"),
        pytest.param("<3.12", (3, 12), False, id="below"),
        pytest.param("pypy>=3.9", (3, 12), False, id="bounds of another"),
    ],
)
def test_which_release_lines_may_be_accepted(
    text: str, line: tuple[int, int], *, may: bool
) -> None:
    assert RuntimeSpec.parse(text).may_accept(line) is may


def test_an_alias_is_a_path_too() -> None:
    runtime = described("3.13.0", aliases=(Path("/usr/bin/python3"),))
    assert RuntimeSpec.parse("/usr/bin/python3").accepts(runtime)


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        pytest.param("somefork", True, id="name"),
        pytest.param("somefork3.9", True, id="version-of-the-language"),
        pytest.param("somefork@3.9", True, id="version-after-a-sign"),
        pytest.param("somefork39", True, id="digits"),
        pytest.param("somefork@25.1", True, id="its-own-version"),
        pytest.param("somefork@25.1.2", True, id="its-own-version-in-full"),
        pytest.param("somefork>=3.8", True, id="bounds"),
        pytest.param("somefork@3.8", False, id="another-version"),
        pytest.param("somefork@25.2", False, id="another-version-of-its-own"),
        pytest.param("otherfork", False, id="another-fork"),
    ],
)
def test_a_fork_is_named_by_what_it_calls_itself(text: str, *, accepted: bool) -> None:
    runtime = described("somefork 3.9.10")
    runtime = replace(runtime, implementation=replace(runtime.implementation, version="25.1.2"))
    spec = RuntimeSpec.parse(text, fork=True)
    assert spec.accepts(runtime) is accepted
    assert RuntimeSpec.parse(str(spec), fork=True) == spec
    assert spec.may_accept((3, 9))  # its file may be a `python3.9`
    with pytest.raises(SpecError):
        RuntimeSpec.parse(text)


def test_the_own_version_of_cpython_is_that_of_the_language() -> None:
    assert RuntimeSpec.parse("pypy@3.11").accepts(described("pypy 3.11.11"))
    assert not RuntimeSpec.parse("3.9").accepts(described("pypy 3.11.11"))


@pytest.mark.parametrize("text", ["pypi3.9", "pyhton", "debug", "some fork", "some-fork"])
def test_a_slip_of_the_pen_names_no_fork(text: str) -> None:
    with pytest.raises(SpecError):
        RuntimeSpec.parse(text, fork=True)


def test_the_name_of_a_fork_that_no_runtime_has_is_refused() -> None:
    runtimes = [described("3.13.0"), described("somefork 3.9.10")]
    RuntimeSpec.parse("somefork", fork=True).require_fork(runtimes)
    RuntimeSpec.parse("nogil", fork=True).require_fork(runtimes)
    with pytest.raises(SpecError):
        RuntimeSpec.parse("otherfork", fork=True).require_fork(runtimes)
