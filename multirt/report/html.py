"""Render a template as one self-contained HTML file, and write it."""

from __future__ import annotations

import base64
import functools
import hashlib
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from multirt.errors import ErrorKind, InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from jinja2 import Environment
    from markupsafe import Markup


class Tone(StrEnum):
    """How good an answer is; a page shows each by color and by a mark."""

    GOOD = "good"
    FAIR = "fair"  # good as far as is known
    DOUBT = "doubt"  # not known
    BAD = "bad"
    NONE = "none"  # there is nothing to say


class HeatMapReason(Struct, frozen=True, kw_only=True):
    """Why cells of one row are as they are.

    Attributes:
        columns: positions of the columns that it holds for.
        kind: a short word, a cause; empty when there is none.
        text: one sentence, of any origin.
        tone: of the answer that it explains.
        help: what would help against it; None when nothing is known to.
    """

    columns: tuple[int, ...]
    kind: str
    text: str
    tone: Tone
    help: str | None = None


class HeatMapCell(Struct, frozen=True, kw_only=True):
    """One answer.

    Attributes:
        tone: how good it is.
        label: the answer in words, for pointing at and for reading aloud.
        text: what stands in the cell instead of the tone's mark; at most some five characters.
    """

    tone: Tone
    label: str
    text: str | None = None


class HeatMapHeading(Struct, frozen=True, kw_only=True):
    """The head of a row or of a column.

    Attributes:
        text: its name.
        note: a second, quieter line; None when there is none.
    """

    text: str
    note: str | None = None


class HeatMapRow(Struct, frozen=True, kw_only=True):
    """One row: as many cells as the map has columns.

    Attributes:
        heading: what the row is about.
        cells: the answers.
        reasons: of the whole row, worst first; a cell that one names leads to it.
        facts: sentences on what the row is about, above the reasons.
    """

    heading: HeatMapHeading
    cells: tuple[HeatMapCell, ...]
    reasons: tuple[HeatMapReason, ...] = ()
    facts: tuple[str, ...] = ()


class HeatMap(Struct, frozen=True, kw_only=True):
    """A table of answers.

    Attributes:
        caption: what the table shows, one line.
        corner: what the rows are.
        columns: the heads of the columns.
        rows: top to bottom.
        legend: each tone that occurs and what it means here.
    """

    caption: str
    corner: str
    columns: tuple[HeatMapHeading, ...]
    rows: tuple[HeatMapRow, ...]
    legend: tuple[tuple[Tone, str], ...]


_MARKS = {"good": "✓", "fair": "✓", "doubt": "?", "bad": "✗", "none": "·"}
# Control and direction characters of untrusted names: a page shows them, and never obeys them.
_CONTROL = {*range(0xA0)} - {*range(0x20, 0x7F)} - {0x09, 0x0A}  # tabs and new lines are text
_INVISIBLE = {code: f"\\x{code:02x}" for code in _CONTROL}
_INVISIBLE |= {code: f"\\u{code:04x}" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}


def render(template: str, context: Mapping[str, object]) -> str:
    """Return a page: style and script are in it, and it may load nothing.

    Args:
        template: a name below `multirt/report/templates`, as in `heatmap_page.html`.
        context: its values. Text is escaped; a value that a template names must be here.

    Raises:
        jinja2.UndefinedError: a value is missing.
    """
    return _environment().get_template(template).render(context)


@functools.cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # 35 ms, where a page is written

    environment = Environment(
        loader=PackageLoader("multirt.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalized,
    )
    environment.globals["marks"] = _MARKS
    environment.globals["inline"] = _inline
    environment.globals["digest"] = _digest
    return environment


def _finalized(value: object) -> object:
    """Return a value of a template's expression with all in it made visible."""
    if isinstance(value, str) and not hasattr(value, "__html__"):
        # A name of a file may hold bytes that are no text; UTF-8 refuses them.
        return value.translate(_INVISIBLE).encode("utf-8", "backslashreplace").decode()
    return value


def _inline(name: str) -> Markup:
    """Return a style sheet or script of ours as it stands: it goes into the page."""
    from markupsafe import Markup

    return Markup(_source(name))  # noqa: S704 - a file of this package


def _digest(name: str) -> str:
    """Return how a content security policy names a script, so that no other runs."""
    hashed = hashlib.sha256(_source(name).encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(hashed).decode('ascii')}"


def _source(name: str) -> str:
    environment = _environment()
    loader = environment.loader
    assert loader is not None  # noqa: S101 - `_environment` gives one; for the type checker
    return loader.get_source(environment, name)[0]


def write_page(path: Path, template: str, context: Mapping[str, object]) -> None:
    """Render a template into a file.

    Raises:
        MultirtError: the file cannot be written.
    """
    try:
        path.write_text(render(template, context), encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}", kind=ErrorKind.HTML) from error
