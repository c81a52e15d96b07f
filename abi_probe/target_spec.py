"""Make a target of the words for a runtime that is not here, from CPython's table of symbols."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from packaging.version import Version

from abi_probe.errors import DescriptionError
from abi_probe.model import Evidence, Format, Target
from abi_probe.platform_tags import glibc_of, platforms
from abi_probe.stable_abi import table_exports
from abi_probe.wheel_tags import runtime_abis, runtime_tags

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEXT: Final = re.compile(
    r"(?P<name>[a-z]+)?@?-?"
    r"(?P<major>[23])(?:\.(?P<minor>\d+)(?:\.(?P<micro>\d+))?|(?P<digits>\d+))"
    r"(?P<flags>[a-z]*)"
    r"(?:-(?P<platform>[a-z]\w+))?"
)
_NAMES: Final = {
    None: "cpython",
    "cp": "cpython",
    "cpython": "cpython",
    "python": "cpython",
    "py": "cpython",
    "pp": "pypy",
    "pypy": "pypy",
    "graalpy": "graalpy",
}
_FLAGS: Final = frozenset({"", "t", "d", "td"})
_FREE_THREADED_SINCE: Final = (3, 13)
_M_UNTIL: Final = (3, 7)  # the last version with `m` in its ABI (bpo-36707)
_U_UNTIL: Final = (3, 2)  # the last whose characters are of two widths (PEP 393); Linux has wide
# The first that tries names with a tag in them (PEP 3149), and on Windows (bpo-22980).
_TAGGED_SINCE: Final = (3, 2)
_TAGGED_ON_WINDOWS_SINCE: Final = (3, 5)
_KNOWN_SINCE: Final = (3,)  # the table has no names of 2.7
_DEBUG_LOADS_RELEASE: Final = (3, 8)  # bpo-36721
_ABI3T_SINCE: Final = (3, 15)  # PEP 803
# What may stand in the SOABI of other implementations, by version: of a runtime that is not here,
# nothing tells which. Later versions than the last one have what that one has.
_ABIS: Final[Mapping[str, Mapping[tuple[int, int], tuple[str, ...]]]] = {
    "pypy": {(3, 2): ("pp73",), (3, 11): ("pp73", "pp80"), (3, 12): ("pp80",)},
    "graalpy": {(3, 10): ("230", "231", "240"), (3, 11): ("241", "242"), (3, 12): ("250", "251")},
}

# How Linux distributions and CPython's configure write a machine in SOABI, by the machine's name.
_TRIPLETS: Final = {
    "x86_64": "x86_64-linux-gnu",
    "i686": "i386-linux-gnu",
    "aarch64": "aarch64-linux-gnu",
    "armv7l": "arm-linux-gnueabihf",
    "ppc64le": "powerpc64le-linux-gnu",
    "ppc64": "powerpc64-linux-gnu",
    "s390x": "s390x-linux-gnu",
    "riscv64": "riscv64-linux-gnu",
    "loongarch64": "loongarch64-linux-gnu",
}
# How PyPy writes a machine: as its compiler calls it, and older releases in other ways. It names
# the C library `gnu` on musl too. Read off wheels of argon2-cffi-bindings, pydantic-core, rpds-py.
_PYPY_TRIPLETS: Final = {
    "i686": ("x86-linux-gnu", "i686-linux-gnu", "i386-linux-gnu"),
    "aarch64": ("aarch64-linux-gnu", "linux-gnu"),
    "armv7l": ("arm-linux-gnu",),
    "ppc64le": ("ppc_64-linux-gnu",),
}
_NARROW: Final = frozenset({"i686", "armv7l", "win32", "wasm32"})  # with pointers of 32 bits
# Windows: what wheel tags call a machine, and what a PE header's machine is called here.
_WINDOWS: Final = {"win_amd64": "amd64", "win32": "win32", "win_arm64": "arm64"}
# What people mean who write a platform that is none.
_LIKE: Final = (
    "win_amd64",
    "win32",
    "macosx_11_0_arm64",
    "macosx_11_0_x86_64",
    "manylinux_2_28_x86_64",
    "musllinux_1_2_aarch64",
    "linux_x86_64",
    "pyemscripten_2026_0_wasm32",
)
_MUSL: Final = re.compile(r"musllinux_(\d+)_(\d+)_(\w+)")
_GLIBC: Final = re.compile(r"manylinux(?:\d{4}|1|_\d+_\d+)_(\w+)")
_LIBC: Final = re.compile(r"((?:manylinux|musllinux)_\d+_\d+_)\w+")
_WASM: Final = re.compile(r"(?:pyemscripten_\d+_\d+|emscripten_\d+_\d+_\d+)_wasm32")
_MAC: Final = re.compile(r"macosx_(\d+)_(\d+)_(x86_64|arm64)")


_MUSL_SINCE = (3, 11)  # bpo-43112: a SOABI of its own; read off musllinux wheels of 3.7 to 3.12


class _Machine(Struct, frozen=True, kw_only=True):
    """A system and machine, as its wheels' platform tag names them.

    Attributes:
        format: of the files that are loaded there.
        machine: as in `Binary.machines`.
        triplet: what stands for them in a file name.
        system: what `sysconfig.get_platform()` says there.
        libc: as in `Target.libc`.
    """

    format: Format
    machine: str
    triplet: str
    system: str
    libc: tuple[str, tuple[int, ...]] | None = None


def describe(text: str, *, platform: str) -> Target:
    """Return a runtime that is not here, as far as its version and build say what it gives.

    Args:
        text: a version, `3.16`; with its build, `3.14t`, `3.13d`; with a name, `cp39`,
            `pypy3.11`, `graalpy3.12`; with the platform of its wheels, `3.14t-win_amd64`,
            `cp39-musllinux_1_2_aarch64`.
        platform: of wheels, where the text names none. Its C library is also that of
            `linux_x86_64` and the like, which name none.

    Returns:
        A target whose evidence is the table. A version that is newer than the table is taken to
        export what the newest one there exports and what the stable ABI promises for it; what a
        PyPy exports is not known.

    Raises:
        DescriptionError: it describes nothing that there can be.
    """
    match = _TEXT.fullmatch(text.strip().lower())
    if match is None:
        raise DescriptionError(
            f"describes no runtime: {text!r} (such as 3.16, 3.14t-win_amd64,"
            " cp39-musllinux_1_2_aarch64)"
        )
    minor = int(match["minor"] or match["digits"])
    version = (int(match["major"]), minor)
    implementation = _NAMES.get(match["name"])
    if implementation is None:
        raise DescriptionError(f"describes no runtime: {text!r} (cpython, pypy, graalpy are known)")
    flags = "".join(sorted(match["flags"], reverse=True))  # as `td` in a SOABI
    _check_flags(text, implementation, version, flags)
    named = match["platform"] or platform
    if named.startswith("linux_") and (libc := _LIBC.fullmatch(platform)):
        named = libc[1] + named.removeprefix("linux_")
    micro = f".{match['micro']}" if match["micro"] else ""
    return _target(implementation, version, f"{version[0]}.{version[1]}{micro}", flags, named)


def _check_flags(text: str, implementation: str, version: tuple[int, int], flags: str) -> None:
    """Refuse letters that no build of that version has."""
    if flags not in _FLAGS or (flags and implementation != "cpython"):
        raise DescriptionError(f"describes no build: {text!r} (t is free-threaded, d is debug)")
    if "t" in flags and version < _FREE_THREADED_SINCE:
        raise DescriptionError(f"describes no build: {text!r} (free-threaded from 3.13 on)")


def _target(
    implementation: str, version: tuple[int, int], written: str, flags: str, platform: str
) -> Target:
    """Return the target of parts that fit each other."""
    machine = _machine(platform)
    debug, free_threaded = "d" in flags, "t" in flags
    # Of a version that has builds with UCS-2 and with UCS-4 (`u`), nothing tells which is meant.
    letters = [*flags, *_older_letters(implementation, version, machine)]
    soabis = _soabis(implementation, version, machine)
    return Target(
        name=f"{implementation}-{written}{flags}-{platform}",
        implementation=implementation,
        version=Version(written),
        tags=runtime_tags(
            implementation,
            version,
            tuple(
                abi
                for soabi in soabis or (None,)
                for build in (letters, [each for each in letters if each != "u"])
                for abi in runtime_abis(implementation, version, build, soabi)
            ),
            platforms(machine.system, machine.machine, machine.libc),
        ),
        suffixes=tuple(  # the other implementations try no other
            f".{soabi}{'.pyd' if machine.format is Format.PE else '.so'}" for soabi in soabis
        )
        or _suffixes(version, "".join(letters), machine),
        debug=debug,
        free_threaded=free_threaded,
        format=machine.format,
        machine=machine.machine,
        bits=32 if machine.machine in _NARROW else 64,
        libc=machine.libc,
        exports=(
            table_exports(
                version,
                debug=debug,
                free_threaded=free_threaded,
                windows=machine.format is Format.PE,
            )
            if implementation == "cpython" and version >= _KNOWN_SINCE
            else None
        ),
        evidence=Evidence.TABLE,
    )


def suffixes_of(version: tuple[int, int], flags: str, platform: str) -> tuple[str, ...]:
    """Return the suffixes of extension files that a build of CPython tries, in its order.

    Args:
        version: of the language.
        flags: `t` for free-threaded, `d` for debug.
        platform: of its wheels.

    Raises:
        DescriptionError: no such platform is known.
    """
    machine = _machine(platform)
    letters = "".join([*flags, *_older_letters("cpython", version, machine)])
    return _suffixes(version, letters, machine)


def _soabis(implementation: str, version: tuple[int, int], machine: _Machine) -> tuple[str, ...]:
    """Return the SOABIs that another implementation may have, none for CPython."""
    known = _ABIS.get(implementation, {})
    older = [since for since in known if since <= version]
    digits = f"{version[0]}{version[1]}"
    marks = known[max(older)] if older else ()
    if implementation == "pypy" and version < (3,):
        return ("pypy-73",)  # as in the wheels of pycryptodome
    if implementation == "pypy":
        usual = machine.triplet.replace("-musl", "-gnu")
        triplets = _PYPY_TRIPLETS.get(machine.machine, (usual,)) if "-linux-" in usual else (usual,)
        return tuple(f"pypy{digits}-{mark}-{each}" for mark in marks for each in triplets)
    triplet = machine.triplet.removesuffix("-gnu")
    return tuple(f"graalpy{mark}-{digits}-native-{triplet}" for mark in marks)


def _older_letters(implementation: str, version: tuple[int, int], machine: _Machine) -> str:
    """Return the letters that older versions of CPython have in their ABI, whatever the build."""
    if implementation != "cpython" or version > _M_UNTIL:
        return ""
    return "mu" if version <= _U_UNTIL and machine.format is Format.ELF else "m"


def _machine(platform: str) -> _Machine:
    """Return what a platform tag of wheels stands for.

    Raises:
        DescriptionError: no such platform is known.
    """
    if machine := _WINDOWS.get(platform):
        system = platform.replace("_", "-")
        return _Machine(format=Format.PE, machine=machine, triplet=platform, system=system)
    if match := _MAC.fullmatch(platform):
        system = f"macosx-{match[1]}.{match[2]}-{match[3]}"
        return _Machine(format=Format.MACHO, machine=match[3], triplet="darwin", system=system)
    if _WASM.fullmatch(platform):
        wasm = "wasm32-emscripten"
        return _Machine(format=Format.WASM, machine="wasm32", triplet=wasm, system=platform)
    libc: tuple[str, tuple[int, ...]] | None = None
    machine = platform.removeprefix("linux_")
    if match := _MUSL.fullmatch(platform):
        libc, machine = ("musl", (int(match[1]), int(match[2]))), match[3]
    elif (glibc := glibc_of(platform)) and (match := _GLIBC.fullmatch(platform)):
        libc, machine = ("glibc", glibc), match[1]
    triplet = _TRIPLETS.get(machine)
    if triplet is None:
        from difflib import get_close_matches  # 3 ms, for a word that means nothing

        near = get_close_matches(platform, _LIKE, n=1, cutoff=0.5)
        raise DescriptionError(
            f"not the platform of a wheel: {platform!r} ("
            + (f"did you mean {near[0]!r}?" if near else f"such as {', '.join(_LIKE)}")
            + ")"
        )
    if libc is not None and libc[0] == "musl":
        triplet = triplet.replace("-gnu", "-musl")
    system = f"linux-{machine}"
    return _Machine(format=Format.ELF, machine=machine, triplet=triplet, system=system, libc=libc)


def _suffixes(version: tuple[int, int], letters: str, machine: _Machine) -> tuple[str, ...]:
    """Return the suffixes that a build of CPython tries, in its order.

    Source: CPython's `Python/dynload_shlib.c` and `Python/dynload_win.c`; bpo-36721 for debug
    builds; PEP 803 for abi3t.
    """
    digits = f"{version[0]}{version[1]}"
    if version < _TAGGED_SINCE and machine.format is not Format.PE:
        return ".so", "module.so"
    if machine.format is Format.PE:
        free_threaded = "t" * ("t" in letters)
        mark = "_d" if "d" in letters else ""
        if version < _TAGGED_ON_WINDOWS_SINCE:
            return (f"{mark}.pyd",)
        return f"{mark}.cp{digits}{free_threaded}-{machine.triplet}.pyd", f"{mark}.pyd"
    own = [letters]
    if "d" in letters and version >= _DEBUG_LOADS_RELEASE:
        own.append(letters.replace("d", ""))
    stable = ["abi3"] if "t" not in letters or version < _ABI3T_SINCE else []
    if version >= _ABI3T_SINCE:
        stable.append("abi3t")
    triplets = [machine.triplet]
    if version < _MUSL_SINCE and "-musl" in machine.triplet:
        # Those built from CPython's sources; Alpine's own have its patch, and the triplet of musl.
        triplets.insert(0, machine.triplet.replace("-musl", "-gnu"))
    tagged = [f".cpython-{digits}{each}-{triplet}.so" for triplet in triplets for each in own]
    # From 3.15 on a file of a stable ABI may name its platform.
    named = (f"-{machine.triplet}", "") if version >= _ABI3T_SINCE else ("",)
    return (*tagged, *(f".{abi}{triplet}.so" for abi in stable for triplet in named), ".so")
