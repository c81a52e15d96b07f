"""Remember what runtimes answered; a cache that cannot be used is no trouble."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from typing import TYPE_CHECKING

from runtimes.storage.files import load, save

if TYPE_CHECKING:
    from pathlib import Path

    from multirt.selection.compile_question import Question
    from runtimes import Runtime


class Memory:
    """The place of one answer."""

    def __init__(self, cache_dir: Path, runtime: Runtime, asked: Question) -> None:
        """Name the file by the question and by the runtime's own file."""
        try:
            status = runtime.executable.stat()
            signature = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
        except OSError:
            signature = (0, 0, 0, 0)
        facts = (asked.digest, str(runtime.executable), str(runtime.version), str(signature))
        digest = hashlib.sha256("\0".join(facts).encode("utf-8", "surrogateescape")).hexdigest()
        self._file = cache_dir / "answers" / f"{digest[:40]}.json"

    def load(self) -> list[str] | None:
        """Return the lines of an answer, None when there is none that can be trusted."""
        content = load(self._file)
        try:
            lines = json.loads(content) if content is not None else None
        except (ValueError, RecursionError):
            return None
        good = isinstance(lines, list) and all(isinstance(line, str) for line in lines)
        return lines if good else None

    def store(self, lines: list[str]) -> None:
        """Keep the lines of an answer, at once or not at all."""
        with suppress(OSError):  # a full disk
            save(self._file, json.dumps(lines).encode())
