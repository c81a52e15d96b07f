"""What is asked of every runtime."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from pathlib import Path

    from multirt.config import Configuration
    from multirt.program.model import Program
    from multirt.selection.installed import Packages
    from runtimes import Runtime


class Question(Struct, frozen=True, kw_only=True):
    """What is asked of every runtime.

    Attributes:
        program: what is to run.
        configuration: what is asked for, and by whom.
        packages: what the site roots hold; None when there are no site roots.
        home: the runtime of the active or nearest virtual environment; None when there is none.
        active: what `python3` or `python` on PATH starts; None when neither is there.
        builds: packages will be installed for the program, so what is not installed may yet be.
        unseen: modules may come from places that are not read (PYTHONPATH, a hook in a `.pth`, the
            base interpreter's packages), so one that is not found proves nothing.
        allowed: causes whose objections are overridden by hand.
        pythonhome: where PYTHONHOME makes a CPython look for its standard library; None where it is
            not set, or an option of the program's first line ignores it.
        stdlib: names that only a standard library brings, in whichever version.
    """

    program: Program
    configuration: Configuration
    packages: Packages | None = None
    home: Runtime | None = None
    active: Runtime | None = None
    builds: bool = False
    unseen: bool = False
    allowed: frozenset[str] = frozenset()
    pythonhome: Path | None = None
    stdlib: frozenset[str] = frozenset()
