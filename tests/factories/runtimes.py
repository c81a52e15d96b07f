"""Runtimes made up for tests that ask no interpreter."""

from __future__ import annotations

import re
from pathlib import Path

from packaging.version import Version

from runtimes import Abi, Implementation, Libc, Markers, Platform, Runtime

_TITLES = {"cpython": "CPython", "pypy": "PyPy", "graalpy": "GraalVM", "jython": "Jython"}


def implementation(name: str, version: str) -> Implementation:
    """Return an implementation that calls itself what it is."""
    markers = Markers(
        implementation_name=name,
        implementation_version=version,
        platform_python_implementation=_TITLES.get(name, "CPython"),
    )
    return Implementation(name=name, version=version, markers=markers)


def described(
    text: str,
    *,
    source: str = "PATH",
    machine: str = "x86_64",
    executable: str | None = None,
    aliases: tuple[Path, ...] = (),
) -> Runtime:
    """Return the runtime that a text such as `pypy 3.11.11` or `3.13.0td` describes."""
    match = re.fullmatch(r"(?:(\w+) )?([\d.]+(?:rc\d)?)(t?)(d?)", text)
    assert match is not None
    name = match[1] or "cpython"
    return Runtime(
        id=f"{name}-{match[2]}{match[3]}{match[4]}",
        executable=Path(executable or f"/somewhere/{text}"),
        aliases=aliases,
        source=source,
        prefix=Path("/somewhere"),
        base_prefix=Path("/somewhere"),
        implementation=implementation(name, match[2]),
        version=Version(match[2]),
        abi=Abi(
            soabi=None,
            flags=tuple(match[3] + match[4]),
            debug=bool(match[4]),
            free_threaded=bool(match[3]),
            trace_refs=False,
            extension_suffixes=(".so",),
            stable_abis=(),
            cache_tag=None,
            object_sizes=(),
        ),
        platform=Platform(
            tag=f"linux-{machine}",
            system="linux",
            machine=machine,
            bits=64,
            byte_order="little",
            libc=Libc(name="glibc", version="2.36"),
        ),
        jit=None,
        stdlib=frozenset({"os"}),
        site_packages=(),
    )
