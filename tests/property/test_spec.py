"""A spec's text parses to that spec again, whatever it was written as."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtimes import RuntimeSpec, SpecError

VERSIONS = st.lists(st.integers(0, 30), max_size=2).flatmap(
    lambda rest: st.integers(2, 4).map(lambda major: ".".join(map(str, [major, *rest])))
)
NAMES = st.sampled_from(
    ["python", "cpython", "pypy", "graalpy", "jython", "micropython", "cp", "pp"]
)
BUILDS = st.sampled_from(["", "t", "d", "td", "-dbg", "+freethreaded", "+gil", "t-dbg", "m"])
BITS = st.sampled_from(["", "-32", "-64"])
MOST_SHOWN = 200  # characters of what somebody wrote
OPERATORS = st.sampled_from([">=", "<=", "==", "!=", "<", ">", "~="])

WORDS = st.one_of(
    st.builds("{}{}{}".format, VERSIONS, BUILDS, BITS),
    st.builds("{}{}{}{}{}".format, NAMES, st.sampled_from(["", "@", "-"]), VERSIONS, BUILDS, BITS),
    NAMES,
    st.lists(
        st.builds("{}{}.{}".format, OPERATORS, st.integers(2, 4), st.integers(0, 30)), min_size=1
    ).map(",".join),
    st.builds("{}>={}.{}".format, NAMES, st.integers(2, 4), st.integers(0, 30)),
    st.builds(
        "{}-3.{}.{}{}{}".format,
        NAMES,
        st.integers(0, 30),
        st.integers(0, 30),
        st.sampled_from(["", "t", "d", "td"]),
        st.sampled_from(["", "~2", "~31"]),
    ),
    st.builds("./{}".format, st.text(st.characters(exclude_characters="\0"), min_size=1)),
)


def parsed(text: str) -> RuntimeSpec | None:
    try:
        return RuntimeSpec.parse(text)
    except SpecError:
        return None


@given(WORDS)
def test_the_text_of_a_spec_is_stable(text: str) -> None:
    spec = parsed(text)
    if spec is not None:
        assert RuntimeSpec.parse(str(spec)) == spec
        assert str(RuntimeSpec.parse(str(spec))) == str(spec)


@given(VERSIONS, BUILDS, BITS)
def test_every_word_of_the_grammar_parses(version: str, build: str, bits: str) -> None:
    assert parsed(f"{version}{build}{bits}") is not None
    assert parsed(f"cpython@{version}{build}{bits}") is not None


def parses_or_says_why_not(text: str) -> None:
    spec = parsed(text)
    if spec is not None:
        assert RuntimeSpec.parse(str(spec)) == spec
        return
    with pytest.raises(SpecError) as caught:
        RuntimeSpec.parse(text)
    shown = text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…"
    assert repr(shown) in str(caught.value)
    assert caught.value.suggestion is None or parsed(caught.value.suggestion) is not None


@given(st.text())
def test_any_text_parses_or_says_why_not(text: str) -> None:
    parses_or_says_why_not(text)


@given(st.text("3.1024pyhtond-+@~<>=,", min_size=1))
def test_near_misses_parse_or_say_why_not(text: str) -> None:
    parses_or_says_why_not(text)
