"""The ways in which a runtime gets onto the machine."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from provisioning.model import LackingError
from provisioning.workshop import TRIPLET

if TYPE_CHECKING:
    from provisioning.forks import Edit
    from provisioning.workshop import Workshop

_LOADER = f"usr/lib/{TRIPLET}/ld-linux-x86-64.so.2"
_NOT_COMPILED = r"/(test|tests|idlelib|lib2to3|turtledemo|ensurepip|tkinter|pydoc_data)/"
# pip is told what the overlay's runtime accepts, because no pip runs on all of them.
_WHEEL_PLATFORMS = tuple(
    word
    for name in ("manylinux_2_34", "manylinux_2_28", "manylinux_2_17", "manylinux2014")
    for word in ("--platform", f"{name}_x86_64")
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Installed:
    """Packages of the machine's own release, installed by apt: the only steps that need root.

    Attributes:
        packages: their names.
    """

    packages: tuple[str, ...]
    movable: ClassVar[bool] = False
    programs: ClassVar[tuple[str, ...]] = ("apt-get",)

    def make(self, shop: Workshop, room: Path, final: Path) -> None:
        """Install them; `room` is not used."""
        del room
        if os.geteuid() != 0:
            message = f"root, for `apt-get install {' '.join(self.packages)}`"
            raise LackingError(message)
        install = ("apt-get", "install", "-qq", "-y", "--no-install-recommends")
        shop.run(final.name, "apt-get", "update", "-qq")
        shop.run(final.name, *install, "-o", "DPkg::Lock::Timeout=300", *self.packages)

    def settle(self, shop: Workshop, final: Path) -> None:
        """Do nothing more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unpacked:
    """Debian packages of some suite, unpacked next to the system and never installed.

    dpkg's database, the system's libc and its Python stay as they are. Installing
    `python3.11-dbg` instead would upgrade the system's python3.11.

    Attributes:
        suite: where the packages come from.
        packages: their names.
        relinked: programs that get the folder's own libraries as run path.
        own_libc: the packages bring their own C library, and programs its loader.
        compiler: the program that compiles `library`; None where nothing is to be compiled.
        library: the standard library, which unpacked packages bring without `.pyc`.
    """

    suite: str
    packages: tuple[str, ...]
    relinked: tuple[str, ...] = ()
    own_libc: bool = False
    compiler: str | None = None
    library: str = ""
    movable: ClassVar[bool] = True

    @property
    def programs(self) -> tuple[str, ...]:
        """The programs that must be on PATH."""
        return ("apt-get", "dpkg-deb", *(("patchelf",) if self.relinked else ()))

    def make(self, shop: Workshop, room: Path, final: Path) -> None:
        """Download and unpack, and point the programs at the libraries' final place."""
        if platform.machine() != "x86_64":
            message = f"an x86_64 machine (this one is {platform.machine()})"
            raise LackingError(message)
        store = room.with_name(f"{room.name}.packages")
        store.mkdir()
        wanted = [f"{package}/{self.suite}" for package in self.packages]
        shop.apt(final.name, "-qq", "download", *wanted, cwd=store)
        for package in sorted(store.glob("*.deb")):
            shop.run(final.name, "dpkg-deb", "-x", package, room)
        shutil.rmtree(store)
        for archive in room.glob("usr/lib/**/libpython*.a"):
            archive.unlink()  # 27 MB of static libraries that nothing here links
        shutil.rmtree(room / "usr/lib/debug", ignore_errors=True)  # 64 MB for debuggers only
        for program in self.relinked:
            self._relink(shop, room / program, final)
        move_headers(room, final)

    def _relink(self, shop: Workshop, program: Path, final: Path) -> None:
        # DT_RPATH, not DT_RUNPATH: extension modules must find the same libraries. Starting the
        # program through the loader instead would break `sys.executable`.
        options = ["--force-rpath", "--set-rpath", str(final / f"usr/lib/{TRIPLET}")]
        if self.own_libc:
            options += ["--set-interpreter", str(final / _LOADER)]
        shop.run(final.name, "patchelf", *options, program)

    def settle(self, shop: Workshop, final: Path) -> None:
        """Compile the standard library, or each start of the runtime would do it again."""
        if self.compiler is not None:
            command = (final / self.compiler, "-m", "compileall", "-q", "-x", _NOT_COMPILED)
            shop.run(final.name, "nice", *command, final / self.library)


def move_headers(room: Path, final: Path) -> None:
    """Let builds find the C headers where they are now, and those what they include."""
    for data in room.glob("usr/lib/python3*/_sysconfigdata_*.py"):
        text = data.read_text(encoding="utf-8")
        data.write_text(text.replace("'/usr/include", f"'{final}/usr/include"), encoding="utf-8")
    for folder in room.glob("usr/include/python3*"):
        if folder.is_dir() and not folder.is_symlink() and not (folder / TRIPLET).exists():
            (folder / TRIPLET).symlink_to(f"../{TRIPLET}")  # of `<x86_64-linux-gnu/...>`


@dataclass(frozen=True, kw_only=True, slots=True)
class Built:
    """A CPython built from the upstream tarball in a Debian source package.

    Attributes:
        suite: where the source package comes from.
        package: its name.
        options: for `configure`.
        optimisation: the compiler's flags; `-O1 -w` halves the time of `-O3`.
        edits: of the source, which make a fork of it.
    """

    suite: str
    package: str
    options: tuple[str, ...]
    optimisation: str
    edits: tuple[Edit, ...] = ()
    movable: ClassVar[bool] = True
    programs: ClassVar[tuple[str, ...]] = ("apt-get", "cc", "make", "tar", "xz")

    def make(self, shop: Workshop, room: Path, final: Path) -> None:
        """Configure for the final place, build, and install into the room."""
        name = final.name
        source = shop.source_tree(name, self.suite, self.package)
        if self.edits:
            edited = room.with_name(f"{name}.source")
            source = shutil.copytree(source, edited, symlinks=True, copy_function=os.link)
            for edit in self.edits:
                edit.apply(source)
        build, stage = room.with_name(f"{name}.build"), room.with_name(f"{name}.stage")
        build.mkdir()
        shop.run(
            name,
            "nice",
            source / "configure",
            "-q",
            f"--prefix={final}",
            *("--without-ensurepip", "--disable-test-modules"),
            f"OPT={self.optimisation}",
            *self.options,
            cwd=build,
        )
        shop.run(name, "nice", "make", "-s", f"-j{os.cpu_count() or 1}", cwd=build)
        shop.run(name, "nice", "make", "-s", "altinstall", f"DESTDIR={stage}", cwd=build)
        room.rmdir()
        (stage / final.relative_to("/")).rename(room)
        shutil.rmtree(build)
        if self.edits:
            shutil.rmtree(source)

    def settle(self, shop: Workshop, final: Path) -> None:
        """Do nothing more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NodePackage:
    """Pyodide under node, with a command line like CPython's.

    Attributes:
        package: the npm package with its version.
    """

    package: str
    movable: ClassVar[bool] = True
    programs: ClassVar[tuple[str, ...]] = ("node", "npm")

    def make(self, shop: Workshop, room: Path, final: Path) -> None:
        """Install the package, and the two files that start it."""
        quiet = ("--silent", "--no-audit", "--no-fund", "--no-package-lock")
        shop.run(final.name, "npm", "install", *quiet, "--prefix", room, self.package)
        shutil.copy(Path(__file__).with_name("pyodide_python.mjs"), room)
        starter = room / "bin" / "pyodide-python"
        starter.parent.mkdir()
        starter.write_text(
            "#!/bin/sh\n"
            'here=$(dirname "$(readlink -f "$0")")\n'
            'PYODIDE_EXECUTABLE="$here/pyodide-python" \\\n'
            '    exec node --no-warnings "$here/../pyodide_python.mjs" "$@"\n',
            encoding="utf-8",
        )
        starter.chmod(0o755)

    def settle(self, shop: Workshop, final: Path) -> None:
        """Do nothing more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Overlay:
    """A virtual environment with a package that adds a JIT compiler to its runtime.

    Attributes:
        package: from the package index.
        version: of the language.
        base: the runtime, below the provisioned folder; None for pyenv's of that version.
    """

    package: str
    version: str
    base: str | None
    movable: ClassVar[bool] = True
    programs: ClassVar[tuple[str, ...]] = ()

    def make(self, shop: Workshop, room: Path, final: Path) -> None:
        """Put the package where the environment will look for it."""
        exact = shop.answer(
            self._base(shop), "-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])"
        )
        target = ("--python-version", exact.strip(), "--only-binary=:all:", *_WHEEL_PLATFORMS)
        pip, wheels = (sys.executable, "-m", "pip"), room.with_name(f"{room.name}.wheels")
        # In two commands, for `pip install` compares Requires-Python with the Python it runs on.
        shop.run(final.name, *pip, "download", "--quiet", "-d", wheels, *target, self.package)
        site = room / "lib" / f"python{self.version}" / "site-packages"
        unchecked = ("--no-index", "--no-deps", "--ignore-requires-python", "--target", site)
        files = sorted(wheels.glob("*.whl"))
        shop.run(final.name, *pip, "install", "--quiet", *unchecked, *target, *files)

    def settle(self, shop: Workshop, final: Path) -> None:
        """Make the environment around it: what that writes names the final place."""
        shop.run(final.name, self._base(shop), "-m", "venv", "--without-pip", final)

    def _base(self, shop: Workshop) -> Path:
        base = shop.root / self.base if self.base else shop.pyenv_program(self.version)
        if base is None:
            message = f"pyenv's Python {self.version}"
            raise LackingError(message)
        return base
