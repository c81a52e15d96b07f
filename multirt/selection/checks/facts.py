"""The facts of a runtime that conditions in programs ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multirt.program import Facts

if TYPE_CHECKING:
    from runtimes import Runtime


def facts_of(runtime: Runtime) -> Facts:
    """Return what the conditions of a program ask for."""
    return Facts(
        version=(runtime.version.major, runtime.version.minor, runtime.version.micro),
        implementation=runtime.implementation.name,
        own_name=runtime.implementation.markers.implementation_name,
        title=runtime.implementation.markers.platform_python_implementation,
        system=runtime.platform.system,
        machine=runtime.platform.machine,
    )
