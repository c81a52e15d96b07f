"""Make the small environments through which a runtime uses a folder of packages.

Such an environment has no packages of its own: a `.pth` file in it adds the folders, after the
standard library, with their own `.pth` files processed. Nothing is written to the folders.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from multirt.environments.identity import digest, runtime_identity
from multirt.environments.in_use import mark_in_use
from multirt.environments.manifest import EnvironmentKind, Manifest, is_intact, write_manifest
from multirt.environments.venv import create, python_of, unwritable
from multirt.storage.files import remove_atomically
from runtimes.storage.trust import make_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runtimes import Runtime

_SCHEMA = "3"
_PATH_FILE = "multirt.pth"


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
    mark_in_use(home)
    if is_intact(home):
        return python_of(home)
    try:
        make_folder(home.parent)
        remove_atomically(home)  # a part of it was removed
        room = Path(tempfile.mkdtemp(prefix=f".new-{home.name}~", dir=home.parent))
    except OSError as error:
        raise unwritable(runtime, error) from error
    try:
        lines = "".join(f"import site; site.addsitedir({str(root)!r})\n" for root in roots)
        for folder in create(runtime, room, cache_dir):
            (folder / _PATH_FILE).write_text(lines, encoding="utf-8", errors="surrogateescape")
        write_manifest(room, _record(runtime, roots))
        room.rename(home)
    except OSError as error:
        if not is_intact(home):  # another start was quicker, which is as good
            raise unwritable(runtime, error) from error
    finally:
        shutil.rmtree(room, ignore_errors=True)
    return python_of(home)


def _record(runtime: Runtime, roots: Sequence[Path]) -> Manifest:
    """Return what is written down of an environment."""
    return Manifest(
        kind=EnvironmentKind.OVERLAY,
        runtime=runtime.id,
        executable=str(runtime.executable),
        identity=runtime_identity(runtime),
        wanted=tuple(os.fsencode(root).decode("utf-8", "replace") for root in roots),
        made=time.time(),
    )


def _key(runtime: Runtime, roots: Sequence[Path]) -> str:
    """Return a name that changes with the interpreter's file and with the roots."""
    roots_digest = digest([_SCHEMA], runtime_identity(runtime), map(str, roots))
    return f"{runtime.id}-{roots_digest}"
