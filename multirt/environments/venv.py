"""Make an empty virtual environment of a runtime: no pip, nothing that names its folder."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import msgspec

from multirt.environments.manifest import digest, runtime_identity
from multirt.environments.model import UMASK, python_of, scripts_folder
from multirt.errors import ErrorKind, LaunchError, MultirtError
from multirt.storage.files import remove_atomically
from runtimes.storage.trust import check_tree, make_folder
from runtimes.venvs import read_settings, site_folders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runtimes import Runtime

_SCHEMA = "2"
_SECONDS = 120
_OPTIONS = (
    "--no-seed",
    "--activators",
    "",
    "--no-venv-redirect",
    "--no-vcs-ignore",
    "--no-periodic-update",
    "--discovery",
    "builtin",
)
_NOT_HEEDED = ("PYTHON", "VIRTUALENV_", "PY_DISCOVERY_")
_HOOKS = ("_virtualenv.py", "_virtualenv.pth")
_REASON = "multirt-no-virtualenv"  # a key of `pyvenv.cfg`, which Python passes over
_ELSEWHERE = "MULTIRT_CACHE_DIR names another folder for them; `multirt env prune` frees this one"
_OF_THE_DISK = re.compile("no space left|quota exceeded|read-only file system", re.IGNORECASE)


class Maker(msgspec.Struct, frozen=True, kw_only=True):
    """What made an environment.

    Attributes:
        name: `virtualenv` or `venv`.
        version: of virtualenv; None for the runtime's own `venv`, and before it made one.
        reason: why virtualenv did not; None where it did.
    """

    name: str
    version: str | None = None
    reason: str | None = None


def create(runtime: Runtime, workdir: Path, cache_dir: Path) -> tuple[Path, ...]:
    """Make an environment in an empty folder and return its folders of packages.

    The first one of a runtime is kept, empty, and copied for the others: nothing in it depends on
    its folder, and a copy takes 2 ms where virtualenv has to be imported first.

    Args:
        runtime: whose environment.
        workdir: the folder.
        cache_dir: where empty environments are kept, and virtualenv's facts about runtimes.

    Raises:
        MultirtError: the runtime cannot.
        OSError: there is no space.
    """
    name = _name(runtime)
    pattern = cache_dir / "empty" / name
    if not _copied(pattern, workdir):
        make_empty(runtime, workdir, cache_dir / "virtualenv" / name)
        _keep(workdir, pattern)
    folders = site_folders(workdir)
    if not folders:
        raise failed(runtime, "its venv module made no site-packages folder")
    return folders


def import_early(cache_dir: Path) -> None:
    """Import virtualenv while runtimes are asked, where no environment was made before."""
    if not (cache_dir / "empty").is_dir():
        Thread(target=import_module, args=("virtualenv",), daemon=True).start()


@contextmanager
def preparing(runtime: Runtime, cache_dir: Path) -> Iterator[None]:
    """Make the first environment of a runtime while the body waits for uv to resolve.

    What went wrong is left to `create`, which tries again and says it.
    """
    if (cache_dir / "empty" / _name(runtime)).is_dir():
        yield
        return
    thread = Thread(target=_prepare, args=(runtime, cache_dir))
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _prepare(runtime: Runtime, cache_dir: Path) -> None:
    from tempfile import TemporaryDirectory

    with suppress(MultirtError, OSError), TemporaryDirectory() as folder:
        create(runtime, Path(folder), cache_dir)


def _name(runtime: Runtime) -> str:
    """Return a name that changes with the interpreter's file."""
    return f"{runtime.id}-{digest([_SCHEMA], runtime_identity(runtime))}"


def _copied(pattern: Path, workdir: Path) -> bool:
    """Copy an empty environment that no other user can write; return whether there was one."""
    import shutil  # 2 ms here and below, where an environment is made

    with suppress(OSError):  # it is not there, or was removed meanwhile; `shutil.Error` is one too
        check_tree(pattern)
        shutil.copytree(pattern, workdir, symlinks=True, dirs_exist_ok=True)
    if python_of(workdir).exists() and site_folders(workdir) and (workdir / "pyvenv.cfg").is_file():
        return True
    shutil.rmtree(workdir)  # what there is of it
    workdir.mkdir(mode=0o700)
    return False


def _keep(workdir: Path, pattern: Path) -> None:
    """Keep a copy of an empty environment for the next ones."""
    import shutil
    import tempfile

    with suppress(OSError):  # the disk is full; then each is made by itself
        make_folder(pattern.parent)
        remove_atomically(pattern)
        temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=pattern.parent))
        try:
            shutil.copytree(workdir, temporary, symlinks=True, dirs_exist_ok=True)
            temporary.rename(pattern)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def make_empty(runtime: Runtime, workdir: Path, app_data: Path) -> None:
    """Make an environment without packages: by virtualenv, else by the runtime's own `venv`.

    Args:
        runtime: whose environment.
        workdir: its folder; an environment that is there stays.
        app_data: where virtualenv caches what it asked this runtime.

    Raises:
        MultirtError: the runtime cannot.
    """
    reason = _by_virtualenv(runtime, workdir, app_data)
    if reason is None:
        for hook in (each / name for each in site_folders(workdir) for name in _HOOKS):
            hook.unlink(missing_ok=True)  # a SyntaxError at each start of 3.6 and 3.7
        for path in (workdir, *workdir.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode & ~UMASK)
        return
    import shutil

    shutil.rmtree(workdir, ignore_errors=True)
    _by_venv(runtime, workdir)
    for script in (workdir / scripts_folder()).glob("[aA]ctivate*"):
        script.unlink()  # it names the folder that this one is renamed from
    with (workdir / "pyvenv.cfg").open("a", encoding="utf-8") as config:
        config.write(f"{_REASON} = {' '.join(reason.split())}\n")


def maker_for(runtime: Runtime, cache_dir: Path) -> Maker:
    """Return what makes the environments of a runtime, without making one.

    Raises:
        OSError: the runtime is gone.
    """
    name = _name(runtime)
    if (cache_dir / "empty" / name / "pyvenv.cfg").is_file():
        return maker_of(cache_dir / "empty" / name)
    folder = cache_dir / "virtualenv" / name
    reason = _by_virtualenv(runtime, folder / "none", folder, dry_run=True)
    return Maker(name="virtualenv" if reason is None else "venv", reason=reason)


def maker_of(home: Path) -> Maker:
    """Return what made an environment."""
    settings = read_settings(home / "pyvenv.cfg")
    version = settings.get("virtualenv")
    if version is not None:
        return Maker(name="virtualenv", version=version)
    return Maker(name="venv", reason=settings.get(_REASON))


def _by_virtualenv(
    runtime: Runtime, workdir: Path, app_data: Path, *, dry_run: bool = False
) -> str | None:
    """Make an environment by virtualenv, in this process; return why it did not."""
    if os.pathsep in str(workdir):  # virtualenv would print its usage
        return f"virtualenv refuses a path with {os.pathsep!r}: {workdir}"
    import logging

    import virtualenv  # 85 ms, for the first environment of a runtime

    for name in ("virtualenv", "python_discovery"):  # it logs what it also raises
        logging.getLogger(name).addHandler(logging.NullHandler())
    kept = (item for item in os.environ.items() if not item[0].startswith(_NOT_HEEDED))
    env = {**dict(kept), "VIRTUALENV_CONFIG_FILE": os.devnull}
    options = [*_OPTIONS, "--app-data", str(app_data), "--python", str(runtime.executable)]
    try:
        make_folder(app_data)
        check_tree(app_data)
        session = virtualenv.session_via_cli([*options, str(workdir)], setup_logging=False, env=env)
        if dry_run:
            return None
        with session:
            session.run()
    except (OSError, RuntimeError, SystemExit, ValueError) as error:
        return str(error) or type(error).__name__
    python = python_of(workdir)
    if not python.exists():
        return "virtualenv made no python"
    if python.is_symlink() and not python.samefile(runtime.executable):
        return f"virtualenv took {python.resolve()} for it"
    return None


def _by_venv(runtime: Runtime, workdir: Path) -> None:
    """Let a runtime's own `venv` make an environment.

    Raises:
        MultirtError: the runtime cannot.
    """
    import subprocess

    command = [str(runtime.executable), "-I", "-m", "venv", "--without-pip", str(workdir)]
    try:
        subprocess.run(
            command,
            check=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_SECONDS,
            umask=UMASK,
        )
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode("utf-8", "replace").strip().splitlines()
        raise failed(runtime, lines[-1] if lines else f"exit code {error.returncode}") from error
    except subprocess.TimeoutExpired as error:
        raise failed(runtime, f"no end after {_SECONDS} s") from error


def unwritable(runtime: Runtime, error: OSError) -> MultirtError:
    """Return the error for an environment that the disk has no space for, or that may not be."""
    where = f"{error.filename}: " if error.filename is not None else ""
    return failed(runtime, f"{where}{error.strerror or error}", _ELSEWHERE)


def failed(runtime: Runtime, why: str, hint: str | None = None) -> MultirtError:
    """Return the error for an environment that a runtime or an installer cannot make."""
    if hint is None:
        other = f"try another runtime with --python, or see `{runtime.executable} -m venv`"
        hint = _ELSEWHERE if _OF_THE_DISK.search(why) else other
    return LaunchError(
        f"cannot make an environment of {runtime.id}: {why}", hint, kind=ErrorKind.ENVIRONMENT
    )
