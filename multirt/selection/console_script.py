"""Find the console script of an installed distribution, and start it on any runtime."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from multirt.errors import ExitCode, MultirtError
from multirt.storage.files import read_text

if TYPE_CHECKING:
    from collections.abc import Iterable

_FILE = """\
import sys
from {module} import {first}
if __name__ == "__main__":
    sys.exit({function}())
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """A console script.

    Attributes:
        name: as it is typed.
        distribution: who brings it.
        module: what it imports.
        function: what it calls there, dotted.
    """

    name: str
    distribution: str
    module: str
    function: str


def find_command(name: str, roots: Iterable[Path]) -> Command | None:
    """Return the console script of that name in folders of packages, the first that has it."""
    from importlib.metadata import PathDistribution  # 20 ms, where a command is asked for

    from abi_probe import UnreadableError, open_site

    for root in roots:
        try:
            site = open_site(root)
        except UnreadableError:
            continue
        for installed in site.distributions.values():
            found = PathDistribution(installed.info).entry_points
            for entry in found.select(group="console_scripts", name=name):
                return Command(
                    name=name,
                    distribution=installed.name,
                    module=entry.module,
                    function=entry.attr or "main",
                )
    return None


def started_by(command: Command, cache_dir: Path) -> Path:
    """Return a file that starts a console script, as its installer would have made it.

    It lies alone in its folder, which comes first on the path of what it starts.

    Raises:
        MultirtError: it cannot be written.
    """
    first = command.function.partition(".")[0]
    text = _FILE.format(module=command.module, first=first, function=command.function)
    folder = cache_dir / "commands" / f"{command.module}-{command.function}"
    file = folder / command.name
    try:
        if file.is_file() and read_text(file) == text:
            return file
        folder.mkdir(parents=True, exist_ok=True)
        import tempfile  # 8 ms, once for a command

        descriptor, temporary = tempfile.mkstemp(dir=folder.parent)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(temporary).replace(file)
    except OSError as error:
        hint = "MULTIRT_CACHE_DIR names another folder for what can be made again"
        message = f"cannot write {file}: {error.strerror}"
        raise MultirtError("cache", message, hint, ExitCode.CANNOT_START) from error
    return file
