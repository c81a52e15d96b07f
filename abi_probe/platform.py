"""Name the platforms of a runtime in the words of wheel tags, best first."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def platforms(tag: str, machine: str, libc: tuple[str, tuple[int, ...]] | None) -> tuple[str, ...]:
    """Return the platforms of wheels that a runtime accepts, best first.

    Args:
        tag: `sysconfig.get_platform()` of the runtime: `linux-x86_64`, `macosx-11.0-arm64`,
            `win-amd64`, `emscripten-4.0.9-wasm32`.
        machine: the interpreter's own machine.
        libc: as in `linux_platforms`.
    """
    if tag.startswith("linux"):
        return tuple(linux_platforms(machine, libc))
    if tag.startswith("macosx-"):
        from packaging.tags import mac_platforms  # 29 ms, wanted on one system only

        _, system, architecture = tag.split("-", 2)
        major, _, minor = system.partition(".")
        wanted = _MAC_MACHINES.get(machine, architecture)
        return tuple(mac_platforms((int(major), int(minor or 0)), wanted))
    return (tag.replace("-", "_").replace(".", "_"),)


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
