"""Files and documents that may be anything are read within limits, or refused in one line."""

from __future__ import annotations

import os
import time
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abi_probe import UnreadableError
from abi_probe.archive import MEMBER_COUNT, open_archive
from multirt.storage.files import parse_json, parse_toml, read_bytes, read_text
from runtimes.storage.files import read_head

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HUGE = "1" * 5000


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a" + ".a" * 100_000 + " = 1", id="dots"),
        pytest.param("x = {a" + " . 'a'" * 100_000 + " = 1}", id="dots in an inline table"),
        pytest.param("[" + ".".join(["a"] * 100_000) + "]", id="dots in a header"),
        pytest.param(f"a = {HUGE}", id="digits"),
        pytest.param(f"a = 0x{HUGE}", id="hexadecimal digits"),
        pytest.param("a = " + "[" * 200_000, id="lists"),
        pytest.param("a = " + "{a = " * 200_000, id="tables"),
        pytest.param("a = [" + "1," * 3_000_000 + "]", id="length"),
        pytest.param("a = 1\na = 2", id="a key twice"),
    ],
)
def test_a_hostile_toml_document_is_refused_at_once(text: str) -> None:
    begun = time.monotonic()
    with pytest.raises(ValueError, match=r"."):
        parse_toml(text)
    assert time.monotonic() - begun < 20


def test_usual_toml_documents_are_read() -> None:
    deep = ".".join("abcdefgh")
    text = f"{deep} = 1\n[tool.'a.b']\nx = 0x{'f' * 64}\n" + f"y = '{'a.' * 30}'\n"
    assert parse_toml(text)["tool"]["a.b"]["y"] == "a." * 30


@pytest.mark.parametrize("content", ["[" * 200_000, '{"a":' * 200_000, HUGE, "{", ""])
def test_a_hostile_json_document_is_refused(content: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_json(content)


@settings(max_examples=200)
@given(st.text() | st.binary().map(lambda data: data.decode("latin-1")))
def test_any_text_is_a_document_or_a_value_error(text: str) -> None:
    parsers: tuple[Callable[[str], Any], ...] = (parse_toml, parse_json)
    for parse in parsers:
        try:
            parse(text)
        except ValueError:
            continue


@pytest.fixture(params=["a FIFO", "/dev/zero", "a folder", "nothing", "too large", "a NUL"])
def hostile(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A path at which no file of a sane size is."""
    path = tmp_path / "file"
    kind: str = request.param
    match kind:
        case "a FIFO":
            os.mkfifo(path)
        case "/dev/zero":
            path.symlink_to("/dev/zero")
        case "a folder":
            path.mkdir()
        case "too large":
            with path.open("wb") as stream:
                stream.truncate(1 << 40)
        case "a NUL":
            return tmp_path / "a\0b"
        case _:
            pass
    return path


def test_what_is_not_a_small_regular_file_is_an_error_of_the_system(hostile: Path) -> None:
    for read in (read_bytes, read_text):
        with pytest.raises(OSError, match=r".") as raised:
            read(hostile)
        assert raised.value.strerror


def test_the_head_of_a_huge_file_is_read(tmp_path: Path) -> None:
    with (tmp_path / "huge").open("wb") as stream:
        stream.write(b"#!x\n")
        stream.truncate(1 << 40)
    assert read_head(tmp_path / "huge", 4) == b"#!x\n"


def directory(count: int, name: bytes = b"a") -> bytes:
    """Return the bytes of an archive that is only a directory, of one member many times."""
    entry = b"PK\1\2" + bytes(24) + len(name).to_bytes(2, "little") + bytes(16) + name
    size = len(entry) * count
    end = b"PK\5\6" + bytes(4) + min(count, 0xFFFF).to_bytes(2, "little") * 2
    return entry * count + end + size.to_bytes(4, "little") + bytes(6)


@pytest.mark.parametrize("count", [MEMBER_COUNT + 1, 3_000_000])
def test_an_archive_of_too_many_members_is_refused_before_they_are_objects(
    tmp_path: Path, count: int
) -> None:
    (tmp_path / "a.whl").write_bytes(directory(count))
    with (
        pytest.raises(UnreadableError, match=r"members|directory"),
        open_archive(tmp_path / "a.whl"),
    ):
        pass


def test_an_archive_that_is_not_a_regular_file_is_refused(hostile: Path) -> None:
    with pytest.raises((UnreadableError, OSError, ValueError)), open_archive(hostile):
        pass


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, zipfile.ZIP_DEFLATED])
def test_an_archive_of_many_small_bombs_is_refused(tmp_path: Path, compression: int) -> None:
    with zipfile.ZipFile(tmp_path / "a.whl", "w", compression) as archive:
        for number in range(20):
            archive.writestr(f"m{number}.so", b"\0" * 1000)
        for info in archive.infolist():
            info.file_size = 30 << 20  # what the directory says is what counts
    with pytest.raises(UnreadableError, match="not read"), open_archive(tmp_path / "a.whl"):
        pass
