"""Say what environment markers see on a runtime."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runtimes import Runtime

_SYSTEMS = {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}


def marker_environment(runtime: Runtime) -> dict[str, str]:
    """Return the variables of environment markers as a runtime sees them (PEP 508)."""
    own = runtime.implementation.markers
    system = runtime.platform.system
    return {
        "implementation_name": own.implementation_name,
        "implementation_version": own.implementation_version,
        "os_name": "nt" if system == "win32" else "posix",
        "platform_machine": runtime.platform.machine,
        "platform_python_implementation": own.platform_python_implementation,
        "platform_release": "",
        "platform_system": _SYSTEMS.get(system, ""),
        "platform_version": "",
        "python_full_version": str(runtime.version),
        "python_version": f"{runtime.version.major}.{runtime.version.minor}",
        "sys_platform": system,
    }
