"""Honour the lock file of a program: find it, and choose from it what a runtime gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from multirt.environments.errors import unresolvable
from multirt.environments.pylock import anchored, parse_lock, pin_of
from multirt.environments.uv import UvError, run_uv
from multirt.errors import MultirtError
from multirt.storage.files import read_text

if TYPE_CHECKING:
    from pathlib import Path

    from packaging.markers import Environment
    from packaging.pylock import Pylock

    from multirt.environments.model import Pin, Wanted
    from multirt.environments.store import Store
    from runtimes import Runtime

_SOURCES = (".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz")


PROJECT_LOCKS = ("pylock.toml", "uv.lock")  # the first of them counts


def lock_of(script: Path) -> Path | None:
    """Return the lock file of a script: `pylock.NAME.toml` beside it, else uv's `NAME.py.lock`."""
    own = script.with_name(lock_name(script))
    for file in (own, script.with_name(f"{script.name}.lock")):
        if file.is_file():
            return file
    return None


def lock_name(script: Path) -> str:
    """Return what the lock file of a script is called; PEP 751 allows no more dots in it."""
    return f"pylock.{script.stem.replace('.', '-') or 'script'}.toml"


def read_lock(file: Path, store: Store) -> str:
    """Return the text of a lock file, its paths absolute, translated where it is uv's own.

    Raises:
        MultirtError: it cannot be read, or is none.
    """
    try:
        text = read_text(file)
    except OSError as error:
        raise MultirtError("lock", f"cannot read {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise MultirtError("lock", f"{file} is no lock file: it is not UTF-8") from error
    if file.suffix != ".lock":
        return anchored(text, file.absolute().parent)
    what = ["--project", str(file.absolute().parent), "--no-emit-project", "--no-dev"]
    if file.name != PROJECT_LOCKS[1]:
        what = ["--script", str(file.absolute().with_suffix(""))]
    command = ["export", *what, "--frozen", "--quiet", "--format", "pylock.toml", "--no-header"]
    try:
        text = run_uv(store, [*command, "--offline"])
    except UvError as error:
        hint = "`uv lock` makes it again, and `--no-lock` leaves it out"
        raise MultirtError("lock", f"cannot read {file}: {error.failure.summary}", hint) from error
    return anchored(text, store.root.resolve())  # where uv was run


def choose(text: str, runtime: Runtime, wanted: Wanted) -> tuple[Pin, ...]:
    """Return what a runtime gets of a lock, one file for each distribution.

    Raises:
        UnresolvableError: the lock does not serve the runtime.
        MultirtError: it is none, or was made for other requirements.
    """
    lock = parse_lock(text, str(wanted.lock))
    pins = select(lock, runtime, build=wanted.build)
    if isinstance(pins, str):
        full = f"{wanted.lock} does not serve {runtime.id}: {pins}"
        raise unresolvable(f"the lock file has nothing for it: {pins}", full)
    _check_requirements(pins, runtime, wanted)
    return pins


def select(lock: Pylock, runtime: Runtime, *, build: bool = False) -> tuple[Pin, ...] | str:
    """Return what a runtime gets of a lock; a text says why it gets nothing.

    Args:
        lock: which is valid.
        runtime: who gets it.
        build: sources count where no wheel fits.
    """
    from packaging.pylock import PackageWheel, PylockSelectError

    from multirt.environments.abi_target import target_of  # 70 ms, where a lock is honoured
    from multirt.environments.markers import marker_environment

    environment = cast("Environment", marker_environment(runtime))
    tags = tuple(target_of(runtime, None).tags)
    pins: list[Pin] = []
    try:
        for package, source in lock.select(environment=environment, tags=tags):
            pin = pin_of(package, source if isinstance(source, PackageWheel) else None)
            if not build and any(file.endswith(_SOURCES) for file in pin.files):
                return f"{pin.name} {pin.version} has no wheel in it that fits"
            pins.append(pin)
    except PylockSelectError as error:
        return str(error)
    return tuple(sorted(pins, key=lambda pin: pin.name))


def _check_requirements(pins: tuple[Pin, ...], runtime: Runtime, wanted: Wanted) -> None:
    """Tell whether a lock still serves what a program requires today.

    Raises:
        MultirtError: it does not, or a requirement is none.
    """
    from multirt.environments.markers import marker_environment

    versions = {pin.name: pin.version for pin in pins}
    environment = marker_environment(runtime)
    for text in wanted.requirements:
        try:
            requirement = Requirement(text)
        except InvalidRequirement as error:
            raise MultirtError("requirements", f"not a requirement: {text}: {error}") from error
        if requirement.marker is not None and not requirement.marker.evaluate(environment):
            continue
        name = canonicalize_name(requirement.name)
        version = versions.get(name)
        if name not in versions or (
            version is not None and not requirement.specifier.contains(version, prereleases=True)
        ):
            has = f"has {name} {version}" if version else f"has no {name}"
            message = f"{wanted.lock} is out of date: it {has}, and {text} is required"
            project = wanted.lock is not None and wanted.lock.name in PROJECT_LOCKS
            hint = "`uv lock`" if project else "`multirt lock SCRIPT`"
            hint = f"{hint} makes it again, and `--no-lock` leaves it out"
            raise MultirtError("lock", message, hint)
