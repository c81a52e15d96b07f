"""A cached answer is used while it is true, and only then."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runtimes import Reason, cache_info, clear_cache
from tests.runtimes.conftest import ME, make_script, make_wrapper

if TYPE_CHECKING:
    from collections.abc import Callable

    from runtimes import Discovery
    from tests.conftest import Require
    from tests.runtimes.conftest import Machine

# A runtime as far as the probe can tell, which can be rewritten to become another one.
FAKE = """#!/bin/sh
for last; do :; done
nonce=$(echo "$last" | sed -n 's/^NONCE = "\\(.*\\)"/\\1/p')
image=$(readlink -f /proc/$$/exe)
version='[3,{minor},0,"final",0]'
echo "$nonce"'{{"implementation":"cpython","version":'"$version"',"stdlib":"os","prefix":null,'\\
'"implementation_version":'"$version"',"system":"linux","byte_order":"little","bits":64,"image":"'"$image"'"}}'"$nonce"
echo "$nonce"
"""


def versions(report: Discovery) -> list[str]:
    return [str(one.version) for one in report.runtimes]


def cached(report: Discovery) -> list[bool]:
    return [one.cached for one in report.inquiries]


def settle(machine: Machine) -> None:
    """Age the files of a machine, as those of every real one are: what is new is not cached."""
    for path in machine.home.rglob("*"):
        while path.exists() and not path.is_dir() and _is_young(path):
            pass


def _is_young(path: Path) -> bool:
    import time

    return time.time_ns() - path.lstat().st_ctime_ns < 50_000_000


@pytest.fixture
def fake(machine: Machine) -> Path:
    path = machine.add("python3", FAKE.format(minor=8))
    settle(machine)
    return path


def test_the_second_look_starts_nothing(machine: Machine, fake: Path) -> None:
    first, second = machine.look(), machine.look()
    assert fake.exists()
    assert first.runtimes == second.runtimes
    assert (cached(first), cached(second)) == ([False], [True])


def test_refresh_asks_again(machine: Machine, fake: Path) -> None:
    machine.look()
    assert fake.exists()
    assert cached(machine.look(refresh=True)) == [False]


def test_without_a_folder_nothing_is_cached(machine: Machine, fake: Path) -> None:
    machine.look(cache_dir=None)
    assert fake.exists()
    assert cached(machine.look(cache_dir=None)) == [False]


def test_a_file_replaced_in_place_with_size_and_time_kept(machine: Machine, fake: Path) -> None:
    assert versions(machine.look()) == ["3.8.0"]
    before = fake.stat()
    fake.write_text(FAKE.format(minor=9))
    os.utime(fake, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = fake.stat()
    assert (before.st_size, before.st_mtime_ns, before.st_ino) == (
        after.st_size,
        after.st_mtime_ns,
        after.st_ino,
    )
    assert versions(machine.look()) == ["3.9.0"]


def test_a_link_swapped_to_another_version(machine: Machine) -> None:
    for minor in (8, 9):
        make_script(machine.home / f"3.{minor}" / "python3", FAKE.format(minor=minor))
        os.utime(machine.home / f"3.{minor}" / "python3", ns=(1, 1))
    link = machine.folder / "python3"
    for minor in (8, 9, 8):
        link.unlink(missing_ok=True)
        link.symlink_to(machine.home / f"3.{minor}" / "python3")
        os.utime(link, ns=(1, 1), follow_symlinks=False)
        settle(machine)
        assert versions(machine.look()) == [f"3.{minor}.0"]


def test_a_folder_swapped_below_the_path(machine: Machine) -> None:
    for minor in (8, 9):
        make_script(machine.home / f"3.{minor}" / "python3", FAKE.format(minor=minor))
    env = {**machine.search.env, "MULTIRT_SEARCH_PATH": str(machine.home / "current")}
    for minor in (8, 9):
        (machine.home / "current").unlink(missing_ok=True)
        (machine.home / "current").symlink_to(f"3.{minor}")
        settle(machine)
        assert versions(machine.look(env=env)) == [f"3.{minor}.0"]


def test_a_wrapper_whose_target_changes(machine: Machine, require: Require) -> None:
    targets = {name: require(name) for name in ("3.8", "3.9")}
    choice = machine.home / "choice"
    wrapper = machine.add("python3", f'#!/bin/sh\nexec "$(cat {choice})" "$@"\n')
    for name in ("3.8", "3.9", "3.8"):
        choice.write_text(str(targets[name]))
        settle(machine)
        (found,) = [one for one in machine.look().runtimes if wrapper in one.aliases]
        assert str(found.version).startswith(name)


def test_a_wrapper_that_names_itself_as_the_executable(machine: Machine, require: Require) -> None:
    if not Path("/bin/bash").exists():
        pytest.skip("exec -a is bash's")
    targets = {name: require(name) for name in ("3.8", "3.9")}
    choice = machine.home / "choice"
    machine.add("python3", f'#!/bin/bash\nexec -a "$0" "$(cat {choice})" "$@"\n')
    for name in ("3.8", "3.9", "3.8"):
        choice.write_text(str(targets[name]))
        settle(machine)
        (found,) = machine.look().runtimes
        assert str(found.version).startswith(name)


def test_a_wrapper_of_what_calls_itself_by_the_wrappers_name(
    machine: Machine, require: Require
) -> None:
    """MicroPython takes the name that it is started by for its own file."""
    if not Path("/bin/bash").exists():
        pytest.skip("exec -a is bash's")
    targets = [require("micropython"), require("3.9")]
    choice = machine.home / "choice"
    machine.add("python3", f'#!/bin/bash\nexec -a "$0" "$(cat {choice})" "$@"\n')
    for target, name in zip(targets, ["micropython", "cpython"], strict=True):
        choice.write_text(str(target))
        settle(machine)
        assert [one.implementation.name for one in machine.look().runtimes] == [name]


def test_a_script_whose_java_is_switched(machine: Machine) -> None:
    """The script, and both files that it can lead to, stay as they are."""
    for minor in (8, 9):
        make_script(machine.home / f"jvm-{minor}" / "java", str(minor))
    tools = machine.home / "tools"
    tools.mkdir()
    java = 'java=$(command -v java)\nimage=$(readlink -f "$java")\n'
    reply = re.sub("image=.*\n", lambda _: java, FAKE.format(minor="MINOR"))
    reply = reply.replace("[3,MINOR,0", '[3,\'"$(cat "$java")"\',0')
    machine.add("jython", reply)
    env = {**machine.search.env, "PATH": f"{tools}:/usr/bin:/bin"}
    for minor in (8, 9, 8):
        (tools / "java").unlink(missing_ok=True)
        (tools / "java").symlink_to(machine.home / f"jvm-{minor}" / "java")
        settle(machine)
        assert versions(machine.look(env=env)) == [f"3.{minor}.0"]
    assert cached(machine.look(env=env)) == [True]


def test_a_java_archive_behind_a_link(machine: Machine, require: Require) -> None:
    jython = require("jython")
    (archive,) = re.findall(r"\S+\.jar", jython.read_text())
    link = machine.home / "link.jar"
    wrapper = machine.home / "prefix" / "bin" / "jython"
    make_script(wrapper, re.sub(r"\S+\.jar", str(link), jython.read_text()))
    env = {**machine.search.env, "MULTIRT_SEARCH_PATH": str(wrapper)}
    link.symlink_to(archive)
    settle(machine)
    machine.look(env=env, timeout=30.0)  # it makes itself a folder in its prefix
    machine.look(env=env, timeout=30.0)
    assert cached(machine.look(env=env, timeout=30.0)) == [True]
    link.unlink()
    link.symlink_to(shutil.copy(archive, machine.home / "copy.jar"))
    assert cached(machine.look(env=env, timeout=30.0)) == [False]


def test_a_pyodide_that_is_upgraded_behind_its_script(machine: Machine, require: Require) -> None:
    source = require("pyodide").parent.parent
    prefix = machine.home / "prefix"
    shutil.copytree(source, prefix, symlinks=True)
    env = {**machine.search.env, "MULTIRT_SEARCH_PATH": str(prefix)}
    settle(machine)
    requested = [cached(machine.look(env=env, timeout=30.0)) for _ in ("cold", "warm")]
    (prefix / "node_modules" / "pyodide" / "python_stdlib.zip").touch()
    requested.append(cached(machine.look(env=env, timeout=30.0)))
    assert requested == [[False], [True], [False]]


def test_an_edited_pyvenv_cfg(machine: Machine, require: Require) -> None:
    environment = machine.home / "env"
    (environment / "bin").mkdir(parents=True)
    shutil.copy(ME, environment / "bin" / "python")
    env = {**machine.search.env, "MULTIRT_SEARCH_PATH": str(environment)}
    for name in ("3.8", "3.9", "3.8"):
        base = require(name)
        (environment / "pyvenv.cfg").write_text(f"home = {base.parent}\nversion = {name}\n")
        settle(machine)
        (found,) = machine.look(env=env).runtimes
        assert found.executable == Path(os.path.realpath(base))
    (environment / "pyvenv.cfg").unlink()
    assert str(base.parent) not in str([one.executable for one in machine.look(env=env).runtimes])


def test_a_runtime_that_gains_a_module(machine: Machine, require: Require) -> None:
    base = require("3.9")
    prefix = machine.home / "copy"
    shutil.copytree(base.parent.parent, prefix, symlinks=True, ignore=_only_what_starts)
    env = {
        **machine.search.env,
        "MULTIRT_SEARCH_PATH": str(prefix),
        "LD_LIBRARY_PATH": str(prefix / "lib"),
    }
    settle(machine)
    machine.look(env=env)
    (before,) = machine.look(env=env).runtimes
    assert "brand_new" not in before.stdlib
    (prefix / "lib" / "python3.9" / "brand_new.py").write_text("")
    (after,) = machine.look(env=env).runtimes
    assert after.stdlib - before.stdlib == {"brand_new"}


def _overwrite(file: Path, data: bytes) -> None:
    """Change a file in its place, with its time; the folder shows nothing of it."""
    status = file.stat()
    with file.open("r+b") as stream:
        stream.write(data)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


def _break_extension(library: Path) -> None:
    (file,) = (library / "lib-dynload").glob("_bz2.*.so")
    _overwrite(file, bytes(4096))


def _change_configuration(library: Path) -> None:
    (file,) = library.glob("_sysconfigdata*.py")
    _overwrite(file, file.read_bytes().replace(b"'cpython-313t-", b"'another-313t-"))


def _give_a_path(library: Path) -> None:
    (library.parent.parent / "bin" / "python3.13t._pth").write_text("../lib/python3.13t\n")


@pytest.mark.parametrize("change", [_break_extension, _change_configuration, _give_a_path])
def test_a_file_that_changes_without_its_folder(
    machine: Machine, require: Require, change: Callable[[Path], None]
) -> None:
    executable = require("3.13t")
    prefix = machine.home / "prefix"
    library = executable.parent.parent / "lib"
    shutil.copytree(library, prefix / "lib", symlinks=True, ignore=_only_what_starts)
    (prefix / "bin").mkdir()
    shutil.copy2(executable, prefix / "bin")
    env = {**machine.search.env, "MULTIRT_SEARCH_PATH": str(prefix)}
    settle(machine)
    machine.look(env=env, timeout=30.0)
    warm = machine.look(env=env, timeout=30.0)
    assert cached(warm) == [True]
    change(prefix / "lib" / "python3.13t")
    (after,) = machine.look(env=env, timeout=30.0).runtimes
    assert after == machine.look(env=env, timeout=30.0, refresh=True).runtimes[0]
    assert after != warm.runtimes[0]


def _only_what_starts(_folder: str, names: list[str]) -> set[str]:
    left_out = {"site-packages", "test", "__pycache__", "share", "include", "idlelib", "ensurepip"}
    return {name for name in names if name in left_out or name.endswith(".a")}


def _truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-40])


def _empty(file: Path) -> None:
    file.write_bytes(b"")


def _garbage(file: Path) -> None:
    file.write_bytes(bytes(range(256)) * 9)


def _deep(file: Path) -> None:
    file.write_text("[" * 200_000)


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def _foreign_schema(file: Path) -> None:
    _replace(file, "[1, ", "[0, ")


def _lies(file: Path) -> None:
    _replace(file, '"witnesses":{', '"witnesses":[{')


def _writable_by_all(file: Path) -> None:
    _replace(file, "[3,8,0,", "[3,7,0,")
    file.chmod(0o666)


def _a_link(file: Path) -> None:
    _replace(file, "[3,8,0,", "[3,7,0,")
    other = file.rename(file.with_name("other"))
    file.symlink_to(other)


def _a_fifo(file: Path) -> None:
    file.unlink()
    os.mkfifo(file, 0o600)


def _a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize(
    "damage",
    [
        _truncate,
        _empty,
        _garbage,
        _deep,
        _foreign_schema,
        _lies,
        _writable_by_all,
        _a_link,
        _a_fifo,
        _a_folder,
    ],
)
def test_a_damaged_note_is_ignored(
    machine: Machine, fake: Path, damage: Callable[[Path], None]
) -> None:
    machine.look()
    assert fake.exists()
    (note,) = (machine.home / "cache" / "runtimes").iterdir()
    damage(note)
    again = machine.look()
    assert (versions(again), cached(again)) == (["3.8.0"], [False])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_note_of_another_user_is_ignored(machine: Machine, fake: Path) -> None:
    machine.look()
    assert fake.exists()
    (note,) = (machine.home / "cache" / "runtimes").iterdir()
    os.chown(note, 12345, 12345)
    assert cached(machine.look()) == [False]


def test_a_cache_that_cannot_be_written(machine: Machine, fake: Path) -> None:
    assert fake.exists()
    blocked = machine.home / "blocked"
    blocked.write_text("a file where the folder should be")
    for folder in (blocked, Path("/proc/nowhere")):
        report = machine.look(cache_dir=folder)
        assert versions(report) == ["3.8.0"]
        assert versions(machine.look(cache_dir=folder)) == ["3.8.0"]


def test_a_full_disk(machine: Machine, fake: Path) -> None:
    """A note that cannot be written whole is not left behind."""
    import resource

    assert fake.exists()
    folder = machine.home / "cache" / "runtimes"
    import signal

    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, old[1]))
    try:
        assert versions(machine.look()) == ["3.8.0"]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    assert not list(folder.iterdir())


def test_many_writers_at_once(machine: Machine, fake: Path) -> None:
    assert fake.exists()
    found: list[list[str]] = []
    threads = [
        threading.Thread(target=lambda: found.append(versions(machine.look(refresh=True))))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [["3.8.0"]] * 8
    assert cached(machine.look()) == [True]
    folder = machine.home / "cache" / "runtimes"
    assert len(replies(folder)) == 1
    assert {each.suffix for each in folder.iterdir()} == {".json"}  # nothing half written


def test_a_time_out_counts_for_no_longer_wait(machine: Machine) -> None:
    machine.add("python3", "#!/bin/sh\nsleep 1\n" + FAKE.format(minor=8))
    settle(machine)
    assert not machine.look(timeout=0.2).runtimes
    assert versions(machine.look(timeout=30.0)) == ["3.8.0"]


def test_a_time_out_is_cached_for_a_while(machine: Machine) -> None:
    log = machine.home / "log"
    machine.add("python3", f"#!/bin/sh\necho started >>{log}\nsleep 60\n")
    settle(machine)
    for _ in range(3):
        assert machine.rejection("python3", timeout=0.5).reason is Reason.TIMED_OUT
    assert log.read_text().split() == ["started"]


def test_a_standard_library_that_comes_later(machine: Machine, require: Require) -> None:
    """Without it that of the place it was built for is taken."""
    executable = require("3.13t")
    source = executable.parent.parent
    prefix = machine.home / "prefix"
    (prefix / "bin").mkdir(parents=True)
    shutil.copy2(executable, prefix / "bin")
    env = {**machine.search.env, "MULTIRT_SEARCH_PATH": str(prefix)}
    settle(machine)
    (before,) = machine.look(env=env, timeout=30.0).runtimes
    assert before.prefix == source
    shutil.copytree(source / "lib", prefix / "lib", symlinks=True, ignore=_only_what_starts)
    (found,) = machine.look(env=env, timeout=30.0).runtimes
    assert found.prefix == prefix


def test_machine_code_that_leads_elsewhere(machine: Machine) -> None:
    """Nothing changes in it when what it starts comes, changes and goes."""
    if shutil.which("cc") is None:
        pytest.skip("needs a C compiler")
    target = machine.home / "target"
    source = machine.home / "wrapper.c"
    source.write_text(
        "#include <unistd.h>\n"
        f'int main(int count, char **words) {{ return execv("{target}", words); }}\n'
    )
    subprocess.run(["cc", "-o", machine.folder / "python3", source], check=True)
    settle(machine)
    assert not machine.look().runtimes
    for minor in (8, 9):
        make_script(target, FAKE.format(minor=minor))
        assert versions(machine.look()) == [f"3.{minor}.0"]
    target.unlink()
    assert not machine.look().runtimes


def test_a_failure_that_is_mended_elsewhere(machine: Machine) -> None:
    target = machine.home / "target"
    wrapper = make_wrapper(machine.folder / "python3", target)
    settle(machine)
    assert not machine.look().runtimes
    make_script(target, FAKE.format(minor=8))
    assert wrapper.exists()
    assert versions(machine.look()) == ["3.8.0"]


def replies(folder: Path) -> list[Path]:
    """Return what is cached of each candidate.

    The search as a whole is cached only once what it saw is no longer young.
    """
    return [each for each in folder.iterdir() if not each.name.startswith("search-")]


def test_what_nobody_has_used_for_long_is_removed(machine: Machine, fake: Path) -> None:
    folder = machine.home / "cache" / "runtimes"
    machine.look()
    assert fake.exists()
    (used,) = replies(folder)
    names = ["0000.json", "0001.json", "0002.json.12-34", "0003.json.56-78", "0004.json"]
    old, torn, young, killed, fallen = (folder / name for name in names)
    for path in (old, torn, young, killed):
        path.write_text("{}")
    fallen.mkdir()
    now = used.stat().st_mtime
    for path, days in ((used, 400), (old, 100), (torn, 30), (killed, 1), (fallen, 400)):
        os.utime(path, (now - days * 86400, now - days * 86400))
    assert cached(machine.look()) == [True]
    assert len(replies(folder)) == 6
    machine.add("python3.1", FAKE.format(minor=1))
    settle(machine)
    assert cached(machine.look()) == [True, False]
    assert used.exists()
    assert [path.exists() for path in (old, torn, young, killed)] == [False, True, True, False]


def test_there_are_never_too_many_notes(machine: Machine, fake: Path) -> None:
    folder = machine.home / "cache" / "runtimes"
    folder.mkdir(parents=True)
    assert fake.exists()
    for number in range(1500):
        (folder / f"{number:04}.json").write_text("{}")
        os.utime(folder / f"{number:04}.json", (10**9 * 2 + number, 10**9 * 2 + number))
    machine.look()
    left = sorted(path.name for path in folder.glob("????.json"))
    assert left == [f"{number:04}.json" for number in range(500, 1500)]


def test_info_and_clear(machine: Machine, fake: Path) -> None:
    folder = machine.home / "cache"
    assert cache_info(folder).answers == 0
    machine.look()
    assert fake.exists()
    (folder / "runtimes" / "junk.json").write_text("{")
    info = cache_info(folder)
    assert (info.answers, info.unreadable, info.writable) == (1, 1, True)
    assert info.size > 100
    assert clear_cache(folder) == 2
    assert cache_info(folder).answers == 0
    assert clear_cache(machine.home / "absent") == 0
