"""Take the package index from pip's configuration where uv has none of its own.

uv reads neither pip's files nor its variables, and a machine whose index is set there would
resolve for pip only.
"""

from __future__ import annotations

import configparser
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from multirt.storage.files import read_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

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
_PLACES = {"UV_FIND_LINKS": ",", "UV_INDEX": " "}  # with what stands between two
_PYPI = "https://pypi.org/simple"
_SECTIONS = ("global", "install")  # the later one counts


def index_settings(env: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that tell uv what pip was told; none where uv was told itself."""
    if any(name in env for name in _UV_INDEXES) or _uv_has_indexes(env):
        return {}
    pip = _pip_settings(env)
    # pip makes no difference between its indexes. uv takes a file from the first that has its
    # version, and the default index is its last.
    main = pip.get("index-url", "")
    *first, last = [main or _PYPI, *pip.get("extra-index-url", "").split()]
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
    told = {**env, **index_settings(env)}
    for name, value in settings:
        if name in _PLACES and name in told:
            told[name] = _PLACES[name].join((told[name], value))
        elif name not in env:
            told[name] = value
    return told


def _address(place: str) -> str:
    """Write a place of files so that it does not depend on the current folder."""
    return place if "://" in place else os.path.abspath(Path(place).expanduser())  # noqa: PTH100 - as pip


def _uv_has_indexes(env: Mapping[str, str]) -> bool:
    """Tell whether a user's or the system's `uv.toml` names an index."""
    words = ("index", "index-url", "extra-index-url", "find-links", "no-index", "pip")
    for file in (_config_home(env) / "uv/uv.toml", Path("/etc/uv/uv.toml")):
        try:
            lines = read_text(file, errors="replace").splitlines()
        except OSError:
            continue
        names = {line.partition("=")[0].strip(" []") for line in lines}
        if names.intersection(words):
            return True
    return False


def _pip_settings(env: Mapping[str, str]) -> dict[str, str]:
    """Return pip's settings: its variables over its files, as it does itself."""
    settings: dict[str, str] = {}
    for file in _pip_files(env):
        # `%` has no meaning there, as in an address with an escaped letter.
        parser = configparser.ConfigParser(interpolation=None, strict=False)
        try:
            parser.read_string(read_text(file))
        except (configparser.Error, OSError, UnicodeDecodeError):
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
