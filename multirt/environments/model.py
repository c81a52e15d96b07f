"""The values of environments: what is wanted, what it resolves to, what was built."""

from __future__ import annotations

import os
from contextlib import nullcontext
from threading import Event
from typing import TYPE_CHECKING

from msgspec import Struct, field

from multirt.errors import ErrorKind, NothingFitsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from datetime import date
    from pathlib import Path


class MissingWheel(Struct, frozen=True, kw_only=True):
    """A distribution that has no wheel for a runtime.

    Attributes:
        name: of the distribution.
        version: or versions, `4.5.0`, `>=2.3`; None when it is so of all.
        tags: of the wheels that do exist, `cp312-cp312-musllinux_1_2_x86_64`; empty when there
            are only sources; None when the index did not answer.
    """

    name: str
    version: str | None
    tags: tuple[str, ...] | None


class UnresolvableError(NothingFitsError):
    """No set of distributions fulfils what is wanted on a runtime.

    Attributes:
        full: the resolver's own explanation, unabridged.
        missing_wheels: distributions that only lack a wheel for the runtime.
        per_runtime: another runtime may fare better.
    """

    usual = ErrorKind.REQUIREMENTS

    def __init__(
        self,
        message: str,
        full: str,
        missing_wheels: tuple[MissingWheel, ...] = (),
        *,
        per_runtime: bool = True,
    ) -> None:
        """Keep the facts; the hint follows from them."""
        hint = "--build builds what has no wheel from its sources" if missing_wheels else None
        super().__init__(message, hint)
        self.full = full
        self.missing_wheels = missing_wheels
        self.per_runtime = per_runtime


_DAY = 86_400
_umask = os.umask(0o077)
os.umask(_umask)
UMASK = _umask | 0o022
"""Of what makes files in environments: under any umask, no other user can write them."""


def _silent(_message: str) -> AbstractContextManager[object]:
    return nullcontext()


class EnvironmentStore(Struct, frozen=True):
    """The folder of environments on one machine, and the circumstances of this use of it.

    Attributes:
        root: the cache folder of multirt; it need not exist.
        env: environment variables; `UV_*` and `PIP_*` say which index counts.
        progress: called with what is being done, around doing it, which may take long.
        fresh_for: seconds for which a resolution is taken as it is, without asking the index.
        refresh: ask the index in any case.
        offline: never ask it.
        unreachable: it did not answer, so it is not asked again.
    """

    root: Path
    env: Mapping[str, str]
    progress: Callable[[str], AbstractContextManager[object]] = _silent
    fresh_for: float = _DAY
    refresh: bool = False
    offline: bool = False
    unreachable: Event = field(default_factory=Event)

    @property
    def environments(self) -> Path:
        """The folder of environments, each a folder named by its key."""
        return self.root / "environments"

    @property
    def resolutions(self) -> Path:
        """The folder of cached resolutions."""
        return self.root / "resolutions"

    @property
    def locks(self) -> Path:
        """The folder of files that keep two builders of one environment apart."""
        return self.root / "locks"


class InstallRequest(Struct, frozen=True, kw_only=True):
    """What is to be installed.

    Attributes:
        requirements: as PEP 508 writes them.
        constraints: requirements that limit versions and ask for nothing themselves.
        wheels: files to install whatever an index has.
        editable: folders of projects that are imported from where they are.
        lock: a lock file that says it all; then `requirements` and `constraints` do not count.
        build: packages without a wheel are built from their sources, which runs their code.
        exclude_newer: a date or time (RFC 3339); files uploaded later do not exist. None: all do.
        settings: variables for uv with their values, that count where the user says nothing else.
    """

    requirements: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    wheels: tuple[Path, ...] = ()
    editable: tuple[Path, ...] = ()
    lock: Path | None = None
    build: bool = False
    exclude_newer: str | None = None
    settings: tuple[tuple[str, str], ...] = ()


class Pin(Struct, frozen=True, kw_only=True):
    """One distribution of a resolution.

    Attributes:
        name: normalised.
        version: None where only building it would tell.
        files: names of the files that fit, mostly one wheel; the address of a folder or a
            repository where there is no file.
        sha256: of these files, in their order; fewer where there is none.
        uploaded: when the first of them came to the index; None when that does not say.
    """

    name: str
    version: str | None
    files: tuple[str, ...]
    sha256: tuple[str, ...]
    uploaded: date | None = None


class LocalWheel(Struct, frozen=True, kw_only=True):
    """A wheel of this machine, as it was when it was resolved.

    Attributes:
        path: absolute.
        name: of its distribution, normalised.
        version: of its distribution.
        sha256: of the file.
        metadata: SHA-256 of what it says of itself; while that is the same it needs the same.
    """

    path: Path
    name: str
    version: str
    sha256: str
    metadata: str


class Resolution(Struct, frozen=True, kw_only=True):
    """What one runtime would get.

    Attributes:
        pins: every distribution that comes from elsewhere, sorted by name.
        lock: the same as a lock file (PEP 751), with addresses: what is installed from.
        wheels: the wheels of this machine, installed after those.
        editable: folders of projects, installed last.
        requirements: what had been asked for.
        build: what has no wheel is built.
        stale: the index did not answer, and this is from an earlier time.
        until: seconds since the epoch at which the index is to be asked again; None for never.
    """

    pins: tuple[Pin, ...]
    lock: str
    wheels: tuple[LocalWheel, ...] = ()
    editable: tuple[Path, ...] = ()
    requirements: tuple[str, ...] = ()
    build: bool = False
    stale: bool = False
    until: float | None = None


class InstalledEnvironment(Struct, frozen=True, kw_only=True):
    """An environment that is complete.

    Attributes:
        home: its folder, `sys.prefix` there.
        python: how it is started.
        scripts: its folder of console scripts.
        site_roots: its folders of packages.
    """

    home: Path
    python: Path
    scripts: Path
    site_roots: tuple[Path, ...]


def scripts_folder() -> str:
    """Return the name of the folder of scripts in an environment."""
    return "Scripts" if os.name == "nt" else "bin"


def python_of(home: Path) -> Path:
    """Return how an environment is started."""
    return home / scripts_folder() / ("python.exe" if os.name == "nt" else "python")
