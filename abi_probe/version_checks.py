"""Check that libc, the other libraries and the processor are new enough for an extension."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abi_probe.libc import FOR_GLIBC, FOR_MUSL, glibc_needs, libc_of, other_libc, version_key
from abi_probe.verdict import Cause, Objection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from abi_probe.dynamic_linking.loader import LinkResult
    from abi_probe.dynamic_linking.loader_errors import UnmetVersion
    from abi_probe.model import Extension, Target, VersionNeed


def check_versions(
    extension: Extension, link: LinkResult | None, target: Target
) -> Iterator[Objection]:
    """Yield the versions of libc and of other libraries that are newer than those here.

    Of a runtime that is described, its glibc is all that is known.
    """
    if link is None and target.libc is not None:
        yield from _check_libc(extension, target, *target.libc)
    for path in link.stack if link else ():
        yield Objection(
            cause=Cause.PLATFORM,
            facts=(("stack", path.name),),
            need=f"{path.name} asks for a stack that code can run on, which glibc gives no library"
            " from 2.41 on",
            path=str(extension.path),
            help="linking with -z noexecstack",
        )
    if link is not None:
        yield from _check_machine(extension, link)
    seen: set[tuple[str, str]] = set()
    for unmet in link.unmet if link else ():
        # The greatest version says it all: each includes the ones below it.
        family, _, _ = unmet.need.version.partition("_")
        if (unmet.need.library, family) in seen:
            continue
        seen.add((unmet.need.library, family))
        greatest = _greatest(unmet, link)
        yield _unmet(extension, greatest.need, str(greatest.provider), target)


def _check_machine(extension: Extension, link: LinkResult) -> Iterator[Objection]:
    """Yield what loading asks of the processor and of threads that these do not give."""
    details = [
        f"{path.name} is for a newer processor than this machine's (x86-64-v2, v3 or v4)"
        for path in link.processor
    ]
    if link.thread_memory:
        details.append(
            f"{extension.path} and what it loads want {link.thread_memory} bytes at a fixed place"
            " of each thread, of which glibc keeps some 1,700 for what is loaded late; compile them"
            " with -ftls-model=global-dynamic"
        )
    for detail in details:
        yield Objection(
            cause=Cause.PLATFORM,
            facts=(("loading", detail),),
            need=detail,
            path=str(extension.path),
        )


def _check_libc(
    extension: Extension, target: Target, name: str, version: tuple[int, ...]
) -> Iterator[Objection]:
    """Yield the objection to an extension for another C library than is described, or a newer."""
    if other_libc(extension.binary, name):
        yield Objection(
            cause=Cause.PLATFORM,
            facts=(("libc", libc_of(extension.binary) or ""),),
            need=f"{extension.path} is built for {libc_of(extension.binary)}",
            here=f", this runtime has {name}",
            path=str(extension.path),
            help=FOR_MUSL if name == "musl" else FOR_GLIBC,
        )
    elif name == "glibc":
        named = glibc_needs(extension.binary)
        newest = max(named, key=lambda need: version_key(need.version), default=None)
        if newest is not None and version_key(newest.version) > version:
            yield _unmet(extension, newest, "it", target)


def _greatest(unmet: UnmetVersion, link: LinkResult | None) -> UnmetVersion:
    """Return the newest unmet version of the same library and family."""
    family, _, _ = unmet.need.version.partition("_")
    same = [
        other
        for other in (link.unmet if link else ())
        if other.need.library == unmet.need.library
        and other.need.version.partition("_")[0] == family
    ]
    return max(same, key=lambda other: version_key(other.need.version))


def _unmet(extension: Extension, need: VersionNeed, provider: str, target: Target) -> Objection:
    """Return the objection to one version that is not there."""
    have, helps = "", f"a newer {need.library}, or a build on an older system"
    if need.version.startswith("GLIBC_") and target.libc is not None:
        glibc = ".".join(map(str, target.libc[1]))
        have = f", this runtime has glibc {glibc}"
        helps = f"a newer system, or a build on glibc {glibc} or older (a manylinux image)"
    return Objection(
        cause=Cause.PLATFORM,
        facts=(("library", need.library), ("version", need.version)),
        need=f"{extension.path} needs {need.version} of {need.library}",
        here=have or f", which {provider} does not define",
        path=str(extension.path),
        help=helps,
    )
