"""Candidates that hang, flood, lie or crash are listed with their reason; the good one stays."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runtimes import Reason, interrogate
from runtimes.errors import CandidateError
from tests.runtimes.conftest import ME, make_wrapper

if TYPE_CHECKING:
    from tests.runtimes.conftest import Machine


def on_path(machine: Machine) -> dict[str, object]:
    """Return what makes a search look at PATH only, and there only into the machine's folder."""
    return {"env": {"PATH": str(machine.folder)}, "sources": frozenset({"PATH"})}


SCRIPTS = [
    pytest.param("#!/bin/sh\nexit 0\n", Reason.FAILED, "status 0", id="silent"),
    pytest.param("#!/bin/sh\nexit 3\n", Reason.FAILED, "status 3", id="status"),
    pytest.param(
        "#!/bin/sh\necho first >&2\necho last words >&2\nexit 1\n",
        Reason.FAILED,
        "last words",
        id="stderr",
    ),
    pytest.param("#!/bin/sh\nkill -SEGV $$\n", Reason.FAILED, "SIGSEGV", id="signal"),
    pytest.param(
        "#!/bin/sh\ncat >/dev/null\nexit 4\n", Reason.FAILED, "status 4", id="reads-stdin"
    ),
    pytest.param("#!/bin/sh\nyes\n", Reason.INVALID_OUTPUT, "1048576 bytes", id="flood"),
    pytest.param("#!/bin/sh\nyes >&2\n", Reason.TIMED_OUT, "within", id="flood-of-errors"),
    pytest.param("#!/bin/sh\nsleep 60\n", Reason.TIMED_OUT, "within", id="hangs"),
    pytest.param(
        "#!/bin/sh\ntrap '' TERM HUP INT\nsleep 60 & wait\n", Reason.TIMED_OUT, "", id="stubborn"
    ),
    pytest.param("#!/bin/sh\nsleep 60 &\nexit 5\n", Reason.FAILED, "status 5", id="pipe-kept"),
    pytest.param("#!/bin/sh\nexec >&- 2>&-\nsleep 60\n", Reason.TIMED_OUT, "", id="pipe-closed"),
    pytest.param("#!/bin/sh\nprintf '\\377\\376' >&2\nexit 1\n", Reason.FAILED, "", id="bad-utf8"),
    pytest.param("#!/nowhere/sh\n", Reason.CANNOT_START, "/nowhere/sh", id="no-interpreter"),
    pytest.param("import sys\n", Reason.CANNOT_START, "#!", id="no-first-line"),
    pytest.param("", Reason.CANNOT_START, "", id="empty"),
    pytest.param("#!/usr/bin/env python3\n", Reason.PROGRAM, "script for", id="python-program"),
    pytest.param(
        '#!/bin/sh\nexec "/x/pyenv/libexec/pyenv" exec "${0##*/}" "$@"\n',
        Reason.SHIM,
        "version manager",
        id="shim",
    ),
    pytest.param(
        "#!/bin/sh\n"
        'for last; do :; done; nonce=$(echo "$last" | sed -n \'s/^NONCE = "\\(.*\\)"/\\1/p\')\n'
        'echo "$nonce{}$nonce"; echo "$nonce"\n',
        Reason.INVALID_OUTPUT,
        "implementation",
        id="empty-answer",
    ),
    pytest.param(
        "#!/bin/sh\n"
        'for last; do :; done; nonce=$(echo "$last" | sed -n \'s/^NONCE = "\\(.*\\)"/\\1/p\')\n'
        'echo "$nonce not json $nonce"; echo "$nonce"\n',
        Reason.INVALID_OUTPUT,
        "JSON",
        id="no-json",
    ),
]


@pytest.mark.parametrize(("text", "reason", "content"), SCRIPTS)
def test_a_bad_candidate_is_listed_and_hides_no_other(
    machine: Machine, text: str, reason: Reason, content: str
) -> None:
    machine.add("python3-bad", text)
    good = make_wrapper(machine.folder / "python3-good", ME)
    limit = 1.0 if reason is Reason.TIMED_OUT else 30.0
    rejected = machine.rejection("python3-bad", timeout=limit)
    assert rejected.reason is reason
    assert content in rejected.detail
    assert "\n" not in rejected.detail
    # A limit that is short for the bad one can be short for the good one too, on a busy machine.
    if limit > 1:
        assert [good] == [path for one in machine.reports[-1].runtimes for path in one.aliases]


def ends(pid: int) -> bool:
    """Tell whether a process that sleeps for a minute ends much sooner.

    A signal reaches it when it is scheduled next; what nobody has reaped yet is a zombie.
    """
    state = Path(f"/proc/{pid}/stat")
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if not state.exists() or state.read_text().split(")")[1].split()[0] == "Z":
            return True
    return False


def test_the_whole_process_group_is_ended(machine: Machine) -> None:
    note = machine.home / "pid"
    machine.add("python3", f"#!/bin/sh\nsleep 60 &\necho $! >{note}\nwait\n")
    assert machine.rejection("python3", timeout=1.0).reason is Reason.TIMED_OUT
    assert ends(int(note.read_text()))


def test_a_name_that_starts_itself_through_path_ends(machine: Machine) -> None:
    machine.add("python3", '#!/bin/sh\nexec python3 "$@"\n')
    env = {**machine.search.env, "PATH": f"{machine.folder}:/usr/bin:/bin"}
    assert machine.rejection("python3", env=env, timeout=1.0).reason is Reason.TIMED_OUT


@pytest.mark.parametrize(
    ("end", "starts"),
    [
        pytest.param("exit 0", 1, id="silent"),
        pytest.param("exit 1", 1, id="silent-failure"),
        pytest.param("kill -SEGV $$", 1, id="signal"),
        pytest.param("exit 2", 3, id="wrong-use"),
        pytest.param("echo unknown option >&2; exit 1", 3, id="complains"),
    ],
)
def test_what_cannot_be_a_matter_of_options_is_not_tried_again(
    machine: Machine, end: str, starts: int
) -> None:
    log = machine.home / "log"
    machine.add("python3", f"#!/bin/sh\necho start >>{log}\n{end}\n")
    assert machine.rejection("python3", timeout=30.0).reason is Reason.FAILED
    assert len(log.read_text().splitlines()) == starts


def test_a_runtime_without_the_usual_options_is_asked_with_fewer(machine: Machine) -> None:
    """As Python 2.7 and MicroPython do it, with nothing to read of their complaint."""
    machine.add(
        "python3",
        f'#!/bin/sh\n[ "$1" = -c ] || exit 2\nexec "{ME}" "$@"\n',
    )
    assert len(machine.look(timeout=30.0).runtimes) == 1


def test_noise_around_the_answer_does_no_harm(machine: Machine) -> None:
    machine.add("python3", f'#!/bin/sh\necho hello; echo oops >&2\n"{ME}" "$@"\necho bye\n')
    assert len(machine.look(timeout=30.0).runtimes) == 1


def test_what_is_no_program_is_reported_apart(machine: Machine) -> None:
    folder = machine.folder
    (folder / "python3.1").mkdir()
    os.mkfifo(folder / "python3.2")
    (folder / "python3.3").symlink_to("nowhere")
    (folder / "python3.4").symlink_to("python3.4")
    (folder / "python3.5").write_text("#!/bin/sh\n")
    found = {one.path.name: one.reason for one in machine.look().rejected}
    assert found["python3.2"] is Reason.NOT_A_FILE
    assert found["python3.3"] is Reason.BROKEN_LINK
    assert found["python3.4"] is Reason.BROKEN_LINK
    assert found["python3.5"] is Reason.NOT_EXECUTABLE


def test_a_folder_on_path_that_looks_like_a_runtime(machine: Machine) -> None:
    (machine.folder / "python3").mkdir()
    assert machine.rejection("python3", **on_path(machine)).reason is Reason.NOT_A_FILE


def test_a_socket_is_not_opened(machine: Machine) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        os.chdir(machine.folder)  # a socket's path is short
        server.bind("python3")
        assert machine.rejection("python3").reason is Reason.NOT_A_FILE


def test_a_program_of_another_machine_says_so(machine: Machine) -> None:
    head = bytearray(ME.read_bytes()[:4096])
    head[18:20] = b"\xf3\x00"  # e_machine: RISC-V
    path = machine.folder / "python3"
    path.write_bytes(head)
    path.chmod(0o755)
    rejected = machine.rejection("python3")
    assert rejected.reason is Reason.CANNOT_START
    assert "another machine" in rejected.detail


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("with space", id="space"),
        pytest.param("with\nnewline", id="newline"),
        pytest.param(os.fsdecode(b"not-utf8-\xff\xe9"), id="not-utf8"),
        pytest.param("ünïcødé-🐍", id="unicode"),
        pytest.param('quote"back\\slash', id="quotes"),
    ],
)
def test_odd_paths_are_found_and_started(machine: Machine, name: str) -> None:
    folder = machine.folder / name
    folder.mkdir()
    link = folder / "python3"
    link.symlink_to(ME)
    env = {**machine.search.env, "MULTIRT_SEARCH_PATH": str(folder)}
    (runtime,) = machine.look(env=env, timeout=30.0).runtimes
    assert link in runtime.aliases
    for cold in (False, True):
        assert machine.look(env=env, refresh=cold, timeout=30.0).runtimes == (runtime,)


def test_the_answer_itself_may_hold_bytes_that_are_not_utf8(machine: Machine) -> None:
    folder = machine.folder / os.fsdecode(b"caf\xe9-\xc3\xa9")
    folder.mkdir()
    path = folder / "python3"
    os.link(ME, path) if _same_device(ME, folder) else path.write_bytes(ME.read_bytes())
    path.chmod(0o755)
    env = {
        **machine.search.env,
        "MULTIRT_SEARCH_PATH": str(folder),
        "LD_LIBRARY_PATH": str(ME.parent.parent / "lib"),
    }
    found = machine.look(env=env, timeout=30.0)
    assert path in {one.executable for one in found.runtimes} | {
        alias for one in found.runtimes for alias in one.aliases
    } | {one.path for one in found.rejected}


def _same_device(one: Path, other: Path) -> bool:
    return one.stat().st_dev == other.stat().st_dev


def test_an_unreadable_folder_is_reported(machine: Machine) -> None:
    user = os.geteuid()
    machine.folder.chmod(0)
    if user == 0:
        os.seteuid(65534)  # root reads every folder
    try:
        found = machine.look().rejected
    finally:
        os.seteuid(user)
        machine.folder.chmod(0o755)
    assert [(one.path, one.reason) for one in found] == [(machine.folder, Reason.UNREADABLE)]


def test_three_thousand_files_are_looked_at_and_none_is_started(machine: Machine) -> None:
    for number in range(3000):
        (machine.folder / f"python3.{number}").write_text("")
    found = machine.look().rejected
    assert len(found) == 3000
    assert {one.reason for one in found} == {Reason.NOT_EXECUTABLE}


def test_a_folder_where_others_may_write_is_left_alone(machine: Machine) -> None:
    make_wrapper(machine.folder / "python3", ME)
    machine.folder.chmod(0o777)
    found = machine.look(**on_path(machine))
    assert not found.runtimes
    assert [(one.path, one.reason) for one in found.rejected] == [
        (machine.folder, Reason.UNTRUSTED)
    ]


def test_a_link_out_of_a_trusted_folder_is_not_followed_blindly(machine: Machine) -> None:
    elsewhere = machine.home / "elsewhere"
    elsewhere.mkdir()
    make_wrapper(elsewhere / "python3", ME)
    elsewhere.chmod(0o777)
    (machine.folder / "python3").symlink_to(elsewhere / "python3")
    rejected = machine.rejection("python3", **on_path(machine))
    assert rejected.reason is Reason.UNTRUSTED
    assert str(elsewhere) in rejected.detail


def test_a_file_that_everybody_may_write(machine: Machine) -> None:
    make_wrapper(machine.folder / "python3", ME).chmod(0o777)
    assert machine.rejection("python3", **on_path(machine)).reason is Reason.UNTRUSTED


def test_a_folder_that_is_named_is_trusted(machine: Machine) -> None:
    (machine.folder / "python3").symlink_to(ME)
    machine.folder.chmod(0o777)
    assert len(machine.look(timeout=30.0).runtimes) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_root_does_not_start_what_belongs_to_others(machine: Machine) -> None:
    make_wrapper(machine.folder / "python3", ME)
    os.chown(machine.folder, 12345, 12345)
    found = machine.look(**on_path(machine))
    assert [one.reason for one in found.rejected] == [Reason.UNTRUSTED]
    assert "12345" in found.rejected[0].detail


def test_relative_and_empty_entries_of_path_are_not_searched(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.add("python3", "#!/bin/sh\nexit 1\n")
    monkeypatch.chdir(machine.folder)
    found = machine.look(env={"PATH": ":.:bin:"}, sources=frozenset({"PATH"}))
    assert not found.rejected


TRAPS = {
    "PYTHONHOME": "/nowhere",
    "PYTHONPATH": "traps",
    "PYTHONSTARTUP": "traps/startup.py",
    "PYTHONINSPECT": "1",
    "PYTHON_GIL": "0",
    "PYTHONWARNINGS": "error",
    "PYTHONVERBOSE": "1",
    "PYTHONIOENCODING": "utf-16",
    "PYTHONEXECUTABLE": "/nowhere/python",
    "__PYVENV_LAUNCHER__": "/nowhere/python",
    "PYTHONPLATLIBDIR": "nowhere",
    "BASH_ENV": "traps/startup.sh",
    "ENV": "traps/startup.sh",
}


def test_the_users_environment_does_not_reach_the_question(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    traps = machine.home / "traps"
    traps.mkdir()
    for name in ("json", "typing", "os", "site", "sysconfig", "startup"):
        (traps / f"{name}.py").write_text("raise SystemExit('trapped')\n")
    monkeypatch.chdir(traps)
    env = {
        **machine.search.env,
        **{key: v.replace("traps", str(traps)) for key, v in TRAPS.items()},
    }
    (machine.folder / "python3").symlink_to(ME)
    (runtime,) = machine.look(env=env, timeout=30.0).runtimes
    (plain,) = machine.look(timeout=30.0).runtimes
    assert runtime == plain
    assert runtime.executable == ME


@pytest.mark.parametrize(
    ("name", "given"),
    [
        pytest.param("jython", "-XX:TieredStopAtLevel=1 -Xmx1g", id="jython"),
        pytest.param("python3", "-Xmx1g", id="others"),
    ],
)
def test_a_java_machine_is_reported_to_hurry_and_keeps_the_users_options(
    machine: Machine, name: str, given: str
) -> None:
    shown = machine.home / "told"
    printed = "Picked up JAVA_TOOL_OPTIONS: some"
    machine.add(
        name, f'#!/bin/sh\necho "$JAVA_TOOL_OPTIONS" >{shown}\necho {printed} >&2\nexit 3\n'
    )
    env = {**machine.search.env, "JAVA_TOOL_OPTIONS": "-Xmx1g"}
    assert machine.rejection(name, env=env).detail == "ended with status 3, no answer"
    assert shown.read_text().removeprefix("-XX:+IgnoreUnrecognizedVMOptions ") == f"{given}\n"


def test_to_ask_one_file_raises_its_reason(machine: Machine) -> None:
    path = machine.add("python3", "#!/bin/sh\nexit 7\n")
    with pytest.raises(CandidateError, match="status 7") as caught:
        interrogate(path, env={}, timeout=30.0)
    assert caught.value.reason is Reason.FAILED
    with pytest.raises(CandidateError) as caught:
        interrogate(machine.folder / "absent", env={})
    assert caught.value.reason is Reason.BROKEN_LINK


def test_an_interrupt_leaves_no_child_behind(machine: Machine) -> None:
    note = machine.home / "pid"
    machine.add("python3", f"#!/bin/sh\necho $$ >{note}.part; mv {note}.part {note}\nsleep 60\n")
    code = (
        "import signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from pathlib import Path\n"
        "from runtimes import interrogate\n"
        f"interrogate(Path({str(machine.folder / 'python3')!r}), env={{'PATH': '/usr/bin:/bin'}})\n"
    )
    with subprocess.Popen(
        [os.fspath(ME), "-c", code],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, __import__("sys").path))},
        stderr=subprocess.PIPE,
    ) as asker:
        while not note.exists() and asker.poll() is None:
            pass
        asker.send_signal(signal.SIGINT)
        assert b"KeyboardInterrupt" in asker.communicate()[1]
    assert ends(int(note.read_text()))
