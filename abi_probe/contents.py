"""Sort the files of an artifact into extension modules, other libraries and sources."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from abi_probe.binary import begins_as_binary
from abi_probe.errors import NotABinaryError, UnreadableError
from abi_probe.filename import read_claim, stem
from abi_probe.model import ClaimKind, Extension
from abi_probe.symbol_names import init_functions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import PurePosixPath

    from abi_probe.model import Binary

# Names of modules and libraries; the bytes decide. `libfoo.so.5.15` and `libfoo.abi3.so.5` too.
_BINARY_NAME = re.compile(r"\.(?:so|pyd|dylib|dll)(?:\.|$)", re.IGNORECASE)
# Names of source code, of which wheels are full, and of what only a debugger reads; of every other
# file the bytes tell.
_NEVER_LOADED = frozenset(
    {".py", ".pyi", ".pyc", ".pyx", ".pxd", ".h", ".hpp", ".c", ".cpp", ".debug"}
)


class Contents(Struct, frozen=True, kw_only=True):
    """The files of an artifact, sorted; fields as in `Artifact`."""

    extensions: tuple[Extension, ...]
    libraries: Mapping[PurePosixPath, Binary]
    programs: Mapping[PurePosixPath, Binary]
    sources: frozenset[str]
    packages: frozenset[str]
    trouble: tuple[tuple[PurePosixPath, str], ...]
    warnings: tuple[str, ...]


def may_be_binary(path: PurePosixPath) -> bool:
    """Return whether a file's name is that of a module or a library."""
    return _BINARY_NAME.search(path.name) is not None


def module_name(path: PurePosixPath, last: str) -> str | None:
    """Return the dotted name of a module file, None when no `import` statement can spell it.

    Args:
        path: of the file below a folder of `sys.path`.
        last: the file's own part of the name, `speedups` or `__init__`.
    """
    parts = [*path.parent.parts, last]
    if last == "__init__":
        parts.pop()
    return ".".join(parts) if parts and all(part.isidentifier() for part in parts) else None


def extension_of(path: PurePosixPath, binary: Binary) -> Extension | None:
    """Return the extension module that a file is, None when it is a library of another kind.

    A file is an extension module when it has a hook for its own name: libraries that are loaded
    through `ctypes` often bear the file name of an extension and have none.
    """
    claim = read_claim(path.name)
    if claim is None:
        return None
    name = stem(path.name, binary.exports)
    own_name = path.parent.name if name == "__init__" else name
    module = module_name(path, name)
    if module is None or not init_functions(binary.exports, own_name):
        return None
    return Extension(path=path, module=module, claim=claim, binary=binary)


def read_contents(
    paths: Iterable[PurePosixPath],
    read: Callable[[PurePosixPath], Binary],
    head: Callable[[PurePosixPath], bytes],
) -> Contents:
    """Read every binary, whatever its name, and sort all files.

    Args:
        paths: of all files, relative to a folder of `sys.path`.
        read: gives the binary behind a path; raises `UnreadableError`.
        head: gives the first bytes of a file, at least `HEAD_BYTES`; empty where it has none.
    """
    extensions: list[Extension] = []
    libraries: dict[PurePosixPath, Binary] = {}
    programs: dict[PurePosixPath, Binary] = {}
    trouble: list[tuple[PurePosixPath, str]] = []
    warnings: list[str] = []
    listed = sorted(paths)
    for path in listed:
        named = may_be_binary(path)
        if not named and not _shows_binary(path, head):
            continue
        try:
            binary = read(path)
        except UnreadableError as error:
            if _must_be_read(path, error):
                trouble.append((path, str(error)))
            elif not isinstance(error, NotABinaryError):  # a sample of damaged files, for example
                warnings.append(f"{path} begins as a binary and is not one: {error}")
            continue
        extension = extension_of(path, binary)
        if extension is not None:
            extensions.append(extension)
        elif binary.program:
            programs[path] = binary
        elif named or binary.shared_library:
            libraries[path] = binary
    return Contents(
        extensions=tuple(extensions),
        libraries=libraries,
        programs=programs,
        sources=frozenset(_modules(listed)),
        packages=frozenset(_packages(listed)),
        trouble=tuple(trouble),
        warnings=tuple(warnings),
    )


def _modules(paths: Iterable[PurePosixPath]) -> Iterator[str]:
    """Yield the modules and packages that are Python source."""
    for path in paths:
        if path.suffix == ".py" and (module := module_name(path, path.stem)):
            yield module


def _shows_binary(path: PurePosixPath, head: Callable[[PurePosixPath], bytes]) -> bool:
    """Return whether a file with any other name than a library's begins as a binary does."""
    return path.suffix not in _NEVER_LOADED and begins_as_binary(head(path))


def _packages(paths: Iterable[PurePosixPath]) -> Iterator[str]:
    """Yield the packages whose own module is Python source."""
    for path in paths:
        if path.name == "__init__.py" and (package := module_name(path, "__init__")):
            yield package


def _must_be_read(path: PurePosixPath, error: UnreadableError) -> bool:
    """Return whether it is an error that a file cannot be read, by what its name promises.

    A bare `.so` may be a linker script or a marker; a tagged name cannot be a text.
    """
    if isinstance(error, NotABinaryError):
        claim = read_claim(path.name)
        return claim is not None and claim.kind is not ClaimKind.GENERIC
    return may_be_binary(path)
