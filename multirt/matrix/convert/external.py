"""Ask another runner for its own configuration."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from multirt.errors import ConfigError, ErrorKind, OperationError
from multirt.storage.files import parse_json, read_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_SECONDS = 120
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def need_tool(name: str, env: Mapping[str, str]) -> list[str]:
    """Return how a runner is started: the one on PATH with its plugins, else ours.

    Raises:
        MultirtError: it is not here.
    """
    if found := shutil.which(name, path=env.get("PATH", os.defpath)):
        return [found]
    if importlib.util.find_spec(name) is None:
        hint = f"install it, `pipx install {name}`, and try again"
        raise ConfigError(
            f"{name} is not here to say its configuration", hint, kind=ErrorKind.IMPORT
        )
    return [sys.executable, "-m", name]


def run_query(
    command: Sequence[str], cwd: Path, env: Mapping[str, str], file: Path | None = None
) -> Any:  # noqa: ANN401 - JSON
    """Return the JSON that a runner prints, or writes to a file.

    Args:
        command: what is asked.
        cwd: the project.
        env: the variables that it gets.
        file: what it writes to; None where it prints.

    Raises:
        MultirtError: it fails, or what it says is no JSON.
    """
    name = command[2] if command[1] == "-m" else os.path.basename(command[0])  # noqa: PTH119 - text
    try:
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            cwd=cwd,
            # It is only asked: nothing is to be fetched for that.
            env={**env, "NO_COLOR": "1", "UV_PYTHON_DOWNLOADS": "never"},
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=_SECONDS,
        )
        return parse_json(read_bytes(file) if file is not None else done.stdout)
    except subprocess.TimeoutExpired as error:
        message = f"{name} did not answer in {_SECONDS} s"
        raise OperationError(message, kind=ErrorKind.IMPORT) from error
    except (OSError, ValueError) as error:
        lines = _COLOUR.sub("", done.stderr or done.stdout).splitlines()
        text = next((line.strip() for line in reversed(lines) if line.strip()), str(error))
        message = f"{name} does not say its configuration: {text}"
        raise ConfigError(message, kind=ErrorKind.IMPORT) from error
