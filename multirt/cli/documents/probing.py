"""What `probe --json` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multirt.cli.documents.parts import SCHEMA, Document, dotted, objection_document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from abi_probe import Extension, Promise
    from multirt.probing import Probed


def probe_document(found: Sequence[Probed]) -> Document:
    """Return what `probe --json` prints."""
    return {**SCHEMA, "targets": [_probed(each) for each in found]}


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
                "objections": [objection_document(each) for each in verdict.objections],
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
        "declared_floor": dotted(promise.declared_floor),
        "computed_floor": dotted(promise.computed_floor),
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
