"""Read what a script says of itself and which modules it imports."""

from __future__ import annotations

import ast
import builtins
import io
import os
import re
import tokenize
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from multirt.errors import MultirtError
from multirt.model import Import, Program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

# The reference expression of PEP 723.
_BLOCK = re.compile(
    r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)[ \t]*$\s(?P<content>(^#(| .*)$\s)+)^# ///[ \t]*$"
)
_OPENING = re.compile(r"(?m)^# /// script[ \t]*$")
# Ways to find modules in places that cannot be seen from here.
_ELSEWHERE = re.compile(
    r"\bsys\.(?:path|modules|meta_path)\b|\bfrom sys import\b|\bimport sys as\b|\baddsitedir\b"
)
_TRIES = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


def read_program(script: Path) -> Program:
    """Read a script.

    Raises:
        MultirtError: there is no such file, it is no text, or its PEP 723 block is broken.
    """
    text = _read_source(script)
    requires_python, dependencies = _metadata(text, script)
    folder = Path(os.path.realpath(script)).parent
    found = dict(_walk(script, folder, text))
    return Program(
        script=script,
        folder=folder,
        requires_python=requires_python,
        dependencies=dependencies,
        imports=tuple(each for tree in found.values() for each in tree.imports),
        searches_elsewhere=any(tree.searches_elsewhere for tree in found.values()),
    )


def _read_source(script: Path) -> str:
    """Return a script's text, decoded as Python decodes it (PEP 263)."""
    if script.exists() and not (script.is_file() or script.is_dir()):
        raise MultirtError("script", f"{script} is no regular file", "save the script to a file")
    if script.is_dir():
        raise MultirtError("script", f"{script} is a folder", "name the script in it")
    try:
        content = script.read_bytes()
    except FileNotFoundError as error:
        hint = "multirt run takes the path of a script"
        raise MultirtError("script", f"no such script: {script}", hint) from error
    except OSError as error:
        raise MultirtError("script", f"cannot read {script}: {error.strerror}") from error
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        return io.TextIOWrapper(io.BytesIO(content), encoding).read()
    except (SyntaxError, UnicodeError, LookupError) as error:
        hint = "save it as UTF-8, or name its encoding in the first two lines (PEP 263)"
        raise MultirtError("script", f"{script} is not text: {error}", hint) from error


def _metadata(text: str, script: Path) -> tuple[SpecifierSet | None, tuple[Requirement, ...]]:
    """Return `requires-python` and `dependencies` of the PEP 723 block."""
    blocks = [match for match in _BLOCK.finditer(text) if match["type"] == "script"]
    openings = len(_OPENING.findall(text))
    if openings > 1:
        raise MultirtError("script", f"{script} has {openings} script blocks", "keep one (PEP 723)")
    if not blocks:
        if openings:
            hint = "end it with a line `# ///`, every line before it starting with `#`"
            raise MultirtError("script", f"{script}: the script block has no end", hint)
        return None, ()
    lines = blocks[0]["content"].splitlines()
    content = "\n".join(line[2:] if line.startswith("# ") else line[1:] for line in lines)
    try:
        table = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        raise MultirtError("script", f"{script}: its script block is no TOML: {error}") from error
    return _requires_python(table, script), _dependencies(table, script)


def _requires_python(table: dict[str, object], script: Path) -> SpecifierSet | None:
    """Return the parsed `requires-python`."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # 20 ms, for blocks only

    wanted = table.get("requires-python")
    if wanted is None:
        return None
    try:
        if isinstance(wanted, str):
            return SpecifierSet(wanted)
    except InvalidSpecifier:
        pass
    hint = 'write for example requires-python = ">=3.9"'
    raise MultirtError("script", f"{script}: requires-python means nothing: {wanted!r}", hint)


def _dependencies(table: dict[str, object], script: Path) -> tuple[Requirement, ...]:
    """Return the parsed `dependencies`."""
    from packaging.requirements import InvalidRequirement, Requirement  # 60 ms, likewise

    listed = table.get("dependencies", [])
    if not isinstance(listed, list):
        raise MultirtError("script", f"{script}: dependencies is no list")
    try:
        return tuple(Requirement(str(each)) for each in listed)
    except InvalidRequirement as error:
        raise MultirtError("script", f"{script}: a dependency means nothing: {error}") from error


class _Tree:
    """The imports of one file.

    Attributes:
        imports: what it names.
        searches_elsewhere: it mentions `sys.path`.
    """

    def __init__(self, file: Path, text: str) -> None:
        """Read a file; one that this Python cannot parse shows no imports."""
        self.file = file
        self.imports: list[Import] = []
        self.searches_elsewhere = False
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return  # for another version, NUL bytes, or nested too deep for this one
        self._visit(tree, certain=True)
        self.searches_elsewhere = _ELSEWHERE.search(text) is not None

    def _visit(self, node: ast.AST, *, certain: bool) -> None:
        """Collect imports below a node."""
        if isinstance(node, ast.Import):
            for alias in node.names:
                self._add(alias.name, node.lineno, certain=certain)
        elif isinstance(node, ast.ImportFrom):
            if node.module and not node.level:
                self._add(node.module, node.lineno, certain=certain)
        elif isinstance(node, ast.If) and _is_type_checking(node.test):
            for statement in node.orelse:
                self._visit(statement, certain=certain)
        else:
            for child in ast.iter_child_nodes(node):
                self._visit(child, certain=certain and _always_runs(node))

    def _add(self, name: str, line: int, *, certain: bool) -> None:
        self.imports.append(Import(name=name, file=self.file, line=line, certain=certain))


def _always_runs(node: ast.AST) -> bool:
    """Whether what stands below a node runs, and fails, with it."""
    if isinstance(node, ast.Try):
        return not any(map(_catches_import, node.handlers))
    if isinstance(node, ast.With):
        return "suppress" not in ast.dump(node.items[0])
    return isinstance(node, ast.Module | ast.ClassDef)


def _is_type_checking(test: ast.expr) -> bool:
    """Whether a condition holds for type checkers only."""
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", None)
    return name == "TYPE_CHECKING"


def _catches_import(handler: ast.ExceptHandler) -> bool:
    """Whether a handler makes a failing import harmless."""
    if handler.type is None:
        return True
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    # A name that is no builtin may stand for anything.
    names = [getattr(kind, "id", getattr(kind, "attr", "")) for kind in kinds]
    return any(name in _TRIES or not hasattr(builtins, name) for name in names)


def _walk(script: Path, folder: Path, text: str) -> Iterator[tuple[Path, _Tree]]:
    """Yield the script and every first-party file that its imports lead to."""
    queue = [(script, text)]
    seen = {script}
    while queue:
        file, source = queue.pop()
        tree = _Tree(file, source)
        yield file, tree
        for each in tree.imports:
            found = first_party(folder, each.name)
            if found is not None and found not in seen:
                seen.add(found)
                try:
                    queue.append((found, _read_source(found)))
                except MultirtError:
                    continue  # the interpreter will say it, if it is ever imported


def first_party(folder: Path, name: str) -> Path | None:
    """Return the file beside a script that an import leads to, None when there is none.

    Args:
        folder: the script's own, which comes first on its `sys.path`.
        name: dotted.
    """
    base = folder.joinpath(*name.split("."))
    top = folder / name.partition(".")[0]
    for path in (base / "__init__.py", base.with_name(f"{base.name}.py")):
        if path.is_file():
            return path
    for path in (top / "__init__.py", top.with_name(f"{top.name}.py")):
        if path.is_file():
            return path
    return None
