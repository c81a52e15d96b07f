"""Understand the text of lock files (PEP 751)."""

from __future__ import annotations

import os
import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, cast

from abi_probe.distribution_name import normalize_name
from multirt.environments.model import Pin, UnresolvableError
from multirt.environments.uv import UvError, run_uv
from multirt.errors import ErrorKind, InputError
from multirt.program.requirements import parse_requirement, parse_specifiers
from multirt.storage.files import parse_toml, read_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

    from packaging.markers import Environment
    from packaging.pylock import Package, PackageWheel, Pylock

    from multirt.environments.model import EnvironmentStore, InstallRequest
    from runtimes import Runtime

_TABLE = "[[packages]]\n"
_PATH = re.compile(r"""(?<![\w-])(path\s*=\s*)("(?:[^"\\\n]|\\.)*"|'[^'\n]*')""")


def parse_lock(text: str, where: str) -> Pylock:
    """Return a lock.

    Args:
        text: the file's.
        where: how errors name it.

    Raises:
        MultirtError: it is not one.
    """
    from packaging.pylock import Pylock, PylockValidationError  # 40 ms

    try:
        return Pylock.from_dict(parse_toml(text))
    except (PylockValidationError, ValueError) as error:
        raise InputError(f"{where} is not a lock file: {error}", kind=ErrorKind.LOCK) from error


def with_absolute_paths(text: str, folder: Path) -> str:
    """Return the text of a lock whose relative paths begin at a folder with absolute ones."""
    import json  # 4 ms, and no start by a resolution that is cached wants them
    import tomllib

    def absolute(match: re.Match[str]) -> str:
        try:
            value = str(tomllib.loads(f"path = {match[2]}")["path"])
        except tomllib.TOMLDecodeError:  # the reader of all of it reports that
            return match[0]
        if Path(value).is_absolute():
            return match[0]
        # A string of JSON is one of TOML, but for a character that TOML wants escaped.
        written = json.dumps(os.path.normpath(folder / value), ensure_ascii=False)
        return match[1] + written.replace("\x7f", "\\u007f")

    return _PATH.sub(absolute, text)


def drop_packages(text: str, names: Collection[str]) -> str:
    """Return a lock as uv writes it without some of its packages."""
    if not names:
        return text
    head, *tables = text.split(_TABLE)
    lines = {f'name = "{name}"' for name in names}
    kept = [table for table in tables if table.partition("\n")[0] not in lines]
    return _TABLE.join([head, *kept]) if kept else f"{head}packages = []\n"


def pins_of(lock: Pylock) -> tuple[Pin, ...]:
    """Return what a lock pins, sorted by name."""
    pins = (pin_of(package) for package in lock.packages)
    return tuple(sorted(pins, key=lambda pin: (pin.name, pin.version or "")))


def pin_of(package: Package, wheel: PackageWheel | None = None) -> Pin:
    """Return the pin of a package: of one of its wheels, or of all that it comes as."""
    files = tuple(_files(package))
    if wheel is not None:
        files = ((wheel.filename, wheel.hashes.get("sha256", "")),)
    return Pin(
        name=package.name,
        version=str(package.version) if package.version is not None else None,
        files=tuple(name for name, _ in files),
        sha256=tuple(sha256 for _, sha256 in files if sha256),
        uploaded=min((each.date() for each in _uploads(package)), default=None),
    )


def pin_note(pin: Pin) -> list[object]:
    """Return a pin as a note keeps it."""
    uploaded = pin.uploaded.isoformat() if pin.uploaded is not None else None
    return [pin.name, pin.version, list(pin.files), list(pin.sha256), uploaded]


def read_pin(facts: object) -> Pin | None:
    """Return the pin that a note keeps; None for what is none."""
    match facts:
        case [str(name), str() | None as version, list(files), list(sha256), str() | None as day]:
            try:
                uploaded = date.fromisoformat(day) if day is not None else None
            except ValueError:
                return None
            return Pin(
                name=name,
                version=version,
                files=tuple(map(str, files)),
                sha256=tuple(map(str, sha256)),
                uploaded=uploaded,
            )
        case _:
            return None


def _uploads(package: Package) -> Iterator[datetime]:
    """Yield when files of a package came to their index."""
    for file in (*(package.wheels or ()), package.sdist):
        if file is not None and file.upload_time is not None:
            yield file.upload_time


def _files(package: Package) -> Iterator[tuple[str, str]]:
    """Yield what a package can be installed from, its wheels before its sources."""
    for wheel in package.wheels or ():
        yield wheel.filename, wheel.hashes.get("sha256", "")
    if package.sdist is not None:
        yield package.sdist.filename, package.sdist.hashes.get("sha256", "")
    if package.archive is not None:
        location = package.archive.path or package.archive.url or ""
        yield location.rpartition("/")[2], package.archive.hashes.get("sha256", "")
    if package.directory is not None:
        yield package.directory.path, ""
    if package.vcs is not None:
        yield f"{package.vcs.url or package.vcs.path}@{package.vcs.commit_id}", ""


_SOURCES = (".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz")


PROJECT_LOCKS = ("pylock.toml", "uv.lock")  # the first of them counts


def lock_of(script: Path) -> Path | None:
    """Return the lock file of a script: `pylock.NAME.toml` next to it, else uv's `NAME.py.lock`."""
    own = script.with_name(lock_name(script))
    for file in (own, script.with_name(f"{script.name}.lock")):
        if file.is_file():
            return file
    return None


def lock_name(script: Path) -> str:
    """Return what the lock file of a script is called; PEP 751 allows no more dots in it."""
    return f"pylock.{script.stem.replace('.', '-') or 'script'}.toml"


def read_lock(file: Path, store: EnvironmentStore) -> str:
    """Return the text of a lock file, its paths absolute, translated where it is uv's own.

    Raises:
        MultirtError: it cannot be read, or is none.
    """
    try:
        text = read_text(file)
    except OSError as error:
        raise InputError(f"cannot read {file}: {error.strerror}", kind=ErrorKind.LOCK) from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{file} is not a lock file: it is not UTF-8", kind=ErrorKind.LOCK
        ) from error
    if file.suffix != ".lock":
        return with_absolute_paths(text, file.absolute().parent)
    what = ["--project", str(file.absolute().parent), "--no-emit-project", "--no-dev"]
    if file.name != PROJECT_LOCKS[1]:
        what = ["--script", str(file.absolute().with_suffix(""))]
    command = ["export", *what, "--frozen", "--quiet", "--format", "pylock.toml", "--no-header"]
    try:
        text = run_uv(store, [*command, "--offline"])
    except UvError as error:
        hint = "`uv lock` makes it again, and `--no-lock` leaves it out"
        raise InputError(
            f"cannot read {file}: {error.failure.summary}", hint, kind=ErrorKind.LOCK
        ) from error
    return with_absolute_paths(text, store.root.resolve())  # where uv was run


def select_for_runtime(text: str, runtime: Runtime, wanted: InstallRequest) -> tuple[Pin, ...]:
    """Return what a runtime gets of a lock, one file for each distribution.

    Raises:
        UnresolvableError: the lock does not serve the runtime.
        MultirtError: it is none, or was made for other requirements.
    """
    lock = parse_lock(text, str(wanted.lock))
    pins = select_packages(lock, runtime, build=wanted.build)
    if isinstance(pins, str):
        full = f"{wanted.lock} does not serve {runtime.id}: {pins}"
        raise UnresolvableError(f"the lock file has nothing for it: {pins}", full)
    _check_requirements(pins, runtime, wanted)
    return pins


def select_packages(
    lock: Pylock, runtime: Runtime, *, build: bool = False
) -> tuple[Pin, ...] | str:
    """Return what a runtime gets of a lock; a text says why it gets nothing.

    Args:
        lock: which is valid.
        runtime: who gets it.
        build: sources count where no wheel fits.
    """
    from packaging.pylock import PackageWheel, PylockSelectError
    from packaging.tags import Tag

    from multirt.environments.abi_target import target_of  # 70 ms, where a lock is honoured
    from multirt.environments.markers import marker_environment

    environment = cast("Environment", marker_environment(runtime))
    accepted = target_of(runtime, None).tags
    tags = tuple(Tag(each.interpreter, each.abi, each.platform) for each in accepted)
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


def _check_requirements(pins: tuple[Pin, ...], runtime: Runtime, wanted: InstallRequest) -> None:
    """Tell whether a lock still serves what a program requires today.

    Raises:
        MultirtError: it does not, or a requirement is none.
    """
    from multirt.environments.markers import marker_environment

    versions = {pin.name: pin.version for pin in pins}
    environment = marker_environment(runtime)
    for text in wanted.requirements:
        try:
            requirement = parse_requirement(text)
        except ValueError as error:
            raise InputError(
                f"not a requirement: {text}: {error}", kind=ErrorKind.REQUIREMENTS
            ) from error
        if requirement.marker is not None and not requirement.marker.evaluate(environment):
            continue
        name = normalize_name(requirement.name)
        version = versions.get(name)
        if name not in versions or (
            version is not None
            and not parse_specifiers(requirement.versions).contains(version, prereleases=True)
        ):
            has = f"has {name} {version}" if version else f"has no {name}"
            message = f"{wanted.lock} is out of date: it {has}, and {text} is required"
            project = wanted.lock is not None and wanted.lock.name in PROJECT_LOCKS
            hint = "`uv lock`" if project else "`multirt lock SCRIPT`"
            hint = f"{hint} makes it again, and `--no-lock` leaves it out"
            raise InputError(message, hint, kind=ErrorKind.LOCK)
