"""Sort the files of an artefact into extension modules, other libraries and sources."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from abi_probe.errors import NotABinaryError, UnreadableError
from abi_probe.filename import read_claim, stem
from abi_probe.model import Claim, ClaimKind, Extension
from abi_probe.names import hook_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import PurePosixPath

    from abi_probe.model import Binary

# Names that may hold machine code; the bytes decide. `libfoo.so.5.15` and `libfoo.abi3.so.5` too.
_BINARY_NAME = re.compile(r"\.(?:so|pyd|dylib|dll)(?:\.|$)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """The files of an artefact, sorted; fields as in `Artefact`."""

    extensions: tuple[Extension, ...]
    libraries: Mapping[PurePosixPath, Binary]
    sources: frozenset[str]
    packages: frozenset[str]
    trouble: tuple[tuple[PurePosixPath, str], ...]


def may_be_binary(path: PurePosixPath) -> bool:
    """Whether a file's name allows machine code in it."""
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
    if module is None or not hook_names(binary.exports, own_name):
        return None
    return Extension(path=path, module=module, claim=claim, binary=binary)


def read_contents(
    paths: Iterable[PurePosixPath], read: Callable[[PurePosixPath], Binary]
) -> Contents:
    """Read every file that may be binary and sort all of them.

    Args:
        paths: of all files, relative to a folder of `sys.path`.
        read: gives the binary behind a path; raises `UnreadableError`.
    """
    extensions: list[Extension] = []
    libraries: dict[PurePosixPath, Binary] = {}
    sources: set[str] = set()
    trouble: list[tuple[PurePosixPath, str]] = []
    listed = sorted(paths)
    for path in listed:
        if path.suffix == ".py":
            module = module_name(path, path.stem)
            if module is not None:
                sources.add(module)
        elif may_be_binary(path):
            try:
                binary = read(path)
            except NotABinaryError as error:
                if _must_be_binary(read_claim(path.name)):
                    trouble.append((path, str(error)))
            except UnreadableError as error:
                trouble.append((path, str(error)))
            else:
                extension = extension_of(path, binary)
                if extension is not None:
                    extensions.append(extension)
                else:
                    libraries[path] = binary
    return Contents(
        extensions=tuple(extensions),
        libraries=libraries,
        sources=frozenset(sources),
        packages=frozenset(_packages(listed)),
        trouble=tuple(trouble),
    )


def _packages(paths: Iterable[PurePosixPath]) -> Iterator[str]:
    """Yield the packages whose own module is Python source."""
    for path in paths:
        if path.name == "__init__.py" and (package := module_name(path, "__init__")):
            yield package


def _must_be_binary(claim: Claim | None) -> bool:
    """Whether a name promises an extension, so that a text file behind it is an error.

    A bare `.so` may be a linker script or a marker; a tagged name cannot.
    """
    return claim is not None and claim.kind is not ClaimKind.GENERIC
