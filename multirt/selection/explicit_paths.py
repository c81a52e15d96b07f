"""Add the runtimes that the user names by a path."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from multirt.errors import ErrorKind, NothingFitsError
from runtimes import CandidateError, base_executable, interrogate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runtimes import Runtime, RuntimeSpec, SearchOptions


def add_explicit_paths(
    runtimes: Sequence[Runtime], specs: Sequence[RuntimeSpec], search: SearchOptions
) -> tuple[Runtime, ...]:
    """Return the runtimes, and those that a spec names by a path and that no source found.

    Raises:
        MultirtError: a path leads to nothing that answers as a runtime.
    """
    found = list(runtimes)
    for spec in specs:
        if spec.path is None or any(spec.accepts(each) for each in found):
            continue
        path = Path(spec.path).expanduser()
        path = base_executable(path) or path
        names = {path, Path(os.path.realpath(path))}
        known = next((each for each in found if names & {each.executable, *each.aliases}), None)
        if known is None:
            try:
                named = interrogate(path, env=search.env, timeout=search.timeout)
            except CandidateError as error:
                message = f"cannot use {spec.path} as a runtime: {error.detail}"
                hint = "`multirt list` shows the runtimes of this machine"
                raise NothingFitsError(message, hint, ErrorKind.SPEC) from error
            known = next((each for each in found if each.executable == named.executable), named)
        if known in found:
            found.remove(known)
        found.append(replace(known, aliases=(*known.aliases, Path(spec.path))))
    return tuple(found)
