"""Tell which command `multirt` is: the native launcher, or a script where no compiler was there."""

from __future__ import annotations

import sys
from pathlib import Path

from msgspec import Struct

_MACHINE_CODE = (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")  # ELF, Mach-O thin and fat


class Launcher(Struct, frozen=True, kw_only=True):
    """The command that people type.

    Attributes:
        path: where it is; None where only `python -m multirt` is there.
        native: it starts programs by their plans without a Python of its own.
    """

    path: Path | None
    native: bool

    @property
    def description(self) -> str:
        """What to say of it."""
        if self.native:
            return "launcher: native"
        if self.path is None:
            return "launcher: none, only `python -m multirt`"
        return "launcher: a script, slower by some ms; install multirt where a C compiler is"


def installed_launcher() -> Launcher:
    """Return the launcher next to the program of this process."""
    started = Path(sys.argv[0])
    program = started if started.name == "multirt-python" else Path(sys.executable)
    path = program.with_name("multirt")
    try:
        with path.open("rb") as stream:
            return Launcher(path=path, native=stream.read(4) in _MACHINE_CODE)
    except OSError:
        return Launcher(path=None, native=False)
