"""What is to run, and what was read from it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from packaging.specifiers import SpecifierSet

    from multirt.program.requirements import Requirement


class ProgramKind(StrEnum):
    """The ways to name a program to an interpreter."""

    SCRIPT = "script"  # a file, also a compiled one
    FOLDER = "folder"  # a folder or a zip archive with a `__main__` in it
    MODULE = "module"  # -m
    CODE = "code"  # -c
    STDIN = "stdin"  # -
    COMMAND = "command"  # a console script of an installed distribution
    INTERPRETER = "interpreter"  # the interpreter itself, with its own options or none


class EntryPoint(Struct, frozen=True, kw_only=True):
    """What to run, as the command line gives it.

    Attributes:
        kind: which way.
        text: the path, the module, the code or the command; empty for the other two.
    """

    kind: ProgramKind
    text: str = ""

    @property
    def title(self) -> str:
        """How messages call it, in one line."""
        text = " ".join(self.text.splitlines())
        match self.kind:
            case ProgramKind.SCRIPT | ProgramKind.FOLDER:
                return text.rstrip("/").rpartition("/")[2] or text
            case ProgramKind.MODULE:
                return f"-m {text}"
            case ProgramKind.CODE:
                return "the code of -c"
            case ProgramKind.STDIN:
                return "the program on stdin"
            case ProgramKind.COMMAND:
                return text
            case ProgramKind.INTERPRETER:
                return "the interpreter itself"


class Guard(Struct, frozen=True, kw_only=True):
    """A condition that something in a program stands under.

    Attributes:
        test: an expression over `sys.version_info` and the like, as source; empty when the
            condition is in `missing`.
        wanted: what the expression has to give.
        missing: modules of which one has to be absent, as in the handler of an ImportError.
    """

    test: str = ""
    wanted: bool = True
    missing: tuple[str, ...] = ()


class Import(Struct, frozen=True, kw_only=True):
    """One module that a program names in an `import`.

    Attributes:
        name: dotted.
        members: what is taken from it by `from name import ...`; empty for a plain `import`.
        file: which file names it; None for the command line.
        line: where; 0 for the command line.
        certain: where its guards hold it is imported, and the program fails without it.
        guards: the conditions that it stands under, all of which have to hold.
        local: the program brings it along.
    """

    name: str
    members: tuple[str, ...] = ()
    file: Path | None
    line: int
    certain: bool
    guards: tuple[Guard, ...] = ()
    local: bool = False


class Exit(Struct, frozen=True, kw_only=True):
    """A line at which a program ends itself with an error unless a condition holds.

    Attributes:
        guards: the conditions under which it ends.
        file: which file.
        line: where.
    """

    guards: tuple[Guard, ...]
    file: Path
    line: int


class SourceFile(Struct, frozen=True, kw_only=True):
    """One file of a program, which every runtime has to be able to compile.

    Attributes:
        file: its path; in an archive, below the archive's.
        content: its bytes.
        certain: where its guards hold the program cannot do without it.
        guards: the conditions under which it is imported.
    """

    file: Path
    content: bytes
    certain: bool
    guards: tuple[Guard, ...] = ()

    @property
    def compiled(self) -> bool:
        """Whether it is bytecode, which one version alone can load."""
        return self.file.suffix in (".pyc", ".pyo")


class Program(Struct, frozen=True, kw_only=True):
    """What is to run, and what it says of itself.

    Attributes:
        entry: as it was given.
        script: absolute path of the file, folder or archive to start, as it was named; None for
            what is none.
        folder: the first on its `sys.path`, links resolved; the archive for a zip archive. None
            for a command, whose folder is of no interest.
        requires_python: of its PEP 723 block; None when it does not say.
        dependencies: of its PEP 723 block.
        declared: it has a PEP 723 block that lists dependencies, if only an empty list.
        settings: the table `[tool.multirt]` of that block, as it stands there.
        uv: its table `[tool.uv]`, as there; empty when there is none.
        interpreter: the interpreter that its first line names, `python2.7`; None when there is
            none or it says nothing of the version.
        options: arguments for the interpreter, from the first line or the command line.
        sources: its files that were read, the first one started first.
        imports: of all of them.
        exits: conditions under which it refuses to run.
        modifies_sys_path: it changes `sys.path`, so a module not found proves nothing.
        read: files and folders that this depends on.
        absent: paths at which a file would have counted.
        stdin: what was read of stdin and has to be given on; None when stdin was left alone.
    """

    entry: EntryPoint
    script: Path | None = None
    folder: Path | None = None
    requires_python: SpecifierSet | None = None
    dependencies: tuple[Requirement, ...] = ()
    declared: bool = False
    settings: Mapping[str, object] | None = None
    uv: Mapping[str, object] = field(default_factory=dict)
    interpreter: str | None = None
    options: tuple[str, ...] = ()
    sources: tuple[SourceFile, ...] = ()
    imports: tuple[Import, ...] = ()
    exits: tuple[Exit, ...] = ()
    modifies_sys_path: bool = False
    read: tuple[Path, ...] = ()
    absent: tuple[Path, ...] = ()
    stdin: bytes | None = None

    @property
    def title(self) -> str:
        """How messages call it."""
        return self.entry.title
