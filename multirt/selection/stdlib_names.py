"""Tell the modules of the standard library from those of distributions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from multirt.environments import Wanted
    from runtimes import Runtime

_NAME = re.compile(r"\s*([A-Za-z0-9][\w.-]*)")
_NAMED_OTHERWISE = {
    "pyasynchat": "asynchat",
    "pyasyncore": "asyncore",
    "setuptools": "distutils",
}


def standard_names(runtimes: Sequence[Runtime], wanted: Wanted | None) -> frozenset[str]:
    """Return the names that only a standard library brings, in whichever version.

    MicroPython has a `requests` and PyPy a `cffi`, which are distributions elsewhere: what only
    another implementation than CPython has does not count, where a CPython can tell. Nor does what
    is brought by a distribution that will be installed, as `cgi` by `legacy-cgi`.
    """
    usual = [each for each in runtimes if each.implementation.name == "cpython"]
    names = {name for each in usual or runtimes for name in each.stdlib}
    names |= {name for each in runtimes for name in each.stdlib if name.startswith("__")}
    return frozenset(names.difference(_brought(wanted.requirements if wanted else ())))


def _brought(requirements: Iterable[str]) -> Iterator[str]:
    """Yield the modules that distributions may bring, going by their names.

    `legacy-cgi` and `standard-telnetlib` have a word more, `enum34` a figure, and `backports.lzma`
    brings `backports.lzma` alone.
    """
    for requirement in requirements:
        match = _NAME.match(requirement)
        words = re.split(r"[-_.]+", match[1].lower()) if match else []
        if words and words[0] != "backports":
            yield from (word.rstrip("0123456789") for word in words)
            yield from words
            yield _NAMED_OTHERWISE.get("-".join(words), "")
