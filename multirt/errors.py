"""The errors that end a command; `multirt.cli.main` gives each class its exit code."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """multirt's own exit codes; a program that was started gives its own."""

    VIOLATION = 1
    DIFFERENT = 1  # the same code: both commands found something
    USAGE = 2
    UNMET = 3  # a runtime that the matrix requires is missing, blocked, or promised in vain
    BUILD_FAILED = 4
    NOTHING_RAN = 5
    FAILED = 125
    CANNOT_START = 126
    NOTHING_FITS = 127


class ErrorKind(StrEnum):
    """What an error is about, as `--json` prints it: a part of the documented format."""

    BENCH = "bench"
    BUILD = "build"
    CACHE = "cache"
    CANARY = "canary"
    CONFIG = "config"
    COPY = "copy"
    COVERAGE = "coverage"
    DEPTH = "depth"
    ENVIRONMENT = "environment"
    EXECUTOR = "executor"
    EXPORT = "export"
    EXTRA = "extra"
    FILE = "file"
    FOLDER = "folder"
    HISTORY = "history"
    HTML = "html"
    IMPORT = "import"
    INDEX = "index"
    INPUT = "input"
    INTERNAL = "internal"
    LAUNCH = "launch"
    LOCK = "lock"
    MERGE = "merge"
    NO_RUNTIME = "no-runtime"
    NO_TESTS = "no-tests"
    NOTHING = "nothing"
    OUTPUT = "output"
    PROFILE = "profile"
    PROJECT = "project"
    REFERENCE = "reference"
    REPORT = "report"
    REQUIREMENTS = "requirements"
    RULE = "rule"
    RUNTIME = "runtime"
    SCRIPT = "script"
    SHEBANG = "shebang"
    SITE = "site"
    SPEC = "spec"
    SUITE = "suite"
    SYSTEM = "system"
    USAGE = "usage"
    WHEEL = "wheel"


class MultirtError(Exception):
    """A failure that the user has to know and act upon; raised as one of the subclasses.

    Attributes:
        kind: what it is about.
        message: what is wrong and where, one line.
        hint: what to do next; None when there is nothing to add.
    """

    kind: ErrorKind
    usual: ClassVar[ErrorKind]  # of a class, where the raise site names no other

    def __init__(
        self, message: str, hint: str | None = None, kind: ErrorKind | None = None
    ) -> None:
        """Keep the parts apart; only the command makes text of them."""
        super().__init__(message, hint, kind)
        self.message = message
        self.hint = hint
        self.kind = self.usual if kind is None else kind

    def __str__(self) -> str:
        """Return what is wrong."""
        return self.message


class UsageError(MultirtError):
    """The command line, or an argument of a function, cannot be meant."""

    usual = ErrorKind.USAGE


class ConfigError(MultirtError):
    """A file of settings is invalid."""

    usual = ErrorKind.CONFIG


class ProgramError(MultirtError):
    """The program that is to run cannot be read, or is invalid."""

    usual = ErrorKind.SCRIPT


class InputError(MultirtError):
    """A file or folder that was named cannot be used."""

    usual = ErrorKind.FILE


class NothingFitsError(MultirtError):
    """No runtime fits."""

    usual = ErrorKind.NO_RUNTIME


class BuildError(MultirtError):
    """A project does not build."""

    usual = ErrorKind.BUILD


class UnmetError(MultirtError):
    """What a matrix requires is not there."""

    usual = ErrorKind.EXECUTOR


class NothingRanError(MultirtError):
    """No cell of a matrix was run."""

    usual = ErrorKind.NOTHING


class LaunchError(MultirtError):
    """A runtime was chosen, and the program cannot be started on it."""

    usual = ErrorKind.LAUNCH


class OperationError(MultirtError):
    """multirt failed: a disk, an index, a worker or multirt itself does not work."""

    usual = ErrorKind.INTERNAL
