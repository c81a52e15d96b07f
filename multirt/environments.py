"""Make the small environments through which a runtime uses a folder of packages.

Such an environment has no packages of its own: a `.pth` file in it adds the folders, after the
standard library, with their own `.pth` files processed. Nothing is written to the folders.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from multirt.errors import ExitCode, MultirtError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runtimes import Runtime

_SCHEMA = "1"
_PATH_FILE = "multirt.pth"
_SECONDS = 120


def overlay(runtime: Runtime, roots: Sequence[Path], cache_dir: Path) -> Path:
    """Return the python of an environment of a runtime that has the roots on its path.

    It is made once and kept; two starts at once make one, for the last step is a rename.

    Args:
        runtime: which has the `venv` module.
        roots: folders of packages, absolute.
        cache_dir: where environments are kept.

    Raises:
        MultirtError: it cannot be made.
    """
    home = cache_dir / "environments" / _key(runtime, roots)
    python = home / "bin" / "python"
    if python.exists():
        if any(home.glob(f"**/{_PATH_FILE}")):
            return python
        shutil.rmtree(home, ignore_errors=True)  # somebody removed a part of it
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        room = Path(tempfile.mkdtemp(prefix=".new-", dir=home.parent))
    except OSError as error:
        raise _failed(runtime, f"{home.parent}: {error.strerror}") from error
    try:
        _make(runtime, roots, room)
        room.chmod(0o755)
        room.rename(home)
    except OSError as error:
        if not python.exists():  # another start was quicker, which is as good
            raise _failed(runtime, str(error)) from error
    finally:
        shutil.rmtree(room, ignore_errors=True)
    return python


def _key(runtime: Runtime, roots: Sequence[Path]) -> str:
    """Return a name that changes with the interpreter's file and with the roots."""
    status = runtime.executable.stat()
    signature = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
    facts = (_SCHEMA, str(signature), str(runtime.executable), *map(str, roots))
    digest = hashlib.sha256(b"\0".join(os.fsencode(fact) for fact in facts))
    return f"{runtime.id}-{digest.hexdigest()[:16]}"


def _make(runtime: Runtime, roots: Sequence[Path], room: Path) -> None:
    """Create the environment and write its `.pth` file."""
    command = [str(runtime.executable), "-I", "-m", "venv", "--without-pip", str(room)]
    try:
        subprocess.run(
            command, check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=_SECONDS
        )
    except subprocess.CalledProcessError as error:
        words = error.stderr.decode("utf-8", "replace").strip().splitlines()
        raise _failed(runtime, words[-1] if words else f"exit code {error.returncode}") from error
    except subprocess.TimeoutExpired as error:
        raise _failed(runtime, f"no end after {_SECONDS} s") from error
    folders = [path for path in room.glob("lib*/*/site-packages") if not path.parent.is_symlink()]
    folders = folders or list(room.glob("site-packages"))
    if not folders:
        raise _failed(runtime, "its venv module made no site-packages folder")
    lines = "".join(f"import site; site.addsitedir({str(root)!r})\n" for root in roots)
    for folder in {folder.resolve() for folder in folders}:
        (folder / _PATH_FILE).write_text(lines, encoding="utf-8", errors="surrogateescape")


def _failed(runtime: Runtime, why: str) -> MultirtError:
    """Return the error for an environment that cannot be made."""
    return MultirtError(
        "environment",
        f"cannot make an environment of {runtime.id}: {why}",
        f"try another runtime with --python, or see `{runtime.executable} -m venv`",
        ExitCode.CANNOT_START,
    )
