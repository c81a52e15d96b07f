"""What was found out is cached, and never longer than it is true."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

import multirt
from multirt.probe.api import probe
from multirt.probe.model import ProbeRequest
from multirt.probe.report_cache import FactStore
from runtimes import RuntimeSpec, SearchOptions
from tests.abi_probe.compiler import compile_c
from tests.abi_probe.elf_bytes import EXTENSION, Symbol, elf
from tests.factories.probe_wheels import (
    GOOD,
    HERE,
    TAG,
    install,
    module,
    write_good,
    write_wheel,
)

if TYPE_CHECKING:
    from multirt.probe.model import ArtifactReport
    from tests.conftest import Require


def probed(
    folder: Path, *targets: str, python: Path | None = None, libraries: Path | None = None
) -> list[ArtifactReport]:
    """Probe with a cache in a folder, and with LD_LIBRARY_PATH if it is given."""
    env = {"PATH": "/usr/bin:/bin"}
    if libraries is not None:
        env["LD_LIBRARY_PATH"] = str(libraries)
    search = SearchOptions(env=env, home=folder, cwd=folder, cache_dir=folder / "cache")
    return probe(
        ProbeRequest(
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
    """Return the cached answers."""
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


@pytest.mark.parametrize("part", ["multirt/probe/worker.py", "abi_probe/elf/reader.py"])
def test_other_code_asks_again(tmp_path: Path, part: str) -> None:
    root = Path(multirt.__file__).parent.parent
    for package in ("multirt", "abi_probe", "runtimes"):
        shutil.copytree(root / package, tmp_path / package)
    command = [
        sys.executable,
        "-c",
        "import multirt.probe.report_cache as s; print(s.fingerprint())",
    ]

    def fingerprint() -> str:
        return subprocess.run(
            command, cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout

    before = fingerprint()
    assert fingerprint() == before
    with (tmp_path / part).open("a") as stream:
        stream.write("# changed\n")
    assert fingerprint() != before


def test_what_runtimes_give_is_kept_too(tmp_path: Path, wheel: Path, require: Require) -> None:
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
    tmp_path: Path, wheel: Path, damage: bytes | None, require: Require
) -> None:
    python = require("3.11")
    expected = probed(tmp_path, str(wheel), python=python)
    for file in (tmp_path / "cache" / "probing").iterdir():
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(bytes(content) if damage is None else damage)
    assert probed(tmp_path, str(wheel), python=python) == expected


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Return a folder of two distributions that have been there for a while."""
    for name in ("one", "two"):
        install(tmp_path / "site", write_wheel(tmp_path, f"{name}-1.0-{TAG}.whl", "PyList_New"))
    settle_all(tmp_path / "site")
    return tmp_path / "site"


def settle_all(folder: Path) -> None:
    """Wait until a change of a folder, or of what is below it, would show."""
    for path in (folder, *folder.rglob("*")):
        settle(path)


def test_of_a_changed_site_only_the_changed_distribution_is_read(
    tmp_path: Path, site: Path
) -> None:
    probed(tmp_path, str(site))
    (file,) = kept(tmp_path)
    store = FactStore(folder=file.parent)
    note = json.loads(store.load(file.name) or b"")
    for name, part in note["parts"].items():
        part["reports"][0]["version"] = f"{name} as remembered"
    store.save(file.name, json.dumps(note).encode())
    versions = [report["version"] for report in probed(tmp_path, str(site))]
    assert versions == ["one as remembered", "two as remembered"]
    (site / "two.abi3.so").write_bytes(module("PyList_New", "PyList_Size", name="two"))
    settle_all(site)
    for _ in range(2):
        one, two = probed(tmp_path, str(site))
        assert (one["version"], two["version"]) == ("one as remembered", "1.0")
        assert two["extensions"][0]["symbols"]["stable"] == 2


def test_a_distribution_more_or_less_shows(tmp_path: Path, site: Path) -> None:
    probed(tmp_path, str(site))
    install(site, write_wheel(tmp_path, f"three-1.0-{TAG}.whl", "PyList_New"))
    settle_all(site)
    names = [report["name"] for report in probed(tmp_path, str(site))]
    assert names == ["one", "three", "two"]
    for path in (site / "one-1.0.dist-info").iterdir():
        path.unlink()
    (site / "one-1.0.dist-info").rmdir()
    settle_all(site)
    for _ in range(2):
        assert [each["name"] for each in probed(tmp_path, str(site))] == ["three", "two"]


@pytest.mark.parametrize("kept_cache", [True, False], ids=["remembered", "anew"])
def test_a_library_of_another_distribution_counts_while_it_is_there(
    tmp_path: Path, require: Require, *, kept_cache: bool
) -> None:
    python, site = require("3.11"), tmp_path / "site"
    bare = replace(EXTENSION, needs=(), definitions=())
    hook = (Symbol(name="PyInit_needing", section=7),)
    needing = elf(replace(bare, symbols=hook, texts=((1, "libbeside.so.1"),)))
    library = elf(replace(bare, symbols=(), texts=((14, "libbeside.so.1"),)))
    wheel = write_wheel(tmp_path, f"needing-1.0-{TAG}.whl", **{"needing.abi3.so": needing})
    install(site, wheel)

    def status() -> str:
        if not kept_cache:
            shutil.rmtree(tmp_path / "cache", ignore_errors=True)
        settle_all(site)
        reports = {each["name"]: each for each in probed(tmp_path, str(site), python=python)}
        return reports["needing"]["runtimes"][0]["status"]

    assert status() == status() == "incompatible"
    giving = write_wheel(tmp_path, f"giving-1.0-{TAG}.whl", **{"libbeside.so.1": library})
    install(site, giving)
    assert status() == status() == "unverified"
    (site / "libbeside.so.1").unlink()
    assert status() == status() == "incompatible"


def test_what_others_may_write_is_not_believed(tmp_path: Path) -> None:
    store = FactStore(folder=tmp_path / "store")
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


def test_what_nobody_used_for_long_goes(tmp_path: Path, wheel: Path) -> None:
    folder = tmp_path / "cache" / "probing"
    folder.mkdir(parents=True)
    for name, days in (("prospects-old.runtimes", 1), ("old.json", 100), ("recent.json", 10)):
        (folder / name).write_bytes(b"")
        then = time.time() - days * 86_400
        os.utime(folder / name, (then, then))
    probed(tmp_path, str(wheel))
    assert {path.name for path in kept(tmp_path)} > {"recent.json"}
    assert not (folder / "old.json").exists()
    assert not (folder / "prospects-old.runtimes").exists()


def test_nothing_is_cached_of_what_could_not_be_read(tmp_path: Path) -> None:
    (report,) = probed(tmp_path, str(tmp_path / "later.whl"))
    assert report["error"] is not None
    assert not kept(tmp_path)


def test_what_runtimes_give_is_read_once(tmp_path: Path, wheel: Path) -> None:
    python = Path(sys.executable)
    before = probed(tmp_path, str(wheel), python=python)
    (file,) = (tmp_path / "cache" / "probing").glob("*.runtimes")
    intact, changed = file.read_bytes(), file.stat().st_mtime_ns
    for damage in (b"", intact[:-2], b"[1]"):
        for report in kept(tmp_path):
            report.unlink()
        assert probed(tmp_path, str(wheel), python=python) == before
        assert file.stat().st_mtime_ns == changed  # it was read, and not written again
        file.write_bytes(damage)
        assert probed(tmp_path, str(wheel), python=python) == before
        file.unlink()
        for report in kept(tmp_path):
            report.unlink()
        assert probed(tmp_path, str(wheel), python=python) == before
        changed = file.stat().st_mtime_ns


@pytest.mark.skipif(sys.platform != "linux", reason="about Linux's loaders")
def test_libraries_of_the_environment_are_found_while_they_are_named(tmp_path: Path) -> None:
    libraries = tmp_path / "libraries"
    eggs = compile_c(libraries / "libeggs.so", "int eggs;", "-Wl,-soname,libeggs.so")
    folder = tmp_path / "folder"
    compile_c(folder / "spam.abi3.so", "int PyInit_spam;", "-Wl,--no-as-needed", str(eggs))

    def causes(named: Path | None) -> list[str]:
        (report,) = probed(tmp_path, str(folder), python=Path(sys.executable), libraries=named)
        return [each["cause"] for row in report["runtimes"] for each in row["objections"]]

    assert causes(None) == ["library"]
    assert causes(libraries) == []
    assert causes(None) == ["library"]


def test_a_folder_with_the_name_of_a_wheel(tmp_path: Path) -> None:
    site = tmp_path / "site.whl"
    for name in ("one", "two"):
        install(site, write_wheel(tmp_path, f"{name}-1.0-{TAG}.whl", "PyList_New"))
    settle_all(site)
    assert [each["name"] for each in probed(tmp_path, str(site))] == ["one", "two"]
