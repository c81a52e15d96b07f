"""Parse requirements and version ranges, and the block in which a script declares them (PEP 723).

`int` refuses more than 4,300 digits with an error of its own, and only once a version is compared;
a text of at most 4,096 characters never gets there.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field

from multirt.errors import ProgramError
from multirt.storage.files import parse_toml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.markers import Marker
    from packaging.specifiers import SpecifierSet

_LONGEST: Final = 4096  # characters
_VERSION = r"(?:~=|===?|!=|<=?|>=?)[ \t]*[\w.*+!-]+"
# A name with versions, which is what most requirements are.
_PLAIN = (
    rf"[ \t]*([A-Z0-9](?:[\w.-]*[A-Z0-9])?)[ \t]*({_VERSION}(?:[ \t]*,[ \t]*{_VERSION})*)?[ \t]*"
)


class Requirement(Struct, frozen=True, kw_only=True):
    """A distribution that has to be installed (PEP 508).

    Attributes:
        text: all of it, as `packaging` writes it.
        name: as it was written.
        extras: of it that are wanted too.
        versions: which versions serve, `>=1,<2`; empty where all do.
        marker: where it counts; None for everywhere.
        url: of the only file that serves; None for any file of an index.
    """

    text: str
    name: str
    extras: frozenset[str] = frozenset()
    versions: str = ""
    marker: Marker | None = None
    url: str | None = None

    def __str__(self) -> str:
        """Return it as it is written."""
        return self.text


def parse_specifiers(text: str) -> SpecifierSet:
    """Return the version range that a text names.

    Raises:
        ValueError: the text is not a version range (PEP 440), or is too long.
    """
    from packaging.specifiers import SpecifierSet  # 3 ms, where a range is written

    return SpecifierSet(_checked(text))


def parse_requirement(text: str) -> Requirement:
    """Return the requirement that a text names.

    Raises:
        ValueError: the text is not a requirement (PEP 508), or is too long.
    """
    plain = re.fullmatch(_PLAIN, _checked(text), re.ASCII | re.IGNORECASE)
    if plain is not None:
        name, versions = plain[1], plain[2]
        if versions is None:
            return Requirement(text=name, name=name)
        with suppress(ValueError):  # which is reported below
            versions = str(parse_specifiers(versions))
            return Requirement(text=f"{name}{versions}", name=name, versions=versions)
    from packaging import requirements  # 20 ms

    parsed = requirements.Requirement(text)
    return Requirement(
        text=str(parsed),
        name=parsed.name,
        extras=frozenset(parsed.extras),
        versions=str(parsed.specifier),
        marker=parsed.marker,
        url=parsed.url,
    )


def _checked(text: str) -> str:
    if len(text) > _LONGEST:
        message = f"longer than {_LONGEST} characters: {text[:40]}..."
        raise ValueError(message)
    return text


# The reference expression of PEP 723.
_BLOCK = r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)[ \t]*$\s(?P<content>(^#(| .*)$\s)+)^# ///[ \t]*$"


class Block(Struct, frozen=True, kw_only=True):
    """What a script says of itself.

    Attributes:
        requires_python: None when it does not say.
        dependencies: what it needs.
        declared: it lists dependencies, if only an empty list.
        settings: its table `[tool.multirt]`; None when it has none.
        uv: its table `[tool.uv]`; empty when it has none.
    """

    requires_python: SpecifierSet | None = None
    dependencies: tuple[Requirement, ...] = ()
    declared: bool = False
    settings: Mapping[str, object] | None = None
    uv: Mapping[str, object] = field(default_factory=dict)


def read_block(text: str, title: str) -> Block:
    """Read the block of a script.

    Args:
        text: the script.
        title: how messages call it.

    Raises:
        MultirtError: it is doubled, is not TOML, or is invalid.
    """
    content = _content(text, title)
    if content is None:
        return Block()
    try:
        table = parse_toml(content)
    except ValueError as error:
        raise ProgramError(f"{title}: invalid TOML in its script block: {error}") from error
    tool = table.get("tool")
    tools = tool if isinstance(tool, dict) else {}
    settings, uv = tools.get("multirt"), tools.get("uv", {})
    if settings is not None and not isinstance(settings, dict):
        raise ProgramError(f"{title}: tool.multirt in its script block is not a table")
    return Block(
        requires_python=requires_python(table.get("requires-python"), title),
        dependencies=dependencies(table.get("dependencies", []), title),
        declared="dependencies" in table,
        settings=settings,
        uv=uv if isinstance(uv, dict) else {},
    )


def _content(text: str, title: str) -> str | None:
    """Return the TOML in the one block, None when there is no block.

    A block without an end does not count, as PEP 723 demands.
    """
    if "# /// script" not in text:
        return None  # of most scripts; to compile the expressions takes 2 ms
    blocks = [match for match in re.finditer(_BLOCK, text) if match["type"] == "script"]
    if len(blocks) > 1:
        raise ProgramError(f"{title} has {len(blocks)} script blocks", "keep one (PEP 723)")
    if not blocks:
        return None
    lines = blocks[0]["content"].splitlines()
    return "\n".join(line[2:] if line.startswith("# ") else line[1:] for line in lines)


def requires_python(wanted: object, title: str) -> SpecifierSet | None:
    """Return a parsed `requires-python`, None when there is none.

    Raises:
        MultirtError: it means nothing.
    """
    if wanted is None:
        return None
    try:
        if isinstance(wanted, str):
            return parse_specifiers(wanted)
    except ValueError:
        pass
    hint = 'write for example requires-python = ">=3.9"'
    raise ProgramError(f"{title}: requires-python means nothing: {wanted!r}", hint)


def dependencies(listed: object, title: str) -> tuple[Requirement, ...]:
    """Return parsed dependencies.

    Raises:
        MultirtError: they are no list, or one means nothing.
    """
    if not isinstance(listed, list):
        raise ProgramError(f"{title}: dependencies is not a list")
    if not listed:
        return ()
    try:
        return tuple(parse_requirement(str(each)) for each in listed)
    except ValueError as error:
        raise ProgramError(f"{title}: a dependency means nothing: {error}") from error
