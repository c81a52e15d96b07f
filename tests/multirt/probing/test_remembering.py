"""What was found out is remembered, and never longer than it is true."""

from __future__ import annotations

import json
import os
import pickle
import time
from typing import TYPE_CHECKING

import pytest

from multirt.probing import Probing, probe
from multirt.probing.store import Store
from multirt.probing.unpickling import unpickle
from runtimes import RuntimeSpec, Search
from tests.multirt.probing.wheels import GOOD, HERE, write_good, write_wheel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from multirt.probing import Report


def probed(folder: Path, *targets: str, python: Path | None = None) -> list[Report]:
    """Probe with a cache in a folder."""
    search = Search(
        env={"PATH": "/usr/bin:/bin"}, home=folder, cwd=folder, cache_dir=folder / "cache"
    )
    return probe(
        Probing(
            targets=targets,
            specs=(RuntimeSpec.parse(str(python)),) if python else (),
            described=() if python else (HERE,),
            search=search,
        )
    )


def settle(path: Path) -> None:
    """Wait until a change of a file would show in its times."""
    while time.time_ns() - path.stat().st_ctime_ns < 30_000_000:
        os.sched_yield()


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """Return a wheel that has been there for a while."""
    path = write_good(tmp_path)
    settle(path)
    return path


def kept(folder: Path) -> list[Path]:
    """Return the remembered answers."""
    return sorted((folder / "cache" / "probing").glob("*.json"))


def test_an_answer_is_kept_and_taken(tmp_path: Path, wheel: Path) -> None:
    first = probed(tmp_path, str(wheel))
    (file,) = kept(tmp_path)
    before = file.stat()
    assert probed(tmp_path, str(wheel)) == first
    assert file.stat() == before or file.stat().st_mtime_ns == before.st_mtime_ns


def test_a_changed_wheel_is_read_again(tmp_path: Path, wheel: Path) -> None:
    probed(tmp_path, str(wheel))
    times = wheel.stat()
    write_wheel(tmp_path, GOOD, "PyList_New", "_PyList_Extend")
    os.utime(wheel, ns=(times.st_atime_ns, times.st_mtime_ns))  # as if nothing had happened
    (report,) = probed(tmp_path, str(wheel))
    (violation,) = report["extensions"][0]["violations"]
    assert violation["symbol"] == "_PyList_Extend"


def test_what_runtimes_give_is_kept_too(
    tmp_path: Path, wheel: Path, require: Callable[[str], Path]
) -> None:
    python = require("3.11")
    first = probed(tmp_path, str(wheel), python=python)
    assert kept(tmp_path)
    assert probed(tmp_path, str(wheel), python=python) == first
    prospects = list((tmp_path / "cache" / "probing").glob("prospects-*"))
    assert len(prospects) == 1


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"garbage" * 99, id="garbage"),
        pytest.param(None, id="one bit"),
    ],
)
def test_garbage_is_as_good_as_nothing(
    tmp_path: Path, wheel: Path, damage: bytes | None, require: Callable[[str], Path]
) -> None:
    python = require("3.11")
    expected = probed(tmp_path, str(wheel), python=python)
    for file in (tmp_path / "cache" / "probing").iterdir():
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(bytes(content) if damage is None else damage)
    assert probed(tmp_path, str(wheel), python=python) == expected


def test_what_others_may_write_is_not_believed(tmp_path: Path) -> None:
    store = Store(folder=tmp_path / "store")
    store.save("name", b"value")
    assert store.load("name") == b"value"
    (tmp_path / "store" / "name").chmod(0o666)
    assert store.load("name") is None
    (tmp_path / "store" / "name").chmod(0o600)
    (tmp_path / "store" / "link").symlink_to(tmp_path / "store" / "name")
    assert store.load("link") is None


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path, wheel: Path) -> None:
    (tmp_path / "cache").write_text("a file in the folder's place")
    (report,) = probed(tmp_path, str(wheel))
    assert report["runtimes"][0]["status"] == "unverified"


def test_nothing_is_remembered_of_what_could_not_be_read(tmp_path: Path) -> None:
    (report,) = probed(tmp_path, str(tmp_path / "later.whl"))
    assert report["error"] is not None
    assert not kept(tmp_path)


class _Harm:
    """Acts when it is read back."""

    def __reduce__(self) -> tuple[object, ...]:
        return (os.system, ("false",))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(pickle.dumps(_Harm()), id="a function"),
        pytest.param(pickle.dumps(json.JSONDecoder), id="a class of another package"),
        pytest.param(b"cbuiltins\neval\n.", id="eval"),
        pytest.param(b"cabi_probe.model\nannotations\n.", id="no class"),
        pytest.param(b"\x80\x05", id="cut off"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_what_is_read_back_cannot_act(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        unpickle(content)
