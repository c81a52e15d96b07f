"""Find the modules of an artifact that its own Python sources do not import for certain."""

from __future__ import annotations

import ast
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field

from abi_probe.archive import ZIP_ERRORS, open_archive
from abi_probe.errors import UnreadableError
from abi_probe.model import ArtifactKind
from abi_probe.read_tracking import read_bytes, record_read
from abi_probe.wheel import installed_path

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from abi_probe.model import Artifact

_MOST_BYTES: Final = 64 << 20  # of one source or binary
_TESTS: Final = frozenset({"test", "tests", "testing", "conftest"})


def optional_modules(
    artifact: Artifact, failing: Collection[str], *, others_load: bool
) -> frozenset[str]:
    """Return those of some modules that the artifact can do without.

    They are imported nowhere in its sources at the top level of a module, outside of `try`, and
    no other extension module has their name in it. Tests do not count. A module that nothing
    mentions is optional only where others of the artifact load, and a top-level module never is:
    importing it is what the artifact is for.

    Args:
        artifact: what they belong to, whose sources are read again.
        failing: dotted names.
        others_load: some other extension module of it loads.
    """
    nested = {module for module in failing if "." in module}
    if not nested:
        return frozenset()
    stems = {module: module.rpartition(".")[2] for module in nested}
    found = _Found()
    for module, text, package in _sources(artifact):
        found.any_source = True
        if any(stem in text for stem in stems.values()):
            found.read(module, text, package=package)
    optional = nested - found.certain if found.any_source else set()
    if not others_load:
        optional &= found.guarded
    binaries = {each.path: each.module for each in artifact.extensions} if optional else {}
    for path, data in _read(artifact, binaries):
        named = {m for m in optional if stems[m].encode() in data and m != binaries[path]}
        optional -= named
    return frozenset(optional)


class _Found(Struct, kw_only=True):
    """What the sources import.

    Attributes:
        certain: modules that a source needs when it is imported itself.
        guarded: modules that a source imports inside `try`.
        any_source: there are sources at all.
    """

    certain: set[str] = field(default_factory=set)
    guarded: set[str] = field(default_factory=set)
    any_source: bool = False

    def read(self, module: str, text: str, *, package: bool) -> None:
        """Add what one source imports; one of another Python's syntax adds nothing."""
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError):
            return
        base = module.split(".") if package else module.split(".")[:-1]
        self._statements(tree.body, base, self.certain)

    def _statements(self, body: Sequence[ast.AST], base: list[str], into: set[str]) -> None:
        """Add what statements import; those that may not run count only where they are guarded."""
        for each in body:
            match each:
                case ast.Import():
                    into.update(alias.name for alias in each.names)
                case ast.ImportFrom():
                    into.update(_names(each, base))
                case ast.Try():
                    inner = self.guarded if each.handlers else into
                    self._statements(each.body, base, inner)
                    self._statements(each.finalbody, base, into)
                case ast.With():
                    inner = self.guarded if any(map(_suppresses, each.items)) else into
                    self._statements(each.body, base, inner)
                case ast.ClassDef():
                    self._statements(each.body, base, into)
                case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.If():
                    tries = (node for node in ast.walk(each) if isinstance(node, ast.Try))
                    for node in tries:
                        self._statements([node], base, self.guarded)
                case _:
                    pass


def _names(node: ast.ImportFrom, base: list[str]) -> Iterator[str]:
    """Yield the modules that `from ... import ...` may mean."""
    if node.level > len(base) + 1:
        return
    start = base[: len(base) - node.level + 1] if node.level else []
    parts = [*start, *(node.module.split(".") if node.module else [])]
    yield ".".join(parts)
    yield from (".".join([*parts, alias.name]) for alias in node.names)


def _suppresses(item: ast.withitem) -> bool:
    """Return whether a `with` is one of `contextlib.suppress`."""
    call = item.context_expr
    if not isinstance(call, ast.Call):
        return False
    name = call.func.attr if isinstance(call.func, ast.Attribute) else None
    return "suppress" in {name, call.func.id if isinstance(call.func, ast.Name) else None}


def _sources(artifact: Artifact) -> Iterator[tuple[str, str, bool]]:
    """Yield the sources of an artifact but its tests: module, text, whether it is a package."""
    wanted = {}
    for module in artifact.sources:
        path = PurePosixPath(*module.split("."))
        package = module in artifact.packages
        name = path / "__init__.py" if package else path.with_name(f"{path.name}.py")
        if not _TESTS.intersection(path.parts) and not path.name.startswith("test_"):
            wanted[name] = (module, package)
    for name, data in _read(artifact, wanted):
        module, package = wanted[name]
        yield module, data.decode("utf-8", "replace"), package


def _read(
    artifact: Artifact, names: Collection[PurePosixPath]
) -> Iterator[tuple[PurePosixPath, bytes]]:
    """Yield the content of some files of an artifact; none of a wheel that is not on this disk."""
    if artifact.kind is not ArtifactKind.WHEEL:
        for name in names if artifact.root is not None else ():
            path = Path(artifact.root or "", name)
            record_read(path)
            with suppress(OSError):
                yield name, read_bytes(path, _MOST_BYTES)
        return
    with suppress(*ZIP_ERRORS, UnreadableError), open_archive(Path(artifact.target)) as archive:
        for info in archive.infolist():
            member = PurePosixPath(info.filename)
            name = installed_path(member) or member
            if name in names and not info.is_dir() and info.file_size <= _MOST_BYTES:
                yield name, archive.read(info)
