"""Small wheels to probe, good and broken, with names that mean harm."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tests.abi_probe.elf_bytes import EXTENSION, Symbol, elf
from tests.abi_probe.macho_bytes import bind, macho, trie
from tests.abi_probe.pe_bytes import ADDRESS, Blob, export_table, import_table, pe

if TYPE_CHECKING:
    from pathlib import Path

HERE = "3.11-manylinux_2_36_x86_64"
"""A runtime in words: most tests need none that is installed."""
OTHER = "3.13t-manylinux_2_36_x86_64"
TAG = "cp38-abi3-manylinux_2_17_x86_64"
GOOD = f"spam-1.0-{TAG}.whl"
BROKEN_PROMISE = f"liar-1.0-{TAG}.whl"
# What a terminal, a log, HTML, Markdown or a URI would take for its own.
HOSTILE = "a\n::error::b\x1b[31m<img src=x onerror=alert(1)>|`*[c](d)%0A\u202e,:\udcff"


def module(*needs: str, name: str = "spam") -> bytes:
    """Return the bytes of a module for x86_64 Linux that needs some names of CPython."""
    symbols = [Symbol(name=each) for each in needs]
    symbols.append(Symbol(name=f"PyInit_{name}", section=7))
    return elf(replace(EXTENSION, symbols=tuple(symbols), texts=(), needs=(), definitions=()))


def mac_module(*needs: str, name: str = "spam") -> bytes:
    """Return the bytes of a module for macOS on arm64 that needs some names of CPython."""
    bound = b"".join(bind(f"_{each}", -2) for each in needs)
    return macho(bind=bound + bytes(4), trie=trie(f"_PyInit_{name}"))


def windows_module(*needs: str, name: str = "spam", library: str = "python3.dll") -> bytes:
    """Return the bytes of a module for 64-bit Windows that needs some names of CPython."""
    blob = Blob()
    exports = export_table(blob, f"{name}.pyd", {f"PyInit_{name}": ADDRESS})
    return pe(blob, {0: exports, 1: import_table(blob, {library: needs})})


def write_wheel(folder: Path, filename: str, *needs: str, **members: bytes) -> Path:
    """Write a wheel with one module of the distribution's name.

    Args:
        folder: where.
        filename: of the wheel; its parts say name, version and tag.
        needs: names of CPython that the module needs.
        members: contents of further files, by their names.
    """
    name, version, tag = filename.removesuffix(".whl").split("-", 2)
    info = f"{name}-{version}.dist-info"
    made = {"win": windows_module, "mac": mac_module}.get(tag.split("-")[2][:3], module)
    suffix = ".abi3t.so" if "abi3t" in tag else ".abi3.so"
    files = {
        f"{name}{'.pyd' if made is windows_module else suffix}": made(*needs, name=name),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nTag: {tag}\n".encode(),
        **members,
    }
    files[f"{info}/RECORD"] = "".join(
        f'"{path}",,\n' for path in (*files, f"{info}/RECORD")
    ).encode()
    with zipfile.ZipFile(folder / filename, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return folder / filename


def write_good(folder: Path) -> Path:
    """Write a wheel that keeps what its tag promises."""
    return write_wheel(folder, GOOD, "PyList_New")


def write_liar(folder: Path) -> Path:
    """Write a wheel that needs a name outside the stable ABI."""
    return write_wheel(folder, BROKEN_PROMISE, "PyList_New", "_PyList_Extend")


def install(folder: Path, wheel: Path) -> Path:
    """Unpack a wheel of ours into a folder of packages."""
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            archive.extract(name, folder)
    return folder
