"""Replace this process by the program of a plan, and note the variables that a plan depends on."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, NoReturn

from multirt.errors import ErrorKind, LaunchError, OperationError

if TYPE_CHECKING:
    from collections.abc import ItemsView, Iterator

    from multirt.selection.model import Plan


class TrackedEnviron(Mapping[str, str]):
    """An environment that records which of its variables were asked for.

    Passing all of it on, as to a child process, reads nothing: `items` does not count.
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        """Wrap an environment."""
        self._env = env
        self._read: set[str] = set()

    def __getitem__(self, name: str) -> str:
        """Return a variable, and cache that it was asked for, be it set or not."""
        self._read.add(name)
        return self._env[name]

    def __iter__(self) -> Iterator[str]:
        """Yield every name."""
        return iter(self._env)

    def __len__(self) -> int:
        """Count the variables."""
        return len(self._env)

    def items(self) -> ItemsView[str, str]:
        """Return all of them, unnoticed."""
        return self._env.items()

    def values_read(self) -> dict[str, str | None]:
        """Return what was asked for with its value, None where there is none."""
        return {name: self._env.get(name) for name in self._read}


DEPTH = "MULTIRT_DEPTH"
_DEEPEST = 20


def launch(plan: Plan, env: Mapping[str, str]) -> NoReturn:
    """Replace this process by a plan's program.

    Raises:
        MultirtError: the interpreter cannot be started, or multirt starts itself without end; or
            this is Windows, where no process can take on another program.
    """
    if os.name == "nt":
        raise LaunchError("multirt run is not supported on Windows yet")
    environment = environment_of(plan, env)
    if plan.stdin is not None:
        _give(plan.stdin)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # as it is when the shell closed it
            stream.flush()
    try:
        arguments = [str(plan.executable), *plan.arguments]
        os.execve(arguments[0], arguments, environment)  # noqa: S606 - it is the job; there is no shell
    except OSError as error:
        message = f"cannot start {plan.executable}: {error.strerror}"
        hint = "multirt list --refresh finds the runtimes again"
        raise LaunchError(message, hint) from error


def environment_of(plan: Plan, env: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a plan's program.

    Raises:
        MultirtError: multirt starts itself without end.
    """
    depth = env.get(DEPTH, "0")
    level = int(depth) + 1 if depth.isdecimal() else 1
    if level > _DEEPEST:
        hint = "does the program start itself through multirt?"
        message = f"multirt was started from itself {_DEEPEST} times"
        raise OperationError(message, hint, kind=ErrorKind.DEPTH)
    return {**env, **dict(plan.environment), DEPTH: str(level)}


def _give(content: bytes) -> None:
    """Put a program that was read from stdin back there for the interpreter."""
    import tempfile  # 8 ms, for stdin only

    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        os.dup2(file.fileno(), 0)
