"""Environments: what a program needs installed, resolved for one runtime and built once.

`resolve` says which files a runtime would get, `build` makes the environment that holds them,
`overlay` lets a runtime use folders of packages that are there already.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from multirt.environments.builder import build, overlay
    from multirt.environments.index_settings import apply_tool_uv
    from multirt.environments.inventory import (
        EnvironmentState,
        PruneLimits,
        StoredEnvironment,
        environments,
        forget_resolutions,
        prunable,
        release,
        remove,
        sweep,
    )
    from multirt.environments.lock_maker import Locked, make_lock, write_lock
    from multirt.environments.manifest import EnvironmentKind, Manifest
    from multirt.environments.model import (
        EnvironmentStore,
        InstalledEnvironment,
        InstallRequest,
        LocalWheel,
        MissingWheel,
        Pin,
        Resolution,
        UnresolvableError,
        python_of,
    )
    from multirt.environments.project_env import LockedEnvironment, locked_environment
    from multirt.environments.pylock import PROJECT_LOCKS, lock_name, lock_of
    from multirt.environments.resolver import named_paths, resolve
    from multirt.environments.uv import UvError, clean_environment, find_uv, run_uv, uv_environment
    from multirt.environments.venv import (
        Maker,
        import_early,
        make_empty,
        maker_for,
        maker_of,
        preparing,
    )

__all__ = [
    "PROJECT_LOCKS",
    "EnvironmentKind",
    "EnvironmentState",
    "EnvironmentStore",
    "InstallRequest",
    "InstalledEnvironment",
    "LocalWheel",
    "Locked",
    "LockedEnvironment",
    "Maker",
    "Manifest",
    "MissingWheel",
    "Pin",
    "PruneLimits",
    "Resolution",
    "StoredEnvironment",
    "UnresolvableError",
    "UvError",
    "apply_tool_uv",
    "build",
    "clean_environment",
    "environments",
    "find_uv",
    "forget_resolutions",
    "import_early",
    "lock_name",
    "lock_of",
    "locked_environment",
    "make_empty",
    "make_lock",
    "maker_for",
    "maker_of",
    "named_paths",
    "overlay",
    "preparing",
    "prunable",
    "python_of",
    "release",
    "remove",
    "resolve",
    "run_uv",
    "sweep",
    "uv_environment",
    "write_lock",
]

# Loaded on first use: a caller of `markers` does not load the installer.
_LATER: Final = {
    "InstalledEnvironment": "model",
    "StoredEnvironment": "inventory",
    "EnvironmentKind": "manifest",
    "LockedEnvironment": "project_env",
    "PruneLimits": "inventory",
    "LocalWheel": "model",
    "Locked": "lock_maker",
    "MissingWheel": "model",
    "Pin": "model",
    "Manifest": "manifest",
    "Resolution": "model",
    "EnvironmentState": "inventory",
    "EnvironmentStore": "model",
    "UnresolvableError": "model",
    "UvError": "uv",
    "InstallRequest": "model",
    "build": "builder",
    "clean_environment": "uv",
    "environments": "inventory",
    "find_uv": "uv",
    "apply_tool_uv": "index_settings",
    "forget_resolutions": "inventory",
    "locked_environment": "project_env",
    "PROJECT_LOCKS": "pylock",
    "lock_name": "pylock",
    "lock_of": "pylock",
    "Maker": "venv",
    "import_early": "venv",
    "make_empty": "venv",
    "maker_for": "venv",
    "maker_of": "venv",
    "make_lock": "lock_maker",
    "named_paths": "resolver",
    "overlay": "builder",
    "preparing": "venv",
    "prunable": "inventory",
    "python_of": "model",
    "release": "inventory",
    "remove": "inventory",
    "resolve": "resolver",
    "run_uv": "uv",
    "sweep": "inventory",
    "uv_environment": "uv",
    "write_lock": "lock_maker",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is used first (PEP 562)."""
    if name in _LATER:
        return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
