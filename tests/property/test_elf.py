"""Whatever the bytes, an ELF file is read or refused; and what is written is what is read."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from abi_probe.elf.reader import read_elf
from abi_probe.errors import UnreadableError
from tests.abi_probe.elf_bytes import EXTENSION, SAMPLES, Sample, Symbol, elf
from tests.property.damage import Damage, damages

_NAMES = st.from_regex(r"_?Py[A-Z_][A-Za-z0-9_]{0,40}", fullmatch=True)
_WIDTHS = st.builds(
    replace,
    st.just(EXTENSION),
    bits=st.sampled_from([32, 64]),
    big=st.booleans(),
    hashes=st.sampled_from([("gnu",), ("sysv",), ()]),
)


@given(st.sampled_from(SAMPLES), damages())
def test_damage_is_read_or_refused(sample: bytes, damage: Damage) -> None:
    with suppress(UnreadableError):
        read_elf(damage.done_to(sample))


@given(st.integers(0, 3), st.integers(0, 3), st.binary(max_size=400))
def test_garbage_is_read_or_refused(width: int, order: int, rest: bytes) -> None:
    with suppress(UnreadableError):
        read_elf(b"\x7fELF" + bytes([width, order]) + rest)


@given(st.data(), _WIDTHS)
def test_every_cut_is_refused(data: st.DataObject, sample: Sample) -> None:
    whole = elf(sample)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    with pytest.raises(UnreadableError):
        read_elf(cut)


@given(
    st.sets(_NAMES, max_size=30),
    st.sets(_NAMES, min_size=1, max_size=30),
    _WIDTHS.filter(lambda sample: sample.hashes != ()),
)
def test_names_come_back(needed: set[str], given_: set[str], sample: Sample) -> None:
    symbols = (
        *(Symbol(name=name) for name in sorted(needed)),
        *(Symbol(name=name, section=7) for name in sorted(given_)),
    )
    found = read_elf(elf(replace(sample, symbols=symbols)))
    assert [symbol.name for symbol in found.imports] == sorted(needed - given_)
    assert found.exports == given_
