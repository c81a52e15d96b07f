"""Whatever the bytes, a Mach-O is read or refused; and what is written is what is read."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from abi_probe.errors import UnreadableError
from abi_probe.macho.export_trie import read_export_trie
from abi_probe.macho.leb128 import uleb
from abi_probe.macho.reader import read_macho
from tests.abi_probe.macho_bytes import SAMPLES, bind, chained, macho, trie
from tests.property.damage import Damage, damages

_NAMES = st.text("ABC_xyz0", max_size=12).map(lambda end: f"Py_{end}")


@pytest.mark.parametrize(
    "sample", SAMPLES, ids=["instructions", "chained", "listed", "big-endian", "fat", "fat64"]
)
@given(damage=damages())
def test_damage_is_read_or_refused(sample: bytes, damage: Damage) -> None:
    with suppress(UnreadableError):
        read_macho(damage.done_to(sample))


@given(st.sampled_from([sample[:4] for sample in SAMPLES]), st.binary(max_size=200))
def test_garbage_is_read_or_refused(magic: bytes, rest: bytes) -> None:
    with suppress(UnreadableError):
        read_macho(magic + rest)


@given(st.binary(max_size=400))
@example(b"\0\x01_Py\0\0")
def test_any_trie_ends(data: bytes) -> None:
    with suppress(UnreadableError):
        read_export_trie(data)


@given(st.dictionaries(_NAMES, st.booleans(), min_size=1, max_size=20))
def test_imports_come_back(names: dict[str, bool]) -> None:
    bound = macho(bind=b"".join(bind(f"_{name}", -2, weak=weak) for name, weak in names.items()))
    fixed = macho(chained=chained(*((f"_{name}", -2, weak) for name, weak in names.items())))
    expected = sorted(names.items())
    assert [(s.name, s.weak) for s in read_macho(bound).imports] == expected
    assert [(s.name, s.weak) for s in read_macho(fixed).imports] == expected


@given(st.sets(_NAMES, min_size=1, max_size=20))
def test_exports_come_back(names: set[str]) -> None:
    assert read_macho(macho(trie=trie(*(f"_{name}" for name in names)))).exports == names


@given(st.integers(min_value=0, max_value=2**64 - 1), st.binary(max_size=5))
def test_numbers_come_back(number: int, after: bytes) -> None:
    parts = [number >> shift & 0x7F for shift in range(0, max(number.bit_length(), 1), 7)]
    data = bytes([*(part | 0x80 for part in parts[:-1]), parts[-1]])
    assert uleb(b"\xff" + data + after, 1) == (number, 1 + len(data))
