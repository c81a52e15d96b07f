"""A binary's format is told by its first bytes, and only files are read."""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

import pytest

from abi_probe.binary import read_binary, read_binary_file
from abi_probe.errors import NotABinaryError, UnreadableError
from abi_probe.model import Format
from tests.abi_probe import elf_bytes, macho_bytes, pe_bytes

if TYPE_CHECKING:
    from pathlib import Path

EVERY_SAMPLE = [
    *(pytest.param(data, Format.ELF, id=f"elf {n}") for n, data in enumerate(elf_bytes.SAMPLES)),
    *(
        pytest.param(data, Format.MACHO, id=f"macho {n}")
        for n, data in enumerate(macho_bytes.SAMPLES)
    ),
    *(pytest.param(data, Format.PE, id=f"pe {n}") for n, data in enumerate(pe_bytes.SAMPLES)),
]


@pytest.mark.parametrize(("data", "expected"), EVERY_SAMPLE)
def test_format(data: bytes, expected: Format, tmp_path: Path) -> None:
    path = tmp_path / "named.txt"
    path.write_bytes(data)
    assert read_binary(data).format is expected
    assert read_binary(memoryview(data)) == read_binary_file(path) == read_binary(data)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x7fEL", id="short"),
        pytest.param(b"#!/bin/sh\n", id="script"),
        pytest.param(b"!<arch>\nspam", id="archive"),
        pytest.param(b"INPUT(-lspam)", id="linker script"),
        pytest.param(b"\0asm\1\0\0\0", id="WebAssembly"),
        pytest.param(b"MZ" + bytes(200), id="DOS program"),
        pytest.param(b"MZ", id="two letters"),
        pytest.param(bytes.fromhex("cafebabe00000034") + bytes(99), id="Java class"),
        pytest.param(bytes.fromhex("cafebabe"), id="four bytes"),
    ],
)
def test_none_of_them(data: bytes) -> None:
    with pytest.raises(NotABinaryError):
        read_binary(data)


def test_offset_of_the_signature_may_lie() -> None:
    with pytest.raises(NotABinaryError):
        read_binary(b"MZ" + bytes(0x3A) + struct.pack("<I", 0xFFFFFFFF))


class TestFile:
    def test_empty(self, tmp_path: Path) -> None:
        (tmp_path / "spam.so").touch()
        with pytest.raises(UnreadableError, match="empty file"):
            read_binary_file(tmp_path / "spam.so")

    def test_absent(self, tmp_path: Path) -> None:
        with pytest.raises(UnreadableError, match="No such file"):
            read_binary_file(tmp_path / "spam.so")

    def test_folder(self, tmp_path: Path) -> None:
        with pytest.raises(UnreadableError, match="not a regular file"):
            read_binary_file(tmp_path)

    def test_impossible_name(self, tmp_path: Path) -> None:
        with pytest.raises(UnreadableError, match="NUL"):
            read_binary_file(tmp_path / "spam\0.so")

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs on this system")
    def test_fifo_that_nobody_writes_to(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "spam.so")
        with pytest.raises(UnreadableError, match="not a regular file"):
            read_binary_file(tmp_path / "spam.so")

    def test_link_that_turns_in_a_circle(self, tmp_path: Path) -> None:
        (tmp_path / "spam.so").symlink_to("spam.so")
        with pytest.raises(UnreadableError):
            read_binary_file(tmp_path / "spam.so")

    def test_link_to_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "real").write_bytes(elf_bytes.SAMPLES[0])
        (tmp_path / "spam.so").symlink_to("real")
        assert read_binary_file(tmp_path / "spam.so").format is Format.ELF
