"""What a runtime itself says of a program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Refusal(Struct, frozen=True, kw_only=True):
    """Why a runtime cannot compile a file.

    Attributes:
        line: where; 0 when it does not say.
        text: what stands there, without white space around; empty when it is not known.
        message: in the runtime's own words.
    """

    line: int
    text: str
    message: str


class Answers(Struct, frozen=True, kw_only=True):
    """What came of asking.

    Attributes:
        refused: files that it cannot compile.
        missing: names of its standard library that it does not have, `module` or `module:member`.
        mute: it has no way to answer.
        trouble: why there are fewer answers than questions; None when there are all.
    """

    refused: Mapping[Path, Refusal] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    mute: bool = False
    trouble: str | None = None
