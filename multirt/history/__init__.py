"""What was measured before, of each program, on each machine."""

from __future__ import annotations

from multirt.history.exports import write_csv, write_pyperf
from multirt.history.fastest import Evidence, evidence_for
from multirt.history.keys import content_of, machine_key, program_key
from multirt.history.model import IDLE, PROCESSOR, Record, processor_times
from multirt.history.store import History

__all__ = [
    "IDLE",
    "PROCESSOR",
    "Evidence",
    "History",
    "Record",
    "content_of",
    "evidence_for",
    "machine_key",
    "processor_times",
    "program_key",
    "write_csv",
    "write_pyperf",
]
