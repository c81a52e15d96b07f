"""The values of dispatch: a program, what stands against each runtime, and the plan."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

    from runtimes import Runtime


class Cause(StrEnum):
    """The kind of reason against one runtime for one program."""

    SPEC = "spec"
    REQUIRES_PYTHON = "requires-python"
    SYNTAX = "syntax"
    STDLIB = "stdlib"
    PACKAGE = "package"
    PACKAGE_PYTHON = "package-python"
    ABI_TAG = "abi-tag"
    ABI_SUFFIX = "abi-suffix"
    ABI_HOOK = "abi-hook"
    ABI_KIND = "abi-kind"
    ABI_SYMBOL = "abi-symbol"
    LIBRARY = "library"
    PLATFORM = "platform"
    CAPABILITY = "capability"
    IMPORT = "import"
    BROKEN = "broken"


@dataclass(frozen=True, kw_only=True, slots=True)
class Objection:
    """One reason against one runtime.

    Attributes:
        cause: its kind.
        detail: one sentence that names the file, the symbol, the version.
        path: the file concerned; None when there is none.
        symbol: the symbol concerned; None when there is none.
    """

    cause: Cause
    detail: str
    path: str | None = None
    symbol: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Import:
    """One module that a program names in an `import`.

    Attributes:
        name: dotted.
        file: which file names it.
        line: where.
        certain: it is imported whenever that file is: not in a function, and no `try` or `if`
            makes it optional.
    """

    name: str
    file: Path
    line: int
    certain: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """What is to run, and what it says of itself.

    Attributes:
        script: absolute path, as it was named.
        folder: where the script's own file lies, links resolved: the first on its `sys.path`.
        requires_python: of its PEP 723 block; None when it does not say.
        dependencies: of its PEP 723 block.
        imports: of the script and of the first-party files that it imports, by name.
        searches_elsewhere: it changes `sys.path`, so a module not found proves nothing.
    """

    script: Path
    folder: Path
    requires_python: SpecifierSet | None
    dependencies: tuple[Requirement, ...]
    imports: tuple[Import, ...]
    searches_elsewhere: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """A runtime with all that stands against it for a program.

    Attributes:
        runtime: the runtime.
        objections: every reason; nothing stands against it when there is none.
        unverified: distributions of which only static checks are known, by name.
        warnings: what may go wrong all the same.
        rank: the total order of preference; the smallest is best.
    """

    runtime: Runtime
    objections: tuple[Objection, ...]
    unverified: tuple[str, ...]
    warnings: tuple[str, ...]
    rank: tuple[object, ...]

    @property
    def accepted(self) -> bool:
        """Whether nothing stands against the runtime."""
        return not self.objections


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """How to start a program.

    Attributes:
        runtime: the one that was chosen.
        executable: what to start: the runtime, or an environment of it.
        arguments: for it, the program first.
        environment: variables to set.
    """

    runtime: Runtime
    executable: Path
    arguments: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()
