"""Nothing in a cache, data or state folder of another user is used, and one line says so."""

from __future__ import annotations

import os
import re
import shutil
from typing import TYPE_CHECKING

import pytest

from multirt.errors import MultirtError
from multirt.storage.sqlite import database

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Command

OTHER = 65534
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
_PLANTED = "import sys; sys.stderr.write('planted')\n"
_KINDS = {"empty", "environments", "locks", "plans", "resolutions", "runtimes"}
"""Folders of the cache that a script with requirements uses."""


@pytest.fixture
def run(
    command: Command, script: Callable[..., Path], tmp_path: Path
) -> Callable[[], subprocess.CompletedProcess[str]]:
    """Return a function that starts a script with a requirement, decided again each time."""
    file = script("beta", code="import beta; print(beta.version)\n")

    def start() -> subprocess.CompletedProcess[str]:
        os.utime(file)
        return command("run", str(file), TMPDIR=str(tmp_path), MULTIRT_STATE_DIR="")

    return start


def _ignored(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Return the paths that the command says it ignored; nothing else may be on stderr."""
    assert (done.returncode, done.stdout) == (0, "1.0\n"), done.stderr
    lines = done.stderr.splitlines()
    found = [re.fullmatch(r"multirt: ignored (.+): (it|other) .+", line) for line in lines]
    assert None not in found, done.stderr
    return [match[1] for match in found if match is not None]


def _plant(cache: Path) -> None:
    """Let every environment of a cache run something at each start."""
    for folder in cache.glob("e*/*/lib/*/site-packages"):
        (folder / "planted.pth").write_text(_PLANTED, encoding="utf-8")


def _parts(cache: Path) -> Iterator[Path]:
    """Yield every folder of a kind, and a file or two in each."""
    for kind in sorted(_KINDS):
        yield cache / kind
        yield from sorted((cache / kind).iterdir())[:2]
    yield from cache.glob("environments/*/multirt*.json")
    yield from cache.glob("environments/*/lib/*/site-packages/beta*")


@AS_ROOT
def test_nothing_in_a_cache_of_another_user_is_used(
    run: Callable[[], subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    assert not _ignored(run())
    _plant(cache)
    os.chown(cache, OTHER, -1)
    before = {path: path.lstat().st_mtime_ns for path in cache.rglob("*")}
    for _ in range(2):
        assert _ignored(run()) == [str(cache)]
    assert {path: path.lstat().st_mtime_ns for path in cache.rglob("*")} == before
    private = tmp_path / f"multirt-{os.geteuid()}" / "cache"
    assert (private / "environments").is_dir()
    assert private.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o775])
def test_nothing_in_a_cache_that_others_can_write_is_used(
    run: Callable[[], subprocess.CompletedProcess[str]], tmp_path: Path, mode: int
) -> None:
    assert not _ignored(run())
    _plant(tmp_path / "cache")
    (tmp_path / "cache").chmod(mode)
    assert _ignored(run()) == [str(tmp_path / "cache")]


@AS_ROOT
def test_no_part_of_a_cache_that_is_another_users_is_used(
    run: Callable[[], subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    assert not _ignored(run())
    assert {path.name for path in cache.iterdir()} >= _KINDS
    for part in _parts(cache):
        if not part.exists():
            continue  # what was made in place of another part
        if {"empty", "locks"} & {part.name, part.parent.name}:  # for a new environment only
            shutil.rmtree(cache / "environments", ignore_errors=True)
        os.chown(part, OTHER, -1, follow_symlinks=False)
        ignored = _ignored(run())
        is_unused = part.parent.name in {"locks", "plans", "resolutions", "runtimes"}
        assert ignored == [str(part)] or (not ignored and is_unused), part
        if part.exists():
            os.chown(part, 0, -1, follow_symlinks=False)


@AS_ROOT
def test_history_and_records_of_another_user_are_not_used(command: Command, tmp_path: Path) -> None:
    tool = tmp_path / "tool.py"
    tool.write_text("#!/usr/bin/env python3\nprint(1)\n", encoding="utf-8")
    folders = {"MULTIRT_DATA_DIR": str(tmp_path / "data"), "MULTIRT_STATE_DIR": str(tmp_path / "s")}
    folders |= {"TMPDIR": str(tmp_path)}
    assert command("run", str(tool), **folders).stderr == ""
    assert command("shebang", "set", str(tool), **folders).returncode == 0
    (tmp_path / "data").mkdir(exist_ok=True)
    # A plain start has no use for the history any more, and does not look at its folder.
    for kind, call in (("data", "run --prefer fastest"), ("s", "shebang unset")):
        os.chown(tmp_path / kind, OTHER, -1)
        done = command(*call.split(), str(tool), **folders)
        assert f"multirt: ignored {tmp_path / kind}: it belongs to user {OTHER}\n" in done.stderr


@pytest.mark.parametrize("end", ["", "-journal", "-wal"])
def test_a_database_that_others_can_write_is_not_opened(tmp_path: Path, end: str) -> None:
    file = tmp_path / "history.sqlite3"
    with database(file, 1, "CREATE TABLE row (x)"):
        pass
    file.chmod(0o600)
    file.with_name(file.name + end).touch(0o600)
    file.with_name(file.name + end).chmod(0o666)
    with pytest.raises(MultirtError, match="other users can write it"), database(file, 1):
        pass


@AS_ROOT
def test_uv_gets_a_cache_of_its_own_where_another_user_can_write_the_usual_one(
    run: Callable[[], subprocess.CompletedProcess[str]], tmp_path: Path, uv_cache: Path
) -> None:
    bucket = uv_cache / "archive-v0"
    bucket.mkdir(exist_ok=True)
    os.chown(bucket, OTHER, -1)
    try:
        assert _ignored(run()) == [str(bucket)]
    finally:
        os.chown(bucket, 0, -1)
    assert (tmp_path / "cache" / "uv").is_dir()
