"""What is asked for when a runtime is named."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Self

from msgspec import Struct

from runtimes.errors import SpecError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

    from runtimes.model import Runtime

# Each name by which an implementation can be asked for. `python` and `py` name the language.
_IMPLEMENTATIONS: dict[str, str | None] = {
    "python": None,
    "py": None,
    "cpython": "cpython",
    "cp": "cpython",
    "pypy": "pypy",
    "pp": "pypy",
    "graalpy": "graalpy",
    "graalpython": "graalpy",
    "jython": "jython",
    "jy": "jython",
    "ironpython": "ironpython",
    "ipy": "ironpython",
    "ip": "ironpython",
    "micropython": "micropython",
    "pyodide": "pyodide",
    "pyston": "pyston",
    "cinder": "cinder",
    "stackless": "stackless",
    "nogil": "nogil",
    "rustpython": "rustpython",
}
# The interpreter tags of PEP 425 run the version's parts together: cp312.
# Words for a build, which without a version name nothing.
_BUILDS = frozenset({"d", "t", "td", "dbg", "debug", "freethreaded", "gil"})
_TAGS = frozenset({"py", "cp", "pp", "jy", "ip"})

_PRE = r"(?:(?:a|b|rc)\d+)?"
_FLAGS = r"(?:[dt]|td|m)?"
# Texts, which `re` compiles when a word is first met: most starts have none.
_PATTERN = rf"""(?xi)
    (?P<name>[a-z](?:[a-z_]*[a-z])?)?
    (?:@|(?<=[a-z])-(?=\d))?
    (?P<version>\d+(?:\.\d+){{0,2}})?
    (?P<pre>{_PRE})
    (?P<flags>{_FLAGS})
    (?P<variants>(?:[-+](?:dbg|debug|freethreaded|nogil|gil))*)
    (?:-(?P<bits>32|64))?
    """
_ID = rf"([a-z][a-z0-9_]*)-(\d+\.\d+\.\d+{_PRE})((?:t?d?))(~[2-9]|~[1-9]\d+)?"
_BOUNDS = r"(?is)(?P<name>[a-z_]*)\s*@?\s*(?P<bounds>[<>=!~].*)"
_LONGEST = 4096  # characters: a path's; int() takes no more than 4300 digits
_MOST = 100  # releases in a line; the longest had 25
_COMPACT = r"(\d)(\d{1,2})"


def within(bounds: SpecifierSet, line: tuple[int, int]) -> bool:
    """Tell whether any release of a line, major and minor version, is within bounds."""
    major, minor = line
    return any(bounds.contains(f"{major}.{minor}.{micro}") for micro in range(_MOST))


class RuntimeSpec(Struct, frozen=True, kw_only=True):
    """One runtime or kind of runtime as it was asked for.

    Attributes:
        implementation: its name; None for any.
        release: leading parts of the language version, `(3, 12)`; empty for any.
        pre: the pre-release part, `rc1`; None when it was not named.
        debug: what is asked of the build; None leaves it open.
        free_threaded: the same.
        bits: of a pointer, 32 or 64; None leaves it open.
        bounds: PEP 440 specifiers for the language version; None when there are none.
        id: the id of one runtime; None when it was not asked for by that.
        path: a path as it was written; None when it was not asked for by that.
    """

    implementation: str | None = None
    release: tuple[int, ...] = ()
    pre: str | None = None
    debug: bool | None = None
    free_threaded: bool | None = None
    bits: int | None = None
    bounds: SpecifierSet | None = None
    id: str | None = None
    path: str | None = None

    @classmethod
    def parse(cls, text: str, *, fork: bool = False) -> Self:
        """Return the spec that a text stands for.

        `3`, `3.12`, `312`, `py312`, `cpython@3.12`, `pypy3.10`, `pp310`, `3.13t`, `3.8d`,
        `3.13-dbg`, `3.13+freethreaded`, `3.12-64`, `>=3.9,<3.12`, `pypy>=3.9`, the id of a
        runtime, or a path: what contains a separator or begins with `.` or `~`.

        A suffix fixes the build: `3.13t` is free-threaded and no debug build. Without one the
        build is left open. A version is that of the language or, after the name of another
        implementation than CPython, its own: `pypy@7.3`, `pyston@2.3`.

        Args:
            text: the spec.
            fork: take a name that is not known for that of a fork; `require_fork` tells whether a
                runtime has it.

        Raises:
            SpecError: the text is none of these; it carries what may have been meant.

        Example:
            >>> from runtimes import RuntimeSpec
            >>> RuntimeSpec.parse("pp310")
            RuntimeSpec('pypy@3.10')
            >>> RuntimeSpec.parse("3.13-dbg") == RuntimeSpec.parse("3.13d")
            True
        """
        if len(text) > _LONGEST:
            raise SpecError(f"{text[:40]}...", None)
        word = text.strip()
        spec = cls._read(word, fork=fork)
        if spec is None:
            raise SpecError(text, _suggestion(word))
        return spec

    @classmethod
    def _read(cls, word: str, *, fork: bool = False) -> Self | None:
        """Return the spec that a word is, None when it is none."""
        if not word or "\0" in word:
            return None
        if _is_path(word):
            return cls(path=word)
        if not word.isascii():  # other scripts have digits of their own
            return None
        if match := re.fullmatch(_BOUNDS, word):
            return cls._from_bounds(match, fork=fork)
        if spec := cls._from_id(word):
            return spec
        match = re.fullmatch(_PATTERN, word)
        return cls._from_word(match, fork=fork) if match else None

    @classmethod
    def _from_bounds(cls, match: re.Match[str], *, fork: bool) -> Self | None:
        # 20 ms that plain words do not need.
        from packaging.specifiers import InvalidSpecifier, SpecifierSet

        name = match["name"].lower()
        if name and not _is_name(name, fork=fork):
            return None
        if len(match["bounds"]) > _LONGEST:
            return None
        try:
            bounds = SpecifierSet(match["bounds"], prereleases=True)
        except InvalidSpecifier:
            return None
        return cls(implementation=_IMPLEMENTATIONS.get(name, name) or None, bounds=bounds)

    @classmethod
    def _from_id(cls, word: str) -> Self | None:
        match = re.fullmatch(_ID, word)
        if match is None:
            return None
        name = match[1]
        # A fork's name is its own; only what looks like a slip of the pen is refused.
        if name not in _IMPLEMENTATIONS and _near(name):
            return None
        return cls(id=word) if name not in ("python", *_TAGS) else None

    @classmethod
    def _from_word(cls, match: re.Match[str], *, fork: bool) -> Self | None:
        name = (match["name"] or "").lower()
        release = _release(match["version"] or "", name)
        if release is None or (name and not _is_name(name, fork=fork)):
            return None
        full = len(release) == 3  # noqa: PLR2004 - major, minor, micro
        build = match["flags"] or match["variants"]
        if (match["pre"] and not full) or (build and not release) or not (name or release):
            return None
        debug, free_threaded = _build(match["flags"].lower(), match["variants"].lower())
        return cls(
            implementation=_IMPLEMENTATIONS.get(name, name) or None,
            release=release,
            pre=match["pre"].lower() or None,
            debug=debug,
            free_threaded=free_threaded,
            bits=int(match["bits"]) if match["bits"] else None,
        )

    def accepts(self, runtime: Runtime) -> bool:
        """Tell whether a runtime is what is asked for.

        A full version means that very one; a shorter one means all that begin with it,
        pre-releases too. A path means the runtime that has it as its executable or an alias,
        compared as text: `find` also follows links and environments.
        """
        if self.path is not None:
            return Path(self.path) in (runtime.executable, *runtime.aliases)
        if self.id is not None:
            return runtime.id == self.id
        return (
            self.implementation in (None, runtime.implementation.name)
            and self._accepts_version(runtime)
            and self.debug in (None, runtime.abi.debug)
            and self.free_threaded in (None, runtime.abi.free_threaded)
            and self.bits in (None, runtime.platform.bits)
        )

    def may_accept(self, line: tuple[int, int]) -> bool:
        """Tell whether a `python` of a release line, major and minor, could be asked for."""
        if self.path is not None or self.id is not None:
            return False
        if self.names_fork:
            return True  # its file may be a `python3.9`, its version may be its own
        if self.implementation not in (None, "cpython"):
            return False
        if self.bounds is not None:
            return within(self.bounds, line)
        return self.release[:2] == line[: len(self.release)]

    @property
    def names_fork(self) -> bool:
        """Whether the name is that of an implementation which only some machine knows."""
        return self.implementation not in {None, *_IMPLEMENTATIONS.values()}

    def require_fork(self, runtimes: Iterable[Runtime]) -> None:
        """Check that some runtime has the name of a fork that is asked for.

        Raises:
            SpecError: none has it, so the name may be a slip.
        """
        names = {each.implementation.name for each in runtimes}
        if self.names_fork and self.implementation not in names:
            raise SpecError(str(self), _suggestion(str(self)))

    def _accepts_version(self, runtime: Runtime) -> bool:
        if self.bounds is not None:
            return self.bounds.contains(runtime.version, prereleases=True)
        if self._is_of(runtime.version):
            return True
        if self.implementation in (None, "cpython"):
            return False
        from packaging.version import Version

        return self._is_of(Version(runtime.implementation.version))

    def _is_of(self, version: Version) -> bool:
        """Whether a version is the one that is asked for, or begins with it."""
        if version.release[: len(self.release)] != self.release:
            return False
        if self.pre is None and len(self.release) < 3:  # noqa: PLR2004 - major, minor, micro
            return True
        pre = version.pre
        return self.pre == (f"{pre[0]}{pre[1]}" if pre else None)

    def __str__(self) -> str:
        """Return the shortest text that parses to the same spec."""
        if self.path is not None or self.id is not None:
            return self.path or self.id or ""
        name = self.implementation or ""
        if self.bounds is not None:
            return f"{name}{self.bounds}"
        version = ".".join(map(str, self.release)) + (self.pre or "")
        builds = {
            (None, None): "",
            (False, True): "t",
            (True, False): "d",
            (True, True): "td",
            (False, False): "+gil",
        }
        text = version + builds[self.debug, self.free_threaded]
        text += f"-{self.bits}" if self.bits else ""
        if not version:
            return f"{name or 'python'}{text}"
        # With the full version in it, `cpython-3.8.18` would be an id; `@` never is.
        return f"{name}@{text}" if name else text

    def __repr__(self) -> str:
        """Return the spec as it can be read."""
        return f"RuntimeSpec({str(self)!r})"


def _is_path(word: str) -> bool:
    separators = {os.sep, os.altsep or os.sep}
    hidden = word.startswith(".") and not word[1:2].isdigit()  # `.venv`, but not `.3`
    home = word == "~" or word.startswith(("~/", "~\\"))
    return hidden or home or bool(separators & set(word))


def _release(version: str, name: str) -> tuple[int, ...] | None:
    """Return the parts of a version, None when it is none."""
    compact = re.fullmatch(_COMPACT, version)
    if compact:
        return int(compact[1]), int(compact[2])
    parts = tuple(int(part) for part in version.split(".") if part)
    # The language's major version has one digit; an implementation's may have more: GraalPy 25.0.
    own = len(parts) > 1 and _IMPLEMENTATIONS.get(name, name) not in {"", None, "cpython"}
    long = len(version.partition(".")[0]) > 1 and not own
    if parts and (long or any(part > 999 for part in parts)):  # noqa: PLR2004 - no such version
        return None
    return parts


def _build(flags: str, variants: str) -> tuple[bool | None, bool | None]:
    """Return whether a debug and a free-threaded build are asked for, None where left open."""
    letters = set(re.findall(r"[a-z]+", variants))
    if not flags and not letters:
        return None, None
    if letters == {"gil"} and not flags:
        return False, False
    return "d" in flags or bool(letters & {"dbg", "debug"}), (
        "t" in flags or bool(letters & {"freethreaded", "nogil"})
    )


def _suggestion(word: str) -> str | None:
    """Return the nearest text that is a spec, None when nothing is near."""
    return next((text for text in _variations(word) if RuntimeSpec._read(text)), None)  # noqa: SLF001 - its own module


def _variations(word: str) -> Iterator[str]:
    """Yield what a word may have been meant to be, the nearest first."""
    match = re.fullmatch(r"([a-z]*)([-@]?)([\d.]*)(.*)", word, re.IGNORECASE | re.DOTALL)
    name, joint, version, rest = match.groups() if match else ("", "", "", "")
    name = "" if name in ("v", "V") else name
    near = name if not name or name.lower() in _IMPLEMENTATIONS else _near(name.lower())
    if near is None:
        return
    if rest.startswith(("<", ">", "=", "!", "~")):
        mended = rest.replace("=>", ">=").replace("=<", "<=")
        mended = re.sub(r"(?<=\w)\s+(?=[<>=!~])", ",", mended)
        yield near + re.sub(r"(?<![<>=!~])=(?!=)", "==", mended)
    version = re.sub(r"\.{2,}", ".", version.strip("."))
    rest = {"dt": "td", "tt": "t", "dd": "d"}.get(rest.lower(), rest)
    yield f"{near}{joint}{version}{rest}"
    if version:
        yield f"{near}{joint}{version}"
        yield f"{near}{joint}{'.'.join(version.split('.')[:3])}"
    if near:
        yield near


def _is_name(name: str, *, fork: bool) -> bool:
    """Return whether a name is one, or may be a fork's: not a slip of the pen, nor a build."""
    return name in _IMPLEMENTATIONS or (fork and name not in _BUILDS and not _near(name))


def _near(name: str) -> str | None:
    from difflib import get_close_matches  # only for what is wrong

    names = [known for known in _IMPLEMENTATIONS if known not in _TAGS]
    return next(iter(get_close_matches(name, names, n=1, cutoff=0.7)), None)
