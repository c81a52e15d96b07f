"""Read a program: from the command line, the file to start, and its own modules."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from multirt.errors import MultirtError, ProgramError, UsageError
from multirt.program.imports import read_imports
from multirt.program.model import EntryPoint, Exit, Guard, Import, Program, ProgramKind, SourceFile
from multirt.program.module_finder import ModuleArchive, ModuleFolder, find, is_module_name
from multirt.program.requirements import Block, read_block
from multirt.program.shebang import Shebang, read_shebang
from multirt.storage.files import read_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multirt.program.module_finder import FoundModule, ModuleLocation

_INTERPRETERS = frozenset({"python", "python3"})
_LONGEST_END = 22 + 0xFFFF  # bytes; the end record of a zip archive and the longest comment
_ENDINGS = (".py", ".pyw", ".pyc", ".pyz")


def entry_of(arguments: Sequence[str], cwd: Path) -> tuple[EntryPoint, tuple[str, ...]]:
    """Return what is to run and the arguments that are its own.

    Args:
        arguments: a path, `-m MODULE`, `-c CODE`, `-`, or the name of a command; then arguments.
            Nothing at all means the interpreter itself, as it does for `python`.
        cwd: the folder that paths are looked up in.

    Raises:
        MultirtError: `-m` or `-c` without its word.
    """
    if not arguments:
        return EntryPoint(kind=ProgramKind.INTERPRETER), ()
    first, rest = arguments[0], tuple(arguments[1:])
    if first == "-":
        return EntryPoint(kind=ProgramKind.STDIN), rest
    for option, kind in (("-m", ProgramKind.MODULE), ("-c", ProgramKind.CODE)):
        if first == option:
            if not rest:
                raise UsageError(f"{option} needs a word after it")
            return EntryPoint(kind=kind, text=rest[0]), rest[1:]
        if first.startswith(option) and not first.startswith("--"):
            return EntryPoint(kind=kind, text=first[2:]), rest
    return _named(first, cwd), rest


def _named(argument: str, cwd: Path) -> EntryPoint:
    """Return what a word names: something on the disk, or else a command."""
    if argument in _INTERPRETERS:
        return EntryPoint(kind=ProgramKind.INTERPRETER)
    path = cwd / argument
    is_folder = path.is_dir()
    there = is_folder or path.exists()
    if is_folder or (there and _is_archive(path)):
        return EntryPoint(kind=ProgramKind.FOLDER, text=argument)
    if there or os.sep in argument or argument.endswith(_ENDINGS):
        return EntryPoint(kind=ProgramKind.SCRIPT, text=argument)
    return EntryPoint(kind=ProgramKind.COMMAND, text=argument)


def _is_archive(path: Path) -> bool:
    """Whether a file is a zip archive, which may have a `#!` line before it."""
    try:
        return path.is_file() and _ends_like_an_archive(path)
    except OSError:
        return False


def _ends_like_an_archive(path: Path) -> bool:
    """Whether a file has a zip archive's end; most programs show at once that they have none."""
    with path.open("rb") as stream:
        stream.seek(-min(path.stat().st_size, _LONGEST_END), os.SEEK_END)
        if b"PK\x05\x06" not in stream.read():
            return False
    import zipfile  # 8 ms

    return zipfile.is_zipfile(path)


def decoded(content: bytes, title: str) -> str:
    """Return a source's text, decoded as Python decodes it (PEP 263), line ends made one kind.

    Raises:
        MultirtError: it is not text, or in another encoding than it says.
    """
    if content.isascii() and b"coding" not in content:
        return content.decode().replace("\r\n", "\n").replace("\r", "\n")
    import tokenize  # 2 ms, where the encoding may be another one

    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        return io.TextIOWrapper(io.BytesIO(content), encoding).read()
    except (SyntaxError, UnicodeError, LookupError) as error:
        hint = "save it as UTF-8, or name its encoding in the first two lines (PEP 263)"
        raise ProgramError(f"{title} is not text: {error}", hint) from error


# What starts a Python by a name of its own; its options are not those of a Python.
_STARTERS = frozenset({"multirt", "uv", "pipx", "hatch", "pdm", "nix-shell"})


def read_program(entry: EntryPoint, cwd: Path, stdin: bytes | None = None) -> Program:
    """Read what is to run.

    Args:
        entry: what it is.
        cwd: the folder that it is started in.
        stdin: the program that came on stdin, for that kind.

    Raises:
        MultirtError: the file is not found, it is not text, or its PEP 723 block is broken.
    """
    match entry.kind:
        case ProgramKind.SCRIPT:
            return _script(entry, cwd)
        case ProgramKind.FOLDER:
            return _folder(entry, cwd)
        case ProgramKind.MODULE:
            return _module(entry, cwd)
        case ProgramKind.CODE:
            return _text(entry, cwd, os.fsencode(entry.text), Path("<string>"))
        case ProgramKind.STDIN:
            found = _text(entry, cwd, stdin or b"", Path("<stdin>"))
            return replace(found, stdin=stdin)
        case ProgramKind.COMMAND | ProgramKind.INTERPRETER:
            return Program(entry=entry)


def _script(entry: EntryPoint, cwd: Path) -> Program:
    script = Path(os.path.abspath(cwd / entry.text))  # noqa: PTH100 - a link stays what it is called
    content = _content(script)
    if script.suffix in (".pyc", ".pyo"):
        folder = Path(os.path.realpath(script)).parent
        sources = (SourceFile(file=script, content=content, certain=True),)
        return Program(entry=entry, script=script, folder=folder, sources=sources, read=(script,))
    line = _first_line(content, script)
    text = decoded(content, str(script))
    walk = _Walk(location=ModuleFolder(Path(os.path.realpath(script)).parent))
    walk.start(script, content, text)
    program = walk.program(entry, read_block(text, str(script)))
    return replace(program, script=script, interpreter=line.interpreter, options=line.options)


def _folder(entry: EntryPoint, cwd: Path) -> Program:
    """Read a folder or an archive, whose `__main__` is started."""
    path = Path(os.path.abspath(cwd / entry.text))  # noqa: PTH100 - links stay
    location: ModuleLocation = ModuleFolder(path) if path.is_dir() else ModuleArchive(path)
    found = next(find(location, "__main__"), None)
    if found is None:
        what = "folder" if path.is_dir() else "zip archive"
        hint = "name the script in it, or the module with -m"
        raise ProgramError(f"{path} is a {what} without a __main__.py", hint)
    walk = _Walk(location=location)
    block = _begin(walk, found)
    line = Shebang() if path.is_dir() else _first_line(_content(path), path)
    program = walk.program(entry, block)
    return replace(program, script=path, interpreter=line.interpreter, options=line.options)


def _module(entry: EntryPoint, cwd: Path) -> Program:
    """Read a module that lies where the program is started; others belong to packages."""
    name = entry.text
    if not is_module_name(name):
        hint = "write it as in `python -m package.module`"
        raise ProgramError(f"-m takes the dotted name of a module: {name!r}", hint)
    location = ModuleFolder(cwd)
    walk = _Walk(location=location)
    found = list(find(location, name)) or list(find(location, f"{name}.__main__"))
    if found and found[-1].name == f"{name}.__main__":  # of a folder without an `__init__`
        name = found[-1].name
    if not found or found[-1].name != name:
        requested = Import(name=name, file=None, line=0, certain=True)
        walk.imports.append(replace(requested, local=location.has(name.partition(".")[0])))
        return walk.program(entry, Block())
    if found[-1].file.stem == "__init__":
        inner = [
            each for each in find(location, f"{name}.__main__") if each.file.stem == "__main__"
        ]
        if not inner:
            hint = f"a package is started by its {name}/__main__.py"
            raise ProgramError(f"{name} is a package without a __main__", hint)
        found += inner
    *parents, last = found
    walk.queue += [(each, True, ()) for each in parents]
    block = _begin(walk, last, package=last.package)
    return walk.program(entry, block)


def _text(entry: EntryPoint, cwd: Path, content: bytes, label: Path) -> Program:
    """Read code that is in no file."""
    text = decoded(content, entry.title)
    walk = _Walk(location=ModuleFolder(cwd))
    walk.start(label, content, text)
    block = read_block(text, entry.title) if entry.kind is ProgramKind.STDIN else Block()
    return walk.program(entry, block)


def _begin(walk: _Walk, found: FoundModule, package: str | None = None) -> Block:
    """Read the file that is started, and return what it says of itself."""
    if found.file.suffix != ".py":
        walk.sources.append(SourceFile(file=found.file, content=found.content, certain=True))
        return Block()
    text = decoded(found.content, str(found.file))
    walk.start(found.file, found.content, text, package)
    return read_block(text, str(found.file))


def _content(script: Path) -> bytes:
    """Return a script's bytes."""
    try:
        mode = script.stat().st_mode
        if not stat.S_ISREG(mode):
            hint = "save the script to a file, or give it on stdin with `-`"
            raise ProgramError(f"{script} is not a regular file", hint)
        return read_bytes(script)
    except (FileNotFoundError, NotADirectoryError) as error:
        hint = "a program is the path of a script, -m MODULE, -c CODE, - or an installed command"
        raise ProgramError(f"no such script: {script}", hint) from error
    except OSError as error:
        raise ProgramError(f"cannot read {script}: {error.strerror}") from error


def _first_line(content: bytes, script: Path) -> Shebang:
    """Return the Python that a first line names, and its options; empty where it names none."""
    line = read_shebang(content)
    name = line.interpreter
    if content.startswith(b"\x7fELF"):
        raise ProgramError(f"{script} is a binary program", "start it without multirt")
    if line.python:
        return line
    if name is None or name in _STARTERS or script.suffix in (".py", ".pyw", ".pyz"):
        return Shebang(options=line.options)
    hint = f"its first line asks for {name}: start it without multirt"
    raise ProgramError(f"{script} is not a Python script", hint)


class _Walk(Struct, kw_only=True):
    """The files of a program, each read once, the surest way to it first.

    Attributes:
        location: where its own modules lie.
        queue: files to read, with whether they are certainly imported, and under which guards.
    """

    location: ModuleLocation
    imports: list[Import] = field(default_factory=list)
    exits: list[Exit] = field(default_factory=list)
    sources: list[SourceFile] = field(default_factory=list)
    queue: list[tuple[FoundModule, bool, tuple[Guard, ...]]] = field(default_factory=list)
    elsewhere: bool = False

    def start(self, file: Path, content: bytes, text: str, package: str | None = None) -> None:
        """Read the file that is started, then all that it leads to."""
        self._read(file, content, text, package, sure=(True, ()))
        seen = {file}
        while self.queue:
            self.queue.sort(key=lambda each: (not each[1], len(each[2])))
            found, certain, guards = self.queue.pop(0)
            if found.file in seen:
                continue
            seen.add(found.file)
            if found.file.suffix != ".py":
                self.sources.append(
                    SourceFile(
                        file=found.file, content=found.content, certain=certain, guards=guards
                    )
                )
                continue
            try:
                inner = decoded(found.content, str(found.file))
            except MultirtError:
                continue  # the interpreter will say it, if it is ever imported
            self._read(found.file, found.content, inner, found.package, sure=(certain, guards))

    def _read(
        self,
        file: Path,
        content: bytes,
        text: str,
        package: str | None,
        *,
        sure: tuple[bool, tuple[Guard, ...]],
    ) -> None:
        """Read one file, and queue what its imports lead to."""
        certain, guards = sure
        tree = read_imports(text, file, package)
        self.sources.append(SourceFile(file=file, content=content, certain=certain, guards=guards))
        self.elsewhere = self.elsewhere or tree.modifies_sys_path
        self.exits += tree.exits
        for each in tree.imports:
            named = replace(each, certain=certain and each.certain, guards=(*guards, *each.guards))
            self.imports.append(replace(named, local=self._follow(named)))

    def _follow(self, each: Import) -> bool:
        """Queue the program's own files that an import runs; tell whether there are any."""
        names = [each.name, *(f"{each.name}.{member}" for member in each.members)]
        found = {one.file: one for name in names for one in find(self.location, name)}
        self.queue += [(one, each.certain, each.guards) for one in found.values()]
        return bool(found) or self.location.has(each.name.partition(".")[0])

    def program(self, entry: EntryPoint, block: Block) -> Program:
        """Return what was read."""
        archived = isinstance(self.location, ModuleArchive)
        files = [self.location.path] if archived else [each.file for each in self.sources]
        return Program(
            entry=entry,
            folder=self.location.path,
            requires_python=block.requires_python,
            dependencies=block.dependencies,
            declared=block.declared,
            settings=block.settings,
            uv=block.uv,
            sources=tuple(self.sources),
            imports=tuple(self.imports),
            exits=tuple(self.exits),
            modifies_sys_path=self.elsewhere,
            read=tuple(file for file in files if file.is_absolute()),
            absent=tuple(self.location.absent) if isinstance(self.location, ModuleFolder) else (),
        )
