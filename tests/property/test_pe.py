"""Whatever the bytes, a PE file is read or refused; and what is written is what is read."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abi_probe.errors import UnreadableError
from abi_probe.model import ImportedSymbol
from abi_probe.pe.reader import read_pe
from tests.abi_probe.pe_bytes import SAMPLES, Blob, export_table, import_table, pe
from tests.property.damage import Damage, damages

_NAMES = st.text("ABC_xyz0", max_size=12).map(lambda end: f"Py_{end}")


@pytest.mark.parametrize("sample", SAMPLES, ids=["PE32+", "PE32"])
@given(damage=damages())
def test_damage_is_read_or_refused(sample: bytes, damage: Damage) -> None:
    with suppress(UnreadableError):
        read_pe(damage.done_to(sample))


@given(st.binary(max_size=400))
def test_garbage_is_read_or_refused(rest: bytes) -> None:
    with suppress(UnreadableError):
        read_pe(SAMPLES[0][:0x58] + rest)


@given(
    st.dictionaries(
        st.sampled_from(["a.dll", "python3.dll", "KERNEL32.dll"]),
        st.sets(_NAMES, min_size=1, max_size=8),
    ),
    st.sampled_from([32, 64]),
)
def test_imports_come_back(libraries: dict[str, set[str]], bits: int) -> None:
    blob = Blob(bits=bits)
    table = import_table(blob, {dll: sorted(names) for dll, names in libraries.items()})
    found = read_pe(pe(blob, {1: table}))
    first = {
        name: dll for dll, names in reversed(list(libraries.items())) for name in sorted(names)
    }
    assert found.needed == tuple(libraries)
    assert found.imports == tuple(
        ImportedSymbol(name=name, library=dll) for name, dll in sorted(first.items())
    )


@given(st.sets(_NAMES, max_size=20))
def test_exports_come_back(names: set[str]) -> None:
    blob = Blob()
    table = export_table(blob, "x.pyd", dict.fromkeys(sorted(names), 0x2000))
    assert read_pe(pe(blob, {0: table})).exports == names
