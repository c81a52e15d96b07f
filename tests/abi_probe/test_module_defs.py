"""Definitions of modules as compilers lay them out, read back from the file."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from abi_probe import ModuleSlot, UnreadableError, read_binary, read_binary_file
from abi_probe.elf.address_space import ElfAddressSpace
from abi_probe.elf.image import DynamicTag, open_image
from tests.abi_probe.compiler import compile_c
from tests.abi_probe.definition_bytes import (
    FREE_THREADED,
    FREE_THREADED_32,
    macho_with_definition,
    pe_with_definition,
)
from tests.integration.builds import BUILDS

if TYPE_CHECKING:
    from pathlib import Path

    from abi_probe import ModuleDefinition
    from tests.conftest import RequireHeaders

_BY_NAME = {build.name: build for build in BUILDS}


def built(name: str, folder: Path, require_headers: RequireHeaders) -> Path:
    """Compile one of the small extensions and return its path."""
    build = _BY_NAME[name]
    build.make(folder, folder / "work", require_headers(build.headers))
    return folder / build.file


@pytest.mark.parametrize(
    ("name", "free_threaded", "slots"),
    [
        pytest.param("bare", False, [2], id="multi-phase"),
        pytest.param("bare-single-phase", False, None, id="single-phase"),
        pytest.param("bare-free-threaded", True, [2], id="free-threaded"),
        pytest.param("bare-free-threaded-single", True, None, id="free-threaded-single-phase"),
        pytest.param("bare-free-threaded-slot", True, [2, 4], id="free-threaded-slot"),
        pytest.param("slot-of-3.12", False, [2, 3], id="slot"),
        pytest.param("slot-of-3.13-packed-relocations", False, [2, 4], id="packed-relocations"),
        pytest.param("slot-of-3.13-under-another-name", False, [2, 4], id="another-name"),
        pytest.param("bare-free-threaded-under-another-name", True, [2], id="another-free"),
        pytest.param("abi3-since-3.14-under-another-name", False, [2], id="3.14-another"),
    ],
)
def test_definitions(
    name: str,
    free_threaded: bool,  # noqa: FBT001 - a row of the table
    slots: list[int] | None,
    require_headers: RequireHeaders,
    tmp_path: Path,
) -> None:
    (found,) = read_binary_file(built(name, tmp_path, require_headers)).definitions
    assert (found.module, found.free_threaded) == ("probe", free_threaded)
    assert (None if found.slots is None else [slot.kind for slot in found.slots]) == slots


def test_a_name_within_another_is_found(require_headers: RequireHeaders, tmp_path: Path) -> None:
    build = replace(_BY_NAME["bare-single-phase"], declaration='const char *other = "use_probe";')
    build.make(tmp_path, tmp_path / "work", require_headers(build.headers))
    path = tmp_path / build.file
    assert b"\0probe\0" not in path.read_bytes()  # the linker has made one string of two
    assert len(read_binary_file(path).definitions) == 1


def test_a_value_is_read(require_headers: RequireHeaders, tmp_path: Path) -> None:
    (found,) = read_binary_file(built("slot-of-3.12", tmp_path, require_headers)).definitions
    assert [slot.value for slot in found.slots or ()][-1] == 2


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("bare-filled-in", id="at-run-time"),
        pytest.param("modexport", id="opaque"),
        pytest.param("bare-2.7", id="python-2"),
    ],
)
def test_no_definition(name: str, require_headers: RequireHeaders, tmp_path: Path) -> None:
    assert not read_binary_file(built(name, tmp_path, require_headers)).definitions


_LOOKALIKES = """
extern void PyModuleDef_Init(void *);
static const char *names[] = {"probe", "x.probe", "improbe", "probe"};
static long numbers[] = {0, 0, 0, 0, 0, 0, 0, 0};
void PyInit_probe(void) { PyModuleDef_Init(names); PyModuleDef_Init(numbers); }
"""


_OTHER_TABLES = """
static char text[] = "text that is no array of slots, whatever its numbers say";
static void *named[] = {(void *)1, 0, 0, 0, 0, "probe", 0, 0, 0, text};
static void *other[] = {(void *)1, 0, 0, 0, 0, "another", 0, 0, 0, text};
static long slots[] = {2, 1, 0, 0};
static void *filled[] = {(void *)1, 0, text, 0, 0, "another", 0, 0, 0, slots};
extern void PyModuleDef_Init(void *);
void PyInit_probe(void) {
    PyModuleDef_Init(named); PyModuleDef_Init(other); PyModuleDef_Init(filled);
}
"""


_SEVERAL = """
extern void PyModuleDef_Init(void *);
static long slots[] = {2, 1, 0, 0};
#define MODULE(name, count) \\
    static void *def_##name[] = {(void *)count, 0, 0, 0, 0, #name, 0, 0, 0, slots}; \\
    void PyInit_##name(void) { PyModuleDef_Init(def_##name); }
MODULE(third, 1) MODULE(first, 1) MODULE(second, 7)
"""


@pytest.mark.parametrize("order", [1, -1], ids=["rising", "falling"])
def test_each_module_of_a_file_has_its_own(order: int, tmp_path: Path) -> None:
    data = bytearray(compile_c(tmp_path / "probe.so", _SEVERAL).read_bytes())
    image = open_image(memoryview(bytes(data)))
    start, size = image.offset_of(DynamicTag.RELA), image.last(DynamicTag.RELASZ)
    records = [bytes(data[offset : offset + 24]) for offset in range(start, start + size, 24)]
    data[start : start + size] = b"".join(records[::order])
    for record in records:  # some linkers put what a relocation adds there too
        offset_of = ElfAddressSpace.of(image).offset(int.from_bytes(record[:8], "little"))
        if offset_of is not None:
            data[offset_of : offset_of + 8] = bytes(8)
    found = read_binary(bytes(data))
    # The header of the second one is unusual: it is found by its name.
    assert [each.module for each in found.definitions] == ["first", "second", "third"]
    assert {each.slots for each in found.definitions} == {(ModuleSlot(kind=2, value=1),)}


def test_tables_that_begin_alike_are_no_definitions(tmp_path: Path) -> None:
    assert not read_binary_file(compile_c(tmp_path / "probe.so", _OTHER_TABLES)).definitions


def test_names_without_a_header_are_no_definitions(tmp_path: Path) -> None:
    assert not read_binary_file(compile_c(tmp_path / "probe.so", _LOOKALIKES)).definitions


def test_every_damaged_word_is_read_or_refused(
    require_headers: RequireHeaders, tmp_path: Path
) -> None:
    data = built("slot-of-3.13", tmp_path, require_headers).read_bytes()
    found: set[tuple[ModuleDefinition, ...]] = set()
    for offset_of in range(0, len(data), 8):
        damaged = data[:offset_of] + b"\xff" * 8 + data[offset_of + 8 :]
        with suppress(UnreadableError):
            found.add(read_binary(damaged).definitions)
    assert len(found) > 1


@pytest.mark.parametrize(
    ("data", "free_threaded"),
    [
        pytest.param(pe_with_definition(), False, id="PE"),
        pytest.param(pe_with_definition(32), False, id="PE-32"),
        pytest.param(pe_with_definition(header=FREE_THREADED), True, id="PE-free-threaded"),
        pytest.param(pe_with_definition(32, FREE_THREADED_32), True, id="PE-32-free-threaded"),
        pytest.param(macho_with_definition(), False, id="Mach-O"),
        pytest.param(macho_with_definition(32), False, id="Mach-O-32"),
        pytest.param(macho_with_definition(header=FREE_THREADED), True, id="Mach-O-free-threaded"),
        pytest.param(macho_with_definition(kind=2, base=1 << 32), False, id="chained"),
        pytest.param(macho_with_definition(kind=6, base=1 << 32), False, id="chained-from-base"),
    ],
)
def test_definitions_of_other_formats(
    data: bytes,
    free_threaded: bool,  # noqa: FBT001 - a row of the table
) -> None:
    (found,) = read_binary(data).definitions
    assert (found.module, found.free_threaded, found.size) == ("probe", free_threaded, -1)
    assert [(slot.kind, slot.value) for slot in found.slots or ()] == [(2, 1), (4, 1)]


def test_pointers_of_an_unknown_kind_are_not_followed() -> None:
    assert not read_binary(macho_with_definition(kind=1)).definitions


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(pe_with_definition(), id="PE"),
        pytest.param(macho_with_definition(), id="Mach-O"),
        pytest.param(macho_with_definition(kind=6), id="chained"),
    ],
)
def test_every_damaged_word_of_other_formats_is_read_or_refused(data: bytes) -> None:
    found: set[tuple[ModuleDefinition, ...]] = set()
    for offset_of in range(0, len(data), 4):
        damaged = data[:offset_of] + b"\xff" * 4 + data[offset_of + 4 :]
        with suppress(UnreadableError):
            found.add(read_binary(damaged).definitions)
    assert len(found) > 1
