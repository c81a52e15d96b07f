"""The values of probing: what a binary is, what a runtime gives, what stands between them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct, field
from packaging.version import Version  # noqa: TC002 - msgspec reads it

from abi_probe.tags import AcceptedTags  # noqa: TC001 - msgspec reads it

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import PurePosixPath

    from packaging.specifiers import SpecifierSet

    from abi_probe.tags import Tag


class Format(StrEnum):
    """The container of machine code, known by its first bytes."""

    ELF = "elf"
    MACHO = "macho"
    PE = "pe"
    WASM = "wasm"  # what a runtime in a browser loads; no such file is read


class ImportedSymbol(Struct, frozen=True, kw_only=True):
    """A name that a binary needs from elsewhere.

    Attributes:
        name: as C sees it (a Mach-O's leading underscore is removed).
        weak: may stay unresolved without harm to loading.
        library: the library that must give it where the format says so (a PE's DLL, a Mach-O's
            two-level name space), else None.
    """

    name: str
    weak: bool = False
    library: str | None = None


class VersionNeed(Struct, frozen=True, kw_only=True):
    """A symbol version that a binary needs (`.gnu.version_r`), such as GLIBC_2.28 of libc.so.6."""

    library: str
    version: str


class ModuleSlot(Struct, frozen=True, kw_only=True):
    """One slot of a module's definition (PEP 489).

    Attributes:
        kind: 1 create, 2 exec, 3 multiple interpreters (3.12), 4 GIL (3.13).
        value: what stands in the file; of a function's address nothing that means anything.
    """

    kind: int
    value: int


class ModuleDefinition(Struct, frozen=True, kw_only=True):
    """The static `PyModuleDef` of a module, as it lies in the file.

    Attributes:
        module: last part of the module's dotted name.
        free_threaded: its object header is that of a build without a GIL.
        slots: None when it has none: single-phase initialisation, or slots set at run time.
        size: bytes of state of each module (`m_size`), negative for state that all share.
    """

    module: str
    free_threaded: bool
    slots: tuple[ModuleSlot, ...] | None
    size: int = 0


class Binary(Struct, frozen=True, kw_only=True):
    """One executable or shared library as read from its bytes.

    Only names that matter to a Python runtime are kept (see `abi_probe.symbol_names`), so that a
    library of 100,000 C++ symbols costs no more than a small one.

    Attributes:
        format: the container.
        machines: every machine that it has code for, in the words of `platform.machine()`:
            `x86_64`, `aarch64`, `i686`, `armv7l`, `ppc64le`, `s390x`, `riscv64`, `loongarch64`,
            `arm64` (Mach-O), `amd64`, `win32`, `arm64` (PE). Several in a fat Mach-O only.
        bits: 32 or 64; of the first slice.
        byte_order: `little` or `big`.
        shared_library: it can be loaded into a running process; False for a program, an object
            file, a core, and what was linked with `-z nodlopen`.
        program: it can be started as a process (a static or position-independent one too).
        soname: the name under which it is known once loaded; None when it has none.
        needed: libraries that must be loaded with it, in their order.
        rpath: DT_RPATH, searched before the environment and inherited by what it loads.
        runpath: DT_RUNPATH, or LC_RPATH of a Mach-O.
        interpreter: the loader that a program asks for (PT_INTERP); None in a library.
        imports: names that only a Python runtime gives, needed and not defined here.
        exports: names of that kind, and module init hooks, that it defines for others.
        version_needs: versions of libc, libstdc++ and the like that it needs, weak ones left out.
        version_definitions: versions that it provides (`.gnu.version_d`).
        definitions: of modules, where they can be read; of a fat Mach-O in its first slice.
        numpy_1: its modules call NumPy's C API as NumPy 1 has it (ELF only).
        minimum_os: the macOS that each slice of a Mach-O asks for (LC_BUILD_VERSION), as
            machine and version, (`arm64`, (11, 0)); empty where none is named.
        executable_stack: it asks for a stack that code can run on (ELF only).
        default_folders: the libraries that it needs are looked for in the system's folders too;
            False for what was linked with `-z nodefaultlib` (ELF only).
        thread_memory: bytes that it has in each thread at an offset that is fixed when it is loaded
            (DF_STATIC_TLS); 0 where the offset is looked up (ELF only).
        levels: of x86-64 that it marks as needed, a bit for each: 1, 2 (`x86-64-v2`), 4, 8.
        foreign: strong names that it needs and that are none of Python's, but for those whose
            version says that they are there (ELF only).
        hashes: of all names that it defines, for finding these (ELF only; see
            `abi_probe.elf.external_symbols`).
    """

    format: Format
    machines: tuple[str, ...]
    bits: int
    byte_order: str
    shared_library: bool = True
    program: bool = False
    soname: str | None = None
    needed: tuple[str, ...] = ()
    rpath: tuple[str, ...] = ()
    runpath: tuple[str, ...] = ()
    interpreter: str | None = None
    imports: tuple[ImportedSymbol, ...] = ()
    exports: frozenset[str] = frozenset()
    version_needs: tuple[VersionNeed, ...] = ()
    version_definitions: frozenset[str] = frozenset()
    definitions: tuple[ModuleDefinition, ...] = ()
    numpy_1: bool = False
    minimum_os: tuple[tuple[str, tuple[int, ...]], ...] = ()
    executable_stack: bool = False
    default_folders: bool = True
    thread_memory: int = 0
    levels: int = 0
    foreign: tuple[str, ...] = ()
    hashes: bytes = b""


class ClaimKind(StrEnum):
    """What an extension's file name says of the runtimes that it is for."""

    ABI3 = "abi3"
    ABI3T = "abi3t"
    ABI3_ABI3T = "abi3.abi3t"
    VERSION = "version"  # one minor version of CPython
    GENERIC = "generic"  # a bare `.so` or `.pyd`: every CPython tries it
    PYPY = "pypy"
    HPY = "hpy"
    OTHER = "other"  # GraalPy and what is not known


class Claim(Struct, frozen=True, kw_only=True):
    """The claim of an extension's file name.

    Attributes:
        kind: the family.
        text: the suffix that says it, `.cpython-311d-x86_64-linux-gnu.so`.
        version: the minor version that a `version` or `pypy` claim names, (3, 11); else None.
        debug: the name is a debug build's.
        free_threaded: the name is a free-threaded build's.
    """

    kind: ClaimKind
    text: str
    version: tuple[int, int] | None = None
    debug: bool = False
    free_threaded: bool = False


class SymbolClass(StrEnum):
    """Which of CPython's C APIs a name belongs to, or whose else it is."""

    STABLE = "stable"  # limited API and stable ABI
    STABLE_ABI_ONLY = "stable-abi-only"  # in the stable ABI for old binaries and macros
    PUBLIC = "public"  # `Py...`, outside the stable ABI
    UNSTABLE = "unstable"  # `PyUnstable_...` (PEP 689)
    PRIVATE = "private"  # `_Py...`, outside the stable ABI
    INTERNAL = "internal"  # private, and not exported by some release that is newer
    DEBUG_ONLY = "debug-only"
    FREETHREADED_ONLY = "freethreaded-only"
    PYPY = "pypy"
    GRAALPY = "graalpy"
    HPY = "hpy"


class Extension(Struct, frozen=True, kw_only=True):
    """One extension module of an artifact.

    Attributes:
        path: where in the artifact, relative to its root, with forward slashes.
        module: dotted name under which it is imported.
        claim: what its file name says.
        binary: what its bytes say.
    """

    path: PurePosixPath
    module: str
    claim: Claim
    binary: Binary

    @property
    def definition(self) -> ModuleDefinition | None:
        """The module's own definition; None where it cannot be read from the file."""
        name = self.module.rpartition(".")[2]
        return next((each for each in self.binary.definitions if each.module == name), None)


class ArtifactKind(StrEnum):
    """What was given to probe."""

    WHEEL = "wheel"
    DISTRIBUTION = "distribution"
    SITE = "site"
    FILE = "file"


class Artifact(Struct, frozen=True, kw_only=True):
    """Something installable or installed, with all that its files and its metadata say.

    Attributes:
        target: what the user called it.
        kind: wheel, installed distribution, folder without metadata, or single file.
        name: normalised name of the distribution; None where there is no metadata.
        version: of the distribution; None as above.
        tags: wheel tags, from the file name of a wheel or the installed WHEEL record; empty when
            nothing says (then no tag is judged).
        recorded_tags: those of the WHEEL record, where `tags` are those of a file name.
        purelib: what the WHEEL record's Root-Is-Purelib says; None when it says nothing.
        requires_python: None when the metadata does not say.
        requires: the Requires-Dist lines as they stand.
        extensions: every extension module, sorted by path.
        libraries: the other binaries that a process can load, by path relative to the root.
        programs: those that can be started, whatever their names, by the same paths.
        sources: modules that also exist as `.py`, by dotted name: what is left when no
            extension file is found.
        packages: those of them that are an `__init__.py`, which wins over a module next to it.
        trouble: files that could not be read, and what is wrong with each.
        warnings: disagreements of RECORD, WHEEL and METADATA with the files.
        root: the folder that paths are relative to; None inside a wheel.
    """

    target: str
    kind: ArtifactKind
    name: str | None = None
    version: Version | None = None
    tags: frozenset[Tag] = frozenset()
    recorded_tags: frozenset[Tag] = frozenset()
    purelib: bool | None = None
    requires_python: SpecifierSet | None = None
    requires: tuple[str, ...] = ()
    extensions: tuple[Extension, ...] = ()
    libraries: Mapping[PurePosixPath, Binary] = field(default_factory=dict)
    programs: Mapping[PurePosixPath, Binary] = field(default_factory=dict)
    sources: frozenset[str] = frozenset()
    packages: frozenset[str] = frozenset()
    trouble: tuple[tuple[PurePosixPath, str], ...] = ()
    warnings: tuple[str, ...] = ()
    root: str | None = None


class UnexpectedSize(Struct, frozen=True, kw_only=True):
    """A built-in type whose size is not that of the CPython whose version a runtime has.

    Attributes:
        name: of the type.
        expected: bytes on CPython, which compiled code embeds.
        actual: bytes on the runtime.
    """

    name: str
    expected: int
    actual: int


class Evidence(StrEnum):
    """What a target's exports rest on."""

    RUNTIME = "runtime"  # read from the executable and its libraries
    TABLE = "table"  # the runtime is not here; CPython's stable ABI table stands in


class Target(Struct, frozen=True, kw_only=True):
    """All that a verdict needs to know of a runtime.

    Attributes:
        name: what messages call it, a runtime's id.
        implementation: `cpython`, `pypy`...
        version: of the language.
        tags: every wheel tag that it accepts.
        suffixes: of extension files, in the order in which it tries them.
        debug, free_threaded, trace_refs: its build.
        format: of the files that it loads.
        machine: as in `Binary.machines`.
        bits: of a pointer.
        libc: name and version, (`glibc`, (2, 36)); None when unknown or not Linux.
        exports: names that it gives to what it loads, None when they cannot be known.
        evidence: what `exports` rests on.
        has_site: it can use installed distributions at all (MicroPython cannot).
        foreign_sizes: built-in types whose size is not CPython's: it is a fork to compiled code.
    """

    name: str
    implementation: str
    version: Version
    tags: AcceptedTags
    suffixes: tuple[str, ...]
    debug: bool = False
    free_threaded: bool = False
    trace_refs: bool = False
    format: Format
    machine: str
    bits: int
    libc: tuple[str, tuple[int, ...]] | None
    exports: frozenset[str] | None
    evidence: Evidence = Evidence.RUNTIME
    has_site: bool = True
    foreign_sizes: tuple[UnexpectedSize, ...] = ()


class Violation(Struct, frozen=True, kw_only=True):
    """A symbol that breaks what a stable-ABI tag or file name promises.

    Attributes:
        path: the extension file.
        symbol: the name.
        symbol_class: which API it belongs to.
        added: the version in which it became stable, `3.11`; None when it is not stable.
        first_exported: the first release that was seen to export it, `3.6` for all that is older;
            None when none was.
        reason: one sentence.
        help: what would keep the promise.
    """

    path: str
    symbol: str
    symbol_class: SymbolClass
    added: str | None
    first_exported: str | None
    reason: str
    help: str
