"""Read a table of settings: `[tool.multirt]`, or the whole of a multirt.toml."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct

from multirt.config.model import Need, Prefer, Setting, Source
from multirt.errors import ConfigError, MultirtError
from runtimes import RuntimeSpec, SpecError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from enum import StrEnum
    from pathlib import Path

_KEYS = (
    "allow-prerelease",
    "fastest-margin",
    "implementation",
    "imports",
    "needs",
    "prefer",
    "runtimes",
    "site",
    "whole-site",
)
# Tables of other commands, which check them themselves.
_TABLES = ("bench", "canary", "compare", "matrix")
_E = TypeVar("_E", bound="StrEnum")


class Table(Struct, frozen=True, kw_only=True):
    """The settings of one place; None or empty for what it does not say."""

    runtimes: Setting[tuple[RuntimeSpec, ...]] | None = None
    implementation: Setting[str] | None = None
    needs: tuple[Setting[Need], ...] = ()
    sites: Setting[tuple[Path, ...]] | None = None
    imports: tuple[Setting[str], ...] = ()
    prefer: Setting[Prefer] | None = None
    margin: Setting[int] | None = None
    allow_prerelease: Setting[bool] | None = None
    whole_site: Setting[bool] | None = None


def read_table(table: Mapping[str, object], source: Source, origin: str, folder: Path) -> Table:
    """Check a table and return its settings.

    Args:
        table: as TOML gave it.
        source: the kind of its place.
        origin: its place, for messages.
        folder: what relative paths in it start from.

    Raises:
        MultirtError: a key is not known, or a value is of the wrong kind or means nothing.
    """
    reader = _Reader(table=table, source=source, origin=origin)
    reader.check_keys()
    words = reader.words("runtimes")
    sites = reader.words("site")
    return Table(
        runtimes=reader.said("runtimes", tuple(reader.spec(word) for word in words)),
        implementation=reader.text("implementation"),
        needs=tuple(
            reader.setting(reader.member("needs", word, Need)) for word in reader.words("needs")
        ),
        sites=reader.said("site", tuple(folder / site for site in sites)),
        imports=tuple(map(reader.setting, reader.words("imports"))),
        prefer=_last(
            reader.setting(reader.member("prefer", word, Prefer)) for word in reader.words("prefer")
        ),
        margin=reader.percent("fastest-margin"),
        allow_prerelease=reader.flag("allow-prerelease"),
        whole_site=reader.flag("whole-site"),
    )


V = TypeVar("V")


class _Reader(Struct, frozen=True, kw_only=True):
    """One table with its place."""

    table: Mapping[str, object]
    source: Source
    origin: str

    def setting(self, value: V) -> Setting[V]:
        """Return a value with its place."""
        return Setting(value=value, source=self.source, origin=self.origin)

    def check_keys(self) -> None:
        """Refuse keys that mean nothing."""
        for key, value in self.table.items():
            if key in _KEYS or (key in _TABLES and isinstance(value, dict)):
                continue
            raise self.wrong(f"unknown key {key!r}", _nearest(key, _KEYS))

    def said(self, key: str, value: V) -> Setting[V] | None:
        """Return a value with its place, None when the table does not say it."""
        return self.setting(value) if key in self.table else None

    def words(self, key: str) -> tuple[str, ...]:
        """Return a text or a list of texts as a list."""
        value = self.table.get(key, [])
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
            raise self.wrong(f"{key} is no list of texts: {value!r}")
        return tuple(str(each) for each in listed)

    def text(self, key: str) -> Setting[str] | None:
        """Return a text."""
        value = self.table.get(key)
        if value is not None and not isinstance(value, str):
            raise self.wrong(f"{key} is no text: {value!r}")
        return self.setting(value) if value is not None else None

    def flag(self, key: str) -> Setting[bool] | None:
        """Return true or false."""
        value = self.table.get(key)
        if value is not None and not isinstance(value, bool):
            raise self.wrong(f"{key} is neither true nor false: {value!r}")
        return self.setting(value) if value is not None else None

    def percent(self, key: str) -> Setting[int] | None:
        """Return a whole number that is not negative."""
        value = self.table.get(key)
        if value is not None and (type(value) is not int or value < 0):
            raise self.wrong(f"{key} is no number of percent: {value!r}")
        return self.setting(value) if value is not None else None

    def member(self, key: str, word: str, kind: type[_E]) -> _E:
        """Return one of a few words."""
        try:
            return kind(word)
        except ValueError as error:
            known = tuple(each.value for each in kind)
            raise self.wrong(f"{key} knows no {word!r}", _nearest(word, known)) from error

    def spec(self, word: str) -> RuntimeSpec:
        """Return the runtime that a word names."""
        try:
            return RuntimeSpec.parse(word, fork=True)
        except SpecError as error:
            raise self.wrong(str(error)) from error

    def wrong(self, what: str, hint: str | None = None) -> MultirtError:
        """Return the error for a table that cannot be used."""
        return ConfigError(f"{self.origin}: {what}", hint)


def _last(settings: Iterable[Setting[V]]) -> Setting[V] | None:
    return next(reversed(list(settings)), None)


def _nearest(word: str, known: Iterable[str]) -> str:
    """Return a hint: the nearest word that is known, else all of them."""
    listed = list(known)
    from difflib import get_close_matches  # 3 ms, for a word that means nothing

    near = get_close_matches(word, listed, n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else f"known are {', '.join(listed)}"
