"""The table of all that can be provisioned, one row a step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioning.forks import ENLARGED, RENAMED
from provisioning.model import Lane, Proof, Step
from provisioning.recipes import Built, Installed, NodePackage, Overlay, Unpacked

if TYPE_CHECKING:
    from provisioning.forks import Edit

# Runs on every Python from 2.7 on, on Jython and on MicroPython.
_FACTS = (
    "import sys; print([tuple(sys.version_info[:2]), sys.implementation.name"
    " if hasattr(sys, 'implementation') else 'older', hasattr(sys, 'gettotalrefcount')])"
)
_LIBC = ("libc6", "libgcc-s1")
_LIBRARIES = (
    *_LIBC,
    *("libexpat1", "zlib1g", "libssl3t64", "libffi8", "libbz2-1.0", "liblzma5", "libncursesw6"),
    *("libtinfo6", "libreadline8t64", "libsqlite3-0", "libuuid1", "libzstd1"),
)


def _facts(program: str, version: str, name: str = "cpython", *, debug: bool = False) -> Proof:
    """Return the proof that a Python of these properties answers."""
    major, minor = version.split(".")
    says = f"[({major}, {minor}), '{name}', {debug}]"
    return Proof(program=program, arguments=("-c", _FACTS), says=says)


def _pypy(name: str, suite: str, version: str, *, own_libc: bool) -> Step:
    return Step(
        name=name,
        about=f"PyPy {version} of {suite}",
        recipe=Unpacked(
            suite=suite,
            packages=("pypy3", "pypy3-lib", "pypy3-dev", *(_LIBRARIES if own_libc else ())),
            relinked=(f"usr/bin/pypy{version}",),
            own_libc=own_libc,
            compiler=f"usr/bin/pypy{version}",
            library=f"usr/lib/pypy{version}",
        ),
        proof=_facts(f"{name}/usr/bin/pypy{version}", version, "pypy"),
        needs=("tools",),
        moving=suite == "forky",
    )


def _debian(version: str, suite: str, *, debug: bool = False) -> Step:
    """Return the step for Debian's CPython; the debug build shares its prefix with a release."""
    name = f"{version}d" if debug else version
    kinds = (f"python{version}-dbg", f"libpython{version}-dbg") if debug else ()
    # The machine's libc is of the security suite's release or newer: its programs run as they are.
    own_libc = suite != "bookworm-security"
    return Step(
        name=name,
        about=f"CPython {version}{' debug' if debug else ''} of {suite}",
        recipe=Unpacked(
            suite=suite,
            packages=(
                *(*kinds, f"python{version}-minimal", f"python{version}"),
                *(f"libpython{version}-minimal", f"libpython{version}-stdlib"),
                f"libpython{version}-dev",  # the headers of both; a debug build's are links to them
                *(_LIBRARIES if own_libc else ()),
            ),
            relinked=tuple(f"usr/bin/python{one}" for one in {version: 0, name: 0})
            if own_libc
            else (),
            own_libc=own_libc,
            compiler=f"usr/bin/python{version}",
            library=f"usr/lib/python{version}",
        ),
        proof=_facts(f"{name}/usr/bin/python{name}", version, debug=debug),
        needs=("tools",) if own_libc else (),
        moving=suite == "forky",
    )


def _free_threaded(version: str, suite: str, *, debug: bool = False) -> Step:
    name = f"{version}t{'d' if debug else ''}"
    return Step(
        name=name,
        about=f"CPython {version} free-threaded{' debug' if debug else ''}, built from source",
        recipe=Built(
            suite=suite,
            package=f"python{version}",
            options=("--disable-gil", *(("--with-pydebug",) if debug else ())),
            optimisation="-O1 -w" if debug else "-DNDEBUG -O1 -w",
        ),
        proof=_facts(f"{name}/bin/python{name}", version, debug=debug),
        lane=Lane.BUILD,
    )


def _fork(name: str, about: str, implementation: str, edits: tuple[Edit, ...]) -> Step:
    """Return the step for a fork, built from the source that the free-threaded builds use."""
    return Step(
        name=name,
        about=f"{about}, built from source",
        recipe=Built(
            suite="trixie",
            package="python3.13",
            options=(),
            optimisation="-DNDEBUG -O1 -w",
            edits=edits,
        ),
        proof=_facts(f"{name}/bin/python3.13", "3.13", implementation),
        lane=Lane.BUILD,
    )


def _overlay(
    name: str, package: str, version: str, *, module: str, base: str | None = None
) -> Step:
    return Step(
        name=name,
        about=f"virtual environment of {version} with {package}",
        recipe=Overlay(package=package, version=version, base=base),
        proof=Proof(
            program=f"{name}/bin/python",
            arguments=("-c", f"import {module}; print('{module} is here')"),
            says=f"{module} is here",
        ),
        needs=() if base is None else (version,),
        moving=base is not None,
    )


STEPS: tuple[Step, ...] = (
    Step(
        name="tools",
        about="patchelf, by apt",
        recipe=Installed(packages=("patchelf",)),
        proof=Proof(program="patchelf", arguments=("--version",), says="patchelf"),
    ),
    Step(
        name="chromium",
        about="Chromium, by apt: it looks at the pages that multirt writes",
        recipe=Installed(packages=("chromium",)),
        proof=Proof(program="chromium", arguments=("--version",), says="Chromium"),
        needs=("tools",),  # two apt-get at once would wait for each other's lock
    ),
    _free_threaded("3.13", "trixie"),
    _free_threaded("3.13", "trixie", debug=True),
    _fork("alder", "a fork of CPython 3.13 with a name of its own", "alder", RENAMED),
    _fork("guise", "a fork of CPython 3.13 that claims to be it", "cpython", ENLARGED),
    _pypy("pypy3.9", "bookworm", "3.9", own_libc=False),
    _pypy("pypy3.11", "trixie", "3.11", own_libc=True),
    _pypy("pypy3.11-next", "forky", "3.11", own_libc=True),
    _debian("3.11", "bookworm-security", debug=True),
    _debian("3.13", "trixie", debug=True),
    _debian("3.14", "forky"),
    _debian("3.15", "forky"),
    _debian("3.14", "forky", debug=True),
    _debian("3.15", "forky", debug=True),
    Step(
        name="micropython",
        about="MicroPython of trixie",
        recipe=Unpacked(
            suite="trixie",
            packages=(
                *("micropython", "libmbedcrypto16", "libmbedtls21", "libmbedx509-7"),
                *("libc6", "libffi8"),
            ),
            relinked=("usr/bin/micropython",),
            own_libc=True,
        ),
        proof=_facts("micropython/usr/bin/micropython", "3.4", "micropython"),
        needs=("tools",),
    ),
    Step(
        name="jython",
        about="Jython, by apt",
        recipe=Installed(packages=("jython",)),
        proof=_facts("jython", "2.7", "older"),
        needs=("chromium",),  # two apt-get at once would wait for each other's lock
    ),
    Step(
        name="pyodide",
        about="Pyodide (CPython in WebAssembly) under node, by npm",
        recipe=NodePackage(package="pyodide@314.0.7"),
        proof=_facts("pyodide/bin/pyodide-python", "3.14"),
    ),
    _overlay("cinderx-3.14", "cinderx", "3.14", module="cinderx", base="3.14/usr/bin/python3.14"),
    _overlay("cinderx-3.15", "cinderx", "3.15", module="cinderx", base="3.15/usr/bin/python3.15"),
    _overlay("pyston-3.8", "pyston_lite_autoload", "3.8", module="pyston_lite"),
)
"""Every step, those first that take longest."""


def select(names: tuple[str, ...]) -> tuple[Step, ...]:
    """Return the steps of these names with all that they need; every step for no name.

    Raises:
        KeyError: no step has that name.
    """
    known = {step.name: step for step in STEPS}
    wanted = [known[name] for name in names] or list(STEPS)
    for step in wanted:  # grows while it is read: needs have needs
        wanted += [known[name] for name in step.needs if known[name] not in wanted]
    return tuple(step for step in STEPS if step in wanted)
