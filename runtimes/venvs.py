"""What a virtual environment stands on (PEP 405)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from runtimes.executable_names import is_runtime_name
from runtimes.model import Overlay
from runtimes.storage.files import read_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_FOLDER = "Scripts" if os.name == "nt" else "bin"


def configuration_file(folder: str) -> str | None:
    """Return the `pyvenv.cfg` that makes an interpreter in that folder an environment's."""
    for parent in (folder, os.path.dirname(folder)):  # noqa: PTH120 - asked for every candidate
        path = os.path.join(parent, "pyvenv.cfg")  # noqa: PTH118 - as above
        if os.path.isfile(path):  # noqa: PTH113 - as above
            return path
    return None


def base_executable(venv_python: Path) -> Path | None:
    """Return the interpreter that an environment's interpreter was made from.

    Args:
        venv_python: the environment's interpreter, or the environment's folder; absolute.

    Returns:
        A file that exists, with links not yet followed; None where this is no environment or its
        base is gone. An environment of an environment leads to the base of both.
    """
    seen: set[Path] = set()
    if venv_python.is_dir():
        venv_python = venv_python / _FOLDER / "python"
    current = venv_python
    while current not in seen:
        seen.add(current)
        config = configuration_file(os.fspath(current.parent))
        if config is None:
            return current if current != venv_python else None
        base = next((path for path in _bases(Path(config), current) if path.is_file()), None)
        if base is None:
            return None
        current = base
    return None


def _bases(config: Path, venv_python: Path) -> Iterator[Path]:
    """Yield where the base may be, the surest first.

    `home` is what CPython itself goes by; `executable` (3.11) and `base-executable` (virtualenv)
    are more exact but count only while they agree with it.
    """
    settings = read_settings(config)
    home = settings.get("home")
    for key in ("base-executable", "executable"):
        if text := settings.get(key):
            path = Path(text)
            if path.is_absolute() and home in (None, os.fspath(path.parent)):
                yield path
    if home is not None and Path(home).is_absolute():
        for name in _names(settings, venv_python):
            yield Path(home, name)
    real = Path(os.path.realpath(venv_python))
    if real != venv_python and is_runtime_name(real.name):
        yield real


def _names(settings: Mapping[str, str], venv_python: Path) -> Iterator[str]:
    """Yield the file names that the base may have in its folder."""
    ending = venv_python.suffix if venv_python.suffix == ".exe" else ""
    real = os.path.realpath(venv_python)
    if os.fspath(venv_python) != real and is_runtime_name(os.path.basename(real)):  # noqa: PTH119
        yield Path(real).name
    version = settings.get("version_info") or settings.get("version") or ""
    minor = ".".join(version.split(".")[:2])
    family = settings.get("implementation", "CPython").lower()
    stem = {"pypy": "pypy", "graalvm": "graalpy", "graalpy": "graalpy"}.get(family, "python")
    if minor:
        yield f"{stem}{minor}{ending}"
    yield venv_python.name
    for name in (f"{stem}3", stem, "python3", "python", "pypy3", "graalpy"):
        yield f"{name}{ending}"


def read_settings(config: Path) -> dict[str, str]:
    """Return the settings of a `pyvenv.cfg`, keys in lower case; empty when it is unreadable."""
    try:
        text = read_text(config)
    except OSError:
        return {}
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {key.strip().lower(): value.strip() for key, _, value in pairs}


# Each with the distribution that turns it on at every start, where there is one.
_OVERLAYS = {"cinderx": None, "pyston_lite": "pyston_lite_autoload"}


_SITES = (
    "lib*/*/site-packages",
    "Lib/site-packages",
    "site-packages",  # PyPy, up to 3.9
)


def site_folders(environment: Path) -> tuple[Path, ...]:
    """Return the folders of installed packages that an environment has, each once."""
    found: dict[str, Path] = {}
    for pattern in _SITES:
        for folder in sorted(environment.glob(pattern)):  # `lib64` is a link to `lib`
            found.setdefault(os.path.realpath(folder), folder)
    return tuple(found.values())


def overlays(folders: Iterable[Path]) -> tuple[Overlay, ...]:
    """Return the JIT compilers that are installed into folders of packages.

    They change how the runtime that starts with these folders runs, and no other that shares its
    executable: `pyston_lite_autoload` at every start, `cinderx` once it is imported.
    """
    versions = dict(pair for folder in folders for pair in _distributions(folder))
    return tuple(
        Overlay(name=name, version=versions[name], automatic=starter in versions)
        for name, starter in _OVERLAYS.items()
        if name in versions
    )


def _distributions(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield names and versions, as the folders of their metadata say."""
    try:
        names = os.listdir(folder)  # noqa: PTH208 - names only
    except OSError:
        return
    for entry in names:
        name, _, rest = entry.partition("-")
        if name in _OVERLAYS or name in _OVERLAYS.values():
            yield name, rest.removesuffix(".dist-info")
