"""Read the files in which other tools pin the Python of a folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from multirt.storage.files import parse_toml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# In one folder the first counts: pyenv's and uv's, uv's list, mise's, asdf's.
PINS = (".python-version", ".python-versions", "mise.toml", ".mise.toml", ".tool-versions")


def pinned(name: str, text: str) -> str:
    """Return what a file pins, as `.python-version` would; empty where it pins no Python.

    Args:
        name: of the file.
        text: its content.

    Raises:
        ValueError: it is not TOML where it should be.
    """
    if name.endswith(".toml"):
        tools = parse_toml(text).get("tools")
        return "\n".join(_mise_versions(tools.get("python") if isinstance(tools, dict) else None))
    if name == ".tool-versions":
        lines = (line.partition("#")[0].split() for line in text.splitlines())
        return "\n".join(" ".join(words[1:]) for words in lines if words[:1] == ["python"])
    return text


def _mise_versions(value: object) -> Iterator[str]:
    """Yield the versions in mise's configuration: text, a table with `version`, or several."""
    match value:
        case str():
            yield value
        case {"version": str(version)}:
            yield version
        case list():
            for each in value:
                yield from _mise_versions(each)
        case _:
            return


def uv_global_pin(env: Mapping[str, str]) -> Path:
    """Return where `uv python pin --global` writes, which need not be there."""
    config = env.get("XDG_CONFIG_HOME") or os.path.join(env.get("HOME", "/"), ".config")  # noqa: PTH118
    return Path(config, "uv", ".python-version")
