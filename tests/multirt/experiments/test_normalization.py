"""What may differ."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multirt.errors import MultirtError
from multirt.experiments.normalization import select_normalizers, substitutions
from multirt.experiments.trial import StreamRecorder
from tests.factories.outcomes import runtime


def printed(
    text: str, *added: str, dropped: tuple[str, ...] = (), prefix: str = "/opt/python"
) -> str:
    """Return what the rules make of an output."""
    substitution = (Path("/somewhere/copy"), "<copy>")
    rules = substitutions(
        select_normalizers(added, dropped), runtime(prefix=prefix), [substitution]
    )
    recording = StreamRecorder(rules)
    recording.feed(text.encode())
    return recording.finish().text


@pytest.mark.parametrize(
    ("text", "added", "expected"),
    [
        pytest.param("<object at 0x7f3c52a0>", (), "<object at 0x...>", id="address"),
        pytest.param("0xff", (), "0xff", id="a small number is none"),
        pytest.param("took 0.31 s, 12ms", (), "took # s, #ms", id="timings"),
        pytest.param("3 sheep 4 sea", (), "3 sheep 4 sea", id="words that begin like units"),
        pytest.param("/opt/python/bin/python3.12 -c", (), "<python> -c", id="executable"),
        pytest.param("/opt/python/lib/python3.12/os.py", (), "<stdlib>/os.py", id="library"),
        pytest.param("/opt/python/lib/pypy3.11/os.py", (), "<stdlib>/os.py", id="pypy's library"),
        pytest.param("/opt/python", (), "<prefix>", id="prefix"),
        pytest.param("/opt/python-else/x", (), "/opt/python-else/x", id="another folder"),
        pytest.param("/somewhere/copy/out.txt", (), "<copy>/out.txt", id="working copy"),
        pytest.param("{'b', 'a'}", (), "{'b', 'a'}", id="sets count"),
        pytest.param("{'b', 'a'}", ("sets",), "{'a', 'b'}", id="sets on request"),
        pytest.param("{'b': 1, 'a': 2}", ("sets",), "{'b': 1, 'a': 2}", id="no set"),
        pytest.param(
            "Traceback (most recent call last):\n  File x\n    ^^^\nKeyError: 1\n",
            ("tracebacks",),
            "Traceback ...\nKeyError: 1\n",
            id="tracebacks on request",
        ),
        pytest.param(
            "a\n/x/p.py:1: SyntaxWarning: invalid escape\n  print('\\d')\nb\n",
            ("warnings",),
            "a\nb\n",
            id="warnings on request",
        ),
    ],
)
def test_a_rule_makes_equal_what_it_names(text: str, added: tuple[str, ...], expected: str) -> None:
    assert printed(text, *added) == expected


def test_a_rule_can_be_dropped() -> None:
    assert printed("0x7f3c52a0", dropped=("addresses",)) == "0x7f3c52a0"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("/usr/share/dict", "/usr/share/dict", id="files of everybody's"),
        pytest.param("/usr/lib/python3.12/os.py", "<stdlib>/os.py", id="its own library"),
        pytest.param("prefix is /usr", "prefix is <prefix>", id="alone"),
    ],
)
def test_a_shared_prefix_is_not_the_runtimes_alone(text: str, expected: str) -> None:
    assert printed(text, prefix="/usr") == expected


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(MultirtError, match="no such rule: 'set'"):
        select_normalizers(["set"], [])


@given(st.binary(max_size=200), st.integers(min_value=1, max_value=50))
def test_the_hash_does_not_depend_on_how_a_stream_comes_in(data: bytes, step: int) -> None:
    whole, parts = StreamRecorder(()), StreamRecorder(())
    whole.feed(data)
    for substitution in range(0, len(data), step):
        parts.feed(data[substitution : substitution + step])
    assert whole.finish() == parts.finish()


def test_a_long_stream_is_hashed_whole_and_kept_in_part() -> None:
    recording = StreamRecorder(())
    digest = hashlib.sha256()
    line = b"y" * 999 + b"\n"
    for _ in range(3000):
        recording.feed(line)
        digest.update(line)
    found = recording.finish()
    assert (found.size, found.digest, found.whole) == (3_000_000, digest.hexdigest(), False)
    assert len(found.text) == 1 << 20
