"""`list`, `find --explain`, `doctor` and `cache`, as people and programs see them."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from multirt.report.terminal import fitted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.conftest import Command, Require


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return one home for all: what a runtime answers is cached for the home it was asked in."""
    return tmp_path_factory.mktemp("home")


def environment(cache: Path, home: Path, **variables: str) -> dict[str, str]:
    """Return the environment of a user whose only variables are these."""
    kept = {
        name: os.environ[name] for name in ("PATH", "MULTIRT_SEARCH_PATH") if name in os.environ
    }
    return {**kept, "HOME": str(home), "MULTIRT_CACHE_DIR": str(cache), **variables}


def on_terminal(arguments: Sequence[str], env: dict[str, str], columns: int = 80) -> list[str]:
    """Run the command on a terminal so wide, and return the lines that it shows."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with subprocess.Popen(
        [sys.executable, "-m", "multirt", *arguments],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**env, "TERM": "xterm", "NO_COLOR": "1"},
    ) as child:
        os.close(slave)
        shown = bytearray()
        while chunk := _read(master):
            shown += chunk
    os.close(master)
    assert child.returncode == 0, shown.decode()
    stays = re.sub(r"[^\n]*\r\x1b\[K", "", shown.decode())  # what is waited for is taken away again
    plain = re.sub(r"\x1b\[[0-9;]*m", "", stays)
    return [line.rstrip() for line in plain.split("\r\n")]


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # how Linux says that nobody writes any more
        return b""


def test_the_table_fits_a_terminal_of_80_columns(cache: Path, home: Path) -> None:
    env = environment(cache, home)
    for arguments in (("list",), ("list", "--all"), ("find", "--explain", "3"), ("doctor",)):
        lines = on_terminal(arguments, env)
        assert max(map(len, lines)) <= 80, lines


def test_the_table_has_a_line_for_each_runtime_and_marks_the_default(
    multirt: Command, cache: Path, home: Path
) -> None:
    found = json.loads(multirt("list", "--json").stdout)["runtimes"]
    lines = on_terminal(("list",), environment(cache, home, HOME=os.environ["HOME"]))
    marked = [line.split()[:2] for line in lines if line.startswith("* ") and line != "* default"]
    assert marked == [["*", found[0]["id"]]]
    ids = {each["id"] for each in found}
    rows = [line.split() for line in lines if set(line.split()) & ids]
    assert len(rows) == len(ids)
    assert len({row[-1] for row in rows}) == len(ids)
    groups = [line for line in lines if line and line[0] not in " *"]
    assert len(groups) == len({each["implementation"]["name"] for each in found})


@pytest.mark.parametrize(
    ("paths", "shown"),
    [
        pytest.param(["/usr/bin/python3"], ["/usr/bin/python3"], id="fits"),
        pytest.param(["/opt/some/where/bin/python3"], ["/…/where/bin/python3"], id="cut"),
        pytest.param(
            ["/opt/aaaaaaaaaaaaa/bin/python3", "/opt/bbbbbbbbbbbbb/bin/python3"],
            ["/opt/aaaaaaaaaaaaa/bin/python3", "/opt/bbbbbbbbbbbbb/bin/python3"],
            id="would look alike",
        ),
        pytest.param(["/" + "x" * 40], ["/" + "x" * 40], id="nothing to cut"),
    ],
)
def test_paths_are_cut_from_the_left(paths: list[str], shown: list[str]) -> None:
    assert fitted([Path(path) for path in paths], 20) == shown


def test_a_pipe_gets_whole_paths_one_a_line(multirt: Command) -> None:
    found = json.loads(multirt("list", "--json").stdout)["runtimes"]
    lines = multirt("list", COLUMNS="").stdout.splitlines()
    for each in found:
        assert sum(line.split()[-1:] == [each["executable"]] for line in lines) == 1


@pytest.mark.parametrize("arguments", [["list"], ["list", "--json"], ["list", "3", "--json"]])
@pytest.mark.parametrize(
    ("output", "text"),
    [
        pytest.param(">/dev/full", "cannot write the output: No space left on device", id="full"),
        pytest.param(">&-", "stdout is closed", id="closed"),
    ],
)
def test_output_that_cannot_be_written_is_reported_in_one_line(
    cache: Path, home: Path, arguments: list[str], output: str, text: str
) -> None:
    done = subprocess.run(
        ["sh", "-c", f'"$0" -m multirt "$@" {output}', sys.executable, *arguments],
        env=environment(cache, home),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (125, f"multirt: {text}\n")


@pytest.mark.parametrize("arguments", [["list"], ["list", "--json"], ["list", "3", "--json"]])
def test_a_reader_that_has_enough_gets_no_complaint(
    cache: Path, home: Path, arguments: list[str]
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "multirt", *arguments],
        env=environment(cache, home),
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (125, b"")


def test_nothing_to_show(multirt: Command, tmp_path: Path) -> None:
    bare = {"PATH": "/nowhere", "MULTIRT_SEARCH_PATH": "", "HOME": str(tmp_path)}
    empty = {**bare, "PYENV_ROOT": str(tmp_path)}
    document = json.loads(multirt("list", "--json", "3.99").stdout)
    assert document["runtimes"] == []
    assert multirt("list", "--json", "3.99").returncode == 127
    done = multirt("list", "3.99")
    assert (done.returncode, done.stdout) == (127, "")
    assert "no runtime here fits '3.99'" in done.stderr
    # What /usr, /usr/local and /opt hold is found without any variable.
    assert "Traceback" not in multirt("list", **empty).stderr


def test_find_explains_the_order(multirt: Command) -> None:
    document = json.loads(multirt("find", "--explain", "--json", "3").stdout)
    ranking = document["ranking"]
    assert ranking[0]["runtime"] == document["runtime"]["id"]
    assert ranking[0]["behind_by"] is None
    for better, each in pairwise(ranking):
        decided = each["behind_by"]
        names = list(each["criteria"])
        for name in names[: names.index(decided)]:
            assert better["criteria"][name] == each["criteria"][name]
        assert better["criteria"][decided] != each["criteria"][decided]
    lines = multirt("find", "--explain", "3").stdout.splitlines()
    assert [line.split()[1] for line in lines[1 : len(ranking) + 1]] == [
        each["runtime"] for each in ranking
    ]


def test_an_overlay_is_a_property_of_its_environment(multirt: Command, require: Require) -> None:
    prefixes = {name: require(name).parent.parent for name in ("pyston-3.8", "cinderx-3.14")}
    document = json.loads(multirt("list", "--json").stdout)
    found = {each["prefix"]: each["overlays"] for each in document["environments"]}
    (pyston,), (cinderx,) = (found[str(prefix)] for prefix in prefixes.values())
    assert (pyston["name"], pyston["automatic"]) == ("pyston_lite", True)
    assert (cinderx["name"], cinderx["automatic"]) == ("cinderx", False)
    assert "stands on cpython-3.8.18; pyston_lite" in multirt("list", "--all").stdout
    findings = json.loads(multirt("doctor", "--json").stdout)["findings"]
    assert {each["subject"] for each in findings if each["topic"] == "overlay"} >= set(
        map(str, prefixes.values())
    )


def test_the_doctor_says_what_was_skipped_and_what_to_do(multirt: Command, tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "python3.1").symlink_to("nowhere")
    (folder / "python3.2").write_text("")
    (folder / "python3.3").write_text("#!/bin/sh\nexit 3\n")
    (folder / "python3.3").chmod(0o755)
    document = json.loads(multirt("doctor", "--json", MULTIRT_SEARCH_PATH=str(folder)).stdout)
    found = {each["subject"]: each for each in document["findings"] if each["topic"] == "skipped"}
    for name, reason in (("1", "broken-link"), ("2", "not-executable"), ("3", "failed")):
        finding = found[str(folder / f"python3.{name}")]
        assert finding["message"].startswith(reason)
        assert finding["hint"]
    assert all(each["hint"] for each in document["findings"])
    text = multirt("doctor", MULTIRT_SEARCH_PATH=str(folder)).stdout
    assert "chmod +x" in text


def test_the_doctor_names_what_a_packager_wrote_wrongly(multirt: Command, require: Require) -> None:
    require("3.15")
    findings = json.loads(multirt("doctor", "--json").stdout)["findings"]
    messages = [each["message"] for each in findings if each["topic"] == "disagreement"]
    assert any("base_prefix" in message for message in messages)


def test_the_doctor_sees_a_cache_that_cannot_be_used(
    multirt: Command, tmp_path: Path, quick_machine: dict[str, str]
) -> None:
    replies = tmp_path / "own" / "runtimes"
    replies.mkdir(parents=True)
    (replies / "junk.json").write_text("{")
    blocked = tmp_path / "blocked"
    blocked.write_text("")
    for folder, text in ((replies.parent, "damaged"), (blocked, "cannot be written")):
        done = multirt("doctor", "--json", **quick_machine, MULTIRT_CACHE_DIR=str(folder))
        findings = json.loads(done.stdout)["findings"]
        assert any(text in each["message"] for each in findings if each["topic"] == "cache")


def test_the_doctor_misses_a_tool(multirt: Command) -> None:
    siblings = Path(sys.executable).parent / "uv"
    document = json.loads(multirt("doctor", "--json", PATH="/nowhere").stdout)
    missed = {each["subject"] for each in document["findings"] if each["topic"] == "tool"}
    assert missed == (set() if siblings.exists() else {"uv"})


def test_the_cache_is_shown_and_emptied(
    multirt: Command, tmp_path: Path, quick_machine: dict[str, str]
) -> None:
    own = {**quick_machine, "MULTIRT_CACHE_DIR": str(tmp_path / "own")}
    multirt("list", "--json", **own)
    assert multirt("cache", "dir", **own).stdout == f"{tmp_path / 'own'}\n"
    info = json.loads(multirt("cache", "info", "--json", **own).stdout)["cache"]
    assert (info["answers"] > 0, info["unreadable"], info["writable"]) == (True, 0, True)
    assert f"{info['answers']} answers" in multirt("cache", "info", **own).stdout
    assert f"forgot {info['answers']}" in multirt("cache", "clear", **own).stdout
    assert json.loads(multirt("cache", "clear", "--json", **own).stdout)["removed"] == 0


def test_a_cache_that_cannot_be_emptied(multirt: Command, tmp_path: Path) -> None:
    (tmp_path / "own" / "runtimes" / "folder").mkdir(parents=True)
    done = multirt("cache", "clear", "--json", MULTIRT_CACHE_DIR=str(tmp_path / "own"))
    assert done.returncode == 125
    assert json.loads(done.stdout)["error"]["kind"] == "cache"


def test_paths_of_any_bytes_stand_in_valid_json(multirt: Command, tmp_path: Path) -> None:
    named = [tmp_path / os.fsdecode(name) for name in (b"new\nline", b"not-utf8-\xff", b'quo"te\\')]
    for folder in named:
        folder.mkdir()
        (folder / "python3").write_text("#!/bin/sh\nexit 3\n")
        (folder / "python3").chmod(0o755)
    own = {"MULTIRT_SEARCH_PATH": os.pathsep.join(map(str, named))}
    done = multirt("list", "--json", **own)
    rejected = {each["path"] for each in json.loads(done.stdout)["rejected"]}
    assert rejected >= {str(folder / "python3") for folder in named}
    for arguments in (("list", "--all"), ("doctor",)):
        assert "Traceback" not in multirt(*arguments, **own).stderr


@pytest.mark.parametrize("command", ["list", "find", "doctor", "explain"])
def test_a_terminal_shows_that_candidates_are_being_asked(
    command: str, tmp_path: Path, quick_machine: dict[str, str]
) -> None:
    """The candidate does not answer before that was seen."""
    go = tmp_path / "go"
    os.mkfifo(go)
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "python3.99").write_text(f'#!/bin/sh\nread word <"{go}"\nexit 3\n')
    (folder / "python3.99").chmod(0o755)
    argument = {"find": ["3"], "explain": [__file__]}.get(command, [])
    env = environment(tmp_path / "cache", tmp_path, MULTIRT_PROBE_TIMEOUT="300", TERM="xterm")
    env["PATH"] = quick_machine["PATH"]
    master, slave = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "multirt", command, *argument],
        stdin=slave,
        stdout=subprocess.PIPE,
        stderr=slave,
        env={**env, "MULTIRT_SEARCH_PATH": str(folder)},
    ) as child:
        os.close(slave)
        shown = b""
        while b"..." not in shown:
            shown += (chunk := _read(master))
            assert chunk, shown
        go.write_text("go\n")
        assert child.stdout is not None
        child.stdout.read()
        while chunk := _read(master):
            shown += chunk
    os.close(master)
    assert re.match(rb"\r\x1b\[Kmultirt: asking .* what it is \.\.\.\r\x1b\[K", shown)


def test_an_interrupt_waits_for_no_candidate(tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    started = tmp_path / "started"
    os.mkfifo(started)
    candidate = folder / "python3.99"
    candidate.write_text(f'#!/bin/sh\necho $$ >"{started}"\nexec sleep 600\n')
    candidate.chmod(0o755)
    env = environment(tmp_path / "cache", tmp_path, MULTIRT_PROBE_TIMEOUT="500")
    child = subprocess.Popen(
        [sys.executable, "-m", "multirt", "list"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**env, "PATH": f"{folder}:/usr/bin:/bin", "MULTIRT_SEARCH_PATH": str(folder)},
    )
    requested = int(started.read_text())
    child.send_signal(signal.SIGINT)
    assert child.wait(timeout=120) == 128 + signal.SIGINT
    with pytest.raises(ProcessLookupError):
        os.kill(requested, 0)
