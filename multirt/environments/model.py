"""The values of environments: what is wanted, what it resolves to, what was built."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path


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
