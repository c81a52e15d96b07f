"""The interpreters that tests know, and where each one lives.

This is ground truth: it shares nothing with `runtimes`, and asks no interpreter anything.
"""

from __future__ import annotations

import os
import shutil
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Home(StrEnum):
    """Where an interpreter of the tests lives."""

    PYENV = "pyenv"
    PROVISIONED = "provisioned"  # put there by scripts/provision_runtimes
    SYSTEM = "system"


class Interpreter(Struct, frozen=True, kw_only=True):
    """One interpreter that tests can ask for.

    Attributes:
        name: what a test calls it, and the step that provides it where there is one.
        home: the kind of place.
        path: the executable below that place; of pyenv's, a pattern below `versions`.
        implementation: as `Runtime.implementation.name` should say.
        version: of the language, as far as the place fixes it.
        debug: built with `Py_DEBUG`.
        free_threaded: built with `Py_GIL_DISABLED`.
        headers: C extensions can be compiled against it; the folders with `Python.h` and what it
            includes, below the same place and with patterns.
        environment: it is a virtual environment, not a runtime of its own.
    """

    name: str
    home: Home
    path: str
    implementation: str = "cpython"
    version: str
    debug: bool = False
    free_threaded: bool = False
    headers: tuple[str, ...] = ()
    environment: bool = False


def _pyenv(version: str, *, flags: str = "") -> Interpreter:
    return Interpreter(
        name=version,
        home=Home.PYENV,
        path=f"{version}.*/bin/python{version}",
        version=version,
        headers=(f"{version}.*/include/python{version}{flags}",),
    )


def _debian(version: str, *, debug: bool = False) -> Interpreter:
    name = f"{version}{'d' if debug else ''}"
    return Interpreter(
        name=name,
        home=Home.PROVISIONED,
        path=f"{name}/usr/bin/python{name}",
        version=version,
        debug=debug,
        headers=(f"{name}/usr/include/python{name}", f"{name}/usr/include"),
    )


def _pypy(name: str, version: str) -> Interpreter:
    return Interpreter(
        name=name,
        home=Home.PROVISIONED,
        path=f"{name}/usr/bin/pypy{version}",
        implementation="pypy",
        version=version,
        headers=(f"{name}/usr/include/pypy{version}",),
    )


def _free_threaded(version: str, *, debug: bool = False) -> Interpreter:
    name = f"{version}t{'d' if debug else ''}"
    return Interpreter(
        name=name,
        home=Home.PROVISIONED,
        path=f"{name}/bin/python{name}",
        version=version,
        debug=debug,
        free_threaded=True,
        headers=(f"{name}/include/python{name}",),
    )


def _fork(name: str, implementation: str) -> Interpreter:
    return Interpreter(
        name=name,
        home=Home.PROVISIONED,
        path=f"{name}/bin/python3.13",
        implementation=implementation,
        version="3.13",
        headers=(f"{name}/include/python3.13",),
    )


def _overlay(package: str, version: str) -> Interpreter:
    name = f"{package}-{version}"
    return Interpreter(
        name=name,
        home=Home.PROVISIONED,
        path=f"{name}/bin/python",
        version=version,
        environment=True,
    )


INTERPRETERS: tuple[Interpreter, ...] = (
    _pyenv("2.7"),
    _pyenv("3.6", flags="m"),
    _pyenv("3.7", flags="m"),
    _pyenv("3.8"),
    _pyenv("3.9"),
    _pyenv("3.10"),
    _pyenv("3.11"),
    _pyenv("3.12"),
    _pyenv("3.13"),
    Interpreter(name="system", home=Home.SYSTEM, path="python3", version="3"),
    _debian("3.11", debug=True),
    _debian("3.13", debug=True),
    _debian("3.14"),
    _debian("3.14", debug=True),
    _debian("3.15"),
    _debian("3.15", debug=True),
    _free_threaded("3.13"),
    _free_threaded("3.13", debug=True),
    _fork("alder", "alder"),
    _fork("guise", "cpython"),
    _pypy("pypy3.9", "3.9"),
    _pypy("pypy3.11", "3.11"),
    _pypy("pypy3.11-next", "3.11"),
    Interpreter(
        name="micropython",
        home=Home.PROVISIONED,
        path="micropython/usr/bin/micropython",
        implementation="micropython",
        version="3.4",
    ),
    Interpreter(
        name="jython",
        home=Home.SYSTEM,
        path="jython",
        implementation="jython",
        version="2.7",
    ),
    Interpreter(
        name="pyodide",
        home=Home.PROVISIONED,
        path="pyodide/bin/pyodide-python",
        implementation="pyodide",
        version="3.14",
    ),
    _overlay("cinderx", "3.14"),
    _overlay("cinderx", "3.15"),
    _overlay("pyston", "3.8"),
)
"""Every interpreter that a test can ask for, in the order in which reports list them."""


class Places(Struct, frozen=True, kw_only=True):
    """The folders of one machine that interpreters are looked for in.

    Attributes:
        pyenv: the `versions` folder of pyenv; None where there is none.
        provisioned: what scripts/provision_runtimes fills; it need not exist.
        system: the system's own programs.
    """

    pyenv: Path | None
    provisioned: Path
    system: Path = Path("/usr/bin")

    @classmethod
    def of(cls, env: Mapping[str, str], home: Path) -> Places:
        """Return the places that an environment and a home folder name."""
        cache = Path(env.get("XDG_CACHE_HOME") or home / ".cache")
        versions = (root / "versions" for root in _pyenv_roots(env, home))
        return cls(
            pyenv=next((folder for folder in versions if folder.is_dir()), None),
            provisioned=Path(env.get("MULTIRT_RUNTIMES") or cache / "multirt-runtimes"),
        )

    def _matches(self, home: Home, pattern: str) -> tuple[Path, ...]:
        """Return what there is of a pattern below one place."""
        match home:
            case Home.PYENV:
                folder = self.pyenv
            case Home.PROVISIONED:
                folder = self.provisioned
            case Home.SYSTEM:
                folder = self.system
        return tuple(sorted(folder.glob(pattern))) if folder is not None else ()

    def locate(self, interpreter: Interpreter) -> Path | None:
        """Return an interpreter's executable, None where it is not on this machine."""
        found = self._matches(interpreter.home, interpreter.path)
        return next((path for path in found if shutil.which(path)), None)

    def include_folders(self, interpreter: Interpreter) -> tuple[Path, ...]:
        """Return the folders to compile against, empty where the headers are not here."""
        folders = [self._matches(interpreter.home, pattern) for pattern in interpreter.headers]
        if not folders or not all(folders) or not (folders[0][-1] / "Python.h").is_file():
            return ()
        return tuple(found[-1] for found in folders)


def _pyenv_roots(env: Mapping[str, str], home: Path) -> Iterator[Path]:
    """Yield where pyenv may be, the surest first."""
    if root := env.get("PYENV_ROOT"):
        yield Path(root)
    yield home / ".pyenv"
    # With another home, as in a clean-room run, only the shims on PATH still tell.
    for entry in map(Path, filter(None, env.get("PATH", "").split(":"))):
        if entry.name == "shims":
            yield entry.parent


def without_slow(env: Mapping[str, str]) -> dict[str, str]:
    """Return variables of this machine without Jython and Pyodide, which take seconds to start."""
    folders = (each for each in env.get("PATH", "").split(os.pathsep) if each)
    searched = filter(None, env.get("MULTIRT_SEARCH_PATH", "").split(os.pathsep))
    runtimes = (str(each) for folder in searched for each in sorted(Path(folder).glob("*")))
    quick = [each for each in runtimes if Path(each).name != "pyodide"]
    return {
        "PATH": os.pathsep.join(each for each in folders if not shutil.which("jython", path=each)),
        "MULTIRT_SEARCH_PATH": os.pathsep.join([*quick, os.path.realpath(sys.executable)]),
    }


def named(name: str) -> Interpreter:
    """Return the interpreter of that name.

    Raises:
        KeyError: no test knows such an interpreter.
    """
    return {row.name: row for row in INTERPRETERS}[name]


def release(version: str) -> str:
    """Return the exact release of pyenv's CPython of a version; `VERSION.99` where it is absent."""
    program = Places.of(os.environ, Path.home()).locate(named(version))
    return program.parents[1].name if program is not None else f"{version}.99"
