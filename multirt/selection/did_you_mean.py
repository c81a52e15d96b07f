"""Suggest a command for a word that is not a program."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from runtimes import RuntimeSpec, SpecError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def suggest_command(word: str, rest: Sequence[str], cwd: Path) -> str | None:
    """Return the command to write instead, None when none is likely.

    Args:
        word: where a program or a command was expected.
        rest: what follows it.
        cwd: the current folder.
    """
    if _is_runtime(word):
        # `python3.12 x.py` and `py 3.12 x.py` both become `run --python 3.12 x.py`.
        again = shlex.join(["multirt", "run", "--python", word, *_program(rest)])
        return f"`{again}` starts that runtime, `multirt find {shlex.quote(word)}` prints its path"
    script = f"{word}.py"
    if (cwd / script).is_file():
        return f"`{shlex.join(['multirt', 'run', script, *rest])}` starts the script"
    return None


def _program(rest: Sequence[str]) -> Sequence[str]:
    """Return the arguments for `run`, where options are multirt's until a program is named."""
    options = rest and rest[0].startswith("-") and rest[0][:2] not in ("-m", "-c")
    return ["python", *rest] if options else rest


def _is_runtime(word: str) -> bool:
    """Whether a word is the name of a runtime, and not of a file."""
    try:
        return RuntimeSpec.parse(word).path is None
    except SpecError:
        return False
