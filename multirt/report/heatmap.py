"""The values of a heat map: a table of many small answers, each with its reasons on demand."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Tone(StrEnum):
    """How good an answer is; a page shows each by colour and by a mark."""

    GOOD = "good"
    FAIR = "fair"  # good as far as is known
    DOUBT = "doubt"  # not known
    BAD = "bad"
    NONE = "none"  # there is nothing to say


class Reason(Struct, frozen=True, kw_only=True):
    """Why cells of one row are as they are.

    Attributes:
        columns: places of the columns that it holds for.
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


class Cell(Struct, frozen=True, kw_only=True):
    """One answer.

    Attributes:
        tone: how good it is.
        label: the answer in words, for pointing at and for reading aloud.
        text: what stands in the cell instead of the tone's mark; at most some five characters.
    """

    tone: Tone
    label: str
    text: str | None = None


class Heading(Struct, frozen=True, kw_only=True):
    """The head of a row or of a column.

    Attributes:
        text: its name.
        note: a second, quieter line; None when there is none.
    """

    text: str
    note: str | None = None


class Row(Struct, frozen=True, kw_only=True):
    """One row: as many cells as the map has columns.

    Attributes:
        heading: what the row is about.
        cells: the answers.
        reasons: of the whole row, worst first; a cell that one names leads to it.
        facts: sentences on what the row is about, above the reasons.
    """

    heading: Heading
    cells: tuple[Cell, ...]
    reasons: tuple[Reason, ...] = ()
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
    columns: tuple[Heading, ...]
    rows: tuple[Row, ...]
    legend: tuple[tuple[Tone, str], ...]
