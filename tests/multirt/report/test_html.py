"""Pages: what stands in them is text, they need nothing else, and a browser shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jinja2
import pytest

from multirt.report.html import (
    HeatMap,
    HeatMapCell,
    HeatMapHeading,
    HeatMapReason,
    HeatMapRow,
    Tone,
    render,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser import Browser, Tab

HOSTILE = "a<script>alert(1)</script>\"'&{{ 7 * 7 }}\x1b[31m\u202e\udcff"


def heat_map(rows: int = 3, name: str = "gadget") -> HeatMap:
    """Return a map of two columns; every row but the first has a reason for the second."""
    reason = HeatMapReason(
        columns=(1,), kind="abi-tag", text=f"{name} is for others", tone=Tone.BAD
    )
    cells = (
        HeatMapCell(tone=Tone.GOOD, label="works"),
        HeatMapCell(tone=Tone.BAD, label="does not", text="3"),
    )
    return HeatMap(
        caption="Where it works",
        corner="artifact",
        columns=(
            HeatMapHeading(text="cpython-3.8.18"),
            HeatMapHeading(text="pypy-3.11", note="JIT"),
        ),
        rows=tuple(
            HeatMapRow(
                heading=HeatMapHeading(text=f"{name}{index}"),
                cells=cells,
                reasons=(reason,) * bool(index),
            )
            for index in range(rows)
        ),
        legend=((Tone.GOOD, "works"), (Tone.BAD, "does not")),
    )


def page(drawn: HeatMap) -> str:
    """Return the page of a map."""
    context = {"title": "a page", "facts": [("made", "today")], "map": drawn, "notes": ["a note"]}
    return render("heatmap_page.html", context)


@pytest.fixture
def tab(browser: Browser, tmp_path: Path) -> Tab:
    """Return a tab that shows the page of twenty rows."""
    (tmp_path / "page.html").write_text(page(heat_map(20)), encoding="utf-8")
    tab = browser.open()
    tab.show((tmp_path / "page.html").as_uri())
    return tab


def test_a_missing_value_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError, match="facts"):
        render("heatmap_page.html", {"title": "a page"})


def test_names_are_text(browser: Browser, tmp_path: Path) -> None:
    html = page(heat_map(2, HOSTILE))
    assert "\x1b" not in html
    assert "\u202e" not in html
    (tmp_path / "page.html").write_text(html, encoding="utf-8")
    tab = browser.open()
    tab.show((tmp_path / "page.html").as_uri())
    shown = tab.value("document.querySelector('tbody th').textContent")
    assert shown == "a<script>alert(1)</script>\"'&{{ 7 * 7 }}\\x1b[31m\\u202e\\udcff0"
    assert tab.value("document.querySelectorAll('script').length") == 1
    assert tab.complaints == []


def test_a_page_needs_nothing_else(tab: Tab) -> None:
    assert [address.rpartition("/")[2] for address in tab.requests] == ["page.html"]
    assert tab.complaints == []


def test_a_script_that_is_not_ours_does_not_run(browser: Browser, tmp_path: Path) -> None:
    html = page(heat_map()).replace("</main>", "<script>document.title = 'taken'</script></main>")
    (tmp_path / "page.html").write_text(html, encoding="utf-8")
    tab = browser.open()
    tab.show((tmp_path / "page.html").as_uri())
    assert tab.value("document.title") == "a page"
    assert "Content Security Policy" in "".join(tab.complaints)


@pytest.mark.parametrize(
    ("dark", "least", "most"),
    [pytest.param(False, 200, 255, id="light"), pytest.param(True, 0, 60, id="dark")],
)
def test_a_page_follows_the_readers_scheme(
    browser: Browser, tmp_path: Path, least: int, most: int, *, dark: bool
) -> None:
    (tmp_path / "page.html").write_text(page(heat_map()), encoding="utf-8")
    tab = browser.open()
    tab.show((tmp_path / "page.html").as_uri(), dark=dark)
    color = tab.value("getComputedStyle(document.body).backgroundColor")
    parts = [int(part) for part in color.removeprefix("rgb(").removesuffix(")").split(",")]
    assert all(least <= part <= most for part in parts)
    tab.picture(tmp_path / "page.png")
    assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")


def test_reasons_come_on_demand_by_keys_alone(tab: Tab) -> None:
    assert tab.value("document.querySelectorAll('details[open]').length") == 0
    tab.value("document.querySelector('td a').focus()")
    tab.press("ArrowDown")
    tab.press("Enter")
    assert tab.value("document.activeElement.closest('details').open")
    assert "gadget is for others" in tab.value("document.activeElement.innerText")
    assert tab.value("document.querySelectorAll('details[open]').length") == 1


def test_a_link_to_a_reason_opens_it(tab: Tab) -> None:
    tab.show(tab.requests[0] + "?#m7-0")
    assert tab.value("document.getElementById('m7').open")


def test_rows_are_filtered(tab: Tab) -> None:
    seen = "[...document.querySelectorAll('tbody tr')].filter((row) => !row.hidden).length"
    typed = "field.value = 'GET1'; field.dispatchEvent(new Event('input'))"
    assert tab.value(seen) == 20
    tab.value("document.querySelector('[data-troubled]').click()")
    assert tab.value(seen) == 19
    tab.value(f"const field = document.querySelector('[data-filter]'); {typed}")
    assert tab.value(seen) == 11
    assert tab.value("document.querySelectorAll('details:not([hidden])').length") == 11


def test_on_paper_every_reason_is_open(tab: Tab) -> None:
    # The page says itself, while it is printed, how many stay closed.
    tab.value(
        "addEventListener('beforeprint', () =>"
        " (document.title = document.querySelectorAll('details:not([open])').length))"
    )
    assert tab.paper().startswith(b"%PDF")
    assert tab.value("document.title") == "0"
    assert tab.value("document.querySelectorAll('details[open]').length") == 0
