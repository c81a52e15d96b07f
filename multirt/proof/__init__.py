"""Prove that a runtime imports extension modules, in child processes that may crash."""

from __future__ import annotations

from multirt.proof.model import Check, Outcome, Proof, Seen, Subject, proven
from multirt.proof.proving import Limits, Workplace, prove, subjects, workplace
from multirt.proof.store import ProofStore
from multirt.proof.sweep import Setting, prove_on

__all__ = [
    "Check",
    "Limits",
    "Outcome",
    "Proof",
    "ProofStore",
    "Seen",
    "Setting",
    "Subject",
    "Workplace",
    "prove",
    "prove_on",
    "proven",
    "subjects",
    "workplace",
]
