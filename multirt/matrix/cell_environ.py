"""Choose the variables that the commands of a cell get."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_PREFIX_SINCE = (3, 8)
# What a program needs to work at all, whatever `pass-env` says.
_ALWAYS = (
    "CC",
    "HOME",
    "LANG",
    "LANGUAGE",
    "LC_*",
    "LD_LIBRARY_PATH",
    "LOGNAME",
    "NO_COLOR",
    "PATH",
    "SHELL",
    "SSL_CERT_*",
    "TERM",
    "TZ",
    "USER",
    "*_PROXY",
    "*_proxy",
)
_KEPT = frozenset({"PYTHONWARNINGS", "PYTHONUTF8", "PYTHONIOENCODING", "PYTHONHASHSEED"})
_DROPPED = frozenset(
    {"VIRTUAL_ENV", "CONDA_PREFIX", "__PYVENV_LAUNCHER__", "UV_PYTHON", "UV_PROJECT"}
)


def handed_on(env: Mapping[str, str], patterns: Sequence[str] | None) -> dict[str, str]:
    """Return the user's variables for a cell, without what makes one Python act like another.

    Args:
        env: the user's environment.
        patterns: of the only ones to hand on; None for all.
    """
    clean = {
        name: value
        for name, value in env.items()
        if (not name.startswith("PYTHON") or name in _KEPT) and name not in _DROPPED
    }
    if patterns is None:
        return clean
    wanted = (*_ALWAYS, *patterns)
    return {
        name: value
        for name, value in clean.items()
        if any(fnmatchcase(name, pattern) for pattern in wanted)
    }


def bytecode(version: tuple[int, int], folder: Path) -> dict[str, str]:
    """Return where bytecode goes when it may not lie next to the sources.

    To write none would make every run compile everything again.
    """
    if version < _PREFIX_SINCE:
        return {"PYTHONDONTWRITEBYTECODE": "1"}
    return {"PYTHONPYCACHEPREFIX": str(folder)}
