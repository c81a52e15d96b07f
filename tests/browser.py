"""Look at a page in a real browser: headless Chromium, spoken to through its own pipe."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
from typing import TYPE_CHECKING, Any, Self

from msgspec import Struct, field

if TYPE_CHECKING:
    from pathlib import Path

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
# Quiet: nothing that a browser does by itself, above all nothing on the network.
_OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-default-apps", "--disable-extensions", "--hide-scrollbars", "--mute-audio"),
    "--disable-dev-shm-usage",  # containers have little of it
)
_COMPLAINTS = {"Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled"}

Message = dict[str, Any]  # what the DevTools protocol sends: JSON of any shape


def find_browser() -> str | None:
    """Return the browser's program; None where there is none."""
    return next((path for name in PROGRAMS if (path := shutil.which(name))), None)


class BrowserError(Exception):
    """The browser ended, or refused what it was asked."""


class Tab(Struct, frozen=True, kw_only=True):
    """One page that is being looked at.

    Attributes:
        browser: that shows it.
        session: its name in the protocol.
        complaints: what its console got, grows while one looks.
        requests: every address that it asked for, grows likewise.
    """

    browser: Browser
    session: str
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def ask(self, method: str, **parameters: object) -> Message:
        """Send one command and return its result."""
        return self.browser.ask(method, self, **parameters)

    def show(self, address: str, *, dark: bool = False, width: int = 1200) -> None:
        """Load an address and wait until it is there."""
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])
        size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
        self.ask("Emulation.setDeviceMetricsOverride", **size)
        self.ask("Page.navigate", url=address)
        self.browser.wait("Page.loadEventFired", self)

    def value(self, expression: str) -> Any:  # noqa: ANN401 - any JSON
        """Return what an expression of JavaScript is."""
        requested = {"expression": expression, "returnByValue": True, "awaitPromise": True}
        reply = self.ask("Runtime.evaluate", **requested)
        if "exceptionDetails" in reply:
            raise BrowserError(json.dumps(reply["exceptionDetails"]))
        return reply["result"].get("value")

    def press(self, key: str) -> None:
        """Press and release a key, by its name in JavaScript: `Tab`, `Enter`, `ArrowDown`."""
        codes = {"Tab": 9, "Enter": 13, "ArrowRight": 39, "ArrowDown": 40}
        text = {"text": "\r"} if key == "Enter" else {}
        common = {"key": key, "code": key, "windowsVirtualKeyCode": codes[key]}
        self.ask("Input.dispatchKeyEvent", type="keyDown", **common, **text)
        self.ask("Input.dispatchKeyEvent", type="keyUp", **common)

    def document(self) -> str:
        """Return the page as it stands now, as HTML."""
        return str(self.value("document.documentElement.outerHTML"))

    def picture(self, path: Path) -> None:
        """Write the whole page as a PNG."""
        reply = self.ask("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(reply["data"]))

    def paper(self) -> bytes:
        """Return the page as it is printed, a PDF."""
        return base64.b64decode(self.ask("Page.printToPDF", printBackground=True)["data"])


class Browser:
    """A Chromium of one's own, with a fresh profile."""

    def __init__(self, program: str, profile: Path) -> None:
        """Start it."""
        # It reads commands from descriptor 3 and answers on 4, each message ended by a NUL.
        commands, self._commands = _pipe()
        self._answers, replies = _pipe()
        text = [program, *_OPTIONS, f"--user-data-dir={profile}", "--remote-debugging-pipe"]
        self._process = os.posix_spawn(
            program,
            text,
            os.environ,
            file_actions=[
                *((os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)),
                (os.POSIX_SPAWN_DUP2, commands, 3),
                (os.POSIX_SPAWN_DUP2, replies, 4),
            ],
        )
        os.close(commands)
        os.close(replies)
        self._left = b""
        self._number = 0
        self._tabs: dict[str, Tab] = {}
        self._events: list[Message] = []

    def __enter__(self) -> Self:
        """Use it for a while."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        os.close(self._commands)  # it ends when nobody can command it any more
        os.waitpid(self._process, 0)
        os.close(self._answers)

    def open(self) -> Tab:
        """Return a new, empty tab."""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        reply = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        tab = Tab(browser=self, session=reply["sessionId"])
        self._tabs[tab.session] = tab
        return tab

    def ask(self, method: str, tab: Tab | None = None, **parameters: object) -> Message:
        """Send one command and return its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        text = json.dumps(message | ({"sessionId": tab.session} if tab else {}))
        os.write(self._commands, text.encode() + b"\0")
        while True:
            reply = self._receive()
            if reply.get("id") == self._number:
                if "error" in reply:
                    raise BrowserError(f"{method}: {reply['error']}")
                result: Message = reply["result"]
                return result
            self._note(reply)

    def wait(self, event: str, tab: Tab) -> None:
        """Read on until an event of a tab has come."""
        while True:
            for index, each in enumerate(self._events):
                if each["method"] == event and each.get("sessionId") == tab.session:
                    del self._events[index]
                    return
            self._note(self._receive())

    def _note(self, event: Message) -> None:
        """Keep what a tab did."""
        self._events.append(event)
        tab = self._tabs.get(event.get("sessionId", ""))
        if tab is None:
            return
        if event["method"] in _COMPLAINTS:
            tab.complaints.append(json.dumps(event["params"]))
        if event["method"] == "Network.requestWillBeSent":
            tab.requests.append(event["params"]["request"]["url"])

    def _receive(self) -> Message:
        """Return the next message."""
        while b"\0" not in self._left:
            more = os.read(self._answers, 1 << 16)
            if not more:
                raise BrowserError("the browser ended")
            self._left += more
        text, _, self._left = self._left.partition(b"\0")
        message: Message = json.loads(text)
        return message


def _pipe() -> tuple[int, int]:
    """Return a pipe whose ends are clear of the numbers that the browser expects its own at."""
    ends = os.pipe()
    moved = tuple(fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, 10) for each in ends)
    for each in ends:
        os.close(each)
    return moved[0], moved[1]
