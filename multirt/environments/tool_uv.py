"""Understand the table `[tool.uv]` in a script's block, as far as it changes what is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from multirt.environments.pip_config import NO_INDEX
from multirt.errors import MultirtError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from multirt.environments.model import Wanted

# Keys of uv's settings, with the variables that mean the same.
_TEXTS = {
    "exclude-newer": "UV_EXCLUDE_NEWER",
    "index-strategy": "UV_INDEX_STRATEGY",
    "index-url": "UV_DEFAULT_INDEX",
    "prerelease": "UV_PRERELEASE",
    "resolution": "UV_RESOLUTION",
}
_LISTS = {"extra-index-url": "UV_INDEX", "find-links": "UV_FIND_LINKS"}
_PLACES = ("index-url", *_LISTS)
# Without these something else would be installed than the script's author meant, or from
# somebody else.
_UVS_ALONE = (
    "dependency-metadata",
    "exclude-dependencies",
    "exclude-newer-package",
    "override-dependencies",
    "sources",
)


def following(wanted: Wanted, table: Mapping[str, object], title: str, folder: Path) -> Wanted:
    """Return what is wanted, to be resolved as a script's `[tool.uv]` says.

    Args:
        wanted: without it.
        table: as TOML gave it; what does not change which files are installed is passed over.
        title: how messages call the script.
        folder: what relative paths in it start from.

    Raises:
        MultirtError: a value is of the wrong kind, or uv alone could follow it.
    """
    reader = _Reader(table=table, title=title, folder=folder)
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


class _Reader(Struct, frozen=True, kw_only=True):
    """One table with its place."""

    table: Mapping[str, object]
    title: str
    folder: Path

    def settings(self) -> Iterator[tuple[str, str]]:
        """Yield the variables for uv with their values."""
        for key, variable in (*_TEXTS.items(), *_LISTS.items()):
            for value in self.texts(key, single=key in _TEXTS):
                yield variable, self._placed(value) if key in _PLACES else value
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
                    yield variable, f"{name}{self._placed(url)}"
                case _:
                    raise self.wrong(f"an index has no url: {each!r}")

    def _placed(self, place: str) -> str:
        """Return an address, or a path made absolute."""
        return place if "://" in place else str(self.folder / place)

    def wrong(self, what: str, hint: str | None = None) -> MultirtError:
        """Return the error that says what is wrong, and where."""
        return MultirtError("script", f"{self.title}: [tool.uv] {what}", hint)
