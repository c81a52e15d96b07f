"""Lock what a script requires, so that every machine installs the same files (PEP 751)."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace
from packaging.version import Version

from multirt.environments.index_settings import with_settings
from multirt.environments.markers import marker_environment
from multirt.environments.model import UnresolvableError
from multirt.environments.pylock import parse_lock, select_packages
from multirt.environments.resolver import resolve
from multirt.environments.uv import UvError, ask, index_error
from multirt.errors import ErrorKind, OperationError
from runtimes.storage import files

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from multirt.environments.model import EnvironmentStore, InstallRequest, Pin, Resolution
    from runtimes import Runtime


class Locked(Struct, frozen=True, kw_only=True):
    """A lock, and whom it serves.

    Attributes:
        text: of the file.
        served: id of each runtime, with what it gets.
        left_out: id of each runtime that nothing can be found for, with the reason.
    """

    text: str
    served: tuple[tuple[str, tuple[Pin, ...]], ...]
    left_out: tuple[tuple[str, str], ...]


def make_lock(
    runtimes: Sequence[Runtime], wanted: InstallRequest, store: EnvironmentStore, *, every: bool
) -> Locked:
    """Resolve for all runtimes together, and for every platform.

    Args:
        runtimes: whom the lock must serve.
        wanted: what is required; its wheels, folders and lock do not count.
        store: where resolutions are cached.
        every: a runtime that cannot be served is an error, not one left out.

    Raises:
        UnresolvableError: nothing fulfils it, on one runtime or on all together.
        MultirtError: the index does not answer.
    """
    resolutions: dict[Runtime, Resolution] = {}
    left_out: list[tuple[str, str]] = []
    for runtime in runtimes:
        try:
            resolutions[runtime] = resolve(runtime, wanted, store)
        except UnresolvableError as error:
            if every:
                error.message = f"{runtime.id}: {error.message}"
                raise
            left_out.append((runtime.id, error.message))
    if not resolutions:
        reasons = "\n".join(f"  {name}: {why}" for name, why in left_out)
        raise UnresolvableError(f"no runtime can be served:\n{reasons}", reasons)
    text = _for_all(resolutions, wanted, store)
    lock = parse_lock(text, "the lock")
    served = tuple(
        (runtime.id, pins)
        for runtime in resolutions
        if not isinstance(pins := select_packages(lock, runtime, build=wanted.build), str)
    )
    return Locked(text=_signed(text, served), served=served, left_out=tuple(left_out))


def write_lock(file: Path, text: str) -> None:
    """Write a lock at once or not at all.

    Raises:
        MultirtError: it cannot be written.
    """
    try:
        files.replace(file, text.encode(), 0o644)
    except OSError as error:
        message = f"cannot write {file}: {error.strerror}"
        raise OperationError(message, kind=ErrorKind.LOCK) from error


def _for_all(
    resolutions: Mapping[Runtime, Resolution], wanted: InstallRequest, store: EnvironmentStore
) -> str:
    """Return one lock for all the runtimes, whose files are those of each alone where need be.

    Raises:
        UnresolvableError: there is none.
    """
    text = _universal(resolutions, wanted, store)
    unserved = _unserved(text, resolutions, wanted)
    if not unserved:
        return text
    # One version for every Python has no wheel for some: let each have what it would get alone.
    constraints = tuple(_pinned(resolutions, unserved))
    narrowed = replace(wanted, constraints=wanted.constraints + constraints)
    text = _universal(resolutions, narrowed, store)
    for runtime, why in _unserved(text, resolutions, wanted).items():
        hint = "lock for it alone: --python, with --output for a file of its own"
        error = UnresolvableError(
            f"no lock serves {runtime.id} together with the others: {why}", text
        )
        error.hint = hint
        raise error
    return text


def _universal(
    resolutions: Mapping[Runtime, Resolution], wanted: InstallRequest, store: EnvironmentStore
) -> str:
    """Let uv resolve for every platform, from the oldest Python on."""
    store = replace(store, env=with_settings(store.env, wanted.settings))
    oldest = min(resolutions, key=lambda runtime: runtime.version)
    command = ["pip", "compile", "-", "--format", "pylock.toml", "--no-header", "--quiet"]
    command += ["--universal", "--python", str(oldest.executable), "--python-version"]
    command += [f"{oldest.version.major}.{oldest.version.minor}"]
    command += [] if wanted.build else ["--no-build"]
    if wanted.exclude_newer is not None:
        command += ["--exclude-newer", wanted.exclude_newer]
    with store.progress(f"locking for {len(resolutions)} runtimes"), TemporaryDirectory() as folder:
        constraints = Path(folder) / "constraints.txt"
        constraints.write_text("\n".join(wanted.constraints), encoding="utf-8")
        try:
            return ask(
                store,
                [*command, "--constraints", str(constraints)],
                "\n".join(wanted.requirements),
            )
        except UvError as error:
            if (unserved := index_error(error, store)) is not None:
                raise unserved from error
            message = f"no lock serves all of them: {error.failure.summary}"
            raise UnresolvableError(message, str(error)) from error


def _unserved(
    text: str, resolutions: Mapping[Runtime, Resolution], wanted: InstallRequest
) -> dict[Runtime, str]:
    """Return the runtimes that a lock does not serve, each with the reason."""
    lock = parse_lock(text, "the lock")
    chosen = {
        runtime: select_packages(lock, runtime, build=wanted.build) for runtime in resolutions
    }
    return {runtime: why for runtime, why in chosen.items() if isinstance(why, str)}


def _pinned(
    resolutions: Mapping[Runtime, Resolution], unserved: Collection[Runtime]
) -> Iterator[str]:
    """Yield constraints that give each runtime its own versions.

    Where markers see no difference between runtimes, as between 3.13 and 3.13t, those that were
    not served decide, and of several the one with the lowest version.
    """
    names = ("python_version", "implementation_name", "sys_platform", "platform_machine")
    versions: dict[str, dict[str, Version]] = {}
    for runtime in sorted(resolutions, key=lambda each: each not in unserved):
        markers = marker_environment(runtime)
        group = versions.setdefault(
            " and ".join(f"{name} == '{markers[name]}'" for name in names), {}
        )
        for pin in resolutions[runtime].pins:
            if pin.version is not None:
                version = Version(pin.version)
                known = group.setdefault(pin.name, version)
                if runtime in unserved:
                    group[pin.name] = min(known, version)
    for marker, pins in versions.items():
        yield from (f"{name}=={version} ; {marker}" for name, version in pins.items())


def _signed(text: str, served: tuple[tuple[str, tuple[Pin, ...]], ...]) -> str:
    """Say in a lock who made it, and for whom."""
    # `~2` tells two of one machine apart, and means nothing elsewhere.
    own_names = dict.fromkeys(name.partition("~")[0] for name, _ in served)
    names = ", ".join(f'"{name}"' for name in own_names)
    own = text.replace('created-by = "uv"', 'created-by = "multirt"', 1)
    return f"{own.rstrip()}\n\n[tool.multirt]\nruntimes = [{names}]\n"
