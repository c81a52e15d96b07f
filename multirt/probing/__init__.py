"""Probe artefacts on runtimes: read, judge, remember, spread over processes and machines."""

from __future__ import annotations

from multirt.probing.model import Probing, Trial
from multirt.probing.policy import Policy
from multirt.probing.reasons import (
    HINT,
    PROMISE,
    TABLE,
    WARNING,
    Reason,
    Weight,
    names,
    reasons_of,
)
from multirt.probing.report import (
    SOURCE_ARCHIVE,
    ErrorReport,
    ExtensionReport,
    ObjectionReport,
    Report,
    RuntimeReport,
)
from multirt.probing.standing import standing_of
from multirt.probing.sweep import probe

__all__ = [
    "HINT",
    "PROMISE",
    "SOURCE_ARCHIVE",
    "TABLE",
    "WARNING",
    "ErrorReport",
    "ExtensionReport",
    "ObjectionReport",
    "Policy",
    "Probing",
    "Reason",
    "Report",
    "RuntimeReport",
    "Trial",
    "Weight",
    "names",
    "probe",
    "reasons_of",
    "standing_of",
]
