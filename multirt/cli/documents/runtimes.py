"""What `list --json` and `find --json` print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multirt.cli.documents.parts import SCHEMA, Document

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runtimes import Rejection, Runtime


def list_document(found: Iterable[Runtime], rejected: Iterable[Rejection]) -> Document:
    """Return what `list --json` prints."""
    return {
        **SCHEMA,
        "runtimes": [_runtime(each) for each in found],
        "rejected": [
            {"path": str(each.path), "reason": each.reason.value, "detail": each.detail}
            for each in rejected
        ],
    }


def find_document(runtime: Runtime) -> Document:
    """Return what `find --json` prints."""
    return {**SCHEMA, "runtime": _runtime(runtime)}


def _runtime(runtime: Runtime) -> Document:
    """Return one runtime."""
    abi, platform = runtime.abi, runtime.platform
    implementation = runtime.implementation
    libc = platform.libc
    return {
        "id": runtime.id,
        "executable": str(runtime.executable),
        "aliases": [str(alias) for alias in runtime.aliases],
        "source": runtime.source,
        "prefix": str(runtime.prefix) if runtime.prefix is not None else None,
        "implementation": {"name": implementation.name, "version": implementation.version},
        "language": {"version": str(runtime.version)},
        "abi": {
            "soabi": abi.soabi,
            "flags": list(abi.flags),
            "debug": abi.debug,
            "free_threaded": abi.free_threaded,
            "extension_suffixes": list(abi.extension_suffixes),
            "stable_abis": list(abi.stable_abis),
        },
        "platform": {
            "tag": platform.tag,
            "machine": platform.machine,
            "bits": platform.bits,
            "libc": {"name": libc.name, "version": libc.version} if libc else None,
        },
        "jit": runtime.jit.value if runtime.jit is not None else None,
        "prerelease": runtime.prerelease,
    }
