"""Resolve requirements and local wheels for one runtime."""

from __future__ import annotations

import hashlib
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace
from packaging.version import Version

from abi_probe.errors import UnreadableError
from multirt.environments.index_settings import with_settings
from multirt.environments.manifest import digest, runtime_identity, signature
from multirt.environments.model import LocalWheel, MissingWheel, Resolution, UnresolvableError
from multirt.environments.pylock import (
    drop_packages,
    parse_lock,
    pin_note,
    pins_of,
    read_lock,
    read_pin,
    select_for_runtime,
)
from multirt.environments.uv import FailureKind, UvError, ask, index_env_vars, index_error
from multirt.errors import ConfigError, ErrorKind, InputError, MultirtError
from multirt.program.requirements import parse_requirement
from multirt.storage.documents import age_of, read_note, write_note
from multirt.storage.files import read_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from multirt.environments.model import EnvironmentStore, InstallRequest, Pin
    from runtimes import Runtime

_DECLARES = ("pyproject.toml", "setup.cfg", "setup.py")
_METADATA_LIMIT = 1 << 24  # bytes; no distribution describes itself at greater length


def read_wheel(path: Path) -> LocalWheel:
    """Read what a wheel is.

    Raises:
        MultirtError: it is no wheel, or is not there.
    """
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename  # 15 ms, with the next

    from abi_probe.archive import ZIP_ERRORS

    try:
        name, version, _, _ = parse_wheel_filename(path.name)
        metadata = _metadata(path)
        with path.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}", kind=ErrorKind.WHEEL) from error
    except (InvalidWheelFilename, UnreadableError, KeyError, *ZIP_ERRORS) as error:
        raise InputError(f"not a wheel: {path}: {error}", kind=ErrorKind.WHEEL) from error
    return LocalWheel(
        path=path.absolute(),
        name=name,
        version=str(version),
        sha256=sha256,
        metadata=hashlib.sha256(metadata).hexdigest(),
    )


def named_paths(requirements: Iterable[str]) -> Iterator[Path]:
    """Yield the files and folders of this machine that requirements name (`a @ file:///b.whl`)."""
    for text in requirements:
        if "file:" not in text:
            continue
        from urllib.parse import unquote, urlsplit  # 10 ms, where one is named

        try:
            address = urlsplit(parse_requirement(text).url or "")
        except ValueError:  # the resolver reports it
            continue
        if address.scheme == "file":
            yield Path(unquote(address.path))


def content_digest(path: Path) -> str:
    """Return what changes when a file, or what a project says of itself, does."""
    try:
        return project_digest(path) if path.is_dir() else signature(path)
    except (OSError, MultirtError):
        return ""  # nothing that can be installed is there


def project_digest(folder: Path) -> str:
    """Return what changes when a project may require something else.

    Raises:
        MultirtError: the folder holds no project.
    """
    contents = [
        read_text(folder / name, errors="replace")
        for name in _DECLARES
        if (folder / name).is_file()
    ]
    if not contents:
        message = f"no project to install in {folder}: it has no {' or '.join(_DECLARES)}"
        raise ConfigError(message, kind=ErrorKind.PROJECT)
    return digest([str(folder.absolute())], contents)


def _metadata(path: Path) -> bytes:
    """Return the `METADATA` of a wheel."""
    from abi_probe.archive import open_archive

    with open_archive(path) as archive:
        names = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        if not names:
            raise KeyError("it has no METADATA")
        with archive.open(names[0]) as stream:
            return stream.read(_METADATA_LIMIT)


_SHOWN = 8  # tags of wheels that are named
_NAME = re.compile("[<>=!~]")
_SYSTEMS = {"win32": "win", "darwin": "macosx"}
# The release of a package is described for the versions from one on; which one is not known.
_OLDEST_FIRST = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15")


def resolution_error(runtime: Runtime, error: UvError, store: EnvironmentStore) -> MultirtError:
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
            return UnresolvableError(message, failure.full, missing, per_runtime=per_runtime)
        case FailureKind.INTERPRETER:
            message = f"uv cannot install for {runtime.id}: {failure.summary}"
            return UnresolvableError(message, failure.full)
        case _:
            pass
    hint = "see https://packaging.python.org/specifications/dependency-specifiers"
    is_syntax = failure.kind is FailureKind.REQUIREMENT
    message = f"uv cannot resolve: {failure.summary}"
    return InputError(message, hint if is_syntax else None, kind=ErrorKind.REQUIREMENTS)


def _missing(runtime: Runtime, requirement: str, store: EnvironmentStore) -> MissingWheel:
    """Look up the wheels of a distribution that has none for a runtime."""
    name = _NAME.split(requirement, maxsplit=1)[0]
    version, tags = _existing(runtime, requirement, store) or (None, None)
    return MissingWheel(name=name, version=version, tags=tags)


def _existing(
    runtime: Runtime, requirement: str, store: EnvironmentStore
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


_SCHEMA = "3"
_OLDEST = (3, 6)  # of the Pythons that uv installs for
_FAILURE_LIFE = 600.0  # seconds; as long as an index lets its pages be kept


class _Known(Struct, frozen=True, kw_only=True):
    """What comes from elsewhere.

    Attributes:
        lock: as a lock file.
        pins: the same as values.
        stale: it is from an earlier time, for the index did not answer.
        life: seconds for which it counts; None for ever.
    """

    lock: str
    pins: tuple[Pin, ...]
    stale: bool = False
    life: float | None = None


def resolve(runtime: Runtime, wanted: InstallRequest, store: EnvironmentStore) -> Resolution:
    """Return what a runtime would get.

    What was resolved before is taken from the disk while it is fresh, and at any age when the
    index does not answer.

    Raises:
        UnresolvableError: nothing fulfils what is wanted on this runtime.
        MultirtError: what is wanted cannot be read, or the index does not answer and nothing is
            cached.
    """
    _require_served(runtime)
    store = replace(store, env=with_settings(store.env, wanted.settings))
    wheels = tuple(read_wheel(path) for path in wanted.wheels)
    if wanted.lock is not None:
        text = read_lock(wanted.lock, store)
        known = _Known(lock=text, pins=select_for_runtime(text, runtime, wanted))
    else:
        known = _resolved(runtime, wanted, wheels, store)
    return Resolution(
        pins=known.pins,
        lock=known.lock,
        wheels=wheels,
        editable=tuple(folder.absolute() for folder in wanted.editable),
        requirements=wanted.requirements,
        build=wanted.build,
        stale=known.stale,
        until=time.time() + known.life if known.life is not None else None,
    )


def _require_served(runtime: Runtime) -> None:
    """Refuse the runtimes that uv cannot install for.

    Raises:
        UnresolvableError: it is one of them.
    """
    version = (runtime.version.major, runtime.version.minor)
    if version < _OLDEST:
        why = f"packages are installed for Python 3.6 and newer, this is {runtime.version}"
    elif "venv" not in runtime.stdlib:
        why = f"{runtime.implementation.name} has no `venv`, so it cannot have an environment"
    else:
        return
    raise UnresolvableError(why, why)


def _resolved(
    runtime: Runtime,
    wanted: InstallRequest,
    wheels: tuple[LocalWheel, ...],
    store: EnvironmentStore,
) -> _Known:
    """Return what comes from elsewhere, as it is cached or as the index has it now."""
    note_file = store.resolutions / f"{_key(runtime, wanted, wheels, store)}.json"
    note = read_note(note_file)
    if note is not None and not store.refresh:
        _raise_cached(note)
        if (known := _cached(note, store.fresh_for)) is not None:
            return known
    try:
        text = _ask(runtime, wanted, wheels, store)
    except UvError as error:
        if (unserved := index_error(error, store)) is not None:
            if note is not None and (known := _cached(note, None)) is not None:
                return replace(known, stale=True, life=_FAILURE_LIFE)
            raise unserved from error
        failure = resolution_error(runtime, error, store)
        if isinstance(failure, UnresolvableError) and error.failure.lasting:
            _save(note_file, failure=_failure_note(failure))
        raise failure from error
    lock = drop_packages(text, _local_names(text, wanted, wheels))
    pins = pins_of(parse_lock(lock, f"the resolution for {runtime.id}"))
    _save(note_file, lock=lock, pins=[pin_note(pin) for pin in pins])
    return _Known(lock=lock, pins=pins, life=0 if store.refresh else store.fresh_for)


def _ask(
    runtime: Runtime,
    wanted: InstallRequest,
    wheels: tuple[LocalWheel, ...],
    store: EnvironmentStore,
) -> str:
    """Let uv resolve; when the index does not answer, with what uv has cached of it.

    Raises:
        UvError: in its words; those about the index, where that did not answer.
    """
    from tempfile import TemporaryDirectory  # 5 ms

    with store.progress(f"resolving for {runtime.id}"), TemporaryDirectory() as folder:
        constraints = Path(folder) / "constraints.txt"
        constraints.write_text("\n".join(wanted.constraints), encoding="utf-8")
        command = ["pip", "compile", "-", "--format", "pylock.toml", "--no-header", "--quiet"]
        command += ["--python", str(runtime.executable), "--constraints", str(constraints)]
        command += [] if wanted.build else ["--no-build"]
        if wanted.exclude_newer is not None:
            command += ["--exclude-newer", wanted.exclude_newer]
        return ask(store, command, "\n".join(_lines(wanted, wheels)))


def _lines(wanted: InstallRequest, wheels: Iterable[LocalWheel]) -> Iterator[str]:
    """Yield the requirements as uv reads them."""
    yield from wanted.requirements
    for wheel in wheels:
        yield f"{wheel.name} @ {wheel.path.as_uri()}"
    for folder in wanted.editable:
        yield f"-e {folder.absolute()}"


def _local_names(text: str, wanted: InstallRequest, wheels: Iterable[LocalWheel]) -> frozenset[str]:
    """Return the names of the distributions in a lock that are of this machine."""
    folders = {str(folder.absolute()) for folder in wanted.editable}
    projects = {
        package.name
        for package in parse_lock(text, "the resolution").packages
        if package.directory is not None and package.directory.path in folders
    }
    return frozenset({*projects, *(wheel.name for wheel in wheels)})


def _key(
    runtime: Runtime, wanted: InstallRequest, wheels: Iterable[LocalWheel], store: EnvironmentStore
) -> str:
    """Return a name that changes with everything that the answer depends on."""
    return digest(
        [_SCHEMA, str(wanted.build), wanted.exclude_newer or ""],
        runtime_identity(runtime),
        wanted.requirements,
        wanted.constraints,
        [f"{wheel.name} {wheel.version} {wheel.metadata}" for wheel in wheels],
        [project_digest(folder) for folder in wanted.editable],
        map(content_digest, named_paths(wanted.requirements)),
        index_env_vars(store.env),
    )


def _cached(note: Mapping[str, object], fresh_for: float | None) -> _Known | None:
    """Return what a note holds that is fresh; None lets any age count."""
    age, lock, pins = age_of(note), note.get("lock"), note.get("pins")
    if age is None or (fresh_for is not None and age > fresh_for):
        return None
    if not isinstance(lock, str) or not isinstance(pins, list):
        return None
    read = [read_pin(each) for each in pins]
    known = tuple(pin for pin in read if pin is not None)
    if len(known) < len(read):
        return None
    return _Known(lock=lock, pins=known, life=(fresh_for or 0) - age)


def _raise_cached(note: Mapping[str, object]) -> None:
    """Fail as it failed before, while that counts.

    Raises:
        UnresolvableError: it failed, and lately.
    """
    age = age_of(note)
    match note.get("failure"):
        case {
            "message": str(message),
            "full": str(full),
            "missing": list(missing),
            "per_runtime": bool(per_runtime),
        } if age is not None and age <= _FAILURE_LIFE:
            wheels = tuple(_missing_wheel(each) for each in missing)
            raise UnresolvableError(message, full, wheels, per_runtime=per_runtime)


def _failure_note(error: UnresolvableError) -> dict[str, object]:
    missing = [[each.name, each.version, each.tags] for each in error.missing_wheels]
    return {
        "message": error.message,
        "full": error.full,
        "missing": missing,
        "per_runtime": error.per_runtime,
    }


def _missing_wheel(facts: object) -> MissingWheel:
    match facts:
        case [str(name), str() | None as version, tags]:
            known = tuple(map(str, tags)) if isinstance(tags, list) else None
            return MissingWheel(name=name, version=version, tags=known)
        case _:
            return MissingWheel(name="?", version=None, tags=None)


def _save(file: Path, **facts: object) -> None:
    with suppress(OSError):  # a disk that is full; it will be asked again
        write_note(file, {"made": time.time(), **facts})
