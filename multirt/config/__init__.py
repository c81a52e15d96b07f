"""What is asked of a runtime, by whom, and where it was said."""

from __future__ import annotations

from multirt.config.model import Configuration, Need, Note, NoteKind, Prefer, Setting, Source
from multirt.config.resolve import CliSettings, ConfigContext, configure

__all__ = [
    "CliSettings",
    "ConfigContext",
    "Configuration",
    "Need",
    "Note",
    "NoteKind",
    "Prefer",
    "Setting",
    "Source",
    "configure",
]
