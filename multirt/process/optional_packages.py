"""Say how to add a package that only some commands need: those of multirt's extras."""

from __future__ import annotations

import importlib.util
import shlex
import sys

from multirt.errors import ErrorKind, UsageError


def require(package: str, purpose: str) -> None:
    """Make sure that a package is here.

    Args:
        package: of an extra, by the name that it has on the index and in Python.
        purpose: what needs it.

    Raises:
        MultirtError: it is not here; the hint is a command that adds it.
    """
    if importlib.util.find_spec(package) is None:
        message = f"{purpose} needs {package}, which is not installed"
        raise UsageError(message, f"add it with: {_command(package)}", kind=ErrorKind.EXTRA)


def _command(package: str) -> str:
    """Return what adds it next to multirt, however that was installed: pipx and uv bring no pip."""
    from importlib.metadata import requires  # 20 ms, where something is missing

    from packaging.requirements import Requirement

    known = map(Requirement, requires("multirt") or ())
    named = next(
        (f"{each.name}{each.specifier}" for each in known if each.name == package), package
    )
    installer = ["uv", "pip"] if sys.prefix != sys.base_prefix else ["pip"]
    return shlex.join([sys.executable, "-m", *installer, "install", named])
