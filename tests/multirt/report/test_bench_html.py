"""What `bench --html` draws, looked at in a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from multirt.report.bench_html import write_bench
from tests.multirt.report.test_bench import bench, measured

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser import Browser

PHONE = 390  # pixels


def test_a_phone_shows_how_threads_scale(tmp_path: Path, browser: Browser) -> None:
    one, two, four = (
        replace(measured("cpython-3.13.5t", 1 / number), threads=number) for number in (1, 2, 4)
    )
    page = tmp_path / "page.html"
    write_bench(bench(two, four, reference=one), [], page)
    tab = browser.open()
    tab.show(page.as_uri(), width=PHONE)
    assert "median with 1, 2, 4 threads" in tab.value("document.body.innerText")
    assert tab.value("document.querySelectorAll('polyline').length") == 1
    assert tab.value("document.documentElement.scrollWidth") <= PHONE
    widths = "[...document.querySelectorAll('svg')].map(each => each.getBoundingClientRect().width)"
    assert all(width >= 600 for width in tab.value(widths))  # as large as can be read
    assert tab.complaints == []
