"""Write the name of a distribution in the one spelling by which names are compared."""

from __future__ import annotations

import re
from typing import Final

_SEPARATORS: Final = re.compile(r"[-_.]+")


def normalize_name(name: str) -> str:
    """Return a distribution's name in lower case, each run of `-`, `_` and `.` as one `-`.

    `packaging.utils` has the same, and brings `logging`, `subprocess` and `sysconfig`: 10 ms, which
    every start of a program with packages would wait for.

    >>> normalize_name("Ruamel_yaml..clib")
    'ruamel-yaml-clib'

    Source: PEP 503, section "Normalized Names".
    """
    return _SEPARATORS.sub("-", name).lower()
