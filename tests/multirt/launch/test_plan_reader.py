"""Both readers: what a plan rests on, whom they trust, what passes through."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from multirt.launch.plan_writer import LaunchCommand
from tests.multirt.launch.conftest import SLOW, Launcher, compiled, remember, resting_on

if TYPE_CHECKING:
    from collections.abc import Callable


def _rewrite_keeping_size_and_time(path: Path) -> None:
    status = path.stat()
    path.write_text(path.read_text()[::-1])
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _replace_keeping_size_and_time(path: Path) -> None:
    status = path.stat()
    fresh = path.with_name("fresh")
    fresh.write_text("x" * status.st_size)
    os.utime(fresh, ns=(status.st_atime_ns, status.st_mtime_ns))
    fresh.replace(path)


def _swap_link_keeping_times(path: Path) -> None:
    status = path.lstat()
    path.unlink()
    path.symlink_to("other.py")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns), follow_symlinks=False)


CHANGES = [
    pytest.param("file.py", lambda path: path.write_text("longer than before"), id="edited"),
    pytest.param("file.py", _rewrite_keeping_size_and_time, id="edited, size and time kept"),
    pytest.param("file.py", _replace_keeping_size_and_time, id="replaced, size and time kept"),
    pytest.param("file.py", lambda path: path.unlink(), id="removed"),
    pytest.param("file.py", lambda path: path.chmod(0o600), id="its mode changed"),
    pytest.param("link.py", _swap_link_keeping_times, id="link swapped with equal times"),
    pytest.param("folder", lambda path: (path / "new").write_text(""), id="new in a folder"),
    pytest.param("folder", lambda path: (path / "old").unlink(), id="gone from a folder"),
    pytest.param("absent", lambda path: path.write_text(""), id="appeared"),
    pytest.param("absent/below", lambda path: path.parent.mkdir(), id="its folder appeared"),
]


@pytest.fixture
def things(launcher: Launcher) -> Path:
    folder = launcher.cwd
    (folder / "file.py").write_text("abc")
    (folder / "other.py").hardlink_to(folder / "file.py")
    (folder / "link.py").symlink_to("file.py")
    (folder / "folder").mkdir()
    (folder / "folder" / "old").write_text("")
    return folder


@pytest.mark.parametrize(("name", "change"), CHANGES)
def test_what_changed_is_decided_again(
    launcher: Launcher, things: Path, name: str, change: Callable[[Path], object]
) -> None:
    path = things / name
    remember(launcher, "tool.py", inputs=resting_on(path, links=(str(path),)))
    assert launcher.is_planned("tool.py")
    change(path)
    assert not launcher.is_planned("tool.py")
    printed = launcher("tool.py", env={b"MULTIRT_LOG": b"debug"}).stderr.decode()
    assert "this has changed" in printed
    assert str(things) in printed


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda folder: (folder / "file").write_text("longer"), id="edited"),
        pytest.param(lambda folder: (folder / "absent").write_text(""), id="appeared"),
        pytest.param(shutil.rmtree, id="its folder is gone"),
    ],
)
def test_what_changed_below_a_folder_of_many(
    launcher: Launcher, tmp_path: Path, change: Callable[[Path], object]
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    (folder / "file").write_text("")
    paths = (folder / "file", folder / "absent", "/etc")
    plan = remember(launcher, "tool.py", inputs=replace(resting_on(*paths), below=(str(folder),)))
    assert b"\0B" + os.fsencode(folder) + b"\0F" in plan.read_bytes()
    assert launcher.is_planned("tool.py")
    change(folder)
    assert not launcher.is_planned("tool.py")


@pytest.mark.parametrize(
    ("seconds", "planned"),
    [
        pytest.param(0, True, id="just now"),
        pytest.param(-61, False, id="a minute ago"),
        pytest.param(86400, False, id="the clock was set back"),
    ],
)
def test_where_a_candidate_did_not_answer_a_plan_is_good_for_a_minute(
    launcher: Launcher, seconds: int, *, planned: bool
) -> None:
    since = time.time_ns() + seconds * 1_000_000_000
    remember(launcher, "tool.py", inputs=replace(resting_on(), since=since, soon=True))
    assert launcher.is_planned("tool.py") == planned


def test_another_version_decides_again(launcher: Launcher, native: Path, tmp_path: Path) -> None:
    if launcher.command[0] != str(native):
        pytest.skip("the reader in Python is of one version with the writer")
    remember(launcher, "tool.py")
    assert launcher.is_planned("tool.py")
    other = compiled(tmp_path, version="0.0.1")
    assert other is not None
    shutil.copy(native.with_name("multirt-python"), tmp_path)
    assert not replace(launcher, command=(str(other),)).is_planned("tool.py")


@pytest.mark.parametrize(
    ("name", "planned"),
    [
        pytest.param("json.py", False, id="module"),
        pytest.param("json", False, id="package"),
        pytest.param("json.cpython-311-x86_64-linux-gnu.so", False, id="extension"),
        pytest.param("jsonx.py", True, id="longer name"),
        pytest.param("output.log", True, id="log"),
        pytest.param("__pycache__", True, id="bytecode"),
    ],
)
def test_beside_a_script_only_names_of_modules_count(
    launcher: Launcher, tmp_path: Path, name: str, *, planned: bool
) -> None:
    folder = tmp_path / "beside"
    folder.mkdir()
    (folder / "json.txt").write_text("")
    names = ((str(folder), frozenset({"json", "os"})),)
    remember(launcher, "tool.py", inputs=resting_on(names=names))
    assert launcher.is_planned("tool.py")
    (folder / name).write_text("")
    assert launcher.is_planned("tool.py") == planned


@pytest.mark.parametrize(
    ("then", "now", "planned"),
    [
        pytest.param("/a:/b", b"/a:/b", True, id="same"),
        pytest.param("/a:/b", b"/a", False, id="changed"),
        pytest.param("", b"x", False, id="set, was empty"),
        pytest.param(None, b"", False, id="empty, was not set"),
        pytest.param("a=b", b"a=b", True, id="equals sign"),
        pytest.param("x" * 200_000, b"x" * 100_000, False, id="long"),
    ],
)
def test_variables_count(
    launcher: Launcher, then: str | None, now: bytes, *, planned: bool
) -> None:
    remember(launcher, "tool.py", inputs=resting_on(variables={"SEEN": then}))
    assert launcher.is_planned("tool.py", env={b"SEEN": now[:100_000]}) == planned
    assert launcher.is_planned("tool.py") == (then is None)


@pytest.mark.parametrize(
    ("seconds", "planned"),
    [
        pytest.param(3600.5, True, id="in an hour"),
        pytest.param(-1.0, False, id="past"),
        pytest.param(100_000.0, False, id="the clock was set back"),
    ],
)
def test_a_plan_has_an_end(launcher: Launcher, seconds: float, *, planned: bool) -> None:
    until = time.time() + seconds
    remember(launcher, "tool.py", inputs=replace(resting_on(), until=until))
    assert launcher.is_planned("tool.py") == planned


def test_one_plan_serves_every_folder_that_has_no_file_of_its_own(
    launcher: Launcher, tmp_path: Path
) -> None:
    script = str(tmp_path / "tool.py")
    remember(launcher, script, inputs=resting_on(above=(".tool-versions", ".pixi/envs")))
    deep = tmp_path / "other" / "deep"
    deep.mkdir(parents=True)
    for folder in (deep, tmp_path, Path("/")):
        assert launcher(script, cwd=folder).stdout == b"planned\n"
    (tmp_path / "other" / ".tool-versions").write_text("")
    assert launcher(script, cwd=deep).stdout != b"planned\n"
    assert launcher(script, cwd=tmp_path).stdout == b"planned\n"


def test_where_a_folder_has_a_file_of_its_own_the_plan_is_for_that_folder(
    launcher: Launcher, tmp_path: Path
) -> None:
    script = str(tmp_path / "tool.py")
    version = launcher.cwd / ".python-version"
    version.write_text("3.12")
    remember(launcher, script, inputs=resting_on(above=(".python-version",)))
    assert launcher(script).stdout == b"planned\n"
    assert launcher(script, cwd=tmp_path).stdout != b"planned\n"
    version.write_text("3.13.0")
    assert launcher(script).stdout != b"planned\n"


def _make_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o600)


def _become_link(path: Path) -> None:
    real = path.rename(path.with_name("real"))
    path.symlink_to(real)


DISTRUST = [
    pytest.param(lambda plan: plan.chmod(0o620), id="file writable by the group"),
    pytest.param(lambda plan: plan.chmod(0o602), id="file writable by others"),
    pytest.param(lambda plan: plan.parent.chmod(0o770), id="folder writable by the group"),
    pytest.param(lambda plan: plan.parent.chmod(0o707), id="folder writable by others"),
    pytest.param(lambda plan: plan.parent.parent.chmod(0o770), id="cache writable by the group"),
    pytest.param(lambda plan: plan.parent.parent.chmod(0o1777), id="cache writable by others"),
    pytest.param(lambda plan: _become_link(plan.parent.parent), id="cache is a link"),
    pytest.param(
        lambda plan: os.chown(plan.parent.parent, 65534, -1),
        id="cache of another user",
        marks=pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away"),
    ),
    pytest.param(_become_link, id="file is a link"),
    pytest.param(lambda plan: _become_link(plan.parent), id="folder is a link"),
    pytest.param(_make_fifo, id="file is a pipe"),
    pytest.param(lambda plan: (plan.unlink(), plan.mkdir()), id="file is a folder"),
    pytest.param(lambda plan: shutil.rmtree(plan.parent), id="folder is gone"),
    pytest.param(
        lambda plan: os.chown(plan, 65534, -1),
        id="file of another user",
        marks=pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away"),
    ),
    pytest.param(
        lambda plan: os.chown(plan.parent, 65534, -1),
        id="folder of another user",
        marks=pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away"),
    ),
]


@pytest.mark.parametrize("spoil", DISTRUST)
def test_what_others_could_have_written_is_refused(
    launcher: Launcher, spoil: Callable[[Path], object]
) -> None:
    plan = remember(launcher, "tool.py")
    assert launcher.is_planned("tool.py")
    spoil(plan)
    assert not launcher.is_planned("tool.py")


def test_a_damaged_plan_is_refused_wherever_it_ends(launcher: Launcher) -> None:
    plan = remember(launcher, "tool.py", inputs=resting_on("/etc", variables={"PATH": "x"}))
    content = plan.read_bytes()
    ends = [at + 1 for at, byte in enumerate(content) if byte == 0][:-1]
    for end in [0, 1, 7, *ends, len(content) - 1]:
        plan.write_bytes(content[:end])
        assert not launcher.is_planned("tool.py"), content[:end]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(b"multirt plan 1", b"multirt plan 2", id="another format"),
        pytest.param(b"tool.py", b"fool.py", id="another question"),
        pytest.param(b"A/absent", b"Z/absent", id="a tag that nobody knows"),
        pytest.param(b"A/absent", b"", id="an empty record"),
        pytest.param(b"A/absent", b"F1 2 3 4 /absent", id="a short signature"),
        pytest.param(b"A/absent", b"N1 2 3 4 5 6 /a/", id="names of no folder"),
        pytest.param(b"A/absent", b"U", id="no name"),
        pytest.param(b"A/absent", b"B/nowhere", id="no folder of many"),
        pytest.param(b"A/absent", b"D", id="no moment"),
        pytest.param(b"A/absent", b"D" + b"9" * 5000, id="a moment of endless digits"),
        pytest.param(b"P/bin/echo\0", b"", id="nothing to start"),
        pytest.param(b"G/bin/echo\0Gplanned\0", b"", id="no arguments"),
        pytest.param(b".\0", b".\0A/more\0", id="more after the end"),
        pytest.param(b".\0", b"..\0", id="another end"),
    ],
)
def test_what_is_no_plan_is_refused(launcher: Launcher, old: bytes, new: bytes) -> None:
    plan = remember(launcher, "tool.py", inputs=resting_on("/absent"))
    content = plan.read_bytes()
    assert old in content
    head, _, tail = content.rpartition(old)
    plan.write_bytes(head + new + tail)
    assert not launcher.is_planned("tool.py")


_SHOW = (
    "import os, sys; print(ascii(sys.orig_argv[3:])); "
    "print(ascii(sorted(i for i in os.environb.items() if i[0] in (b'A', b'B', b'MULTIRT_DEPTH'))))"
)


def test_arguments_environment_and_remark(launcher: Launcher) -> None:
    start = LaunchCommand(
        executable=sys.executable,
        arguments=("-c", _SHOW, "fixed"),
        environment=(("A", "new"),),
        notice="multirt: for people",
    )
    remember(launcher, "tool.py", start=start)
    odd = [b"", b"-x", b"a b", b"\xff\xfe", b"x" * 100_000]
    done = launcher("tool.py", *odd, env={b"A": b"old", b"B": b"\xe9", b"MULTIRT_DEPTH": b"3"})
    first, second = done.stdout.decode().splitlines()
    assert first == ascii(["fixed", *map(os.fsdecode, odd)])
    assert second == ascii([(b"A", b"new"), (b"B", b"\xe9"), (b"MULTIRT_DEPTH", b"4")])
    assert done.stderr == b"multirt: for people\n"


def test_inherited_descriptors_pass_and_none_is_added(launcher: Launcher) -> None:
    text = "import os; print(sorted(os.listdir('/proc/self/fd'), key=int))"
    remember(
        launcher,
        "tool.py",
        start=LaunchCommand(executable=sys.executable, arguments=("-Sc", text)),
    )
    reading, writing = os.pipe()
    try:
        done = launcher("tool.py", pass_fds=(writing,))
    finally:
        os.close(reading)
        os.close(writing)
    found = [int(number) for number in eval(done.stdout)]  # noqa: S307 - our own list
    assert found[:3] == [0, 1, 2]
    assert writing in found
    assert len(found) == 5  # the last is that of listdir itself


@pytest.mark.parametrize("depth", [b"20", b"-1", b"x", b"", b"99999999999"])
def test_a_program_that_starts_itself_ends_somewhere(launcher: Launcher, depth: bytes) -> None:
    remember(launcher, "tool.py")
    assert launcher.is_planned("tool.py", env={b"MULTIRT_DEPTH": b"19"})
    assert not launcher.is_planned("tool.py", env={b"MULTIRT_DEPTH": depth})


def test_what_cannot_be_started_is_decided_again(launcher: Launcher) -> None:
    remember(launcher, "tool.py", start=LaunchCommand(executable="/etc/passwd", arguments=()))
    assert not launcher.is_planned("tool.py")


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param([], id="nothing"),
        pytest.param(["list", "--all"], id="subcommand"),
        pytest.param(["run"], id="no program"),
        pytest.param(["run", "--unknown", "tool.py"], id="unknown option"),
        pytest.param(["run", "--python"], id="option without value"),
        pytest.param(["run", "../work/tool.py"], id="two dots"),
        pytest.param(["", "a  b", "*"], id="odd words"),
    ],
)
def test_everything_else_is_handed_over_untouched(launcher: Launcher, arguments: list[str]) -> None:
    remember(launcher, "tool.py")
    done = launcher(*arguments)
    assert done.stdout.decode() == "\n".join([SLOW, *arguments]) + "\n"


def test_paths_of_any_bytes_and_length(launcher: Launcher) -> None:
    deep = launcher.cwd
    for name in ("new\nline", "\udcff\udcfe", "x" * 250, "y" * 250, "z" * 250):
        deep /= name
    deep.mkdir(parents=True)
    witness = deep / "script.py"
    witness.write_text("")
    remember(launcher, str(witness), inputs=resting_on(witness, deep / "absent"))
    assert launcher.is_planned(os.fsencode(witness))
    (deep / "absent").write_text("")
    assert not launcher.is_planned(os.fsencode(witness))


@pytest.mark.parametrize("already", [False, True])
def test_an_interrupt_waits_for_the_python_command(
    plain: Path, tmp_path: Path, *, already: bool
) -> None:
    program = shutil.copy(plain, tmp_path)
    stand_in = tmp_path / "multirt-python"
    stand_in.write_text('#!/bin/sh\nkill -INT $$\necho "alive, held: $MULTIRT_HELD"\n')
    stand_in.chmod(0o755)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT} if already else ())
    try:
        done = subprocess.run([program, "list"], check=True, capture_output=True, text=True)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    assert done.stdout == f"alive, held: {'' if already else 1}\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes programs of another user")
def test_with_the_rights_of_another_user_nothing_is_done(
    plain: Path, launcher: Launcher, tmp_path: Path
) -> None:
    remember(launcher, "tool.py")
    program = tmp_path / "multirt"
    shutil.copy(plain, program)
    os.chown(program, 65534, 65534)
    program.chmod(0o6755)
    done = subprocess.run(
        [program, "tool.py"], check=False, capture_output=True, cwd=launcher.cwd, env=launcher.env
    )
    assert done.stdout == b""
    assert b"rights of another user" in done.stderr
    assert done.returncode == 125
    assert program.stat().st_mode & stat.S_ISUID
