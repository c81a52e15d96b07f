"""Resolve the libraries of a binary as a runtime's own dynamic loader would."""

from __future__ import annotations

import functools
import os
import re
from collections import deque
from collections.abc import Mapping  # noqa: TC003 - msgspec reads it
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from abi_probe.binary import read_binary_file
from abi_probe.dynamic_linking.library_search import Loaded, Loader, loader_of
from abi_probe.dynamic_linking.loader_errors import (
    UndefinedSymbol,
    UnmetVersion,
    exec_stack_conflicts,
    static_tls_overflow,
    undefined_names,
    unmet_versions,
    unsupported_isa_level,
)
from abi_probe.errors import NotABinaryError, UnreadableError
from abi_probe.model import Binary, Format
from abi_probe.read_tracking import record_read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from abi_probe.model import VersionNeed

_LIBC_NAME: Final = re.compile(r"libc\.so\.[\d.]+|libc\.musl-.+")
_NO_LIBRARY: Final = "no library that can be loaded into a running program"
_NOTHING: Final[Mapping[str, Loaded]] = {}
_GLIBC_VERSION: Final = re.compile(r"GLIBC_(\d+(?:\.\d+)+)")


class ProcessImage(Struct, frozen=True, kw_only=True):
    """What a runtime gives to the extensions that it loads.

    Attributes:
        program: its executable, by its real path.
        exports: Pythonic names that the executable and its libraries export.
        loaded: what is in the process from the start, by each name that satisfies a DT_NEEDED.
        caller: what calls `dlopen` and so hands its DT_RPATH on: the libpython, or the program.
        loader: where libraries are looked for.
        libc: name and version, (`glibc`, (2, 36)); the version is empty for musl, which does not
            write it where it can be read. None for a static program.
        missing: libraries that the program needs and that are not there: it cannot start.
    """

    program: Loaded
    exports: frozenset[str]
    loaded: Mapping[str, Loaded]
    caller: Loaded
    loader: Loader
    libc: tuple[str, tuple[int, ...]] | None
    missing: tuple[MissingLibrary, ...] = ()


class MissingLibrary(Struct, frozen=True, kw_only=True):
    """A needed library that the loader would not find, or would fail on.

    Attributes:
        name: as the DT_NEEDED entry has it.
        needed_by: the file that needs it.
        trouble: what is wrong with the file that was found; None when none was.
    """

    name: str
    needed_by: PurePosixPath
    trouble: str | None = None


class LinkResult(Struct, frozen=True, kw_only=True):
    """What loading a binary into a runtime brings about.

    Attributes:
        defined: Pythonic names that the binary and the libraries loaded for it export.
        libraries: what would be loaded with it, breadth first, as glibc does.
        missing: needed and not found; they must all be there, or nothing is loaded.
        assumed: not found either, but lying nearby: other modules must have loaded them before.
        version_needs: of the binary and of the libraries that the artifact brings.
        unmet: versions that are needed and not given by what was found.
        undefined: names of other libraries than Python's that nothing defines; empty where a
            library is missing, which may define them.
        stack: files that ask for a stack that code can run on, which the process has not.
        thread_memory: bytes that are wanted at fixed offsets of each thread, where these are more
            than there are; else 0.
        processor: files that are for a better processor than this machine's.
    """

    defined: frozenset[str]
    libraries: tuple[Loaded, ...]
    missing: tuple[MissingLibrary, ...]
    assumed: tuple[MissingLibrary, ...]
    version_needs: frozenset[VersionNeed]
    unmet: tuple[UnmetVersion, ...]
    undefined: tuple[UndefinedSymbol, ...] = ()
    stack: tuple[PurePosixPath, ...] = ()
    thread_memory: int = 0
    processor: tuple[PurePosixPath, ...] = ()


def load_process_image(executable: Path, *, library_path: tuple[str, ...] = ()) -> ProcessImage:
    """Read what a runtime gives, from its executable and all libraries that start with it.

    Args:
        executable: an ELF program, or a link to one.
        library_path: what LD_LIBRARY_PATH holds when the runtime starts.

    Raises:
        NotABinaryError: not an ELF file; a wrapper script for example.
        UnreadableError: it cannot be read.
    """
    record_read(executable)
    path = Path(os.path.realpath(executable))
    binary = read_binary_file(path)
    if binary.format is not Format.ELF:
        raise NotABinaryError(f"no ELF program but {binary.format.value}")
    program = Loaded(path=PurePosixPath(path), binary=binary)
    loader = loader_of(binary, library_path)
    present: dict[str, Loaded] = {}
    if binary.interpreter:
        ld_so = _on_disk(PurePosixPath(binary.interpreter))
        if isinstance(ld_so, Loaded):
            present = _names_of(ld_so, ld_so.path.name)
    found, missing = _close(program, loader, present)
    everything = (program, *found)
    return ProcessImage(
        program=program,
        exports=frozenset().union(*(each.binary.exports for each in everything)),
        loaded=present,
        caller=max(everything, key=lambda each: len(each.binary.exports)),
        loader=loader,
        libc=_libc(everything),
        missing=missing,
    )


def program_libcs(
    programs: Iterable[Binary],
) -> dict[str, tuple[str, tuple[int, ...]] | None]:
    """Return the C library that each loader of some ELF programs brings, by the loader's path.

    None stands for a loader that is not on this machine, or that finds no C library.
    """
    found: dict[str, tuple[str, tuple[int, ...]] | None] = {}
    for program in programs:
        name = program.interpreter
        if name is not None and name not in found:
            ld_so = _on_disk(PurePosixPath(name))
            found[name] = _libc_of_loader(ld_so, program) if isinstance(ld_so, Loaded) else None
    return found


def _libc_of_loader(ld_so: Loaded, program: Binary) -> tuple[str, tuple[int, ...]] | None:
    """Return the C library that a loader finds; musl's loader is itself the library."""
    loader = loader_of(program)
    if loader.libc == "musl":
        return "musl", ()
    libc = find_library("libc.so.6", ld_so, loader)
    return _libc((libc,)) if isinstance(libc, Loaded) else None


def resolve(
    binary: Binary,
    path: PurePosixPath,
    given: ProcessImage,
    artifact: Callable[[PurePosixPath], Binary | None] = lambda _: None,
    nearby: Mapping[str, Loaded] = _NOTHING,
) -> LinkResult:
    """Follow what a binary needs, as if a runtime imported it.

    Args:
        binary: an extension or a library of one.
        path: where it lies, absolute; it need not exist (a member of a wheel, as if installed).
        given: the runtime.
        artifact: the artifact's own file at a path, or None; asked before the disk is.
        nearby: libraries, by file name and soname, that lie where the loader does not look. A
            package whose Python code loads its libraries first relies on this (PySide, CUDA's
            wheels): what is already in the process satisfies a need by its soname.
    """
    root = Loaded(path=path, binary=binary, owned=True, parent=given.caller)
    present = dict(given.loaded) | _names_of(root, path.name)
    found, missing = _close(root, given.loader, present, artifact, nearby)
    everything = (root, *found)
    started = (given.program, *given.loaded.values())
    glibc = given.loader.libc == "glibc"
    return LinkResult(
        defined=frozenset().union(*(each.binary.exports for each in everything)),
        libraries=tuple(found),
        missing=tuple(gap for gap in missing if gap.trouble or gap.name not in nearby),
        assumed=tuple(gap for gap in missing if not gap.trouble and gap.name in nearby),
        version_needs=frozenset(
            need for each in everything if each.owned for need in each.binary.version_needs
        ),
        unmet=tuple(unmet_versions(everything, present)) if glibc else (),
        undefined=tuple(undefined_names(everything, started)) if glibc and not missing else (),
        stack=tuple(exec_stack_conflicts(everything, started, given.libc)) if glibc else (),
        thread_memory=static_tls_overflow(everything) if glibc else 0,
        processor=(
            tuple(unsupported_isa_level(everything, given.loader.level, given.libc))
            if glibc
            else ()
        ),
    )


def find_library(
    name: str,
    needed_by: Loaded,
    loader: Loader,
    artifact: Callable[[PurePosixPath], Binary | None] = lambda _: None,
) -> Loaded | MissingLibrary:
    """Find one library as the loader would.

    Args:
        name: as a DT_NEEDED entry has it.
        needed_by: whose entry it is.
        loader: where to look.
        artifact: the artifact's own file at a path, or None; asked before the disk is.

    Returns:
        The library with its parent set, or why there is none.
    """
    for path in loader.candidates(name, needed_by):
        # A wheel has no symbolic links, so `..` may be taken away by text there.
        own = artifact(PurePosixPath(os.path.normpath(path)))
        if own is not None:
            if _fits(own, loader):
                return Loaded(path=path, binary=own, owned=True, parent=needed_by)
            continue
        there = _on_disk(path)
        if isinstance(there, str):
            return MissingLibrary(name=name, needed_by=needed_by.path, trouble=f"{path}: {there}")
        if there is not None and _fits(there.binary, loader):
            return Loaded(path=path, binary=there.binary, parent=needed_by)
    return MissingLibrary(name=name, needed_by=needed_by.path)


def _close(
    root: Loaded,
    loader: Loader,
    present: dict[str, Loaded],
    artifact: Callable[[PurePosixPath], Binary | None] = lambda _: None,
    nearby: Mapping[str, Loaded] = _NOTHING,
) -> tuple[list[Loaded], tuple[MissingLibrary, ...]]:
    """Load what is needed, breadth first; `present` gains the names of what was loaded.

    What is only nearby is loaded as well, and named as missing.
    """
    found: list[Loaded] = []
    missing: dict[str, MissingLibrary] = {}
    queue = deque([root])
    late = root.parent is not None  # the process runs already
    while queue:
        needing = queue.popleft()
        for name in needing.binary.needed:
            if name in present or name in missing or loader.gives_itself(name):
                continue
            library = find_library(name, needing, loader, artifact)
            if late and isinstance(library, Loaded) and not library.binary.shared_library:
                trouble = f"{library.path}: {_NO_LIBRARY}"
                library = MissingLibrary(name=name, needed_by=needing.path, trouble=trouble)
            if isinstance(library, MissingLibrary):
                missing[name] = library
                if library.trouble or name not in nearby:
                    continue
                library = replace(nearby[name], parent=root.parent)
            present |= _names_of(library, name)
            found.append(library)
            queue.append(library)
    return found, tuple(missing.values())


def _names_of(library: Loaded, name: str) -> dict[str, Loaded]:
    """The names under which a loaded library satisfies others: as asked for, and its own."""
    soname = library.binary.soname
    return {name: library, soname: library} if soname else {name: library}


def _fits(binary: Binary, loader: Loader) -> bool:
    """Whether the loader takes a file; others it passes over and looks on."""
    return (
        binary.format is Format.ELF
        and binary.bits == loader.bits
        and loader.machine in binary.machines
    )


def _libc(everything: tuple[Loaded, ...]) -> tuple[str, tuple[int, ...]] | None:
    for each in everything:
        name = each.binary.soname or each.path.name
        if not _LIBC_NAME.fullmatch(name):
            continue
        versions = [
            tuple(int(part) for part in match[1].split("."))
            for match in map(_GLIBC_VERSION.fullmatch, each.binary.version_definitions)
            if match
        ]
        return ("glibc", max(versions)) if versions else ("musl", ())
    return None


def _on_disk(path: PurePosixPath) -> Loaded | str | None:
    """The library at a path; None when there is none, what is wrong when it is damaged."""
    record_read(path)
    try:
        status = Path(path).stat()
    except (OSError, ValueError):  # ValueError: a NUL in the path
        return None
    signature = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
    return _read_once(path, signature)


# The same few libraries (libstdc++, libz) are met again for every extension and runtime.
@functools.lru_cache(maxsize=1024)
def _read_once(path: PurePosixPath, _signature: tuple[int, ...]) -> Loaded | str:
    try:
        return Loaded(path=path, binary=read_binary_file(Path(path)))
    except UnreadableError as error:
        return str(error)
