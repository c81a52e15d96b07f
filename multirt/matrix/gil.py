"""Find out whether the GIL stayed off while the commands of a cell ran."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from multirt.matrix import gil_hook
from multirt.matrix.gil_hook import FILE, HOME
from multirt.matrix.model import GilReport

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST = 1 << 20  # bytes that are read: a line for each process


def watched(env: Mapping[str, str], home: str, folder: Path) -> dict[str, str]:
    """Return variables with which the Pythons of an environment note their GIL in a folder."""
    hook = folder / "gil"
    hook.mkdir()
    shutil.copyfile(Path(gil_hook.__file__), hook / "sitecustomize.py")
    path = os.pathsep.join(filter(None, (str(hook), env.get("PYTHONPATH"))))
    return {**env, "PYTHONPATH": path, FILE: str(folder / "gil.txt"), HOME: home}


def read_gil(folder: Path) -> GilReport | None:
    """Return what the processes noted; None where none did, as under `python -I`."""
    try:
        with (folder / "gil.txt").open("rb") as stream:
            lines = stream.read(_MOST).decode("utf-8", "replace").splitlines()
    except OSError:
        return None
    enabled = [line.partition(" ")[2] for line in lines if line.partition(" ")[0] == "on"]
    module = next(filter(None, enabled), None)
    return GilReport(enabled=bool(enabled), module=module)
