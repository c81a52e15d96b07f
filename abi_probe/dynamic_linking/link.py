"""Link the extensions of an artifact to what a runtime gives, as its loader would."""

from __future__ import annotations

import os
from collections import ChainMap
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, cast

from msgspec import Struct

from abi_probe.dynamic_linking.library_search import Loaded
from abi_probe.dynamic_linking.loader import resolve
from abi_probe.model import Format

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from abi_probe.dynamic_linking.loader import LinkResult, ProcessImage
    from abi_probe.model import Artifact, Binary, Extension

# Where the members of a wheel lie, as if it were installed: deep enough that a run path which
# climbs out of the wheel does not meet the folders of this machine.
_INSTALLED = PurePosixPath("/multirt-wheel/lib/python3/site-packages")
_NOTHING: Mapping[str, Loaded] = {}


class LinkContext(Struct, frozen=True, kw_only=True):
    """What a loader finds of an artifact, whichever runtime loads it.

    Attributes:
        root: the folder that its paths are relative to.
        files: its binaries by path.
        known: libraries that its code may load first, by each name that asks for them.
    """

    root: PurePosixPath
    files: Mapping[PurePosixPath, Binary]
    known: Mapping[str, Loaded]

    @classmethod
    def of(cls, artifact: Artifact, siblings: Mapping[str, Loaded] = _NOTHING) -> LinkContext:
        """Lay an artifact out.

        Args:
            artifact: what would be loaded.
            siblings: `sibling_libraries` of what is installed with it.
        """
        root = _root(artifact)
        libraries = {root / path: binary for path, binary in artifact.libraries.items()}
        extensions = {root / each.path: each.binary for each in artifact.extensions}
        return cls(
            root=root,
            files={**libraries, **extensions},
            # Not one dictionary: what is next to may be read only on demand.
            known=ChainMap(sibling_libraries((artifact,)), cast("dict[str, Loaded]", siblings)),
        )


def link(
    ground: LinkContext, extensions: Iterable[Extension], given: ProcessImage
) -> dict[PurePosixPath, LinkResult]:
    """Follow the libraries of some extensions.

    Args:
        ground: of the artifact that they belong to.
        extensions: those that a runtime would load.
        given: what that runtime gives.

    Returns:
        What loading brings about, by the extension's path.
    """
    return {
        each.path: resolve(
            each.binary, ground.root / each.path, given, ground.files.get, ground.known
        )
        for each in extensions
        if each.binary.format is Format.ELF
    }


def _root(artifact: Artifact) -> PurePosixPath:
    """Return the folder that an artifact's paths are relative to, as the loader sees it."""
    if artifact.root is None:
        return _INSTALLED
    return PurePosixPath(os.path.realpath(artifact.root))


def sibling_libraries(artifacts: Iterable[Artifact]) -> dict[str, Loaded]:
    """Return every library of some artifacts under each name that asks for it.

    Of a whole site it is worth making once.
    """
    found: dict[str, Loaded] = {}
    for artifact in artifacts:
        root = _root(artifact) if artifact.libraries else _INSTALLED
        for path, binary in artifact.libraries.items():
            if binary.format is Format.ELF:
                library = Loaded(path=root / path, binary=binary, owned=True)
                found.setdefault(path.name, library)
                if binary.soname:
                    found.setdefault(binary.soname, library)
    return found
