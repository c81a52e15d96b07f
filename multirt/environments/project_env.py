"""Keep one environment for each use of a runtime, in which only local wheels are replaced.

A project that is tested has a new wheel after every edit, and all else stays. So its environment
keeps its folder, which everything that stores paths rests on: uv what it asked the interpreter,
bytecode where its sources are. Who uses it holds it, and nothing is replaced under him.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from msgspec import Struct

from multirt.environments.builder import (
    built_at,
    install_local,
    install_pins,
    record_of,
    shared_name,
    translate_errors,
)
from multirt.environments.manifest import (
    contents_are_intact,
    digest,
    invalidate_manifest,
    lock_file_of,
    note_use,
    write_manifest,
)
from multirt.environments.model import python_of
from multirt.storage.files import remove_atomically
from multirt.storage.lock import file_lock
from runtimes.storage.trust import make_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from multirt.environments.model import EnvironmentStore, InstalledEnvironment, Resolution
    from multirt.storage.lock import FileLock
    from runtimes import Runtime


class LockedEnvironment(Struct, frozen=True, kw_only=True):
    """An environment that stays as it is for as long as it is held.

    Attributes:
        built: the environment.
        local: what stands for its local wheels; while it is the same they are.
        reused: it was there as it is.
    """

    built: InstalledEnvironment
    local: tuple[str, ...]
    reused: bool


@contextmanager
def locked_environment(
    runtime: Runtime,
    resolution: Resolution,
    store: EnvironmentStore,
    owner: str,
    *,
    fresh: bool = False,
) -> Iterator[LockedEnvironment]:
    """Give an environment of a runtime that holds a resolution, and hold it.

    Args:
        runtime: whose environment.
        resolution: of this runtime.
        store: where it lives.
        owner: who tests several wheels one after the other, a project's folder for example.
        fresh: what is there does not count.

    Raises:
        MultirtError: it cannot be made.
    """
    tenant = _ProjectEnvironment(runtime, resolution, store)
    with translate_errors(runtime, store):
        name = f"{shared_name(runtime, resolution)}-{digest([owner], tenant.names)}"
        home = store.environments / name
        make_folder(store.environments)
    with file_lock(lock_file_of(home)) as hold:
        with translate_errors(runtime, store):
            there = tenant.settled(hold, home, fresh=fresh)
        if there is not None:
            note_use(home, None)
            yield there
            return
    with TemporaryDirectory(prefix="multirt-") as folder:  # another wheel is being tested there
        with translate_errors(runtime, store):
            tenant.make(Path(folder) / name)
        yield tenant.lease(Path(folder) / name, reused=False)


class _ProjectEnvironment(Struct, frozen=True):
    """Who wants an environment, and what is to be in it."""

    runtime: Runtime
    resolution: Resolution
    store: EnvironmentStore

    @property
    def local(self) -> tuple[str, ...]:
        """What differs when a local wheel does."""
        wheels = (f"{wheel.path.name} {wheel.sha256}" for wheel in self.resolution.wheels)
        return (*wheels, *map(str, self.resolution.editable))

    @property
    def names(self) -> tuple[str, ...]:
        """What differs when something else is installed, not only another wheel of the same."""
        return (
            *(wheel.name for wheel in self.resolution.wheels),
            *map(str, self.resolution.editable),
        )

    def settled(self, hold: FileLock, home: Path, *, fresh: bool) -> LockedEnvironment | None:
        """Return an environment that has what it should and is held; None if others use it.

        Raises:
            OSError, UvError: it cannot be made.
        """
        hold.share()
        if not fresh and self._fits(home):
            return self.lease(home, reused=True)
        hold.release()
        with file_lock(self.store.locks / f"{home.name}.lock") as turn:
            turn.acquire()  # another thread may want the very same
            hold.share()
            if not fresh and self._fits(home):
                return self.lease(home, reused=False)
            if not hold.try_acquire():
                return None
            if fresh or not contents_are_intact(home, python_of(home)):
                remove_atomically(home)
                self.make(home)
            else:
                invalidate_manifest(home)
                self._install_local(home)
            hold.share()
        return self.lease(home, reused=False)

    def _fits(self, home: Path) -> bool:
        return contents_are_intact(home, python_of(home), self.local)

    def make(self, home: Path) -> None:
        """Make an environment in its folder; it counts from its seal on.

        Raises:
            OSError, UvError: it cannot be made.
        """
        home.mkdir(mode=0o700)
        count = len(self.resolution.pins) + len(self.local)
        with self.store.progress(f"installing {count} packages for {self.runtime.id}"):
            install_pins(self.runtime, self.resolution, self.store, home)
            self._install_local(home)

    def _install_local(self, home: Path) -> None:
        install_local(self.resolution, self.store, home)
        write_manifest(home, record_of(self.runtime, self.resolution), self.local)

    def lease(self, home: Path, *, reused: bool) -> LockedEnvironment:
        """Return an environment that is held."""
        return LockedEnvironment(built=built_at(home), local=self.local, reused=reused)
