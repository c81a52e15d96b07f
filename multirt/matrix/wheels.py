"""Build the project's wheel once, and again only where no wheel serves a runtime.

Wheels are kept by the digest of the sources, so that nothing is built when nothing changed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from multirt.config.project import find_toml
from multirt.environments import (
    InstallRequest,
    build,
    clean_environment,
    find_uv,
    resolve,
    uv_environment,
)
from multirt.errors import BuildError, MultirtError
from multirt.matrix import source_digest as sources
from multirt.matrix.model import InstallMode
from multirt.matrix.processes import GRACE
from multirt.matrix.source_digest import DigestCache, read_written_reports
from multirt.matrix.wheel_cache import WheelCache
from multirt.process.run import CommandOutput, Supervised, within
from multirt.storage.lock import locked
from runtimes import is_cpython, rank

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from abi_probe import Artifact, Target
    from multirt.environments import EnvironmentStore, InstalledEnvironment
    from multirt.matrix.model import Cell, Config, Wheel
    from runtimes import Runtime

_LAST_LINES = 15
_SINCE = (3, 7)  # that the program of pyproject-hooks runs on
_OUT, _LOG = "out", "said.txt"


class Builder(Struct, frozen=True, kw_only=True):
    """Builds one project.

    Attributes:
        root: the project.
        store: where environments live.
    """

    root: Path
    store: EnvironmentStore

    def build(self, runtime: Runtime, mode: InstallMode, folder: Path) -> tuple[Path, float]:
        """Build a wheel with a runtime, and return it with the seconds that it took.

        Args:
            runtime: what the backend runs on.
            mode: WHEEL, or SDIST_WHEEL to go through a source distribution.
            folder: an empty folder.

        Raises:
            MultirtError: with the last lines of the backend.
        """
        start = time.monotonic()
        (folder / _OUT).mkdir()
        with suppress(subprocess.CalledProcessError):
            if mode is InstallMode.SDIST_WHEEL or not self._with_kept(runtime, folder):
                self._with_uv(runtime, mode, folder)
        made = sorted((folder / _OUT).glob("*.whl"))
        if len(made) != 1:
            text = (folder / _LOG).read_text(encoding="utf-8", errors="replace")
            raise _failed(self.root, runtime, text, made)
        return made[0], time.monotonic() - start

    def _with_uv(self, runtime: Runtime, mode: InstallMode, folder: Path) -> None:
        """Build in an environment that is thrown away.

        Raises:
            CalledProcessError: uv fails.
        """
        kind = [] if mode is InstallMode.SDIST_WHEEL else ["--wheel"]
        python = ["--python", str(runtime.executable), "--no-python-downloads"]
        uv, out = find_uv(self.store.env), str(folder / _OUT)
        command = [uv, "build", *kind, *python, "--out-dir", out, str(self.root)]
        _run(command, self.root, {**uv_environment(self.store.env), **_own_folder(folder)}, folder)

    def _with_kept(self, runtime: Runtime, folder: Path) -> bool:
        """Build in an environment that is kept; return False where that cannot be.

        Raises:
            CalledProcessError: the backend fails.
        """
        from build import BuildBackendException, BuildException, ProjectBuilder  # 40 ms

        if not _is_plain(self.root, runtime, uv_environment(self.store.env)):
            return False

        def frontend(requires: Iterable[str]) -> ProjectBuilder:
            built = self._environment(runtime, requires)
            env = self._variables(built, folder)
            return ProjectBuilder(
                self.root,
                python_executable=str(built.python),
                # pyproject-hooks passes both by name
                runner=lambda command, cwd=None, extra_environ=None: _run(
                    command, cwd, {**env, **(extra_environ or {})}, folder
                ),
            )

        try:
            requires = ProjectBuilder(self.root).build_system_requires
            backend = frontend(requires)
            if more := backend.get_requires_for_build("wheel") - requires:
                backend = frontend(requires | more)
            backend.build("wheel", folder / _OUT)
        except BuildBackendException as error:
            if isinstance(error.exception, subprocess.CalledProcessError):
                raise error.exception from error
            return False
        except (BuildException, MultirtError):
            return False  # uv says it better
        return True

    def _variables(self, built: InstalledEnvironment, folder: Path) -> dict[str, str]:
        """Return the variables of a backend: those of the user, and its own."""
        env = clean_environment(self.store.env)
        path = f"{built.scripts}{os.pathsep}{env.get('PATH', os.defpath)}"
        own = {"NO_COLOR": "1", "PATH": path, "VIRTUAL_ENV": str(built.home)}
        return {**env, **own, **_own_folder(folder)}

    def _environment(self, runtime: Runtime, requires: Iterable[str]) -> InstalledEnvironment:
        """Return an environment of the backend.

        Raises:
            MultirtError: it cannot be made.
        """
        wanted = InstallRequest(requirements=tuple(sorted(requires)), build=True)
        return build(runtime, resolve(runtime, wanted, self.store), self.store)


def _run(
    command: Sequence[str], cwd: str | Path | None, env: Mapping[str, str], folder: Path
) -> None:
    """Run a command to its end; what it prints goes to a file of the room.

    An interrupt gives it time to clean up; then all that it started is ended.

    Raises:
        CalledProcessError: it fails.
    """
    with (
        (folder / _LOG).open("ab") as stream,
        Supervised(
            command, env=env, folder=Path(cwd or Path.cwd()), output=CommandOutput.MERGED
        ) as started,
    ):
        try:
            ended = started.attend([stream.write], within(None))
        except KeyboardInterrupt:
            started.signal(signal.SIGINT)
            started.attend([stream.write], within(GRACE), linger=GRACE)
            raise
    if ended.status:
        raise subprocess.CalledProcessError(ended.status, command)


def _own_folder(folder: Path) -> dict[str, str]:
    """Return what gives setuptools a folder of its own: it puts old files of `build/lib` in."""
    extra = folder / "distutils.cfg"
    extra.write_text(f"[build]\nbuild_base = {folder / 'build'}\n")
    return {"DIST_EXTRA_CONFIG": str(extra)}


def _is_plain(root: Path, runtime: Runtime, env: Mapping[str, str]) -> bool:
    """Whether nothing but `[build-system]` has a say in how a project is built."""
    tool = find_toml(root / "pyproject.toml").get("tool", {})
    of_uv = "uv" in tool or any((folder / "uv.toml").exists() for folder in (root, *root.parents))
    configured = any(name.startswith("UV_") and "BUILD" in name for name in env)
    return not (of_uv or configured) and (runtime.version.major, runtime.version.minor) >= _SINCE


def _failed(root: Path, runtime: Runtime, text: str, made: Sequence[Path]) -> MultirtError:
    """Return the error with the last words of the backend."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    if len(made) > 1:
        lines.append(f"it made {len(made)} wheels")
    shown = "".join(f"\n    {line}" for line in lines[-_LAST_LINES:])
    return BuildError(
        f"{root} does not build with {runtime.id}:{shown}",
        f"see all of it: uv build --wheel --python {runtime.executable} {root}",
    )


_STABLE = frozenset({"abi3", "abi3t"})


class Wheels(msgspec.Struct, frozen=True, kw_only=True):
    """What was built.

    Attributes:
        wheels: the one that most runtimes test first.
        failures: by the id of the runtime, why it has no wheel of its own.
    """

    wheels: tuple[Wheel, ...] = ()
    failures: Mapping[str, str] = msgspec.field(default_factory=dict)


class WheelBuilder(msgspec.Struct):
    """Where wheels of one project are built and kept.

    Attributes:
        root: the project.
        state: the project's folder in the cache.
        store: where environments live.
        say: called when a build begins.
        fresh: what is kept does not count.
    """

    root: Path
    state: Path
    store: EnvironmentStore
    say: Callable[[str], object]
    fresh: bool = False

    def wheels(
        self,
        config: Config,
        cells: Sequence[Cell],
        targets: Mapping[str, Target],
        builder: Runtime | None = None,
    ) -> Wheels:
        """Return the wheels that serve the cells, and for whom none could be built.

        Args:
            config: says what builds and who gets a wheel of its own.
            cells: those that the project is to be installed for.
            targets: by the id of the runtime, for all of the cells' runtimes and the builder.
            builder: what builds the first wheel; None for the best of the cells' runtimes.

        Raises:
            MultirtError: the project does not build at all.
        """
        runtimes = sorted(
            {cell.runtime.id: cell.runtime for cell in cells if cell.runtime}.values(), key=rank
        )
        mode = InstallMode.SDIST_WHEEL if _from_sdist(cells) else InstallMode.WHEEL
        with locked(self.state / "build.lock", self.say, "another build of this project"):
            shelf = self._shelf(mode)
            known = {} if self.fresh else shelf.load()
            return _BuildSession(self, config, mode, shelf, known, targets, builder).build_for(
                runtimes
            )

    def _shelf(self, mode: InstallMode) -> WheelCache:
        """Return the wheels of the sources as they are now."""
        return WheelCache(self.state / "wheels", f"{mode.value}-{self._digest()}")

    def _digest(self) -> str:
        try:
            seen, env = DigestCache(self.state / "seen.json"), uv_environment(self.store.env)
            return sources.digest(self.root, seen, env, read_written_reports(self.state))
        except OSError as error:
            message = f"cannot read {error.filename}: {error.strerror}"
            raise BuildError(message) from error


def _from_sdist(cells: Iterable[Cell]) -> bool:
    return any(cell.package is InstallMode.SDIST_WHEEL for cell in cells)


class _BuildSession(msgspec.Struct):
    """One go at serving runtimes with wheels."""

    wheel_builder: WheelBuilder
    config: Config
    mode: InstallMode
    shelf: WheelCache
    known: dict[str, Wheel]
    targets: Mapping[str, Target]
    builder: Runtime | None

    def build_for(self, runtimes: Sequence[Runtime]) -> Wheels:
        """Return the wheels for the runtimes, which come in order of preference."""
        first = self._made(self.builder or runtimes[0])
        wheels = [first]
        oldest = self._oldest(runtimes)
        if _follows(first.artifact, self.targets[str(first.built_on)]) and oldest is not None:
            # The tag is made from the runtime that builds: the oldest one's serves the most.
            older = self._made(oldest)
            wheels = [older] if _floor(older.artifact) < _floor(first.artifact) else [first]
        failures: dict[str, str] = {}
        for runtime in runtimes:
            if self._needs_own(runtime, wheels):
                try:
                    own = self._made(runtime)
                    if all(own.path.name != each.path.name for each in wheels):
                        wheels.append(own)
                except MultirtError as error:
                    failures[runtime.id] = error.message
        return Wheels(wheels=tuple(wheels), failures=failures)

    def _oldest(self, runtimes: Sequence[Runtime]) -> Runtime | None:
        usual = [
            each
            for each in runtimes
            if is_cpython(each) and not (each.abi.free_threaded or each.abi.debug)
        ]
        if self.builder is not None or not usual:
            return None
        return min(usual, key=lambda each: each.version)

    def _needs_own(self, runtime: Runtime, wheels: Sequence[Wheel]) -> bool:
        """Whether none of the wheels is meant for a runtime and one built by it would be.

        Next to a wheel that is tied to one version, one for all is what a runtime made that could
        not compile: another may well.
        """
        tags = frozenset(self.targets[runtime.id].tags)
        claiming = [wheel.artifact for wheel in wheels if wheel.artifact.tags & tags]
        is_shared = _is_shared(wheels[0].artifact)
        if claiming and (is_shared or not all(map(_is_shared, claiming))):
            return False
        if is_shared:
            return any(spec.accepts(runtime) for spec in self.config.own_wheel)
        wanted = wheels[0].artifact.requires_python
        return wanted is None or wanted.contains(runtime.version.base_version)

    def _made(self, runtime: Runtime) -> Wheel:
        """Return a runtime's wheel, built now or kept."""
        if runtime.id in self.known:
            return self.known[runtime.id]
        builder = self.wheel_builder
        builder.say(f"building {builder.root.name} with {runtime.id}")
        backend = Builder(root=builder.root, store=builder.store)
        with tempfile.TemporaryDirectory(prefix="multirt-build-") as folder:
            made, seconds = backend.build(runtime, self.mode, Path(folder))
            wheel = self.shelf.put(made, runtime.id)
        self.known[runtime.id] = wheel
        self.shelf.write(self.known)
        return replace(wheel, seconds=seconds)


def _is_shared(artifact: Artifact) -> bool:
    """Whether a wheel is meant for more than one ABI."""
    return any(tag.abi in _STABLE or tag.abi == "none" for tag in artifact.tags)


def _floor(artifact: Artifact) -> tuple[int, ...]:
    """Return the oldest version that a stable-ABI tag names; nothing for another wheel."""
    floors = [
        (int(tag.interpreter[2:3]), int(tag.interpreter[3:] or 0))
        for tag in artifact.tags
        if tag.abi in _STABLE and tag.interpreter[2:].isdigit()
    ]
    return min(floors, default=())


def _follows(artifact: Artifact, target: Target) -> bool:
    """Whether a stable-ABI tag names the version that built it, which may be all there is to it."""
    return _floor(artifact) == (target.version.major, target.version.minor)
