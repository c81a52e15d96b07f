"""Say which distributions one runtime would get for what is wanted."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from multirt.environments.errors import UnresolvableError
from multirt.environments.lockfiles import parse_lock, pins_of
from multirt.environments.model import LocalWheel, Resolution
from multirt.environments.uv import UvError, run_uv
from multirt.errors import ExitCode, MultirtError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from multirt.environments.model import Wanted
    from multirt.environments.store import Store
    from runtimes import Runtime


def resolve(runtime: Runtime, wanted: Wanted, store: Store) -> Resolution:
    """Return what a runtime would get.

    Raises:
        UnresolvableError: nothing fulfils what is wanted on this runtime.
        MultirtError: what is wanted cannot be read, or the index does not answer.
    """
    wheels = tuple(_local(path) for path in wanted.wheels)
    with store.progress(f"resolving for {runtime.id}"):
        try:
            lock = run_uv(store, _command(runtime, wanted), text="\n".join(_lines(wanted, wheels)))
        except UvError as error:
            raise _explained(runtime, str(error)) from error
    parsed = parse_lock(lock, f"the resolution for {runtime.id}")
    return Resolution(
        pins=pins_of(parsed),
        lock=lock,
        wheels=wheels,
        editable=wanted.editable,
        requirements=wanted.requirements,
    )


def _command(runtime: Runtime, wanted: Wanted) -> list[str]:
    command = ["pip", "compile", "-", "--format", "pylock.toml", "--no-header", "--quiet"]
    command += ["--python", str(runtime.executable)]
    if not wanted.build:
        command.append("--no-build")
    if wanted.exclude_newer is not None:
        command += ["--exclude-newer", wanted.exclude_newer]
    return command


def _lines(wanted: Wanted, wheels: tuple[LocalWheel, ...]) -> Iterator[str]:
    """Yield the requirements as uv reads them."""
    yield from wanted.requirements
    for wheel in wheels:
        yield f"{wheel.name} @ {wheel.path.as_uri()}"
    for folder in wanted.editable:
        yield f"-e {folder}"


def _local(path: Path) -> LocalWheel:
    """Read what a wheel is.

    Raises:
        MultirtError: it is no wheel, or is not there.
    """
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    try:
        name, version, _, _ = parse_wheel_filename(path.name)
        data = path.read_bytes()
    except InvalidWheelFilename as error:
        raise MultirtError("wheel", f"not a wheel: {path}: {error}") from error
    except OSError as error:
        raise MultirtError("wheel", f"cannot read {path}: {error.strerror}") from error
    sha256 = hashlib.sha256(data).hexdigest()
    return LocalWheel(path=path.absolute(), name=name, version=str(version), sha256=sha256)


def _explained(runtime: Runtime, full: str) -> MultirtError:
    """Return the error for what uv says."""
    words = full.replace("\n", " ")
    return UnresolvableError(
        kind="requirements",
        message=f"{runtime.id}: {words}",
        code=ExitCode.NOTHING_FITS,
        full=full,
    )
