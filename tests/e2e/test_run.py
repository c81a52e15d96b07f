"""Every kind of program, started by the command as a person would."""

from __future__ import annotations

import json
import os
import py_compile
import signal
import subprocess
import sys
import zipapp
from typing import TYPE_CHECKING

import pytest

from tests.interpreters import without_slow

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Command, Require


_THIS = f"{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """Fill a folder with a program of each kind, which prints its arguments."""
    say = "import sys\nprint(sys.argv[1:], __name__, __package__)\n"
    (tmp_path / "tool.py").write_text(say)
    (tmp_path / "tool").write_text(f"#!/usr/bin/env python3\n{say}")
    (tmp_path / "list").write_text(say)
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__main__.py").write_text(f"import inner\n{say}")
    (tmp_path / "app" / "inner.py").write_text("")
    zipapp.create_archive(tmp_path / "app", tmp_path / "app.pyz", "/usr/bin/env python3")
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "__init__.py").write_text("")
    (tmp_path / "pack" / "__main__.py").write_text(f"from . import part\n{say}")
    (tmp_path / "pack" / "part.py").write_text("from .other import VALUE\n")
    (tmp_path / "pack" / "other.py").write_text("VALUE = 1\n")
    py_compile.compile(str(tmp_path / "tool.py"), cfile=str(tmp_path / "old.pyc"))
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "output"),
    [
        pytest.param(["tool.py", "-x", "1"], "['-x', '1'] __main__ None", id="script"),
        pytest.param(["--", "tool.py", "--", "-x"], "['--', '-x'] __main__ None", id="dashes"),
        pytest.param(["tool", "--json"], "['--json'] __main__ None", id="without an ending"),
        pytest.param(["./tool", "a b"], "['a b'] __main__ None", id="path"),
        pytest.param(["list"], "[] __main__ None", id="named as a subcommand"),
        pytest.param(["app", "-m"], "['-m'] __main__ ", id="folder"),
        pytest.param(["app.pyz", "1"], "['1'] __main__ ", id="zip archive"),
        pytest.param(["-m", "pack", "-m", "x"], "['-m', 'x'] __main__ pack", id="package"),
        pytest.param(["-mpack", "x"], "['x'] __main__ pack", id="joined"),
        pytest.param(["-m", "pack.part"], "", id="module"),
        pytest.param(["old.pyc", "1"], "['1'] __main__ None", id="compiled"),
        pytest.param(["-c", "import sys; print(sys.argv)", "-c"], "['-c', '-c']", id="code"),
        pytest.param(["python", "-c", "print(1)"], "1", id="interpreter"),
    ],
)
def test_each_kind_of_program_gets_its_arguments(
    multirt: Command, programs: Path, arguments: list[str], output: str
) -> None:
    assert programs.is_dir()
    done = multirt("run", "--python", _THIS, *arguments)
    assert (done.stdout.strip("\n"), done.stderr, done.returncode) == (output, "", 0)


@pytest.mark.parametrize(
    ("arguments", "is_queried"),
    [
        pytest.param(["tool.py"], False, id="comes after CPython"),
        pytest.param(["--prefer", "oldest", "tool.py"], True, id="may be the oldest"),
        pytest.param(["--python", "jython", "tool.py"], True, id="named"),
        pytest.param(["--python", "jython", "--python", _THIS, "tool.py"], True, id="first choice"),
        pytest.param(["--python", "2.5", "tool.py"], True, id="nothing else fits"),
        pytest.param(["--prefer", "active", "tool.py"], True, id="may be what is active"),
        pytest.param(["--prefer", "fastest", "tool.py"], True, id="may be what is fastest"),
    ],
)
def test_another_implementation_is_asked_what_it_is_when_it_may_be_chosen(
    multirt: Command, programs: Path, arguments: list[str], *, is_queried: bool
) -> None:
    folder, requested = programs / "machine", programs / "asked"
    folder.mkdir()
    (folder / "python3").symlink_to(sys.executable)
    (folder / "jython").write_text(f"#!/bin/sh\n: >'{requested}'\nexit 1\n")
    (folder / "jython").chmod(0o755)
    machine = {"MULTIRT_SEARCH_PATH": str(folder), "MULTIRT_CACHE_DIR": str(programs / "new")}
    machine |= {"HOME": str(programs), "PATH": "/nowhere", "PYENV_ROOT": ""}  # a small one
    multirt("run", *arguments, **machine)
    assert requested.exists() is is_queried


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        pytest.param([], "", id="anything"),
        pytest.param([], "import distutils", id="removed from the newest"),
        pytest.param([], "print 1", id="Python 2"),
        pytest.param([], "# /// script\n# requires-python = '<3.12'\n# ///", id="bounds"),
        pytest.param(["-p", "3.9", "-p", "3.12"], "", id="in order"),
        pytest.param(["-p", "3.13t"], "", id="free-threaded"),
        pytest.param(["--prefer", "oldest", "-p", "cpython>=3.7"], "", id="oldest"),
    ],
)
def test_the_first_choice_is_the_one_that_all_would_give(
    multirt: Command, tmp_path: Path, require: Require, arguments: list[str], text: str
) -> None:
    for name in ("3.12", "2.7", *(part for part in arguments if part == "3.13t")):
        require(name)
    (tmp_path / "tool.py").write_text(f"{text}\n")
    machine = {} if text == "print 1" else without_slow(os.environ)  # Jython could run Python 2
    own = {**machine, "MULTIRT_CACHE_DIR": str(tmp_path / "new")}
    first = multirt("run", "--dry-run", "--json", *arguments, "tool.py", **own)
    later = multirt("explain", "--json", *arguments, "tool.py", **machine)
    assert json.loads(first.stdout)["runtime"] == json.loads(later.stdout)["chosen"]


def test_a_program_on_stdin_is_read_and_run(multirt: Command, tmp_path: Path) -> None:
    (tmp_path / "in").write_text(
        '# /// script\n# requires-python = "<3.12,>=3"\n# ///\nimport sys\n'
        "print(sys.version_info < (3, 12), sys.argv, sys.stdin.read() == '')\n"
    )
    with (tmp_path / "in").open() as stream:
        done = multirt("run", "-", "a", stdin=stream)
    assert (done.stdout, done.stderr) == ("True ['-', 'a'] True\n", "")


def test_nothing_to_run_is_the_interpreter_as_python_does_it(
    multirt: Command, tmp_path: Path
) -> None:
    (tmp_path / "in").write_text("print(40 + 2)\n")
    with (tmp_path / "in").open() as stream:
        assert multirt("run", "--python", _THIS, stdin=stream).stdout == "42\n"


def test_options_after_the_program_are_its_own(multirt: Command, programs: Path) -> None:
    assert programs.is_dir()
    done = multirt("run", "tool.py", "--python", "nonsense", "--dry-run")
    assert done.stdout.startswith("['--python', 'nonsense', '--dry-run']")


@pytest.mark.parametrize("how", ["exit", "signal"])
def test_the_end_of_a_program_is_its_own(multirt: Command, tmp_path: Path, how: str) -> None:
    end = {"exit": "sys.exit(300 - 1)", "signal": "os.kill(os.getpid(), signal.SIGTERM)"}[how]
    (tmp_path / "end.py").write_text(f"import os, signal, sys\n{end}\n")
    done = multirt("run", "--python", _THIS, "end.py")
    assert done.returncode == {"exit": 299 % 256, "signal": -signal.SIGTERM}[how]


def test_a_terminal_is_a_terminal(tmp_path: Path, cache: Path) -> None:
    import pty

    (tmp_path / "tty.py").write_text(
        "import os, signal, sys\nsignal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])\n"
        "print(sys.stdin.isatty(), os.get_terminal_size().columns,"
        " os.tcgetpgrp(0) == os.getpgrp(), input(), 'ready', flush=True)\n"
        "print('got', signal.sigwait([signal.SIGINT]).name)\n"
    )
    leader, follower = pty.openpty()
    import fcntl
    import struct
    import termios

    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 91, 0, 0))

    def own_terminal() -> None:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    child = subprocess.Popen(
        [sys.executable, "-m", "multirt", "run", "--python", _THIS, "tty.py"],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        cwd=tmp_path,
        env={**os.environ, "MULTIRT_CACHE_DIR": str(cache)},
        preexec_fn=own_terminal,  # noqa: PLW1509 - no threads here
    )
    os.close(follower)
    os.write(leader, b"word\n")
    seen = b""
    while b"ready" not in seen:
        seen += os.read(leader, 1000)
    os.write(leader, b"\x03")
    while b"got SIGINT" not in seen:
        seen += os.read(leader, 1000)
    assert child.wait(60) == 0
    os.close(leader)
    assert b"True 91 True word" in seen


def test_who_reads_our_output_may_stop(multirt: Command, tmp_path: Path, cache: Path) -> None:
    assert multirt is not None
    (tmp_path / "yes.py").write_text(
        "import signal\nsignal.signal(signal.SIGPIPE, signal.SIG_DFL)\nwhile True: print('y')\n"
    )
    line = f"{sys.executable} -m multirt run --python {_THIS} yes.py | head -1; echo $PIPESTATUS"
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=tmp_path,
        env={**os.environ, "MULTIRT_CACHE_DIR": str(cache)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.stdout, done.stderr) == (f"y\n{128 + signal.SIGPIPE}\n", "")


def test_a_dry_run_starts_nothing(multirt: Command, tmp_path: Path) -> None:
    import json

    (tmp_path / "a b.py").write_text("raise SystemExit(9)\n")
    done = multirt("run", "--python", _THIS, "--dry-run", "a b.py", "c d")
    assert done.stdout.rstrip().endswith(f"'{tmp_path / 'a b.py'}' 'c d'")
    document = json.loads(multirt("run", "--dry-run", "--json", "a b.py", "x").stdout)
    assert document["arguments"] == [str(tmp_path / "a b.py"), "x"]
    assert multirt("run", "--json", "a b.py").returncode == 2


@pytest.mark.parametrize(
    ("name", "first", "source", "expected"),
    [
        pytest.param("2.7", "python2", "print 'two', 3 / 2", "two 1", id="2.7"),
        pytest.param("2.7", "env python2.7", "import urllib2; print 7", "7", id="2.7 by env"),
        pytest.param(
            "3.15", "env python3", "lazy import json\nprint(json.dumps(1))", "1", id="3.15"
        ),
    ],
)
def test_a_script_of_another_age_lands_on_its_python(  # noqa: PLR0913, PLR0917 - a row of a table
    multirt: Command,
    tmp_path: Path,
    require: Require,
    name: str,
    first: str,
    source: str,
    expected: str,
) -> None:
    require(name)
    folder = "/usr/bin/env " if first.startswith("env ") else "/usr/bin/"
    first = first.removeprefix("env ")
    (tmp_path / "old").write_text(f"#!{folder}{first}\n{source}\n")
    done = multirt("run", "old")
    assert (done.stdout.strip(), done.stderr, done.returncode) == (expected, "", 0)


def test_a_console_script_runs_under_another_runtime(
    multirt: Command, tmp_path: Path, require: Require
) -> None:
    require("3.9")
    site = tmp_path / "site"
    info = site / "gadget-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: gadget\nVersion: 1.0\n")
    (info / "WHEEL").write_text("Wheel-Version: 1.0\nTag: py3-none-any\n")
    (info / "RECORD").write_text("gadget/cli.py,,\n")
    (info / "entry_points.txt").write_text("[console_scripts]\ngadget-run = gadget.cli:Tool.main\n")
    (site / "gadget").mkdir()
    (site / "gadget" / "cli.py").write_text(
        "import sys\nfrom importlib.metadata import version\n"
        "class Tool:\n    @staticmethod\n    def main():\n"
        "        print(sys.argv[0].rpartition('/')[2], sys.argv[1:], version('gadget'),"
        " sys.version_info[:2])\n        return 3\n"
    )
    done = multirt("run", "--python", "3.9", "--site", "site", "gadget-run", "-x")
    assert (done.stdout, done.stderr) == ("gadget-run ['-x'] 1.0 (3, 9)\n", "")
    assert done.returncode == 3
    assert not list(site.rglob("__pycache__"))
    missing = multirt("run", "--site", "site", "gadget-walk")
    assert "no such command in" in missing.stderr
    assert missing.returncode == 2


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("multirt.toml", 'runtimes = ["3.9"]', id="multirt.toml"),
        pytest.param("pyproject.toml", '[tool.multirt]\nruntimes = ["3.9"]', id="pyproject.toml"),
        pytest.param(".python-version", "3.9", id="version file"),
        pytest.param("json.py", "import asyncore\ndumps = repr", id="a module beside it"),
    ],
)
def test_what_appears_later_counts_at_the_next_start(
    multirt: Command, tmp_path: Path, require: Require, name: str, content: str
) -> None:
    require("3.9")
    script = tmp_path / "script"
    script.mkdir()
    (script / "tool.py").write_text("import json, sys; print(sys.version_info < (3, 12))\n")
    for _ in range(3):
        assert multirt("run", "script/tool.py").stdout == "False\n"
    (script / name).write_text(content)
    assert multirt("run", "script/tool.py").stdout == "True\n"
