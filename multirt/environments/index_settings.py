"""Read the settings of uv and pip that choose indexes and versions."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from multirt.errors import MultirtError, ProgramError
from multirt.storage.files import read_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from multirt.environments.model import InstallRequest

NO_INDEX = "UV_NO_INDEX"
"""Set when only the folders of `UV_FIND_LINKS` count."""

_UV_INDEXES = (
    "UV_CONFIG_FILE",
    "UV_DEFAULT_INDEX",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_INDEX",
    "UV_INDEX_URL",
    NO_INDEX,
)
_SEPARATORS = {"UV_FIND_LINKS": ",", "UV_INDEX": " "}  # with what stands between two
PYPI = "https://pypi.org/simple"
_SECTIONS = ("global", "install")  # the later one counts


def index_settings(env: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that tell uv what pip was told; none where uv was told itself."""
    if any(name in env for name in _UV_INDEXES) or _uv_has_indexes(env):
        return {}
    pip = _pip_settings(env)
    # pip makes no difference between its indexes. uv takes a file from the first that has its
    # version, and the default index is its last.
    main = pip.get("index-url", "")
    *first, last = [main or PYPI, *pip.get("extra-index-url", "").split()]
    settings = {
        "UV_DEFAULT_INDEX": last if first else main,
        "UV_INDEX": " ".join(first),
        "UV_FIND_LINKS": ",".join(map(_address, pip.get("find-links", "").split())),
        "UV_INSECURE_HOST": " ".join(pip.get("trusted-host", "").split()),
        NO_INDEX: "1" if pip.get("no-index", "").lower() in {"1", "on", "true", "yes"} else "",
    }
    if settings["UV_INDEX"]:
        # pip takes the best version of all its indexes; uv would stop at the first that has any.
        settings["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    if "SSL_CERT_FILE" not in env and "cert" in pip:
        settings["SSL_CERT_FILE"] = pip["cert"]
    return {name: value for name, value in settings.items() if value and name not in env}


def with_settings(env: Mapping[str, str], settings: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Return variables with a script's own for uv: the user's count more, pip's count less.

    Places to look into are added to those of both.
    """
    settings = tuple(settings)
    if not settings:
        return env
    merged = {**env, **index_settings(env)}
    for name, value in settings:
        if name in _SEPARATORS and name in merged:
            merged[name] = _SEPARATORS[name].join((merged[name], value))
        elif name not in env:
            merged[name] = value
    return merged


def _address(location: str) -> str:
    """Write a location of files so that it does not depend on the current folder."""
    return location if "://" in location else os.path.abspath(Path(location).expanduser())  # noqa: PTH100 - as pip


def _uv_has_indexes(env: Mapping[str, str]) -> bool:
    """Tell whether a user's or the system's `uv.toml` names an index."""
    keys = ("index", "index-url", "extra-index-url", "find-links", "no-index", "pip")
    for file in (_config_home(env) / "uv/uv.toml", Path("/etc/uv/uv.toml")):
        try:
            lines = read_text(file, errors="replace").splitlines()
        except OSError:
            continue
        names = {line.partition("=")[0].strip(" []") for line in lines}
        if names.intersection(keys):
            return True
    return False


def _pip_settings(env: Mapping[str, str]) -> dict[str, str]:
    """Return pip's settings: its variables over its files, as it does itself."""
    settings: dict[str, str] = {}
    for file in _pip_files(env):
        try:
            text = read_text(file)
        except (OSError, UnicodeDecodeError):
            continue
        import configparser  # 1 ms, where there is one

        # `%` has no meaning there, as in an address with an escaped letter.
        parser = configparser.ConfigParser(interpolation=None, strict=False)
        try:
            parser.read_string(text)
        except configparser.Error:
            continue  # pip says it to its users; an index that is not found says it here
        for section in _SECTIONS:
            if parser.has_section(section):
                named = parser.items(section)
                settings |= {name.replace("_", "-").lower(): value for name, value in named}
    prefix = "PIP_"
    return settings | {
        name.removeprefix(prefix).replace("_", "-").lower(): value
        for name, value in env.items()
        if name.startswith(prefix) and value
    }


def _pip_files(env: Mapping[str, str]) -> Iterator[Path]:
    """Yield where pip keeps its settings, the one that counts most last."""
    override = env.get("PIP_CONFIG_FILE")
    if override == os.devnull:
        return
    name = "pip.ini" if os.name == "nt" else "pip.conf"
    home = Path(env.get("HOME") or env.get("USERPROFILE") or "/")
    if sys.platform == "darwin":
        yield Path("/Library/Application Support/pip") / name
        yield home / "Library/Application Support/pip" / name
    elif os.name == "nt":
        yield Path(env.get("PROGRAMDATA", "C:/ProgramData")) / "pip" / name
        yield Path(env.get("APPDATA") or home) / "pip" / name
    else:
        for folder in reversed((env.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":")):
            yield Path(folder) / "pip" / name
        yield Path("/etc") / name
    yield home / ("pip" if os.name == "nt" else ".pip") / name
    yield _config_home(env) / "pip" / name
    if env.get("VIRTUAL_ENV"):
        yield Path(env["VIRTUAL_ENV"]) / name
    if override:
        yield Path(override)


def _config_home(env: Mapping[str, str]) -> Path:
    home = Path(env.get("HOME") or env.get("USERPROFILE") or "/")
    if os.name == "nt":
        return Path(env.get("APPDATA") or home)
    return Path(env.get("XDG_CONFIG_HOME") or home / ".config")


# Keys of uv's settings, with the variables that mean the same.
_TEXTS = {
    "exclude-newer": "UV_EXCLUDE_NEWER",
    "index-strategy": "UV_INDEX_STRATEGY",
    "index-url": "UV_DEFAULT_INDEX",
    "prerelease": "UV_PRERELEASE",
    "resolution": "UV_RESOLUTION",
}
_LISTS = {"extra-index-url": "UV_INDEX", "find-links": "UV_FIND_LINKS"}
_INDEX_KEYS = ("index-url", *_LISTS)
# Without these something else would be installed than the script's author meant, or from
# another author.
_UVS_ALONE = (
    "dependency-metadata",
    "exclude-dependencies",
    "exclude-newer-package",
    "override-dependencies",
    "sources",
)


def apply_tool_uv(
    wanted: InstallRequest, table: Mapping[str, object], title: str, folder: Path
) -> InstallRequest:
    """Return what is wanted, to be resolved as a script's `[tool.uv]` says.

    Args:
        wanted: without it.
        table: as TOML gave it; what does not change which files are installed is passed over.
        title: how messages call the script.
        folder: what relative paths in it start from.

    Raises:
        MultirtError: a value is of the wrong kind, or uv alone could follow it.
    """
    reader = _TableReader(table=table, title=title, folder=folder)
    for key in _UVS_ALONE:
        if table.get(key):
            hint = "write `name @ URL` in its dependencies, or start it with `uv run`"
            raise reader.wrong(f"{key} cannot be followed here", hint)
    constraints = tuple(reader.texts("constraint-dependencies"))
    return replace(
        wanted,
        constraints=(*wanted.constraints, *constraints),
        settings=(*wanted.settings, *reader.settings()),
    )


class _TableReader(Struct, frozen=True, kw_only=True):
    """One table with its file."""

    table: Mapping[str, object]
    title: str
    folder: Path

    def settings(self) -> Iterator[tuple[str, str]]:
        """Yield the variables for uv with their values."""
        for key, variable in (*_TEXTS.items(), *_LISTS.items()):
            for value in self.texts(key, single=key in _TEXTS):
                yield variable, self._located(value) if key in _INDEX_KEYS else value
        if self.table.get("no-index") is True:
            yield NO_INDEX, "1"
        yield from self._indexes()

    def texts(self, key: str, *, single: bool = False) -> list[str]:
        """Return a list of texts, or one text as a list."""
        value = self.table.get(key, [])
        listed = [value] if single and key in self.table else value
        if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
            raise self.wrong(f"{key} is no {'text' if single else 'list of texts'}: {value!r}")
        return listed

    def _indexes(self) -> Iterator[tuple[str, str]]:
        tables = self.table.get("index", [])
        for each in tables if isinstance(tables, list) else [tables]:
            match each:
                case {"explicit": True}:
                    continue  # for what `sources` takes from it
                case {"url": str(url), **more}:
                    variable = "UV_DEFAULT_INDEX" if more.get("default") is True else "UV_INDEX"
                    name = f"{more['name']}=" if isinstance(more.get("name"), str) else ""
                    yield variable, f"{name}{self._located(url)}"
                case _:
                    raise self.wrong(f"an index has no url: {each!r}")

    def _located(self, location: str) -> str:
        """Return an address, or a path made absolute."""
        return location if "://" in location else str(self.folder / location)

    def wrong(self, what: str, hint: str | None = None) -> MultirtError:
        """Return the error that says what is wrong, and where."""
        return ProgramError(f"{self.title}: [tool.uv] {what}", hint)
