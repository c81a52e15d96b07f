"""Ways to start one runtime that change how it runs: each counts as a runtime of its own."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from runtimes import Runtime

_GIL_OPTION_SINCE = (3, 13)


class Fits(StrEnum):
    """Which runtimes know a profile."""

    BUILT_IN_JIT = "CPython builds with the compiler of `sys._jit`"
    PYPY = "PyPy"
    FREE_THREADED = "free-threaded builds"
    PYSTON_LITE = "releases of CPython 3.7 to 3.10"
    CINDERX = "releases of CPython from 3.14 on, with a GIL"
    ALL = "every CPython and PyPy"


class Profile(Struct, frozen=True, kw_only=True):
    """One way to start.

    Attributes:
        name: what follows the `+` in `cpython-3.14.8+jit`.
        fits: which runtimes know it.
        options: for the interpreter, before the program.
        environment: variables to set.
        compiles: it turns a just-in-time compiler on.
        requirement: a compiler to install for it, from the package index; None for none.
        start_up: a line of Python for every start, which turns that on; empty when it does so
            itself.
    """

    name: str
    fits: Fits
    options: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    compiles: bool = False
    requirement: str | None = None
    start_up: str = ""

    def accepts(self, runtime: Runtime) -> bool:
        """Whether a runtime can be started this way and would differ by it."""
        name = runtime.implementation.name
        match self.fits:
            case Fits.BUILT_IN_JIT:
                return name == "cpython" and runtime.jit is not None
            case Fits.PYPY:
                return name == "pypy"
            case Fits.FREE_THREADED:
                return runtime.abi.free_threaded and _version(runtime) >= _GIL_OPTION_SINCE
            case Fits.PYSTON_LITE:
                return _release(runtime) and (3, 7) <= _version(runtime) <= (3, 10)
            case Fits.CINDERX:
                return _release(runtime) and _version(runtime) >= (3, 14)
            case Fits.ALL:
                return name in ("cpython", "pypy")


def _version(runtime: Runtime) -> tuple[int, int]:
    return runtime.version.major, runtime.version.minor


def _release(runtime: Runtime) -> bool:
    """Whether it is a build that wheels of CPython are made for."""
    abi = runtime.abi
    usual = runtime.implementation.name == "cpython" and abi.soabi is not None
    return usual and not abi.debug and not abi.free_threaded


# PYTHON_JIT: PEP 744; it is ignored under -I. PYTHON_GIL: PEP 703; on other builds 0 is fatal.
PROFILES: tuple[Profile, ...] = (
    Profile(
        name="jit",
        fits=Fits.BUILT_IN_JIT,
        environment=(("PYTHON_JIT", "1"),),
        compiles=True,
    ),
    Profile(name="nojit", fits=Fits.BUILT_IN_JIT, environment=(("PYTHON_JIT", "0"),)),
    Profile(name="nojit", fits=Fits.PYPY, options=("--jit", "off")),
    Profile(name="gil", fits=Fits.FREE_THREADED, environment=(("PYTHON_GIL", "1"),)),
    Profile(name="nogil", fits=Fits.FREE_THREADED, environment=(("PYTHON_GIL", "0"),)),
    Profile(
        name="pyston_lite",
        fits=Fits.PYSTON_LITE,
        compiles=True,
        requirement="pyston_lite_autoload",
    ),
    Profile(
        name="cinderx",
        fits=Fits.CINDERX,
        compiles=True,
        requirement="cinderx",
        start_up="import cinderx.jit; cinderx.jit.auto()",
    ),
    Profile(name="O", fits=Fits.ALL, options=("-O",)),
)
NAMES = tuple(dict.fromkeys(each.name for each in PROFILES))


def named(name: str, runtime: Runtime) -> Profile | None:
    """Return the profile of that name for a runtime, None where it has no meaning."""
    return next((each for each in PROFILES if each.name == name and each.accepts(runtime)), None)


def split_profile(text: str) -> tuple[str, str | None]:
    """Part `cpython-3.14.8+jit` into what names the runtime and the profile's name.

    What follows a `+` and is not a profile belongs to the runtime, as in `3.13+freethreaded`.
    """
    runtime, plus, name = text.rpartition("+")
    return (runtime, name) if plus and name in NAMES else (text, None)
