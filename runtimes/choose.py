"""Choose the runtime that a spec asks for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from runtimes.errors import NoRuntimeError
from runtimes.ranking import rank
from runtimes.venvs import base_executable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runtimes.model import Runtime
    from runtimes.spec import RuntimeSpec


def find(spec: RuntimeSpec, runtimes: Sequence[Runtime]) -> Runtime:
    """Return the best runtime that a spec accepts.

    Args:
        spec: what is asked for. A path may lead through links, or to an environment or its
            folder; it is then resolved from the working folder, but a `~` is the caller's to
            replace.
        runtimes: what there is to choose from.

    Raises:
        NoRuntimeError: it accepts none of them.

    Example:
        >>> from runtimes import NoRuntimeError, RuntimeSpec, find
        >>> try:
        ...     find(RuntimeSpec.parse("3.12"), [])
        ... except NoRuntimeError as error:
        ...     print(error)
        no runtime here fits '3.12'
    """
    return ranked(spec, runtimes)[0]


def ranked(spec: RuntimeSpec, runtimes: Sequence[Runtime]) -> tuple[Runtime, ...]:
    """Return all runtimes that a spec accepts, the best first; the order is total, see `rank`.

    Args:
        spec: likewise.
        runtimes: likewise.

    Raises:
        NoRuntimeError: it accepts none of them.
    """
    accepted = [runtime for runtime in runtimes if spec.accepts(runtime)]
    if not accepted and spec.path is not None:
        accepted = _at(Path(spec.path), runtimes)
    if not accepted:
        raise NoRuntimeError(str(spec), tuple(runtime.id for runtime in runtimes))
    return tuple(sorted(accepted, key=rank))


def _at(path: Path, runtimes: Sequence[Runtime]) -> list[Runtime]:
    """Return the runtimes that a path starts."""
    start = base_executable(path) or path
    real = Path(os.path.realpath(start))
    return [
        runtime
        for runtime in runtimes
        if {start, real} & {runtime.executable, *runtime.aliases}
        or (runtime.prefix is not None and Path(os.path.realpath(runtime.prefix)) == real)
    ]
