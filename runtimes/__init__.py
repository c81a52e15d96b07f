"""Where the Python runtimes of a machine are, and what each one is.

A library: it prints nothing and reads no environment variables; what it needs of the user's
environment is in a `SearchOptions`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from runtimes.build_details import Disagreement, disagreements
    from runtimes.choose import CRITERIA, deciding_criterion, find, rank, rank_values, ranked
    from runtimes.discovery import discover, interrogate
    from runtimes.errors import CandidateError, NoRuntimeError, Reason, RuntimesError, SpecError
    from runtimes.layout import ForeignSize, foreign_sizes, is_cpython
    from runtimes.model import (
        Abi,
        Discovery,
        Environment,
        Implementation,
        Inquiry,
        Jit,
        Libc,
        Markers,
        Overlay,
        Platform,
        Rejection,
        Runtime,
    )
    from runtimes.options import SearchOptions
    from runtimes.probe_cache import CacheInfo, cache_info, clear_cache
    from runtimes.sources import SOURCES
    from runtimes.spec import RuntimeSpec
    from runtimes.venvs import base_executable, overlays
    from runtimes.version_file import read_version_file

# Each is imported when it is used first: what only looks into the cache needs none of them.
_LATER: Final = {
    "Abi": "model",
    "CRITERIA": "choose",
    "CacheInfo": "probe_cache",
    "CandidateError": "errors",
    "Disagreement": "build_details",
    "Discovery": "model",
    "Environment": "model",
    "ForeignSize": "layout",
    "Implementation": "model",
    "Inquiry": "model",
    "Jit": "model",
    "Libc": "model",
    "Markers": "model",
    "NoRuntimeError": "errors",
    "Overlay": "model",
    "Platform": "model",
    "Reason": "errors",
    "Rejection": "model",
    "Runtime": "model",
    "RuntimeSpec": "spec",
    "RuntimesError": "errors",
    "SOURCES": "sources",
    "SearchOptions": "options",
    "SpecError": "errors",
    "base_executable": "venvs",
    "cache_info": "probe_cache",
    "clear_cache": "probe_cache",
    "deciding_criterion": "choose",
    "disagreements": "build_details",
    "discover": "discovery",
    "find": "choose",
    "foreign_sizes": "layout",
    "interrogate": "discovery",
    "is_cpython": "layout",
    "overlays": "venvs",
    "rank": "choose",
    "ranked": "choose",
    "read_version_file": "version_file",
    "rank_values": "choose",
}

__all__ = [
    "CRITERIA",
    "SOURCES",
    "Abi",
    "CacheInfo",
    "CandidateError",
    "Disagreement",
    "Discovery",
    "Environment",
    "ForeignSize",
    "Implementation",
    "Inquiry",
    "Jit",
    "Libc",
    "Markers",
    "NoRuntimeError",
    "Overlay",
    "Platform",
    "Reason",
    "Rejection",
    "Runtime",
    "RuntimeSpec",
    "RuntimesError",
    "SearchOptions",
    "SpecError",
    "base_executable",
    "cache_info",
    "clear_cache",
    "deciding_criterion",
    "disagreements",
    "discover",
    "find",
    "foreign_sizes",
    "interrogate",
    "is_cpython",
    "overlays",
    "rank",
    "rank_values",
    "ranked",
    "read_version_file",
]


def __getattr__(name: str) -> object:
    """Import what only some need when it is asked for first (PEP 562)."""
    if name in _LATER:
        return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
