"""Say where the answers of runtimes are cached, and on which variables they depend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER: Final = "runtimes"
"""Where they are, below the folder of all that is cached."""

# What changes which program a file starts, or which libraries it gets.
_VARIABLES: Final = (
    "DYLD_INSERT_LIBRARIES",
    "DYLD_LIBRARY_PATH",
    "GRAALVM_HOME",
    "HOME",
    "JAVA_HOME",
    "JAVA_TOOL_OPTIONS",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "NODE_OPTIONS",
)


def decisive(env: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that change what a file answers."""
    return {name: env[name] for name in _VARIABLES if name in env}
