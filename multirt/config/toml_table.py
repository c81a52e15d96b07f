"""Read tables of TOML: misspelled keys are named with what was meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct

from multirt.config.model import Need, Prefer, Setting, Source
from multirt.errors import ConfigError, MultirtError
from runtimes import RuntimeSpec, SpecError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from enum import StrEnum
    from pathlib import Path

Command = tuple[str, ...]
_E = TypeVar("_E", bound="StrEnum")
_LONGEST = 366 * 24 * 3600  # seconds; neither `inf` nor what a system call refuses


class TomlTable:
    """A table whose every key must be asked for: `finish` refuses the others."""

    def __init__(self, data: Mapping[str, Any], where: str) -> None:
        """Wrap a table.

        Args:
            data: as `tomllib` gives it.
            where: what messages call it, `pyproject.toml: [tool.multirt.matrix]`.
        """
        self._data = data
        self._known: list[str] = []
        self.where = where

    def __contains__(self, key: str) -> bool:
        """Return whether a key is present."""
        return key in self._data

    def _take(self, key: str) -> object:
        self._known.append(key)
        return self._data.get(key)

    def text(self, key: str) -> str | None:
        """Return a string, None where the key is absent."""
        value = self._take(key)
        if value is None or isinstance(value, str):
            return value
        raise self.error(key, "is not a string", f'write {key} = "..."')

    def choice(self, key: str, allowed: Iterable[str]) -> str | None:
        """Return one of some strings, None where the key is absent."""
        value = self.text(key)
        strings = tuple(allowed)
        if value is None or value in strings:
            return value
        raise self.error(key, f"cannot be {value!r}", f"one of {', '.join(strings)}")

    def members(self, key: str, kind: type[_E]) -> tuple[_E, ...]:
        """Return members of an enum, from a string or a list of strings."""
        known = tuple(each.value for each in kind)
        strings = self.strings(key) or ()
        for string in strings:
            if string not in known:
                raise self.error(key, f"cannot be {string!r}", suggestion(string, known))
        return tuple(kind(string) for string in strings)

    def percent(self, key: str) -> int | None:
        """Return a whole number that is not negative, None where the key is absent."""
        value = self._take(key)
        if value is None or (type(value) is int and value >= 0):
            return value
        raise self.error(key, f"is not a number of percent: {value!r}", f"write {key} = 10")

    def flag(self, key: str) -> bool:
        """Return true or false; false where the key is absent."""
        value = self._take(key)
        if value is None or isinstance(value, bool):
            return bool(value)
        raise self.error(key, "is neither true nor false", f"write {key} = true")

    def seconds(self, key: str) -> float | None:
        """Return a positive number, None where the key is absent."""
        value = self._take(key)
        if value is None:
            return None
        if isinstance(value, int | float) and not isinstance(value, bool):  # noqa: SIM102 - types
            if 0 < value <= _LONGEST:
                return float(value)
        raise self.error(
            key, f"is not a number of seconds up to a year: {str(value)[:40]}", f"write {key} = 600"
        )

    def strings(self, key: str) -> tuple[str, ...] | None:
        """Return a list of strings; one string is a list of one; None where absent."""
        return self._strings(key, self._take(key))

    def _strings(self, key: str, value: object) -> tuple[str, ...] | None:
        if value is None:
            return None
        if isinstance(value, str):
            return (value,)
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            return tuple(value)
        raise self.error(key, "is not a list of strings", f'write {key} = ["..."]')

    def commands(self, key: str) -> tuple[Command, ...] | None:
        """Return a list of commands, each a list of arguments or a string; None where absent."""
        value = self._take(key)
        if value is None:
            return None
        if isinstance(value, list):
            return tuple(self._command(key, each) for each in value)
        hint = f'write {key} = [["python", "-m", "pytest", "{{posargs}}"]]'
        raise self.error(key, "is not a list of commands", hint)

    def _command(self, key: str, value: object) -> Command:
        from multirt.config.posargs import expand_posargs, split_command  # only the matrix has it

        try:
            strings = split_command(value) if isinstance(value, str) else self._strings(key, value)
            expand_posargs(strings or (), ())  # a malformed one fails here, not at the start
        except ValueError as error:
            raise self.error(key, f"has a command that cannot be read: {error}") from error
        if not strings:
            raise self.error(key, "has an empty command")
        return tuple(strings)

    def variables(self, key: str) -> dict[str, str]:
        """Return a table of strings; empty where the key is absent."""
        value = self._take(key)
        if value is None:
            return {}
        if isinstance(value, dict) and all(isinstance(each, str) for each in value.values()):
            return dict(value)
        raise self.error(key, "is not a table of strings", f'write {key} = {{ NAME = "value" }}')

    def table(self, key: str) -> TomlTable | None:
        """Return a table in this one, None where the key is absent."""
        value = self._take(key)
        if value is None:
            return None
        return self.part(key, value)

    def tables(self, key: str) -> tuple[TomlTable, ...]:
        """Return an array of tables; empty where the key is absent."""
        value = self._take(key)
        if value is None:
            return ()
        if not isinstance(value, list):
            raise self.error(key, "is not an array of tables", f"write [[{self._name}.{key}]]")
        return tuple(self.part(f"{key}[{index}]", each) for index, each in enumerate(value))

    def part(self, key: str, value: object) -> TomlTable:
        """Return a value of this table as a table of its own."""
        if not isinstance(value, dict):
            raise self.error(key, "is not a table")
        return TomlTable(value, f"{self.where.removesuffix(']')}.{key}]")

    def skip_tables(self, keys: Iterable[str]) -> None:
        """Count the tables of other commands as known; those commands check them."""
        self._known += [key for key in keys if isinstance(self._data.get(key), dict)]

    def rest(self) -> dict[str, Any]:
        """Return what was not asked for yet, and count it as known."""
        rest = {key: value for key, value in self._data.items() if key not in self._known}
        self._known += rest
        return rest

    def finish(self) -> None:
        """Refuse keys that were not read.

        Raises:
            MultirtError: it names the first one, and the known one that is nearest.
        """
        for key in self._data:
            if key not in self._known:
                hint = suggestion(key, sorted(self._known))
                raise ConfigError(f"{self.where} has no key {key!r}", hint)

    def error(self, key: str, trouble: str, hint: str | None = None) -> MultirtError:
        """Return the error that says what is wrong with a key."""
        return ConfigError(f"{self.where}: {key} {trouble}", hint)

    @property
    def _name(self) -> str:
        return self.where.partition("[")[2].removesuffix("]")


def nearest(string: str, known: Iterable[str]) -> str | None:
    """Return the known word that a misspelled one was meant to be, None when none is near."""
    from difflib import get_close_matches  # 3 ms, for a wrong word

    return next(iter(get_close_matches(string, tuple(known), n=1, cutoff=0.6)), None)


def suggestion(string: str, known: Iterable[str]) -> str:
    """Return a hint for a wrong word: the nearest known one, else all of them."""
    listed = tuple(known)
    near = nearest(string, listed)
    return f"did you mean {near!r}?" if near else f"known are {', '.join(listed)}"


# Tables of other commands, which check them themselves.
_TABLES = ("bench", "canary", "compare", "matrix")
V = TypeVar("V")


class Table(Struct, frozen=True, kw_only=True):
    """The settings of one table; None or empty where it has none."""

    runtimes: Setting[tuple[RuntimeSpec, ...]] | None = None
    implementation: Setting[str] | None = None
    needs: tuple[Setting[Need], ...] = ()
    sites: Setting[tuple[Path, ...]] | None = None
    imports: tuple[Setting[str], ...] = ()
    prefer: Setting[Prefer] | None = None
    margin: Setting[int] | None = None
    allow_prerelease: Setting[bool] | None = None
    whole_site: Setting[bool] | None = None


def read_table(data: Mapping[str, object], source: Source, origin: str, folder: Path) -> Table:
    """Check a table and return its settings.

    Args:
        data: as TOML gave it.
        source: the kind of its file.
        origin: the file and table, for messages.
        folder: what relative paths in it start from.

    Raises:
        MultirtError: a key is not known, or a value is invalid.
    """
    table = TomlTable(data, origin)
    table.skip_tables(_TABLES)

    def setting(value: V) -> Setting[V]:
        return Setting(value=value, source=source, origin=origin)

    def optional(key: str, value: V | None) -> Setting[V] | None:
        return setting(value) if value is not None and key in table else None

    prefer = table.members("prefer", Prefer)
    settings = Table(
        runtimes=optional("runtimes", _specs(table)),
        implementation=optional("implementation", table.text("implementation")),
        needs=tuple(map(setting, table.members("needs", Need))),
        sites=optional("site", tuple(folder / each for each in table.strings("site") or ())),
        imports=tuple(map(setting, table.strings("imports") or ())),
        prefer=setting(prefer[-1]) if prefer else None,
        margin=optional("fastest-margin", table.percent("fastest-margin")),
        allow_prerelease=optional("allow-prerelease", table.flag("allow-prerelease")),
        whole_site=optional("whole-site", table.flag("whole-site")),
    )
    table.finish()
    return settings


def _specs(table: TomlTable) -> tuple[RuntimeSpec, ...]:
    try:
        strings = table.strings("runtimes") or ()
        return tuple(RuntimeSpec.parse(string, fork=True) for string in strings)
    except SpecError as error:
        raise table.error("runtimes", f"is invalid: {error}") from error
