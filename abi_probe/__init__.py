"""What an extension binary needs, and whether a runtime gives it.

A library: it prints nothing and reads no environment variables.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from abi_probe.advice import Abi3Readiness, Advice, Blocker, Slots, advise
    from abi_probe.api import (
        ProbeFindings,
        RuntimeTarget,
        judge_all_linked,
        judge_linked,
        probe,
    )
    from abi_probe.binary import read_binary, read_binary_file
    from abi_probe.checks import judge
    from abi_probe.current_runtime import this_runtime
    from abi_probe.dynamic_linking.library_search import Loaded
    from abi_probe.dynamic_linking.link import sibling_libraries
    from abi_probe.dynamic_linking.loader import ProcessImage, load_process_image
    from abi_probe.errors import (
        AbiProbeError,
        DescriptionError,
        NotABinaryError,
        NothingToProbeError,
        SourceArchiveError,
        UnreadableError,
    )
    from abi_probe.metadata import Metadata
    from abi_probe.model import (
        Artifact,
        ArtifactKind,
        Binary,
        Claim,
        ClaimKind,
        Evidence,
        Extension,
        Format,
        ImportedSymbol,
        ModuleDefinition,
        ModuleSlot,
        SymbolClass,
        Target,
        UnexpectedSize,
        VersionNeed,
        Violation,
    )
    from abi_probe.module_lookup import ModuleFile, lookup_modules
    from abi_probe.open_target import read_distribution, read_path
    from abi_probe.own_imports import optional_modules
    from abi_probe.platform_tags import platforms
    from abi_probe.read_tracking import tracking_reads
    from abi_probe.site_packages import (
        Installed,
        Site,
        open_site,
        owners,
        read_installed,
        read_installed_metadata,
    )
    from abi_probe.stable_abi_claim import StableAbiReport, check_stable_abi, first_exporter
    from abi_probe.tags import AcceptedTags
    from abi_probe.target_spec import describe
    from abi_probe.unpacking import packages_of, unpack_wheel
    from abi_probe.verdict import (
        Cause,
        JudgedWarning,
        Objection,
        Status,
        Verdict,
        WarningKind,
    )
    from abi_probe.wheel import read_wheel, read_wheel_stream
    from abi_probe.wheel_claim import (
        BrokenPromise,
        PromiseKind,
        broken_promises,
        promised_runtimes,
    )
    from abi_probe.wheel_tags import TagDifference, differences, runtime_abis, runtime_tags

# Each name is imported when it is asked for first (PEP 562): to read a wheel takes half of them,
# and while it is unpacked the other half can be imported.
_MODULES: Final = {
    "tags": ("AcceptedTags",),
    "advice": ("Advice", "Blocker", "Abi3Readiness", "Slots", "advise"),
    "binary": ("read_binary", "read_binary_file"),
    "checks": ("judge",),
    "target_spec": ("describe",),
    "errors": (
        "AbiProbeError",
        "DescriptionError",
        "NotABinaryError",
        "NothingToProbeError",
        "SourceArchiveError",
        "UnreadableError",
    ),
    "module_lookup": ("ModuleFile", "lookup_modules"),
    "current_runtime": ("this_runtime",),
    "dynamic_linking.link": ("sibling_libraries",),
    "dynamic_linking.loader": ("ProcessImage", "load_process_image"),
    "dynamic_linking.library_search": ("Loaded",),
    "metadata": ("Metadata",),
    "model": (
        "Artifact",
        "ArtifactKind",
        "Binary",
        "Claim",
        "ClaimKind",
        "Evidence",
        "Extension",
        "UnexpectedSize",
        "Format",
        "ImportedSymbol",
        "ModuleDefinition",
        "ModuleSlot",
        "SymbolClass",
        "Target",
        "VersionNeed",
        "Violation",
    ),
    "read_tracking": ("tracking_reads",),
    "own_imports": ("optional_modules",),
    "platform_tags": ("platforms",),
    "stable_abi_claim": ("StableAbiReport", "first_exporter", "check_stable_abi"),
    "open_target": ("read_distribution", "read_path"),
    "site_packages": (
        "Installed",
        "JudgedWarning",
        "Site",
        "open_site",
        "owners",
        "read_installed",
        "read_installed_metadata",
    ),
    "api": (
        "ProbeFindings",
        "RuntimeTarget",
        "judge_linked",
        "judge_all_linked",
        "probe",
    ),
    "wheel_claim": (
        "BrokenPromise",
        "PromiseKind",
        "broken_promises",
        "promised_runtimes",
    ),
    "wheel_tags": ("TagDifference", "differences", "runtime_abis", "runtime_tags"),
    "unpacking": ("packages_of", "unpack_wheel"),
    "verdict": ("Cause", "JudgedWarning", "Objection", "Status", "Verdict", "WarningKind"),
    "wheel": ("read_wheel", "read_wheel_stream"),
}
_MODULE_OF: Final = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "Abi3Readiness",
    "AbiProbeError",
    "AcceptedTags",
    "Advice",
    "Artifact",
    "ArtifactKind",
    "Binary",
    "Blocker",
    "BrokenPromise",
    "Cause",
    "Claim",
    "ClaimKind",
    "DescriptionError",
    "Evidence",
    "Extension",
    "Format",
    "ImportedSymbol",
    "Installed",
    "JudgedWarning",
    "Loaded",
    "Metadata",
    "ModuleDefinition",
    "ModuleFile",
    "ModuleSlot",
    "NotABinaryError",
    "NothingToProbeError",
    "Objection",
    "ProbeFindings",
    "ProcessImage",
    "PromiseKind",
    "RuntimeTarget",
    "Site",
    "Slots",
    "SourceArchiveError",
    "StableAbiReport",
    "Status",
    "SymbolClass",
    "TagDifference",
    "Target",
    "UnexpectedSize",
    "UnreadableError",
    "Verdict",
    "VersionNeed",
    "Violation",
    "WarningKind",
    "advise",
    "broken_promises",
    "check_stable_abi",
    "describe",
    "differences",
    "first_exporter",
    "judge",
    "judge_all_linked",
    "judge_linked",
    "load_process_image",
    "lookup_modules",
    "open_site",
    "optional_modules",
    "owners",
    "packages_of",
    "platforms",
    "probe",
    "promised_runtimes",
    "read_binary",
    "read_binary_file",
    "read_distribution",
    "read_installed",
    "read_installed_metadata",
    "read_path",
    "read_wheel",
    "read_wheel_stream",
    "runtime_abis",
    "runtime_tags",
    "sibling_libraries",
    "this_runtime",
    "tracking_reads",
    "unpack_wheel",
]


def __getattr__(name: str) -> object:
    """Import what is asked for first."""
    if name in _MODULE_OF:
        return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
