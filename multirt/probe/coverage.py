"""Which versions and platforms some wheels serve together, and which they leave out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from multirt.probe.model import FITTING
from runtimes.ranges import split_platform

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from multirt.probe.model import ArtifactReport

_RELEASE: Final = re.compile(r"(?:_\d+)+(?=_)")  # of a system, `_2_17` in `manylinux_2_17_x86_64`
_COMMON: Final = (
    "manylinux x86_64",
    "manylinux aarch64",
    "musllinux x86_64",
    "musllinux aarch64",
    "macosx x86_64",
    "macosx arm64",
    "win amd64",
    "win arm64",
)
"""The platforms for which most projects that ship wheels have one."""


class PlatformCoverage(Struct, frozen=True, kw_only=True):
    """What some wheels do on one platform.

    Attributes:
        platform: a system and a processor, `manylinux x86_64`.
        served: runtimes that one of the wheels works on, `cpython-3.12`.
        missing: those that only wheels for other platforms serve.
    """

    platform: str
    served: tuple[str, ...]
    missing: tuple[str, ...]


def coverage_of(reports: Iterable[ArtifactReport]) -> tuple[PlatformCoverage, ...]:
    """Return what the wheels of some reports serve, on each common platform and on their own.

    The reports are those of runtimes that the tags promise: what a wheel does not promise, an
    installer does not take it for.
    """
    served: dict[str, set[str]] = {}
    everywhere: set[str] = set()
    for report in reports:
        pure = any(tag.endswith("-any") for tag in report["wheel_tags"])
        for verdict in report["runtimes"]:
            if verdict["status"] not in FITTING:
                continue
            name, named = split_platform(verdict["runtime"])
            if pure:
                everywhere.add(name)
                continue
            # A runtime of this machine has no platform in its name: it is one of the wheel's.
            own = [tag.rpartition("-")[2] for tag in report["wheel_tags"]]
            for platform in [named] if named else own:
                served.setdefault(_family(platform), set()).add(name)
    runtimes = sorted(everywhere.union(*served.values()), key=_order)
    return tuple(
        PlatformCoverage(
            platform=platform,
            served=tuple(each for each in runtimes if each in here),
            missing=tuple(each for each in runtimes if each not in here),
        )
        for platform in dict.fromkeys((*_COMMON, *sorted(served)))
        for here in [everywhere | served.get(platform, set())]
    )


def _family(platform: str) -> str:
    """Return a platform without the release of its system; `manylinux2014` is one of those."""
    platform = re.sub(r"^manylinux\d+", "manylinux", platform)
    system, _, processor = _RELEASE.sub("", platform).partition("_")
    return f"{system} {processor}".strip()


def _order(runtime: str) -> tuple[str, Sequence[int], str]:
    name, _, version = runtime.partition("-")
    numbers = tuple(map(int, re.findall(r"\d+", version)))
    return ("" if name == "cpython" else name, numbers, version)
