"""Say where a runtime's dynamic loader looks for a library."""

from __future__ import annotations

import functools
import mmap
import os
import re
from collections.abc import Mapping  # noqa: TC003 - msgspec reads it
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field

from abi_probe.dynamic_linking.ld_cache import read_cache
from abi_probe.model import Binary  # noqa: TC001 - msgspec reads it
from abi_probe.read_tracking import read_bytes, record_read

if TYPE_CHECKING:
    from collections.abc import Iterator

_INFORMATION: Final = Path("/proc/cpuinfo")
_LEVELS: Final = (
    frozenset({"cmov", "cx8", "fpu", "fxsr", "mmx", "sse", "sse2"}),
    frozenset({"cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3"}),
    frozenset({"abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "xsave"}),
    frozenset({"avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl"}),
)


@functools.cache
def level() -> int | None:
    """Return the greatest level, 1 to 4; None where the processor is no x86-64 or does not say."""
    try:
        text = _INFORMATION.read_text("utf-8", "replace")
    except OSError:
        return None
    line = next((line for line in text.splitlines() if line.startswith("flags")), "")
    return level_of(frozenset(line.partition(":")[2].split()))


def level_of(flags: frozenset[str]) -> int | None:
    """Return the level of a processor with some flags; None where it has not even the first."""
    found = 0
    for needed in _LEVELS:
        if not needed <= flags:
            break
        found += 1
    return found or None


_LARGEST: Final = 64 << 20  # bytes; the cache of a full Debian has 0.2 MB
_TOKEN: Final = re.compile(
    r"\$(?:\{(?P<braced>ORIGIN|LIB|PLATFORM)\}|(?P<bare>ORIGIN|LIB|PLATFORM)(?!\w))"
)
# glibc holds its own list of folders as `/lib/\0/usr/lib/\0`, with what the system's builder chose.
_OWN_FOLDERS: Final = re.compile(rb"(?:/[\w./+-]{0,255}lib[\w./+-]{0,255}/\0){2,32}")
_OWN_CACHE: Final = re.compile(rb"/[\w./+-]{0,1024}/ld\.so\.cache\0")
_USUAL_FOLDERS: Final = ("/lib64", "/usr/lib64", "/lib", "/usr/lib")
_USUAL_CACHE: Final = "/etc/ld.so.cache"
_MUSL_FOLDERS: Final = ("/lib", "/usr/local/lib", "/usr/lib")
_LOWEST_LEVEL: Final = 2  # of x86-64 that has a folder of its own
# musl is one file that answers to all of these names.
_MUSL_OWN: Final = re.compile(r"lib(?:c|pthread|rt|m|dl|util|xnet)\.")


class Loaded(Struct, frozen=True, kw_only=True):
    """A program or library in a process, or one that would be.

    Attributes:
        path: as the loader found it, symbolic links and all; `$ORIGIN` is its folder.
        binary: what it needs and gives.
        owned: it belongs to the artifact that is being judged, not to the machine.
        parent: what made the loader load it; None for the program itself.
    """

    path: PurePosixPath
    binary: Binary
    owned: bool = False
    parent: Loaded | None = None

    def chain(self) -> Iterator[Loaded]:
        """Yield this, what loaded it, and so on up to the program."""
        link: Loaded | None = self
        while link is not None:
            yield link
            link = link.parent


class Loader(Struct, frozen=True, kw_only=True):
    """The dynamic loader that one program starts with.

    Attributes:
        libc: `glibc` or `musl`; they look in different folders.
        machine: of the files that it loads, as in `Binary.machines`.
        bits: 32 or 64; files of the other kind are passed over.
        folders: where it looks last.
        library_path: what LD_LIBRARY_PATH holds.
        cache: paths by library name (glibc only).
        level: of x86-64 that the processor has; None where that is not known (glibc only).
    """

    libc: str
    machine: str
    bits: int
    folders: tuple[str, ...]
    library_path: tuple[str, ...] = ()
    cache: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    level: int | None = None

    def candidates(self, name: str, needed_by: Loaded) -> Iterator[PurePosixPath]:
        """Yield the paths at which the loader tries to open a library, in its order.

        A relative folder is left out: what it means depends on where the process stands. The
        `glibc-hwcaps` folders come last: they hold faster copies of what stands next to them.

        Args:
            name: as a DT_NEEDED entry gives it.
            needed_by: whose entry it is.

        Source: ld.so(8); glibc's `elf/dl-load.c`, `_dl_map_object`; musl's `ldso/dynlink.c`.
        """
        if "/" in name:
            if expanded := self._expand(name, needed_by):
                yield PurePosixPath(expanded)
            return
        folders = tuple(self._search(needed_by))
        for folder in folders:
            yield PurePosixPath(folder, name)
        if needed_by.binary.default_folders:
            for path in self.cache.get(name, ()):
                yield PurePosixPath(path)
            for folder in self.folders:
                yield PurePosixPath(folder, name)
            folders += self.folders
        for higher in range(self.level or 0, _LOWEST_LEVEL - 1, -1):
            for folder in folders:
                yield PurePosixPath(folder, f"glibc-hwcaps/x86-64-v{higher}", name)

    def gives_itself(self, name: str) -> bool:
        """Whether the loader is that library, and looks for no file."""
        return self.libc == "musl" and _MUSL_OWN.match(name) is not None

    def _search(self, needed_by: Loaded) -> Iterator[str]:
        if self.libc == "musl":
            yield from self.library_path
            for link in needed_by.chain():  # musl inherits either kind
                yield from self._run_path(link, link.binary.runpath or link.binary.rpath)
            return
        if not needed_by.binary.runpath:
            for link in needed_by.chain():
                if not link.binary.runpath:  # which makes glibc forget the same file's DT_RPATH
                    yield from self._run_path(link, link.binary.rpath)
        yield from self.library_path
        yield from self._run_path(needed_by, needed_by.binary.runpath)

    def _run_path(self, link: Loaded, folders: tuple[str, ...]) -> Iterator[str]:
        for folder in folders:
            if expanded := self._expand(folder, link):
                yield expanded

    def _expand(self, text: str, link: Loaded) -> str:
        values = {
            "ORIGIN": str(link.path.parent),
            # What the builder of the loader called `lib`: its first own folder says it.
            "LIB": self.folders[0].strip("/") if self.folders else "lib",
            "PLATFORM": self.machine,
        }
        expanded = _TOKEN.sub(lambda match: values[match["braced"] or match["bare"]], text)
        return expanded if expanded.startswith("/") else ""


def loader_of(program: Binary, library_path: tuple[str, ...] = ()) -> Loader:
    """The loader that a program asks for.

    Args:
        program: an ELF executable.
        library_path: what LD_LIBRARY_PATH holds, absolute folders.
    """
    path = Path(program.interpreter or "/nonexistent")
    musl = path.name.startswith("ld-musl")
    return Loader(
        libc="musl" if musl else "glibc",
        machine=program.machines[0],
        bits=program.bits,
        folders=_musl_folders(path) if musl else _glibc_folders(path),
        library_path=library_path,
        cache={} if musl else _glibc_cache(path),
        level=None if musl or program.machines[0] != "x86_64" else level(),
    )


def _musl_folders(loader: Path) -> tuple[str, ...]:
    # `/lib/ld-musl-x86_64.so.1` reads `/etc/ld-musl-x86_64.path`.
    listing = loader.parent.parent / "etc" / f"{loader.name.partition('.')[0]}.path"
    record_read(listing)
    try:
        text = read_bytes(listing, _LARGEST).decode("utf-8", "surrogateescape")
    except OSError:
        return _MUSL_FOLDERS
    return tuple(folder for folder in re.split(r"[:\n]", text) if folder.startswith("/"))


def _glibc_folders(loader: Path) -> tuple[str, ...]:
    found = _find_in(loader, _OWN_FOLDERS)
    texts = os.fsdecode(found).split("\0")[:-1]
    return tuple(text.rstrip("/") for text in texts) or _USUAL_FOLDERS


def _glibc_cache(loader: Path) -> Mapping[str, tuple[str, ...]]:
    path = os.fsdecode(_find_in(loader, _OWN_CACHE)).rstrip("\0") or _USUAL_CACHE
    record_read(path)
    try:
        return read_cache(read_bytes(Path(path), _LARGEST))
    except OSError:
        return {}


def _find_in(path: Path, pattern: re.Pattern[bytes]) -> bytes:
    record_read(path)
    try:
        if not path.is_file():
            return b""
        with (
            path.open("rb") as stream,
            mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data,
        ):
            found = pattern.search(data)
            return found.group() if found else b""
    except (OSError, ValueError):  # ValueError: an empty file
        return b""
