"""Compare what a runtime's `build-details.json` says with what the runtime answered (PEP 739).

The file is not believed instead of an answer: a prefix that was moved or unpacked elsewhere
carries one that names other paths, and it says nothing of the C library, of the JIT or of which
modules import.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from msgspec import Struct

from runtimes.storage.files import read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from runtimes.model import Runtime


class Disagreement(Struct, frozen=True, kw_only=True):
    """One fact that a runtime's own file and its own answer do not share.

    Attributes:
        file: the `build-details.json`, which Debian names after the build.
        fact: where in the file, `abi.flags`.
        written: what the file says, as JSON.
        reported: what the runtime answered, as JSON.
    """

    file: Path
    fact: str
    written: str
    reported: str


def disagreements(runtime: Runtime) -> tuple[Disagreement, ...]:
    """Return where a runtime's `build-details.json` and its answer differ.

    Empty where there is no such file, as before 3.14, or where it says the same.
    """
    return tuple(
        Disagreement(file=file, fact=fact, written=_text(written), reported=_text(reported))
        for file, details in _details(runtime)
        for fact, reported in _reported(runtime)
        if (written := _look_up(details, fact)) is not None and not _agree(fact, written, reported)
    )


def _details(runtime: Runtime) -> Iterator[tuple[Path, object]]:
    """Yield the file of a runtime; of several in one library, that of its own build."""
    if runtime.base_prefix is None:
        return
    minor = ".".join(map(str, runtime.version.release[:2]))
    pattern = f"lib/python{minor}*/build-details*.json"
    read = [(file, _read(file)) for file in sorted(runtime.base_prefix.glob(pattern))]
    flags = list(runtime.abi.flags)
    for file, details in read:
        if len(read) == 1 or _look_up(details, "abi.flags") == flags:
            yield file, details


def _read(file: Path) -> object:
    try:
        return json.loads(read_bytes(file))
    except (OSError, ValueError, RecursionError):
        return None


def _reported(runtime: Runtime) -> Iterator[tuple[str, object]]:
    """Yield each fact of the file's schema 1.0 that a runtime also answers."""
    yield "base_prefix", os.fspath(runtime.base_prefix) if runtime.base_prefix else None
    yield "base_interpreter", os.fspath(runtime.executable)
    yield "platform", runtime.platform.tag
    yield "language.version_info.major", runtime.version.major
    yield "language.version_info.minor", runtime.version.minor
    yield "language.version_info.micro", runtime.version.micro
    yield "implementation.name", runtime.implementation.name
    yield "implementation.cache_tag", runtime.abi.cache_tag
    yield "abi.flags", list(runtime.abi.flags)
    yield "suffixes.extensions", list(runtime.abi.extension_suffixes)


def _look_up(details: object, fact: str) -> object:
    for key in fact.split("."):
        details = details.get(key) if isinstance(details, dict) else None
    return details


def _agree(fact: str, written: object, reported: object) -> bool:
    if written == reported:
        return True
    if fact.startswith("base_") and isinstance(written, str) and isinstance(reported, str):
        return os.path.realpath(written) == os.path.realpath(reported)
    return False


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
