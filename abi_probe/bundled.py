"""Judge the shared libraries and programs of an artifact, which are no extension modules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from abi_probe.libc import libc_of, newest_glibc, newest_musl
from abi_probe.model import Format
from abi_probe.verdict import Cause, JudgedWarning, Objection, WarningKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import PurePosixPath

    from abi_probe.model import Artifact, Binary, Target

    Libc = tuple[str, tuple[int, ...]]

# Programs for the first machine run on the second: WOW64, Rosetta.
_ALSO_RUNS: Final = {
    ("win32", "amd64"),
    ("win32", "arm64"),
    ("amd64", "arm64"),
    ("x86_64", "arm64"),
}
_A_BUILD: Final = "a wheel with files for this platform"


def check_bundled(
    artifact: Artifact, target: Target, loaders: Mapping[str, Libc | None] | None
) -> tuple[list[Objection], list[JudgedWarning]]:
    """Return objections and warnings on libraries that are not modules, and on programs.

    Where there are extension modules, they are what decides: then these files only warn. Of a
    Mach-O file nothing else tells whether the libraries of a module fit.

    Args:
        artifact: what they belong to.
        target: the runtime.
        loaders: the C library that each program's loader brings, by its path, None where that
            loader is not here; no mapping for a runtime that is described.
    """
    found = _misfits(artifact, target, loaders)
    if not artifact.extensions:
        return list(found), []
    if target.format is Format.MACHO:
        return list(found), []
    return [], [
        JudgedWarning(kind=WarningKind.BUNDLED, detail=each.detail, subject=each.path or "")
        for each in found
    ]


def _misfits(
    artifact: Artifact, target: Target, loaders: Mapping[str, Libc | None] | None
) -> Iterator[Objection]:
    """Yield each file that cannot be used, or that none can."""
    libraries = {path: b for path, b in artifact.libraries.items() if b.shared_library}
    ours = {
        path: binary
        for path, binary in {**libraries, **artifact.programs}.items()
        if binary.format is target.format
    }
    bound = artifact.tags and any(tag.platform != "any" for tag in artifact.tags)
    others = ours or (libraries if not bound else {**libraries, **artifact.programs})
    if not others:
        return
    fitting = {path: binary for path, binary in ours.items() if _runs(binary, target)}
    if not fitting:
        yield _other_machine(others, target)
        return
    yield from _libc_misfits(artifact, target, fitting, loaders)


def _other_machine(others: Mapping[PurePosixPath, Binary], target: Target) -> Objection:
    """Return the objection to files of which none is for a runtime's machine."""
    path, binary = min(others.items(), key=lambda item: item[0])
    more = f" (and {len(others) - 1} more)" if len(others) > 1 else ""
    return Objection(
        cause=Cause.PLATFORM,
        facts=(("built-for", f"{binary.format.value} {' '.join(binary.machines)}"),),
        need=f"{path}{more} is {binary.format.value} for {' and '.join(binary.machines)}",
        here=f", {target.name} runs on {target.format.value} for {target.machine}",
        path=str(path),
        help=_A_BUILD,
    )


def _runs(binary: Binary, target: Target) -> bool:
    """Return whether a file is for a runtime's machine."""
    if target.machine in binary.machines:
        return binary.program or binary.bits == target.bits
    pairs = {(machine, target.machine) for machine in binary.machines}
    return binary.program and not _ALSO_RUNS.isdisjoint(pairs)


def _libc_misfits(
    artifact: Artifact,
    target: Target,
    fitting: Mapping[PurePosixPath, Binary],
    loaders: Mapping[str, Libc | None] | None,
) -> Iterator[Objection]:
    """Yield the files that need another C library than there is, or a newer one.

    A file that comes once for each C library counts as there; what an extension needs is judged
    with it.
    """
    needed = {name for each in artifact.extensions for name in each.binary.needed}
    needed |= {name for binary in fitting.values() for name in binary.needed if needed}
    kept: set[str] = set()
    misfits: list[tuple[PurePosixPath, tuple[str, str]]] = []
    for path, binary in fitting.items():
        if artifact.extensions and {path.name, binary.soname} & needed:
            continue
        parts = _libc_misfit(binary, target, loaders)
        if parts is None:
            kept.add(path.name)
        else:
            misfits.append((path, parts))
    for path, (need, here) in misfits:
        if path.name not in kept:
            yield Objection(
                cause=Cause.PLATFORM,
                facts=(("libc", need),),
                need=f"{path} {need}",
                here=here,
                path=str(path),
                help=_A_BUILD,
            )


def _libc_misfit(
    binary: Binary, target: Target, loaders: Mapping[str, Libc | None] | None
) -> tuple[str, str] | None:
    """Say which C library a file wants, and which there is; None when it fits.

    A program is started by the machine's loader, which brings another C library than a runtime's
    where that has one of its own.
    """
    libc = target.libc
    if loaders is not None and binary.program and binary.interpreter:
        libc = loaders.get(binary.interpreter)
        if libc is None:
            return f"is started by {binary.interpreter}", ", which is not here"
    if libc is None:
        return None
    name, version = libc
    wanted = libc_of(binary)
    if wanted not in {None, name}:
        return f"is built for {wanted}", f", this runtime has {name}"
    newest = newest_glibc(binary) if name == "glibc" else newest_musl(binary)
    if newest is None or not version or newest <= version:
        return None
    needs, has = (".".join(map(str, each)) for each in (newest, version))
    return f"needs {name} {needs}", f", this runtime has {has}"
