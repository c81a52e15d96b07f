"""Choose a runtime for another tool, or name those that come nearest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from multirt.cli.context import search
from runtimes import discover, rank

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runtimes import Runtime, RuntimeSpec

_NAMED = 3  # runtimes in an error


def runtimes_here(env: Mapping[str, str]) -> tuple[Runtime, ...]:
    """Return every runtime of this machine."""
    return discover(replace(search(), env=dict(env), progress=None)).runtimes


def fitting(spec: RuntimeSpec, runtimes: tuple[Runtime, ...]) -> list[Runtime]:
    """Return the runtimes that a spec accepts, the best first."""
    return sorted((each for each in runtimes if spec.accepts(each)), key=rank)


def nearest(spec: RuntimeSpec, runtimes: tuple[Runtime, ...]) -> list[str]:
    """Return the ids of the runtimes that come nearest to a spec that none fits."""

    def distance(runtime: Runtime) -> tuple[bool, int, int]:
        wanted = spec.release or runtime.version.release
        version = runtime.version.release
        gaps = [abs(one - other) for one, other in zip(wanted, version, strict=False)]
        other = (spec.implementation or "cpython") != runtime.implementation.name
        return other, gaps[0], sum(gaps[1:2])

    return [each.id for each in sorted(sorted(runtimes, key=rank), key=distance)[:_NAMED]]
