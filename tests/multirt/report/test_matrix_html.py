"""The page of a matrix, as a browser shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multirt.report.matrix import write
from tests.multirt.report.test_matrix_report import full

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser import Browser


def test_a_browser_shows_every_runtime_and_which_test_fails_where(
    browser: Browser, tmp_path: Path
) -> None:
    file = tmp_path / "report.html"
    write(full(), "html", file)
    tab = browser.open()
    tab.show(file.as_uri())
    cells = tab.value(
        "[...document.querySelectorAll('#cells tbody tr')].map(e => ({...e.dataset}))"
    )
    assert [(each["cell"], each["state"]) for each in cells] == [
        ("3.11", "failed"),
        ("3.12", "passed"),
        ("3.13t", "blocked"),
        ("3.14", "crashed"),
    ]
    text = tab.value("document.querySelector('[data-cell=\"3.13t\"] .text').innerText")
    assert "no <wheel>" in text
    assert "build" in text
    marks = tab.value("[...document.querySelectorAll('#m td')].map(e => e.innerText.trim())")
    assert marks == ["✗", "·"]
    assert "multirt matrix -e 3.11 --" in tab.value("document.body.innerText")
    assert tab.complaints == []
    assert [each for each in tab.requests if not each.startswith(("file:", "data:"))] == []
