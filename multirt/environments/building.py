"""Make the environment that holds what a resolution names, once."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from multirt.environments.creation import create, failed, python_of, scripts_folder, site_roots
from multirt.environments.identity import digest, runtime_identity
from multirt.environments.model import Built
from multirt.environments.uv import UvError, run_uv

if TYPE_CHECKING:
    from multirt.environments.model import Resolution
    from multirt.environments.store import Store
    from runtimes import Runtime

_SCHEMA = "1"


def build(runtime: Runtime, resolution: Resolution, store: Store) -> Built:
    """Return the environment of a runtime that holds a resolution, made when it is not there.

    Raises:
        MultirtError: it cannot be made.
    """
    from filelock import FileLock  # 60 ms

    home = store.environments / _key(runtime, resolution)
    if _complete(home):
        return _built(home)
    try:
        store.environments.mkdir(parents=True, exist_ok=True)
        store.locks.mkdir(parents=True, exist_ok=True)
        with FileLock(store.locks / f"{home.name}.lock"):
            if not _complete(home):
                _make(runtime, resolution, store, home)
    except OSError as error:
        raise failed(runtime, str(error)) from error
    return _built(home)


def _key(runtime: Runtime, resolution: Resolution) -> str:
    """Return the name of an environment."""
    pins = [str(pin) for pin in resolution.pins]
    wheels = [wheel.sha256 for wheel in resolution.wheels]
    folders = [str(folder) for folder in resolution.editable]
    return f"{runtime.id}-{digest([_SCHEMA], runtime_identity(runtime), pins, wheels, folders)}"


def _complete(home: Path) -> bool:
    return python_of(home).exists() and (home / "multirt.json").is_file()


def _built(home: Path) -> Built:
    return Built(
        home=home,
        python=python_of(home),
        scripts=home / scripts_folder(),
        site_roots=site_roots(home),
    )


def _make(runtime: Runtime, resolution: Resolution, store: Store, home: Path) -> None:
    """Make an environment beside its place, and put it there when it is complete."""
    shutil.rmtree(home, ignore_errors=True)
    room = Path(tempfile.mkdtemp(prefix=".new-", dir=home.parent))
    try:
        with store.progress(f"installing {len(resolution.pins)} packages for {runtime.id}"):
            create(runtime, room)
            with (room / "pyvenv.cfg").open("a", encoding="utf-8") as config:
                config.write("relocatable = true\n")  # then uv's scripts find python beside them
            (room / "pylock.toml").write_text(resolution.lock, encoding="utf-8")
            command = ["pip", "install", "--quiet", "--no-deps", "--python", str(python_of(room))]
            run_uv(store, [*command, "--requirements", str(room / "pylock.toml")])
        record = {"schema": _SCHEMA, "runtime": runtime.id}
        (room / "multirt.json").write_text(json.dumps(record), encoding="utf-8")
        room.chmod(0o755)
        room.rename(home)
    except UvError as error:
        raise failed(runtime, str(error)) from error
    finally:
        shutil.rmtree(room, ignore_errors=True)
