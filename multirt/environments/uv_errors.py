"""Say in a line why nothing fulfils what is wanted, from uv's own explanation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.version import Version

from multirt.environments.errors import MissingWheel, unresolvable
from multirt.environments.pylock import parse_lock
from multirt.environments.uv import UvError, ask, is_unreachable, shorten
from multirt.errors import MultirtError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from multirt.environments.store import Store
    from runtimes import Runtime

_SHOWN = 8  # tags of wheels that are named
_SYSTEMS = {"win32": "win", "darwin": "macosx"}
# With sources beside it, with wheels only, and in the explanation itself.
_LACKS_WHEELS = re.compile(
    r"wheels are required for `([^`]+)`"
    r"|only found wheels for `([^`]+)`"
    r"|([\w.-]*\w)==\S+ has no (?:usable )?wheels",
    re.IGNORECASE,
)
# The release of a package is described for the versions from one on; which one is not known.
_OLDEST_FIRST = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15")


def explain(runtime: Runtime, full: str, store: Store) -> MultirtError:
    """Return the error for what uv said about a runtime.

    Args:
        runtime: for which it resolved.
        full: all that it said.
        store: where the wheels that do exist are looked up.
    """
    if "No solution found" not in full:
        hint = "see https://packaging.python.org/specifications/dependency-specifiers"
        is_syntax = "Couldn't parse requirement" in full
        message = f"uv cannot resolve: {shorten(full)}"
        return MultirtError("requirements", message, hint if is_syntax else None)
    missing = tuple(_missing_wheels(runtime, full, store))
    message = "; ".join(_say_missing(runtime, each) for each in missing) or shorten(full)
    return unresolvable(message, full, missing)


def _missing_wheels(runtime: Runtime, full: str, store: Store) -> Iterator[MissingWheel]:
    """Yield the distributions that uv would have taken, had they a wheel for the runtime."""
    words = " ".join(full.split())
    for name in dict.fromkeys("".join(groups) for groups in _LACKS_WHEELS.findall(words)):
        existing = _existing(runtime, _wanted(name, words), store)
        if existing is None:
            yield MissingWheel(name=name, version=None, tags=None)
        else:
            version, tags = existing
            yield MissingWheel(name=name, version=version, tags=tags)


def _wanted(name: str, words: str) -> str:
    """Return what is required of a distribution that lacks wheels.

    Where uv speaks of many releases, that of any one of them tells nothing.
    """
    escaped = re.escape(name)
    releases = set(re.findall(rf"\b{escaped}==([^\s,]*\w)", words))
    if len(releases) == 1 and not re.search(rf"\b{escaped}[<>]", words):
        return f"{name}=={releases.pop()}"
    asked = re.search(rf"(?:requires?|depends? on) ({escaped}[<>=!~]\S*\w)", words)
    return asked[1] if asked is not None else name


def _existing(
    runtime: Runtime, requirement: str, store: Store
) -> tuple[str | None, tuple[str, ...]] | None:
    """Return the newest release that fulfils a requirement, and the tags of its wheels.

    None where nobody knows; no release where none was made for any Python of today.
    """
    command = ["pip", "compile", "-", "--format", "pylock.toml", "--no-header", "--quiet"]
    command += ["--universal", "--no-deps", "--no-build", "--python", str(runtime.executable)]
    for version in _OLDEST_FIRST:
        try:
            lock = ask(store, [*command, "--python-version", version], requirement)
        except UvError as error:
            if is_unreachable(str(error)):
                return None
            continue
        packages = parse_lock(lock, requirement).packages
        if packages:
            newest = max(packages, key=lambda each: each.version or Version("0"))
            files = [wheel.filename for wheel in newest.wheels or ()]
            tags = tuple(file.removesuffix(".whl").split("-", 2)[2] for file in files)
            return str(newest.version) if newest.version is not None else None, tags
    _, is_exact, release = requirement.partition("==")
    return release if is_exact else None, ()


def _say_missing(runtime: Runtime, missing: MissingWheel) -> str:
    """Write what lacks a wheel, and which ones there are for this system."""
    named = f"{missing.name} {missing.version}" if missing.version else missing.name
    if missing.tags is None:
        return f"{named} has no wheel for it"
    if not missing.tags:
        return f"{named} has no wheel at all, only sources"
    system = _SYSTEMS.get(runtime.platform.system, runtime.platform.system)
    here = [tag for tag in missing.tags if system in tag or tag.endswith("-any")]
    if not here:
        return f"{named} has no wheel for {runtime.platform.tag}"
    pythons = sorted({"-".join(tag.split("-")[-3:-1]) for tag in here}, key=_newest_first)
    shown = ", ".join(pythons[:_SHOWN]) + (", ..." if len(pythons) > _SHOWN else "")
    return f"{named} has no wheel for it; there are {shown}"


def _newest_first(tag: str) -> tuple[str, int, int, str]:
    """Sort by implementation, then `cp310` before `cp39`."""
    match = re.match(r"([a-z]+)(\d)(\d*)", tag)
    if match is None:
        return tag, 0, 0, tag
    return match[1], -int(match[2]), -int(match[3] or 0), tag
