"""Write down what was judged as a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abi_probe import advise, broken_promises, first_exporter, promise_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from abi_probe import Artefact, Extension, Prospect, Slots, Verdict
    from multirt.probe.report_values import ExtensionReport, Report, RuntimeReport, SlotsReport


def report_of(
    target: str,
    artefact: Artefact,
    prospects: Sequence[Prospect],
    verdicts: Sequence[Verdict],
) -> Report:
    """Return the report of an artefact that was read.

    Args:
        target: as it was named.
        artefact: what was read.
        prospects: the runtimes that it was judged on.
        verdicts: one for each of them, in their order.
    """
    judged = zip(verdicts, prospects, strict=True)
    return {
        "target": target,
        "kind": artefact.kind.value,
        "name": artefact.name,
        "version": str(artefact.version) if artefact.version is not None else None,
        "wheel_tags": sorted(map(str, artefact.tags)),
        "broken_promises": [
            {
                "kind": each.kind.value,
                "path": each.path,
                "promise": each.promise,
                "need": each.need,
                "reason": each.reason,
                "help": each.help,
            }
            for each in broken_promises(artefact)
        ],
        "extensions": [_extension(each, artefact, prospects) for each in artefact.extensions],
        "runtimes": [_runtime(verdict, prospect) for verdict, prospect in judged],
        "error": None,
    }


def _runtime(verdict: Verdict, prospect: Prospect) -> RuntimeReport:
    """Return the verdict of one runtime."""
    return {
        "runtime": verdict.target,
        "evidence": prospect.target.evidence.value,
        "status": verdict.status.value,
        "objections": [
            {
                "cause": each.cause.value,
                "detail": each.detail,
                "need": each.need,
                "facts": dict(each.facts),
                "path": each.path,
                "symbol": each.symbol,
                "help": each.help,
            }
            for each in verdict.objections
        ],
        "warnings": [each.detail for each in verdict.warnings],
        "judged_warnings": [
            {"kind": each.kind.value, "subject": each.subject, "detail": each.detail}
            for each in verdict.warnings
        ],
        "imported": verdict.imported,
    }


def _extension(
    extension: Extension, artefact: Artefact, prospects: Sequence[Prospect]
) -> ExtensionReport:
    """Return one extension module."""
    promise, advice = promise_of(extension, artefact), advise(extension)
    oldest = first_exporter(extension, artefact, [each.target for each in prospects])
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
                "first_exported": each.first_exported,
                "reason": each.reason,
                "help": each.help,
            }
            for each in promise.violations
        ],
        "warnings": list(promise.warnings),
        "slots": _slots(advice.slots) if advice.slots is not None else None,
        "present_floor": oldest.name if oldest is not None else None,
        "promotable": advice.promotable.value if advice.promotable is not None else None,
        "hindrances": [
            {"symbol": each.symbol, "class": each.symbol_class.value, "instead": each.instead}
            for each in advice.hindrances
        ],
        "hints": list(advice.hints),
        "classes": {kind.value: count for kind, count in advice.classes.items()},
    }


def _slots(slots: Slots) -> SlotsReport:
    """Return what a module declares."""
    return {
        "kinds": list(slots.kinds),
        "gil": slots.gil,
        "interpreters": slots.interpreters,
    }


def _dotted(version: tuple[int, int] | None) -> str | None:
    """Write a version as people do."""
    return f"{version[0]}.{version[1]}" if version is not None else None
