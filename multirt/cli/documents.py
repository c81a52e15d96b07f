"""The JSON documents of the command, schema version 1; their keys are a contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from abi_probe import Extension, Promise
    from multirt.dispatch import Decision
    from multirt.probing import Probed
    from runtimes import Rejection, Runtime

Document = dict[str, Any]
_SCHEMA = {"schema_version": 1}


def list_document(found: Iterable[Runtime], rejected: Iterable[Rejection]) -> Document:
    """Return what `list --json` prints."""
    return {
        **_SCHEMA,
        "runtimes": [_runtime(each) for each in found],
        "rejected": [
            {"path": str(each.path), "reason": each.reason.value, "detail": each.detail}
            for each in rejected
        ],
    }


def find_document(runtime: Runtime) -> Document:
    """Return what `find --json` prints."""
    return {**_SCHEMA, "runtime": _runtime(runtime)}


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


def probe_document(found: Sequence[Probed]) -> Document:
    """Return what `probe --json` prints."""
    return {**_SCHEMA, "targets": [_probed(each) for each in found]}


def _probed(probed: Probed) -> Document:
    """Return one target with its extensions and verdicts."""
    artefact = probed.artefact
    if artefact is None:
        return {
            "target": probed.target,
            "kind": None,
            "error": {"kind": "unreadable", "message": probed.trouble, "hint": None},
            "extensions": [],
            "runtimes": [],
        }
    return {
        "target": probed.target,
        "kind": artefact.kind.value,
        "name": artefact.name,
        "version": str(artefact.version) if artefact.version is not None else None,
        "wheel_tags": sorted(map(str, artefact.tags)),
        "extensions": [
            _extension(extension, promise)
            for extension, promise in zip(artefact.extensions, probed.promises, strict=True)
        ],
        "runtimes": [
            {
                "runtime": verdict.target,
                "status": verdict.status.value,
                "objections": [_objection(each) for each in verdict.objections],
                "warnings": list(verdict.warnings),
                "imported": verdict.imported,
            }
            for verdict in probed.verdicts
        ],
    }


def _extension(extension: Extension, promise: Promise) -> Document:
    """Return one extension module."""
    return {
        "path": str(extension.path),
        "module": extension.module,
        "format": extension.binary.format.value,
        "machine": "+".join(extension.binary.machines),
        "claim": {"kind": extension.claim.kind.value, "text": extension.claim.text},
        "declared_floor": _dotted(promise.declared_floor),
        "computed_floor": _dotted(promise.computed_floor),
        "libc_floor": promise.libc_floor,
        "symbols": promise.symbols,
        "violations": [
            {
                "symbol": each.symbol,
                "class": each.symbol_class.value,
                "added": each.added,
                "reason": each.reason,
            }
            for each in promise.violations
        ],
        "slots": None,
    }


def explain_document(decision: Decision) -> Document:
    """Return what `explain --json` prints."""
    program, chosen = decision.program, decision.chosen
    wanted = program.requires_python
    return {
        **_SCHEMA,
        "program": {
            "script": str(program.script),
            "requires_python": str(wanted) if wanted is not None else None,
            "dependencies": [str(each) for each in program.dependencies],
            "imports": sorted({each.name for each in program.imports}),
            "sites": [str(root) for root in decision.roots],
        },
        "chosen": chosen.runtime.id if chosen is not None else None,
        "candidates": [
            {
                "runtime": verdict.runtime.id,
                "accepted": verdict.accepted,
                "rank": [
                    part if isinstance(part, bool | int) else str(part) for part in verdict.rank
                ],
                "objections": [_objection(each) for each in verdict.objections],
            }
            for verdict in decision.verdicts
        ],
    }


def _objection(objection: Any) -> Document:  # noqa: ANN401 - abi_probe's and multirt's, alike
    """Return one objection."""
    return {
        "cause": objection.cause.value,
        "detail": objection.detail,
        "path": objection.path,
        "symbol": objection.symbol,
    }


def _dotted(version: tuple[int, int] | None) -> str | None:
    """Write a version as people do."""
    return f"{version[0]}.{version[1]}" if version is not None else None
