"""Explain why nothing meets the requirements, with the wheels that do exist."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.version import Version

from multirt.environments.errors import MissingWheel, unresolvable
from multirt.environments.pylock import parse_lock
from multirt.environments.uv import UvError, ask, index_error
from multirt.environments.uv_failure import FailureKind
from multirt.errors import MultirtError

if TYPE_CHECKING:
    from multirt.environments.store import Store
    from runtimes import Runtime

_SHOWN = 8  # tags of wheels that are named
_NAME = re.compile("[<>=!~]")
_SYSTEMS = {"win32": "win", "darwin": "macosx"}
# The release of a package is described for the versions from one on; which one is not known.
_OLDEST_FIRST = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15")


def resolution_error(runtime: Runtime, error: UvError, store: Store) -> MultirtError:
    """Return the error for requirements that uv cannot resolve for a runtime.

    Args:
        runtime: for which it resolved.
        error: of uv; the index answered.
        store: where the wheels that do exist are looked up.
    """
    failure = error.failure
    match failure.kind:
        case FailureKind.UNSATISFIABLE:
            missing = tuple(_missing(runtime, each, store) for each in failure.lacking)
            message = "; ".join(_text(runtime, each) for each in missing) or failure.summary
            per_runtime = failure.per_runtime
            return unresolvable(message, failure.full, missing, per_runtime=per_runtime)
        case FailureKind.INTERPRETER:
            message = f"uv cannot install for {runtime.id}: {failure.summary}"
            return unresolvable(message, failure.full)
        case _:
            pass
    hint = "see https://packaging.python.org/specifications/dependency-specifiers"
    is_syntax = failure.kind is FailureKind.REQUIREMENT
    message = f"uv cannot resolve: {failure.summary}"
    return MultirtError("requirements", message, hint if is_syntax else None)


def _missing(runtime: Runtime, requirement: str, store: Store) -> MissingWheel:
    """Look up the wheels of a distribution that has none for a runtime."""
    name = _NAME.split(requirement, maxsplit=1)[0]
    version, tags = _existing(runtime, requirement, store) or (None, None)
    return MissingWheel(name=name, version=version, tags=tags)


def _existing(
    runtime: Runtime, requirement: str, store: Store
) -> tuple[str | None, tuple[str, ...]] | None:
    """Return the newest release that fulfils a requirement, and the tags of its wheels.

    None where the index does not serve; no release where none was made for any Python of today.
    """
    command = ["pip", "compile", "-", "--format", "pylock.toml", "--no-header", "--quiet"]
    command += ["--universal", "--no-deps", "--no-build", "--python", str(runtime.executable)]
    for version in _OLDEST_FIRST:
        try:
            lock = ask(store, [*command, "--python-version", version], requirement)
        except UvError as error:
            if index_error(error, store) is not None:
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


def _text(runtime: Runtime, missing: MissingWheel) -> str:
    """Return what lacks a wheel, and which ones there are for this system."""
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
