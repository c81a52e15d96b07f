"""Name the platforms of a runtime in the words of wheel tags, best first."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from abi_probe.model import Format

if TYPE_CHECKING:
    from collections.abc import Iterator

    from abi_probe.model import Binary

# Names of manylinux before PEP 600, by the glibc that each stands for (PEP 513, 571, 599).
_LEGACY = {(2, 17): "manylinux2014", (2, 12): "manylinux2010", (2, 5): "manylinux1"}
# The oldest glibc of a manylinux policy: CentOS 5 on Intel, CentOS 7 elsewhere (PEP 600).
_OLDEST_INTEL = (2, 5)
_OLDEST_ELSEWHERE = (2, 17)
# What the first machine runs besides its own files, in the words of macOS wheel tags.
_MAC_MACHINES = {"arm64": "arm64", "x86_64": "x86_64", "aarch64": "arm64", "amd64": "x86_64"}


def linux_platforms(machine: str, libc: tuple[str, tuple[int, ...]] | None) -> Iterator[str]:
    """Yield the Linux platforms whose wheels a runtime accepts.

    Args:
        machine: the interpreter's own machine, `x86_64`.
        libc: name and version of its C library; None yields only the bare `linux_` platform.

    Source: PEP 600 (manylinux), PEP 656 (musllinux); the order is that of `packaging.tags`.
    """
    yield f"linux_{machine}"
    if libc is not None and len(libc[1]) > 1:  # else its version is not known
        name, (major, minor, *_) = libc
        if name == "glibc":
            intel = machine in {"x86_64", "i686"}
            oldest = _OLDEST_INTEL if intel else _OLDEST_ELSEWHERE
            for older in range(minor, oldest[1] - 1, -1):
                yield f"manylinux_{major}_{older}_{machine}"
                if (major, older) in _LEGACY:
                    yield f"{_LEGACY[major, older]}_{machine}"
        elif name == "musl":
            for older in range(minor, -1, -1):
                yield f"musllinux_{major}_{older}_{machine}"


def platforms(
    tag: str,
    machine: str,
    libc: tuple[str, tuple[int, ...]] | None,
    *,
    pyemscripten: str | None = None,
) -> tuple[str, ...]:
    """Return the platforms of wheels that a runtime accepts, best first.

    Args:
        tag: `sysconfig.get_platform()` of the runtime: `linux-x86_64`, `macosx-11.0-arm64`,
            `win-amd64`, `emscripten-4.0.9-wasm32`.
        machine: the interpreter's own machine.
        libc: as in `linux_platforms`.
        pyemscripten: the version of the platform for WebAssembly (PEP 783), None elsewhere.
    """
    if tag.startswith("linux"):
        return tuple(linux_platforms(machine, libc))
    if tag.startswith("macosx-"):
        from packaging.tags import mac_platforms  # 29 ms, wanted on one system only

        _, system, architecture = tag.split("-", 2)
        major, _, minor = system.partition(".")
        wanted = _MAC_MACHINES.get(machine, architecture)
        return tuple(mac_platforms((int(major), int(minor or 0)), wanted))
    own = (f"pyemscripten_{pyemscripten}_wasm32",) if pyemscripten else ()
    return (*own, tag.replace("-", "_").replace(".", "_"))


def glibc_of(platform: str) -> tuple[int, int] | None:
    """Return the glibc that a manylinux platform asks for, None for any other platform."""
    for version, legacy in _LEGACY.items():
        if platform.startswith(f"{legacy}_"):
            return version
    parts = platform.split("_", 3)
    if parts[0] == "manylinux" and len(parts) == 4 and parts[1].isdigit() and parts[2].isdigit():  # noqa: PLR2004 - manylinux, major, minor, machine
        return int(parts[1]), int(parts[2])
    return None


def family(platform: str) -> str:
    """Return the system that a platform tag names: `glibc`, `musl`, `macos`, `windows`, ...

    `linux_x86_64` is `linux`: such a wheel does not say which C library it was linked to.
    """
    for prefix, name in (
        ("manylinux", "glibc"),
        ("musllinux", "musl"),
        ("linux", "linux"),
        ("macosx", "macos"),
        ("win", "windows"),
        ("any", "any"),
    ):
        if platform.startswith(prefix):
            return name
    return platform


MAC_FAT: Final = {
    "universal2": frozenset({"x86_64", "arm64"}),
    "universal": frozenset({"x86_64", "i386", "ppc", "ppc64"}),
    "intel": frozenset({"x86_64", "i386"}),
    "fat64": frozenset({"x86_64", "ppc64"}),
}
"""The machines that the fat files of macOS have code for."""

_MACOS: Final = re.compile(r"macosx_(\d+)_(\d+)_(\w+)")
_IOS: Final = re.compile(r"ios_\d+_\d+_(x86_64|arm64)_\w+")
_ANDROID: Final = re.compile(r"android_\d+_(\w+)")
_LINUX: Final = re.compile(
    r"(?:manylinux(?:1|2010|2014|_\d+_\d+)|musllinux_(\d+)_(\d+)|linux)_(\w+)"
)
_ANDROID_MACHINES: Final = {"arm64_v8a": "aarch64", "armeabi_v7a": "armv7l", "x86": "i686"}
_ARM: Final = {"armv6l": "armv7l", "armv8l": "armv7l"}  # one kind of ELF file
_WINDOWS: Final = {"win32": "win32", "win_amd64": "amd64", "win_arm64": "arm64"}
_BIG_SUR: Final = (10, 16)  # another name of macOS 11


class PlatformClaim(Struct, frozen=True, kw_only=True):
    """What a platform tag of a wheel promises.

    Attributes:
        tag: the tag.
        system: what file names of modules depend on: all of it but the version of a C library.
        format: of the files.
        machines: all of them are served.
        libc: the oldest C library that will do; None where none is named.
        macos: the oldest macOS that will do; None for other systems.
    """

    tag: str
    system: str
    format: Format
    machines: frozenset[str]
    libc: tuple[str, tuple[int, ...]] | None = None
    macos: tuple[int, ...] | None = None

    @property
    def oldest(self) -> tuple[tuple[int, ...], str]:
        """The oldest version that is promised, for sorting the strictest first."""
        return (self.libc[1] if self.libc else self.macos or ()), self.tag

    def runs_on(self, binary: Binary) -> bool:
        """Return whether a file has code for a machine of the tag."""
        return not self.machines.isdisjoint(binary.machines)


def promised(platform: str) -> PlatformClaim | None:
    """Return what a platform tag promises; None for `any` and for platforms that are not known.

    Source: PEP 425, 600, 656, 730 and 738.
    """
    if machine := _WINDOWS.get(platform):
        return _promised(platform, platform, Format.PE, machine)
    if match := _MACOS.fullmatch(platform):
        version = (int(match[1]), int(match[2]))
        return PlatformClaim(
            tag=platform,
            system="macos",
            format=Format.MACHO,
            machines=MAC_FAT.get(match[3], frozenset({match[3]})),
            macos=macos_in_tags(version),
        )
    if match := _IOS.fullmatch(platform):
        return _promised(platform, "ios", Format.MACHO, match[1])
    if match := _ANDROID.fullmatch(platform):
        machine = _ANDROID_MACHINES.get(match[1], match[1])
        return _promised(platform, f"android-{machine}", Format.ELF, machine)
    if match := _LINUX.fullmatch(platform):
        machine = _ARM.get(match[3], match[3])
        libc: tuple[str, tuple[int, ...]] | None = None
        if match[1]:
            libc = ("musl", (int(match[1]), int(match[2])))
        elif glibc := glibc_of(platform):
            libc = ("glibc", glibc)
        system = f"{libc[0] if libc else 'linux'}-{machine}"
        return _promised(platform, system, Format.ELF, machine, libc)
    return None


def macos_in_tags(version: tuple[int, ...]) -> tuple[int, int]:
    """Return a version of macOS as tags name it: from 11 on they have the major version alone."""
    if version[:2] == _BIG_SUR:
        return 11, 0
    return version[0], version[1] if version[0] < 11 and len(version) > 1 else 0  # noqa: PLR2004


def _promised(
    tag: str,
    system: str,
    container: Format,
    machine: str,
    libc: tuple[str, tuple[int, ...]] | None = None,
) -> PlatformClaim:
    """Return a promise for one machine."""
    machines = frozenset({machine})
    return PlatformClaim(tag=tag, system=system, format=container, machines=machines, libc=libc)
