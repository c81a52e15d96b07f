"""Build the project's wheel once, and again only where no wheel serves a runtime.

Wheels are kept by the digest of the sources, so that nothing is built when nothing changed.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from abi_probe import UnreadableError, read_wheel
from multirt.environments import find_uv, uv_environment
from multirt.errors import ExitCode, MultirtError
from multirt.matrix import sources
from multirt.matrix.files import file_digest, write_json
from multirt.matrix.locking import locked
from multirt.matrix.model import Package, Wheel
from multirt.matrix.seen import Seen
from multirt.matrix.written import reports_in
from runtimes import rank

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from abi_probe import Artefact, Target
    from multirt.matrix.locking import Say
    from multirt.matrix.model import Cell, Config
    from runtimes import Runtime

_SCHEMA = 1
_INDEX = "wheels.json"
_KEPT = 3  # states of the sources, so that going back and forth builds nothing
_LAST_LINES = 15
_STABLE = frozenset({"abi3", "abi3t"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Wheels:
    """What was built.

    Attributes:
        wheels: the one that most runtimes test first.
        failures: by the id of the runtime, why it has no wheel of its own.
    """

    wheels: tuple[Wheel, ...] = ()
    failures: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Workshop:
    """Where wheels of one project are built and kept.

    Attributes:
        root: the project.
        state: the project's folder in the cache.
        env: the user's environment.
        say: told when a build begins.
        fresh: what is kept does not count.
    """

    root: Path
    state: Path
    env: Mapping[str, str]
    say: Say
    fresh: bool = False

    def wheels(
        self, config: Config, cells: Sequence[Cell], targets: Mapping[str, Target]
    ) -> Wheels:
        """Return the wheels that serve the cells, and for whom none could be built.

        Args:
            config: says what builds and who gets a wheel of its own.
            cells: those that the project is to be installed for.
            targets: by the id of the runtime, for all of the cells' runtimes.

        Raises:
            MultirtError: the project does not build at all.
        """
        runtimes = sorted(
            {cell.runtime.id: cell.runtime for cell in cells if cell.runtime}.values(), key=rank
        )
        mode = Package.SDIST_WHEEL if _from_sdist(cells) else Package.WHEEL
        with locked(self.state / "build.lock", self.say, "another build of this project"):
            shelf = _Shelf(self.state / "wheels", f"{mode.value}-{self._digest()}")
            known = {} if self.fresh else shelf.load()
            return _Bench(self, config, mode, shelf, known, targets).serve(runtimes)

    def _digest(self) -> str:
        try:
            seen, env = Seen(self.state / "seen.json"), uv_environment(self.env)
            return sources.digest(self.root, seen, env, reports_in(self.state))
        except OSError as error:
            message = f"cannot read {error.filename}: {error.strerror}"
            raise MultirtError("build", message, code=ExitCode.BUILD_FAILED) from error

    def build(self, runtime: Runtime, mode: Package, room: Path) -> tuple[Path, float]:
        """Build a wheel with a runtime, and return it with the seconds that it took.

        Raises:
            MultirtError: with the last lines of the backend.
        """
        self.say(f"building {self.root.name} with {runtime.id}")
        extra = room / "distutils.cfg"
        # setuptools puts old files of `build/lib` into new wheels: give it a folder of its own.
        extra.write_text(f"[build]\nbuild_base = {room / 'build'}\n")
        kind = [] if mode is Package.SDIST_WHEEL else ["--wheel"]
        python = ["--python", str(runtime.executable), "--no-python-downloads"]
        out = room / "out"
        command = [
            find_uv(self.env),
            "build",
            *kind,
            *python,
            "--out-dir",
            str(out),
            str(self.root),
        ]
        env = {**uv_environment(self.env), "DIST_EXTRA_CONFIG": str(extra)}
        start = time.monotonic()
        done = subprocess.run(
            command,
            check=False,
            cwd=self.root,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        seconds = time.monotonic() - start
        made = sorted(out.glob("*.whl"))
        if done.returncode or len(made) != 1:
            text = done.stdout.decode("utf-8", "replace")
            raise _failed(self.root, runtime, text, made)
        return made[0], seconds


def _from_sdist(cells: Iterable[Cell]) -> bool:
    return any(cell.package is Package.SDIST_WHEEL for cell in cells)


@dataclass(slots=True)
class _Shelf:
    """The wheels of one state of the sources, with an index file."""

    root: Path
    key: str

    @property
    def _folder(self) -> Path:
        return self.root / self.key[:40]

    def load(self) -> dict[str, Wheel]:
        """Return the wheels that are there, by the runtime that built them."""
        try:
            document = json.loads((self._folder / _INDEX).read_bytes())
            rows = document["wheels"] if document["schema_version"] == _SCHEMA else []
            wheels = {
                str(row["built_on"]): read(
                    self._folder / str(row["sha256"]) / Path(row["file"]).name, row["built_on"]
                )
                for row in rows
            }
        except (OSError, ValueError, KeyError, TypeError, MultirtError):
            return {}  # damaged or none: it is built again
        good = all(wheel.sha256 == wheel.path.parent.name for wheel in wheels.values())
        return wheels if good else {}

    def put(self, made: Path, built_on: str) -> Wheel:
        """Keep a wheel that was built."""
        sha256 = file_digest(made)
        place = self._folder / sha256
        place.mkdir(parents=True, exist_ok=True)
        shutil.move(made, place / made.name)
        return read(place / made.name, built_on)

    def write(self, wheels: Mapping[str, Wheel]) -> None:
        """Write the index, and forget the states of the sources that nobody went back to."""
        rows = [
            {"built_on": each.built_on, "file": each.path.name, "sha256": each.sha256}
            for each in wheels.values()
        ]
        write_json(self._folder / _INDEX, {"schema_version": _SCHEMA, "wheels": rows})
        folders = [each for each in self.root.iterdir() if each.is_dir()]
        folders.sort(key=lambda each: each.stat().st_mtime, reverse=True)
        for old in folders[_KEPT:]:
            shutil.rmtree(old, ignore_errors=True)


@dataclass(slots=True)
class _Bench:
    """One go at serving runtimes with wheels."""

    workshop: Workshop
    config: Config
    mode: Package
    shelf: _Shelf
    known: dict[str, Wheel]
    targets: Mapping[str, Target]

    def serve(self, runtimes: Sequence[Runtime]) -> Wheels:
        """Return the wheels for the runtimes, which come in order of preference."""
        first = self._made(self._builder(runtimes))
        wheels = [first]
        oldest = self._oldest(runtimes)
        if _follows(first.artefact, self.targets[str(first.built_on)]) and oldest is not None:
            # The tag is made from the runtime that builds: the oldest one's serves the most.
            older = self._made(oldest)
            wheels = [older] if _floor(older.artefact) < _floor(first.artefact) else [first]
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

    def _builder(self, runtimes: Sequence[Runtime]) -> Runtime:
        wanted = self.config.build_runtime
        if wanted is None:
            return runtimes[0]
        fitting = [each for each in runtimes if wanted.accepts(each)]
        if not fitting:
            message = f"build-runtime {wanted} is not among the runtimes of the matrix"
            hint = f"there is {', '.join(each.id for each in runtimes)}"
            raise MultirtError("config", message, hint)
        return fitting[0]

    def _oldest(self, runtimes: Sequence[Runtime]) -> Runtime | None:
        usual = [
            each
            for each in runtimes
            if each.implementation.name == "cpython"
            and not (each.abi.free_threaded or each.abi.debug)
        ]
        if self.config.build_runtime is not None or not usual:
            return None
        return min(usual, key=lambda each: each.version)

    def _needs_own(self, runtime: Runtime, wheels: Sequence[Wheel]) -> bool:
        """Whether none of the wheels is meant for a runtime and one built by it would be.

        Beside a wheel that is tied to one version, one for all is what a runtime made that could
        not compile: another may well.
        """
        tags = frozenset(self.targets[runtime.id].tags)
        claiming = [wheel.artefact for wheel in wheels if wheel.artefact.tags & tags]
        is_shared = _is_shared(wheels[0].artefact)
        if claiming and (is_shared or not all(map(_is_shared, claiming))):
            return False
        if is_shared:
            return any(spec.accepts(runtime) for spec in self.config.own_wheel)
        wanted = wheels[0].artefact.requires_python
        return wanted is None or wanted.contains(runtime.version.base_version)

    def _made(self, runtime: Runtime) -> Wheel:
        """Return a runtime's wheel, built now or kept."""
        if runtime.id in self.known:
            return self.known[runtime.id]
        with tempfile.TemporaryDirectory(prefix="multirt-build-") as room:
            made, seconds = self.workshop.build(runtime, self.mode, Path(room))
            wheel = self.shelf.put(made, runtime.id)
        self.known[runtime.id] = wheel
        self.shelf.write(self.known)
        return replace(wheel, seconds=seconds)


def _is_shared(artefact: Artefact) -> bool:
    """Whether a wheel is meant for more than one ABI."""
    return any(tag.abi in _STABLE or tag.abi == "none" for tag in artefact.tags)


def _floor(artefact: Artefact) -> tuple[int, ...]:
    """Return the oldest version that a stable-ABI tag names; nothing for another wheel."""
    floors = [
        (int(tag.interpreter[2:3]), int(tag.interpreter[3:] or 0))
        for tag in artefact.tags
        if tag.abi in _STABLE and tag.interpreter[2:].isdigit()
    ]
    return min(floors, default=())


def _follows(artefact: Artefact, target: Target) -> bool:
    """Whether a stable-ABI tag names the version that built it, which may be all there is to it."""
    return _floor(artefact) == (target.version.major, target.version.minor)


def given(paths: Sequence[Path]) -> tuple[Wheel, ...]:
    """Return wheels that were built elsewhere.

    Raises:
        MultirtError: one is no wheel.
    """
    return tuple(read(path.absolute(), None) for path in paths)


def read(path: Path, built_on: str | None) -> Wheel:
    """Read a wheel.

    Raises:
        MultirtError: it is none.
    """
    try:
        artefact = read_wheel(path)
        sha256 = file_digest(path)
    except UnreadableError as error:
        raise MultirtError("wheel", f"{path}: {error}", "name a wheel, dist/*.whl") from error
    except OSError as error:
        raise MultirtError("wheel", f"{path}: {error.strerror}") from error
    return Wheel(
        path=path,
        sha256=sha256,
        artefact=artefact,
        modules=_modules(path),
        built_on=built_on,
    )


def _modules(path: Path) -> tuple[str, ...]:
    """Return the top-level names that a wheel installs."""
    with zipfile.ZipFile(path) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
    return tuple(
        sorted(
            {
                top.partition(".")[0]
                for top in tops
                if not top.endswith((".dist-info", ".data", ".pth", ".libs"))
            }
        )
    )


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
