"""Make the environment that holds what a resolution names, once."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from multirt.environments.creation import create, failed, python_of, scripts_folder, site_roots
from multirt.environments.identity import digest, runtime_identity
from multirt.environments.model import Built
from multirt.environments.records import Kind, Record, is_whole, last_used, note_use, seal
from multirt.environments.removal import discard
from multirt.environments.uv import UvError, ask, is_unreachable, shorten, unreachable

if TYPE_CHECKING:
    from multirt.environments.model import Resolution
    from multirt.environments.store import Store
    from runtimes import Runtime

_SCHEMA = "1"
_DAY = 86_400  # seconds


def build(
    runtime: Runtime, resolution: Resolution, store: Store, program: Path | None = None
) -> Built:
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
        shared, name = _names(runtime, resolution)
        home = store.environments / name
        if not is_whole(home):
            _make_alone(runtime, resolution, store, home, shared)
    except OSError as error:
        raise failed(runtime, str(error)) from error
    note_use(home, program)
    return Built(
        home=home,
        python=python_of(home),
        scripts=home / scripts_folder(),
        site_roots=site_roots(home),
    )


def _names(runtime: Runtime, resolution: Resolution) -> tuple[str, str]:
    """Return the name of an environment, after what those share that differ in local wheels."""
    pins = (str(pin) for pin in resolution.pins)
    shared = f"{runtime.id}-{digest([_SCHEMA], runtime_identity(runtime), pins)}"
    if not resolution.wheels and not resolution.editable:
        return shared, shared
    wheels = (f"{wheel.path.name} {wheel.sha256}" for wheel in resolution.wheels)
    return shared, f"{shared}-{digest(wheels, map(str, resolution.editable))}"


def _make_alone(
    runtime: Runtime, resolution: Resolution, store: Store, home: Path, shared: str
) -> None:
    """Make an environment while nobody else makes the same one."""
    from filelock import FileLock  # 60 ms

    store.environments.mkdir(mode=0o700, parents=True, exist_ok=True)
    store.locks.mkdir(parents=True, exist_ok=True)
    lock = FileLock(store.locks / f"{home.name}.lock")
    with store.progress(f"waiting for another multirt that installs for {runtime.id}"):
        lock.acquire()
    try:
        if is_whole(home):
            return
        for left in store.environments.glob(f".*-{home.name}~*"):
            shutil.rmtree(left, ignore_errors=True)  # of a builder that was killed
        siblings = _siblings(home, shared)
        _make(runtime, resolution, store, home, siblings[0] if siblings else None)
    finally:
        lock.release()
    for sibling in siblings[1:]:
        if time.time() - (last_used(sibling) or 0) > _DAY:
            discard(sibling)


def _siblings(home: Path, shared: str) -> list[Path]:
    """Return the environments that differ only in local wheels, the latest one first."""
    if home.name == shared:
        return []
    found = [path for path in home.parent.glob(f"{shared}-*") if path != home and is_whole(path)]
    return sorted(found, key=lambda path: last_used(path) or 0, reverse=True)


def _make(
    runtime: Runtime, resolution: Resolution, store: Store, home: Path, sibling: Path | None
) -> None:
    """Make an environment beside its place, and put it there when it is complete."""
    room = Path(tempfile.mkdtemp(prefix=f".new-{home.name}~", dir=home.parent))
    try:
        count = len(resolution.pins) + len(resolution.wheels) + len(resolution.editable)
        with store.progress(f"installing {count} packages for {runtime.id}"):
            _fill(runtime, resolution, store, room, sibling)
        seal(room, _record(runtime, resolution))
        room.chmod(0o755)
        discard(home)  # what was there was damaged
        room.rename(home)
    except UvError as error:
        if is_unreachable(str(error)):
            raise unreachable(error, store) from error
        raise failed(runtime, shorten(str(error))) from error
    finally:
        shutil.rmtree(room, ignore_errors=True)


def _fill(
    runtime: Runtime, resolution: Resolution, store: Store, room: Path, sibling: Path | None
) -> None:
    """Install everything into a room, the shared packages by linking a sibling's where it can."""
    if sibling is None or not _linked(sibling, room):
        create(runtime, room)
        with (room / "pyvenv.cfg").open("a", encoding="utf-8") as config:
            config.write("relocatable = true\n")  # then uv's scripts find python beside them
        lock = room / "pylock.toml"
        lock.write_text(resolution.lock, encoding="utf-8")
        if resolution.pins:
            sources = [] if resolution.build else ["--no-build"]
            _install(store, room, [*sources, "--requirements", str(lock)])
    local = [str(wheel.path) for wheel in resolution.wheels]
    for folder in resolution.editable:
        local += ["--editable", str(folder)]
    if local:
        _install(store, room, ["--reinstall", *local])
        _forget_bytecode(room, resolution)


def _install(store: Store, room: Path, what: list[str]) -> None:
    command = ["pip", "install", "--quiet", "--no-deps", "--python", str(python_of(room))]
    ask(store, [*command, *what])


def _forget_bytecode(room: Path, resolution: Resolution) -> None:
    """Remove linked bytecode of modules that were replaced.

    Python would take it for the new module's, if that has the size and the second of the old one.
    """
    for wheel in resolution.wheels:
        with zipfile.ZipFile(wheel.path) as archive:
            modules = [Path(name) for name in archive.namelist() if name.endswith(".py")]
        for module in modules:
            for root in site_roots(room):
                for stale in (root / module).parent.glob(f"__pycache__/{module.stem}.*.pyc"):
                    stale.unlink()


def _linked(sibling: Path, room: Path) -> bool:
    """Fill a room with the files of another environment, bytecode included, where that works."""
    kept_apart = shutil.ignore_patterns(".lock", "multirt*.json")
    try:
        shutil.copytree(
            sibling, room, symlinks=True, ignore=kept_apart, copy_function=_link, dirs_exist_ok=True
        )
    except OSError:  # it was removed meanwhile; `shutil.Error` is one too
        shutil.rmtree(room, ignore_errors=True)
        room.mkdir()
        return False
    return True


def _link(source: str, target: str) -> None:
    """Link a file, or copy it where links cannot be, or where its own times count."""
    if os.path.basename(source) != "pyvenv.cfg":  # noqa: PTH119 - thousands
        try:
            os.link(source, target)
        except OSError:  # another file system, or too many links
            pass
        else:
            return
    shutil.copy2(source, target)


def _record(runtime: Runtime, resolution: Resolution) -> Record:
    """Return what is written down of an environment."""
    versions = [(pin.name, pin.version or "") for pin in resolution.pins]
    versions += [(wheel.name, wheel.version) for wheel in resolution.wheels]
    packages = [f"{name} {version}".strip() for name, version in sorted(versions)]
    return Record(
        kind=Kind.INSTALLED,
        runtime=runtime.id,
        executable=str(runtime.executable),
        identity=runtime_identity(runtime),
        packages=(*packages, *map(str, resolution.editable)),
        wanted=resolution.requirements,
        made=time.time(),
    )
