"""Remember what runtimes answered; a cache that cannot be used is no trouble."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING

from runtimes.storage import cache
from runtimes.storage.fingerprint import of_file

if TYPE_CHECKING:
    from pathlib import Path

    from multirt.selection.compile_question import Question
    from runtimes import Runtime


class Memory:
    """The place of one answer."""

    def __init__(self, cache_dir: Path, runtime: Runtime, asked: Question) -> None:
        """Name the file by the question and by the runtime's own file."""
        known = (of_file(runtime.executable), str(runtime.executable), str(runtime.version))
        facts = (asked.digest, *map(str, known))
        digest = hashlib.sha256("\0".join(facts).encode("utf-8", "surrogateescape")).hexdigest()
        self._file = cache_dir / "answers" / f"{digest[:40]}.json"

    def load(self) -> list[str] | None:
        """Return the lines of an answer, None when there is none that can be trusted."""
        return cache.read(self._file, list[str])

    def store(self, lines: list[str]) -> None:
        """Keep the lines of an answer, at once or not at all."""
        with suppress(OSError):  # a full disk
            cache.write(self._file, lines)
