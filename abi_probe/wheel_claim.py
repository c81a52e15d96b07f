"""Check that the files of a wheel keep what its tags and its WHEEL record promise."""

from __future__ import annotations

import functools
import re
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from abi_probe.errors import DescriptionError
from abi_probe.libc import newest_glibc, newest_musl, other_libc
from abi_probe.model import ClaimKind, Format
from abi_probe.module_lookup import lookup_modules
from abi_probe.platform_tags import PlatformClaim, macos_in_tags, promised
from abi_probe.stable_abi import newest_release
from abi_probe.target_spec import suffixes_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import PurePosixPath

    from abi_probe.model import Artifact, Binary
    from abi_probe.tags import Tag

_CPYTHON: Final = re.compile(r"cp(\d)(\d+)")
_ABI: Final = re.compile(r"cp(\d)(\d+)([a-z]*)")
_PYPY: Final = re.compile(r"pp(\d)(\d+)")
_ANY_PYTHON: Final = re.compile(r"py3(\d*)")
_OLDEST_DESCRIBED: Final = 6  # the oldest 3.x whose exports the table has
_MAC_MACHINES: Final = frozenset({"x86_64", "arm64"})
_STABLE_CLAIMS: Final = {ClaimKind.ABI3, ClaimKind.ABI3T, ClaimKind.ABI3_ABI3T}
_STABLE_ABIS: Final = frozenset({"abi3", "abi3t"})
_ABI3T_SINCE: Final = (3, 15)  # PEP 803
_ARM64_SINCE: Final = (11, 0)  # the first macOS for that machine


class PromiseKind(StrEnum):
    """What a wheel promises and does not keep."""

    GLIBC = "glibc"  # a file needs a newer glibc than the tag names
    MUSL = "musl"
    LIBC = "libc"  # a file is built for the other C library
    MACHINE = "machine"
    MACOS = "macos"
    SUFFIX = "suffix"  # a version that the tag names does not find a module
    FILE_NAME = "file-name"  # a file named for the stable ABI under a version's tag
    PURELIB = "purelib"  # files for one platform in a wheel for all
    WHEEL_RECORD = "wheel-record"  # the WHEEL record has other tags than the file name


class BrokenPromise(Struct, frozen=True, kw_only=True):
    """One promise of a wheel that its files do not keep.

    Attributes:
        kind: what is promised.
        path: the file that breaks it; None when the records contradict each other.
        promise: the tag, or the line of the WHEEL record, that promises.
        need: what the file needs, or for what it is built.
    """

    kind: PromiseKind
    path: str | None
    promise: str
    need: str

    @property
    def reason(self) -> str:
        """One sentence."""
        return _REASONS[self.kind].format(path=self.path, promise=self.promise, need=self.need)

    @property
    def help(self) -> str:
        """What would keep the promise."""
        return _HELPS[self.kind]


_REASONS: Final = {
    PromiseKind.GLIBC: "{path} needs glibc {need}, the tag {promise} promises less",
    PromiseKind.MUSL: "{path} needs musl {need}, the tag {promise} promises less",
    PromiseKind.LIBC: "{path} is built for {need}, the tag is {promise}",
    PromiseKind.MACHINE: "{path} is {need}, the tag is {promise}",
    PromiseKind.MACOS: "{path} needs macOS {need}, the tag {promise} promises less",
    PromiseKind.SUFFIX: "{path} is not found by {need}, which the tag {promise} promises",
    PromiseKind.FILE_NAME: "{path} is named for the stable ABI, the tag is {promise}",
    PromiseKind.PURELIB: "{path} is {need}, the wheel is for every platform ({promise})",
    PromiseKind.WHEEL_RECORD: "the file name is tagged {promise}, the WHEEL record {need}",
}
_HELPS: Final = {
    PromiseKind.GLIBC: "a tag for that glibc (auditwheel repair), or a build on an older system",
    PromiseKind.MUSL: "a tag for that musl (auditwheel repair), or a build on an older system",
    PromiseKind.LIBC: "the tag of its C library: manylinux for glibc, musllinux for musl",
    PromiseKind.MACHINE: "the tag of its machine, or a build for the tag's",
    PromiseKind.MACOS: "a tag for that macOS, or a build with a lower MACOSX_DEPLOYMENT_TARGET",
    PromiseKind.SUFFIX: "a file name that all of them look for, or a tag that names the others",
    PromiseKind.FILE_NAME: "a tag of the stable ABI (cp3X-abi3), or the version in the file name",
    PromiseKind.PURELIB: "the tag of its platform and Root-Is-Purelib: false",
    PromiseKind.WHEEL_RECORD: "the same tags in both (wheel tags changes both)",
}


def broken_promises(artifact: Artifact) -> tuple[BrokenPromise, ...]:
    """Return what an artifact's tags and WHEEL record promise and its files do not keep.

    Nothing is promised where there are no tags. Of one file and kind, the strictest promise is
    named.
    """
    found: dict[tuple[PromiseKind, str | None], BrokenPromise] = {}
    if artifact.tags:
        for each in (*_records(artifact), *_platforms(artifact), *_names(artifact)):
            found.setdefault((each.kind, each.path), each)
    return tuple(found.values())


def _records(artifact: Artifact) -> Iterator[BrokenPromise]:
    """Yield where the records contradict each other or the files."""
    recorded = artifact.recorded_tags
    if recorded and not {*map(_core, recorded)} & {*map(_core, artifact.tags)}:
        yield BrokenPromise(
            kind=PromiseKind.WHEEL_RECORD,
            path=None,
            promise=", ".join(sorted(map(str, artifact.tags))),
            need=", ".join(sorted(map(str, recorded))),
        )
    bound = _bound_to_a_platform(artifact)
    for_all = all(tag.platform == "any" for tag in artifact.tags)
    if bound is None or not (for_all or (artifact.purelib and artifact.extensions)):
        return
    tags = ", ".join(sorted(map(str, artifact.tags)))
    yield BrokenPromise(
        kind=PromiseKind.PURELIB,
        path=str(bound[0]),
        promise=tags if for_all else "Root-Is-Purelib: true",
        need=_text(bound[1]),
    )


def _core(tag: Tag) -> tuple[str, str, str]:
    """Return what a tag says without the version of a system, so that `linux` is `manylinux`."""
    platform = promised(tag.platform)
    machines = "+".join(sorted(platform.machines)) if platform else tag.platform
    return tag.interpreter, tag.abi, machines


def _bound_to_a_platform(artifact: Artifact) -> tuple[PurePosixPath, Binary] | None:
    """Return an extension, or a library that has no counterpart for another system.

    DLLs alone do not bind a wheel to Windows: other systems bring such libraries themselves.
    """
    if artifact.extensions:
        return artifact.extensions[0].path, artifact.extensions[0].binary
    libraries = {
        path: binary for path, binary in artifact.libraries.items() if binary.shared_library
    }
    formats = {binary.format for binary in libraries.values()}
    if len(formats) == 1 and Format.PE not in formats:
        return min(libraries.items(), key=lambda item: item[0])
    return None


def _platforms(artifact: Artifact) -> Iterator[BrokenPromise]:
    """Yield the files that do not fit a platform of the tags."""
    named = {tag.platform for tag in artifact.tags}
    for each in sorted(filter(None, map(promised, named)), key=lambda each: each.oldest):
        yield from _machine(artifact, each)
        yield from _libc(artifact, each)
        yield from _macos(artifact, each)


def _machine(artifact: Artifact, platform: PlatformClaim) -> Iterator[BrokenPromise]:
    """Yield modules without a file for a platform, and a file where none is for it."""
    groups: dict[str, dict[PurePosixPath, Binary]] = {}
    for each in artifact.extensions:
        if each.module not in artifact.sources:
            groups.setdefault(each.module, {})[each.path] = each.binary
    others = {**artifact.libraries, **artifact.programs}
    if not artifact.extensions or any(b.format is platform.format for b in others.values()):
        groups[""] = others
    for files in groups.values():
        fitting = {m for b in files.values() if b.format is platform.format for m in b.machines}
        if files and not fitting.issuperset(platform.machines):
            path, binary = min(files.items())
            yield BrokenPromise(
                kind=PromiseKind.MACHINE,
                path=str(path),
                promise=platform.tag,
                need=_text(binary),
            )


def _libc(artifact: Artifact, platform: PlatformClaim) -> Iterator[BrokenPromise]:
    """Yield the files that need another C library than a platform has, or a newer one."""
    if platform.libc is None:
        return
    name, version = platform.libc
    kept: set[str] = set()
    broken = []
    for path, binary in native_files(artifact):
        if binary.format is not platform.format or not platform.runs_on(binary):
            continue
        newest = newest_glibc(binary) if name == "glibc" else newest_musl(binary)
        if other_libc(binary, name):
            kind, need = PromiseKind.LIBC, "musl" if name == "glibc" else "glibc"
        elif newest is not None and newest > version:
            kind, need = PromiseKind(name), ".".join(map(str, newest))
        else:
            kept.add(path.name)
            continue
        broken.append((path, kind, need))
    modules = {each.path for each in artifact.extensions}
    for path, kind, need in broken:
        # Libraries and programs can come once for each C library, in folders apart.
        if path in modules or path.name not in kept:
            yield BrokenPromise(kind=kind, path=str(path), promise=platform.tag, need=need)


def _macos(artifact: Artifact, platform: PlatformClaim) -> Iterator[BrokenPromise]:
    """Yield the files that need a newer macOS than a platform names."""
    if platform.macos is None:
        return
    for path, binary in native_files(artifact):
        for machine, version in binary.minimum_os:
            floor = max(platform.macos, _ARM64_SINCE) if machine == "arm64" else platform.macos
            if machine in platform.machines and macos_in_tags(version) > floor:
                yield BrokenPromise(
                    kind=PromiseKind.MACOS,
                    path=str(path),
                    promise=platform.tag,
                    need=".".join(map(str, version)),
                )


def native_files(artifact: Artifact) -> Iterator[tuple[PurePosixPath, Binary]]:
    """Yield every binary of an artifact with its path."""
    for each in artifact.extensions:
        yield each.path, each.binary
    yield from artifact.libraries.items()
    yield from artifact.programs.items()


def _names(artifact: Artifact) -> Iterator[BrokenPromise]:
    """Yield the module files whose names do not fit the tags."""
    if not artifact.extensions:
        return
    stable = any(tag.abi in _STABLE_ABIS for tag in artifact.tags)
    versions = sorted({tag.abi for tag in artifact.tags if _ABI.fullmatch(tag.abi)})
    for each in artifact.extensions:
        if versions and not stable and each.claim.kind in _STABLE_CLAIMS:
            yield BrokenPromise(
                kind=PromiseKind.FILE_NAME,
                path=str(each.path),
                promise=", ".join(versions),
                need=each.claim.text,
            )
    for build, tag in sorted(_promised_builds(artifact.tags).items()):
        for module in lookup_modules(artifact, build.suffixes) if build.suffixes else ():
            known = any(each.claim.kind is not ClaimKind.OTHER for each in module.files)
            if known and module.chosen is None and not module.has_source:
                yield BrokenPromise(
                    kind=PromiseKind.SUFFIX,
                    path=str(module.files[0].path),
                    promise=tag,
                    need=f"CPython {build}",
                )


def promised_runtimes(tags: Iterable[Tag]) -> tuple[str, ...]:
    """Return descriptions of the runtimes that some tags promise, on the oldest of their systems.

    They are those of `describe`: `cp312-manylinux_2_17_x86_64`, `cp315t-win_amd64`,
    `pypy3.11-macosx_11_0_arm64`; without a platform for a wheel that serves all. The newest
    version is the newest that is known.
    """
    found: dict[str, tuple[tuple[int, ...], str]] = {}
    for tag in sorted(tags, key=str):
        platform = promised(tag.platform)
        if platform is None and tag.platform != "any":
            continue
        oldest = platform.oldest if platform is not None else ((), "")
        for name in _described(tag):
            for end in _platform_names(tag.platform, platform):
                key = f"{name} {platform.system if platform else ''} {end.rpartition('_')[2]}"
                text = f"{name}-{end}" if end else name
                found[key] = min(found.get(key, (oldest[0], text)), (oldest[0], text))
    return tuple(text for _, text in found.values())


def _described(tag: Tag) -> Iterator[str]:
    """Yield the implementation and version of each runtime that a tag promises."""
    if match := _PYPY.fullmatch(tag.interpreter):
        yield f"pypy{match[1]}.{match[2]}"
    elif match := _ANY_PYTHON.fullmatch(tag.interpreter):
        floor = int(match[1] or _OLDEST_DESCRIBED)
        for minor in range(max(floor, _OLDEST_DESCRIBED), newest_release()[1] + 1):
            yield f"cp3{minor}"
    for version, flags in _builds(tag):
        yield f"cp{version[0]}{version[1]}{flags}"


def _platform_names(tag: str, platform: PlatformClaim | None) -> Iterator[str]:
    """Yield a platform tag, one for each machine of a fat file of macOS."""
    if platform is None:
        yield ""
    elif platform.macos is not None:
        version = "_".join(tag.split("_")[1:3])
        for machine in sorted(platform.machines & _MAC_MACHINES):
            yield f"macosx_{version}_{machine}"
    else:
        yield tag


class _Build(Struct, frozen=True, kw_only=True, order=True):
    """A build of CPython on one platform."""

    version: tuple[int, int]
    flags: str
    platform: str

    def __str__(self) -> str:
        return f"{self.version[0]}.{self.version[1]}{self.flags}"

    @property
    def suffixes(self) -> tuple[str, ...]:
        return _suffixes(self.version, self.flags, self.platform)


@functools.lru_cache(maxsize=256)  # wheels of one release promise the same builds
def _suffixes(version: tuple[int, int], flags: str, platform: str) -> tuple[str, ...]:
    """Return the suffixes of a build; none for a platform that is not known."""
    try:
        return suffixes_of(version, flags, platform)
    except DescriptionError:
        return ()


def _promised_builds(tags: Iterable[Tag]) -> dict[_Build, str]:
    """Return the builds of CPython that some tags promise, each with such a tag."""
    found: dict[_Build, str] = {}
    seen: set[tuple[str, str, str]] = set()
    for tag in sorted(tags, key=str):
        platform = promised(tag.platform)
        if platform is None or (key := (tag.interpreter, tag.abi, platform.system)) in seen:
            continue  # names of files do not depend on the version of a C library
        seen.add(key)
        for version, flags in _builds(tag):
            build = _Build(version=version, flags=flags, platform=tag.platform)
            found.setdefault(build, str(tag))
    return found


def _builds(tag: Tag) -> Iterator[tuple[tuple[int, int], str]]:
    """Yield the versions and ABI flags of CPython that accept a tag, up to the newest known."""
    interpreter, abi = _CPYTHON.fullmatch(tag.interpreter), _ABI.fullmatch(tag.abi)
    if interpreter is None:
        return
    floor = (int(interpreter[1]), int(interpreter[2]))
    newest = max(newest_release(), floor, _ABI3T_SINCE)
    if abi is not None:
        yield (int(abi[1]), int(abi[2])), "".join(letter for letter in abi[3] if letter in "td")
    elif tag.abi == "none":
        yield floor, ""
    elif tag.abi in _STABLE_ABIS:
        since = max(floor, _ABI3T_SINCE) if tag.abi == "abi3t" else floor
        for minor in range(since[1], newest[1] + 1):
            yield (since[0], minor), ""
            if tag.abi == "abi3t":
                yield (since[0], minor), "t"


def _text(binary: Binary) -> str:
    """Return the format and the machines of a file."""
    return f"{binary.format.value} for {' and '.join(binary.machines)}"
