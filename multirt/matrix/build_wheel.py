"""Have a project's build backend make a wheel, in an environment that is kept where that can be.

`uv build` makes an environment for each build. Where nothing but `[build-system]` says how the
project is built (PEP 517, PEP 518), ours is made once for its requirements.
"""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec import Struct

from multirt.config.project_files import read_toml
from multirt.environments import Wanted, build, clean_environment, find_uv, resolve, uv_environment
from multirt.errors import ExitCode, MultirtError
from multirt.matrix.model import Package

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from multirt.environments import Built, Store
    from runtimes import Runtime

_LAST_LINES = 15
_SINCE = (3, 7)  # that the program of pyproject-hooks runs on
_OUT, _SAID = "out", "said.txt"


class Builder(Struct, frozen=True, kw_only=True):
    """Builds one project.

    Attributes:
        root: the project.
        store: where environments live.
    """

    root: Path
    store: Store

    def build(self, runtime: Runtime, mode: Package, room: Path) -> tuple[Path, float]:
        """Build a wheel with a runtime, and return it with the seconds that it took.

        Args:
            runtime: what the backend runs on.
            mode: WHEEL, or SDIST_WHEEL to go through a source distribution.
            room: an empty folder.

        Raises:
            MultirtError: with the last lines of the backend.
        """
        start = time.monotonic()
        (room / _OUT).mkdir()
        with suppress(subprocess.CalledProcessError):
            if mode is Package.SDIST_WHEEL or not self._with_kept(runtime, room):
                self._with_uv(runtime, mode, room)
        made = sorted((room / _OUT).glob("*.whl"))
        if len(made) != 1:
            text = (room / _SAID).read_text(encoding="utf-8", errors="replace")
            raise _failed(self.root, runtime, text, made)
        return made[0], time.monotonic() - start

    def _with_uv(self, runtime: Runtime, mode: Package, room: Path) -> None:
        """Build in an environment that is thrown away.

        Raises:
            CalledProcessError: uv fails.
        """
        kind = [] if mode is Package.SDIST_WHEEL else ["--wheel"]
        python = ["--python", str(runtime.executable), "--no-python-downloads"]
        uv, out = find_uv(self.store.env), str(room / _OUT)
        command = [uv, "build", *kind, *python, "--out-dir", out, str(self.root)]
        _run(command, self.root, {**uv_environment(self.store.env), **_own_folder(room)}, room)

    def _with_kept(self, runtime: Runtime, room: Path) -> bool:
        """Build in an environment that is kept; return False where that cannot be.

        Raises:
            CalledProcessError: the backend fails.
        """
        from build import BuildBackendException, BuildException, ProjectBuilder  # 40 ms

        if not _is_plain(self.root, runtime, uv_environment(self.store.env)):
            return False

        def frontend(requires: Iterable[str]) -> ProjectBuilder:
            built = self._environment(runtime, requires)
            env = self._variables(built, room)
            return ProjectBuilder(
                self.root,
                python_executable=str(built.python),
                runner=lambda command, cwd=None, more=None: _run(
                    command, cwd, {**env, **(more or {})}, room
                ),
            )

        try:
            requires = ProjectBuilder(self.root).build_system_requires
            backend = frontend(requires)
            if more := backend.get_requires_for_build("wheel") - requires:
                backend = frontend(requires | more)
            backend.build("wheel", room / _OUT)
        except BuildBackendException as error:
            if isinstance(error.exception, subprocess.CalledProcessError):
                raise error.exception from error
            return False
        except (BuildException, MultirtError):
            return False  # uv says it better
        return True

    def _variables(self, built: Built, room: Path) -> dict[str, str]:
        """Return the variables of a backend: those of the user, and its own."""
        env = clean_environment(self.store.env)
        path = f"{built.scripts}{os.pathsep}{env.get('PATH', os.defpath)}"
        own = {"NO_COLOR": "1", "PATH": path, "VIRTUAL_ENV": str(built.home)}
        return {**env, **own, **_own_folder(room)}

    def _environment(self, runtime: Runtime, requires: Iterable[str]) -> Built:
        """Return an environment of the backend.

        Raises:
            MultirtError: it cannot be made.
        """
        wanted = Wanted(requirements=tuple(sorted(requires)), build=True)
        return build(runtime, resolve(runtime, wanted, self.store), self.store)


def _run(
    command: Sequence[str], cwd: str | Path | None, env: Mapping[str, str], room: Path
) -> None:
    """Run a command to its end; what it prints goes to a file of the room.

    Raises:
        CalledProcessError: it fails.
    """
    with (room / _SAID).open("ab") as stream:
        subprocess.run(
            command,
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            check=True,
        )


def _own_folder(room: Path) -> dict[str, str]:
    """Return what gives setuptools a folder of its own: it puts old files of `build/lib` in."""
    extra = room / "distutils.cfg"
    extra.write_text(f"[build]\nbuild_base = {room / 'build'}\n")
    return {"DIST_EXTRA_CONFIG": str(extra)}


def _is_plain(root: Path, runtime: Runtime, env: Mapping[str, str]) -> bool:
    """Whether nothing but `[build-system]` has a say in how a project is built."""
    tool = read_toml(root / "pyproject.toml").get("tool", {})
    of_uv = "uv" in tool or any((folder / "uv.toml").exists() for folder in (root, *root.parents))
    told = any(name.startswith("UV_") and "BUILD" in name for name in env)
    return not (of_uv or told) and (runtime.version.major, runtime.version.minor) >= _SINCE


def _failed(root: Path, runtime: Runtime, text: str, made: Sequence[Path]) -> MultirtError:
    """Return the error with the last words of the backend."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    if len(made) > 1:
        lines.append(f"it made {len(made)} wheels")
    said = "".join(f"\n    {line}" for line in lines[-_LAST_LINES:])
    return MultirtError(
        "build",
        f"{root} does not build with {runtime.id}:{said}",
        f"see all of it: uv build --wheel --python {runtime.executable} {root}",
        ExitCode.BUILD_FAILED,
    )
