"""Write down what a search found, in values of JSON, and read it back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import to_builtins
from packaging.version import Version

from runtimes.errors import Reason
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

if TYPE_CHECKING:
    from collections.abc import Mapping

# What is read is of any shape; who reads it takes an error for "nothing is written here".
Record = dict[str, Any]


def record_of(found: Discovery) -> Record:
    """Return what was found as dictionaries, lists and text."""
    plain: Record = to_builtins(found, enc_hook=str, order="deterministic")
    return plain


def found_in(record: Record) -> Discovery:
    """Return what was written down; every answer of it is a remembered one.

    Raises:
        AttributeError, KeyError, TypeError, ValueError: something else was.
    """
    return Discovery(
        runtimes=tuple(map(_runtime, record["runtimes"])),
        rejected=tuple(
            Rejection(path=Path(each["path"]), reason=Reason(each["reason"]), detail=each["detail"])
            for each in record["rejected"]
        ),
        inquiries=tuple(map(_inquiry, record["inquiries"])),
        environments=tuple(map(_environment, record["environments"])),
        postponed=tuple(map(Path, record["postponed"])),
    )


def _runtime(record: Record) -> Runtime:
    libc = record["platform"]["libc"]
    return Runtime(
        **{
            **record,
            "executable": Path(record["executable"]),
            "aliases": tuple(map(Path, record["aliases"])),
            "prefix": _path(record["prefix"]),
            "base_prefix": _path(record["base_prefix"]),
            "implementation": Implementation(
                **{
                    **record["implementation"],
                    "markers": Markers(**record["implementation"]["markers"]),
                }
            ),
            "version": Version(record["version"]),
            "abi": Abi(
                **{
                    **_tupled(record["abi"]),
                    "object_sizes": tuple(map(tuple, record["abi"]["object_sizes"])),
                }
            ),
            "platform": Platform(
                **{**record["platform"], "libc": Libc(**libc) if libc is not None else None}
            ),
            "jit": Jit(record["jit"]) if record["jit"] is not None else None,
            "stdlib": frozenset(record["stdlib"]),
            "site_packages": tuple(map(Path, record["site_packages"])),
        }
    )


def _inquiry(record: Record) -> Inquiry:
    return Inquiry(**{**_tupled(record), "path": Path(record["path"]), "remembered": True})


def _environment(record: Record) -> Environment:
    return Environment(
        prefix=Path(record["prefix"]),
        base=_path(record["base"]),
        overlays=tuple(Overlay(**each) for each in record["overlays"]),
    )


def _path(text: str | None) -> Path | None:
    return Path(text) if text is not None else None


def _tupled(record: Mapping[str, Any]) -> Record:
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in record.items()
    }
