"""The records of distributions, also of careless ones."""

from __future__ import annotations

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from abi_probe.errors import UnreadableError
from abi_probe.metadata import Metadata, parse_metadata, parse_wheel_tags, record_paths


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(
            b"Name: Spam.Eggs_ham\nVersion: 1.0rc1\nRequires-Python: >=3.8, <4\n"
            b"Requires-Dist: a>1; python_version<'3'\nRequires-Dist: b\n\nName: not this\n",
            Metadata(
                name="spam-eggs-ham",
                version=Version("1.0rc1"),
                requires_python=SpecifierSet(">=3.8,<4"),
                requires=("a>1; python_version<'3'", "b"),
            ),
            id="whole",
        ),
        pytest.param(
            b"Name: spam\nVersion: 1.0-final-ish\n",
            Metadata(
                name="spam",
                version=None,
                requires_python=None,
                requires=(),
                trouble=("METADATA has no valid version: '1.0-final-ish'",),
            ),
            id="version-that-is-none",
        ),
        pytest.param(
            b"Name: spam\nRequires-Python: three\n",
            Metadata(
                name="spam",
                version=None,
                requires_python=None,
                requires=(),
                trouble=(
                    "METADATA has no valid version: ''",
                    "METADATA has a Requires-Python that means nothing: 'three'",
                ),
            ),
            id="nothing-valid",
        ),
        pytest.param(
            b"Name: spam\nVersion: 1\nRequires-Python:\n",
            Metadata(
                name="spam", version=Version("1"), requires_python=SpecifierSet(), requires=()
            ),
            id="requires-nothing",
        ),
        pytest.param(
            b"Name: spam\nVersion: 1\nLicense: one\n  \n \n        two\n\t\n"
            b"Requires-Python: >=3.9\nRequires-Dist: numpy\n",
            Metadata(
                name="spam",
                version=Version("1"),
                requires_python=SpecifierSet(">=3.9"),
                requires=("numpy",),
            ),
            id="blank-lines-in-a-folded-license",
        ),
        pytest.param(
            b"Name: spam\rVersion: 1\rRequires-Dist: a\r\n  ; python_version > '3'\r\rname: no\r",
            Metadata(
                name="spam",
                version=Version("1"),
                requires_python=None,
                requires=("a ; python_version > '3'",),
            ),
            id="line-ends-of-other-systems",
        ),
        pytest.param(
            b"Name: spam\nVersion: 1\nRequires-Python: >=3.9\nRequires-Python: >=3.7\n",
            Metadata(
                name="spam",
                version=Version("1"),
                requires_python=SpecifierSet(">=3.9"),
                requires=(),
                trouble=("METADATA has 2 Requires-Python fields: the first counts",),
            ),
            id="requires-python-twice",
        ),
    ],
)
def test_metadata(content: bytes, expected: Metadata) -> None:
    assert parse_metadata(content) == expected


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x7fELF\0\0", id="binary"),
        pytest.param(b"Name:\nVersion: 1\n", id="empty-name"),
        pytest.param(b"\nName: spam\n", id="name-in-the-description"),
    ],
)
def test_metadata_without_a_name(content: bytes) -> None:
    with pytest.raises(UnreadableError, match="names no distribution"):
        parse_metadata(content)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"Tag: py3-none-any\n", {"py3-none-any"}, id="one"),
        pytest.param(
            b"tag: cp38-abi3-a.b\r\nTAG:cp39-abi3-a\r\n",
            {"cp38-abi3-a", "cp38-abi3-b", "cp39-abi3-a"},
            id="sets-and-spelling",
        ),
        pytest.param(b"Root-Is-Purelib: true\n", set(), id="none"),
        pytest.param(b"Tag: py3-none\nTag: a-b-c-d\nTag:\n", set(), id="parts-missing"),
        pytest.param(b"Tag: py3--any\nTag: py3-none-any\n", {"py3-none-any"}, id="empty-part"),
        pytest.param(b"\xff\xfe", set(), id="no-text"),
        pytest.param(b"Generator: a\n \nTag: py3-none-any\n", {"py3-none-any"}, id="after-a-fold"),
        pytest.param(b"Generator: a\n\nTag: py3-none-any\n", set(), id="after-the-headers"),
    ],
)
def test_wheel_tags(content: bytes, expected: set[str]) -> None:
    assert {str(tag) for tag in parse_wheel_tags(content)} == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"a.py,sha256=x,3\nb/c.so,,\n", ["a.py", "b/c.so"], id="plain"),
        pytest.param(b'"a,b.py",,\n', ["a,b.py"], id="quoted"),
        pytest.param(b"a\\b.py,,\r\n", ["a/b.py"], id="of-windows"),
        pytest.param(b"../../bin/x,,\n/etc/x,,\na/../../x,,\nb.py,,\n", ["b.py"], id="climbs-out"),
        pytest.param(b'\n"",,\n.,,\n,,\n', [], id="names-nothing"),
        pytest.param(b"", [], id="empty"),
    ],
)
def test_record(content: bytes, expected: list[str]) -> None:
    assert [str(path) for path in record_paths(content)] == expected


def test_a_record_that_is_no_table() -> None:
    with pytest.raises(UnreadableError, match="RECORD is no table"):
        list(record_paths(b"x" * 200_000))
