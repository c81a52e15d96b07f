"""Make an empty virtual environment of a runtime: no pip, nothing that names its place."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from multirt.errors import ExitCode, MultirtError

if TYPE_CHECKING:
    from pathlib import Path

    from runtimes import Runtime

_SECONDS = 120


def create(runtime: Runtime, room: Path) -> tuple[Path, ...]:
    """Make an environment in an empty folder and return its folders of packages.

    The runtime's own `venv` does it: it serves every version from 3.3 on, is quicker than
    virtualenv, and puts no start-up hook into the environment.

    Raises:
        MultirtError: the runtime cannot.
    """
    command = [str(runtime.executable), "-I", "-m", "venv", "--without-pip", str(room)]
    try:
        subprocess.run(
            command, check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=_SECONDS
        )
    except subprocess.CalledProcessError as error:
        words = error.stderr.decode("utf-8", "replace").strip().splitlines()
        raise failed(runtime, words[-1] if words else f"exit code {error.returncode}") from error
    except subprocess.TimeoutExpired as error:
        raise failed(runtime, f"no end after {_SECONDS} s") from error
    for script in (room / scripts_folder()).glob("[aA]ctivate*"):
        script.unlink()  # it names the folder that this one is renamed from
    folders = site_roots(room)
    if not folders:
        raise failed(runtime, "its venv module made no site-packages folder")
    return folders


def scripts_folder() -> str:
    """Return the name of the folder of scripts in an environment."""
    return "Scripts" if os.name == "nt" else "bin"


def python_of(home: Path) -> Path:
    """Return how an environment is started."""
    return home / scripts_folder() / ("python.exe" if os.name == "nt" else "python")


def site_roots(home: Path) -> tuple[Path, ...]:
    """Return an environment's folders of packages, each once."""
    found = [*home.glob("lib*/*/site-packages"), *home.glob("Lib/site-packages")]
    # PyPy 3.9 and older keep it at the top; `lib64` is a link to `lib`.
    return tuple(sorted({path.resolve() for path in found or home.glob("site-packages")}))


def failed(runtime: Runtime, why: str) -> MultirtError:
    """Return the error for an environment that cannot be made."""
    return MultirtError(
        "environment",
        f"cannot make an environment of {runtime.id}: {why}",
        f"try another runtime with --python, or see `{runtime.executable} -m venv`",
        ExitCode.CANNOT_START,
    )
