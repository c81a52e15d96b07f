"""Sizes and times that an input can ask for are bounded, whoever wrote it."""

from __future__ import annotations

import socket
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from abi_probe import open_site, owners
from multirt.environments import uv
from multirt.environments.model import EnvironmentStore
from multirt.errors import MultirtError
from multirt.program.module_finder import ModuleFolder
from multirt.selection.module_search import modules_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def test_a_site_of_thousands_of_broken_distributions_is_read_at_once(tmp_path: Path) -> None:
    for number in range(2000):
        (tmp_path / f"broken{number}-1.0.dist-info").mkdir()
    (tmp_path / "broken7.py").touch()
    begun = time.process_time()
    assert owners(open_site(tmp_path), ["broken7", "absent"]) == {"broken7": {"broken7"}}
    assert time.process_time() - begun < 3  # 11 s, when the folder was listed for each


def test_thousands_of_absent_modules_are_looked_for_at_once(tmp_path: Path) -> None:
    for number in range(500):
        (tmp_path / f"file{number}.txt").touch()
    names = [f"absent{number}" for number in range(2000)]
    begun = time.process_time()
    assert modules_in([tmp_path] * 5, names) == frozenset()
    folder = ModuleFolder(tmp_path)
    assert not any(folder.has(name) for name in names)
    assert time.process_time() - begun < 2  # 2 s each, when each was looked for alone


@contextmanager
def server(reply: bytes) -> Iterator[int]:
    """Serve some bytes to all that connect, and keep the connections open."""
    kept: list[socket.socket] = []

    def accept(listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
                connection.sendall(reply)
            except OSError:
                return
            kept.append(connection)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=accept, args=(listening,), daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
    for each in kept:
        each.close()


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", id="HTTP"),
        pytest.param(b"", id="silence"),
        pytest.param(b"\xff" * 64, id="a huge length"),
    ],
)
def test_what_listens_and_is_not_a_dask_scheduler_is_reported_in_time(reply: bytes) -> None:
    pytest.importorskip("distributed")
    from multirt.distributed.dask_cluster import join

    begun = time.monotonic()
    with (
        server(reply) as port,
        pytest.raises(MultirtError, match="no Dask scheduler answers"),
        join(f"127.0.0.1:{port}"),
    ):
        pass
    assert time.monotonic() - begun < 45


def test_a_slow_index_is_reported_to_be_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(uv, "_QUIET", 0.3)
    with server(b"") as port:
        env = {"UV_INDEX_URL": f"http://127.0.0.1:{port}/simple", "UV_HTTP_TIMEOUT": "2"}
        env |= {"UV_HTTP_RETRIES": "0", "UV_CACHE_DIR": str(tmp_path / "uv")}
        store = EnvironmentStore(root=tmp_path, env=env)
        with pytest.raises(uv.UvError):
            uv.run_uv(
                store,
                ["pip", "compile", "-", "--quiet", "--python", sys.executable],
                text="absent-package\n",
            )
    assert "multirt: still waiting for uv" in capfd.readouterr().err
