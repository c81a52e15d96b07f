"""Remember proofs, one small file for each artefact, runtime and kind of check."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from abi_probe import ArtefactKind
from multirt.probe.import_model import Check, Outcome, Proof
from runtimes.storage import cache
from runtimes.storage.fingerprint import of_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from abi_probe import Artefact
    from runtimes import Runtime

_SCHEMA: Final = 3
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
        return cache.read(self.folder / f"{key}.json", Proof)

    def save(self, key: str, proof: Proof) -> None:
        """Keep a proof; one in which something took too long may come out otherwise next time."""
        if any(seen.outcome is Outcome.HUNG for seen in proof.seen):
            return
        with suppress(OSError):  # a full or read-only disk is no reason to fail
            cache.write(self.folder / f"{key}.json", proof)


def proof_key(
    artefact: Artefact, runtime: Runtime, check: Check, roots: Sequence[Path] = ()
) -> str:
    """Return what a proof rests on as one word: every file, the runtime, the question.

    A wheel is its file; what is installed is the signatures of its binaries and modules, for one
    of them may be replaced without a trace in the others.
    """
    rests_on = [
        *((str(path), of_file(path)) for path in _files_of(artefact)),
        *((str(root), of_file(root)) for root in roots),
        (str(runtime.executable), of_file(runtime.executable)),
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
