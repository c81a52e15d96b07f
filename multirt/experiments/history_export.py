"""Write what is remembered for other programs: pyperf's JSON, and CSV."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from multirt.errors import MultirtError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from multirt.experiments.history_model import Record

_HEADINGS = (
    *("run", "session", "at", "program", "content", "arguments", "machine", "runtime"),
    *("threads", "same_output", "round", "seconds"),
)


def write_csv(records: Sequence[Record], path: Path) -> None:
    """Write one row for each value.

    Raises:
        MultirtError: the file cannot be written.
    """
    try:
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(_HEADINGS)
            for each in records:
                facts = (each.number, each.session, each.at.isoformat(), each.program)
                more = (each.content, " ".join(each.arguments), each.machine, each.runtime)
                checked = "yes" if each.checked else ""
                for number, values in enumerate(each.rounds, 1):
                    for value in values:
                        writer.writerow((*facts, *more, each.threads, checked, number, value))
    except OSError as error:
        raise MultirtError("export", f"cannot write {path}: {error.strerror}") from error


def write_pyperf(documents: Sequence[tuple[str, str]], folder: Path) -> None:
    """Write pyperf's files, which `pyperf compare_to` and its plots read.

    Args:
        documents: a name for each file, without its ending, and the JSON.
        folder: made when it is not there.

    Raises:
        MultirtError: a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, document in documents:
            (folder / f"{name}.json").write_text(document + "\n", encoding="utf-8")
    except OSError as error:
        raise MultirtError("export", f"cannot write {folder}: {error.strerror}") from error
