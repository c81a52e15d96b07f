"""Write many runtimes in few words: `CPython 3.8 to 3.15, 3.11d to 3.15d`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

_ID: Final = re.compile(r"(?P<name>[a-z_]+)-(?P<version>\d+\.\d+)(?P<rest>[^-]*)(?P<place>-.+)?")
_PATCH: Final = re.compile(r"(?P<patch>(?:\.\d+)*(?:a|b|rc)?\d*)(?P<flags>[a-z]*)(?P<mark>[~@].*)?")
_NAMES: Final = {
    "cpython": "CPython",
    "pypy": "PyPy",
    "graalpy": "GraalPy",
    "jython": "Jython",
    "micropython": "MicroPython",
    "ironpython": "IronPython",
    "rustpython": "RustPython",
    "pyodide": "Pyodide",
}
_VERSIONED: Final = frozenset({"cpython", "pypy", "graalpy"})
_A_RANGE: Final = 3  # versions from which on `A to B` is shorter than a list


class _Minor(Struct, frozen=True, kw_only=True, order=True):
    """All runtimes of one minor version and build."""

    implementation: str
    platform: str
    flags: str
    version: tuple[int, int]


def runtime_ranges(ids: Collection[str], among: Sequence[str], *, exact: bool = False) -> str:
    """Return the names of some runtimes, versions that follow each other as a range.

    Args:
        ids: of the runtimes.
        among: of all runtimes there are. A range never passes over one that is not meant, and
            where patch releases of a version differ, they are named in full.
        exact: a range does not pass over a version that is not there either.
    """
    known: dict[_Minor, list[str]] = {}
    unknown = []
    for each in among:
        minor = _minor_of(each)
        if minor is None:
            unknown.append(each)
        else:
            known.setdefault(minor, []).append(each)
    groups: dict[tuple[str, str], list[str]] = {}
    for key in dict.fromkeys((minor.implementation, minor.platform) for minor in known):
        minors = sorted(each for each in known if (each.implementation, each.platform) == key)
        parts = [*_parts(minors, known, frozenset(ids), exact=exact)]
        if parts:
            groups[key] = parts
    titled = [
        _titled(name, platform, parts, alone=_is_alone(name, known))
        for (name, platform), parts in groups.items()
    ]
    return ", ".join([*titled, *(each for each in unknown if each in ids)])


def split_platform(runtime: str) -> tuple[str, str | None]:
    """Return an id without its platform, and the platform; None where the id names none."""
    match = _ID.fullmatch(runtime)
    if match is None or match["place"] is None:
        return runtime, None
    return runtime[: match.start("place")], match["place"][1:]


def _minor_of(runtime: str) -> _Minor | None:
    """Return what an id says; None where it is not built as ids are."""
    whole = _ID.fullmatch(runtime)
    rest = _PATCH.fullmatch(whole["rest"]) if whole is not None else None
    if whole is None or rest is None:
        return None
    major, _, minor = whole["version"].partition(".")
    return _Minor(
        implementation=whole["name"],
        platform=(whole["place"] or "").removeprefix("-"),
        flags=rest["flags"],
        version=(int(major), int(minor)),
    )


def _parts(
    minors: Sequence[_Minor], known: dict[_Minor, list[str]], ids: frozenset[str], *, exact: bool
) -> Iterator[str]:
    """Yield versions and ranges of one implementation, each kind of build for itself."""
    run: list[_Minor] = []
    for minor in minors:
        members = known[minor]
        meant = [each for each in members if each in ids]
        gap = exact and bool(run) and minor.version != (run[-1].version[0], run[-1].version[1] + 1)
        if run and (gap or minor.flags != run[-1].flags or len(meant) != len(members)):
            yield from _range(run)
            run = []
        if len(meant) == len(members):
            run.append(minor)
        else:
            for each in meant:
                yield each.partition("-")[2].removesuffix(f"-{minor.platform}")
    yield from _range(run)


def _range(run: Sequence[_Minor]) -> Iterator[str]:
    """Yield the versions that follow each other, as a range where there are enough."""
    names = [f"{each.version[0]}.{each.version[1]}{each.flags}" for each in run]
    if len(names) >= _A_RANGE:
        yield f"{names[0]} to {names[-1]}"
    else:
        yield from names


def _is_alone(name: str, known: Collection[_Minor]) -> bool:
    """Return whether an implementation's name is enough to tell which runtime is meant."""
    return name not in _VERSIONED and sum(each.implementation == name for each in known) == 1


def _titled(name: str, platform: str, parts: Sequence[str], *, alone: bool) -> str:
    """Return versions with the name of their implementation, and the platform if it is named."""
    title = _NAMES.get(name, name)
    on = f" on {platform}" if platform else ""
    return f"{title}{on}" if alone else f"{title} {', '.join(parts)}{on}"
