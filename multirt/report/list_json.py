"""What `list --json` and `find --json` print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multirt.report.json_parts import SCHEMA, Document

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from runtimes import Discovery, Environment, Overlay, Runtime


def list_document(shown: Iterable[Runtime], found: Discovery) -> Document:
    """Return what `list --json` prints.

    Args:
        shown: the runtimes that were asked for, the preferred one first.
        found: what there is besides.
    """
    return {
        **SCHEMA,
        "runtimes": [_runtime(each) for each in shown],
        "environments": [_environment(each) for each in found.environments],
        "rejected": [
            {"path": str(each.path), "reason": each.reason.value, "detail": each.detail}
            for each in found.rejected
        ],
    }


def find_document(found: Sequence[Runtime], *, ranking: bool) -> Document:
    """Return what `find --json` prints, with every one that fits where that was asked for."""
    document = {**SCHEMA, "runtime": _runtime(found[0])}
    if ranking:
        from runtimes import deciding_criterion, rank_values

        above = [None, *found[:-1]]
        document["ranking"] = [
            {
                "runtime": each.id,
                "criteria": rank_values(each),
                "behind_by": deciding_criterion(better, each) if better is not None else None,
            }
            for better, each in zip(above, found, strict=True)
        ]
    return document


def overlay_document(overlay: Overlay) -> Document:
    """Return one overlay."""
    return {"name": overlay.name, "version": overlay.version, "automatic": overlay.automatic}


def _environment(environment: Environment) -> Document:
    """Return one environment."""
    return {
        "prefix": str(environment.prefix),
        "base": str(environment.base) if environment.base is not None else None,
        "overlays": [overlay_document(each) for each in environment.overlays],
    }


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
