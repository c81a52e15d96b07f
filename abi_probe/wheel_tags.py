"""Compute the wheel tags of a runtime from its own facts, and say what parts two tags."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from abi_probe.build_kind import serving_build
from abi_probe.platform_tags import MAC_FAT, family, glibc_of
from abi_probe.tags import AcceptedTags

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from abi_probe.model import Target
    from abi_probe.tags import Tag

# PEP 425 short names; an implementation without one writes its own name.
_SHORT = {"cpython": "cp", "pypy": "pp", "ironpython": "ip", "jython": "jy"}
_LONG = {short: name for name, short in _SHORT.items()}
_MAC = re.compile(r"macosx_(\d+)_(\d+)_(\w+)")
# How many parts of its SOABI an implementation's ABI has; that of any other has them all.
_ABI_PARTS = {"pypy": 2, "graalpy": 3}
_FREE_THREADED = re.compile(r"cp\d+d?t")
_STABLE_SINCE = (3, 2)  # PEP 384; of free-threaded builds PEP 803
# Before 3.8 a debug build could not load a release's extensions (bpo-36721).
_DEBUG_LOADS_RELEASE = (3, 8)


def runtime_abis(
    implementation: str, version: tuple[int, int], flags: Sequence[str], soabi: str | None
) -> tuple[str, ...]:
    """Return the ABI tags that a runtime can load besides the stable ones, best first.

    Args:
        implementation: `cpython`, `pypy`...
        version: of the language, major and minor.
        flags: ABI letters in the order of wheel tags.
        soabi: `sysconfig`'s SOABI, which names the ABI of every other implementation.

    Source: `packaging.tags`, `_cpython_abis` and `_generic_abi`, which ask the running interpreter.
    """
    digits = f"{version[0]}{version[1]}"
    if implementation == "cpython":
        own = f"cp{digits}{''.join(flags)}"
        if "d" in flags and version >= _DEBUG_LOADS_RELEASE:
            release = "".join(flag for flag in flags if flag != "d")
            return own, f"cp{digits}{release}"
        return (own,)
    if soabi is None:
        return ()
    family, *parts = soabi.split("-")
    if family == "cpython" and parts:
        return (f"cp{parts[0]}",)
    kept = next((count for name, count in _ABI_PARTS.items() if family.startswith(name)), None)
    return (re.sub(r"[.\- ]", "_", "-".join([family, *parts][:kept])),)


def runtime_tags(
    implementation: str, version: tuple[int, int], abis: Sequence[str], platforms: Sequence[str]
) -> AcceptedTags:
    """Return every wheel tag that a runtime accepts, best first.

    Args:
        implementation: as in `runtime_abis`.
        version: of the language, major and minor.
        abis: from `runtime_abis`.
        platforms: from `abi_probe.platform_tags.platforms`.

    Source: `packaging.tags`, `cpython_tags`, `generic_tags` and `compatible_tags`, which make each
    tag by itself: 3 ms where the rows take none, and 9 for the import.
    """
    every, interpreter = tuple(platforms), _interpreter(implementation, version)
    rows = [(interpreter, abi, every) for abi in abis]
    older = range(version[1] - 1, 1, -1)  # of Python 3, from 3.2 on
    stable = "abi3t" if any(_FREE_THREADED.match(abi) for abi in abis) else "abi3"
    if implementation == "cpython" and version >= _STABLE_SINCE:
        rows.append((interpreter, stable, every))
        rows.append((interpreter, "none", every))
        rows += [(f"cp{version[0]}{minor}", stable, every) for minor in older]
    else:
        rows.append((interpreter, "none", every))
    pythons = [f"py{version[0]}{minor}" for minor in range(version[1], -1, -1)]
    pythons.insert(1, f"py{version[0]}")
    rows += [(python, "none", every) for python in pythons]
    # Of other implementations, only PyPy accepts pure wheels of its own, and of any version.
    if implementation in {"cpython", "pypy"}:
        pure = interpreter if implementation == "cpython" else "pp3"
        rows.append((pure, "none", ("any",)))
    rows += [(python, "none", ("any",)) for python in pythons]
    return AcceptedTags(rows=tuple(rows))


def _interpreter(implementation: str, version: tuple[int, int]) -> str:
    return f"{_SHORT.get(implementation, implementation)}{version[0]}{version[1]}"


class TagDifference(Struct, frozen=True, kw_only=True):
    """What keeps one wheel tag from a runtime.

    Attributes:
        tag: the wheel's tag.
        part: `implementation`, `version`, `floor`, `abi` or `platform`; the first that differs.
        need: the beginning of a clause, the same on every runtime that it parts from the tag.
        here: its end, which says what this runtime is.
        help: which wheel would fit.
        distance: 0 is nearest; for choosing which of many tags to speak of.
    """

    tag: Tag
    part: str
    need: str
    here: str
    help: str
    distance: int

    @property
    def detail(self) -> str:
        """One clause in plain words."""
        return self.need + self.here


def differences(tags: Iterable[Tag], target: Target) -> list[TagDifference]:
    """Return what parts each of a wheel's tags from a runtime, nearest first.

    Returns an empty list when one of them fits.
    """
    wanted = list(tags)
    if any(tag in target.tags for tag in wanted):
        return []
    found = [_difference(tag, target) for tag in wanted]
    return sorted(found, key=lambda difference: (difference.distance, str(difference.tag)))


def _difference(tag: Tag, target: Target) -> TagDifference:
    """Return what parts one tag from a runtime; the caller knows that it does not fit."""
    checks = _parts(tag, target)
    distance = 0
    first: tuple[str, str, str] | None = None
    for weight, *texts in checks:
        distance += weight
        first = first or (texts[0], texts[1], texts[2])
    part, need, here = first or ("abi", f"{tag} is not accepted", f" by {target.name}")
    helps = _help(part, tag, target)
    return TagDifference(tag=tag, part=part, need=need, here=here, help=helps, distance=distance)


def _help(part: str, tag: Tag, target: Target) -> str:
    """Say which wheel would fit, by the first part that differs."""
    match part:
        case "floor":
            return "a wheel with a lower floor, or a newer Python"
        case "platform" if glibc_of(tag.platform) and target.libc and target.libc[0] == "glibc":
            glibc = ".".join(map(str, target.libc[1]))
            return f"a wheel for {target.machine}, built on glibc {glibc} or older"
        case "platform":
            kinds = sorted({family(each) for each in target.tags.platforms} - {"any", "linux"})
            return f"a wheel for {' or '.join(kinds) or 'linux'} on {target.machine}"
        case _:
            return serving_build(target)


def _parts(tag: Tag, target: Target) -> Iterator[tuple[int, str, str, str]]:
    """Yield weight, part, need and what is here of every part of a tag that does not fit."""
    short, digits = _split(tag.interpreter)
    if short != "py" and short != _SHORT.get(target.implementation, target.implementation):
        yield 8, "implementation", f"built for {_long(short)}", f", this is {_long_of(target)}"
    else:
        yield from _version_part(tag, short, digits, target)
    yield from _platform_part(tag.platform, target)


def _version_part(
    tag: Tag, short: str, digits: str, target: Target
) -> Iterator[tuple[int, str, str, str]]:
    """Yield what is wrong with the version or ABI of a tag of the right implementation."""
    version = (target.version.major, target.version.minor)
    wanted = _version(digits)
    dotted = ".".join(str(part) for part in wanted)
    if tag.abi in {"abi3", "abi3t"}:
        if (tag.abi == "abi3") is target.free_threaded:
            build = "free-threaded builds" if target.free_threaded else "builds with a GIL"
            yield 4, "abi", f"{tag.abi} does not load on {build}", ""
        if wanted > version:
            yield 2, "floor", f"{tag.interpreter}-{tag.abi} needs {dotted} or newer", ""
    elif wanted[:1] != version[:1] or (len(wanted) > 1 and short != "py" and wanted != version):
        here = f", this is {_long_of(target)}"
        yield 3, "version", f"built for {_long(short)} {dotted} only", here
    elif short == "py" and wanted > version:
        yield 2, "floor", f"{tag.interpreter} needs {dotted} or newer", ""
    elif tag.abi != "none" and tag.abi not in target.tags.abis:
        yield 2, "abi", *_abi_text(tag.abi, target)


def _abi_text(abi: str, target: Target) -> tuple[str, str]:
    """Say how the build that an ABI tag is for differs from the runtime's build."""
    letters = abi.lstrip("cp0123456789_y")
    if abi.startswith("cp"):
        if ("t" in letters) is not target.free_threaded:
            this = "free-threaded" if target.free_threaded else "built with a GIL"
            other = "free-threaded builds" if "t" in letters else "builds with a GIL"
            return f"{abi} is for {other}", f", this one is {this}"
        if "d" in letters and not target.debug:
            return f"{abi} is for debug builds", ", this is a release build"
    own = next((abi for _, abi, _ in target.tags.rows), "none")
    return f"built for the ABI {abi}", f", this runtime has {own}"


def _platform_part(platform: str, target: Target) -> Iterator[tuple[int, str, str, str]]:
    """Yield what is wrong with the platform of a tag."""
    accepted = target.tags.platforms
    if platform == "any" or platform in accepted:
        return
    kind = family(platform)
    if kind not in map(family, accepted - {"any"}):
        yield 6, "platform", f"built for {kind} ({platform})", f", this is {target.name}"
    elif (newer := _newer_macos(platform, target)) is not None:
        yield 1, "platform", f"needs macOS {newer} or newer", ""
    elif not platform.endswith(target.machine):
        yield 5, "platform", f"built for {platform}", f", this machine is {target.machine}"
    elif (glibc := glibc_of(platform)) is not None and target.libc is not None:
        have = ".".join(str(part) for part in target.libc[1])
        needs = f"needs glibc {glibc[0]}.{glibc[1]}"
        yield 1, "platform", needs, f", this runtime has {have}"
    else:
        yield 1, "platform", f"built for {platform}", ""


def _newer_macos(platform: str, target: Target) -> str | None:
    """Return the macOS that a tag asks for, if it has code for the machine of a runtime there."""
    match = _MAC.fullmatch(platform)
    if match is None:
        return None
    fits = target.machine in MAC_FAT.get(match[3], {match[3]})
    return f"{match[1]}.{match[2]}" if fits else None


def _split(interpreter: str) -> tuple[str, str]:
    """Split `cp311` into `cp` and `311`."""
    short = interpreter.rstrip("0123456789")
    return short, interpreter[len(short) :]


def _version(digits: str) -> tuple[int, ...]:
    """Return (3, 11) for `311`, (3,) for `3`, () for nothing."""
    if not digits:
        return ()
    return (int(digits[0]),) if len(digits) == 1 else (int(digits[0]), int(digits[1:]))


def _long(short: str) -> str:
    """Return the name of an implementation for people."""
    names = {"cpython": "CPython", "pypy": "PyPy", "jython": "Jython", "ironpython": "IronPython"}
    name = _LONG.get(short, short)
    return "Python" if name == "py" else names.get(name, name)


def _long_of(target: Target) -> str:
    """Name a runtime's implementation, version and build for people."""
    short = _SHORT.get(target.implementation, target.implementation)
    flags = "t" * target.free_threaded + "d" * target.debug
    return f"{_long(short)} {target.version.major}.{target.version.minor}{flags}"
