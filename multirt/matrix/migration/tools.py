"""Ask another runner for its own configuration."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from multirt.errors import ExitCode, MultirtError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_SECONDS = 120


def find_tool(name: str) -> list[str] | None:
    """Return how a runner is started: the one beside multirt, else the one on PATH."""
    if importlib.util.find_spec(name) is not None:
        return [sys.executable, "-m", name]
    found = shutil.which(name)
    return [found] if found is not None else None


def need_tool(name: str) -> list[str]:
    """Return how a runner is started.

    Raises:
        MultirtError: it is not here.
    """
    found = find_tool(name)
    if found is None:
        hint = f"install it, `pipx install {name}`, and try again"
        raise MultirtError("import", f"{name} is not here to say its configuration", hint)
    return found


def ask(command: Sequence[str], cwd: Path, file: Path | None = None) -> Any:  # noqa: ANN401 - JSON
    """Return the JSON that a runner prints, or writes to a file.

    Raises:
        MultirtError: it fails, or what it says is no JSON.
    """
    name = command[2] if command[1] == "-m" else command[0]
    try:
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=_SECONDS,
        )
        return json.loads(file.read_text(encoding="utf-8") if file is not None else done.stdout)
    except subprocess.TimeoutExpired as error:
        message = f"{name} did not answer in {_SECONDS} s"
        raise MultirtError("import", message, code=ExitCode.FAILED) from error
    except (OSError, ValueError) as error:
        words = (done.stderr or done.stdout).strip().splitlines()[-1:]
        message = f"{name} does not say its configuration: {' '.join(words) or error}"
        raise MultirtError("import", message) from error
