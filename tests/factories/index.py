"""Small real wheels, and package indexes that hold them."""

from __future__ import annotations

import hashlib
import http.server
import threading
import time
import zipfile
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path


def make_wheel(  # noqa: PLR0913 - what tests vary, by name
    folder: Path,
    name: str,
    version: str,
    *,
    tag: str = "py3-none-any",
    requires: tuple[str, ...] = (),
    script: str | None = None,
    files: Mapping[str, str | bytes] | None = None,
) -> Path:
    """Write a wheel with a module of its own name.

    Args:
        folder: where; it is made.
        name: of the distribution and of the module.
        version: of both.
        tag: of the wheel.
        requires: requirements.
        script: name of a console script that prints the version.
        files: more files, by their path in the wheel.
    """
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    metadata = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"]
    metadata += [f"Requires-Dist: {each}\n" for each in requires]
    members: dict[str, str | bytes] = {
        f"{name}.py": f"version = {version!r}\ndef main():\n    print(version)\n",
        **(files or {}),
        f"{info}/METADATA": "".join(metadata),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    if script is not None:
        members[f"{info}/entry_points.txt"] = f"[console_scripts]\n{script} = {name}:main\n"
    record = "".join(f"{member},,\n" for member in [*members, f"{info}/RECORD"])
    wheel = folder / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for member, content in {**members, f"{info}/RECORD": record}.items():
            # Every build has the same times, as those of careful projects have.
            archive.writestr(zipfile.ZipInfo(member, (2020, 1, 1, 0, 0, 0)), content)
    return wheel


class _Simple(http.server.BaseHTTPRequestHandler):
    """A package index (PEP 503) over a folder of wheels."""

    def __init__(self, folder: Path, *arguments: object) -> None:
        self.folder = folder
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        name = self.path.strip("/").rpartition("/")[2]
        wheels = sorted(self.folder.glob(f"{name.replace('-', '_')}-*.whl"))
        file = self.folder / name
        if name.endswith(".whl") and file.is_file():
            self._answer(file.read_bytes(), "application/octet-stream")
        elif wheels:
            links = "".join(f'<a href="/files/{each.name}">{each.name}</a>' for each in wheels)
            self._answer(f"<!DOCTYPE html><html><body>{links}</body></html>".encode(), "text/html")
        else:
            self.send_error(404)

    def _answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder of wheels as a package index, and give its address."""
    with _served(partial(_Simple, folder)) as address:
        yield address


@contextmanager
def _served(handler: Callable[..., _Simple]) -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/simple"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


_LOGIN = b"<html><body>Please log in to the network first</body></html>"


class FaultyIndex(_Simple):
    """A package index with a fault until that is repaired.

    Attributes:
        fault: what is wrong now; None for nothing.
    """

    fault: str | None = None

    def do_GET(self) -> None:
        is_wheel = self.path.endswith(".whl")
        match self.fault, is_wheel:
            case ("HTML wheel", True) | ("HTML page", False):
                self._answer(_LOGIN, "text/html")
            case "HTTP 500", _:
                self.send_error(500)
            case ("HTTP 403", _) | ("HTTP 403 wheel", True):
                self.send_error(403)
            case "absent wheel", True:
                self.send_error(404)
            case "JSON", False:
                self._answer(b'{"files": [', "application/vnd.pypi.simple.v1+json")
            case ("truncated wheel", True) | ("cut wheel", True):
                content = (self.folder / self.path.rpartition("/")[2]).read_bytes()
                self.send_response(200)
                size = len(content) // (1 if self.fault == "cut wheel" else 2)
                self.send_header("Content-Length", str(size))
                self.end_headers()
                self.wfile.write(content[: len(content) // 2])
            case "slow", _:
                time.sleep(4)
            case "trickle", True:
                self.send_response(200)
                self.send_header("Content-Length", "1000000")
                self.end_headers()
                with suppress(OSError):  # the client gives up
                    for _ in range(100):
                        self.wfile.write(b" ")
                        time.sleep(0.05)
            case _:
                super().do_GET()


@contextmanager
def serving_faultily(folder: Path, fault: str) -> Iterator[tuple[str, type[FaultyIndex]]]:
    """Serve a folder with a fault; give the address, and the class whose `fault` can be reset."""
    handler = type("Handler", (FaultyIndex,), {"fault": fault})
    with _served(partial(handler, folder)) as address:
        yield address, handler


class ResumingIndex(_Simple):
    """A package index that names hashes and takes ranges.

    Attributes:
        breaks_off: how often a download still ends in the middle.
        wrong_hash: the hashes are those of something else.
        sent: for each download the offset that it began at.
    """

    breaks_off = 0
    wrong_hash = False
    sent: list[int]

    def do_GET(self) -> None:
        if not self.path.endswith(".whl"):
            name = self.path.strip("/").rpartition("/")[2]
            links = "".join(
                f'<a href="/files/{each.name}#sha256={self._hash(each)}">{each.name}</a>'
                for each in self.folder.glob(f"{name}-*.whl")
            )
            self._answer(f"<!DOCTYPE html><html><body>{links}</body></html>".encode(), "text/html")
            return
        content = (self.folder / self.path.rpartition("/")[2]).read_bytes()
        begin = int(self.headers.get("Range", "bytes=0-")[6:-1])
        self.sent.append(begin)
        self.send_response(206 if begin else 200)
        self.send_header("Content-Length", str(len(content) - begin))
        self.end_headers()
        if type(self).breaks_off:
            type(self).breaks_off -= 1
            self.wfile.write(content[begin : len(content) // 2])
        else:
            self.wfile.write(content[begin:])

    def _hash(self, wheel: Path) -> str:
        return "0" * 64 if self.wrong_hash else hashlib.sha256(wheel.read_bytes()).hexdigest()


@contextmanager
def serving_with(
    kind: type[ResumingIndex], folder: Path
) -> Iterator[tuple[str, type[ResumingIndex]]]:
    """Serve a folder; give the address, and the class whose attributes can be set."""
    handler = type("Handler", (kind,), {"sent": []})
    with _served(partial(handler, folder)) as address:
        yield address, handler
