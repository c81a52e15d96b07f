"""Make an empty virtual environment of a runtime: no pip, nothing that names its place."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from multirt.environments.identity import digest, runtime_identity
from multirt.environments.removal import discard
from multirt.errors import ExitCode, MultirtError
from runtimes.storage.trust import check_tree, make_folder

if TYPE_CHECKING:
    from runtimes import Runtime

_SECONDS = 120
_ELSEWHERE = "MULTIRT_CACHE_DIR names another folder for them; `multirt env prune` frees this one"
_umask = os.umask(0o077)
os.umask(_umask)
UMASK = _umask | 0o022
"""Of what makes files in environments: under any umask, no other user can write them."""

_OF_THE_DISK = re.compile("no space left|quota exceeded|read-only file system", re.IGNORECASE)


def create(runtime: Runtime, room: Path, empty: Path) -> tuple[Path, ...]:
    """Make an environment in an empty folder and return its folders of packages.

    The first one of a runtime is kept, empty, and copied for the others: nothing in it names its
    place, and a start of the runtime's `venv` takes a hundred times as long.

    Args:
        runtime: whose environment.
        room: the folder.
        empty: where the empty ones are kept.

    Raises:
        MultirtError: the runtime cannot.
        OSError: there is no room.
    """
    pattern = empty / f"{runtime.id}-{digest(runtime_identity(runtime))}"
    if not _copied(pattern, room):
        make_empty(runtime, room)
        for script in (room / scripts_folder()).glob("[aA]ctivate*"):
            script.unlink()  # it names the folder that this one is renamed from
        _keep(room, pattern)
    folders = site_roots(room)
    if not folders:
        raise failed(runtime, "its venv module made no site-packages folder")
    return folders


def _copied(pattern: Path, room: Path) -> bool:
    """Copy an empty environment that no other user can write; return whether there was one."""
    with suppress(OSError):  # it is not there, or was removed meanwhile; `shutil.Error` is one too
        check_tree(pattern)
        shutil.copytree(pattern, room, symlinks=True, dirs_exist_ok=True)
    if python_of(room).exists() and site_roots(room) and (room / "pyvenv.cfg").is_file():
        return True
    shutil.rmtree(room)  # what there is of it
    room.mkdir(mode=0o700)
    return False


def _keep(room: Path, pattern: Path) -> None:
    """Keep a copy of an empty environment for the next ones."""
    with suppress(OSError):  # the disk is full; then each is made by itself
        make_folder(pattern.parent)
        discard(pattern)
        temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=pattern.parent))
        try:
            shutil.copytree(room, temporary, symlinks=True, dirs_exist_ok=True)
            temporary.rename(pattern)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def make_empty(runtime: Runtime, room: Path) -> None:
    """Let a runtime's own `venv` make an environment.

    It serves every version from 3.3 on, is quicker than virtualenv, and puts no start-up hook into
    the environment. One that is there stays.

    Raises:
        MultirtError: the runtime cannot.
    """
    command = [str(runtime.executable), "-I", "-m", "venv", "--without-pip", str(room)]
    try:
        subprocess.run(
            command,
            check=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_SECONDS,
            umask=UMASK,
        )
    except subprocess.CalledProcessError as error:
        words = error.stderr.decode("utf-8", "replace").strip().splitlines()
        raise failed(runtime, words[-1] if words else f"exit code {error.returncode}") from error
    except subprocess.TimeoutExpired as error:
        raise failed(runtime, f"no end after {_SECONDS} s") from error


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


def unwritable(runtime: Runtime, error: OSError) -> MultirtError:
    """Return the error for an environment that the disk has no room for, or that may not be."""
    where = f"{error.filename}: " if error.filename is not None else ""
    return failed(runtime, f"{where}{error.strerror or error}", _ELSEWHERE)


def failed(runtime: Runtime, why: str, hint: str | None = None) -> MultirtError:
    """Return the error for an environment that a runtime or an installer cannot make."""
    if hint is None:
        other = f"try another runtime with --python, or see `{runtime.executable} -m venv`"
        hint = _ELSEWHERE if _OF_THE_DISK.search(why) else other
    return MultirtError(
        "environment",
        f"cannot make an environment of {runtime.id}: {why}",
        hint,
        ExitCode.CANNOT_START,
    )
