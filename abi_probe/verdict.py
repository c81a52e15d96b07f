"""The values of judging: what rules an artifact out on a runtime, and what may go wrong there."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Cause(StrEnum):
    """The kind of a reason against one runtime, in the order of the checks."""

    SPEC = "spec"
    REQUIRES_PYTHON = "requires-python"
    SYNTAX = "syntax"
    STDLIB = "stdlib"
    PACKAGE = "package"
    BROKEN = "broken"
    PACKAGE_PYTHON = "package-python"
    ABI_TAG = "abi-tag"
    PLATFORM = "platform"
    ABI_SUFFIX = "abi-suffix"
    ABI_HOOK = "abi-hook"
    ABI_KIND = "abi-kind"
    ABI_SYMBOL = "abi-symbol"
    LIBRARY = "library"
    CAPABILITY = "capability"
    IMPORT = "import"


Facts = tuple[tuple[str, str], ...]
"""What a reason is about, by name: `tag`, `requires-python`, `library`, `need`, ..."""


class Objection(msgspec.Struct, frozen=True, kw_only=True):
    """One reason against an artifact, or a program, on one runtime.

    Attributes:
        cause: its kind.
        path: the file concerned, relative to the artifact; None when it concerns all of it.
        symbol: the symbol concerned; None when there is none.
        facts: what it is about, by name, the same on every runtime with this reason: what the
            artifact is or needs; of a program what the program or its user asks for.
        need: the beginning of a sentence, made of these facts; empty where only the facts are
            given, as in an objection of multirt to a runtime for a program.
        here: its end, which says what this runtime is or has; empty where that says nothing.
        help: what would make it fall, for who builds the artifact and who looks for another; None
            when nothing is known to.
    """

    cause: Cause
    need: str = ""
    here: str = ""
    path: str | None = None
    symbol: str | None = None
    facts: Facts = ()
    help: str | None = None

    @property
    def detail(self) -> str:
        """One sentence that names the file, the symbol, the version."""
        return self.need + self.here

    def fact(self, name: str) -> str | None:
        """Return one fact, None where the reason has none of that name."""
        return dict(self.facts).get(name)


class WarningKind(StrEnum):
    """What a warning is about."""

    RECORDS = "records"  # records that contradict each other or the files
    TABLE = "table"  # the runtime is not here: judged from a table
    OPTIONAL = "optional"  # a module that no source imports for certain is not usable
    FALLBACK = "fallback"  # a `.py` file stands in for an extension
    NAME = "name"  # a file name that leaves open what it is for
    BUILD = "build"  # perhaps for another build
    SYMBOL = "symbol"  # weak or unpromised names
    LIBRARY = "library"  # another distribution has to bring it
    PYTHON_LIBRARY = "python-library"  # a second Python in the process
    BUNDLED = "bundled"  # a library or program that does not fit
    GIL = "gil"
    NUMPY = "numpy"
    IMPORT = "import"  # what a real import showed


class JudgedWarning(msgspec.Struct, frozen=True, kw_only=True):
    """What may go wrong on a runtime that nothing rules out.

    Attributes:
        kind: what it is about.
        subject: the file or the names concerned, the same on every runtime with this warning.
        detail: one sentence.
    """

    kind: WarningKind
    detail: str
    subject: str = ""


class Status(StrEnum):
    """The answer for one artifact on one runtime, worst last."""

    COMPATIBLE = "compatible"  # a real import succeeded, or nothing native and the metadata fits
    UNVERIFIED = "unverified"  # every static check passed
    UNKNOWN = "unknown"  # unreadable
    INCOMPATIBLE = "incompatible"


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one artifact on one runtime.

    Attributes:
        target: the runtime's name.
        status: the answer.
        objections: every reason, in the order of the checks.
        warnings: what may go wrong although no objection rules the runtime out.
        imported: outcome of a real import; None when none was asked for.
    """

    target: str
    status: Status
    objections: tuple[Objection, ...] = ()
    warnings: tuple[JudgedWarning, ...] = ()
    imported: bool | None = None
