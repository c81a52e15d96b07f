"""Make environments: of installed packages, or of folders of packages that exist already."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from multirt.environments.inventory import mark_in_use
from multirt.environments.manifest import (
    EnvironmentKind,
    Manifest,
    digest,
    is_intact,
    note_use,
    runtime_identity,
    write_manifest,
)
from multirt.environments.model import InstalledEnvironment, python_of, scripts_folder
from multirt.environments.uv import UvError, ask, index_error
from multirt.environments.venv import create, failed, unwritable
from multirt.storage.files import remove_atomically
from multirt.storage.lock import file_lock
from runtimes.storage.trust import make_folder
from runtimes.venvs import site_folders

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from multirt.environments.model import EnvironmentStore, Resolution
    from multirt.errors import MultirtError
    from runtimes import Runtime

_SCHEMA = "3"
_PATH_FILE = "multirt.pth"


def overlay(runtime: Runtime, roots: Sequence[Path], cache_dir: Path) -> Path:
    """Return the python of an environment of a runtime that has the roots on its path.

    It is made once and kept; two starts at once make one, for the last step is a rename.

    Args:
        runtime: which has the `venv` module.
        roots: folders of packages, absolute.
        cache_dir: where environments are kept.

    Raises:
        MultirtError: it cannot be made.
    """
    home = cache_dir / "environments" / _key(runtime, roots)
    mark_in_use(home)
    if is_intact(home):
        return python_of(home)
    import shutil  # 5 ms, with the next
    import tempfile

    try:
        make_folder(home.parent)
        remove_atomically(home)  # a part of it was removed
        workdir = Path(tempfile.mkdtemp(prefix=f".new-{home.name}~", dir=home.parent))
    except OSError as error:
        raise unwritable(runtime, error) from error
    try:
        lines = "".join(f"import site; site.addsitedir({str(root)!r})\n" for root in roots)
        for folder in create(runtime, workdir, cache_dir):
            (folder / _PATH_FILE).write_text(lines, encoding="utf-8", errors="surrogateescape")
        write_manifest(workdir, _record(runtime, roots))
        workdir.rename(home)
    except OSError as error:
        if not is_intact(home):  # another start was quicker, which is as good
            raise unwritable(runtime, error) from error
    finally:
        shutil.rmtree(workdir, ignore_errors=True)
    return python_of(home)


def _record(runtime: Runtime, roots: Sequence[Path]) -> Manifest:
    """Return what is written down of an environment."""
    return Manifest(
        kind=EnvironmentKind.OVERLAY,
        runtime=runtime.id,
        executable=str(runtime.executable),
        identity=runtime_identity(runtime),
        wanted=tuple(os.fsencode(root).decode("utf-8", "replace") for root in roots),
        made=time.time(),
    )


def _key(runtime: Runtime, roots: Sequence[Path]) -> str:
    """Return a name that changes with the interpreter's file and with the roots."""
    roots_digest = digest([_SCHEMA], runtime_identity(runtime), map(str, roots))
    return f"{runtime.id}-{roots_digest}"


_SCHEMA = "1"


def build(
    runtime: Runtime, resolution: Resolution, store: EnvironmentStore, program: Path | None = None
) -> InstalledEnvironment:
    """Return the environment of a runtime that holds a resolution, made when it is not there.

    Args:
        runtime: whose environment.
        resolution: of this runtime.
        store: where it lives.
        program: for whom, to be shown in lists.

    Raises:
        MultirtError: it cannot be made.
    """
    try:
        home = store.environments / _name(runtime, resolution)
        mark_in_use(home)
        if not is_intact(home):
            _make_locked(runtime, resolution, store, home)
    except OSError as error:
        raise unwritable(runtime, error) from error
    note_use(home, program)
    return built_at(home)


def built_at(home: Path) -> InstalledEnvironment:
    """Return the environment in a folder."""
    return InstalledEnvironment(
        home=home,
        python=python_of(home),
        scripts=home / scripts_folder(),
        site_roots=site_folders(home),
    )


def _name(runtime: Runtime, resolution: Resolution) -> str:
    """Return the name of an environment."""
    shared = shared_name(runtime, resolution)
    if not resolution.wheels and not resolution.editable:
        return shared
    wheels = (f"{wheel.path.name} {wheel.sha256}" for wheel in resolution.wheels)
    return f"{shared}-{digest(wheels, map(str, resolution.editable))}"


def shared_name(runtime: Runtime, resolution: Resolution) -> str:
    """Return how the names of environments begin that differ in local wheels.

    Raises:
        OSError: the runtime is gone.
    """
    pins = (str(pin) for pin in resolution.pins)
    return f"{runtime.id}-{digest([_SCHEMA], runtime_identity(runtime), pins)}"


def _make_locked(
    runtime: Runtime, resolution: Resolution, store: EnvironmentStore, home: Path
) -> None:
    """Make an environment while no other process makes the same one."""
    make_folder(store.environments)
    with file_lock(store.locks / f"{home.name}.lock") as turn:
        if not turn.try_acquire():
            with store.progress(f"waiting for another multirt that installs for {runtime.id}"):
                turn.acquire()
        if not is_intact(home):
            _make(runtime, resolution, store, home)


def _make(runtime: Runtime, resolution: Resolution, store: EnvironmentStore, home: Path) -> None:
    """Make an environment next to its folder, and move it there when it is complete."""
    try:
        with _build_folder(runtime, store, home) as workdir:
            count = len(resolution.pins) + len(resolution.wheels) + len(resolution.editable)
            with store.progress(f"installing {count} packages for {runtime.id}"):
                install_pins(runtime, resolution, store, workdir)
                install_local(resolution, store, workdir)
            write_manifest(workdir, record_of(runtime, resolution))
            remove_atomically(home)  # what was there was damaged
            workdir.rename(home)
    except UvError as error:
        raise _translated(error, runtime, store) from error


@contextmanager
def _build_folder(runtime: Runtime, store: EnvironmentStore, home: Path) -> Iterator[Path]:
    """Give an empty folder to make an environment in, and take away what is left of it.

    It is the runtime's own unless another process makes one of that runtime now: uv caches of an
    interpreter by its path what it would else have to start it for.
    """
    import shutil
    import tempfile

    key = digest(runtime_identity(runtime))
    with file_lock(store.locks / f"{key}.room.lock") as hold:
        free = hold.try_acquire()
        prefix = f".new-{key if free else home.name}~"
        for left in store.environments.glob(f"{prefix}*"):
            shutil.rmtree(left, ignore_errors=True)  # of a builder that was killed
        if free:
            workdir = store.environments / f"{prefix}0"
            workdir.mkdir(mode=0o700)
        else:
            workdir = Path(tempfile.mkdtemp(prefix=prefix, dir=store.environments))
        try:
            yield workdir
        finally:
            shutil.rmtree(workdir, ignore_errors=True)


@contextmanager
def translate_errors(runtime: Runtime, store: EnvironmentStore) -> Iterator[None]:
    """Say in our words why an environment cannot be made.

    Raises:
        MultirtError: it cannot.
    """
    try:
        yield
    except UvError as error:
        raise _translated(error, runtime, store) from error
    except OSError as error:
        raise unwritable(runtime, error) from error


def _translated(error: UvError, runtime: Runtime, store: EnvironmentStore) -> MultirtError:
    return index_error(error, store) or failed(runtime, error.failure.summary)


def install_pins(
    runtime: Runtime, resolution: Resolution, store: EnvironmentStore, home: Path
) -> None:
    """Make an environment in a folder, with all but what is of this machine.

    Raises:
        UvError, OSError: something cannot be installed.
    """
    create(runtime, home, store.root)
    with (home / "pyvenv.cfg").open("a", encoding="utf-8") as config:
        config.write("relocatable = true\n")  # then uv's scripts find python next to them
    lock = home / "pylock.toml"
    lock.write_text(resolution.lock, encoding="utf-8")
    if resolution.pins:
        sources = [] if resolution.build else ["--no-build"]
        _install(store, home, [*sources, "--requirements", str(lock)])


def install_local(resolution: Resolution, store: EnvironmentStore, home: Path) -> None:
    """Install what is of this machine, instead of what was.

    Raises:
        UvError: it cannot be installed.
    """
    local = [str(wheel.path) for wheel in resolution.wheels]
    for folder in resolution.editable:
        local += ["--editable", str(folder)]
    if not local:
        return
    # uv takes a wheel of another path for another one. To be told so it asks the interpreter again,
    # a start of Python each time, so only a path that does not name its content says it.
    named = all(wheel.sha256 in wheel.path.parts for wheel in resolution.wheels)
    again = [] if named and not resolution.editable else ["--reinstall"]
    _install(store, home, [*again, *local])
    _forget_bytecode(home, resolution)


def _install(store: EnvironmentStore, workdir: Path, what: list[str]) -> None:
    command = ["pip", "install", "--quiet", "--no-deps", "--python", str(python_of(workdir))]
    ask(store, [*command, *what])


def _forget_bytecode(workdir: Path, resolution: Resolution) -> None:
    """Remove bytecode of modules that were replaced.

    Python would take it for the new module's, if that has the size and the second of the old one.
    """
    from abi_probe.archive import open_archive  # 10 ms, for wheels of this machine only

    for wheel in resolution.wheels:
        with open_archive(wheel.path) as archive:
            modules = [Path(name) for name in archive.namelist() if name.endswith(".py")]
        for module in modules:
            for root in site_folders(workdir):
                for stale in (root / module).parent.glob(f"__pycache__/{module.stem}.*.pyc"):
                    stale.unlink()


def record_of(runtime: Runtime, resolution: Resolution) -> Manifest:
    """Return what is written down of an environment."""
    versions = [(pin.name, pin.version or "") for pin in resolution.pins]
    versions += [(wheel.name, wheel.version) for wheel in resolution.wheels]
    packages = [f"{name} {version}".strip() for name, version in sorted(versions)]
    return Manifest(
        kind=EnvironmentKind.INSTALLED,
        runtime=runtime.id,
        executable=str(runtime.executable),
        identity=runtime_identity(runtime),
        packages=(*packages, *map(str, resolution.editable)),
        wanted=resolution.requirements,
        made=time.time(),
    )
