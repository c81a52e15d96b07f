"""Which file names a Python runtime may have."""

from __future__ import annotations

import re

FAMILIES = (
    "python",
    "pypy",
    "graalpy",
    "jython",
    "ipy",
    "micropython",
    "pyodide",
    "pyston",
    "cinder",
    "stackless",
    "nogil",
    "rustpython",
)
"""How the names begin."""

# A version and ABI letters may follow, then anything that is set off: `python3.13t`, `pypy3-c`,
# `python3.12-intel64`, `pyodide-python`; but neither `ipython` nor `pypy3compile`.
_NAME = rf"(?s)(?:{'|'.join(FAMILIES)}|graalpython)[0-9.]*[dtmu]{{0,3}}(?:[^a-z0-9].*)?"

# Known neighbours that are no interpreters, and files that only describe one.
_OTHER = (
    r"(?s).*(?:-config|-build|argcomplete.*|"
    r"\.(?:[ch]|m?js|bat|cmd|conf|css|desktop|dll|gz|html|json|lib|md|pc|ps1|pyc?|rst|sh|so|txt"
    r"|toml|whl|xml|zip))"
)

_CPYTHON = r"python([0-9])\.([0-9]{1,3})[dtmu]{0,3}"

_SLOW_FACTOR = 6
_OTHERS = ("pypy", "graalpy", "jython", "ipy", "micropython", "pyodide", "rustpython")
_SLOW = ("jython", "pyodide", "graalpy", "ipy")


def is_runtime_name(name: str) -> bool:
    """Tell whether a file of that name may be a runtime; `.exe` and case do not matter."""
    if not name.lower().startswith(FAMILIES):  # quicker, and nearly all names end here
        return False
    name = name.lower().removesuffix(".exe")
    return bool(re.fullmatch(_NAME, name)) and not re.fullmatch(_OTHER, name)


def is_slow_starter(name: str) -> bool:
    """Tell whether runtimes of that name start a virtual machine first, which takes seconds."""
    return name.lower().startswith(_SLOW)


def is_of_another(name: str) -> bool:
    """Tell whether a name is one that only other implementations than CPython go by."""
    return name.lower().startswith(_OTHERS)


def release_line(name: str) -> tuple[int, int] | None:
    """Return the major and minor version of a CPython's file name, None where it tells none."""
    match = re.fullmatch(_CPYTHON, name.lower().removesuffix(".exe"))
    return (int(match[1]), int(match[2])) if match else None


def time_limit(name: str, timeout: float) -> float:
    """Return the seconds that a candidate of that name may take, where others have `timeout`."""
    return timeout * _SLOW_FACTOR if is_slow_starter(name) else timeout
