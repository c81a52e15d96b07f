"""What every test can ask for, and what becomes of a test whose runtime is absent."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, NoReturn, Protocol

import hypothesis
import pytest

from tests.browser import Browser, find_browser
from tests.interpreters import INTERPRETERS, Home, Interpreter, Places, named, without_slow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Command = Callable[..., subprocess.CompletedProcess[str]]

pytest_plugins = ("tests.fixtures_environments",)

REQUIRED = "MULTIRT_TEST_REQUIRE"
BROWSER = "chromium"  # no interpreter, but asked for and required likewise
_wanted = pytest.StashKey[frozenset[str]]()
_places = pytest.StashKey[Places]()
_absent = pytest.StashKey[set[str]]()


# How long an example takes says how busy the machine is, not whether the code is right.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


class Require(Protocol):
    """Ask for an interpreter of `tests.interpreters`; the test skips or fails without it."""

    def __call__(self, name: str) -> Path:
        """Return the executable."""


def required_names(env: Mapping[str, str]) -> frozenset[str]:
    """Return the interpreters that must be here, from `all`, names, and `-name` for all but one.

    Raises:
        pytest.UsageError: a name that no test knows.
    """
    known = {row.name for row in INTERPRETERS} | {BROWSER}
    names = [part.strip() for part in env.get(REQUIRED, "").split(",") if part.strip()]
    excused = {part[1:] for part in names if part.startswith("-")}
    requested = {part for part in names if not part.startswith("-")}
    if unknown := (requested | excused) - known - {"all"}:
        message = f"{REQUIRED}: no such runtime: {', '.join(sorted(unknown))}"
        raise pytest.UsageError(message + f" (known: all, {', '.join(sorted(known))})")
    return frozenset((known if "all" in requested else requested) - excused)


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers, and look once where things are."""
    config.addinivalue_line("markers", "real: starts real interpreters other than this one")
    config.addinivalue_line("markers", "network: downloads from the package index")
    config.stash[_wanted] = required_names(os.environ)
    config.stash[_places] = Places.of(os.environ, Path.home())
    config.stash[_absent] = set()
    _deliver_signals_to_children()


def _deliver_signals_to_children() -> None:
    """Catch the signals that these tests were started to ignore, as by `nohup` or `&`.

    What a process ignores its children ignore, and what it catches they do not. These tests go on
    ignoring them.
    """
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda _number, _frame: None)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what asks for a real interpreter, so that `-m "not real"` leaves it out."""
    for item in items:
        if {"require", "require_headers"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("real")


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say in one line which runtimes tests asked for in vain."""
    if absent := config.stash[_absent]:
        order = [row.name for row in INTERPRETERS if row.name in absent]
        terminalreporter.write_line(f"runtimes not on this machine: {', '.join(order)}")


def _missing(config: pytest.Config, row: Interpreter, what: str) -> NoReturn:
    """Skip the test, or fail it where the runtime is required."""
    config.stash[_absent].add(row.name)
    provided = row.home is Home.PROVISIONED or row.name == "jython"
    hint = f" (scripts/provision_runtimes {row.name})" if provided else f" ({row.home})"
    message = f"{what} {row.name} is not on this machine{hint}"
    if row.name in config.stash[_wanted]:
        pytest.fail(f"{message}, and {REQUIRED} asks for it", pytrace=False)
    pytest.skip(message)


@pytest.fixture(scope="session")
def require(pytestconfig: pytest.Config) -> Require:
    """Return the function that gives an interpreter's executable or ends the test."""

    def find(name: str) -> Path:
        row = named(name)
        path = pytestconfig.stash[_places].locate(row)
        if path is None:
            _missing(pytestconfig, row, "runtime")
        return path

    return find


@pytest.fixture(scope="session")
def browser(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    """Return a headless browser, or end the test where there is none."""
    program = find_browser()
    if program is None:
        message = f"no {BROWSER} on this machine (scripts/provision_runtimes {BROWSER})"
        if BROWSER in pytestconfig.stash[_wanted]:
            pytest.fail(f"{message}, and {REQUIRED} asks for it", pytrace=False)
        pytest.skip(message)
    with Browser(program, tmp_path_factory.mktemp("profile")) as started:
        yield started


class RequireHeaders(Protocol):
    """Ask for the C headers of an interpreter; the test skips or fails without them."""

    def __call__(self, name: str) -> tuple[Path, ...]:
        """Return the include folders, in the order in which a compiler needs them."""


@pytest.fixture(scope="session")
def require_headers(pytestconfig: pytest.Config) -> RequireHeaders:
    """Return the function that gives an interpreter's include folders or ends the test."""

    def find(name: str) -> tuple[Path, ...]:
        row = named(name)
        folders = pytestconfig.stash[_places].include_folders(row)
        if not folders:
            _missing(pytestconfig, row, "C headers of")
        return folders

    return find


@pytest.fixture(scope="session")
def known_runtimes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return what is cached of all runtimes, which are asked once for all workers of a run.

    Java and Pyodide take seconds, and on a busy machine longer than multirt waits for one.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "known-runtimes"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            own = {"MULTIRT_CACHE_DIR": str(folder), "MULTIRT_PROBE_TIMEOUT": "60"}
            command = [sys.executable, "-m", "multirt", "list", "--json"]
            env = {**_without_settings(), **own}
            subprocess.run(command, check=True, env=env, stdout=subprocess.DEVNULL)
    return folder / "runtimes"


@pytest.fixture(scope="session")
def cache(known_runtimes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for caches in which all runtimes are known."""
    folder = tmp_path_factory.mktemp("cache")
    shutil.copytree(known_runtimes, folder / "runtimes")
    return folder


def _without_settings() -> dict[str, str]:
    """Return the variables of this process without those that choose a runtime."""
    dropped = ("VIRTUAL_ENV", "MULTIRT_PYTHON", "MULTIRT_DEPTH", "PYTHONPATH")
    return {name: value for name, value in os.environ.items() if name not in dropped}


@pytest.fixture(scope="session")
def quick_machine() -> dict[str, str]:
    """The variables with which a command sees no runtime that takes seconds to start."""
    return without_slow(os.environ)


@pytest.fixture
def multirt(tmp_path: Path, cache: Path) -> Command:
    """Return a function that runs the command in `tmp_path` and returns how it ended."""

    def call(
        *arguments: str, stdin: IO[str] | int = subprocess.DEVNULL, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "multirt", *arguments],
            check=False,
            capture_output=True,
            cwd=tmp_path,
            env={
                **_without_settings(),
                "MULTIRT_CACHE_DIR": str(cache),
                "COLUMNS": "100",
                **variables,
            },
            stdin=stdin,
            text=True,
            timeout=300,
        )

    return call
