"""First lines: shown, changed and taken back by the command, and what the kernel makes of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Command


_THIS = f"{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(b"#!/usr/bin/python\nx = 1\n", b"#!/usr/bin/env multirt\nx = 1\n", id="plain"),
        pytest.param(
            b"#!/usr/bin/env python3\r\nx\r\n", b"#!/usr/bin/env multirt\nx\r\n", id="CRLF"
        ),
        pytest.param(b"#!/usr/bin/python", b"#!/usr/bin/env multirt\n", id="no end"),
        pytest.param(
            b"#!/usr/bin/env python2\n", b"#!/usr/bin/env -S multirt run --python python2\n", id="2"
        ),
        pytest.param(b"x = 1\n", b"#!/usr/bin/env multirt\nx = 1\n", id="no line"),
        pytest.param(b"", b"#!/usr/bin/env multirt\n", id="empty"),
        pytest.param(
            b"#!/usr/bin/python\n# coding: latin-1\n'\xe9'",
            b"#!/usr/bin/env multirt\n# coding: latin-1\n'\xe9'",
            id="encoding",
        ),
        pytest.param(
            b"#!/bin/sh\n'''exec' /long/python \"$0\" \"$@\"\n' '''\nx = 1",
            b"#!/usr/bin/env multirt\n'''exec' /long/python \"$0\" \"$@\"\n' '''\nx = 1",
            id="through the shell",
        ),
        pytest.param(
            b"#!/usr/bin/python3 -I -X dev\n",
            b"#!/usr/bin/env -S multirt run --python-args='-I -X dev'\n",
            id="options",
        ),
    ],
)
def test_set_and_unset_are_inverse(
    multirt: Command, tmp_path: Path, before: bytes, after: bytes
) -> None:
    script = tmp_path / "tool"
    script.write_bytes(before)
    script.chmod(0o751)
    state = {"MULTIRT_STATE_DIR": str(tmp_path / "state")}
    assert multirt("shebang", "set", "tool", **state).returncode == 0
    assert script.read_bytes() == after
    assert script.stat().st_mode & 0o7777 == 0o751
    multirt("shebang", "set", "-p", "3.8d", "tool", **state)
    assert script.read_bytes().startswith(b"#!/usr/bin/env -S multirt run --python 3.8d")
    assert (b"--python-args='-I -X dev'" in script.read_bytes()) == (b"-I" in before)
    assert multirt("shebang", "unset", "tool", **state).returncode == 0
    assert script.read_bytes() == before
    assert sorted(each.name for each in tmp_path.iterdir()) == ["state", "tool"]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param(b"\xef\xbb\xbfx = 1\n", "byte order mark", id="BOM"),
        pytest.param(b"\x7fELF\0\0", "is not a text file", id="binary"),
        pytest.param(b"# tool\n# coding: latin-1\n", "would become the third", id="encoding"),
        pytest.param(b"#!/bin/bash\necho\n", "is not a Python script", id="shell"),
        pytest.param(b"#!/usr/bin/env -S nix-shell\n", "is not a Python script", id="nix-shell"),
        pytest.param(b"use strict;\n", "is not a Python script", id="no line"),
    ],
)
def test_what_cannot_be_changed_stays(
    multirt: Command, tmp_path: Path, content: bytes, text: str
) -> None:
    (tmp_path / "tool").write_bytes(content)
    done = multirt("shebang", "set", "tool", MULTIRT_STATE_DIR=str(tmp_path / "state"))
    assert text in done.stderr
    assert done.returncode == 2
    assert (tmp_path / "tool").read_bytes() == content


def test_a_line_that_was_changed_since_is_not_taken_back(multirt: Command, tmp_path: Path) -> None:
    state = {"MULTIRT_STATE_DIR": str(tmp_path / "state")}
    (tmp_path / "tool").write_text("#!/usr/bin/python\n")
    assert "is not known" in multirt("shebang", "unset", "tool", **state).stderr
    multirt("shebang", "set", "tool", **state)
    (tmp_path / "tool").write_text("#!/usr/bin/mine\n")
    done = multirt("shebang", "unset", "tool", **state)
    assert "was changed since" in done.stderr
    assert done.returncode == 2
    assert "no such" in multirt("shebang", "show", "gone").stderr.lower()


def test_a_whole_folder_of_console_scripts(multirt: Command, tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "one").write_text("#!/usr/bin/python3\n")
    (folder / "two").symlink_to("one")
    (folder / "shell").write_text("#!/bin/sh\n")
    (folder / "python").symlink_to(sys.executable)
    state = {"MULTIRT_STATE_DIR": str(tmp_path / "state")}
    document = json.loads(multirt("shebang", "set", "--json", "bin", **state).stdout)
    assert [each["path"] for each in document["scripts"]] == [str(folder / "one")]
    shown = json.loads(multirt("shebang", "show", "--json", "bin", **state).stdout)
    assert [each["multirt"] for each in shown["scripts"]] == [True]
    assert (folder / "shell").read_text() == "#!/bin/sh\n"


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("#!/usr/bin/env multirt", id="plain"),
        pytest.param(f"#!/usr/bin/env -S multirt run --python {_THIS}", id="-S"),
        pytest.param(f"#!{{here}}/multirt run --python {_THIS}", id="one joined argument"),
        pytest.param(f"#!{{here}}/multirt --python {_THIS}", id="options alone"),
    ],
)
def test_the_kernel_starts_scripts_through_multirt(tmp_path: Path, cache: Path, line: str) -> None:
    here = tmp_path / "bin"
    here.mkdir()
    own = here / "multirt"
    own.write_text(f'#!/bin/sh\nexec {sys.executable} -m multirt "$@"\n')
    own.chmod(0o755)
    folder = tmp_path / "place"
    folder.mkdir()
    (folder / "beside.py").write_text("VALUE = 5\n")
    script = folder / "list"  # named as a subcommand
    script.write_text(
        f"{line.format(here=here)}\nimport sys, beside\nprint(beside.VALUE, sys.argv[1:])\n"
    )
    script.chmod(0o755)
    (tmp_path / "link").symlink_to(script)
    path = f"{here}:{os.environ['PATH']}"
    done = subprocess.run(
        [tmp_path / "link", "-x", "a b"],
        env={**os.environ, "PATH": path, "MULTIRT_CACHE_DIR": str(cache)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.stdout, done.stderr) == ("5 ['-x', 'a b']\n", "")


def test_control_characters_in_a_first_line_are_not_printed(
    multirt: Command, tmp_path: Path
) -> None:
    script = tmp_path / "s\x1b[2J.py"
    script.write_bytes(b"#!/usr/bin/python3 \x1b]0;title\x07\xc2\x9b\n")
    done = multirt("shebang", "show", str(script))
    assert done.returncode == 0
    assert done.stdout.removesuffix("\n").isprintable()


@pytest.mark.parametrize("verb", ["show", "set", "unset"])
def test_what_is_not_a_regular_file_is_refused_at_once(
    multirt: Command, tmp_path: Path, verb: str
) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", Path("/dev/zero")):
        done = multirt("shebang", verb, str(path))
        assert done.returncode == 2
        assert "not a regular file" in done.stderr


def test_only_a_script_with_a_first_line_is_asked_to_be_executable(
    multirt: Command, tmp_path: Path
) -> None:
    script = tmp_path / "tool.py"
    script.write_text("print(1)\n")
    assert "chmod +x" in multirt("shebang", "set", str(script)).stderr
    assert multirt("shebang", "unset", str(script)).stderr == ""
    assert script.read_text() == "print(1)\n"
