"""Read which modules a source file imports, and under which conditions."""

from __future__ import annotations

import ast
import builtins
import re
from typing import TYPE_CHECKING

from msgspec import Struct, field

from multirt.program.guards import mentions_runtime
from multirt.program.model import Exit, Guard, Import
from multirt.program.module_finder import is_module_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

# Texts, which `re` compiles when a file is met that this Python cannot parse.
# What is not at the margin may be in a `try` or in a function.
_PLAIN = r"(?P<lazy>lazy\s+)?import\s+(?P<names>[\w.]+(?:\s+as\s+\w+)?(?:\s*,.*)?)"
_FROM = r"(?P<lazy>lazy\s+)?from\s+(?P<name>[A-Za-z_][\w.]*)\s+import\s*(?P<names>.*)"
_LITERAL = r"(?s)(\"\"\"|''')(?:\\.|.)*?\1"


def imports_of_older(text: str, file: Path) -> tuple[Import, ...]:
    """Return the imports that stand at the margin of a file."""
    return tuple(_imports(text, file))


def _imports(text: str, file: Path) -> Iterator[Import]:
    for line, statement in _lines(text):
        for part in statement.split(";"):
            names = part.partition("#")[0].strip().rstrip("\\")
            if match := re.match(_FROM, names):
                yield Import(
                    name=match["name"],
                    members=tuple(_names(match["names"].replace("(", "").replace(")", ""))),
                    file=file,
                    line=line,
                    certain=not match["lazy"],
                )
            elif match := re.match(_PLAIN, names):
                for name in _names(match["names"]):
                    yield Import(name=name, file=file, line=line, certain=not match["lazy"])


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield what stands at the margin, with line numbers; long literals are left out."""
    without = re.sub(_LITERAL, lambda match: "''" + "\n" * match[0].count("\n"), text)
    for number, line in enumerate(without.splitlines(), 1):
        if line[:1].strip():
            yield number, line


def _names(listed: str) -> Iterator[str]:
    """Yield the first word of each item of a list, where it is a name."""
    for item in listed.split(","):
        name = item.split()[0] if item.split() else ""
        if name and all(part.isidentifier() for part in name.split(".")):
            yield name


# Ways to find modules in folders that are not known here.
_ELSEWHERE = re.compile(
    r"\bsys\.(?:path|modules|meta_path)\b|\bfrom sys import\b|\bimport sys as\b|\baddsitedir\b"
)
_TRIES = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
_SWALLOWS = frozenset({"suppress", "raises", "assertRaises"})
_ENDS = frozenset({"sys.exit", "exit", "quit", "os._exit"})
_IMPORTERS = frozenset({"__import__", "import_module", "importlib.import_module"})


class SourceImports(Struct, frozen=True, kw_only=True):
    """What one file shows.

    Attributes:
        imports: what it names, relative names made absolute.
        exits: conditions under which it refuses to run.
        modifies_sys_path: it mentions `sys.path`.
    """

    imports: tuple[Import, ...]
    exits: tuple[Exit, ...] = ()
    modifies_sys_path: bool = False


class _State(Struct, frozen=True, kw_only=True):
    """What stands above a statement."""

    certain: bool = True
    guards: tuple[Guard, ...] = ()

    def maybe(self) -> _State:
        return _State(certain=False, guards=self.guards)

    def under(self, guard: Guard) -> _State:
        return _State(certain=self.certain, guards=(*self.guards, guard))


def read_imports(text: str, file: Path, package: str | None) -> SourceImports:
    """Read one file.

    Args:
        text: the source; of another version of Python it is read by its lines.
        file: its path.
        package: the dotted name that its relative imports start from; None for the file that is
            started, in which `__name__` is `__main__`.
    """
    elsewhere = _ELSEWHERE.search(text) is not None
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        # For another version, with NUL bytes, or nested too deep for this one.

        return SourceImports(imports=imports_of_older(text, file), modifies_sys_path=elsewhere)
    reader = _ImportReader(file=file, package=package)
    try:
        reader.block(tree.body, _State())
    except RecursionError:
        return SourceImports(imports=tuple(reader.imports), modifies_sys_path=True)
    return SourceImports(
        imports=tuple(reader.imports), exits=tuple(reader.exits), modifies_sys_path=elsewhere
    )


class _ImportReader(Struct, kw_only=True):
    """One walk over a file.

    Attributes:
        file: its path.
        package: as in `read_imports`.
        imports: what was found.
        exits: conditions under which the file refuses to run.
        names: module-level names that stand for a condition, `PY2 = sys.version_info[0] == 2`.
    """

    file: Path
    package: str | None
    imports: list[Import] = field(default_factory=list)
    exits: list[Exit] = field(default_factory=list)
    names: dict[str, ast.expr] = field(default_factory=dict)

    def block(self, statements: Sequence[ast.stmt], state: _State) -> None:
        """Read statements that run one after the other."""
        for statement in statements:
            self._statement(statement, state)

    def _statement(self, node: ast.stmt, state: _State) -> None:
        match node:
            case ast.Import():
                for alias in node.names:
                    self._add(alias.name, (), node.lineno, state)
            case ast.ImportFrom():
                self._from(node, state)
            case ast.If():
                self._if(node, state)
            case ast.Try() | ast.TryStar():
                self._try(node, state)
            case ast.With() | ast.AsyncWith():
                inner = state.maybe() if _swallows(node) else state
                self._calls(node, state)
                self.block(node.body, inner)
            case ast.ClassDef():
                self.block(node.body, state)
            case ast.Assert():
                self._assert(node, state)
            case _:
                self._other(node, state)

    def _other(self, node: ast.stmt, state: _State) -> None:
        """Read a statement whose parts may run or not."""
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            test = self._named(node.value)
            if mentions_runtime(test):
                self.names[node.targets[0].id] = test
        self._calls(node, state)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt):
                self._statement(child, state.maybe())
            elif isinstance(child, ast.match_case | ast.ExceptHandler):
                self.block(child.body, state.maybe())

    def _if(self, node: ast.If, state: _State) -> None:
        test = self._named(node.test)
        if _asks_for_main(test):
            self.block(node.body, state if self.package is None else state.maybe())
            self.block(node.orelse, state.maybe())
            return
        if not mentions_runtime(test):
            self._calls(node, state)
            self.block([*node.body, *node.orelse], state.maybe())
            return
        text = ast.unparse(test)
        met = state.under(Guard(test=text))
        if _ends(node.body) and state.certain and self.package is None:
            self.exits.append(Exit(guards=met.guards, file=self.file, line=node.lineno))
        self.block(node.body, met)
        self.block(node.orelse, state.under(Guard(test=text, wanted=False)))

    def _assert(self, node: ast.Assert, state: _State) -> None:
        test = self._named(node.test)
        if state.certain and mentions_runtime(test):
            guards = (*state.guards, Guard(test=ast.unparse(test), wanted=False))
            self.exits.append(Exit(guards=guards, file=self.file, line=node.lineno))

    def _try(self, node: ast.Try | ast.TryStar, state: _State) -> None:
        harmless = [each for each in node.handlers if _catches_import(each)]
        mended = [each for each in harmless if not _ends(each.body)]
        before = len(self.imports)
        self.block(node.body, state.maybe() if mended else state)
        tried = tuple(each.name for each in self.imports[before:])
        for handler in node.handlers:
            instead = handler in mended and bool(tried) and _only_imports(node.body)
            under = state.under(Guard(missing=tried)) if instead else state.maybe()
            self.block(handler.body, under)
        self.block(node.orelse, state.maybe() if mended else state)
        self.block(node.finalbody, state)

    def _from(self, node: ast.ImportFrom, state: _State) -> None:
        """Read `from name import members`, relative or not."""
        name = node.module or ""
        if node.level:
            parent = self._parent(node.level)
            if parent is None:
                return  # the interpreter will say it
            name = ".".join(part for part in (parent, name) if part)
        members = tuple(alias.name for alias in node.names if alias.name != "*")
        if name:
            self._add(name, members, node.lineno, state)

    def _parent(self, level: int) -> str | None:
        """Return the package that so many dots lead to, None when they lead nowhere."""
        parts = self.package.split(".") if self.package else []
        return ".".join(parts[: len(parts) - level + 1]) if level <= len(parts) else None

    def _calls(self, node: ast.AST, state: _State) -> None:
        """Read `importlib.import_module("name")` and the like in a statement's expressions."""
        for call in _calls_below(node):
            if ast.unparse(call.func) in _IMPORTERS and call.args:
                name = call.args[0]
                if isinstance(name, ast.Constant) and isinstance(name.value, str):
                    found = name.value
                    if is_module_name(found):
                        self._add(found, (), call.lineno, state)

    def _add(self, name: str, members: tuple[str, ...], line: int, state: _State) -> None:
        self.imports.append(
            Import(
                name=name,
                members=members,
                file=self.file,
                line=line,
                certain=state.certain,
                guards=state.guards,
            )
        )

    def _named(self, test: ast.expr) -> ast.expr:
        """Return a condition with the names in it replaced by what they stand for."""
        replaced: ast.expr = _Replace(self.names).visit(test) if self.names else test
        return replaced


class _Replace(ast.NodeTransformer):
    """Replace names by the conditions that they stand for."""

    def __init__(self, names: dict[str, ast.expr]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._names.get(node.id, node)


def _calls_below(node: ast.AST) -> Iterator[ast.Call]:
    """Yield calls in the expressions of a statement that run whenever it does."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call):
            yield child
        if isinstance(child, ast.expr | ast.withitem | ast.keyword) and not isinstance(
            child, ast.Lambda | ast.IfExp | ast.BoolOp
        ):
            yield from _calls_below(child)


def _asks_for_main(test: ast.expr) -> bool:
    """Whether a condition is `__name__ == "__main__"`."""
    return "__name__" in (text := ast.unparse(test)) and "__main__" in text


def _ends(statements: Sequence[ast.stmt]) -> bool:
    """Whether a block always ends the program, with an error."""
    match statements[-1] if statements else None:
        case ast.Raise():
            return True
        case ast.Expr(value=ast.Call(func=function, args=arguments)):
            fine = not arguments or ast.unparse(arguments[0]) in ("0", "None")
            return ast.unparse(function) in _ENDS and not fine
        case _:
            return False


def _only_imports(statements: Sequence[ast.stmt]) -> bool:
    return all(isinstance(each, ast.Import | ast.ImportFrom) for each in statements)


def _swallows(node: ast.With | ast.AsyncWith) -> bool:
    """Whether a context makes a failing import harmless."""
    for item in node.items:
        call = item.context_expr
        if isinstance(call, ast.Call):
            name = ast.unparse(call.func).rpartition(".")[2]
            if name in _SWALLOWS and any(map(_is_import_error, call.args)):
                return True
    return False


def _catches_import(handler: ast.ExceptHandler) -> bool:
    """Whether a handler is there for a failing import."""
    if handler.type is None:
        return True
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(map(_is_import_error, kinds))


def _is_import_error(kind: ast.expr) -> bool:
    """Whether an expression names an error that a failing import is."""
    name = getattr(kind, "id", getattr(kind, "attr", ""))
    # A name that is not a builtin may stand for anything.
    return name in _TRIES or not hasattr(builtins, name)
