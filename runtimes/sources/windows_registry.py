"""The runtimes in the Windows registry (PEP 514)."""

from __future__ import annotations

import ntpath
import sys
from typing import TYPE_CHECKING

from msgspec import Struct

from runtimes.sources.folders import SearchLocation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from runtimes.options import SearchOptions


class RegistryEntry(Struct, frozen=True, kw_only=True):
    """One registered tag.

    Attributes:
        company: who registered it, `PythonCore`.
        tag: what it is called there, `3.13-64`.
        install_path: default value of its `InstallPath` key; None when it has none.
        executable: `ExecutablePath` of that key; None when it has none.
    """

    company: str
    tag: str
    install_path: str | None
    executable: str | None


def locations(_search: SearchOptions) -> Iterator[SearchLocation]:
    """Yield what is registered for the user and for the machine, in 64 and 32 bits."""
    yield from locations_of(_entries())


def locations_of(entries: Iterable[RegistryEntry]) -> Iterator[SearchLocation]:
    """Yield the one file that each entry names."""
    for entry in entries:
        # PyLauncher is a company that registers no runtime (PEP 514).
        if entry.company == "PyLauncher":
            continue
        path = entry.executable
        if path is None and entry.install_path is not None:
            path = ntpath.join(entry.install_path, "python.exe")
        if path is not None and ntpath.isabs(path):
            folder, name = ntpath.split(path)
            yield SearchLocation(folder=folder, source="registry", name=name)


def is_store_stub(path: str, size: int) -> bool:
    """Tell whether a file is the alias that only opens the Windows Store.

    It has no content: an app execution alias is a reparse point of zero bytes.
    """
    return size == 0 and "\\microsoft\\windowsapps\\" in path.lower()


if sys.platform == "win32":
    import winreg

    def _entries() -> Iterator[RegistryEntry]:
        views = (
            (winreg.HKEY_CURRENT_USER, 0),
            (winreg.HKEY_LOCAL_MACHINE, winreg.KEY_WOW64_64KEY),
            (winreg.HKEY_LOCAL_MACHINE, winreg.KEY_WOW64_32KEY),
        )
        for hive, view in views:
            access = winreg.KEY_READ | view
            for company in _subkeys(hive, r"Software\Python", access):
                base = rf"Software\Python\{company}"
                for tag in _subkeys(hive, base, access):
                    key = rf"{base}\{tag}\InstallPath"
                    yield RegistryEntry(
                        company=company,
                        tag=tag,
                        install_path=_value(hive, key, "", access),
                        executable=_value(hive, key, "ExecutablePath", access),
                    )

    def _subkeys(hive: int, path: str, access: int) -> Iterator[str]:
        try:
            with winreg.OpenKey(hive, path, 0, access) as key:
                for index in range(winreg.QueryInfoKey(key)[0]):
                    yield winreg.EnumKey(key, index)
        except OSError:
            return

    def _value(hive: int, path: str, name: str, access: int) -> str | None:
        try:
            with winreg.OpenKey(hive, path, 0, access) as key:
                value, kind = winreg.QueryValueEx(key, name)
        except OSError:
            return None
        return value if kind in (winreg.REG_SZ, winreg.REG_EXPAND_SZ) else None

else:

    def _entries() -> Iterator[RegistryEntry]:
        """Yield nothing: only Windows has a registry."""
        yield from ()
