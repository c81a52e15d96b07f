"""Tell the modules of the standard library from those of distributions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from multirt.selection.stdlib_table import STANDARD_MODULES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from multirt.environments import InstallRequest
    from runtimes import Runtime

# Modules that only some implementations have.
_OF_IMPLEMENTATIONS = {
    "graalpy": "__graalpython__ java polyglot",
    "ironpython": "System clr",
    "jython": "com java javax org",
    "micropython": "esp esp32 machine micropython neopixel network pyb rp2 uasyncio ubinascii"
    " uctypes uhashlib ujson umachine uos ure uselect usocket ustruct utime",
    "pyodide": "_pyodide js pyodide pyodide_js",
    "pypy": "__pypy__ _continuation pypyjit stackless",
    "stackless": "stackless",
}
# What an implementation has that does not list it.
_UNLISTED = {
    "jython": frozenset({"com", "java", "javax", "org"}),
    "micropython": frozenset({"uasyncio", "ujson", "umachine", "ure", "usocket"}),
    "pyodide": frozenset({"js", "pyodide_js"}),
}
_NAME = re.compile(r"\s*([A-Za-z0-9][\w.-]*)")
_NAMED_OTHERWISE = {
    "pyasynchat": "asynchat",
    "pyasyncore": "asyncore",
    "setuptools": "distutils",
}


def stdlib_only_names(wanted: InstallRequest | None) -> frozenset[str]:
    """Return the names that only a standard library brings, in whichever version.

    MicroPython has a `requests` and PyPy a `cffi`, which are distributions elsewhere: of other
    implementations than CPython only a few names count. Nor does what is brought by a distribution
    that will be installed, as `cgi` by `legacy-cgi`. It does not depend on the runtimes that are
    here, so that a search may stop at the first that fits.
    """
    names = {name for listed in _OF_IMPLEMENTATIONS.values() for name in listed.split()}
    brought = _brought(wanted.requirements if wanted else ())
    return (STANDARD_MODULES | names).difference(brought)


def has_stdlib_module(runtime: Runtime, top: str) -> bool:
    """Whether a runtime has a top-level module without any package."""
    return top in runtime.stdlib or top in _UNLISTED.get(runtime.implementation.name, ())


def is_of_implementation(name: str, top: str) -> bool:
    """Whether a top-level module is one of the few that only some implementations have."""
    return top in _OF_IMPLEMENTATIONS.get(name, "").split()


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
