"""Do what `multirt list` asks for."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from typing import TYPE_CHECKING

from multirt.cli.context import search
from multirt.errors import ExitCode, NothingFitsError
from runtimes import NoRuntimeError, discover

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runtimes import Discovery, Runtime, RuntimeSpec


class ListFormat(StrEnum):
    """A list of runtimes that other tools read."""

    SEARCH_PATH = "search-path"  # their folders, as PATH and UV_PYTHON_SEARCH_PATH have them
    EXECUTABLES = "executables"  # one a line


def list_runtimes(
    spec: str | None,
    *,
    everything: bool,
    as_json: bool,
    refresh: bool,
    shape: ListFormat | None = None,
) -> int:
    """Print the runtimes that fit, and return the exit code.

    Args:
        spec: which; None for all.
        everything: environments too, and what could not be used.
        as_json: for programs; everything is in it in any case.
        refresh: ask every runtime again.
        shape: for other tools; None for a table.

    Raises:
        SpecError: the spec means nothing.
        NoRuntimeError: it accepts none of the runtimes, and people are to be told.
        MultirtError: there is no runtime at all, in the same way.
    """
    wanted = _parsed(spec) if spec is not None else None
    found = discover(search(refresh=refresh))
    if wanted is not None:
        wanted.require_fork(found.runtimes)
    shown = [each for each in found.runtimes if wanted is None or wanted.accepts(each)]
    if as_json:
        import json  # 4 ms that a table does not need

        from multirt.report.list import list_document

        sys.stdout.write(json.dumps(list_document(shown, found)) + "\n")
        return 0 if shown else ExitCode.NOTHING_FITS
    if shape is not None and shown:
        sys.stdout.write(f"{_joined(shown, shape)}\n")
        return 0
    from multirt.report.list import print_runtimes

    if shown:
        print_runtimes(shown, default=found.runtimes[0])
    if everything:
        from multirt.report.list import print_unused

        print_unused(found)
    if not shown:
        raise _nothing(spec, found)
    return 0


def _joined(runtimes: Sequence[Runtime], shape: ListFormat) -> str:
    match shape:
        case ListFormat.SEARCH_PATH:
            return os.pathsep.join(dict.fromkeys(str(each.executable.parent) for each in runtimes))
        case ListFormat.EXECUTABLES:
            return "\n".join(str(each.executable) for each in runtimes)


def _parsed(spec: str) -> RuntimeSpec:
    from runtimes import RuntimeSpec  # 2 ms, where there is one

    return RuntimeSpec.parse(spec, fork=True)


def _nothing(spec: str | None, found: Discovery) -> Exception:
    if spec is not None and found.runtimes:
        return NoRuntimeError(spec, tuple(each.id for each in found.runtimes))
    return NothingFitsError(
        "no Python runtime was found",
        "`multirt doctor` shows what was seen and not used; MULTIRT_SEARCH_PATH adds folders",
    )
