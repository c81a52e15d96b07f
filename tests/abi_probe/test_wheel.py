"""Wheels that are whole, and wheels that are not what they claim."""

from __future__ import annotations

import io
import re
import struct
import zipfile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from abi_probe.checks import judge
from abi_probe.errors import UnreadableError
from abi_probe.model import ArtifactKind
from abi_probe.tags import Tag
from abi_probe.verdict import Status
from abi_probe.wheel import read_wheel, read_wheel_stream
from tests.factories.artifacts import LIBRARY, SPAM, target

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NAME = "spam-1.0-cp38-abi3-manylinux_2_17_x86_64.whl"
METADATA = b"Metadata-Version: 2.1\nName: Spam\nVersion: 1.0\nRequires-Python: >=3.8\n"
WHEEL = b"Wheel-Version: 1.0\nTag: cp38-abi3-manylinux_2_17_x86_64\n"
MODULE = "spam.abi3.so"
INFO = "spam-1.0.dist-info"


def members(**change: bytes | None) -> dict[str, bytes]:
    """Return the members of a good wheel, with records changed or left out."""
    records = {"METADATA": METADATA, "WHEEL": WHEEL, "RECORD": None, **change}
    files = {MODULE: SPAM, "spam_data/__init__.py": b""}
    files |= {f"{INFO}/{name}": text for name, text in records.items() if text is not None}
    if "RECORD" not in change:
        listed = [*files, f"{INFO}/RECORD"]
        files[f"{INFO}/RECORD"] = "".join(f"{name},,\n" for name in listed).encode()
    return files


def packed(files: Mapping[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """Return the archive of some files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def patched(data: bytes, name: str, offset: int, fields: bytes) -> bytes:
    """Overwrite fields of a member's entry in the central directory."""
    location = data.rindex(name.encode())  # its last mention is in the directory
    start = location - 46 + offset
    return data[:start] + fields + data[start + len(fields) :]


def test_a_whole_wheel(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_bytes(packed({**members(), "spam.libs/libhelper.so.1": LIBRARY}))
    read = read_wheel(path)
    assert (read.target, read.kind, read.name) == (str(path), ArtifactKind.WHEEL, "spam")
    assert (read.version, read.requires_python) == (Version("1.0"), SpecifierSet(">=3.8"))
    assert read.tags == {Tag("cp38", "abi3", "manylinux_2_17_x86_64")}
    assert [(each.module, str(each.path)) for each in read.extensions] == [("spam", MODULE)]
    assert set(read.libraries) == {PurePosixPath("spam.libs/libhelper.so.1")}
    assert read.sources == {"spam_data"}
    assert read.root is None
    assert not read.trouble


def test_a_good_wheel_has_no_warnings() -> None:
    assert not read_wheel_stream(io.BytesIO(packed(members())), NAME).warnings


@pytest.mark.parametrize(
    ("data", "texts"),
    [
        pytest.param(b"", "not a wheel", id="empty"),
        pytest.param(b"#!/bin/sh\n", "not a wheel", id="no-zip"),
        pytest.param(packed(members())[:-30], "not a wheel", id="cut-off-at-the-end"),
        pytest.param(packed(members())[:900], "not a wheel", id="cut-off-in-the-middle"),
        pytest.param(packed({}), "no .dist-info/METADATA", id="nothing-in-it"),
        pytest.param(packed(members(METADATA=None)), "no .dist-info/METADATA", id="no-metadata"),
        pytest.param(packed(members(WHEEL=None)), "no .dist-info/WHEEL", id="no-wheel-record"),
        pytest.param(packed(members(RECORD=None)), "no .dist-info/RECORD", id="no-record"),
        pytest.param(packed(members(METADATA=b"")), "names no distribution", id="empty-metadata"),
        pytest.param(
            packed({**members(), "egg-1.dist-info/METADATA": METADATA}), "2 .dist-info", id="two"
        ),
        pytest.param(packed({**members(), "../x": b""}), "outside its folder", id="climbs-out"),
        pytest.param(packed({**members(), "a/../../x": b""}), "outside", id="climbs-out-later"),
        pytest.param(packed({**members(), "/etc/x": b""}), "outside", id="absolute"),
        pytest.param(packed({**members(), "a\\x": b""}), "outside", id="backslash"),
        pytest.param(packed({**members(), ".": b""}), "names no file", id="dot"),
        pytest.param(
            packed({**members(), "QQ": b""}).replace(b"QQ", b"\0Q"), "names no file", id="nul"
        ),
        pytest.param(
            patched(packed(members()), f"{INFO}/METADATA", 8, b"\x01\0"),
            "METADATA is encrypted",
            id="metadata-encrypted",
        ),
        pytest.param(
            patched(packed(members()), f"{INFO}/METADATA", 24, struct.pack("<I", 1 << 30)),
            "claims 1073741824 bytes",
            id="metadata-of-a-gigabyte",
        ),
    ],
)
def test_refused(data: bytes, texts: str) -> None:
    with pytest.raises(UnreadableError, match=texts):
        read_wheel_stream(io.BytesIO(data), NAME)


@pytest.mark.parametrize("there", [pytest.param(False, id="gone"), pytest.param(True, id="folder")])
def test_a_path_without_a_file(tmp_path: Path, *, there: bool) -> None:
    path = tmp_path / NAME
    if there:
        path.mkdir()
    with pytest.raises(UnreadableError):
        read_wheel(path)


@pytest.mark.parametrize(
    ("data", "texts"),
    [
        pytest.param(packed({**members(), MODULE: SPAM[: len(SPAM) // 2]}), "", id="cut-off"),
        pytest.param(packed({**members(), MODULE: b"text"}), "none of ELF", id="text"),
        pytest.param(packed({**members(), MODULE: b""}), "none of ELF", id="empty"),
        pytest.param(patched(packed(members()), MODULE, 8, b"\x01\0"), "encrypted", id="encrypted"),
        pytest.param(
            patched(packed(members()), MODULE, 10, b"\x63\0"),
            "compression",
            id="unknown-compression",
        ),
        pytest.param(patched(packed(members()), MODULE, 16, b"\0\0\0\0"), "CRC", id="wrong-sum"),
        pytest.param(
            packed({**members(), MODULE: bytes(65 << 20)}, zipfile.ZIP_DEFLATED),
            "unpacks from .* to 68157440 bytes; not read",
            id="bomb",
        ),
        pytest.param(
            patched(packed(members()), MODULE, 20, struct.pack("<II", 1 << 26, (2 << 30) + 1)),
            "unpacks from .* not read",
            id="larger-than-is-read",
        ),
    ],
)
def test_a_module_that_cannot_be_read_leaves_the_answer_open(data: bytes, texts: str) -> None:
    read = read_wheel_stream(io.BytesIO(data), NAME)
    ((path, trouble),) = read.trouble
    assert str(path) == MODULE
    assert re.search(texts, trouble)
    assert judge(read, target(), {}).status is Status.UNKNOWN


def test_text_with_a_bare_library_name_is_no_trouble() -> None:
    """A linker script for example."""
    data = packed({**members(), "libspam.so": b"INPUT(-lspam)"})
    read = read_wheel_stream(io.BytesIO(data), NAME)
    assert not read.trouble
    assert not read.libraries


def test_a_large_module_is_read_through_a_file() -> None:
    data = packed({**members(), MODULE: SPAM + bytes(9 << 20)}, zipfile.ZIP_DEFLATED)
    (extension,) = read_wheel_stream(io.BytesIO(data), NAME).extensions
    assert "PyInit_spam" in extension.binary.exports


@pytest.mark.parametrize(
    ("files", "name", "texts"),
    [
        pytest.param(
            members(RECORD=f"{MODULE},,\ngone.py,,\n".encode()),
            NAME,
            ["RECORD lists 1 files that are not there, such as gone.py", "RECORD leaves out 3"],
            id="record-lists-another-file",
        ),
        pytest.param(
            {**members(), "extra.py": b""},
            NAME,
            ["RECORD leaves out 1 files, such as extra.py"],
            id="record-leaves-a-file-out",
        ),
        pytest.param(
            members(WHEEL=b"Tag: cp39-abi3-manylinux_2_17_x86_64\n"),
            NAME,
            ["the file name is tagged cp38-abi3-manylinux_2_17_x86_64, the WHEEL record cp39-"],
            id="tags-disagree",
        ),
        pytest.param(
            members(),
            NAME.replace("spam-1.0", "eggs-1.1"),
            ["the file name says eggs, METADATA spam", "the file name says 1.1, METADATA 1.0"],
            id="another-name",
        ),
        pytest.param(
            {
                **members(),
                f"{INFO}/RECORD": members()[f"{INFO}/RECORD"].replace(b"so,,", b"so,,77"),
            },
            NAME,
            ["1 files are not as RECORD says, such as spam.abi3.so"],
            id="another-size",
        ),
        pytest.param(members(), "spam.whl", ["the file name is no wheel's"], id="renamed"),
        pytest.param(members(WHEEL=b"Tag: py3--any\n"), NAME, [], id="record-without-a-real-tag"),
        pytest.param(
            members(METADATA=b"Name: spam\nVersion: 1.0\nRequires-Python: new\n"),
            NAME,
            ["METADATA has a Requires-Python that means nothing: 'new'"],
            id="requires-python-without-sense",
        ),
        pytest.param(
            members(METADATA=b"Name: spam\nVersion: one\n"),
            NAME,
            ["METADATA has no valid version: 'one'"],
            id="version-without-sense",
        ),
    ],
)
def test_disagreements_are_warnings(files: dict[str, bytes], name: str, texts: list[str]) -> None:
    read = read_wheel_stream(io.BytesIO(packed(files)), name)
    assert len(read.warnings) == len(texts)
    for warning, beginning in zip(read.warnings, texts, strict=True):
        assert warning.startswith(beginning)
    assert read.tags == {Tag("cp38", "abi3", "manylinux_2_17_x86_64")}


@pytest.mark.parametrize(
    ("member", "module"),
    [
        pytest.param(f"spam-1.0.data/purelib/{MODULE}", "spam", id="purelib"),
        pytest.param(f"spam-1.0.data/platlib/eggs/{MODULE}", "eggs.spam", id="platlib"),
        pytest.param(f"spam-1.0.data/data/{MODULE}", None, id="elsewhere"),
    ],
)
def test_data_folders(member: str, module: str | None) -> None:
    files = members()
    del files[MODULE]
    read = read_wheel_stream(io.BytesIO(packed({**files, member: SPAM})), NAME)
    assert [each.module for each in read.extensions] == ([module] if module else [])


@pytest.mark.parametrize(
    ("change", "texts"),
    [
        pytest.param({"RECORD": b"a,,\n" * 600_000}, "more than 500000 rows", id="rows"),
        pytest.param({"METADATA": b"Name: spam\n\n".ljust(9 << 20)}, "claims 9437184", id="long"),
    ],
)
def test_records_that_no_wheel_has(change: dict[str, bytes], texts: str) -> None:
    with pytest.raises(UnreadableError, match=texts):
        read_wheel_stream(io.BytesIO(packed(members(**change))), NAME)


def test_lists_that_stand_for_millions_of_tags_are_noise() -> None:
    many = b".".join(b"a%d" % number for number in range(300))
    change = {"WHEEL": WHEEL + b"Tag: " + b"-".join([many] * 3) + b"\n"}
    found = read_wheel_stream(io.BytesIO(packed(members(**change))), NAME)
    assert found.tags == {Tag("cp38", "abi3", "manylinux_2_17_x86_64")}


@pytest.mark.parametrize("line", [f"Version: {'9' * 5000}", f"Requires-Python: >5,>={'9' * 5000}"])
def test_numbers_of_thousands_of_digits_mean_nothing(line: str) -> None:
    metadata = f"Name: spam\n{line}\n".encode()
    found = read_wheel_stream(io.BytesIO(packed(members(METADATA=metadata))), NAME)
    assert found.version is None
    assert found.requires_python is None


def test_a_large_damaged_member_is_refused_like_a_small_one() -> None:
    files = members()
    files[MODULE] = b"\x7fELF".ljust(25 << 20, b"\xff")  # large enough for a mapped file
    found = read_wheel_stream(io.BytesIO(packed(files, zipfile.ZIP_DEFLATED)), NAME)
    assert [str(path) for path, _ in found.trouble] == [MODULE]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_stands_for_two_members_is_reported() -> None:
    stream = io.BytesIO(packed(members()))
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr(MODULE, SPAM)
    found = read_wheel_stream(stream, NAME)
    assert f"the archive has 1 names again, such as {MODULE}: the last one counts" in found.warnings
