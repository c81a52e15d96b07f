"""Write a page to the file that was named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multirt.errors import MultirtError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def write_page(path: Path, template: str, context: Mapping[str, object]) -> None:
    """Render a template into a file.

    Raises:
        MultirtError: the file cannot be written.
    """
    from multirt.report.html import render  # jinja2: 35 ms, for --html only

    try:
        path.write_text(render(template, context), encoding="utf-8")
    except OSError as error:
        raise MultirtError("html", f"cannot write {path}: {error.strerror}") from error
