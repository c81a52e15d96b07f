"""Remember proofs, one small file for each artefact, runtime and kind of check."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from abi_probe import ArtefactKind
from multirt.probe.import_model import Check, Outcome, Proof, Seen
from runtimes.storage.files import load, save

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from abi_probe import Artefact
    from runtimes import Runtime

_SCHEMA: Final = 2
_SCRIPT: Final = Path(__file__).with_name("import_script.py.txt")


class ProofStore(Struct, frozen=True, kw_only=True):
    """Where proofs are kept.

    Attributes:
        folder: need not exist. Whatever is wrong with it or with a file in it, the proof is
            simply made again.
    """

    folder: Path

    def load(self, key: str) -> Proof | None:
        """Return the proof of a key, None when there is none that can be read."""
        content = load(self.folder / f"{key}.json")
        try:
            return _proof_of(json.loads(content)) if content is not None else None
        except (ValueError, KeyError, TypeError, RecursionError):
            return None

    def save(self, key: str, proof: Proof) -> None:
        """Keep a proof; one in which something took too long may come out otherwise next time."""
        if any(seen.outcome is Outcome.HUNG for seen in proof.seen):
            return
        with suppress(OSError):  # a full or read-only disk is no reason to fail
            save(self.folder / f"{key}.json", json.dumps(_row_of(proof)).encode())


def proof_key(
    artefact: Artefact, runtime: Runtime, check: Check, roots: Sequence[Path] = ()
) -> str:
    """Return what a proof rests on as one word: every file, the runtime, the question.

    A wheel is its file; what is installed is the signatures of its binaries and modules, for one
    of them may be replaced without a trace in the others.
    """
    rests_on = [
        *((str(path), _signature(path)) for path in _files_of(artefact)),
        *((str(root), _signature(root)) for root in roots),
        (str(runtime.executable), _signature(runtime.executable)),
    ]
    question = [_SCHEMA, check, runtime.id, hashlib.sha256(_SCRIPT.read_bytes()).hexdigest()]
    return hashlib.sha256(json.dumps([question, rests_on]).encode()).hexdigest()[:32]


def _files_of(artefact: Artefact) -> Iterator[Path]:
    """Yield the files that an import of an artefact may read."""
    if artefact.kind is ArtefactKind.WHEEL or artefact.root is None:
        yield Path(artefact.target)
        return
    root = Path(artefact.root)
    yield root
    for extension in artefact.extensions:
        yield root / extension.path
    for library in artefact.libraries:
        yield root / library
    for module in sorted(artefact.sources):
        below = root.joinpath(*module.split("."))
        yield below.with_name(f"{below.name}.py")
        yield below / "__init__.py"


def _signature(path: Path) -> list[int] | None:
    """Return what changes when a file is replaced or written; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return [
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    ]


def _row_of(proof: Proof) -> dict[str, object]:
    """Return a proof as JSON has it."""
    seen = [[_cells(each), _cells(each.alone) if each.alone else None] for each in proof.seen]
    return {"runtime": proof.runtime, "check": proof.check, "seen": seen}


def _cells(seen: Seen) -> list[str]:
    """Return one import as JSON has it."""
    return [seen.module, seen.outcome, seen.detail]


def _proof_of(row: dict[str, list[list[list[str]]]]) -> Proof:
    """Return the proof of a row; `KeyError`, `ValueError` and `TypeError` when it is none."""
    return Proof(
        runtime=str(row["runtime"]),
        check=Check(str(row["check"])),
        seen=tuple(
            _seen_of(cells, alone=_seen_of(alone) if alone else None)
            for cells, alone in row["seen"]
        ),
    )


def _seen_of(cells: list[str], alone: Seen | None = None) -> Seen:
    """Return the import of three cells."""
    module, outcome, detail = cells
    return Seen(module=module, outcome=Outcome(outcome), detail=detail, alone=alone)
