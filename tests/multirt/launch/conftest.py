"""The two readers of plan files, each next to a stand-in for the Python command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec import Struct

from compile_args import write_options
from multirt import __version__
from multirt.launch.plan_key import plan_query
from multirt.launch.plan_writer import LaunchCommand, PlanInputs, write_plan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parents[3]
SLOW = "handed over:"
_SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
LONG_AGO = 1_600_000_000_000_000_000  # ns; nothing that a test makes is racy for it
_READER = (
    "import sys; from multirt.launch.plan_reader import start_planned; start_planned(sys.argv[2:])"
)


class Launcher(Struct, frozen=True, kw_only=True):
    """One of the two, as a command.

    Attributes:
        command: what is started.
        cwd: where, unless a call says otherwise.
        env: the environment, unless a call says otherwise.
    """

    command: tuple[str, ...]
    cwd: Path
    env: Mapping[bytes, bytes]

    def __call__(
        self,
        *arguments: str | bytes,
        env: Mapping[bytes, bytes] | None = None,
        cwd: Path | None = None,
        pass_fds: Sequence[int] = (),
    ) -> subprocess.CompletedProcess[bytes]:
        """Start it and wait."""
        return subprocess.run(
            [*self.command, *arguments],
            check=False,
            capture_output=True,
            cwd=cwd or self.cwd,
            env={**self.env, **(env or {})},
            pass_fds=pass_fds,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )

    def is_planned(self, *arguments: str | bytes, env: Mapping[bytes, bytes] | None = None) -> bool:
        """Tell whether a plan started the program, and not the Python command."""
        done = self(*arguments, env=env)
        assert done.returncode == 0, done.stderr
        return not done.stdout.startswith(SLOW.encode())


@pytest.fixture(scope="session")
def native(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the native launcher with sanitizers, where the compiler has them."""
    folder = tmp_path_factory.mktemp("native")
    program = compiled(folder, *_SANITIZERS) or compiled(folder)
    if program is None:
        pytest.skip("no C compiler")
    stand_in = folder / "multirt-python"
    stand_in.write_text(f'#!/bin/sh\nprintf "%s\\n" "{SLOW}" "$@"\n')
    stand_in.chmod(0o755)
    return program


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the native launcher without sanitizers: they do not work in set-user-ID programs."""
    program = compiled(tmp_path_factory.mktemp("plain"))
    if program is None:
        pytest.skip("no C compiler")
    return program


def compiled(folder: Path, *more: str, version: str = __version__) -> Path | None:
    """Compile the launcher, every warning an error; None where that cannot be done."""
    if shutil.which("cc") is None:
        return None
    flags = ("-std=c11", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror", *more)
    write_options(ROOT, folder)
    source, target = str(ROOT / "launcher" / "multirt.c"), str(folder / "multirt")
    command = ["cc", *flags, f"-I{folder}", f'-DVERSION="{version}"', source, "-o", target]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert more or done.returncode == 0, done.stderr
    return folder / "multirt" if done.returncode == 0 else None


@pytest.fixture(params=["native", "python"])
def launcher(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Launcher:
    """Return each of the two; what they say of no plan begins with `SLOW`."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.setenv("ASAN_OPTIONS", "detect_leaks=0")  # what becomes another program need not
    monkeypatch.setenv("MULTIRT_CACHE_DIR", str(tmp_path / "cache"))
    for name in ("MULTIRT_PYTHON", "VIRTUAL_ENV", "MULTIRT_DEPTH", "MULTIRT_LOG"):
        monkeypatch.delenv(name, raising=False)
    if request.param == "native":
        command: tuple[str, ...] = (str(request.getfixturevalue("native")),)
    else:
        text = f"{_READER}; print('{SLOW}', *sys.argv[2:], sep='\\n')"
        command = (sys.executable, "-c", text, "multirt")
    return Launcher(command=command, cwd=work, env=dict(os.environb))


def remember(
    launcher: Launcher,
    *arguments: str,
    inputs: PlanInputs | None = None,
    start: LaunchCommand | None = None,
) -> Path:
    """Write a plan for a command line, by default one that rests on nothing and prints."""
    question = plan_query([*map(os.fsencode, arguments)], os.fsencode(launcher.cwd), launcher.env)
    assert question is not None
    return write_plan(
        question,
        inputs or resting_on(),
        start or LaunchCommand(executable="/bin/echo", arguments=("planned",)),
    )


def resting_on(
    *paths: Path | str,
    links: tuple[str, ...] = (),
    above: tuple[str, ...] = (),
    names: tuple[tuple[str, frozenset[str]], ...] = (),
    variables: Mapping[str, str | None] | None = None,
) -> PlanInputs:
    """Return grounds that a test made just now, as if it had made them long before deciding."""
    return PlanInputs(
        since=LONG_AGO * 2,
        paths=tuple(map(str, paths)),
        links=links,
        above=above,
        names=names,
        variables=variables or {},
    )
