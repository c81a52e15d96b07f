"""Name a program by its content, and this machine, for measurements to be found again."""

from __future__ import annotations

import hashlib
import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING

from multirt.program.model import Kind

if TYPE_CHECKING:
    from multirt.program.model import Program


def program_key(program: Program) -> str:
    """Return what a program is found by: its absolute path, else how it is asked for."""
    if program.script is not None:
        return str(program.script)
    return f"-c {program.entry.text}" if program.entry.kind is Kind.CODE else program.title


def content_of(program: Program) -> str:
    """Return the hash of a program's own files, and of how it was asked for."""
    digest = hashlib.sha256(f"{program.entry.kind} {program.entry.text}".encode(errors="replace"))
    if program.script is not None:
        digest = hashlib.sha256()  # the same file, however it is named
    for source in sorted(program.sources, key=lambda each: each.file):
        digest.update(hashlib.sha256(source.content).digest())
    return digest.hexdigest()


def machine_key() -> str:
    """Return a hash that changes with what makes times incomparable: processor and host."""
    facts = (platform.node(), platform.machine(), _processor(), str(os.cpu_count()))
    return hashlib.sha256("\0".join(facts).encode(errors="replace")).hexdigest()[:16]


def _processor() -> str:
    """Return the processor's model, as Linux names it; elsewhere what Python knows."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.processor()  # starts `uname`
