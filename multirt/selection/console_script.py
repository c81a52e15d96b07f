"""Find and start console scripts, and suggest a command for a word that names none."""

from __future__ import annotations

import os
import shlex
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from multirt.errors import ErrorKind, LaunchError
from multirt.program import read_shebang
from multirt.storage.files import read_text
from runtimes import RuntimeSpec, SpecError
from runtimes.storage.files import load, read_head, save
from runtimes.storage.trust import check_tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from abi_probe import Installed


def suggest_command(name: str, rest: Sequence[str], cwd: Path) -> str | None:
    """Return the command to write instead, None when none is likely.

    Args:
        name: where a program or a command was expected.
        rest: what follows it.
        cwd: the current folder.
    """
    if _is_runtime(name):
        # `python3.12 x.py` and `py 3.12 x.py` both become `run --python 3.12 x.py`.
        again = shlex.join(["multirt", "run", "--python", name, *_program(rest)])
        return f"`{again}` starts that runtime, `multirt find {shlex.quote(name)}` prints its path"
    script = f"{name}.py"
    if (cwd / script).is_file():
        return f"`{shlex.join(['multirt', 'run', script, *rest])}` starts the script"
    return None


def _program(rest: Sequence[str]) -> Sequence[str]:
    """Return the arguments for `run`, where options are multirt's until a program is named."""
    options = rest and rest[0].startswith("-") and rest[0][:2] not in ("-m", "-c")
    return ["python", *rest] if options else rest


def _is_runtime(name: str) -> bool:
    """Whether a word is the name of a runtime, and not of a file."""
    try:
        return RuntimeSpec.parse(name).path is None
    except SpecError:
        return False


_HEAD = 4096  # bytes
_OF_ENVIRONMENTS = ("python", "pypy", "activate", "deactivate")
_FILE = """\
import sys
from {module} import {first}
if __name__ == "__main__":
    sys.exit({function}())
"""


class ConsoleScript(Struct, frozen=True, kw_only=True):
    """A console script.

    Attributes:
        name: as it is typed.
        distribution: the one that installs it.
        module: what it imports; empty for a script.
        function: what it calls there, dotted; empty for a script.
        script: its file, where the distribution brings one; None for an entry point.
    """

    name: str
    distribution: str
    module: str = ""
    function: str = ""
    script: Path | None = None


def find_command(name: str, roots: Iterable[Path]) -> ConsoleScript | None:
    """Return the command of that name in folders of packages, the first that has it.

    Entry points come first, for they start on every runtime; then scripts of a distribution, and
    what lies among the programs of an environment.
    """
    from abi_probe import UnreadableError, open_site

    for root in roots:
        try:
            found = [*open_site(root).distributions.values()]
        except UnreadableError:
            continue
        command = next(chain(_entry_points(name, found), _scripts(name, root, found)), None)
        if command is not None:
            return command
    return None


def _entry_points(name: str, distributions: Iterable[Installed]) -> Iterator[ConsoleScript]:
    from importlib.metadata import PathDistribution  # 20 ms, where a command is asked for

    for each in distributions:
        found = PathDistribution(each.info).entry_points
        for entry in found.select(group="console_scripts", name=name):
            yield ConsoleScript(
                name=name,
                distribution=each.name,
                module=entry.module,
                function=entry.attr or "main",
            )


def _scripts(name: str, root: Path, distributions: Iterable[Installed]) -> Iterator[ConsoleScript]:
    """Yield the files of that name that distributions put among the programs."""
    for each in distributions:
        for path in _recorded(name, each.info / "RECORD"):
            # `pip install --target` moves them, and leaves RECORD unchanged.
            for file in (Path(os.path.normpath(root / path)), root / "bin" / name):
                if file.is_file():
                    yield ConsoleScript(name=name, distribution=each.name, script=file)
    for home in root.parents[2:3]:
        file = home / "bin" / name
        own = (home / "pyvenv.cfg").is_file() and not name.startswith(_OF_ENVIRONMENTS)
        if own and file.is_file() and os.access(file, os.X_OK):
            yield ConsoleScript(name=name, distribution="", script=file)


def _recorded(name: str, record: Path) -> Iterator[str]:
    """Yield the paths of programs of that name in a RECORD."""
    try:
        text = read_text(record, errors="surrogateescape")
    except OSError:
        return
    import csv  # 3 ms, where no entry point has the name

    lines = [line for line in text.splitlines() if f"/{name}" in line]
    for path in (row[0] for row in csv.reader(lines) if row):
        if path.endswith((f"/bin/{name}", f"/Scripts/{name}", f"/Scripts/{name}.exe")):
            yield path


def interpreter_options(file: Path) -> tuple[str, ...] | None:
    """Return the options that a command's first line gives its interpreter.

    None for what no Python reads: a binary, or a script of another language.
    """
    head = read_head(file, _HEAD)
    line = read_shebang(head)
    is_python = line.python or line.interpreter in (None, "multirt")
    return line.options if is_python and b"\0" not in head else None


def write_console_script(command: ConsoleScript, cache_dir: Path) -> Path:
    """Return a file that starts a console script, as its installer would have made it.

    It lies alone in its folder, which comes first on the path of what it starts.

    Raises:
        MultirtError: it cannot be written.
    """
    if command.script is not None:
        return command.script
    first = command.function.partition(".")[0]
    text = _FILE.format(module=command.module, first=first, function=command.function)
    folder = cache_dir / "commands" / f"{command.module}-{command.function}"
    file = folder / command.name
    try:
        if load(file) != text.encode():
            save(file, text.encode())
        check_tree(folder)
    except OSError as error:
        hint = "MULTIRT_CACHE_DIR names another folder for what can be made again"
        message = f"cannot write {file}: {error.strerror}"
        raise LaunchError(message, hint, kind=ErrorKind.CACHE) from error
    return file
