"""glibc's list of libraries, in its two layouts."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abi_probe.dynamic_linking.ld_cache import read_cache

PATHS = {
    "libspam.so.1": ("/lib/libspam.so.1", "/lib32/libspam.so.1"),
    "libeggs.so": ("/opt/eggs/libeggs.so",),
}
ROWS = [(name, path) for name, paths in PATHS.items() for path in paths]


def newer(mark: str = "<") -> bytes:
    strings = b""
    entries = b""
    for name, path in ROWS:
        start = 48 + 24 * len(ROWS) + len(strings)
        strings += name.encode() + b"\0" + path.encode() + b"\0"
        entries += struct.pack(f"{mark}iIIIQ", 0x303, start, start + len(name) + 1, 0, 0)
    flags = bytes([3 if mark == ">" else 2, 0, 0, 0])
    header = b"glibc-ld.so.cache1.1" + struct.pack(f"{mark}II", len(ROWS), len(strings))
    return header + flags + bytes(16) + entries + strings


def older(mark: str = "<", after: bytes = b"") -> bytes:
    strings = b""
    entries = b""
    for name, path in ROWS:
        start = len(strings)
        strings += name.encode() + b"\0" + path.encode() + b"\0"
        entries += struct.pack(f"{mark}iII", 3, start, start + len(name) + 1)
    head = b"ld.so-1.7.0\0" + struct.pack(f"{mark}I", len(ROWS)) + entries
    return head + bytes(-len(head) % 8) + after if after else head + strings


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(newer(), id="newer"),
        pytest.param(newer(">"), id="newer, big-endian"),
        pytest.param(older(), id="older"),
        pytest.param(older(">"), id="older, big-endian"),
        pytest.param(older(after=newer()), id="newer inside older"),
    ],
)
def test_layouts(data: bytes) -> None:
    assert read_cache(data) == PATHS


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"spam" * 50, id="something else"),
        pytest.param(newer()[:30], id="half a header"),
        pytest.param(newer()[:60], id="half a table"),
        pytest.param(older()[:14], id="older, half a header"),
        pytest.param(b"ld.so-1.7.0\0\xff\xff\xff\xff", id="older, a count too high"),
    ],
)
def test_nothing_to_read(data: bytes) -> None:
    assert read_cache(data) == {}


def test_entries_that_point_away_are_left_out() -> None:
    assert read_cache(newer()[:-1]) == {"libspam.so.1": PATHS["libspam.so.1"]}


@given(st.sampled_from([newer(), older()]), st.data())
def test_damage_does_no_harm(whole: bytes, data: st.DataObject) -> None:
    damaged = bytearray(whole)
    for _ in range(3):
        damaged[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    read_cache(bytes(damaged))


def test_this_machine() -> None:
    """What `ldconfig -p` prints is what is read."""
    program, cache = shutil.which("ldconfig", path="/sbin:/usr/sbin"), Path("/etc/ld.so.cache")
    if program is None or not cache.exists():
        pytest.skip("no ldconfig or no cache on this machine")
    printed = subprocess.run([program, "-p"], check=True, capture_output=True, text=True).stdout
    expected = set(re.findall(r"^\t(\S+) \(.*\) => (.+)$", printed, re.MULTILINE))
    found = read_cache(cache.read_bytes())
    assert {(name, path) for name, paths in found.items() for path in paths} == expected
