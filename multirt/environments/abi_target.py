"""Make of each runtime the target that binaries are judged against."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abi_probe import (
    Format,
    ProcessImage,
    RuntimeTarget,
    Target,
    UnexpectedSize,
    UnreadableError,
    load_process_image,
    platforms,
    runtime_abis,
    runtime_tags,
)
from runtimes import foreign_sizes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runtimes import Runtime

_FORMATS = {
    "cygwin": Format.PE,
    "darwin": Format.MACHO,
    "emscripten": Format.WASM,
    "win32": Format.PE,
}


def prospect_of(runtime: Runtime, env: Mapping[str, str]) -> RuntimeTarget:
    """Return a runtime as a target, with what its loader gives.

    The executable and its libraries are read; one that is no program of this machine's format (a
    wrapper of Jython or Pyodide) gives nothing.

    Args:
        runtime: as it answered.
        env: the environment that it starts in.
    """
    given: ProcessImage | None = None
    if runtime.abi.extension_suffixes:
        try:
            given = load_process_image(runtime.executable, library_path=_library_path(env))
        except UnreadableError:
            given = None
    return RuntimeTarget(target=target_of(runtime, given), given=given)


def _library_path(env: Mapping[str, str]) -> tuple[str, ...]:
    """Return the folders of LD_LIBRARY_PATH; what a relative one means, no file can tell."""
    folders = env.get("LD_LIBRARY_PATH", "").replace(";", ":").split(":")
    return tuple(each for each in folders if each.startswith("/"))


def described_prospect(text: str) -> RuntimeTarget:
    """Return a runtime that is not here, judged from CPython's table of symbols.

    Args:
        text: as `abi_probe.describe` has it; without a platform, this machine's.

    Raises:
        DescriptionError: it describes no runtime.
    """
    from packaging.tags import platform_tags  # wanted for this only, and so is the next

    from abi_probe import describe

    tags = list(platform_tags())
    # `linux_x86_64` names no C library; installers take it for the machine's own.
    platform = next((tag for tag in tags if not tag.startswith("linux_")), tags[0])
    return RuntimeTarget(target=describe(text, platform=platform), given=None)


def target_of(runtime: Runtime, given: ProcessImage | None) -> Target:
    """Return the facts of a runtime that verdicts need."""
    version = (runtime.version.major, runtime.version.minor)
    # Tags and suffixes are made from what a runtime calls itself: Stackless, Cinder and Pyodide are
    # CPython there. Before Python 3.3 there was no such name.
    named = runtime.implementation
    implementation = named.markers.implementation_name or named.name
    abi, platform = runtime.abi, runtime.platform
    libc = _libc(runtime, given)
    accepted = runtime_tags(
        implementation,
        version,
        runtime_abis(implementation, version, abi.flags, abi.soabi),
        platforms(platform.tag, platform.machine, libc, pyemscripten=platform.pyemscripten),
    )
    return Target(
        name=runtime.id,
        implementation=implementation,
        version=runtime.version,
        tags=accepted,
        suffixes=abi.extension_suffixes,
        debug=abi.debug,
        free_threaded=abi.free_threaded,
        trace_refs=abi.trace_refs,
        format=_FORMATS.get(platform.system, Format.ELF),
        machine=platform.machine,
        bits=platform.bits,
        libc=libc,
        exports=given.exports if given is not None else None,
        has_site="site" in runtime.stdlib,
        foreign_sizes=tuple(
            UnexpectedSize(name=each.name, expected=each.expected, actual=each.actual)
            for each in foreign_sizes(runtime)
        ),
    )


def _libc(runtime: Runtime, given: ProcessImage | None) -> tuple[str, tuple[int, ...]] | None:
    """Return a runtime's C library: what it answered, or what its loader shows."""
    libc = runtime.platform.libc
    reported = _numbers(libc.version) if libc is not None else ()
    if libc is not None and reported:
        return libc.name, reported
    return given.libc if given is not None and given.libc and given.libc[1] else None


def _numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a dotted version; () when it is none."""
    parts = version.split(".")
    return tuple(int(part) for part in parts) if all(map(str.isdecimal, parts)) else ()
