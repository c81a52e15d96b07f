"""The settings of one start, each with its source."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Generic, TypeVar

from msgspec import Struct

if TYPE_CHECKING:
    from pathlib import Path

    from packaging.specifiers import SpecifierSet

    from multirt.program.requirements import Requirement
    from runtimes import RuntimeSpec

T = TypeVar("T")


class Need(StrEnum):
    """What a program can ask of a build."""

    FREE_THREADING = "free-threading"
    DEBUG = "debug"
    JIT = "jit"
    SUBINTERPRETERS = "subinterpreters"


class Prefer(StrEnum):
    """Which of the runtimes that fit comes first."""

    NEWEST = "newest"
    OLDEST = "oldest"
    ACTIVE = "active"  # what `python3` or `python` on PATH starts
    FASTEST = "fastest"  # what `multirt bench` measured, where that is certain


class Source(StrEnum):
    """The kinds of sources of settings."""

    OPTION = "option"
    VARIABLE = "variable"
    PROGRAM = "program"  # the script itself
    PROJECT = "project"  # its pyproject.toml or multirt.toml
    PIN = "pin"  # a file of another tool, which counts only as far as it names a runtime here
    USER = "user"  # the user's own multirt.toml


class Setting(Struct, Generic[T], frozen=True, kw_only=True):
    """A value, and where it comes from.

    Attributes:
        value: the value.
        source: its kind; decisions depend on this alone.
        origin: its name, for messages: `--python`, `MULTIRT_PYTHON`, a file.
    """

    value: T
    source: Source
    origin: str


class NoteKind(StrEnum):
    """What a note is about."""

    PIN_RULED_OUT = "pin-ruled-out"  # by a requirement of the program
    PIN_INVALID = "pin-invalid"
    PIN_UNKNOWN = "pin-unknown"  # it names no runtime or environment of this machine
    LOCK_OLD = "lock-old"
    LOCK_INCOMPLETE = "lock-incomplete"
    PYTHONHOME = "pythonhome"
    HISTORY = "history"  # of measurements, which cannot be read


class Note(Struct, frozen=True, kw_only=True):
    """What the user should know of a choice that is made all the same.

    Attributes:
        kind: what it is about.
        facts: what its text names.
    """

    kind: NoteKind
    facts: tuple[str, ...]


class Configuration(Struct, frozen=True, kw_only=True):
    """All that is asked for one start.

    Attributes:
        runtimes: acceptable runtimes in order of preference; None when not set.
        shebang_spec: a runtime that the script's first line names; it is preferred, and its major
            version is required. None when there is none, or another setting names runtimes.
        implementation: the only implementation wanted; None for any.
        requires: language versions that the program and its project support.
        needs: what the build has to have.
        sites: folders of packages; None when not set.
        imports: modules that the program imports in ways that cannot be seen.
        prefer: what comes first.
        margin: percent by which the fastest has to be faster than the usual choice.
        allow_prerelease: pre-releases are as good as releases.
        whole_site: everything installed counts, not only what is imported.
        requirements: what the program needs to have installed.
        constraints: files of requirements (`pip install -r`).
        editable: projects to install in editable mode.
        notes: contradictions that were settled, and pins that do not count.
        read: files that were read.
        absent: files that would have counted.
        variables: names of environment variables that count, set or not.
    """

    runtimes: Setting[tuple[RuntimeSpec, ...]] | None = None
    shebang_spec: Setting[RuntimeSpec] | None = None
    implementation: Setting[str] | None = None
    requires: tuple[Setting[SpecifierSet], ...] = ()
    needs: tuple[Setting[Need], ...] = ()
    sites: Setting[tuple[Path, ...]] | None = None
    imports: tuple[Setting[str], ...] = ()
    prefer: Setting[Prefer] | None = None
    margin: Setting[int] | None = None
    allow_prerelease: Setting[bool] | None = None
    whole_site: Setting[bool] | None = None
    requirements: tuple[Setting[Requirement], ...] = ()
    constraints: tuple[Path, ...] = ()
    editable: tuple[Path, ...] = ()
    notes: tuple[Note, ...] = ()
    read: tuple[Path, ...] = ()
    absent: tuple[Path, ...] = ()
    variables: tuple[str, ...] = ()

    @property
    def specs(self) -> tuple[RuntimeSpec, ...]:
        """The runtimes asked for; empty when not set."""
        return self.runtimes.value if self.runtimes is not None else ()
