"""Get the wheels of a release from a package index, those of every platform."""

from __future__ import annotations

import hashlib
import re
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from multirt.environments.index_settings import PYPI, index_settings
from multirt.errors import ErrorKind, InputError, OperationError, UsageError
from multirt.probe.model import failed
from multirt.process.optional_packages import require
from multirt.storage.lock import file_lock
from runtimes.storage.trust import check_file, make_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from packaging.version import Version
    from pypi_simple import DistributionPackage, PyPISimple

    from multirt.probe.model import ArtifactReport, ProbeProgress

_TIMEOUT: Final = 30.0  # seconds without a byte
_SLOWEST: Final = 10_000  # bytes a second, after the first minute
_MINUTE: Final = 60.0
_AT_ONCE: Final = 4  # downloads
_TRIES: Final = 3
_LARGEST: Final = 8 << 30  # bytes of one wheel
_CHUNK: Final = 1 << 16  # bytes, which a break of the connection loses


class Download(Struct, frozen=True, kw_only=True):
    """The wheels of one release.

    Attributes:
        wheels: files in the cache.
        failed: reports of the wheels that the index did not give.
    """

    wheels: tuple[Path, ...]
    failed: tuple[ArtifactReport, ...]


def download_release(
    text: str, env: Mapping[str, str], cache_dir: Path, progress: ProbeProgress
) -> Download:
    """Download every wheel of a release, as far as it is not in the cache.

    Args:
        text: a name, `numpy`, for the newest release, or with a version, `numpy==2.1.0`.
        env: `UV_*`, `PIP_*` and their files say which index counts.
        cache_dir: of multirt.
        progress: called for each wheel.

    Raises:
        UsageError: the text names no release.
        InputError: no index has it, or it has no wheels.
        OperationError: an index does not answer.
    """
    name, version = _release(text)
    require("pypi_simple", "probe --index")
    folder = cache_dir / "wheels"
    make_folder(folder)
    from pypi_simple import PyPISimple  # 150 ms, for this option only

    with PyPISimple(PYPI) as client:
        packages = _wheels_of(_listed(client, name, _indexes(env)), name, version)
        progress.expect(len(packages))
        wheels, lost = [], []
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            jobs = {pool.submit(_fetch, client, each, folder): each for each in packages}
            for job in as_completed(jobs):
                package = jobs[job]
                progress.step(package.filename)
                try:
                    wheels.append(job.result())
                except OSError as error:  # those of requests are among them
                    reason = f"cannot download it: {_reason(error)}"
                    lost.append(failed(package.filename, "index", reason, "try again"))
    return Download(wheels=tuple(sorted(wheels, key=lambda each: each.name)), failed=tuple(lost))


def _release(text: str) -> tuple[str, str | None]:
    """Return the name and the version that a text names, None for the newest."""
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        requirement = None
    pins = list(requirement.specifier) if requirement is not None else []
    exact = len(pins) == 1 and pins[0].operator == "==" and "*" not in pins[0].version
    if requirement is None or requirement.url or requirement.marker or (pins and not exact):
        message = f"invalid release for --index: {text!r}"
        raise UsageError(message, "write NAME or NAME==VERSION")
    return requirement.name, pins[0].version if pins else None


def _indexes(env: Mapping[str, str]) -> list[str]:
    """Return the addresses of the indexes, in the order in which uv searches them."""
    settings = {**env, **index_settings(env)}
    named = [*settings.get("UV_INDEX", "").split(), *settings.get("UV_EXTRA_INDEX_URL", "").split()]
    last = settings.get("UV_DEFAULT_INDEX") or settings.get("UV_INDEX_URL") or PYPI
    # `UV_INDEX` takes `NAME=URL` too.
    return [re.sub(r"^[\w.-]+=(?=\w+://)", "", each) for each in (*named, last)]


def _listed(client: PyPISimple, name: str, indexes: Sequence[str]) -> list[DistributionPackage]:
    """Return the files of a project on the first index that has it."""
    from pypi_simple import NoSuchProjectError, UnsupportedContentTypeError

    for index in indexes:
        if index.startswith("file:"):
            continue  # uv and pip read folders too; a release of every platform is on a server
        client.endpoint = index.rstrip("/") + "/"
        try:
            return client.get_project_page(name, timeout=_TIMEOUT).packages
        except NoSuchProjectError:
            continue
        except (OSError, ValueError, UnsupportedContentTypeError) as error:
            message = f"the index did not answer for {name}: {_reason(error)}"
            hint = "check the network, or name an index with UV_DEFAULT_INDEX"
            raise OperationError(message, hint, ErrorKind.INDEX) from error
    raise InputError(f"no index has {name}", "check the name", ErrorKind.INDEX)


def _wheels_of(
    packages: Sequence[DistributionPackage], name: str, version: str | None
) -> list[DistributionPackage]:
    """Return the wheels of one release: the newest where no version is named."""
    found: dict[Version, list[DistributionPackage]] = {}
    for package in packages:
        with suppress(InvalidWheelFilename):
            found.setdefault(parse_wheel_filename(package.filename)[1], []).append(package)
    stable = [
        each
        for each, files in found.items()
        if not each.is_prerelease and not all(file.is_yanked for file in files)
    ]
    newest = max(stable or found, default=None)
    chosen = newest
    if version is not None:
        chosen = next((each for each in found if SpecifierSet(f"=={version}").contains(each)), None)
    if chosen is None:
        wanted = f"{name} {version}" if version is not None else name
        hint = f"the newest release with wheels is {newest}" if newest is not None else None
        raise InputError(f"no wheels of {wanted} on the index", hint, ErrorKind.INDEX)
    return sorted(found[chosen], key=lambda each: each.filename)


def _fetch(client: PyPISimple, package: DistributionPackage, folder: Path) -> Path:
    """Return a wheel in the cache, downloaded as far as it is not there.

    Raises:
        OSError: it cannot be downloaded, or is not what the index says.
    """
    sha256 = package.digests.get("sha256")
    key = sha256 or hashlib.sha256(package.url.encode()).hexdigest()
    wheel = folder / key[:16] / package.filename
    with file_lock(wheel.with_name("lock")) as lock:
        lock.acquire()
        return _fetched(client, package, wheel)


def _fetched(client: PyPISimple, package: DistributionPackage, wheel: Path) -> Path:
    """Return a wheel that no other process downloads."""
    sha256 = package.digests.get("sha256")
    if sha256 is not None and wheel.is_file() and _digest(wheel) == sha256:
        check_file(wheel)
        return wheel
    part = wheel.with_name("part")
    for attempt in range(_TRIES):
        try:
            _append(client, package, part)
            break
        except OSError:
            if attempt == _TRIES - 1:
                raise
    if sha256 is not None and _digest(part) != sha256:
        part.unlink()
        raise OSError("its content does not have the hash that the index names")
    part.replace(wheel)
    return wheel


def _append(client: PyPISimple, package: DistributionPackage, part: Path) -> None:
    """Add what is missing of a file; the server may give it from the start again."""
    begun, had = time.monotonic(), part.stat().st_size if part.exists() else 0
    headers = {"Range": f"bytes={had}-", "Accept-Encoding": "identity"} if had else {}
    with client.s.get(package.url, stream=True, timeout=_TIMEOUT, headers=headers) as response:
        if response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # all of it is here
        response.raise_for_status()
        resumed = response.status_code == HTTPStatus.PARTIAL_CONTENT
        with part.open("ab" if resumed else "wb") as file:
            for chunk in response.iter_content(_CHUNK):
                file.write(chunk)
                if file.tell() > _LARGEST:
                    raise OSError("it is larger than 8 GiB")
                seconds = time.monotonic() - begun
                if seconds > _MINUTE and file.tell() - had * resumed < _SLOWEST * seconds:
                    raise TimeoutError("the index sends less than 10 kB a second")
            missing = int(response.headers.get("Content-Length", 0)) + had * resumed - file.tell()
    if missing > 0 and "Content-Encoding" not in response.headers:
        raise OSError(f"the index broke off, {missing} bytes before the end")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _reason(error: Exception) -> str:
    """Return the last cause of an error, one line: those around it repeat its address.

    A user and a password in an address are left out.
    """
    while isinstance(error.__cause__ or error.__context__, Exception):
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
    text = re.sub(r"(?<=://)[^/\s]*@", "", " ".join(str(error).split()))
    return text[:200] or type(error).__name__
