#!/usr/bin/env python3
"""How the native launcher is compiled: flags, and a table of C that is written from Python's.

As a program it writes that table, `options.h`, into a folder.
"""

from __future__ import annotations

import ast
import os
import sys
from pathlib import Path

FLAGS = ("-std=c11", "-O2", "-Wall", "-Wextra", "-s")
_HARDENING = (
    *("-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2", "-fstack-protector-strong", "-fPIE"),
    "-Wl,-z,relro,-z,now",
)
# A static program starts a quarter of a millisecond sooner; not every system can make one.
_STATIC = sys.platform == "linux" and os.environ.get("MULTIRT_STATIC") != "0"
# What one compiler and its libraries cannot do, the next way does without.
WAYS: tuple[tuple[str, ...], ...] = (
    *(((*_HARDENING, "-static-pie"),) if _STATIC else ()),
    (*_HARDENING, "-pie"),
    *((("-static",),) if _STATIC else ()),
    (),
)
_TABLE = "PLANNED_OPTIONS"


def option_rows(root: Path) -> str:
    """Return a row of C for each option that `multirt/launch/plan_key.py` lists.

    The file is parsed and not imported: a build has no more than the sources.
    """
    source = (root / "multirt/launch/plan_key.py").read_text(encoding="utf-8")
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == _TABLE:
            table: dict[bytes, tuple[bytes, bool]] = ast.literal_eval(node.value)
            return "".join(
                f'{{"{name.decode()}", "{label.decode()}=", {str(is_path).lower()}}},\n'
                for name, (label, is_path) in table.items()
            )
    message = f"plan_key.py has no {_TABLE}"
    raise LookupError(message)


def write_options(root: Path, folder: Path) -> None:
    """Write `options.h`, which `launcher/multirt.c` includes, into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "options.h").write_text(option_rows(root), encoding="utf-8")


if __name__ == "__main__":
    write_options(Path(__file__).parents[1], Path(sys.argv[1]))
