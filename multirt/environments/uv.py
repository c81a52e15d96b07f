"""Run uv, which resolves and installs; the one address of its processes."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from multirt.environments.indexes import index_settings
from multirt.errors import ExitCode, MultirtError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from multirt.environments.store import Store

# What the user's uv may be told for other purposes, and what would lead this one astray.
_NOT_OURS = (
    "UV_BREAK_SYSTEM_PACKAGES",
    "UV_MANAGED_PYTHON",
    "UV_NO_MANAGED_PYTHON",
    "UV_PREFIX",
    "UV_PROJECT",
    "UV_PROJECT_ENVIRONMENT",
    "UV_PYTHON",
    "UV_PYTHON_PREFERENCE",
    "UV_SYSTEM_PYTHON",
    "UV_TARGET",
    "UV_WORKING_DIR",
)
_OF_ANOTHER_PYTHON = ("CONDA_PREFIX", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")
# What changes how uv works, but not what it finds.
_NOT_TELLING = ("UV_CACHE_DIR", "UV_HTTP_TIMEOUT", "UV_LINK_MODE", "UV_NO_PROGRESS", "UV_OFFLINE")


class UvError(Exception):
    """uv ended with an error; the text is what it said."""


def run_uv(store: Store, arguments: Sequence[str], *, text: str = "") -> str:
    """Run uv in the store's folder and return its output.

    Args:
        store: whose environment variables count.
        arguments: for uv.
        text: its input.

    Raises:
        UvError: it ended with an error.
        MultirtError: it is not there.
    """
    env = uv_environment(store.env)
    try:
        store.root.mkdir(parents=True, exist_ok=True)
        ended = subprocess.run(
            [find_uv(store.env), *arguments],
            check=False,
            capture_output=True,
            cwd=store.root,  # no `uv.toml` of the folder that somebody happens to be in
            encoding="utf-8",
            env=env,
            errors="replace",
            input=text,
        )
    except OSError as error:
        message = f"cannot start uv in {store.root}: {error.strerror}"
        raise MultirtError("environment", message, code=ExitCode.FAILED) from error
    if ended.returncode:
        raise UvError(ended.stderr.strip() or f"uv ended with {ended.returncode}")
    return ended.stdout


def find_uv(env: Mapping[str, str]) -> str:
    """Return uv's program: the one that was installed with multirt, else the one on PATH.

    Raises:
        MultirtError: neither is there.
    """
    from uv import find_uv_bin

    try:
        return find_uv_bin()
    except FileNotFoundError:
        found = shutil.which("uv", path=env.get("PATH"))
    if found is None:
        hint = "pip install uv, into the environment of multirt"
        raise MultirtError("environment", "uv is not installed", hint, ExitCode.FAILED)
    return found


def uv_environment(env: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for uv: the user's, without those for other Pythons."""
    kept = {
        name: value
        for name, value in env.items()
        if name not in {*_NOT_OURS, *_OF_ANOTHER_PYTHON} and not name.startswith("PYTHON")
    }
    return {**kept, **index_settings(env), "UV_NO_PROGRESS": "1", "NO_COLOR": "1"}


def telling(env: Mapping[str, str]) -> list[str]:
    """Return the settings on which it depends what uv finds."""
    return sorted(
        f"{name}={value}"
        for name, value in uv_environment(env).items()
        if name.startswith("UV_") and name not in _NOT_TELLING
    )
