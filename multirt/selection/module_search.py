"""Find modules in folders of packages, and query a runtime for its own where files do not tell."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from multirt.storage.files import read_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from runtimes import Runtime

_EXTENSIONS = (".so", ".pyd")
_CODE = ("import ", "import\t")  # how a line of a `.pth` file begins that `site` executes
_NO_FOLDERS = (*_CODE, "#")


class PathFiles(Struct, frozen=True, kw_only=True):
    """What path configuration files do to `sys.path`.

    Attributes:
        added: folders that `.pth` files add, once they exist.
        hooks: a `.pth` file runs code, which may bring modules from anywhere.
        starts: a `.start` file does so, from Python 3.15 on (PEP 829).
    """

    added: tuple[Path, ...]
    hooks: bool
    starts: bool


def modules_in(roots: Iterable[Path], tops: Collection[str]) -> frozenset[str]:
    """Return those of some top-level modules for which a folder has a file or a folder.

    Each folder is listed once, however many modules are looked for.
    """
    return frozenset(top for root in roots if tops for top in _held(root, tops))


def _held(root: Path, tops: Collection[str]) -> Iterator[str]:
    """Yield the modules that one folder has; Python 2 also imports `top` from `topmodule.so`."""
    try:
        names = os.listdir(root)  # noqa: PTH208 - names only
    except OSError:
        return
    for name in names:
        top, _, rest = name.partition(".")
        if name.endswith(_EXTENSIONS):
            yield from {top, top.removesuffix("module")}.intersection(tops)
        elif top in tops and (
            (rest == "py" and (root / name).is_file()) or (not rest and (root / name).is_dir())
        ):
            yield top


def read_path_files(roots: Iterable[Path]) -> PathFiles:
    """Read the path configuration files of folders of packages."""
    added: list[Path] = []
    hooks = starts = False
    for root in roots:
        starts = starts or any(root.glob("*.start"))
        for file in sorted(root.glob("*.pth")):
            try:
                lines = read_text(file, errors="replace").splitlines()
            except OSError:
                continue  # as `site` does
            hooks = hooks or any(line.startswith(_CODE) for line in lines)
            added += [
                root / line.strip()
                for line in lines
                if line.strip() and "\0" not in line and not line.startswith(_NO_FOLDERS)
            ]
    return PathFiles(added=tuple(added), hooks=hooks, starts=starts)


_SECONDS = 30
_KEPT = 1 << 20  # bytes of a response
_CUSTOMIZED = ("sitecustomize", "usercustomize")
_SCRUBBED = ("PYTHON", "LD_PRELOAD", "PYENV_")
_START_FILES_SINCE = (3, 15)
# It runs with everything that `site` does, as the program will.
_SCRIPT = """\
import sys
sys.path[:] = [path for path in sys.path if path not in ("", ".")]
def has(name):
    try:
        from importlib.util import find_spec
    except ImportError:
        import imp
        return imp.find_module(name)
    return find_spec(name)
for name in sys.argv[2:]:
    try:
        if has(name):
            print("%s %s" % (sys.argv[1], name))
    except Exception:
        pass
"""


def find_own_modules(runtime: Runtime, tops: Iterable[str]) -> frozenset[str]:
    """Return the modules that lie in a runtime's own folders, or in those that `.pth` files add."""
    names = frozenset(tops)
    found = modules_in(runtime.site_packages, names)
    if found == names:
        return found
    added = read_path_files(runtime.site_packages).added
    return found | modules_in(added, names - found)


def has_hooks(runtime: Runtime) -> bool:
    """Whether code runs at the start of a runtime that may bring modules from anywhere."""
    files = read_path_files(runtime.site_packages)
    if files.hooks or (files.starts and runtime.version.release[:2] >= _START_FILES_SINCE):
        return True
    return bool(modules_in(_standard_folders(runtime), _CUSTOMIZED))


def path_files_of(runtime: Runtime) -> Iterator[Path]:
    """Yield the files and folders that a runtime's own modules depend on."""
    for folder in _standard_folders(runtime):
        yield folder
        for pattern in ("*.pth", "*.start", "sitecustomize.py", "usercustomize.py"):
            yield from sorted(folder.glob(pattern))
    yield from read_path_files(runtime.site_packages).added


def _standard_folders(runtime: Runtime) -> tuple[Path, ...]:
    """Return the folders from which `site` takes its customization."""
    version = f"python{runtime.version.major}.{runtime.version.minor}"
    prefix = runtime.base_prefix
    return (*runtime.site_packages, *((prefix / "lib" / version,) if prefix is not None else ()))


def query_own_modules(
    runtime: Runtime, tops: Iterable[str], env: Mapping[str, str]
) -> frozenset[str]:
    """Return the modules that a runtime itself finds, as a program would; none where it fails."""
    from runtimes.subprocesses import Child

    nonce, names = os.urandom(8).hex(), sorted(top for top in tops if top.isidentifier())
    clean = {name: value for name, value in env.items() if not name.startswith(_SCRUBBED)}
    clean["PYTHONDONTWRITEBYTECODE"] = "1"
    command = [str(runtime.executable), "-c", _SCRIPT, nonce, *names]
    deadline = time.monotonic() + _SECONDS
    try:
        with Child(command, env=clean, folder=Path(runtime.executable.anchor), kept=_KEPT) as child:
            output = child.communicate(lambda _: deadline - time.monotonic())
    except OSError:
        return frozenset()
    lines = output.stdout.decode("ascii", "replace").splitlines()
    reported = {line.removeprefix(f"{nonce} ") for line in lines if line.startswith(nonce)}
    return frozenset(reported.intersection(names))
