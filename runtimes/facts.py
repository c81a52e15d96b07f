"""Turn what a candidate answered into a Runtime."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from packaging.version import InvalidVersion, Version

from runtimes.errors import CandidateError, Reason
from runtimes.executable_names import is_runtime_name
from runtimes.model import Abi, Implementation, Jit, Libc, Markers, Platform, Runtime
from runtimes.storage.files import read_head

if TYPE_CHECKING:
    from collections.abc import Mapping

_LEVELS = {"alpha": "a", "beta": "b", "candidate": "rc", "final": ""}

# `e_machine` of the System V ABI, by (number, bits of a pointer, byte order).
_ELF_MACHINES = {
    (62, 64, "little"): "x86_64",
    (62, 32, "little"): "x32",
    (3, 32, "little"): "i686",
    (183, 64, "little"): "aarch64",
    (40, 32, "little"): "armv7l",
    (21, 64, "little"): "ppc64le",
    (21, 64, "big"): "ppc64",
    (22, 64, "big"): "s390x",
    (243, 64, "little"): "riscv64",
    (258, 64, "little"): "loongarch64",
}

_WINDOWS_MACHINES = {"win-amd64": "amd64", "win32": "win32", "win-arm64": "arm64"}


def runtime_of(facts: Mapping[str, object], candidate: Path, source: str) -> Runtime:
    """Return the runtime that gave an answer.

    Args:
        facts: the answer, see `probe_script.py.txt`.
        candidate: the file that was started to get it.
        source: where the candidate was found.

    Raises:
        CandidateError: the answer makes no sense.
    """
    reply = _Reply(facts)
    implementation = reply.text("implementation")
    version = reply.version("version")
    abi = _abi(reply, implementation, version)
    prefix = reply.path("prefix")
    return Runtime(
        id=identifier(implementation, version, debug=abi.debug, free_threaded=abi.free_threaded),
        executable=_executable(reply, candidate),
        source=source,
        prefix=prefix,
        base_prefix=reply.path("base_prefix") or prefix,
        implementation=Implementation(
            name=implementation,
            version=str(reply.version("implementation_version")),
            markers=_markers(reply, implementation),
        ),
        version=version,
        abi=abi,
        platform=_platform(reply),
        jit=Jit(state) if (state := reply.optional_text("jit")) in ("on", "off") else None,
        stdlib=frozenset(reply.text("stdlib").split()) - set(reply.texts("missing")),
        site_packages=tuple(map(decoded_path, reply.texts("site_packages"))),
    )


def identifier(implementation: str, version: Version, *, debug: bool, free_threaded: bool) -> str:
    """Return a runtime's id as long as no other on the machine collides with it."""
    return f"{implementation}-{version}{'t' if free_threaded else ''}{'d' if debug else ''}"


def decoded_path(text: str) -> Path:
    """Return a path in the form that the operating system's own functions give it.

    A runtime may spell one byte as a character of its own that another has joined (PEP 383);
    the bytes are the same.
    """
    return Path(os.fsdecode(os.fsencode(text)))


def started_file(facts: Mapping[str, object]) -> Path | None:
    """Return the file that a runtime says it is, None when it says none that is here."""
    reply = _Reply(facts)
    path = reply.path("executable")
    # What runs in WebAssembly sees a file system of its own.
    if path is None or reply.optional_text("system") == "emscripten":
        return None
    return path if path.is_absolute() and path.is_file() and os.access(path, os.X_OK) else None


def base_file(facts: Mapping[str, object]) -> Path | None:
    """Return the interpreter below the environment that answered, None for a plain runtime."""
    reply = _Reply(facts)
    prefix, base = reply.path("prefix"), reply.path("base_prefix")
    executable = reply.path("base_executable")
    if prefix is None or base is None or prefix == base:
        return None
    return executable


def _executable(reply: _Reply, candidate: Path) -> Path:
    """Return the file to start: what it says it is, with links followed where that is safe.

    One program under many names (busybox, snap) does what its name says, and a script may look
    for its neighbours.
    """
    path = started_file(reply.facts) or candidate
    real = Path(os.path.realpath(path))
    return real if is_runtime_name(real.name) and not _is_script(real) else path


def _is_script(path: Path) -> bool:
    try:
        return read_head(path, 2) == b"#!"
    except OSError:
        return False


def _markers(reply: _Reply, implementation: str) -> Markers:
    """Return what environment markers see of a runtime."""
    own = _Reply(reply.table("markers"))
    versioned = own.facts.get("implementation_version") is not None
    return Markers(
        implementation_name=own.optional_text("implementation_name") or "",
        implementation_version=str(own.version("implementation_version")) if versioned else "0",
        platform_python_implementation=own.optional_text("platform_python_implementation")
        or implementation,
    )


def _abi(reply: _Reply, implementation: str, version: Version) -> Abi:
    suffixes = reply.texts("suffixes")
    build = reply.table("build")
    debug = (
        bool(build.get("Py_DEBUG"))
        or reply.flag("counts_references")
        or any("_d." in suffix for suffix in suffixes)  # Windows has no Py_DEBUG
    )
    free_threaded = bool(build.get("Py_GIL_DISABLED")) or reply.flag("nogil")
    trace_refs = bool(build.get("Py_TRACE_REFS")) or reply.flag("traces_references")
    letters = reply.optional_text("abiflags") or ""
    if implementation == "cpython" and version.major == 2:  # noqa: PLR2004 - PEP 425's cp27mu
        letters += "m" if build.get("WITH_PYMALLOC") else ""
        letters += "u" if reply.flag("maxunicode") else ""
    letters += ("t" if free_threaded else "") + ("d" if debug else "")
    soabi = build.get("SOABI")
    return Abi(
        soabi=soabi if isinstance(soabi, str) and soabi else None,
        flags=tuple(flag for flag in "tdmu" if flag in letters),
        debug=debug,
        free_threaded=free_threaded,
        trace_refs=trace_refs,
        extension_suffixes=suffixes,
        stable_abis=_stable_abis(
            implementation, version, suffixes, gil=not free_threaded, trace_refs=trace_refs
        ),
        cache_tag=reply.optional_text("cache_tag"),
        object_sizes=tuple(
            (name, size)
            for name, size in sorted(reply.table("sizes").items())
            if isinstance(size, int)
        ),
    )


def _stable_abis(
    implementation: str, version: Version, suffixes: tuple[str, ...], *, gil: bool, trace_refs: bool
) -> tuple[str, ...]:
    """Return the stable ABIs that a runtime loads.

    Its suffixes alone do not tell: 3.13t and 3.14t list `.abi3.so` and crash on such a file
    (PEP 703), Windows has no suffix for it, and a build that traces references has an ABI of its
    own up to 3.12.
    """
    windows = implementation == "cpython" and any(suffix.endswith(".pyd") for suffix in suffixes)
    abi3 = any(".abi3" in suffix and ".abi3t" not in suffix for suffix in suffixes) or windows
    abi3t = any(".abi3t" in suffix for suffix in suffixes) or (
        windows and version.release >= (3, 15)
    )
    own_abi = trace_refs and version.release < (3, 13)
    held = {"abi3": abi3 and gil and version.major > 2, "abi3t": abi3t}  # noqa: PLR2004
    return tuple(name for name, holds in held.items() if holds and not own_abi)


def _platform(reply: _Reply) -> Platform:
    system = reply.text("system")
    bits = reply.number("bits") or reply.number("maxsize") or 0
    order = reply.text("byte_order")
    tag = reply.optional_text("tag")
    code = reply.number("elf_machine")
    machine = (
        _WINDOWS_MACHINES.get(tag or "")
        or (_ELF_MACHINES.get((code, bits, order)) if code is not None else None)
        or reply.optional_text("machine")
        or "unknown"
    )
    name, _, version = (reply.optional_text("libc") or "").partition(" ")
    return Platform(
        tag=tag or f"{system}-{machine}",
        system=system,
        machine=machine,
        bits=bits,
        byte_order=order,
        libc=Libc(name=name, version=version) if version else None,
        pyemscripten=_Reply(reply.table("build")).optional_text("PYEMSCRIPTEN_PLATFORM_VERSION"),
    )


class _Reply(Struct, frozen=True):
    """Facts of unknown shape, read with the type that each must have."""

    facts: Mapping[str, object]

    def text(self, name: str) -> str:
        value = self.facts.get(name)
        if not isinstance(value, str) or not value:
            raise CandidateError(Reason.INVALID_OUTPUT, f"its answer has no {name!r}")
        return value

    def optional_text(self, name: str) -> str | None:
        value = self.facts.get(name)
        return value if isinstance(value, str) and value else None

    def path(self, name: str) -> Path | None:
        text = self.optional_text(name)
        return decoded_path(text) if text is not None and "\0" not in text else None

    def texts(self, name: str) -> tuple[str, ...]:
        value = self.facts.get(name)
        items = value if isinstance(value, list) else []
        return tuple(item for item in items if isinstance(item, str))

    def flag(self, name: str) -> bool:
        return self.facts.get(name) is True

    def number(self, name: str) -> int | None:
        value = self.facts.get(name)
        return value if isinstance(value, int) else None

    def table(self, name: str) -> Mapping[str, object]:
        value = self.facts.get(name)
        return value if isinstance(value, dict) else {}

    def version(self, name: str) -> Version:
        """Return a version from `[3, 15, 0, "candidate", 1]`."""
        value = self.facts.get(name)
        match value:
            case [int(first), int(second), int(third), str(level), int(serial)] if level in _LEVELS:
                pre = f"{_LEVELS[level]}{serial}" if _LEVELS[level] else ""
                text = f"{first}.{second}.{third}{pre}"
            case _:
                text = ""
        try:
            return Version(text)
        except InvalidVersion as error:
            detail = f"its answer has no {name!r} that makes sense: {value!r}"
            raise CandidateError(Reason.INVALID_OUTPUT, detail[:200]) from error
