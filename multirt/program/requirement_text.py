"""Parse requirements and version ranges that files and users write, within a length limit.

`int` refuses more than 4,300 digits with an error of its own, and only once a version is compared;
a text of at most 4,096 characters never gets there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

_LONGEST: Final = 4096  # characters


def parse_specifiers(text: str) -> SpecifierSet:
    """Return the version range that a text names.

    Raises:
        ValueError: the text is not a version range (PEP 440), or is too long.
    """
    from packaging.specifiers import SpecifierSet  # 20 ms, where a range is written

    return SpecifierSet(_checked(text))


def parse_requirement(text: str) -> Requirement:
    """Return the requirement that a text names.

    Raises:
        ValueError: the text is not a requirement (PEP 508), or is too long.
    """
    from packaging.requirements import Requirement  # 60 ms, where one is written

    return Requirement(_checked(text))


def _checked(text: str) -> str:
    if len(text) > _LONGEST:
        message = f"longer than {_LONGEST} characters: {text[:40]}..."
        raise ValueError(message)
    return text
