"""Build the project's wheel once, and again only where no wheel serves a runtime.

Wheels are kept by the digest of the sources, so that nothing is built when nothing changed.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from multirt.environments import uv_environment
from multirt.errors import ExitCode, MultirtError
from multirt.matrix import source_digest as sources
from multirt.matrix.build_wheel import Builder
from multirt.matrix.file_digests import Seen
from multirt.matrix.model import Package
from multirt.matrix.wheel_cache import WheelCache
from multirt.matrix.written_reports import reports_in
from multirt.storage.lock import locked
from runtimes import is_cpython, rank

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from abi_probe import Artefact, Target
    from multirt.environments import Store
    from multirt.matrix.model import Cell, Config, Wheel
    from runtimes import Runtime

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
        say: told when a build begins.
        fresh: what is kept does not count.
    """

    root: Path
    state: Path
    store: Store
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
        mode = Package.SDIST_WHEEL if _from_sdist(cells) else Package.WHEEL
        with locked(self.state / "build.lock", self.say, "another build of this project"):
            shelf = self._shelf(mode)
            known = {} if self.fresh else shelf.load()
            return _BuildSession(self, config, mode, shelf, known, targets, builder).build_for(
                runtimes
            )

    def _shelf(self, mode: Package) -> WheelCache:
        """Return the wheels of the sources as they are now."""
        return WheelCache(self.state / "wheels", f"{mode.value}-{self._digest()}")

    def _digest(self) -> str:
        try:
            seen, env = Seen(self.state / "seen.json"), uv_environment(self.store.env)
            return sources.digest(self.root, seen, env, reports_in(self.state))
        except OSError as error:
            message = f"cannot read {error.filename}: {error.strerror}"
            raise MultirtError("build", message, code=ExitCode.BUILD_FAILED) from error


def _from_sdist(cells: Iterable[Cell]) -> bool:
    return any(cell.package is Package.SDIST_WHEEL for cell in cells)


class _BuildSession(msgspec.Struct):
    """One go at serving runtimes with wheels."""

    wheel_builder: WheelBuilder
    config: Config
    mode: Package
    shelf: WheelCache
    known: dict[str, Wheel]
    targets: Mapping[str, Target]
    builder: Runtime | None

    def build_for(self, runtimes: Sequence[Runtime]) -> Wheels:
        """Return the wheels for the runtimes, which come in order of preference."""
        first = self._made(self.builder or runtimes[0])
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
        builder = self.wheel_builder
        builder.say(f"building {builder.root.name} with {runtime.id}")
        backend = Builder(root=builder.root, store=builder.store)
        with tempfile.TemporaryDirectory(prefix="multirt-build-") as room:
            made, seconds = backend.build(runtime, self.mode, Path(room))
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
