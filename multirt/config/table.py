"""Read a table of settings: `[tool.multirt]`, or all of a multirt.toml."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct

from multirt.config.model import Need, Prefer, Setting, Source
from multirt.config.toml_table import TomlTable
from runtimes import RuntimeSpec, SpecError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

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
        sites=optional("site", tuple(folder / each for each in table.words("site") or ())),
        imports=tuple(map(setting, table.words("imports") or ())),
        prefer=setting(prefer[-1]) if prefer else None,
        margin=optional("fastest-margin", table.percent("fastest-margin")),
        allow_prerelease=optional("allow-prerelease", table.flag("allow-prerelease")),
        whole_site=optional("whole-site", table.flag("whole-site")),
    )
    table.finish()
    return settings


def _specs(table: TomlTable) -> tuple[RuntimeSpec, ...]:
    try:
        words = table.words("runtimes") or ()
        return tuple(RuntimeSpec.parse(word, fork=True) for word in words)
    except SpecError as error:
        raise table.error("runtimes", f"is invalid: {error}") from error
