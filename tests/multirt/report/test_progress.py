"""The bar that a terminal shows."""

from __future__ import annotations

import io

import pytest

from multirt.report.progress import Progress


class _Stream(io.StringIO):
    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


def test_a_terminal_sees_how_far_it_is_and_nothing_of_it_afterwards() -> None:
    stream = _Stream(terminal=True)
    with Progress(stream=stream, silent=0.0) as progress:
        progress.expect(4)
        progress.step("spam")
        assert stream.getvalue() == "\r\033[K[#####...............] 1/4 spam"
        progress.step("ham\x1b[31m\n")
        assert stream.getvalue().endswith("[##########..........] 2/4 ham\\x1b[31m\\n")
    assert stream.getvalue().endswith("\r\033[K")


def test_it_never_takes_a_second_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    stream = _Stream(terminal=True)
    Progress(1, stream=stream, silent=0.0).step("spam" * 99)
    assert len(stream.getvalue().removeprefix("\r\033[K")) == 59


@pytest.mark.parametrize(
    ("terminal", "silent"),
    [pytest.param(False, 0.0, id="a-file"), pytest.param(True, 1e9, id="quick-work")],
)
def test_progress_is_not_shown_off_a_terminal(silent: float, *, terminal: bool) -> None:
    stream = _Stream(terminal=terminal)
    with Progress(1, stream=stream, silent=silent) as progress:
        progress.step("spam")
    assert stream.getvalue() == ""
