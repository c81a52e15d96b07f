"""Remember what runtimes answered; a cache that cannot be used is no trouble."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from multirt.storage.files import LARGEST, parse_json

if TYPE_CHECKING:
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
        try:
            with self._file.open("rb") as stream:
                status = os.fstat(stream.fileno())
                if os.name != "nt" and (status.st_uid != os.geteuid() or status.st_mode & 0o022):
                    return None  # somebody else could have written it
                lines = parse_json(stream.read(LARGEST))
        except (OSError, ValueError):
            return None
        good = isinstance(lines, list) and all(isinstance(line, str) for line in lines)
        return lines if good else None

    def store(self, lines: list[str]) -> None:
        """Keep the lines of an answer, at once or not at all."""
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            import tempfile  # 8 ms, where there is something new

            descriptor, name = tempfile.mkstemp(dir=self._file.parent)
        except OSError:
            return
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as stream:
                json.dump(lines, stream)
            Path(name).replace(self._file)
        except OSError:  # a full disk
            with suppress(OSError):
                Path(name).unlink()
