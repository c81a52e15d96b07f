"""The values that describe a runtime as it answered for itself."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path  # noqa: TC003 - the cache reads the annotations

from msgspec import Struct
from packaging.version import Version  # noqa: TC002 - the cache reads the annotations

from runtimes.errors import Reason  # noqa: TC001 - the cache reads the annotations


class Markers(Struct, frozen=True, kw_only=True):
    """What environment markers see of an implementation, as it answers itself (PEP 508).

    Attributes:
        implementation_name: `sys.implementation.name`, empty before Python 3.3. A fork such as
            Stackless may have CPython's.
        implementation_version: `sys.implementation.version`, `0` before Python 3.3.
        platform_python_implementation: `platform.python_implementation()`, such as `CPython`.
    """

    implementation_name: str
    implementation_version: str
    platform_python_implementation: str


class Implementation(Struct, frozen=True, kw_only=True):
    """Which program interprets the language.

    Attributes:
        name: lower case, `cpython`, `pypy`, `graalpy`, `jython`, `micropython`, `pyodide`, or
            what a fork calls itself.
        version: the implementation's own version, `7.3.11` for a PyPy of Python 3.9.16.
        markers: what environment markers see of it.
    """

    name: str
    version: str
    markers: Markers


class Abi(Struct, frozen=True, kw_only=True):
    """What decides which extension files a runtime can load.

    Attributes:
        soabi: `sysconfig`'s SOABI; None where a runtime has none (2.7, Jython, MicroPython).
        flags: letters of the build that change the ABI, a subset of `d`, `t`, `m`, `u`, in the
            order in which a wheel tag writes them.
        debug: built with `Py_DEBUG`.
        free_threaded: built with `Py_GIL_DISABLED`; not whether the GIL is off at this moment.
        trace_refs: built with `Py_TRACE_REFS`, which changes the ABI up to 3.12.
        extension_suffixes: what the import system tries, in its order
            (`importlib.machinery.EXTENSION_SUFFIXES`); empty where it loads no extensions.
        stable_abis: the stable ABIs that it loads, `abi3` and `abi3t` (PEP 384, PEP 803).
        cache_tag: `sys.implementation.cache_tag`; None where there is none.
        object_sizes: `__basicsize__` of built-in types by name, which compiled code embeds; empty
            where the runtime does not tell.
    """

    soabi: str | None
    flags: tuple[str, ...]
    debug: bool
    free_threaded: bool
    trace_refs: bool
    extension_suffixes: tuple[str, ...]
    stable_abis: tuple[str, ...]
    cache_tag: str | None
    object_sizes: tuple[tuple[str, int], ...]


class Libc(Struct, frozen=True, kw_only=True):
    """The C library that a runtime is linked to.

    Attributes:
        name: `glibc` or `musl`.
        version: `2.36`.
    """

    name: str
    version: str


class Platform(Struct, frozen=True, kw_only=True):
    """The machine as a runtime sees it.

    Attributes:
        tag: `sysconfig.get_platform()`, such as `linux-x86_64`.
        system: `sys.platform`, such as `linux`, `darwin`, `win32`, `emscripten`.
        machine: `x86_64`, `aarch64`, `i686`..., the interpreter's own, not the kernel's.
        bits: size of a pointer, 32 or 64.
        byte_order: `little` or `big`.
        libc: None where it is not known or the system has no such notion.
        pyemscripten: the version of the platform for WebAssembly (PEP 783), `2026_0`; None
            elsewhere.
    """

    tag: str
    system: str
    machine: str
    bits: int
    byte_order: str
    libc: Libc | None
    pyemscripten: str | None = None


class Jit(StrEnum):
    """State of a runtime's own just-in-time compiler when it starts without options."""

    ON = "on"
    OFF = "off"  # built in, and to be turned on by an option


class Runtime(Struct, frozen=True, kw_only=True):
    """One interpreter, as it answered for itself.

    Attributes:
        id: short and unique on the machine, `cpython-3.8.18d`; `~2` and so on where two collide.
        executable: how to start it; absolute.
        aliases: other paths that start the same one, sorted; `executable` is not among them.
        source: where it was found, the name of a source such as `PATH` or `pyenv`.
        prefix: `sys.prefix`; None where the runtime has none (MicroPython).
        base_prefix: `sys.base_prefix`, the same as `prefix` for all that is not an environment.
        implementation: the program.
        version: of the language that it speaks, `3.15.0rc1` for a pre-release.
        abi: which extension files it loads.
        platform: the machine.
        jit: None where no compiler is built in.
        stdlib: top-level names of its standard library that can be imported there.
        site_packages: its own folders of installed packages, which may not exist.
        selected: a version manager's shim on PATH starts it at the moment.
    """

    id: str
    executable: Path
    aliases: tuple[Path, ...] = ()
    source: str
    prefix: Path | None
    base_prefix: Path | None
    implementation: Implementation
    version: Version
    abi: Abi
    platform: Platform
    jit: Jit | None
    stdlib: frozenset[str]
    site_packages: tuple[Path, ...]
    selected: bool = False

    @property
    def prerelease(self) -> bool:
        """Whether the language version is an alpha, beta, candidate or development version."""
        return self.version.is_prerelease


class Overlay(Struct, frozen=True, kw_only=True):
    """A JIT compiler that comes as a package and changes how a runtime runs.

    Attributes:
        name: of the distribution, `cinderx` or `pyston_lite`.
        version: its version.
        automatic: it compiles from the first line of every start; otherwise once a program
            imports it.
    """

    name: str
    version: str
    automatic: bool


class Environment(Struct, frozen=True, kw_only=True):
    """A virtual environment that was met (PEP 405): it points to a runtime, and is none.

    Attributes:
        prefix: its folder.
        base: the interpreter that it was made from; None when that is gone.
        overlays: JIT compilers that are installed into it; its base runs without them.
    """

    prefix: Path
    base: Path | None
    overlays: tuple[Overlay, ...]


class Rejection(Struct, frozen=True, kw_only=True):
    """A candidate or folder that could not be used.

    Attributes:
        path: what was looked at.
        reason: the kind of trouble.
        detail: one line in the words of the operating system or of the candidate.
    """

    path: Path
    reason: Reason
    detail: str


class Inquiry(Struct, frozen=True, kw_only=True):
    """One file that was asked, or whose answer was cached.

    Attributes:
        path: the file.
        seconds: how long the answer took when it was given.
        cached: it came from the cache, without a process.
        rests_on: files and folders that the answer is about: the image that runs, its libraries,
            its standard library.
        own: the file that was asked is the one that answered. Else it is a wrapper, and may lead
            elsewhere one day without a trace in it.
    """

    path: Path
    seconds: float
    cached: bool
    rests_on: tuple[str, ...] = ()
    own: bool = True


class Discovery(Struct, frozen=True, kw_only=True):
    """All that a search found.

    Attributes:
        runtimes: every runtime once, in order of preference.
        rejected: what could not be used, sorted by path.
        inquiries: every file that answered, sorted by path.
        environments: the virtual environments among the rejected, once each, sorted by prefix.
        postponed: what was left out because it is not needed first, see `Search`, sorted.
    """

    runtimes: tuple[Runtime, ...]
    rejected: tuple[Rejection, ...]
    inquiries: tuple[Inquiry, ...] = ()
    environments: tuple[Environment, ...] = ()
    postponed: tuple[Path, ...] = ()
