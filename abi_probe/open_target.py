"""Read a named artifact: a wheel, a folder, a file, an installed distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abi_probe.distribution_name import normalize_name
from abi_probe.errors import NothingToProbeError, SourceArchiveError, UnreadableError
from abi_probe.read_tracking import record_read
from abi_probe.wheel import read_wheel

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from abi_probe.model import Artifact

_SDIST_ENDINGS = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip")


def read_path(path: Path) -> tuple[Artifact, ...]:
    """Read a wheel, a folder of installed packages, a folder of files, or one binary.

    Returns:
        One artifact; of a folder with metadata one for each distribution, in order of names.

    Raises:
        NothingToProbeError: a source archive, or a folder without packages.
        UnreadableError: broken, or not what its name says.
    """
    record_read(path)
    if path.suffix == ".whl" and path.is_file():
        return (read_wheel(path),)
    from abi_probe.site_packages import (  # 5 ms
        open_site,
        read_folder,
        read_installed,
        read_single_file,
    )

    if path.is_dir():
        site = open_site(path)
        if site.distributions:
            return tuple(read_installed(each) for each in site.distributions.values())
        return (read_folder(path),)
    if not path.exists():
        raise UnreadableError("no such file or folder")
    if path.name.endswith(_SDIST_ENDINGS):
        raise SourceArchiveError("nothing to probe: a source archive; build a wheel of it first")
    return (read_single_file(path),)


def read_distribution(name: str, roots: Iterable[Path]) -> Artifact:
    """Read an installed distribution by its name.

    Args:
        name: of the distribution, in any spelling (PEP 503).
        roots: folders of packages, the first that has it wins.

    Raises:
        NothingToProbeError: none of them has it.
        UnreadableError: its records are broken.
    """
    from abi_probe.site_packages import open_site, read_installed

    looked = list(roots)
    for root in looked:
        record_read(root)
        if root.is_dir():
            installed = open_site(root).distributions.get(normalize_name(name))
            if installed is not None:
                return read_installed(installed)
    folders = ", ".join(map(str, looked)) or "any folder"
    raise NothingToProbeError(f"not a file, a folder, or a distribution installed in {folders}")
